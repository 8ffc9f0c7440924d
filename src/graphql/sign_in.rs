//! Signing in and out, and staying signed in.

use super::support::operation::Ask;
use super::viewer::Viewer;
use crate::auth::sessions::NewSession;
use crate::auth::standing::{self, Standing};
use crate::auth::step_up::holds_until;
use crate::domain::accounts::second_factor::FactorProof;
use crate::domain::accounts::sessions::{Ending, refresh, replayed, revoke};
use crate::domain::accounts::sign_in::{SignedIn, sign_in, verify};
use crate::domain::accounts::step_up::{step_up, step_up_by_code};
use crate::domain::accounts::write::write_session;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{Key, SessionId, SessionKey};
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What `login` takes.
#[derive(Clone, Debug, InputObject)]
pub struct LoginInput {
    /// The account's email address.
    pub email: String,
    /// The account's password.
    pub password: Secret<String>,
}

/// What `sessionRefresh` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SessionRefreshInput {
    /// The session's refresh token, `lyc_ref_…`.
    pub refresh_token: String,
    /// A random value, new for each refresh, 1 to 200 bytes: a request that is sent again with the same one, because its answer
    /// was lost, gets the same answer while the answered refresh token is unused. Without one it ends the session.
    pub idempotency_key: Option<String>,
}

/// What `sessionRevoke` takes: one of the three, or nothing for the session of the token that the request carries.
#[derive(Clone, Debug, InputObject)]
pub struct SessionRevokeInput {
    /// One of your sessions.
    pub id: Option<ID>,
    /// Whether all your other sessions end, and this one stays.
    #[graphql(default)]
    pub others: bool,
    /// Whether all your sessions end, on every device.
    #[graphql(default)]
    pub everywhere: bool,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. It is of use while the session that
    /// sends it goes on.
    pub idempotency_key: Option<String>,
}

/// What `stepUp` takes: one of the three.
#[derive(Clone, Debug, InputObject)]
pub struct StepUpInput {
    /// The account's password, where it has no second factor.
    pub password: Option<Secret<String>>,
    /// A code of the authenticator app.
    pub totp_code: Option<Secret<String>>,
    /// One of the recovery codes; it is used up.
    pub recovery_code: Option<Secret<String>>,
}

/// What `loginVerify` takes: the challenge, and one of the two codes.
#[derive(Clone, Debug, InputObject)]
pub struct LoginVerifyInput {
    /// What `login` answered, `lyc_mfa_…`; good for 10 minutes.
    pub challenge: String,
    /// A code of the authenticator app.
    pub totp_code: Option<Secret<String>>,
    /// One of the recovery codes; it is used up.
    pub recovery_code: Option<Secret<String>>,
}

inputs!(SessionRefreshInput, SessionRevokeInput);

payload! {
    /// What `login` answers.
    LoginPayload {
        /// The session's access token: send it as `Authorization: Bearer …`. It is good for an hour and is shown this once.
        token: String,
        /// When the access token stops being good; get the next one with `sessionRefresh` before.
        expires_at: DateTime<Utc>,
        /// The session's refresh token: good once, for `sessionRefresh`. It is shown this once.
        refresh_token: String,
        /// When the refresh token stops being good, and the session ends.
        refresh_expires_at: DateTime<Utc>,
        /// The person who is signed in now.
        viewer: Viewer,
        /// Where the account has a second factor, instead of all the above: give it to `loginVerify` with a code.
        challenge: String,
    }
    LoginUserError, LoginErrorCode { WrongCredentials, GuardianConsentRequired }
}

payload! {
    /// What `loginVerify` answers.
    LoginVerifyPayload {
        /// The session's access token: send it as `Authorization: Bearer …`. It is good for an hour and is shown this once.
        token: String,
        /// When the access token stops being good; get the next one with `sessionRefresh` before.
        expires_at: DateTime<Utc>,
        /// The session's refresh token: good once, for `sessionRefresh`. It is shown this once.
        refresh_token: String,
        /// When the refresh token stops being good, and the session ends.
        refresh_expires_at: DateTime<Utc>,
        /// The person who is signed in now.
        viewer: Viewer,
    }
    LoginVerifyUserError, LoginVerifyErrorCode { InvalidToken, WrongCredentials, Invalid }
}

payload! {
    /// What `sessionRefresh` answers.
    SessionRefreshPayload {
        /// The session's next access token: send it as `Authorization: Bearer …`. It is good for an hour.
        token: String,
        /// When the access token stops being good.
        expires_at: DateTime<Utc>,
        /// The session's next refresh token; the former is used up.
        refresh_token: String,
        /// When the refresh token stops being good, and the session ends: 30 days from now, and 180 days after the sign-in at the latest.
        refresh_expires_at: DateTime<Utc>,
    }
    SessionRefreshUserError, SessionRefreshErrorCode { InvalidToken, TokenReplayed, Invalid }
}

payload! {
    /// What `sessionRevoke` answers.
    SessionRevokePayload {
        /// How many sessions ended.
        revoked_sessions: i32,
    }
    SessionRevokeUserError, SessionRevokeErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `stepUp` answers.
    StepUpPayload {
        /// Until when the session may do what is sensitive.
        stepped_up_until: DateTime<Utc>,
    }
    StepUpUserError, StepUpErrorCode { Invalid, WrongCredentials }
}

/// The mutations that sign somebody in or out.
#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Signs a person in with email address and password, and opens a session. The fields after it in the same operation are
    /// answered to that person. A session that was just opened has stepped up. Where the account has a second factor, this is the
    /// first of two steps: it answers a `challenge` for `loginVerify`, and opens nothing. To an account that waits for the consent of a
    /// parent or guardian nobody signs in.
    ///
    /// A wrong password and an unknown address get the same answer, after the same time. There is no `idempotencyKey`: the
    /// answer holds a secret that is shown once, and a request that is sent again opens another session.
    ///
    /// Requires: nothing. Cost: 1.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who signs in.")] input: LoginInput,
    ) -> Result<Option<LoginPayload>> {
        let request = ctx.operation().account_request_once("login");
        match sign_in(ctx.app(), &input.email, input.password, request).await? {
            Ok(SignedIn {
                session: Some(session),
                ..
            }) => Ok(Some(enter(ctx, session).await?)),
            Ok(signed_in) => Ok(Some(LoginPayload {
                challenge: signed_in.challenge.map(|token| token.expose().to_owned()),
                ..Default::default()
            })),
            Err(refusals) => LoginPayload::refused(refusals),
        }
    }

    /// Does the second step of a sign-in: opens the session with a code of the second factor. Each code is good once. There is
    /// no `idempotencyKey`, as with `login`.
    ///
    /// Requires: nothing but the challenge and the code. Cost: 1.
    async fn login_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The challenge and the code.")] input: LoginVerifyInput,
    ) -> Result<Option<LoginVerifyPayload>> {
        let Some(proof) = factor_proof(input.totp_code, input.recovery_code) else {
            return LoginVerifyPayload::refused(vec![one_code()]);
        };
        let operation = ctx.operation();
        let request = operation.account_request_once("loginVerify");
        operation.read_anew().await;
        match verify(ctx.app(), &input.challenge, proof, request).await? {
            Ok(SignedIn {
                session: Some(session),
                ..
            }) => {
                let entered = enter(ctx, session).await?;
                Ok(Some(LoginVerifyPayload {
                    token: entered.token,
                    expires_at: entered.expires_at,
                    refresh_token: entered.refresh_token,
                    refresh_expires_at: entered.refresh_expires_at,
                    viewer: entered.viewer,
                    ..Default::default()
                }))
            }
            Ok(_) => Err(Error::internal("a second step opened no session").into()),
            Err(refusals) => LoginVerifyPayload::refused(refusals),
        }
    }

    /// Exchanges a session's refresh token for its next tokens. The access tokens from before stay good for their own time.
    ///
    /// A refresh token is good once. One that comes a second time is a copy, and since nobody can tell which of the two
    /// senders is the owner, the session ends at once for both, and both must sign in again.
    ///
    /// Requires: nothing but the token. Cost: 1.
    async fn session_refresh(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: SessionRefreshInput,
    ) -> Result<Option<SessionRefreshPayload>> {
        let operation = ctx.operation();
        let key = match operation.account_request("sessionRefresh", &input) {
            Ok(request) => request.idempotency_key,
            Err(refusals) => return SessionRefreshPayload::refused(refusals),
        };
        let request = operation.account_request_once("sessionRefresh");
        operation.read_anew().await;
        match refresh(ctx.app(), &input.refresh_token, key, request).await? {
            Ok(refreshed) => match refreshed.session {
                Some(session) => Ok(Some(SessionRefreshPayload {
                    token: Some(session.token.expose().to_owned()),
                    expires_at: Some(session.expires_at),
                    refresh_token: Some(session.refresh_token.expose().to_owned()),
                    refresh_expires_at: Some(session.refresh_expires_at),
                    ..Default::default()
                })),
                None => SessionRefreshPayload::refused(vec![replayed()]),
            },
            Err(refusals) => SessionRefreshPayload::refused(refusals),
        }
    }

    /// Ends sessions of yours: from the answer on, their tokens open nothing.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sessions.")] input: SessionRevokeInput,
    ) -> Result<Option<SessionRevokePayload>> {
        let person = ctx.viewer().person().ok_or(Error::Unauthenticated)?.clone();
        let session = person.credential.any_session()?;
        let ending = match ending(&input, session) {
            Ok(ending) => ending,
            Err(refusal) => return SessionRevokePayload::refused(vec![refusal]),
        };
        // Of the person's other sessions, one that is good in one organisation alone knows nothing.
        if ending != Ending::One(session) {
            person.credential.session()?;
        }
        let request = match ctx.operation().account_request("sessionRevoke", &input) {
            Ok(request) => request,
            Err(refusals) => return SessionRevokePayload::refused(refusals),
        };
        ctx.operation().read_anew().await;
        let ended = write_session(ctx.app(), &person, request, move |write| {
            Box::pin(async move { Ok(revoke(write, ending).await?) })
        });
        let ended = match ended.await? {
            Ok(0) if input.id.is_some() => {
                return SessionRevokePayload::refused(vec![Refusal::not_found("id")]);
            }
            Ok(ended) => ended,
            Err(refusals) => return SessionRevokePayload::refused(refusals),
        };
        if ending == Ending::All || ending == Ending::One(session) {
            ctx.operation().go_on_as(standing::Viewer::Anonymous).await;
        }
        Ok(Some(SessionRevokePayload {
            revoked_sessions: Some(i32::try_from(ended).unwrap_or(i32::MAX)),
            ..Default::default()
        }))
    }

    /// Proves anew that it is you who uses this session, by password or by a code; where an account has neither, and in a session
    /// of an organisation's own provider, signing in again is the proof. It is what sensitive mutations ask for with the top-level error
    /// `STEP_UP_REQUIRED`. The proof holds for ten minutes. There is no `idempotencyKey`: to prove it again does no harm.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn step_up(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The proof.")] input: StepUpInput,
    ) -> Result<Option<StepUpPayload>> {
        let person = ctx.viewer().account()?.clone();
        let code = factor_proof(input.totp_code, input.recovery_code);
        let request = ctx.operation().account_request_once("stepUp");
        ctx.operation().read_anew().await;
        let done = match (input.password, code) {
            (Some(password), None) => step_up(ctx.app(), &person, password, request).await?,
            (None, Some(proof)) => step_up_by_code(ctx.app(), &person, proof, request).await?,
            _ => {
                let message = "Give `password`, `totpCode` or `recoveryCode`, one of the three.";
                return StepUpPayload::refused(vec![Refusal::whole(Code::Invalid, message)]);
            }
        };
        match done {
            Ok(authenticated_at) => {
                let standing = Standing {
                    authenticated_at,
                    ..Standing::clone(&person)
                };
                ctx.operation()
                    .go_on_as(standing::Viewer::Person(Arc::new(standing)))
                    .await;
                Ok(Some(StepUpPayload {
                    stepped_up_until: Some(holds_until(authenticated_at)),
                    ..Default::default()
                }))
            }
            Err(refusals) => StepUpPayload::refused(refusals),
        }
    }
}

/// The one code that was given.
fn factor_proof(totp: Option<Secret<String>>, recovery: Option<Secret<String>>) -> Option<FactorProof> {
    match (totp, recovery) {
        (Some(code), None) => Some(FactorProof::Totp(code)),
        (None, Some(code)) => Some(FactorProof::Recovery(code)),
        _ => None,
    }
}

fn one_code() -> Refusal {
    Refusal::whole(
        Code::Invalid,
        "Give `totpCode` or `recoveryCode`, one of the two.",
    )
}

/// Goes on as the person whose session was opened, and shows its tokens.
pub async fn enter(ctx: &Context<'_>, session: NewSession) -> Result<LoginPayload> {
    let operation = ctx.operation();
    let viewer = ctx
        .app()
        .viewer(session.token.expose(), &operation.origin)
        .await?;
    operation.go_on_as(viewer).await;
    Ok(LoginPayload {
        token: Some(session.token.expose().to_owned()),
        expires_at: Some(session.expires_at),
        refresh_token: Some(session.refresh_token.expose().to_owned()),
        refresh_expires_at: Some(session.refresh_expires_at),
        viewer: Viewer::current(ctx),
        ..Default::default()
    })
}

fn ending(input: &SessionRevokeInput, current: SessionId) -> std::result::Result<Ending, Refusal> {
    match (&input.id, input.others, input.everywhere) {
        (None, false, false) => Ok(Ending::One(current)),
        (Some(id), false, false) => match SessionKey::parse(id) {
            Some(key) => Ok(Ending::One(key.0)),
            None => Err(Refusal::not_found("id")),
        },
        (None, true, false) => Ok(Ending::Others(current)),
        (None, false, true) => Ok(Ending::All),
        _ => {
            let message = "Give `id`, `others` or `everywhere`, one of the three.";
            Err(Refusal::whole(Code::Invalid, message))
        }
    }
}
