//! The invitation row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::invitations;
use crate::kernel::ids::{InvitationKey, MemberId, MemberKey, OrgId, RoleId, RoleKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

text_enum! {
    /// Where an invitation stands.
    InvitationState {
        /// May be accepted.
        Pending = "pending",
        /// Was accepted.
        Accepted = "accepted",
        /// Was taken back, or another took its place.
        Revoked = "revoked",
        /// Was declined by the invited person.
        Declined = "declined",
        /// Is past its time.
        Expired = "expired",
    }
}

/// An invitation to join an organisation.
///
/// Requires: `invitations.manage`: with the reach `all` for every invitation; with less for those that you sent. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = invitations)]
#[graphql(complex)]
pub struct Invitation {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: InvitationKey,
    /// The invited address. Cost: 1.
    pub email: String,
    /// The role that awaits.
    #[graphql(skip)]
    pub role_id: RoleId,
    /// Where it stands, as stored: what is past its time is pending here.
    #[diesel(column_name = state)]
    #[graphql(skip)]
    pub stored_state: InvitationState,
    /// Who sent it.
    #[graphql(skip)]
    pub invited_by: MemberId,
    /// When it was sent. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// Until when it may be accepted. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// Who joined by it.
    #[graphql(skip)]
    pub accepted_by: Option<MemberId>,
    /// How often it was sent again.
    #[graphql(skip)]
    pub edition: i32,
}

impl Invitation {
    /// The key of the role that awaits.
    pub const fn role_key(&self) -> RoleKey {
        RoleKey::new(self.key.org, self.role_id)
    }

    /// The key of the member who sent it.
    pub const fn sender(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.invited_by)
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: DateTime<Utc>) -> InvitationState {
        match self.stored_state {
            InvitationState::Pending if self.expires_at <= now => InvitationState::Expired,
            state => state,
        }
    }
}

/// An invitation for a write, with what is known about it.
#[derive(Clone, Debug)]
pub struct SentInvitation {
    /// The row.
    pub invitation: Invitation,
    /// Whether the actor sent it.
    pub is_mine: bool,
    /// Whether it makes an owner.
    pub makes_owner: bool,
    /// Whether it is about to give a role that the actor may not give.
    pub exceeds: bool,
}

impl Protected for SentInvitation {
    fn facts(&self) -> Facts {
        let mut facts = facts_of_sent(self.invitation.key.org, self.is_mine, self.makes_owner);
        facts.exceeds = self.exceeds;
        facts
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::InvitationsManage)
    }

    /// Lists show it whatever role awaits.
    fn read_facts(&self) -> Facts {
        facts_of_sent(self.invitation.key.org, self.is_mine, false)
    }
}

/// The facts of an invitation that was sent, given whether the actor sent it.
pub const fn facts_of_sent(org: OrgId, mine: bool, makes_owner: bool) -> Facts {
    facts(
        org,
        Relation {
            own: mine,
            taught: false,
            managed: mine,
        },
        makes_owner,
    )
}

/// The facts of an invitation that is about to be sent: whoever manages some members may have more learners.
pub const fn facts_of_new(org: OrgId, makes_learner: bool, makes_owner: bool) -> Facts {
    facts(
        org,
        Relation {
            own: false,
            taught: false,
            managed: makes_learner,
        },
        makes_owner,
    )
}

const fn facts(org: OrgId, relation: Relation, is_owner: bool) -> Facts {
    let mut facts = Facts::of(Kind::Invitation, org).related(relation);
    facts.is_owner = is_owner;
    facts
}

/// The place where an invitation is sent, with what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Inviting(pub Facts);

impl Protected for Inviting {
    fn facts(&self) -> Facts {
        self.0
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}
