//! What a request was signed with, and how much of its person's rights that carries.

use super::permission::Scopes;
use super::standing::OrgStanding;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApiTokenKey, OrgId, SessionId};
use serde_json::{Value, json};

/// What a request was signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A session: the person is there, and everything of theirs is open.
    Session(SessionId),
    /// A token of an app, which acts in one organisation as the member who made it, as far as its scopes go.
    ApiToken(ApiToken),
}

/// A token of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Which.
    pub key: ApiTokenKey,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The networks that it was used from.
    pub networks: Vec<String>,
}

impl ApiToken {
    /// Whether it was never used from a network before.
    pub fn is_new_in(&self, network: &str) -> bool {
        !self.networks.iter().any(|known| known == network)
    }
}

impl Credential {
    /// The session; refused where the person is not there themselves: accounts are for sessions alone.
    pub const fn session(&self) -> Result<SessionId> {
        match self {
            Self::Session(session) => Ok(*session),
            Self::ApiToken(_) => Err(Error::SessionRequired),
        }
    }

    /// Whether it is of use in an organisation: a session is in all of the person's, a token in its own.
    pub fn opens(&self, org: OrgId) -> bool {
        match self {
            Self::Session(_) => true,
            Self::ApiToken(token) => token.key.org == org,
        }
    }

    /// As much of a standing as this carries.
    pub fn narrow(&self, standing: OrgStanding) -> OrgStanding {
        match self {
            Self::Session(_) => standing,
            Self::ApiToken(token) => standing.within(token.scopes),
        }
    }

    /// What an audit entry says beside the person: nothing where that is all.
    pub fn trace(&self) -> Option<Value> {
        match self {
            Self::Session(_) => None,
            Self::ApiToken(token) => Some(json!({ "apiToken": token.key.to_string() })),
        }
    }
}
