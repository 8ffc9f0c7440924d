//! Signing in with address and password.

use super::events::SecurityEventKind;
use super::throttle::{Trying, attempt};
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::auth::sessions::{self, NewSession};
use crate::auth::sign_in::prove;
use crate::db::schema::users;
use crate::domain::app::App;
use crate::domain::mutate::{Outcome, Stop};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::secret::Secret;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What came of signing in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct SignedIn {
    /// The session that was opened.
    #[serde(skip)]
    pub session: Option<NewSession>,
}

/// Signs a person in. A wrong password and an unknown address look, and take, the same.
pub async fn sign_in(
    app: &Arc<App>,
    email: &str,
    password: Secret<String>,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    let tried = attempt(app, Trying::Proof, email, request.origin.network()).await?;
    let proof = prove(&app.db, &app.passwords, email, password.clone()).await?;
    match proof.account {
        Some(account) if proof.is_right => {
            tried.succeeded(app).await;
            let rehashed = match account.is_outdated(&app.passwords) {
                true => Some(app.passwords.hash(password).await?),
                false => None,
            };
            write_proven(app, account.user_id, request, |write| {
                Box::pin(async move {
                    rehash(write, rehashed).await?;
                    open(write).await
                })
            })
            .await
        }
        account => {
            if let Some(account) = account {
                note_failure(app, account.user_id, SecurityEventKind::SignInFailed, request);
            }
            let message = "Address and password do not belong together. Check both and try again.";
            Ok(Err(vec![Refusal::whole(Code::WrongCredentials, message)]))
        }
    }
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

/// Opens a session for the person of a write.
pub(super) async fn open(write: &AccountWrite<'_>) -> Result<SignedIn, Stop> {
    let clock = &write.app.clock;
    let session = NewSession::new(clock, write.user, SessionId(clock.uuid()), clock.now());
    sessions::open(write.conn(), &session, clock.now(), write.origin).await?;
    write.happened_to(SecurityEventKind::SignedIn, Some(session.session));
    Ok(SignedIn {
        session: Some(session),
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

impl SignedIn {
    /// The session, which is there unless somebody stored this and read it back.
    pub fn session(self) -> Result<NewSession> {
        self.session
            .ok_or_else(|| Error::internal("a sign-in was read back from its record"))
    }
}
