//! The row of a domain.

use crate::db::schema::organization_domains;
use crate::kernel::ids::OrganizationDomainKey;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// Whether a domain was shown to be the organisation's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DomainState {
    /// Not yet, or no more.
    Pending,
    /// It was.
    Verified,
}

/// A domain that an organisation says is its own. It is verified once DNS has the text record `recordName` with `recordValue`
/// and `domainVerify` has seen it; whoever has an address of a verified domain may be asked to link their account.
///
/// Requires: `org.update`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = organization_domains)]
#[graphql(complex)]
pub struct OrganizationDomain {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: OrganizationDomainKey,
    /// The domain, in lower case; an international one in its ASCII form, `xn--…`. Cost: 1.
    pub domain: String,
    /// What makes the record's value this organisation's.
    #[graphql(skip)]
    pub challenge: String,
    /// When it was added. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was verified; null where it is not, or is another organisation's by now. Cost: 1.
    pub verified_at: Option<DateTime<Utc>>,
}

impl OrganizationDomain {
    /// Whether it was shown to be the organisation's.
    pub const fn state(&self) -> DomainState {
        if self.verified_at.is_some() {
            DomainState::Verified
        } else {
            DomainState::Pending
        }
    }

    /// Where its text record stands.
    pub fn record_name(&self) -> String {
        format!("_lyceum-challenge.{}", self.domain)
    }

    /// What its text record says.
    pub fn record_value(&self) -> String {
        record_value(&self.challenge)
    }
}

/// What the text record of a challenge says.
pub fn record_value(challenge: &str) -> String {
    format!("lyceum-domain-verification={challenge}")
}
