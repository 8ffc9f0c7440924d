//! Changing and resetting the password.

use super::addresses::mark_verified;
use super::events::SecurityEventKind;
use super::identities::unlink_unproven;
use super::notices::notify;
use super::person::{Person, wrong_password};
use super::sessions::{Ending, revoke};
use super::sign_in::note_failure;
use super::throttle::{Trying, attempt};
use super::tokens::{self, Purpose, invalid, owner, spend};
use super::write::{AccountRequest, AccountWrite, write_own, write_proven};
use crate::auth::standing::Standing;
use crate::auth::step_up;
use crate::db::pool::Statements;
use crate::db::schema::users;
use crate::db::{Scope, Tx};
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::email::address;
use crate::kernel::error::{Error, Result};
use crate::kernel::secret::{Secret, TokenKind};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Changes the password of the person who asks, who gives the present one or has stepped up; ends their other sessions.
pub async fn change(
    app: &Arc<App>,
    standing: &Standing,
    current: Option<Secret<String>>,
    new: Secret<String>,
    request: AccountRequest,
) -> Outcome<()> {
    let person = Person::read(app, standing.user).await?;
    let rests_on_former = current.is_some();
    match current {
        None => step_up::demand(standing, app.clock.now())?,
        Some(current) => {
            let network = request.origin.network();
            let tried = attempt(app, Trying::Proof, &person.email, network).await?;
            if !person.has_password(app, current).await? {
                note_failure(app, standing.user, SecurityEventKind::StepUpFailed, request);
                return Ok(Err(vec![wrong_password("currentPassword")]));
            }
            tried.succeeded(app).await;
        }
    }
    if let Some(fault) = app.passwords.fault(&new, &person.words()) {
        return Ok(Err(vec![Refusal::at(Code::WeakPassword, "newPassword", fault)]));
    }
    let hash = app.passwords.hash(new).await?;
    let session = standing.credential.session()?;
    write_own(app, standing, request, move |write| {
        Box::pin(async move {
            if rests_on_former && !person.keeps_password(write.conn(), write.user).await? {
                return refuse_with(wrong_password("currentPassword"));
            }
            store(write, hash).await?;
            revoke(write, Ending::Others(session)).await?;
            tell(write, SecurityEventKind::PasswordChanged).await
        })
    })
    .await
}

/// Lets a token for a new password be mailed to an address, if it has an account: which shows neither here nor in how long
/// this takes, since whoever delivers the mail looks.
pub async fn request_reset(app: &Arc<App>, email: &str, request: AccountRequest) -> Outcome<()> {
    let Some(email) = address(email) else {
        let refusal = Refusal::at(Code::Invalid, "email", "This is no email address.");
        return Ok(Err(vec![refusal]));
    };
    attempt(app, Trying::Mail, &email, request.origin.network()).await?;
    let mail = Mail::new(app.clock.uuid(), Template::ResetPassword, email);
    let app = app.clone();
    let post = async move {
        let tx = Tx::begin(&app.db, &Scope::default(), &Statements::default()).await?;
        tx.run(|conn| mails::post(conn, None, std::slice::from_ref(&mail)))
            .await?;
        tx.commit().await
    };
    tokio::spawn(post).await.map_err(Error::internal)??;
    Ok(Ok(()))
}

/// Sets a new password for whoever has the token that was mailed; ends all sessions.
pub async fn reset(app: &Arc<App>, token: &str, new: Secret<String>, request: AccountRequest) -> Outcome<()> {
    let Some((token, user)) = owner(&app.db, TokenKind::PasswordReset, token).await? else {
        return Ok(Err(vec![invalid("token")]));
    };
    let person = Person::read(app, user).await?;
    if let Some(fault) = app.passwords.fault(&new, &person.words()) {
        return Ok(Err(vec![Refusal::at(Code::WeakPassword, "newPassword", fault)]));
    }
    let hash = app.passwords.hash(new).await?;
    write_proven(app, user, request, move |write| {
        Box::pin(async move {
            let spent = spend(write, &token, "token").await?;
            let email = spent.email.unwrap_or_default();
            let was_verified = person.email_verified_at.is_some();
            if spent.purpose != Purpose::ResetPassword || !mark_verified(write, &email).await? {
                return refuse_with(invalid("token"));
            }
            if !was_verified {
                unlink_unproven(write).await?;
            }
            store(write, hash).await?;
            revoke(write, Ending::All).await?;
            tell(write, SecurityEventKind::PasswordReset).await
        })
    })
    .await
}

/// Stores a password, and makes useless what was begun with the former.
pub(super) async fn store(write: &AccountWrite<'_>, hash: String) -> Result<(), Stop> {
    diesel::update(users::table.find(write.user.0))
        .set(users::password_hash.eq(hash))
        .execute(&mut write.conn())
        .await?;
    let begun = [Purpose::ResetPassword, Purpose::ChangeEmail, Purpose::SignIn];
    Ok(tokens::withdraw(write, &begun).await?)
}

async fn tell(write: &AccountWrite<'_>, event: SecurityEventKind) -> Result<(), Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    write.happened(event);
    notify(write, person.email, event).await
}
