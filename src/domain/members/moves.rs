//! The moves of a membership: suspended, restored, removed, left.
//!
//! Active and suspended turn into each other; both can be removed, and whoever was removed comes back by a new invitation
//! alone. Whoever is not active has no standing, so their access ends with the move, on every node. Whoever is suspended keeps
//! their seats in courses; whoever is removed leaves the courses that they have not completed, and the tokens that act as them end.

use super::model::{MemberState, SeenMember};
use super::roles::{find_below, giving, last_owner};
use super::{parting, store};
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Action, action};
use crate::cache::Stale;
use crate::db::Batch;
use crate::domain::enrollments::memberships;
use crate::domain::mutate::{At, Stop, Write, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberKey, RoleKey};
use serde_json::json;

/// What can be done with somebody else's membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// They may not act for now.
    Suspend,
    /// They may act again.
    Restore,
    /// They no longer belong to the organisation.
    Remove,
}

impl Move {
    /// The states that it leads out of.
    pub const fn from(self) -> &'static [MemberState] {
        match self {
            Self::Suspend => &[MemberState::Active],
            Self::Restore => &[MemberState::Suspended],
            Self::Remove => &[MemberState::Invited, MemberState::Active, MemberState::Suspended],
        }
    }

    /// The state that it leads to.
    pub const fn to(self) -> MemberState {
        match self {
            Self::Suspend => MemberState::Suspended,
            Self::Restore => MemberState::Active,
            Self::Remove => MemberState::Removed,
        }
    }

    const fn happening(self) -> &'static str {
        match self {
            Self::Suspend => "member.suspended",
            Self::Restore => "member.restored",
            Self::Remove => "member.removed",
        }
    }
}

/// Makes a move with a member. It takes what giving them their role takes: restoring gives it again, and nobody lets go of
/// somebody above them.
pub async fn make(
    write: &Write<'_>,
    key: MemberKey,
    which: Move,
    expected_version: Option<i32>,
) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let found = match which {
        Move::Restore => store::find_for_write(gate, key).await?,
        Move::Suspend | Move::Remove => find_below(gate, key).await?,
    };
    let mut member: Allowed<'_, action::MembersManage, _> = gate.allow(found).at("memberId")?;
    if which == Move::Restore {
        let role = member.member.role_key();
        let roles = RoleKey::load_many(&[role], gate.conn()).await?;
        let role = roles.get(&role).ok_or(Error::NotFound)?;
        member = giving(gate, &member, role, "memberId")?;
    }
    if gate.member() == Some(key) {
        return refuse_with(Refusal::at(
            Code::Invalid,
            "memberId",
            "This is you. Leave the organisation with `membershipLeave`, or let somebody else do it.",
        ));
    }
    refuse_unless_current("expectedVersion", expected_version, member.member.version)?;
    check_state(&member, which)?;
    carry_out(write, &member, which.to(), which.happening()).await
}

/// Lets the actor leave.
pub async fn leave(write: &Write<'_>) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let key = gate.member().ok_or(Error::NotFound)?;
    let member: Allowed<'_, action::MembersLeave, _> = gate.allow(store::find_for_write(gate, key).await?)?;
    carry_out(write, &member, MemberState::Removed, "member.left").await
}

async fn carry_out<A: Action>(
    write: &Write<'_>,
    member: &Allowed<'_, A, SeenMember>,
    to: MemberState,
    happening: &'static str,
) -> Result<MemberKey, Stop> {
    let (conn, row) = (write.gate.conn(), &member.member);
    store::set_state(member, conn, to).await.map_err(last_owner)?;
    if to == MemberState::Removed {
        store::release(member, conn).await?;
        parting::end_tokens(member, conn, write.app.clock.now()).await?;
    }
    write.happened(happening, row.key, json!({ "from": row.state.as_str() }));
    match to {
        MemberState::Removed => memberships::end(write, member).await?,
        MemberState::Active => memberships::resume(write, member).await?,
        MemberState::Invited | MemberState::Suspended => {}
    }
    write.outdates(Stale::Standing(row.user_id));
    Ok(row.key)
}

fn check_state(member: &SeenMember, which: Move) -> Result<(), Stop> {
    let state = member.member.state;
    if which.from().contains(&state) {
        return Ok(());
    }
    let name = |state: &MemberState| state.as_str().to_uppercase();
    let allowed: Vec<_> = which.from().iter().map(name).collect();
    let message = format!(
        "The member is {}; what becomes {} is {} before.",
        name(&state),
        name(&which.to()),
        allowed.join(" or ")
    );
    refuse_with(state.refuse("memberId", message, Some(which.to())))
}
