//! Changing and resetting the password.

use super::support::operation::Ask;
use crate::domain::accounts::passwords;
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, Object, Result};

/// What `passwordChange` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PasswordChangeInput {
    /// The present password; it may be left out after a recent `stepUp`.
    pub current_password: Option<Secret<String>>,
    /// The new password: 15 characters or more where the academy says nothing else, and nothing that is easy to guess.
    pub new_password: Secret<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `passwordResetRequest` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PasswordResetRequestInput {
    /// The account's address.
    pub email: String,
}

/// What `passwordReset` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PasswordResetInput {
    /// The token that was mailed, `lyc_pwr_…`.
    pub token: String,
    /// The new password: 15 characters or more where the academy says nothing else, and nothing that is easy to guess.
    pub new_password: Secret<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    PasswordChangeInput {
        current_password,
        new_password
    },
    PasswordResetInput { new_password },
);

payload! {
    /// What `passwordChange` answers.
    PasswordChangePayload {}
    PasswordChangeUserError, PasswordChangeErrorCode { WrongCredentials, WeakPassword, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `passwordResetRequest` answers: the same whether the address has an account or not.
    PasswordResetRequestPayload {}
    PasswordResetRequestUserError, PasswordResetRequestErrorCode { Invalid }
}

payload! {
    /// What `passwordReset` answers.
    PasswordResetPayload {}
    PasswordResetUserError, PasswordResetErrorCode { InvalidToken, WeakPassword, Invalid, IdempotencyMismatch }
}

/// The mutations on passwords.
#[derive(Default)]
pub struct PasswordMutation;

#[Object]
impl PasswordMutation {
    /// Changes your password and ends your other sessions. A mail tells you of it.
    ///
    /// Requires: to be signed in, and the present password or a recent `stepUp`. Cost: 1.
    async fn password_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The two passwords.")] input: PasswordChangeInput,
    ) -> Result<Option<PasswordChangePayload>> {
        let person = ctx.viewer().account()?.clone();
        let operation = ctx.operation();
        let request = match operation.account_request("passwordChange", &input) {
            Ok(request) => request,
            Err(refusals) => return PasswordChangePayload::refused(refusals),
        };
        operation.read_anew().await;
        let (current, new) = (input.current_password, input.new_password);
        match passwords::change(ctx.app(), &person, current, new, request).await? {
            Ok(()) => Ok(Some(PasswordChangePayload::default())),
            Err(refusals) => PasswordChangePayload::refused(refusals),
        }
    }

    /// Mails a token to set a new password with, if the address has an account. There is no `idempotencyKey`: a request that is
    /// sent again mails another token, which takes the place of the former.
    ///
    /// Requires: nothing. Cost: 1.
    async fn password_reset_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose password.")] input: PasswordResetRequestInput,
    ) -> Result<Option<PasswordResetRequestPayload>> {
        let operation = ctx.operation();
        let request = operation.account_request_once("passwordResetRequest");
        operation.read_anew().await;
        match passwords::request_reset(ctx.app(), &input.email, request).await? {
            Ok(()) => Ok(Some(PasswordResetRequestPayload::default())),
            Err(refusals) => PasswordResetRequestPayload::refused(refusals),
        }
    }

    /// Sets a new password and ends all sessions of the account; sign in with `login` afterwards. It verifies the address too.
    ///
    /// Requires: nothing but the token, which is good once and for an hour. Cost: 1.
    async fn password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token and the new password.")] input: PasswordResetInput,
    ) -> Result<Option<PasswordResetPayload>> {
        let operation = ctx.operation();
        let request = match operation.account_request("passwordReset", &input) {
            Ok(request) => request,
            Err(refusals) => return PasswordResetPayload::refused(refusals),
        };
        operation.read_anew().await;
        match passwords::reset(ctx.app(), &input.token, input.new_password, request).await? {
            Ok(()) => Ok(Some(PasswordResetPayload::default())),
            Err(refusals) => PasswordResetPayload::refused(refusals),
        }
    }
}
