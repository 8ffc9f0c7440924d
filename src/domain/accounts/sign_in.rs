//! Signing in with address and password.

use super::events::SecurityEventKind;
use super::guardians;
use super::person::is_password_of;
use super::second_factor::{FactorProof, accept, is_confirmed, may_try, wrong};
use super::throttle::{Trying, attempt};
use super::tokens::{Purpose, invalid, owner, spend};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::auth::sessions::{self, NewSession};
use crate::auth::sign_in::{Account, prove};
use crate::db::error::violated;
use crate::db::schema::{account_tokens, users};
use crate::domain::app::App;
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{SsoConnectionKey, UserId};
use crate::kernel::secret::{Secret, Token, TokenKind};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// For how long the second step of a sign-in can be done.
const CHALLENGE_MINUTES: i64 = 10;

/// What came of signing in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SignedIn {
    /// The session that was opened.
    #[serde(skip)]
    pub session: Option<NewSession>,
    /// What the second step takes, where the account has a second factor.
    #[serde(skip)]
    pub challenge: Option<Token>,
}

impl SignedIn {
    /// Whether nobody was let in.
    const fn is_nothing(&self) -> bool {
        self.session.is_none() && self.challenge.is_none()
    }
}

/// Signs a person in. A wrong password and an unknown address look, and take, the same.
pub async fn sign_in(
    app: &Arc<App>,
    email: &str,
    password: Secret<String>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    let tried = attempt(app, Trying::Proof, email, request.origin.network()).await?;
    // What is stored otherwise by the time it is relied on is proven once more: a sign-in beside this one may have hashed it anew.
    for _ in 0..2 {
        let proof = prove(&app.db, &app.passwords, email, password.clone()).await?;
        let account = match proof.account {
            Some(account) if proof.is_right => account,
            Some(account) => {
                note_failure(app, account.user_id, SecurityEventKind::SignInFailed, request);
                break;
            }
            None => break,
        };
        let entered = enter_by_password(app, account, password.clone(), request.clone()).await;
        if !matches!(&entered, Ok(Ok(signed_in)) if signed_in.is_nothing()) {
            tried.succeeded(app).await;
            return entered;
        }
    }
    Ok(Err(vec![wrong_credentials()]))
}

/// Lets somebody in who has proven a password; nobody, where the account has another one by now, or has it hashed anew.
async fn enter_by_password(
    app: &Arc<App>,
    account: Account,
    password: Secret<String>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    let rehashed = if account.is_outdated(&app.passwords) {
        Some(app.passwords.hash(password).await?)
    } else {
        None
    };
    write_proven(app, account.user_id, request, move |write| {
        Box::pin(async move {
            if !is_password_of(write.conn(), write.user, account.password_hash()).await? {
                return Ok(SignedIn::default());
            }
            rehash(write, rehashed).await?;
            if is_confirmed(write).await? {
                return challenge(write).await;
            }
            open(write).await
        })
    })
    .await
}

fn wrong_credentials() -> Refusal {
    let message = "Address and password do not belong together. Check both and try again.";
    Refusal::whole(Code::WrongCredentials, message)
}

/// Stores the password as it is hashed by now.
async fn rehash(write: &AccountWrite<'_>, rehashed: Option<String>) -> Result<(), Stop> {
    if let Some(hash) = rehashed {
        diesel::update(users::table.find(write.user.0))
            .set(users::password_hash.eq(hash))
            .execute(&mut write.conn())
            .await?;
    }
    Ok(())
}

/// Does the second step of a sign-in. A challenge is used up by a right code, and a wrong one leaves it.
pub async fn verify(
    app: &Arc<App>,
    challenge: &str,
    proof: FactorProof,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    let Some((token, user)) = owner(&app.db, TokenKind::SignInChallenge, challenge).await? else {
        return Ok(Err(vec![invalid("challenge")]));
    };
    let tried = may_try(app, user, &request.origin).await?;
    let failed = request.clone();
    let done = write_proven(app, user, request, move |write| {
        Box::pin(async move {
            spend(write, &token, "challenge").await?;
            if !accept(write, &proof).await? {
                return refuse_with(wrong("code"));
            }
            open(write).await
        })
    });
    let outcome = done.await?;
    match &outcome {
        Ok(_) => tried.succeeded(app).await,
        Err(refusals)
            if refusals
                .iter()
                .any(|refusal| refusal.code == Code::WrongCredentials) =>
        {
            note_failure(app, user, SecurityEventKind::SignInFailed, failed);
        }
        Err(_) => {}
    }
    Ok(outcome)
}

/// Lets somebody in whose identity a provider has shown: a second factor is asked for as after a password.
pub(in crate::domain) async fn enter(write: &AccountWrite<'_>) -> Result<SignedIn, Stop> {
    if is_confirmed(write).await? {
        return challenge(write).await;
    }
    open_as(write, SecurityEventKind::SignedInByProvider, None).await
}

/// Lets the second step of a sign-in be done.
async fn challenge(write: &AccountWrite<'_>) -> Result<SignedIn, Stop> {
    let (clock, token) = (&write.app.clock, Token::generate(TokenKind::SignInChallenge));
    diesel::insert_into(account_tokens::table)
        .values((
            account_tokens::id.eq(clock.uuid()),
            account_tokens::user_id.eq(write.user),
            account_tokens::purpose.eq(Purpose::SignIn.as_str()),
            account_tokens::token_hash.eq(token.hash().to_vec()),
            account_tokens::created_at.eq(clock.now()),
            account_tokens::expires_at.eq(clock.now() + TimeDelta::minutes(CHALLENGE_MINUTES)),
        ))
        .execute(&mut write.conn())
        .await?;
    Ok(SignedIn {
        challenge: Some(token),
        ..SignedIn::default()
    })
}

/// Opens a session for the person of a write.
pub(super) async fn open(write: &AccountWrite<'_>) -> Result<SignedIn, Stop> {
    open_as(write, SecurityEventKind::SignedIn, None).await
}

/// Opens a session in one way: one that is good everywhere, or in the organisation whose provider says who it is. None opens for an
/// account that waits for the consent of a guardian.
pub(in crate::domain) async fn open_as(
    write: &AccountWrite<'_>,
    way: SecurityEventKind,
    confined_to: Option<SsoConnectionKey>,
) -> Result<SignedIn, Stop> {
    let clock = &write.app.clock;
    let session = NewSession::beginning(clock, write.user, confined_to.is_some());
    let opened = sessions::open(write.conn(), &session, confined_to, clock.now(), write.origin).await;
    if let Err(error) = opened {
        if violated(&error) == Some(guardians::AWAITED) {
            return refuse_with(guardians::consent_required());
        }
        return Err(error.into());
    }
    write.happened_to(way, Some(session.session));
    Ok(SignedIn {
        session: Some(session),
        ..SignedIn::default()
    })
}

/// Notes a failure without letting anybody wait for it: the time of the answer would tell that there is an account.
pub(super) fn note_failure(app: &Arc<App>, user: UserId, kind: SecurityEventKind, request: AccountRequest) {
    let app = app.clone();
    tokio::spawn(async move {
        let noted = write_proven(&app, user, request, move |write| {
            write.happened(kind);
            Box::pin(async { Ok::<_, Stop>(()) })
        });
        if let Err(error) = noted.await {
            tracing::error!(%error, "a security event was not stored");
        }
    });
}
