//! Making, rotating and revoking the tokens of apps.
//!
//! A secret is random and stored as its hash. So a request that is sent again answers the token that it made, without its secret:
//! what was made is told from what is made by the hash.

use super::store::{self, MayManage, SeenToken};
use crate::auth::permission::{Permission, Scopes};
use crate::auth::standing::OrgStanding;
use crate::cache::Stale;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{ApiTokenId, ApiTokenKey, AppKey};
use crate::kernel::secret::{Token, TokenHash};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

/// How many tokens of an app may be good at once.
const MOST_TOKENS: i64 = 20;
/// How long a token is good where nothing is said.
const USUAL_DAYS: i64 = 90;
/// How long a token may be good.
const MOST_DAYS: i64 = 366;
/// For how long the former secret may stay good after a rotation, in seconds.
const MOST_OVERLAP: i64 = 7 * 24 * 60 * 60;

/// A token that was made or rotated, and what its secret is known by.
pub type Made = (ApiTokenKey, TokenHash);

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is called.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<Permission>,
    /// When it stops being good; after ninety days where nothing is said.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Makes a token that acts as whoever makes it.
pub async fn create(write: &Write<'_>, app: AppKey, new: NewToken, secret: &Token) -> Result<Made, Stop> {
    let gate = &write.gate;
    let allowed: MayManage<'_> = gate.allow(Some(Here(app.org)))?;
    store::find_for_write(gate, app)
        .await?
        .ok_or(Error::NotFound)
        .at("appId")?;
    let owner = gate.standing().ok_or(Error::NotFound)?;
    let unfit = |permission: &&Permission| !permission.is_scope() || !owner.may_have(**permission);
    let fault = match new.scopes.iter().find(unfit) {
        Some(permission) => Some(format!(
            "{} cannot be a scope of yours: neither your role nor a policy of the organisation gives it, or it takes the person themselves.",
            permission.as_str()
        )),
        None => new
            .scopes
            .is_empty()
            .then(|| "Name one scope at least.".to_owned()),
    };
    let fault = fault.map(|message| Refusal::at(Code::Invalid, "scopes", message));
    refuse_all([Refusal::of_name("name", &new.name, 100), fault])?;
    let now = write.app.clock.now();
    if store::count_good_tokens(gate.conn(), app, now).await? >= MOST_TOKENS {
        let message = format!("An app has at most {MOST_TOKENS} good tokens. Revoke one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "appId", message));
    }
    let expires_at = expiry(new.expires_at, now)?;
    let key = ApiTokenKey::new(app.org, ApiTokenId(write.app.clock.uuid()));
    let scopes: Vec<_> = Scopes::of(new.scopes).list().map(Permission::as_str).collect();
    let token = store::TokenRow {
        key,
        app,
        owner: owner.key(),
        name: &new.name,
        scopes: &scopes,
        expires_at,
    };
    store::insert_token(&allowed, gate.conn(), &token, secret.prefix()).await?;
    store::insert_secret(&allowed, gate.conn(), key, &secret.hash(), expires_at).await?;
    write.happened(
        "api_token.created",
        key,
        json!({ "app": app.to_string(), "scopes": scopes }),
    );
    Ok((key, secret.hash()))
}

/// Gives a token of the actor's own another secret; the former stays good for a while, so that it can be exchanged where it is
/// used. Whoever comes with a token gets no secret of one that does more.
pub async fn rotate(
    write: &Write<'_>,
    key: ApiTokenKey,
    overlap: i64,
    expires_at: Option<DateTime<Utc>>,
    secret: &Token,
) -> Result<Made, Stop> {
    let gate = &write.gate;
    let allowed: MayManage<'_> = gate.allow(Some(Here(key.org)))?;
    let token = find(write, key).await?;
    if Some(token.owner) != gate.member() {
        let message = "Only its owner gets a token's new secret, since it acts as them. Revoke it, and make one of your own.";
        return refuse_with(Refusal::at(Code::NotOwner, "tokenId", message));
    }
    let carried = gate.standing().map_or(Scopes::ALL, OrgStanding::scopes);
    if !carried.cover(token.scopes) {
        let message = "The token has scopes that the one you ask with has not. Rotate it by itself, by one that has them, or in a session.";
        return refuse_with(Refusal::at(Code::Invalid, "tokenId", message));
    }
    if !(0..=MOST_OVERLAP).contains(&overlap) {
        let message = format!("The overlap has 0 to {MOST_OVERLAP} seconds.");
        return refuse_with(Refusal::at(Code::Invalid, "overlapSeconds", message));
    }
    let now = write.app.clock.now();
    if !token.is_good_at(now) {
        let message = "The token is revoked or past its time: make another.";
        return refuse_with(Refusal::at(Code::InvalidState, "tokenId", message));
    }
    let expires_at = expiry(expires_at, now)?;
    store::end_secrets(&allowed, gate.conn(), key, now + TimeDelta::seconds(overlap)).await?;
    store::insert_secret(&allowed, gate.conn(), key, &secret.hash(), expires_at).await?;
    store::renew(&allowed, gate.conn(), key, secret.prefix(), expires_at).await?;
    write.happened("api_token.rotated", key, json!({ "overlapSeconds": overlap }));
    write.outdates(Stale::Standing(token.user));
    Ok((key, secret.hash()))
}

/// Revokes a token: from now on it opens nothing. To do it again does no harm.
pub async fn revoke(write: &Write<'_>, key: ApiTokenKey) -> Result<ApiTokenKey, Stop> {
    let gate = &write.gate;
    let allowed: MayManage<'_> = gate.allow(Some(Here(key.org)))?;
    let token = find(write, key).await?;
    if token.revoked_at.is_none() {
        store::revoke(&allowed, gate.conn(), key, write.app.clock.now()).await?;
        write.happened("api_token.revoked", key, json!({}));
        write.outdates(Stale::Standing(token.user));
    }
    Ok(key)
}

async fn find(write: &Write<'_>, key: ApiTokenKey) -> Result<SeenToken, Stop> {
    let token = store::find_token_for_write(&write.gate, key).await?;
    token.ok_or(Error::NotFound).at("tokenId")
}

fn expiry(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Stop> {
    let expires_at = wanted.unwrap_or(now + TimeDelta::days(USUAL_DAYS));
    if now < expires_at && expires_at <= now + TimeDelta::days(MOST_DAYS) {
        return Ok(expires_at);
    }
    let message = format!("A token is good until some time within the next {MOST_DAYS} days.");
    refuse_with(Refusal::at(Code::Invalid, "expiresAt", message))
}
