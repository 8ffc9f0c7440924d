//! An account's address: verifying it, and changing it.

use super::events::SecurityEventKind;
use super::notices::notify;
use super::person::Person;
use super::throttle::{Trying, attempt};
use super::tokens::{self, Purpose, invalid, owner, spend};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::db::Statement;
use crate::db::error::violated;
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::secret::TokenKind;
use diesel::sql_types::{Text, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Verifies the address that a token was sent to; where it is to be another account's address from now on, it becomes it.
pub async fn verify(app: &Arc<App>, token: &str, request: AccountRequest) -> Outcome<()> {
    let Some((token, user)) = owner(&app.db, TokenKind::EmailVerification, token).await? else {
        return Ok(Err(vec![invalid("token")]));
    };
    write_proven(app, user, request, move |write| {
        Box::pin(async move {
            let spent = spend(write, &token, "token").await?;
            match (spent.purpose, spent.email) {
                (Purpose::VerifyEmail, Some(email)) => confirm(write, &email).await,
                (Purpose::ChangeEmail, Some(email)) => replace(write, email).await,
                _ => refuse_with(invalid("token")),
            }
        })
    })
    .await
}

/// Marks the account's address as verified, unless it is another one by now.
async fn confirm(write: &AccountWrite<'_>, email: &str) -> Result<(), Stop> {
    if !mark_verified(write, email).await? {
        return refuse_with(invalid("token"));
    }
    write.happened(SecurityEventKind::EmailVerified);
    Ok(())
}

/// Marks an address as verified if it is the account's, and tells whether it is.
pub(super) async fn mark_verified(write: &AccountWrite<'_>, email: &str) -> Result<bool> {
    let marked = Statement::<Untyped>::new(
        "update users set email_verified_at = coalesce(email_verified_at, ?) where id = ? and email = ?",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Uuid, _>(write.user)
    .bind::<Text, _>(email.to_owned())
    .execute(&mut write.conn())
    .await?;
    Ok(marked == 1)
}

async fn replace(write: &AccountWrite<'_>, email: String) -> Result<(), Stop> {
    let former = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    let changed = Statement::<Untyped>::new("update users set email = ?, email_verified_at = ? where id = ?")
        .bind::<Text, _>(email)
        .bind::<Timestamptz, _>(write.app.clock.now())
        .bind::<Uuid, _>(write.user)
        .execute(&mut write.conn())
        .await;
    if let Err(error) = changed {
        if violated(&error) == Some("users_email_key") {
            let message = "Another account has this address by now.";
            return refuse_with(Refusal::at(Code::Taken, "token", message));
        }
        return Err(error.into());
    }
    // What was sent to the former address proves nothing any more.
    tokens::withdraw(write, &[Purpose::VerifyEmail, Purpose::ResetPassword]).await?;
    let event = SecurityEventKind::EmailChanged;
    write.happened(event);
    notify(write, former.email, event).await
}

/// Lets the token that verifies the account's address be mailed again.
pub async fn send_verification(write: &AccountWrite<'_>) -> Result<(), Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    if person.email_verified_at.is_some() {
        let message = "Your address is verified already.";
        return refuse_with(Refusal::whole(Code::InvalidState, message));
    }
    let mail = Mail::new(write.app.clock.uuid(), Template::VerifyEmail, person.email);
    mails::post(write.conn(), Some(write.user), &[mail]).await?;
    Ok(())
}

/// Lets a token be mailed to an address that is to be the account's. Whether it is another account's shows in that mail
/// alone.
pub async fn change(write: &AccountWrite<'_>, email: String) -> Result<(), Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    if person.email == email {
        let message = "This is your address already.";
        return refuse_with(Refusal::at(Code::InvalidState, "email", message));
    }
    let mail = Mail::new(write.app.clock.uuid(), Template::ChangeEmail, email);
    mails::post(write.conn(), Some(write.user), &[mail]).await?;
    Ok(())
}

/// Lets a mail be sent to an address, or says when the next one may be.
pub async fn may_mail(app: &App, email: &str, network: &str) -> Result<()> {
    attempt(app, Trying::Mail, email, network).await.map(drop)
}
