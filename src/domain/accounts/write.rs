//! The one way to write to an account: one transaction that nobody can drop, in the scope of its person alone.
//!
//! It is to a person what [`mutate`](crate::domain::mutate::mutate) is to an organisation: it refuses what is sensitive
//! without a recent proof, answers a repeated request as before, and stores what happened beside the effect.

use super::events::{self, SecurityEventKind};
use crate::auth::standing::Standing;
use crate::auth::step_up;
use crate::cache::Stale;
use crate::db::pool::Statements;
use crate::db::schema::account_idempotency_records as records;
use crate::db::{Conn, Scope, Statement, Tx};
use crate::domain::app::App;
use crate::domain::mutate::{Done, Outcome, Stop};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::origin::Origin;
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What an account's transaction is about.
#[derive(Clone, Debug, Default)]
pub struct AccountRequest {
    /// The mutation's name in GraphQL.
    pub mutation: &'static str,
    /// The client's key for sending the same request twice.
    pub idempotency_key: Option<String>,
    /// [Hash](crate::domain::mutate::Request::hash) of the input: the same key with another input is refused.
    pub input_hash: [u8; 32],
    /// Where the request comes from.
    pub origin: Origin,
    /// The operation's statement counter.
    pub statements: Statements,
}

/// A write in progress.
pub struct AccountWrite<'tx> {
    conn: Conn<'tx>,
    /// The node.
    pub app: &'tx App,
    /// Whose account it is.
    pub user: UserId,
    /// The session that the request came through; none where nobody is signed in.
    pub session: Option<SessionId>,
    /// Where the request comes from.
    pub origin: &'tx Origin,
    events: Mutex<Vec<(SecurityEventKind, Option<SessionId>)>>,
    outdated: &'tx AtomicBool,
}

impl<'tx> AccountWrite<'tx> {
    /// The transaction's connection.
    pub const fn conn(&self) -> Conn<'tx> {
        self.conn
    }

    /// Notes what happened, in the session of the request.
    pub fn happened(&self, kind: SecurityEventKind) {
        self.happened_to(kind, self.session);
    }

    /// Notes what happened to a session.
    pub fn happened_to(&self, kind: SecurityEventKind, session: Option<SessionId>) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push((kind, session));
    }

    /// Lets every node read the person's standing anew once this is committed.
    pub fn outdates_standing(&self) {
        self.outdated.store(true, Ordering::Relaxed);
    }
}

/// Writes to the account of the person who asks.
pub async fn write_own<T, F>(
    app: &Arc<App>,
    standing: &Standing,
    request: AccountRequest,
    work: F,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send + 'static,
{
    step_up::check(standing, request.mutation, app.clock.now())?;
    let session = standing.credential.session()?;
    spawn(app, (standing.user, Some(session)), request, work).await
}

/// Writes to the session of the person who asks, be it one that is good in one organisation alone, and to nothing else of
/// their account.
pub async fn write_session<T, F>(
    app: &Arc<App>,
    standing: &Standing,
    request: AccountRequest,
    work: F,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send + 'static,
{
    let session = standing.credential.any_session()?;
    spawn(app, (standing.user, Some(session)), request, work).await
}

/// Writes to the account of somebody who has shown another proof than a session: a password, or a token that was sent to them.
pub async fn write_proven<T, F>(app: &Arc<App>, user: UserId, request: AccountRequest, work: F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send + 'static,
{
    spawn(app, (user, None), request, work).await
}

async fn spawn<T, F>(
    app: &Arc<App>,
    (user, session): (UserId, Option<SessionId>),
    request: AccountRequest,
    work: F,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send + 'static,
{
    let app = app.clone();
    let run = async move {
        let outdated = AtomicBool::new(false);
        let written = write(&app, (user, session), &request, work, &outdated);
        let outcome = tokio::time::timeout(app.db.write_patience(), written).await;
        // Also after an error: it may have come between the commit and its answer.
        if outdated.into_inner() {
            app.announce(Stale::Standing(user)).await;
        }
        outcome.unwrap_or(Err(Error::Unavailable))
    };
    tokio::spawn(run).await.map_err(Error::internal)?
}

async fn write<T, F>(
    app: &App,
    (user, session): (UserId, Option<SessionId>),
    request: &AccountRequest,
    work: F,
    outdated: &AtomicBool,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: for<'w> FnOnce(&'w AccountWrite<'w>) -> Done<'w, T> + Send,
{
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.db, &scope, &request.statements).await?;
    hold(&tx, user).await?;
    if let Some(session) = session {
        refuse_ended(&tx, app, session).await?;
    }
    if let Some(known) = replay(&tx, user, request).await? {
        tx.rollback().await?;
        return known;
    }
    let write = AccountWrite {
        conn: tx.conn(),
        app,
        user,
        session,
        origin: &request.origin,
        events: Mutex::default(),
        outdated,
    };
    let done = match work(&write).await {
        Ok(done) => done,
        Err(stop) => {
            drop(tx.rollback().await);
            return match stop {
                Stop::Refused(refusals) => Ok(Err(refusals)),
                Stop::Failed(error) => Err(error),
            };
        }
    };
    let events = write.events.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !events.is_empty() {
        events::insert(tx.conn(), &app.clock, user, &request.origin, &events).await?;
    }
    if let Some(key) = &request.idempotency_key {
        let outcome = serde_json::to_value(&done).map_err(Error::internal)?;
        remember(&tx, user, request, key, outcome).await?;
    }
    tx.commit().await?;
    Ok(Ok(done))
}

/// Holds the account until the transaction ends: the writes to one account follow each other, so that of two that use the
/// same token or code the second finds it used, and a repeated request finds its first outcome.
async fn hold(tx: &Tx, user: UserId) -> Result<()> {
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended('account of ' || ?::uuid, 0))")
        .bind::<Uuid, _>(user)
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

/// Refuses a session that has ended since its standing was read.
async fn refuse_ended(tx: &Tx, app: &App, session: SessionId) -> Result<()> {
    let live = Statement::<Untyped>::new(
        "select from sessions where id = ? and revoked_at is null and expires_at > ?",
    )
    .bind::<Uuid, _>(session)
    .bind::<Timestamptz, _>(app.clock.now())
    .execute(&mut tx.conn())
    .await?;
    if live == 0 {
        return Err(Error::Unauthenticated);
    }
    Ok(())
}

/// The outcome that this key already had.
async fn replay<T: DeserializeOwned>(
    tx: &Tx,
    user: UserId,
    request: &AccountRequest,
) -> Result<Option<Outcome<T>>> {
    let Some(key) = &request.idempotency_key else {
        return Ok(None);
    };
    let known: Option<(Vec<u8>, Value)> = records::table
        .find((user.0, request.mutation, key))
        .select((records::input_hash, records::outcome))
        .first(&mut tx.conn())
        .await
        .optional()?;
    let Some((input_hash, outcome)) = known else {
        return Ok(None);
    };
    if input_hash != request.input_hash {
        let message = "This key was used with another input. Send the first input again, or a new key.";
        let refusal = Refusal::at(Code::IdempotencyMismatch, "idempotencyKey", message);
        return Ok(Some(Ok(Err(vec![refusal]))));
    }
    let outcome = serde_json::from_value(outcome).map_err(Error::internal)?;
    Ok(Some(Ok(Ok(outcome))))
}

async fn remember(tx: &Tx, user: UserId, request: &AccountRequest, key: &str, outcome: Value) -> Result<()> {
    diesel::insert_into(records::table)
        .values((
            records::user_id.eq(user),
            records::mutation.eq(request.mutation),
            records::key.eq(key),
            records::input_hash.eq(request.input_hash.to_vec()),
            records::outcome.eq(outcome),
        ))
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}
