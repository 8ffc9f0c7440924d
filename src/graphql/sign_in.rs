//! Signing in and out.

use super::support::operation::Ask;
use super::viewer::Viewer;
use crate::auth::sign_in::sign_in;
use crate::auth::standing;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::users::sign_out;
use crate::kernel::error::Error;
use crate::kernel::secret::Secret;
use crate::payload;
use async_graphql::{Context, InputObject, Object, Result};
use chrono::{DateTime, Utc};

/// What `login` takes.
#[derive(InputObject)]
pub struct LoginInput {
    /// The account's email address.
    pub email: String,
    /// The account's password.
    pub password: String,
}

/// What `sessionRevoke` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SessionRevokeInput {
    /// Whether all your sessions end, on every device, instead of this one.
    #[graphql(default)]
    pub everywhere: bool,
}

payload! {
    /// What `login` answers.
    LoginPayload {
        /// The session's token: send it as `Authorization: Bearer …`. It is shown this once.
        token: String,
        /// When the session ends.
        expires_at: DateTime<Utc>,
        /// The person who is signed in now.
        viewer: Viewer,
    }
    LoginUserError, LoginErrorCode { WrongCredentials }
}

payload! {
    /// What `sessionRevoke` answers.
    SessionRevokePayload {
        /// How many sessions ended.
        revoked_sessions: i32,
    }
    SessionRevokeUserError, SessionRevokeErrorCode { NotFound }
}

/// The mutations that sign somebody in or out.
#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Signs a person in with email address and password, and opens a session. The fields after it in the same operation are
    /// answered to that person.
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
        let app = ctx.app();
        let password = Secret::new(input.password);
        let Some(session) = sign_in(&app.db, &app.clock, &app.passwords, &input.email, password).await?
        else {
            let message = "Address and password do not belong together. Check both and try again.";
            return LoginPayload::refused(vec![Refusal::whole(Code::WrongCredentials, message)]);
        };
        let viewer = app.viewer(session.token.expose()).await?;
        ctx.operation().go_on_as(viewer).await;
        Ok(Some(LoginPayload {
            token: Some(session.token.expose().to_owned()),
            expires_at: Some(session.expires_at),
            viewer: Viewer::current(ctx),
            ..Default::default()
        }))
    }

    /// Ends the session of the token that this request carries, or all of your sessions: from the answer on, their tokens open
    /// nothing. There is no `idempotencyKey`: what is ended is ended, however often it is asked.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sessions.")] input: SessionRevokeInput,
    ) -> Result<Option<SessionRevokePayload>> {
        let person = ctx.viewer().person().ok_or(Error::Unauthenticated)?;
        let ended = sign_out(ctx.app(), person, input.everywhere).await?;
        ctx.operation().go_on_as(standing::Viewer::Anonymous).await;
        Ok(Some(SessionRevokePayload {
            revoked_sessions: Some(i32::try_from(ended).unwrap_or(i32::MAX)),
            ..Default::default()
        }))
    }
}
