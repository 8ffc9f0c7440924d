//! The second factor: one-time codes by time (RFC 6238), and recovery codes in their place. Tables: `totp_factors`,
//! `recovery_codes`.

use super::events::SecurityEventKind;
use super::notices::notify;
use super::person::Person;
use super::throttle::{Attempt, Trying, attempt};
use super::write::AccountWrite;
use crate::db::pool::Statements;
use crate::db::schema::{recovery_codes, totp_factors};
use crate::db::{Conn, Scope, Statement, Tx};
use crate::domain::app::App;
use crate::domain::mutate::{Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::keyring::Use;
use crate::kernel::origin::Origin;
use crate::kernel::secret::{Secret, random_bytes};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};

/// How authenticator apps name what the codes are for.
const ISSUER: &str = "Lyceum";
/// Recovery codes that are made at once.
const RECOVERY_CODES: usize = 10;
/// The letters and digits of recovery codes, without those that look alike: five bits each.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What proves a second factor.
#[derive(Clone, Debug)]
pub enum FactorProof {
    /// A code of the authenticator app.
    Totp(Secret<String>),
    /// A recovery code.
    Recovery(Secret<String>),
}

/// What a factor needs to be set up in an authenticator app; shown once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Enrolling {
    /// The secret in base 32, for typing.
    #[serde(skip)]
    pub secret: Option<Secret<String>>,
    /// The same as an `otpauth:` address, for a QR code.
    #[serde(skip)]
    pub uri: Option<Secret<String>>,
}

/// New recovery codes; shown once.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The codes.
    #[serde(skip)]
    pub codes: Option<Secret<Vec<String>>>,
}

/// Your second factor: codes of an authenticator app, which signing in and stepping up ask for.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct SecondFactor {
    /// Since when it is asked for. Cost: 1.
    pub confirmed_at: DateTime<Utc>,
    /// How many of your recovery codes are left; make new ones with `recoveryCodesRegenerate` before none is. Cost: 1.
    pub recovery_codes_left: i64,
}

/// A factor as it is stored.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = totp_factors)]
struct Factor {
    secret: Vec<u8>,
    confirmed_at: Option<DateTime<Utc>>,
}

/// Begins to add a factor: it is asked for once a code of it has confirmed it.
pub async fn begin(write: &AccountWrite<'_>) -> Result<Enrolling, Stop> {
    if is_confirmed(write).await? {
        let message = "You have a second factor already. Remove it with `totpRemove` first.";
        return refuse_with(Refusal::whole(Code::InvalidState, message));
    }
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    let secret = random_bytes::<20>();
    let sealed = write
        .app
        .keyring
        .seal(Use::TotpSecret, write.user.0.as_bytes(), &secret);
    Statement::<Untyped>::new(
        "insert into totp_factors (user_id, secret) values (?, ?) \
         on conflict (user_id) do update set secret = excluded.secret, created_at = now(), last_step = null",
    )
    .bind::<Uuid, _>(write.user)
    .bind::<Bytea, _>(sealed)
    .execute(&mut write.conn())
    .await?;
    let totp = totp(&secret, &person.email)?;
    Ok(Enrolling {
        secret: Some(Secret::new(totp.secret().to_base32())),
        uri: Some(Secret::new(totp.to_url().map_err(Error::internal)?)),
    })
}

/// Confirms the factor with its first code, and makes recovery codes.
pub async fn confirm(write: &AccountWrite<'_>, code: &str) -> Result<RecoveryCodes, Stop> {
    let factor = find(write.conn(), write.user).await?;
    if factor.is_none_or(|factor| factor.confirmed_at.is_some()) {
        let message = "No second factor waits to be confirmed. Begin with `totpBegin`.";
        return refuse_with(Refusal::whole(Code::InvalidState, message));
    }
    if !accept_totp(write, code).await? {
        return refuse_with(wrong("code"));
    }
    diesel::update(totp_factors::table.find(write.user.0))
        .set(totp_factors::confirmed_at.eq(write.app.clock.now()))
        .execute(&mut write.conn())
        .await?;
    let codes = make_recovery_codes(write).await?;
    tell(write, SecurityEventKind::SecondFactorAdded).await?;
    Ok(codes)
}

/// Removes the factor and its recovery codes.
pub async fn remove(write: &AccountWrite<'_>) -> Result<(), Stop> {
    refuse_without(write).await?;
    diesel::delete(totp_factors::table.find(write.user.0))
        .execute(&mut write.conn())
        .await?;
    delete_recovery_codes(write).await?;
    tell(write, SecurityEventKind::SecondFactorRemoved).await
}

/// Makes new recovery codes; the former are void.
pub async fn regenerate(write: &AccountWrite<'_>) -> Result<RecoveryCodes, Stop> {
    refuse_without(write).await?;
    let codes = make_recovery_codes(write).await?;
    tell(write, SecurityEventKind::RecoveryCodesMade).await?;
    Ok(codes)
}

/// Whether the account asks for a second factor.
pub(super) async fn is_confirmed(write: &AccountWrite<'_>) -> Result<bool> {
    let factor = find(write.conn(), write.user).await?;
    Ok(factor.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// The same outside of a write.
pub(super) async fn exists(app: &App, user: UserId) -> Result<bool> {
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
    let factor = tx.run(|conn| find(conn, user)).await?;
    tx.rollback().await?;
    Ok(factor.is_some_and(|factor| factor.confirmed_at.is_some()))
}

/// Uses a code up, and tells whether it was right: each is good once.
pub(super) async fn accept(write: &AccountWrite<'_>, proof: &FactorProof) -> Result<bool, Stop> {
    if !is_confirmed(write).await? {
        return Ok(false);
    }
    match proof {
        FactorProof::Totp(code) => Ok(accept_totp(write, code.expose()).await?),
        FactorProof::Recovery(code) => accept_recovery(write, code.expose()).await,
    }
}

/// Lets a code be tried, or says when the next one may be.
pub async fn may_try(app: &App, user: UserId, origin: &Origin) -> Result<Attempt> {
    attempt(app, Trying::Proof, &user.0.to_string(), origin.network()).await
}

/// Refuses a code that is not the right one.
pub(super) fn wrong(path: &str) -> Refusal {
    let message = "This code is not right, or was used before. Each is good once: wait for the next one, or use a recovery code.";
    Refusal::at(Code::WrongCredentials, path, message)
}

/// What a person sees of their second factor; none where they have none.
pub async fn status(mut conn: Conn<'_>, user: UserId) -> QueryResult<Option<SecondFactor>> {
    let Some(Factor {
        confirmed_at: Some(confirmed_at),
        ..
    }) = find(conn, user).await?
    else {
        return Ok(None);
    };
    let recovery_codes_left = recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .filter(recovery_codes::used_at.is_null())
        .count()
        .get_result(&mut conn)
        .await?;
    Ok(Some(SecondFactor {
        confirmed_at,
        recovery_codes_left,
    }))
}

async fn find(mut conn: Conn<'_>, user: UserId) -> QueryResult<Option<Factor>> {
    Factor::query()
        .filter(totp_factors::user_id.eq(user))
        .first(&mut conn)
        .await
        .optional()
}

async fn refuse_without(write: &AccountWrite<'_>) -> Result<(), Stop> {
    if is_confirmed(write).await? {
        return Ok(());
    }
    let message = "You have no second factor. Add one with `totpBegin`.";
    refuse_with(Refusal::whole(Code::InvalidState, message))
}

async fn accept_totp(write: &AccountWrite<'_>, code: &str) -> Result<bool> {
    let Some(factor) = find(write.conn(), write.user).await? else {
        return Ok(false);
    };
    let secret = open(write.app, write.user, &factor.secret)?;
    let now = u64::try_from(write.app.clock.now().timestamp()).map_err(Error::internal)?;
    let Some(step) = totp(secret.expose(), "account")?.check(code.trim(), now) else {
        return Ok(false);
    };
    let accepted = Statement::<Untyped>::new(
        "update totp_factors set last_step = ? where user_id = ? and (last_step is null or last_step < ?)",
    )
    .bind::<BigInt, _>(i64::try_from(step).map_err(Error::internal)?)
    .bind::<Uuid, _>(write.user)
    .bind::<BigInt, _>(i64::try_from(step).map_err(Error::internal)?)
    .execute(&mut write.conn())
    .await?;
    Ok(accepted == 1)
}

async fn accept_recovery(write: &AccountWrite<'_>, code: &str) -> Result<bool, Stop> {
    let accepted = Statement::<Untyped>::new(
        "update recovery_codes set used_at = ? where user_id = ? and code_hash = ? and used_at is null",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Uuid, _>(write.user)
    .bind::<Bytea, _>(hash(write.user, code))
    .execute(&mut write.conn())
    .await?;
    if accepted == 1 {
        tell(write, SecurityEventKind::RecoveryCodeUsed).await?;
    }
    Ok(accepted == 1)
}

async fn make_recovery_codes(write: &AccountWrite<'_>) -> Result<RecoveryCodes> {
    delete_recovery_codes(write).await?;
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| recovery_code()).collect();
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| hash(write.user, code)).collect();
    Statement::<Untyped>::new(
        "insert into recovery_codes (user_id, code_hash) select ?, h from unnest(?) as h",
    )
    .bind::<Uuid, _>(write.user)
    .bind::<Array<Bytea>, _>(hashes)
    .execute(&mut write.conn())
    .await?;
    Ok(RecoveryCodes {
        codes: Some(Secret::new(codes)),
    })
}

async fn delete_recovery_codes(write: &AccountWrite<'_>) -> Result<()> {
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(write.user)))
        .execute(&mut write.conn())
        .await?;
    Ok(())
}

async fn tell(write: &AccountWrite<'_>, event: SecurityEventKind) -> Result<(), Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    write.happened(event);
    notify(write, person.email, event).await
}

fn open(app: &App, user: UserId, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
    let secret = app.keyring.open(Use::TotpSecret, user.0.as_bytes(), sealed);
    secret.ok_or_else(|| {
        Error::internal("a second factor was sealed with a master key that is not there any more")
    })
}

fn totp(secret: &[u8], account: &str) -> Result<Totp> {
    let account = account.replace(':', "");
    Builder::new()
        .with_secret(secret.to_vec())
        .with_account_name(account)
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(Error::internal)
}

/// Makes a code of 80 random bits: `xxxx-xxxx-xxxx-xxxx`.
fn recovery_code() -> String {
    let letters = random_bytes::<16>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let parts: Vec<String> = letters.chunks(4).map(String::from_iter).collect();
    parts.join("-")
}

/// The hash of a code, however it is written.
fn hash(user: UserId, code: &str) -> Vec<u8> {
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut hasher = Sha256::new();
    hasher.update(user.0.as_bytes());
    hasher.update(code.to_ascii_lowercase());
    hasher.finalize().to_vec()
}
