//! What needs a recent proof that it is the person who asks, and not somebody at their open session.

use super::standing::Standing;
use crate::kernel::error::{Error, Result};
use chrono::{DateTime, TimeDelta, Utc};

/// For how many minutes a proof holds.
pub const MINUTES: i64 = 10;

/// The mutations that need one, whoever sends them. What writes asks here first, so that a line in this list is all it takes.
pub const SENSITIVE: &[&str] = &[
    "apiTokenCreate",
    "emailChange",
    "membershipOffboard",
    "identityLink",
    "identityUnlink",
    "organizationDelete",
    "organizationTransferOwnership",
    "policiesSet",
    "recoveryCodesRegenerate",
    "supportGrantApprove",
    "supportGrantRequest",
    "ssoConnectionRemove",
    "ssoConnectionSet",
    "totpBegin",
    "totpRemove",
];

/// The mutations that need one of whoever is there themselves, and that a program sends as well, which has nothing to prove.
pub const SENSITIVE_IN_SESSIONS: &[&str] = &["apiTokenRotate"];

/// Refuses a sensitive mutation unless the session has a recent proof.
pub fn check(standing: &Standing, mutation: &str, now: DateTime<Utc>) -> Result<()> {
    let is_there = standing.credential.any_session().is_ok();
    if SENSITIVE.contains(&mutation) || is_there && SENSITIVE_IN_SESSIONS.contains(&mutation) {
        demand(standing, now)?;
    }
    Ok(())
}

/// Refuses unless the session has a recent proof: for what is sensitive in some cases only. In a session that an organisation's
/// provider opened, the proof is to sign in again.
pub fn demand(standing: &Standing, now: DateTime<Utc>) -> Result<()> {
    standing.credential.any_session()?;
    if is_recent(standing.authenticated_at, now) {
        return Ok(());
    }
    Err(Error::StepUpRequired)
}

/// Whether a proof of that time still holds.
pub fn is_recent(proven_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < holds_until(proven_at)
}

/// Until when a proof of that time holds.
pub fn holds_until(proven_at: DateTime<Utc>) -> DateTime<Utc> {
    proven_at + TimeDelta::minutes(MINUTES)
}
