//! Registering.

use super::guardians;
use super::throttle::{Trying, attempt};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::db::schema::users;
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::email::{address, is_plain};
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
    /// Under 13: a parent or guardian is to consent to their account.
    Under13,
    /// 13 or older.
    AtLeast13,
}

impl AgeAttestation {
    /// Refuses an account to who comes by a provider and says that they are under 13: no parent or guardian could be asked.
    pub fn fault_of(said: Option<Self>) -> Option<Refusal> {
        let message = "Whoever is under 13 gets no account by a provider: use `register`, and give the address of a parent or guardian as \
            `guardianEmail`. Nothing of what you sent was stored.";
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
    /// The address of a parent or guardian, as it was written.
    pub guardian_email: Option<String>,
}

/// Makes an account whose address is not verified yet, and mails to the address: how to verify it, or that it has an account.
/// Nothing else tells whether it had one. The account of somebody under 13 waits for their guardian, who is asked by mail.
pub async fn register(app: &Arc<App>, registration: Registration, request: AccountRequest) -> Outcome<()> {
    let guardian = guardian_of(&registration);
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
    let (names, email, guardian) = match (first_name, last_name, email, password, guardian) {
        (Ok(first_name), Ok(last_name), Ok(email), Ok(()), Ok(guardian)) => {
            ((first_name, last_name), email, guardian)
        }
        (first_name, last_name, email, password, guardian) => {
            let of_person = [first_name.err(), last_name.err(), email.err()];
            let faults = of_person.into_iter().chain([password.err(), guardian.err()]);
            return Ok(Err(faults.flatten().collect()));
        }
    };
    let network = request.origin.network();
    let tried = attempt(app, Trying::Mail, &email, network).await?;
    if let Some(guardian) = &guardian
        && let Err(error) = attempt(app, Trying::Mail, guardian, network).await
    {
        tried.withdrawn(app).await;
        return Err(error);
    }
    let hash = app.passwords.hash(registration.password).await?;
    let attested_at = AgeAttestation::attested_at(registration.age, app.clock.now());
    write_proven(app, UserId(app.clock.uuid()), request, move |write| {
        Box::pin(async move { insert(write, (email, guardian), names, hash, attested_at).await })
    })
    .await
}

/// The address of the parent or guardian who is to be asked: of somebody under 13, and of nobody else.
fn guardian_of(registration: &Registration) -> Result<Option<String>, Refusal> {
    let is_child = registration.age == Some(AgeAttestation::Under13);
    let Some(guardian) = &registration.guardian_email else {
        let message = "Whoever is under 13 has an account with the consent of a parent or guardian alone: give the address of one as \
            `guardianEmail`, to ask them. Nothing of what you sent was stored.";
        let refusal = Refusal::at(Code::UnderAge, "ageAttestation", message);
        return if is_child { Err(refusal) } else { Ok(None) };
    };
    let (guardian, child) = (address(guardian), address(&registration.email));
    let (path, message) = match (is_child, &guardian) {
        (false, _) => (
            "guardianEmail",
            "A parent or guardian is asked for somebody under 13 alone: leave this out.",
        ),
        (true, None) => ("guardianEmail", "This is no email address."),
        (true, Some(_)) if guardian == child => ("guardianEmail", "This is your own address."),
        // The mail to the guardian names it.
        (true, Some(_)) if child.is_some_and(|child| !is_plain(&child)) => (
            "email",
            "The address of a child has letters, digits, dots, `_`, `-` and `+` alone.",
        ),
        (true, Some(_)) => return Ok(guardian),
    };
    Err(Refusal::at(Code::Invalid, path, message))
}

async fn insert(
    write: &AccountWrite<'_>,
    (email, guardian): (String, Option<String>),
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
    let mut posted = vec![Mail::new(write.app.clock.uuid(), template, email)];
    if let Some(guardian) = guardian
        && guardians::wait(write, &guardian).await?
    {
        let id = write.app.clock.uuid();
        posted.push(Mail::new(id, Template::GuardianConsent, guardian));
    }
    mails::post(write.conn(), user, &posted).await?;
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
