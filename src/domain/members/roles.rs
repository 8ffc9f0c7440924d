//! Giving a member another role.

use super::model::{Member, MemberState, SeenMember, facts};
use super::store;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::Relation;
use crate::cache::Stale;
use crate::db::Batch;
use crate::db::error::violated;
use crate::domain::mutate::{At, Stop, Write, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::domain::roles::Role;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberKey, RoleKey};
use serde_json::json;

/// Reads and locks a member for a decision that takes something from them: nobody takes it from somebody above them.
pub async fn find_below(gate: &Gate<'_>, key: MemberKey) -> Result<Option<SeenMember>> {
    let Some(mut seen) = store::find_for_write(gate, key).await? else {
        return Ok(None);
    };
    let role = seen.member.role_key();
    let roles = RoleKey::load_many(&[role], gate.conn()).await?;
    let role = roles.get(&role).ok_or(Error::NotFound)?;
    seen.exceeds = gate
        .standing()
        .is_some_and(|actor| role.is_above(actor, Permission::MembersManage));
    Ok(Some(seen))
}

/// Gives a member, who is not above the actor, another role.
pub async fn change_role(
    write: &Write<'_>,
    key: MemberKey,
    role: RoleKey,
    expected_version: Option<i32>,
) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let seen = find_below(gate, key).await?;
    let roles = RoleKey::load_many(&[role], gate.conn()).await?;
    let to = roles.get(&role).filter(|_| role.org == gate.org());
    let seen = seen.map(|mut seen| {
        seen.is_owner |= to.is_some_and(|to| to.is_owner());
        seen
    });
    let member: Allowed<'_, action::MembersManage, _> = gate.allow(seen).at("memberId")?;
    let Some(to) = to else {
        return refuse_with(Refusal::not_found("roleId"));
    };
    let member = giving(gate, &member, to, "roleId")?;
    let row = &member.member;
    if row.state == MemberState::Removed {
        let message = "The member has been removed; invite them again.";
        return refuse_with(row.state.refuse("memberId", message, None));
    }
    refuse_unless_current("expectedVersion", expected_version, row.version)?;
    let from = row.role_key();
    if from == role {
        return Ok(key);
    }
    if to.is_owner() {
        refuse_without_account(row)?;
    }
    store::set_role(&member, gate.conn(), role.id)
        .await
        .map_err(last_owner)?;
    write.happened(
        "member.role_changed",
        key,
        json!({ "from": from.to_string(), "to": role.to_string() }),
    );
    write.outdates(Stale::Standing(row.user_id));
    Ok(key)
}

/// Refuses to make an owner of a member to whose account nobody signs in: an organisation's provider signs in to no owner, and a backend
/// acts for none.
pub fn refuse_without_account(member: &Member) -> Result<(), Stop> {
    if !member.is_provisioned {
        return Ok(());
    }
    let message = "Nobody signs in to the account behind this member, and owners have to. Invite an account of the person's own, and make \
         that an owner.";
    refuse_with(Refusal::at(Code::InvalidState, "memberId", message))
}

/// Proves that the actor may give a member, whom they may manage, this role.
pub fn giving<'g>(
    gate: &'g Gate<'_>,
    member: &SeenMember,
    role: &Role,
    path: &str,
) -> Result<Allowed<'g, action::MembersManage, SeenMember>, Stop> {
    let mut given = member.clone();
    given.exceeds = exceeds(gate, role, Permission::MembersManage);
    gate.allow(Some(given))
        .map_err(|_| Stop::Refused(vec![role_not_allowed(path)]))
}

/// Checks that the actor may give this role to any member.
pub fn giving_any(gate: &Gate<'_>, role: &Role, path: &str) -> Result<(), Stop> {
    let mut facts = facts(gate.org(), Relation::default(), role.is_owner());
    facts.exceeds = exceeds(gate, role, Permission::MembersManage);
    if gate.decide(Permission::MembersManage, facts).allowed {
        return Ok(());
    }
    refuse_with(role_not_allowed(path))
}

/// Whether a role is more than the actor of a write may give.
pub fn exceeds(gate: &Gate<'_>, role: &Role, by: Permission) -> bool {
    gate.standing().is_some_and(|actor| role.exceeds(actor, by))
}

/// Refuses a role that the actor may not give.
pub fn role_not_allowed(path: &str) -> Refusal {
    let message = "You may not give this role: it gives more than your own. Only an owner makes owners, and who manages less than the whole organisation makes learners only.";
    Refusal::at(Code::RoleNotAllowed, path, message)
}

/// Turns what the database says of a last owner into what to do about it.
pub fn last_owner(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("memberships_last_owner") => Stop::Refused(vec![Refusal::at(
            Code::LastOwner,
            "memberId",
            "This is the organisation's last owner. Make somebody else an owner first.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}
