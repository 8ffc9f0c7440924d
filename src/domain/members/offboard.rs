//! What becomes of what an organisation has of a member who leaves it for good.

use super::export;
use super::model::{MemberState, SeenMember};
use super::roles::{find_below, last_owner, role_not_allowed};
use super::{parting, store};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Grants, Permission, action};
use crate::auth::policy::{Facts, Kind};
use crate::cache::Stale;
use crate::db::Batch;
use crate::domain::enrollments::memberships;
use crate::domain::mutate::{At, Stop, Write, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberExportKey, MemberKey, RoleKey};
use async_graphql::Enum;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What becomes of a leaver's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum OffboardingPolicy {
    /// They stay under the member's name.
    Keep,
    /// A copy of them is kept for the organisation for 7 days; they stay as well.
    Export,
    /// They stay, and name nobody: the member's profile is replaced, and the membership leads to no account any more.
    /// Certificates hold, with their holder erased.
    Anonymise,
    /// They stay under the member's name, and another member goes on with the groups that they manage, the courses that they
    /// teach and the invitations that they sent.
    Transfer,
}

impl OffboardingPolicy {
    const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Export => "export",
            Self::Anonymise => "anonymise",
            Self::Transfer => "transfer",
        }
    }
}

/// What offboarding came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Offboarded {
    /// The former member.
    pub member: MemberKey,
    /// The copy of their records, where one was made.
    pub export: Option<MemberExportKey>,
}

/// A proof that the actor may let a member go.
pub type MayOffboard<'g> = Allowed<'g, action::MembersManage, SeenMember>;

/// Removes a member, and does with what there is of them what the policy says: all of it or nothing.
pub async fn offboard(
    write: &Write<'_>,
    key: MemberKey,
    policy: OffboardingPolicy,
    heir: Option<MemberKey>,
    expected_version: Option<i32>,
) -> Result<Offboarded, Stop> {
    let gate = &write.gate;
    let member: MayOffboard<'_> = gate.allow(find_below(gate, key).await?).at("memberId")?;
    let row = &member.member;
    if gate.member() == Some(key) {
        let message =
            "This is you. Leave the organisation with `membershipLeave`, or let somebody else do it.";
        return refuse_with(Refusal::at(Code::Invalid, "memberId", message));
    }
    if heir.is_some() != (policy == OffboardingPolicy::Transfer) {
        let message = "Name who goes on with the policy TRANSFER, and with no other.";
        return refuse_with(Refusal::at(Code::Invalid, "transferToId", message));
    }
    refuse_unless_current("expectedVersion", expected_version, row.version)?;
    let is_late = matches!(policy, OffboardingPolicy::Anonymise | OffboardingPolicy::Export);
    if row.state == MemberState::Removed && !is_late {
        let message = "The member is REMOVED; only ANONYMISE and EXPORT are for former members.";
        return refuse_with(row.state.refuse("memberId", message, Some(MemberState::Removed)));
    }
    let conn = gate.conn();
    let export = match policy {
        OffboardingPolicy::Export => Some(export::make(write, &member).await?),
        _ => None,
    };
    if let Some(heir) = heir {
        hand_over(write, &member, heir).await?;
    }
    if row.state != MemberState::Removed {
        let removed = store::set_state(&member, conn, MemberState::Removed).await;
        removed.map_err(last_owner)?;
    }
    store::release(&member, conn).await?;
    parting::end_tokens(&member, conn, write.app.clock.now()).await?;
    if policy == OffboardingPolicy::Anonymise {
        parting::anonymise(&member, conn).await?;
    }
    let detail = json!({ "from": row.state.as_str(), "policy": policy.word(), "to": heir.map(|heir| heir.to_string()) });
    write.happened("member.offboarded", key, detail);
    memberships::end(write, &member).await?;
    write.outdates(Stale::Standing(row.user_id));
    Ok(Offboarded { member: key, export })
}

/// Lets another member go on, if that gives them no more than the actor may give.
async fn hand_over(write: &Write<'_>, member: &MayOffboard<'_>, heir: MemberKey) -> Result<(), Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let found = store::find_for_write(gate, heir).await?;
    let Some(found) = found.filter(|_| heir != member.member.key) else {
        return refuse_with(Refusal::not_found("transferToId"));
    };
    if found.member.state != MemberState::Active {
        let message = "Only an active member goes on with it.";
        return refuse_with(Refusal::at(Code::InvalidState, "transferToId", message));
    }
    let charge = parting::charge(gate.conn(), member.member.key).await?;
    for (is_there, permission, kind) in [
        (charge.manages, Permission::GroupsManage, Kind::Group),
        (charge.teaches, Permission::CoursesUpdate, Kind::Course),
    ] {
        if is_there && !gate.decide(permission, Facts::of(kind, org)).allowed {
            let permission = permission.as_str();
            return Err(Error::Forbidden { permission }.into());
        }
    }
    let role = found.member.role_key();
    let roles = RoleKey::load_many(&[role], gate.conn()).await?;
    let role = roles.get(&role).ok_or(Error::NotFound)?;
    if gives_too_much(gate, &role.grants(), charge) {
        return refuse_with(role_not_allowed("transferToId"));
    }
    Ok(parting::hand_over(member, gate.conn(), heir).await?)
}

/// Whether the heir gets a reach by it that the actor has not over everybody.
fn gives_too_much(gate: &Gate<'_>, heir: &Grants, charge: parting::Charge) -> bool {
    let Some(actor) = gate.standing() else {
        return false;
    };
    Permission::ALL.iter().any(|permission| {
        let reach = heir.reach(*permission);
        let gains = charge.manages && reach.managed || charge.teaches && reach.taught;
        gains && !reach.all && !actor.reach(*permission).all
    })
}
