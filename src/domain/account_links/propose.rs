//! Proposing to link accounts, and taking proposals back.

use super::model::{AccountLinkState, Linking};
use super::store::{self, MayLink};
use crate::db::Batch;
use crate::domain::domains::store::is_verified;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::organizations::Organization;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::domain_name::domain_of;
use crate::kernel::email::address;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AccountLinkId, AccountLinkKey, OrganizationKey};
use chrono::TimeDelta;
use serde_json::json;
use std::sync::Arc;

/// How long a proposal may be answered.
const PROPOSAL_DAYS: i64 = 14;

/// Proposes to whoever has an address to link their account: the same is done whether anybody has it or not.
pub async fn propose(write: &Write<'_>, email: &str) -> Result<AccountLinkKey, Stop> {
    let gate = &write.gate;
    let (conn, org) = (gate.conn(), gate.org());
    let allowed: MayLink<'_> = gate.allow(Some(Linking(org)))?;
    let proposer = gate.member().ok_or(Error::NotFound)?;
    let Some(email) = address(email) else {
        return refuse_with(Refusal::at(Code::Invalid, "email", "This is no email address."));
    };
    let is_ours = match domain_of(&email) {
        Some(domain) => is_verified(conn, org, &domain).await?,
        None => false,
    };
    if !is_ours {
        return refuse_with(not_ours("email"));
    }
    let now = write.app.clock.now();
    if let Some(open) = store::find_open(conn, org, &email).await? {
        if open.state_at(now) != AccountLinkState::Expired {
            return refuse_with(is_open());
        }
        store::withdraw(&allowed, conn, open.key, now).await?;
    }
    let key = AccountLinkKey::new(org, AccountLinkId(write.app.clock.uuid()));
    let expires_at = now + TimeDelta::days(PROPOSAL_DAYS);
    if !store::insert(&allowed, conn, key, &email, proposer, expires_at).await? {
        return refuse_with(is_open());
    }
    let name = organization(write).await?.name.clone();
    let mail = Mail {
        detail: json!({ "organization": name, "until": expires_at }),
        ..Mail::new(write.app.clock.uuid(), Template::AccountLink, email)
    };
    mails::post(conn, write.user, &[mail]).await?;
    write.happened("account_link.proposed", key, json!({}));
    Ok(key)
}

/// Takes a proposal back, be it past its time.
pub async fn withdraw(write: &Write<'_>, key: AccountLinkKey) -> Result<AccountLinkKey, Stop> {
    let gate = &write.gate;
    let allowed: MayLink<'_> = gate.allow(Some(Linking(key.org)))?;
    let link = store::find_for_write(gate, key)
        .await?
        .ok_or(Error::NotFound)
        .at("accountLinkId")?;
    if link.stored_state != AccountLinkState::Proposed {
        return refuse_with(wrong_state(link.stored_state, "only a proposal is taken back"));
    }
    store::withdraw(&allowed, gate.conn(), key, write.app.clock.now()).await?;
    write.happened("account_link.withdrawn", key, json!({}));
    Ok(key)
}

async fn organization(write: &Write<'_>) -> Result<Arc<Organization>> {
    let key = OrganizationKey(write.gate.org());
    let found = OrganizationKey::load_many(&[key], write.gate.conn())
        .await?
        .remove(&key);
    found.ok_or(Error::NotFound)
}

fn is_open() -> Refusal {
    let message = "This address has a proposal that is open, or accepted.";
    Refusal::at(Code::InvalidState, "email", message)
}

pub(super) fn not_ours(path: &str) -> Refusal {
    let message = "The address is not of a domain that the organisation has verified; see `domainVerify`.";
    Refusal::at(Code::NotVerified, path, message)
}

pub(super) fn wrong_state(state: AccountLinkState, rule: &str) -> Refusal {
    let message = format!("The link is {}; {rule}.", state.as_str().to_uppercase());
    Refusal::at(Code::InvalidState, "accountLinkId", message)
}
