//! What a request was signed with, and how much of its person's rights that carries.

use super::permission::{Grants, Permission, Scopes};
use super::roles;
use super::standing::OrgStanding;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApiTokenKey, CourseId, LearnerSessionKey, OrgId, SessionId, UserId};
use serde_json::{Value, json};
use std::sync::{Arc, LazyLock};

/// What a request was signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A session: the person is there, and everything of theirs is open.
    Session(SessionId),
    /// A session that an organisation's own provider opened: the person as far as that organisation goes, and nothing of
    /// their account, since it is the organisation that says who they are.
    SsoSession(SessionId, OrgId),
    /// A token of an app, which acts in one organisation as the member who made it, as far as its scopes go.
    ApiToken(ApiToken),
    /// A session that an app opened for a learner of its organisation.
    LearnerSession(LearnerSession),
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

/// A session that an app opened for a learner: nobody's more than a learner's, whatever their role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LearnerSession {
    /// Which.
    pub key: LearnerSessionKey,
    /// The app's token that opened it, and with which it ends.
    pub token: ApiTokenKey,
    /// Whose token that is.
    pub behind: UserId,
    /// What confines it where it is for a browser.
    pub embed: Option<Arc<Embed>>,
}

/// What confines a session that is safe in a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embed {
    /// The one course that exists for it.
    pub course: CourseId,
    /// The origins whose pages may use it.
    pub origins: Vec<String>,
    /// SHA-256 of the documents that it may send, in hexadecimal digits.
    pub operations: Vec<String>,
}

static LEARNER: LazyLock<Grants> = LazyLock::new(|| Grants::read(&roles::learner().grants()));
/// What a learner's session may be used for: what the role of learners gives, but for the audit, which names other courses and
/// other programs.
static LEARNING: LazyLock<Scopes> = LazyLock::new(|| {
    let gives = |permission: &Permission| LEARNER.reach(*permission).is_some();
    let given = Permission::ALL.iter().copied().filter(gives);
    Scopes::of(given.filter(|permission| *permission != Permission::AuditRead))
});

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
            Self::SsoSession(..) | Self::ApiToken(_) | Self::LearnerSession(_) => Err(Error::SessionRequired),
        }
    }

    /// The session of somebody who is there, wherever it is good; refused where it is a program that asks.
    pub const fn any_session(&self) -> Result<SessionId> {
        match self {
            Self::Session(session) | Self::SsoSession(session, _) => Ok(*session),
            Self::ApiToken(_) | Self::LearnerSession(_) => Err(Error::SessionRequired),
        }
    }

    /// The organisation whose provider says who it is, where it is one.
    pub const fn sso(&self) -> Option<OrgId> {
        match self {
            Self::SsoSession(_, org) => Some(*org),
            Self::Session(_) | Self::ApiToken(_) | Self::LearnerSession(_) => None,
        }
    }

    /// The app's token; refused where it is no app that asks.
    pub const fn api_token(&self) -> Result<ApiTokenKey> {
        match self {
            Self::ApiToken(token) => Ok(token.key),
            Self::Session(_) | Self::SsoSession(..) | Self::LearnerSession(_) => Err(Error::ApiTokenRequired),
        }
    }

    /// What confines it, where it is for a browser.
    pub fn embed(&self) -> Option<(LearnerSessionKey, &Embed)> {
        match self {
            Self::LearnerSession(session) => Some((session.key, session.embed.as_deref()?)),
            Self::Session(_) | Self::SsoSession(..) | Self::ApiToken(_) => None,
        }
    }

    /// Whoever else's standing it depends on.
    pub const fn behind(&self) -> Option<UserId> {
        match self {
            Self::LearnerSession(session) => Some(session.behind),
            Self::Session(_) | Self::SsoSession(..) | Self::ApiToken(_) => None,
        }
    }

    /// Whether it is of use in an organisation: a session is in all of the person's, everything else in its own.
    pub fn opens(&self, org: OrgId) -> bool {
        match self {
            Self::Session(_) => true,
            Self::SsoSession(_, own) => *own == org,
            Self::ApiToken(token) => token.key.org == org,
            Self::LearnerSession(session) => session.key.org == org,
        }
    }

    /// As much of a standing as this carries.
    pub fn narrow(&self, standing: OrgStanding) -> OrgStanding {
        match self {
            Self::Session(_) | Self::SsoSession(..) => standing,
            Self::ApiToken(token) => standing.within(token.scopes),
            Self::LearnerSession(_) => standing
                .as_role(roles::learner().slug, &LEARNER)
                .within(*LEARNING),
        }
    }

    /// What an audit entry says beside the person: nothing where that is all.
    pub fn trace(&self) -> Option<Value> {
        match self {
            Self::Session(_) => None,
            Self::SsoSession(..) => Some(json!("sso")),
            Self::ApiToken(token) => Some(json!({ "apiToken": token.key.to_string() })),
            Self::LearnerSession(session) => Some(json!({
                "apiToken": session.token.to_string(),
                "learnerSession": session.key.to_string(),
            })),
        }
    }
}
