//! The row of a link and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind};
use crate::db::schema::account_links;
use crate::kernel::ids::{AccountLinkKey, MemberId, MemberKey, OrgId, UserId};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

text_enum! {
    /// Where the linking of an account stands.
    AccountLinkState {
        /// May be accepted or refused, if the address has an account.
        Proposed = "proposed",
        /// Was accepted: the person is a member.
        Accepted = "accepted",
        /// Was refused by the person.
        Refused = "refused",
        /// Was taken back by the organisation.
        Withdrawn = "withdrawn",
        /// Is past its time.
        Expired = "expired",
        /// Was accepted, and ended: by the person, or with their membership.
        Ended = "ended",
    }
}

/// A proposal that the account of an address belongs to an organisation, and what came of it. An organisation proposes it to
/// addresses of its verified domains; whether there is an account shows only when it is answered.
///
/// Requires: `members.manage` with the reach `all`; or to be who it is for, in a session of yours, with your address verified.
/// Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = account_links)]
#[graphql(complex)]
pub struct AccountLink {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: AccountLinkKey,
    /// The address that it is for. Cost: 1.
    pub email: String,
    /// The organisation's name when it was proposed. Cost: 1.
    pub organization_name: String,
    /// Where it stands, as stored: what is past its time is proposed here.
    #[diesel(column_name = state)]
    #[graphql(skip)]
    pub stored_state: AccountLinkState,
    /// Who proposed it.
    #[graphql(skip)]
    pub proposed_by: MemberId,
    /// When it was proposed. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// Until when it may be answered. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// When it was proposed, answered, withdrawn or ended, whichever was last. Cost: 1.
    pub changed_at: DateTime<Utc>,
    /// Who answered it.
    #[graphql(skip)]
    pub user_id: Option<UserId>,
    /// Who they are in the organisation.
    #[graphql(skip)]
    pub member_id: Option<MemberId>,
}

impl AccountLink {
    /// The key of the member who proposed it.
    pub const fn proposer(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.proposed_by)
    }

    /// The key of the member whose account it is.
    pub fn member_key(&self) -> Option<MemberKey> {
        self.member_id.map(|id| MemberKey::new(self.key.org, id))
    }

    /// Where it stands at a time.
    pub fn state_at(&self, now: DateTime<Utc>) -> AccountLinkState {
        match self.stored_state {
            AccountLinkState::Proposed if self.expires_at <= now => AccountLinkState::Expired,
            state => state,
        }
    }
}

/// The accounts of an organisation's people, as what is linked: it takes who may manage any member.
#[derive(Clone, Copy, Debug)]
pub struct Linking(pub OrgId);

impl Linking {
    /// What decisions depend on.
    pub fn facts_in(org: OrgId) -> Facts {
        Facts::of(Kind::Membership, org)
    }
}

impl Protected for Linking {
    fn facts(&self) -> Facts {
        Self::facts_in(self.0)
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}
