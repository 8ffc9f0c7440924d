//! Registering.

use super::throttle::{Trying, attempt};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::db::schema::users;
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::email::address;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::secret::Secret;
use async_graphql::Enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// How old somebody says that they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AgeAttestation {
    /// Under 13: they cannot have an account.
    Under13,
    /// 13 or older.
    AtLeast13,
}

impl AgeAttestation {
    /// Refuses who says that they are too young for an account.
    pub fn fault_of(said: Option<Self>) -> Option<Refusal> {
        let message = "Nobody under 13 can have an account. Nothing of what you sent was stored.";
        (said == Some(Self::Under13)).then(|| Refusal::at(Code::UnderAge, "ageAttestation", message))
    }

    /// When somebody said that they are old enough: now, if they do.
    pub fn attested_at(said: Option<Self>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        (said == Some(Self::AtLeast13)).then_some(now)
    }
}

/// Who wants an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The first name, as it was written.
    pub first_name: String,
    /// The last name, as it was written.
    pub last_name: String,
    /// The address, as it was written.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
    /// How old they say that they are, where they were asked.
    pub age: Option<AgeAttestation>,
}

/// Makes an account whose address is not verified yet, and mails to the address: how to verify it, or that it has an account.
/// Nothing else tells whether it had one.
pub async fn register(app: &Arc<App>, registration: Registration, request: AccountRequest) -> Outcome<()> {
    if let Some(refusal) = AgeAttestation::fault_of(registration.age) {
        return Ok(Err(vec![refusal]));
    }
    let (first_name, last_name) = (
        name(&registration.first_name, "firstName"),
        name(&registration.last_name, "lastName"),
    );
    let email = address(&registration.email)
        .ok_or_else(|| Refusal::at(Code::Invalid, "email", "This is no email address."));
    let about = [
        &registration.email,
        &registration.first_name,
        &registration.last_name,
    ]
    .map(String::as_str);
    let fault = app.passwords.fault(&registration.password, &about);
    let password = fault.map_or(Ok(()), |fault| {
        Err(Refusal::at(Code::WeakPassword, "password", fault))
    });
    let (first_name, last_name, email) = match (first_name, last_name, email, password) {
        (Ok(first_name), Ok(last_name), Ok(email), Ok(())) => (first_name, last_name, email),
        (first_name, last_name, email, password) => {
            let faults = [first_name.err(), last_name.err(), email.err(), password.err()];
            return Ok(Err(faults.into_iter().flatten().collect()));
        }
    };
    attempt(app, Trying::Mail, &email, request.origin.network()).await?;
    let hash = app.passwords.hash(registration.password).await?;
    let attested_at = AgeAttestation::attested_at(registration.age, app.clock.now());
    write_proven(app, UserId(app.clock.uuid()), request, move |write| {
        Box::pin(async move { insert(write, email, (first_name, last_name), hash, attested_at).await })
    })
    .await
}

async fn insert(
    write: &AccountWrite<'_>,
    email: String,
    (first_name, last_name): (String, String),
    hash: String,
    attested_at: Option<DateTime<Utc>>,
) -> Result<(), Stop> {
    let made = diesel::insert_into(users::table)
        .values((
            users::id.eq(write.user),
            users::email.eq(&email),
            users::first_name.eq(first_name),
            users::last_name.eq(last_name),
            users::password_hash.eq(hash),
            users::age_attested_at.eq(attested_at),
        ))
        .on_conflict_do_nothing()
        .execute(&mut write.conn())
        .await?;
    let (user, template) = if made == 1 {
        (Some(write.user), Template::VerifyEmail)
    } else {
        (None, Template::AccountExists)
    };
    let mail = Mail::new(write.app.clock.uuid(), template, email);
    mails::post(write.conn(), user, &[mail]).await?;
    Ok(())
}

/// Reads a name of a person.
pub fn name(text: &str, path: &str) -> Result<String, Refusal> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        let message = "A name has 1 to 100 characters.";
        return Err(Refusal::at(Code::Invalid, path, message));
    }
    Ok(name.to_owned())
}
