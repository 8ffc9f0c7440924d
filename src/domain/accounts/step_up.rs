//! Stepping up: a fresh proof of who one is, for what is sensitive.

use super::events::SecurityEventKind;
use super::sign_in::note_failure;
use super::write::{AccountRequest, AccountWrite, write_own};
use crate::auth::standing::Standing;
use crate::db::pool::Statements;
use crate::db::schema::users;
use crate::db::{Scope, Statement, Tx};
use crate::domain::app::App;
use crate::domain::mutate::{Outcome, Stop};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Marks the session as proven by the account's password; gives when that was.
pub async fn step_up(
    app: &Arc<App>,
    standing: &Standing,
    password: Secret<String>,
    request: AccountRequest,
) -> Outcome<DateTime<Utc>> {
    if !is_password_of(app, standing.user, password).await? {
        note_failure(app, standing.user, SecurityEventKind::StepUpFailed, request);
        let message = "This is not your password. Check it and try again.";
        return Ok(Err(vec![Refusal::at(
            Code::WrongCredentials,
            "password",
            message,
        )]));
    }
    write_own(app, standing, request, |write| Box::pin(mark(write))).await
}

/// Whether this is the person's password.
pub(super) async fn is_password_of(app: &App, user: UserId, password: Secret<String>) -> Result<bool> {
    let scope = Scope {
        user: Some(user),
        orgs: Vec::new(),
    };
    let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
    let stored = users::table.find(user.0).select(users::password_hash);
    let stored: Option<String> = tx
        .run(|mut conn| async move { stored.first(&mut conn).await.optional() })
        .await?;
    tx.rollback().await?;
    app.passwords.verify(password, stored).await
}

async fn mark(write: &AccountWrite<'_>) -> Result<DateTime<Utc>, Stop> {
    let now = write.app.clock.now();
    Statement::<Untyped>::new("update sessions set authenticated_at = ? where id = ?")
        .bind::<Timestamptz, _>(now)
        .bind::<Uuid, _>(write.session.ok_or(Error::Unauthenticated)?)
        .execute(&mut write.conn())
        .await?;
    write.happened(SecurityEventKind::SteppedUp);
    write.outdates_standing();
    Ok(now)
}
