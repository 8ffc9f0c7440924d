//! Making, changing and deleting roles of the organisation's own.

use super::model::{Role, SeenRole};
use super::store;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Grants, Permission, Reach, action};
use crate::cache::Stale;
use crate::db::Batch;
use crate::db::error::violated;
use crate::domain::members::roles::{giving_any, role_not_allowed};
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{RoleId, RoleKey};
use serde_json::json;

/// How many roles of its own an organisation may have.
const MOST_ROLES: i64 = 100;

/// Permissions with the reaches that they are to be given for.
pub type Given = [(Permission, Reach)];

/// Makes a role.
pub async fn create(write: &Write<'_>, slug: &str, name: &str, given: &Given) -> Result<RoleKey, Stop> {
    let (gate, key) = (
        &write.gate,
        RoleKey::new(write.gate.org(), RoleId(write.app.clock.uuid())),
    );
    manageable(gate, false)?;
    let faults = [
        Refusal::of_slug("slug", slug),
        Refusal::of_name("name", name, 100),
        fault_of(given),
    ];
    refuse_all(faults)?;
    let grants = Grants::of(given.iter().copied());
    let allowed = holding(gate, &grants)?;
    if store::count_own(gate.conn(), key.org).await? >= MOST_ROLES {
        let message = format!("An organisation has at most {MOST_ROLES} roles of its own. Delete one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    store::insert(&allowed, gate.conn(), key, slug, name, &grants)
        .await
        .map_err(taken)?;
    write.happened("role.created", key, json!({ "grants": grants.write() }));
    Ok(key)
}

/// Changes a role; what is left out stays.
pub async fn update(
    write: &Write<'_>,
    key: RoleKey,
    name: Option<&str>,
    given: Option<&Given>,
    expected_version: Option<i32>,
) -> Result<RoleKey, Stop> {
    let gate = &write.gate;
    let role = own_role(gate, key).await?;
    let faults = [
        name.and_then(|name| Refusal::of_name("name", name, 100)),
        given.and_then(fault_of),
    ];
    refuse_all(faults)?;
    // Whoever has less than the role gives may not touch it, not even to take something away.
    holding(gate, &role.grants())?;
    let grants = given.map_or_else(|| role.grants(), |given| Grants::of(given.iter().copied()));
    let allowed = holding(gate, &grants)?;
    refuse_unless_current("expectedVersion", expected_version, role.version)?;
    store::update(&allowed, gate.conn(), key, name.unwrap_or(&role.name), &grants).await?;
    write.happened(
        "role.updated",
        key,
        json!({ "from": role.grants().write(), "to": grants.write() }),
    );
    write.outdates(Stale::Organization(key.org));
    Ok(key)
}

/// Deletes a role. Whoever has it gets the replacement; without one it must not be in use.
pub async fn delete(write: &Write<'_>, key: RoleKey, replacement: Option<RoleKey>) -> Result<RoleKey, Stop> {
    let gate = &write.gate;
    let role = own_role(gate, key).await?;
    let allowed = holding(gate, &role.grants())?;
    let by = match replacement {
        Some(by) => {
            let found = RoleKey::load_many(&[by], gate.conn()).await?.remove(&by);
            let Some(found) = found.filter(|_| by.org == key.org && by != key) else {
                return refuse_with(Refusal::not_found("replacementRoleId"));
            };
            giving_any(gate, &found, "replacementRoleId")?;
            by.id
        }
        None if store::is_in_use(gate.conn(), key).await? => {
            let message = "Members have this role, or are invited with it. Say which role they get: `replacementRoleId`.";
            return refuse_with(Refusal::at(Code::InUse, "replacementRoleId", message));
        }
        // Those who are gone, and invitations that are closed.
        None => store::learner(gate.conn(), key.org).await?,
    };
    let members = store::replace(&allowed, gate.conn(), key, by).await?;
    let by = RoleKey::new(key.org, by).to_string();
    write.happened(
        "role.deleted",
        key,
        json!({ "replacement": by, "members": members }),
    );
    write.outdates(Stale::Organization(key.org));
    Ok(key)
}

async fn own_role(gate: &Gate<'_>, key: RoleKey) -> Result<Role, Stop> {
    let Some(role) = store::find_for_write(gate, key).await? else {
        return refuse_with(Refusal::not_found("roleId"));
    };
    manageable(gate, false)?;
    if role.is_built_in {
        let message = "A built-in role stays as it is. Make a role of your own with `roleCreate`.";
        return refuse_with(Refusal::at(Code::InvalidState, "roleId", message));
    }
    Ok(role)
}

fn manageable<'g>(gate: &'g Gate<'_>, exceeds: bool) -> Result<Allowed<'g, action::RolesManage, SeenRole>> {
    gate.allow(Some(SeenRole {
        org: gate.org(),
        exceeds,
    }))
}

/// Proves that the actor may manage a role with these grants, since they hold them all.
fn holding<'g>(
    gate: &'g Gate<'_>,
    grants: &Grants,
) -> Result<Allowed<'g, action::RolesManage, SeenRole>, Stop> {
    let exceeds = gate.standing().is_some_and(|actor| !actor.holds(grants));
    manageable(gate, exceeds).map_err(|_| Stop::Refused(vec![role_not_allowed("grants")]))
}

fn fault_of(given: &Given) -> Option<Refusal> {
    let faulty = given.iter().find(|(permission, reach)| {
        !reach.is_some() || !reach.or(permission.reaches()).eq(&permission.reaches())
    })?;
    let words: Vec<_> = faulty.0.reaches().words().collect();
    let name = faulty.0.as_str();
    let message = if words.is_empty() {
        format!("No role gives {name}.")
    } else {
        format!("{name} is given for one or more of: {}.", words.join(", "))
    };
    Some(Refusal::at(Code::Invalid, "grants", message))
}

fn taken(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("roles_org_id_slug_key") => Stop::Refused(vec![Refusal::at(
            Code::Taken,
            "slug",
            "Another role has this slug.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}
