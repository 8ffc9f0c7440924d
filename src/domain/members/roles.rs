//! Giving a member another role.

use super::model::{MemberState, SeenMember};
use super::store;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Permission, action};
use crate::cache::Stale;
use crate::db::Batch;
use crate::db::error::violated;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::roles::Role;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberKey, RoleKey};
use serde_json::json;

/// Gives a member another role. Whoever manages less than the whole organisation makes learners and nothing else.
pub async fn change_role(
    write: &Write<'_>,
    key: MemberKey,
    role: RoleKey,
    expected_version: Option<i32>,
) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let Some(member) = store::find_for_write(gate, key).await? else {
        return refuse_with(Refusal::not_found("memberId"));
    };
    let roles = RoleKey::load_many(&[member.role_key(), role], gate.conn()).await?;
    let (from, to) = (
        member.role_key(),
        roles.get(&role).filter(|_| role.org == gate.org()),
    );
    let is_owner = [roles.get(&from), to]
        .into_iter()
        .flatten()
        .any(|role| role.is_owner());
    let seen = SeenMember {
        relation: store::relation(gate, key).await?,
        member,
        is_owner,
    };
    let member: Allowed<'_, action::MembersManage, _> = gate.allow(Some(seen)).at("memberId")?;
    let Some(to) = to else {
        return refuse_with(Refusal::not_found("roleId"));
    };
    if !may_give(gate, Permission::MembersManage, to) {
        return refuse_with(role_not_allowed("roleId"));
    }
    let row = &member.member;
    if row.state == MemberState::Removed {
        return refuse_with(Refusal::at(
            Code::InvalidState,
            "memberId",
            "The member has been removed; invite them again.",
        ));
    }
    if expected_version.is_some_and(|expected| expected != row.version) {
        return refuse_with(Refusal::at(
            Code::VersionConflict,
            "expectedVersion",
            "The member has another version by now; read them and change them again.",
        ));
    }
    if from == role {
        return Ok(key);
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

/// Whether an actor who has this permission may give a role by it: any with the reach `all`, else the learner's. That only
/// an owner makes owners is a policy.
pub fn may_give(gate: &Gate<'_>, permission: Permission, role: &Role) -> bool {
    let everywhere = gate
        .standing()
        .is_none_or(|standing| standing.reach(permission).all);
    everywhere || role.is_learner()
}

/// Refuses a role that the actor may not give.
pub fn role_not_allowed(path: &str) -> Refusal {
    let message = "You may not give this role: only an owner makes owners, and who manages less than the whole organisation makes learners only.";
    Refusal::at(Code::RoleNotAllowed, path, message)
}

fn last_owner(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("memberships_last_owner") => Stop::Refused(vec![Refusal::at(
            Code::LastOwner,
            "memberId",
            "This is the organisation's last owner. Make somebody else an owner first.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}
