//! The consent of a child's parent or guardian, without which the account opens to nobody and is deleted. Tables: `guardian_consents`,
//! `account_deletions`.
//!
//! An account waits from its making until the guardian answers. That no session opens meanwhile is for a trigger to see to, whoever
//! would open it.

use super::events::SecurityEventKind;
use super::person::Person;
use super::tokens::{Purpose, invalid, owner, spend};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::db::pool::Statements;
use crate::db::schema::guardian_consents;
use crate::db::{Batch, Conn, Scope, Statement, Tx};
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::origin::Origin;
use crate::kernel::secret::{Token, TokenKind};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// For how long an account waits.
const CONSENT_DAYS: i64 = 7;

/// The constraint that a session of an account that waits violates.
pub const AWAITED: &str = "sessions_guardian_consent";

text_enum! {
    /// Why an account was deleted.
    AccountDeletionReason {
        /// Its person is under 13, and no parent or guardian consented.
        Minor = "minor",
    }
}

/// That an account was deleted, with everything of it. Nothing is kept of whose it was. Cost: 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, SimpleObject)]
pub struct AccountDeletion {
    /// Why. Cost: 1.
    pub reason: AccountDeletionReason,
    /// When. Cost: 1.
    pub deleted_at: DateTime<Utc>,
}

/// That your parent or guardian consented to your account.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct GuardianConsent {
    /// When they consented. Cost: 1.
    pub given_at: DateTime<Utc>,
}

/// The consent to a person's account; nothing where none was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GuardianConsentOf(pub UserId);

impl Batch for GuardianConsentOf {
    type Value = GuardianConsent;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let users: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<(UserId, Option<DateTime<Utc>>)> = guardian_consents::table
            .filter(guardian_consents::user_id.eq_any(users))
            .select((guardian_consents::user_id, guardian_consents::given_at))
            .load(&mut conn)
            .await?;
        let given = |(user, given_at): (UserId, Option<DateTime<Utc>>)| {
            let given_at = given_at?;
            Some((Self(user), GuardianConsent { given_at }))
        };
        Ok(rows.into_iter().filter_map(given).collect())
    }
}

/// What a guardian is asked about.
#[derive(Clone, Debug, QueryableByName)]
pub struct Awaited {
    /// The address of the account that waits.
    #[diesel(sql_type = Text)]
    pub child: String,
    /// Until when it does.
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
}

/// What the guardian of a person is asked about; nothing where they have consented.
pub async fn awaited(app: &App, user: UserId) -> Result<Option<Awaited>> {
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
    let find = Statement::<Untyped>::new(
        "select u.email as child, g.expires_at from guardian_consents g join users u on u.id = g.user_id \
         where g.user_id = ? and g.given_at is null",
    )
    .bind::<Uuid, _>(user);
    let awaited = tx
        .run(|mut conn| async move { find.get_result(&mut conn).await.optional() })
        .await?;
    tx.rollback().await?;
    Ok(awaited)
}

/// Lets the account of a write wait for the consent of a guardian, if that account was made; tells whether it does. It takes the same
/// work where it was not.
pub(super) async fn wait(write: &AccountWrite<'_>, guardian: &str) -> QueryResult<bool> {
    let now = write.app.clock.now();
    let waits = Statement::<Untyped>::new(
        "insert into guardian_consents (user_id, email, asked_at, expires_at) select u.id, ?, ?, ? from users u where u.id = ?",
    )
    .bind::<Text, _>(guardian.to_owned())
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(now + TimeDelta::days(CONSENT_DAYS))
    .bind::<Uuid, _>(write.user)
    .execute(&mut write.conn())
    .await?;
    Ok(waits == 1)
}

/// Refuses to let anybody in to an account that waits. Only who has proven that it is theirs is told so.
pub(super) fn consent_required() -> Refusal {
    let message = "Your parent or guardian is to consent to this account first: they were asked by mail. Nobody signs in to it until they do.";
    Refusal::whole(Code::GuardianConsentRequired, message)
}

/// Gives the consent: from now on the person can sign in, which a mail tells them. Where the guardian was when they did is not kept.
pub async fn give(app: &Arc<App>, token: &str, request: AccountRequest) -> Outcome<()> {
    let request = AccountRequest {
        origin: Origin::default(),
        ..request
    };
    let Some((token, user)) = owner(&app.db, TokenKind::GuardianConsent, token).await? else {
        return Ok(Err(vec![invalid("token")]));
    };
    write_proven(app, user, request, move |write| {
        Box::pin(async move {
            answer(write, &token).await?;
            consent(write).await
        })
    })
    .await
}

/// Refuses the consent: the account is deleted.
pub async fn refuse(app: &Arc<App>, token: &str, request: AccountRequest) -> Outcome<AccountDeletion> {
    let Some((token, user)) = owner(&app.db, TokenKind::GuardianConsent, token).await? else {
        return Ok(Err(vec![invalid("token")]));
    };
    write_proven(app, user, request, move |write| {
        Box::pin(async move {
            answer(write, &token).await?;
            match delete(write).await? {
                Some(deletion) => Ok(deletion),
                None => refuse_with(invalid("token")),
            }
        })
    })
    .await
}

/// Uses up the token of a guardian.
async fn answer(write: &AccountWrite<'_>, token: &Token) -> Result<(), Stop> {
    let spent = spend(write, token, "token").await?;
    if spent.purpose != Purpose::GuardianConsent {
        return refuse_with(invalid("token"));
    }
    Ok(())
}

async fn consent(write: &AccountWrite<'_>) -> Result<(), Stop> {
    let given = Statement::<Untyped>::new(
        "update guardian_consents set given_at = ? where user_id = ? and given_at is null",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Uuid, _>(write.user)
    .execute(&mut write.conn())
    .await?;
    if given == 0 {
        return refuse_with(invalid("token"));
    }
    write.happened(SecurityEventKind::GuardianConsented);
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    let id = write.app.clock.uuid();
    let mail = Mail::new(id, Template::GuardianConsented, person.email);
    mails::post(write.conn(), Some(write.user), &[mail]).await?;
    Ok(())
}

/// Persons whose guardian has not answered in time, up to so many.
pub async fn due(app: &App, most: i32) -> Result<Vec<UserId>> {
    let door = Statement::<Uuid>::new("select user_id from door.due_guardian_consents(?, ?)")
        .bind::<Timestamptz, _>(app.clock.now())
        .bind::<Integer, _>(most);
    app.db.door(door).await
}

/// Deletes the account of such a person. False where somebody else has, or the guardian was faster.
pub async fn delete_unanswered(app: &Arc<App>, user: UserId) -> Outcome<bool> {
    write_proven(app, user, AccountRequest::default(), |write| {
        Box::pin(async move { Ok(delete(write).await?.is_some()) })
    })
    .await
}

/// Deletes the account of a write with everything of it, which a mail tells its address; nothing where it does not wait.
async fn delete(write: &AccountWrite<'_>) -> Result<Option<AccountDeletion>> {
    let (clock, deleted_at) = (&write.app.clock, write.app.clock.now());
    let door = Statement::<Text>::new("select email from door.delete_waiting_account(?, ?, ?)")
        .bind::<Uuid, _>(write.user)
        .bind::<Uuid, _>(clock.uuid())
        .bind::<Timestamptz, _>(deleted_at);
    let email: Option<String> = door.get_result(&mut write.conn()).await.optional()?;
    let Some(email) = email else { return Ok(None) };
    let mail = Mail::new(clock.uuid(), Template::AccountDeleted, email);
    mails::post(write.conn(), None, &[mail]).await?;
    let reason = AccountDeletionReason::Minor;
    Ok(Some(AccountDeletion { reason, deleted_at }))
}
