//! The one way to write: one transaction that nobody can drop.
//!
//! A mutation runs in a task of its own, so a client that goes away cannot leave it half done. Inside one transaction
//! it sets the scope, reads the actor's standing, does its work through proofs, stores its idempotency record, and
//! writes audit and outbox. Copies that became stale are announced after the commit.

use super::app::App;
use super::records::{self, Happenings};
use super::refusal::{Code, Refusal};
use crate::auth::allowed::{Actor, Gate, Pass};
use crate::auth::invited::Invited;
use crate::auth::proposed::Proposed;
use crate::auth::standing::{OrgStanding, Standing, SupportColumns, Viewer};
use crate::auth::step_up;
use crate::cache::Stale;
use crate::db::error::violated;
use crate::db::pool::Statements;
use crate::db::schema::idempotency_records;
use crate::db::{Scope, Statement, Tx};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberId, MemberKey, OrgId, UserId};
use crate::kernel::keyring::{Keyring, Use};
use crate::kernel::secret::Secret;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Why a mutation's work did not come about.
#[derive(Debug)]
pub enum Stop {
    /// The user can correct it: answered in `userErrors`.
    Refused(Vec<Refusal>),
    /// Anything else: a top-level error.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Refuses for one reason.
pub fn refuse_with<T>(refusal: Refusal) -> Result<T, Stop> {
    Err(Stop::Refused(vec![refusal]))
}

/// Refuses if there is a reason to.
pub fn refuse_all(refusals: impl IntoIterator<Item = Option<Refusal>>) -> Result<(), Stop> {
    let refusals: Vec<_> = refusals.into_iter().flatten().collect();
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(Stop::Refused(refusals))
    }
}

/// Refuses an edit that was made on another version than the stored one; the input's field names the one.
pub fn refuse_unless_current(field: &str, expected: Option<i32>, stored: i32) -> Result<(), Stop> {
    let stale = expected.filter(|expected| *expected != stored);
    let refusal = |expected| {
        let message = format!(
            "It was edited in the meantime: yours is based on version {expected}, and version {stored} is stored. \
             Read it and edit again."
        );
        Refusal::at(Code::VersionConflict, field, message)
    };
    refuse_all([stale.map(refusal)])
}

/// Says which input field named what was not found.
pub trait At<T> {
    /// Turns `NOT_FOUND` into a refusal at this path.
    fn at(self, path: &str) -> Result<T, Stop>;
}

impl<T> At<T> for Result<T> {
    fn at(self, path: &str) -> Result<T, Stop> {
        self.map_err(|error| match error {
            Error::NotFound => Stop::Refused(vec![Refusal::not_found(path)]),
            error => Stop::Failed(error),
        })
    }
}

/// How a person comes into a write.
#[derive(Clone, Debug, Default)]
pub enum Entry {
    /// As an active member of the organisation.
    #[default]
    Member,
    /// As an active member, one such write at a time in an organisation: for what changes standings, so that nobody acts
    /// on a standing that another write is taking away, and no two wait for each other.
    MemberAlone,
    /// As the founder of the organisation, which comes into being; one such write at a time for a person.
    Founder,
    /// As somebody who is let in by an invitation, and has no standing before: what can be proven is the acceptance.
    Newcomer(Invited),
    /// As an operator of the platform, who has no standing: what can be proven is that they may ask.
    Operator,
    /// As somebody to whom it is proposed to link their account, member or not: what can be proven is the answer.
    Linking(Proposed),
}

/// What a mutation's transaction is about.
#[derive(Clone, Debug)]
pub struct Request {
    /// The mutation's name in GraphQL.
    pub mutation: &'static str,
    /// The organisation that it writes in.
    pub org: OrgId,
    /// How the person comes into it.
    pub entry: Entry,
    /// The client's key for sending the same request twice.
    pub idempotency_key: Option<String>,
    /// [Hash](Self::hash) of the input: the same key with another input is refused.
    pub input_hash: [u8; 32],
    /// The request's id, for the audit.
    pub request_id: String,
    /// The operation's statement counter.
    pub statements: Statements,
}

impl Request {
    /// Hashes a mutation's input. Its secrets do not print, so they are named beside it; a key of the service's own goes into the
    /// hash with them, so that nobody who reads it can try passwords on it. Where that key changes, it is another input.
    pub fn hash(
        keyring: &Keyring,
        input: &impl std::fmt::Debug,
        secrets: &[Option<&Secret<String>>],
    ) -> [u8; 32] {
        let printed = format!("{input:?}");
        if secrets.is_empty() {
            return Sha256::digest(printed).into();
        }
        let exposed: Vec<Option<&String>> = secrets.iter().map(|secret| secret.map(Secret::expose)).collect();
        keyring.mac(Use::RequestSecrets, format!("{exposed:?} {printed}").as_bytes())
    }
}

/// A write in progress: the gate, and what it leaves behind.
pub struct Write<'tx> {
    /// Decisions and the connection.
    pub gate: Gate<'tx>,
    /// The node.
    pub app: &'tx App,
    /// The person who writes, in a session of theirs; nobody where the service itself does, or an app.
    pub user: Option<UserId>,
    happenings: Happenings,
    stale: &'tx Mutex<Vec<Stale>>,
}

impl Write<'_> {
    /// Notes what happened, for audit and outbox.
    #[expect(clippy::needless_pass_by_value, reason = "callers give keys, which are small")]
    pub fn happened(&self, kind: &'static str, subject: impl ToString, detail: Value) {
        self.happenings.note(kind, &subject, detail);
    }

    /// Notes a copy that is stale once this is committed.
    pub fn outdates(&self, stale: Stale) {
        self.stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(stale);
    }
}

/// The outcome of a mutation: the keys of what it made or changed, or what the user can correct.
pub type Outcome<T> = Result<std::result::Result<T, Vec<Refusal>>>;

/// What a mutation's work answers: the keys of what it made or changed.
pub type Done<'w, T> = BoxFuture<'w, std::result::Result<T, Stop>>;

/// Runs a person's mutation.
pub async fn mutate<T, F>(app: &Arc<App>, viewer: &Viewer, request: Request, work: F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send + 'static,
{
    let person = viewer.person().ok_or(Error::Unauthenticated)?;
    step_up::check(person, request.mutation, app.clock.now())?;
    if !matches!(request.entry, Entry::Member | Entry::MemberAlone) {
        person.credential.session()?;
    }
    if !person.credential.opens(request.org) {
        return Err(Error::NotFound);
    }
    let (app, person) = (app.clone(), person.clone());
    tokio::spawn(async move { run(&app, Some(&person), request, work).await })
        .await
        .map_err(Error::internal)?
}

/// Runs a write of the service itself.
pub async fn by_system<T, F>(app: &Arc<App>, org: OrgId, task: &'static str, work: F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send + 'static,
{
    let request = Request {
        mutation: task,
        org,
        entry: Entry::default(),
        idempotency_key: None,
        input_hash: [0; 32],
        request_id: format!("{task}-{}", app.clock.uuid()),
        statements: Statements::default(),
    };
    let app = app.clone();
    tokio::spawn(async move { run(&app, None, request, work).await })
        .await
        .map_err(Error::internal)?
}

/// What has more to write than a mutation usually has: as many rows as there are.
const LONG: &[&str] = &["courseImport", "quizRegrade"];

/// Runs a write within its time, then tells what it made stale.
async fn run<T, F>(app: &App, person: Option<&Standing>, request: Request, work: F) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send,
{
    let stale = Mutex::default();
    let is_long = person.is_none() || LONG.contains(&request.mutation);
    let written = write(app, person, request, work, &stale);
    // An import has more to write than a mutation, and nobody waits for its answer.
    let patience = app.db.write_patience() * if is_long { 20 } else { 1 };
    let outcome = tokio::time::timeout(patience, written).await;
    let outcome = outcome.unwrap_or(Err(Error::Unavailable));
    // Also after an error: it may have come between the commit and its answer.
    for stale in stale.into_inner().unwrap_or_else(PoisonError::into_inner) {
        app.announce(stale).await;
    }
    outcome
}

async fn write<T, F>(
    app: &App,
    person: Option<&Standing>,
    request: Request,
    work: F,
    stale: &Mutex<Vec<Stale>>,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send,
    F: for<'w> FnOnce(&'w Write<'w>) -> Done<'w, T> + Send,
{
    let user = person.map(|person| person.user);
    let scope = Scope {
        course: person.and_then(Standing::course_in_scope),
        ..Scope::one(person.and_then(Standing::account_in_scope), request.org)
    };
    let tx = Tx::begin(&app.db, &scope, &request.statements).await?;
    if matches!(request.entry, Entry::Founder) {
        alone(&tx, "founder ", user.map(|user| user.0).unwrap_or_default()).await?;
    }
    if let Some(known) = replay(&tx, user, &request).await? {
        tx.rollback().await?;
        return known;
    }
    let Some(actor) = actor(app, &tx, person, &request).await? else {
        tx.rollback().await?;
        return Err(Error::NotFound);
    };
    let write = Write {
        gate: Gate::new(tx.conn(), &app.policies, actor),
        app,
        user: scope.user,
        happenings: Happenings::default(),
        stale,
    };
    let done = work(&write).await;
    let support = write.gate.standing().and_then(OrgStanding::support);
    let happenings = write.happenings;
    let outcome = match done {
        Ok(outcome) => outcome,
        Err(Stop::Failed(error)) => {
            drop(tx.rollback().await);
            return Err(error);
        }
        Err(Stop::Refused(refusals)) => {
            tx.rollback().await?;
            return refuse(app, &scope, user, &request, refusals).await;
        }
    };
    let credential = person.map(|person| &person.credential);
    let happenings = happenings.take().into_iter();
    let happenings: Vec<_> = happenings
        .map(|happening| (app.clock.uuid(), happening.through(credential, support)))
        .collect();
    if !happenings.is_empty() {
        records::insert(tx.conn(), request.org, user, &request.request_id, &happenings).await?;
    }
    if let Err(error) = remember(&tx, user, &request, json!({ "done": &outcome })).await {
        // First give the connection back: every request with this key would wait for one more.
        drop(tx.rollback().await);
        return concurrent(app, &scope, user, &request, error).await;
    }
    tx.commit().await?;
    Ok(Ok(outcome))
}

/// Who acts; nobody where the person has no place in this organisation.
async fn actor(app: &App, tx: &Tx, person: Option<&Standing>, request: &Request) -> Result<Option<Actor>> {
    let Some(person) = person else {
        return Ok(Some(Actor::System(request.org)));
    };
    match &request.entry {
        Entry::Member => {}
        Entry::MemberAlone => alone(tx, "owners of ", request.org.0).await?,
        Entry::Founder => return Ok(Some(Actor::Founder(request.org))),
        Entry::Newcomer(invited) if invited.key().org == request.org => {
            if invited.is_closing {
                return Err(Error::Closing);
            }
            return Ok(Some(Actor::Newcomer(Pass::Invitation(invited.key()))));
        }
        Entry::Operator => {
            let is_operator = is_operator(tx, person.user).await?;
            return Ok(is_operator.then_some(Actor::Operator(request.org)));
        }
        Entry::Linking(proposed) if proposed.key().org == request.org => {
            if is_closing(tx, request.org).await? {
                return Err(Error::Closing);
            }
            return Ok(Some(Actor::Newcomer(Pass::AccountLink(proposed.key()))));
        }
        Entry::Newcomer(_) | Entry::Linking(_) => return Ok(None),
    }
    let Some((standing, is_closing)) = standing(tx, request.org, person.user).await? else {
        return Ok(None);
    };
    if is_closing && !WHILE_CLOSING.contains(&request.mutation) {
        return Err(Error::Closing);
    }
    if standing.is_over(app.clock.now()) {
        return Ok(None);
    }
    let standing = Arc::new(person.credential.narrow(standing));
    Ok(Some(Actor::Member(app.with_policies(&standing).await?)))
}

/// Whether somebody is an operator of the platform.
async fn is_operator(tx: &Tx, user: UserId) -> Result<bool> {
    let found = Statement::<Bool>::new("select exists (select from operators where user_id = ?)");
    Ok(found.bind::<SqlUuid, _>(user).get_result(&mut tx.conn()).await?)
}

/// Whether an organisation is about to be deleted.
async fn is_closing(tx: &Tx, org: OrgId) -> Result<bool> {
    let closing =
        Statement::<Untyped>::new("select from organizations where id = ? and deletes_at is not null");
    let closing = closing.bind::<SqlUuid, _>(org).execute(&mut tx.conn()).await?;
    Ok(closing > 0)
}

/// What members may still do in an organisation that is about to be deleted.
const WHILE_CLOSING: &[&str] = &["organizationDeletionCancel", "membershipLeave"];

/// Waits until no other write is in this place.
async fn alone(tx: &Tx, place: &'static str, id: Uuid) -> Result<()> {
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended(? || ?::uuid, 0))")
        .bind::<Text, _>(place)
        .bind::<SqlUuid, _>(id)
        .execute(&mut tx.conn())
        .await?;
    Ok(())
}

type StandingRow = (MemberId, String, String, Value, Option<i32>, bool, SupportColumns);
type SupportTypes = (Nullable<SqlUuid>, Nullable<Array<Text>>, Nullable<Timestamptz>);
type StandingTypes = (SqlUuid, Text, Text, Jsonb, Nullable<Integer>, Bool, SupportTypes);

/// The actor's standing as this transaction sees it, held until it ends.
async fn standing(tx: &Tx, org: OrgId, user: UserId) -> Result<Option<(OrgStanding, bool)>> {
    let row: Option<StandingRow> = Statement::<StandingTypes>::new(
        "select m.id, o.slug, r.slug, r.grants, (select max(p.number) from policy_revisions p where p.org_id = m.org_id), \
         o.deletes_at is not null, m.support_grant_id, m.support_scopes, m.support_until from memberships m \
         join roles r on r.org_id = m.org_id and r.id = m.role_id join organizations o on o.id = m.org_id \
         where m.org_id = ? and m.user_id = ? and m.state = 'active' for share of m",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(user)
    .get_result(&mut tx.conn())
    .await
    .optional()?;
    Ok(row.map(
        |(member, org_slug, role, grants, policy_number, is_closing, support)| {
            let standing =
                OrgStanding::new(MemberKey::new(org, member), org_slug, role, &grants).by_grant(support);
            (standing.under(policy_number.into()), is_closing)
        },
    ))
}

/// The outcome that this key already had.
async fn replay<T: DeserializeOwned>(
    tx: &Tx,
    user: Option<UserId>,
    request: &Request,
) -> Result<Option<Outcome<T>>> {
    let (Some(key), Some(user)) = (&request.idempotency_key, user) else {
        return Ok(None);
    };
    let known: Option<(Vec<u8>, Value)> = idempotency_records::table
        .find((request.org.0, user.0, request.mutation, key))
        .select((idempotency_records::input_hash, idempotency_records::outcome))
        .first(&mut tx.conn())
        .await
        .optional()?;
    let Some((input_hash, outcome)) = known else {
        return Ok(None);
    };
    if input_hash != request.input_hash {
        let message = "This key was used with another input. Send the first input again, or a new key.";
        return Ok(Some(Ok(Err(vec![Refusal::at(
            Code::IdempotencyMismatch,
            "idempotencyKey",
            message,
        )]))));
    }
    let outcome = match outcome.get("refused") {
        Some(refused) => Err(serde_json::from_value(refused.clone()).map_err(Error::internal)?),
        None => Ok(serde_json::from_value(outcome["done"].clone()).map_err(Error::internal)?),
    };
    Ok(Some(Ok(outcome)))
}

async fn remember(tx: &Tx, user: Option<UserId>, request: &Request, outcome: Value) -> QueryResult<()> {
    let (Some(key), Some(user)) = (&request.idempotency_key, user) else {
        return Ok(());
    };
    diesel::insert_into(idempotency_records::table)
        .values((
            idempotency_records::org_id.eq(request.org),
            idempotency_records::actor_id.eq(user),
            idempotency_records::mutation.eq(request.mutation),
            idempotency_records::key.eq(key),
            idempotency_records::input_hash.eq(request.input_hash.to_vec()),
            idempotency_records::outcome.eq(outcome),
        ))
        .execute(&mut tx.conn())
        .await
        .map(|_| ())
}

/// Remembers a refusal under its key, in a transaction that changes nothing else.
async fn refuse<T: DeserializeOwned>(
    app: &App,
    scope: &Scope,
    user: Option<UserId>,
    request: &Request,
    refusals: Vec<Refusal>,
) -> Outcome<T> {
    if request.idempotency_key.is_none() {
        return Ok(Err(refusals));
    }
    let tx = Tx::begin(&app.db, scope, &request.statements).await?;
    if let Err(error) = remember(&tx, user, request, json!({ "refused": &refusals })).await {
        drop(tx.rollback().await);
        return concurrent(app, scope, user, request, error).await;
    }
    tx.commit().await?;
    Ok(Err(refusals))
}

/// Another request with the same key was faster: its outcome is this one's too, and this one's effect is undone.
async fn concurrent<T: DeserializeOwned>(
    app: &App,
    scope: &Scope,
    user: Option<UserId>,
    request: &Request,
    error: diesel::result::Error,
) -> Outcome<T> {
    if violated(&error) != Some("idempotency_records_pkey") {
        return Err(error.into());
    }
    let tx = Tx::begin(&app.db, scope, &request.statements).await?;
    let known = replay(&tx, user, request).await?;
    tx.rollback().await?;
    known.ok_or(Error::Unavailable)?
}
