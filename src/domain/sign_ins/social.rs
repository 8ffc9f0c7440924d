//! What comes of a sign-in by a service that anybody may sign in by.

use super::attempt::{self, Completed, Purpose};
use crate::auth::providers::{Profile, SocialProvider};
use crate::auth::sign_in::account;
use crate::auth::standing::Standing;
use crate::db::schema::users;
use crate::domain::accounts::events::SecurityEventKind;
use crate::domain::accounts::identities::{link, owner, tell, touch};
use crate::domain::accounts::person::{NO_PASSWORD, Person};
use crate::domain::accounts::register::{AgeAttestation, name};
use crate::domain::accounts::sign_in::{SignedIn, enter};
use crate::domain::accounts::throttle::{Trying, attempt as try_to};
use crate::domain::accounts::tokens::invalid;
use crate::domain::accounts::write::{AccountRequest, AccountWrite, write_own, write_proven};
use crate::domain::app::App;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::sso;
use crate::kernel::email::address;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{IdentityId, SsoConnectionKey, UserId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::sync::Arc;

/// Completes a sign-in, by whatever provider it is.
pub async fn complete(
    app: &Arc<App>,
    (code, browser): (&str, &str),
    age: Option<AgeAttestation>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    match attempt::complete(app, code, browser, None).await? {
        Some(Completed {
            purpose: Purpose::SignIn(provider),
            profile,
        }) => sign_in(app, provider, profile, age, request).await,
        Some(Completed {
            purpose: Purpose::Organization(org, id),
            profile,
        }) => sso::sign_in(app, SsoConnectionKey::new(org, id), profile, request).await,
        _ => Ok(Err(vec![invalid("code")])),
    }
}

/// Completes the linking of a service to the account of the person who began it.
pub async fn complete_link(
    app: &Arc<App>,
    standing: &Standing,
    (code, browser): (&str, &str),
    request: AccountRequest,
) -> Outcome<IdentityId> {
    match attempt::complete(app, code, browser, Some(standing.user)).await? {
        Some(Completed {
            purpose: Purpose::Link(provider, _),
            profile,
        }) => {
            write_own(app, standing, request, move |write| {
                Box::pin(async move {
                    let id = link(write, provider, &profile).await?;
                    tell(write, SecurityEventKind::IdentityLinked).await?;
                    Ok(id)
                })
            })
            .await
        }
        _ => Ok(Err(vec![invalid("code")])),
    }
}

/// Signs in whom a service means: to the account that the identity is linked to, else to the account of the address, where both
/// sides have seen that it is theirs, else to a new one.
async fn sign_in(
    app: &Arc<App>,
    provider: SocialProvider,
    profile: Profile,
    age: Option<AgeAttestation>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    if let Some(user) = owner(&app.db, &profile).await? {
        return write_proven(app, user, request, move |write| {
            Box::pin(async move {
                touch(write, &profile).await?;
                enter(write).await
            })
        })
        .await;
    }
    let Some(email) = profile.email.as_deref().and_then(address) else {
        let message = "The provider tells no address of yours: register with one, sign in, and link the provider with `identityLink`.";
        return Ok(Err(vec![Refusal::whole(Code::LinkRequired, message)]));
    };
    match account(&app.db, &email).await? {
        Some(account) => {
            let user = account.user_id;
            write_proven(app, user, request, move |write| {
                Box::pin(async move { link_by_address(write, provider, &profile).await })
            })
            .await
        }
        None => register(app, provider, (profile, email), age, request).await,
    }
}

async fn link_by_address(
    write: &AccountWrite<'_>,
    provider: SocialProvider,
    profile: &Profile,
) -> Result<SignedIn, Stop> {
    let person = Person::find(write.conn(), write.user)
        .await?
        .ok_or(Error::NotFound)?;
    if !profile.email_verified || person.email_verified_at.is_none() {
        return refuse_with(link_required());
    }
    link(write, provider, profile).await?;
    tell(write, SecurityEventKind::IdentityLinked).await?;
    enter(write).await
}

/// Makes an account without a password. An address that the service has not seen to be theirs is verified by mail, as ever.
async fn register(
    app: &Arc<App>,
    provider: SocialProvider,
    (profile, email): (Profile, String),
    age: Option<AgeAttestation>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    if let Some(refusal) = AgeAttestation::fault_of(age) {
        return Ok(Err(vec![refusal]));
    }
    if !profile.email_verified {
        try_to(app, Trying::Mail, &email, request.origin.network()).await?;
    }
    write_proven(app, UserId(app.clock.uuid()), request, move |write| {
        Box::pin(async move {
            insert(write, &profile, &email, age).await?;
            link(write, provider, &profile).await?;
            write.happened(SecurityEventKind::IdentityLinked);
            if !profile.email_verified {
                let mail = Mail::new(write.app.clock.uuid(), Template::VerifyEmail, email);
                mails::post(write.conn(), Some(write.user), &[mail]).await?;
            }
            enter(write).await
        })
    })
    .await
}

async fn insert(
    write: &AccountWrite<'_>,
    profile: &Profile,
    email: &str,
    age: Option<AgeAttestation>,
) -> Result<(), Stop> {
    let (first_name, last_name) = names(profile, email);
    let verified_at = profile.email_verified.then(|| write.app.clock.now());
    let made = diesel::insert_into(users::table)
        .values((
            users::id.eq(write.user),
            users::email.eq(email),
            users::first_name.eq(first_name),
            users::last_name.eq(last_name),
            users::password_hash.eq(NO_PASSWORD),
            users::email_verified_at.eq(verified_at),
            users::age_attested_at.eq(AgeAttestation::attested_at(age, write.app.clock.now())),
        ))
        .on_conflict_do_nothing()
        .execute(&mut write.conn())
        .await?;
    if made == 0 {
        return refuse_with(link_required());
    }
    Ok(())
}

/// The names of a profile; what it leaves out is made of the address.
pub(in crate::domain) fn names(profile: &Profile, email: &str) -> (String, String) {
    let local = email.split('@').next().unwrap_or(email);
    let sound = |given: &Option<String>| {
        let short: String = given.as_deref()?.trim().chars().take(100).collect();
        name(&short, "name").ok()
    };
    let first = sound(&profile.first_name);
    let last = sound(&profile.last_name);
    let fallback: String = local.chars().take(100).collect();
    (
        first.unwrap_or_else(|| fallback.clone()),
        last.unwrap_or(fallback),
    )
}

fn link_required() -> Refusal {
    let message = "The provider's address has an account already. Sign in to it by password and link the provider with `identityLink`.";
    Refusal::whole(Code::LinkRequired, message)
}
