//! Accepting an invitation, the one way in for who is no member yet, and declining one.

use super::model::facts_of_new;
use super::store;
use crate::auth::allowed::{Admission, Admitted, Pass};
use crate::auth::permission::Permission;
use crate::auth::policy::Question;
use crate::auth::standing::StandingOf;
use crate::cache::Stale;
use crate::db::Batch;
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::users::User;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{InvitationKey, MemberId, MemberKey, RoleKey, UserKey};
use serde_json::json;
use std::sync::Arc;

/// An invitation, read and locked, as the person who accepts it meets it.
#[derive(Debug)]
pub struct Acceptance {
    /// The invitation.
    pub key: InvitationKey,
    sender: MemberKey,
    role: RoleKey,
    is_open: bool,
    is_theirs: bool,
}

impl Admission for Acceptance {
    fn pass(&self) -> Pass {
        Pass::Invitation(self.key)
    }

    fn is_good(&self) -> bool {
        self.is_open && self.is_theirs
    }
}

/// Makes the signed-in person a member by an invitation to their address.
pub async fn accept(write: &Write<'_>, key: InvitationKey) -> Result<MemberKey, Stop> {
    let (admitted, person) = admitted(write, key).await?;
    refuse_unless_upheld(write, &admitted).await?;
    let id = MemberId(write.app.clock.uuid());
    let Some(member) = store::join(&admitted, write.gate.conn(), id, &person).await? else {
        return refuse_with(Refusal::at(
            Code::AlreadyMember,
            "token",
            "You belong to this organisation already.",
        ));
    };
    let member = MemberKey::new(key.org, member);
    write.happened(
        "invitation.accepted",
        key,
        json!({ "member": member.to_string() }),
    );
    write.happened("member.joined", member, json!({ "invitation": key.to_string() }));
    write.outdates(Stale::Standing(person.id));
    Ok(member)
}

/// Closes an invitation to the signed-in person's address, who does not come.
pub async fn decline(write: &Write<'_>, key: InvitationKey) -> Result<InvitationKey, Stop> {
    let (admitted, _) = admitted(write, key).await?;
    store::decline(&admitted, write.gate.conn()).await?;
    write.happened("invitation.declined", key, json!({}));
    Ok(key)
}

/// Locks an invitation and proves that it is open and for the signed-in person.
async fn admitted<'w>(
    write: &'w Write<'_>,
    key: InvitationKey,
) -> Result<(Admitted<'w, Acceptance>, Arc<User>), Stop> {
    let conn = write.gate.conn();
    let user = UserKey(write.user.ok_or(Error::Unauthenticated)?);
    let Some(open) = store::find_for_acceptance(conn, key).await? else {
        return refuse_with(Refusal::not_found("token"));
    };
    let person = UserKey::load_many(&[user], conn).await?.remove(&user);
    let person = person.ok_or(Error::NotFound)?;
    person.refuse_unverified("token")?;
    let acceptance = Acceptance {
        key,
        sender: MemberKey::new(key.org, open.invited_by),
        role: RoleKey::new(key.org, open.role_id),
        is_open: open.is_open,
        is_theirs: open.email == person.email,
    };
    if !acceptance.is_open {
        return refuse_with(Refusal::at(
            Code::InvitationSpent,
            "token",
            "This invitation was used, declined, revoked or is past its time. Ask for a new one.",
        ));
    }
    if !acceptance.is_theirs {
        return refuse_with(Refusal::at(
            Code::WrongAddress,
            "token",
            "This invitation is for another address. Sign in with the account of that address.",
        ));
    }
    Ok((write.gate.admit(acceptance)?, person))
}

/// Refuses an invitation that its sender could not send any more: it is good as long as they are an active member who may give its
/// role.
async fn refuse_unless_upheld(write: &Write<'_>, invitation: &Acceptance) -> Result<(), Stop> {
    let conn = write.gate.conn();
    let (sender, role) = (StandingOf(invitation.sender), invitation.role);
    let standing = StandingOf::load_many(&[sender], conn).await?.remove(&sender);
    let role = RoleKey::load_many(&[role], conn).await?.remove(&role);
    if let Some((standing, role)) = standing.zip(role) {
        let standing = write.app.with_policies(&standing).await?;
        let permission = Permission::InvitationsManage;
        let mut facts = facts_of_new(standing.org, role.is_learner(), role.is_owner());
        facts.exceeds = role.exceeds(&standing, permission);
        let question = Question { permission, facts };
        if write.app.policies.decide(&standing, question).allowed {
            return Ok(());
        }
    }
    refuse_with(Refusal::at(
        Code::InvitationSpent,
        "token",
        "Who sent this invitation may not give its role any more. Ask for a new one.",
    ))
}
