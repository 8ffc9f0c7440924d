//! Stepping up: a fresh proof of who one is, for what is sensitive.

use super::events::SecurityEventKind;
use super::person::{Person, wrong_password};
use super::second_factor::{self, FactorProof, accept, is_confirmed, may_try, wrong};
use super::sign_in::note_failure;
use super::throttle::{Trying, attempt};
use super::write::{AccountRequest, AccountWrite, write_own};
use crate::auth::standing::Standing;
use crate::db::Statement;
use crate::domain::app::App;
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Marks the session as proven by a code of the second factor; gives when that was.
pub async fn step_up_by_code(
    app: &Arc<App>,
    standing: &Standing,
    proof: FactorProof,
    request: AccountRequest,
) -> Outcome<DateTime<Utc>> {
    let tried = may_try(app, standing.user, &request.origin).await?;
    let failed = request.clone();
    let done = write_own(app, standing, request, move |write| {
        Box::pin(async move {
            if !accept(write, &proof).await? {
                return refuse_with(wrong("code"));
            }
            mark(write).await
        })
    });
    let outcome = done.await?;
    if outcome.is_ok() {
        tried.succeeded(app).await;
    } else {
        note_failure(app, standing.user, SecurityEventKind::StepUpFailed, failed);
    }
    Ok(outcome)
}

/// Marks the session as proven by the account's password; gives when that was. Where there is a second factor a password
/// proves too little: whoever learnt it could remove the factor with it.
pub async fn step_up(
    app: &Arc<App>,
    standing: &Standing,
    password: Secret<String>,
    request: AccountRequest,
) -> Outcome<DateTime<Utc>> {
    if second_factor::exists(app, standing.user).await? {
        return Ok(Err(vec![takes_a_code()]));
    }
    let person = Person::read(app, standing.user).await?;
    let tried = attempt(app, Trying::Proof, &person.email, request.origin.network()).await?;
    if !person.has_password(app, password).await? {
        note_failure(app, standing.user, SecurityEventKind::StepUpFailed, request);
        return Ok(Err(vec![wrong_password("password")]));
    }
    tried.succeeded(app).await;
    write_own(app, standing, request, move |write| {
        Box::pin(async move {
            if is_confirmed(write).await? {
                return refuse_with(takes_a_code());
            }
            if !person.keeps_password(write.conn(), write.user).await? {
                return refuse_with(wrong_password("password"));
            }
            mark(write).await
        })
    })
    .await
}

fn takes_a_code() -> Refusal {
    let message = "You have a second factor: give a code of it, or a recovery code.";
    Refusal::at(Code::Invalid, "password", message)
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
