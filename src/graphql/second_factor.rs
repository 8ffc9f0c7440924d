//! Adding and removing the second factor.

use super::support::operation::Ask;
use crate::domain::accounts::second_factor::{RecoveryCodes, begin, confirm, may_try, regenerate, remove};
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, Object, Result};

/// What `totpBegin` takes.
#[derive(Clone, Debug, InputObject)]
pub struct TotpBeginInput {
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no secret.
    pub idempotency_key: Option<String>,
}

/// What `totpConfirm` takes.
#[derive(Clone, Debug, InputObject)]
pub struct TotpConfirmInput {
    /// The code that the authenticator app shows.
    pub code: Secret<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no codes.
    pub idempotency_key: Option<String>,
}

/// What `totpRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct TotpRemoveInput {
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `recoveryCodesRegenerate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct RecoveryCodesRegenerateInput {
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no codes.
    pub idempotency_key: Option<String>,
}

inputs!(
    TotpBeginInput,
    TotpConfirmInput { code },
    TotpRemoveInput,
    RecoveryCodesRegenerateInput
);

payload! {
    /// What `totpBegin` answers.
    TotpBeginPayload {
        /// The secret in base 32, to be typed into an authenticator app. It is shown this once.
        secret: String,
        /// The same as an `otpauth:` address, to be shown as a QR code. It is shown this once.
        uri: String,
    }
    TotpBeginUserError, TotpBeginErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `totpConfirm` answers.
    TotpConfirmPayload {
        /// Ten codes, each good once in the place of a code of the app: to be kept where the app is not. They are shown this once.
        recovery_codes: Vec<String>,
    }
    TotpConfirmUserError, TotpConfirmErrorCode { InvalidState, WrongCredentials, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `totpRemove` answers.
    TotpRemovePayload {}
    TotpRemoveUserError, TotpRemoveErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `recoveryCodesRegenerate` answers.
    RecoveryCodesRegeneratePayload {
        /// Ten new codes; the former are void. They are shown this once.
        recovery_codes: Vec<String>,
    }
    RecoveryCodesRegenerateUserError, RecoveryCodesRegenerateErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

/// The mutations on second factors.
#[derive(Default)]
pub struct SecondFactorMutation;

#[Object]
impl SecondFactorMutation {
    /// Begins to add a second factor: codes of an authenticator app that change every 30 seconds (RFC 6238). It is asked for
    /// once `totpConfirm` has got a code of it; to begin again makes another secret.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn totp_begin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Nothing but the key.")] input: TotpBeginInput,
    ) -> Result<Option<TotpBeginPayload>> {
        let done = ctx
            .operation()
            .mutate_own("totpBegin", &input, |write| Box::pin(begin(write)));
        match done.await? {
            Ok(enrolling) => Ok(Some(TotpBeginPayload {
                secret: enrolling.secret.map(|secret| secret.expose().clone()),
                uri: enrolling.uri.map(|uri| uri.expose().clone()),
                ..Default::default()
            })),
            Err(refusals) => TotpBeginPayload::refused(refusals),
        }
    }

    /// Confirms the second factor with a code of the app: from now on signing in and stepping up ask for one. A mail tells you
    /// of it.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn totp_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The code.")] input: TotpConfirmInput,
    ) -> Result<Option<TotpConfirmPayload>> {
        let user = ctx.viewer().account()?.user;
        let tried = may_try(ctx.app(), user, &ctx.operation().origin).await?;
        let code = input.code.clone();
        let done = ctx.operation().mutate_own("totpConfirm", &input, move |write| {
            Box::pin(async move { confirm(write, code.expose()).await })
        });
        match done.await? {
            Ok(codes) => {
                tried.succeeded(ctx.app()).await;
                Ok(Some(TotpConfirmPayload {
                    recovery_codes: shown(codes),
                    ..Default::default()
                }))
            }
            Err(refusals) => TotpConfirmPayload::refused(refusals),
        }
    }

    /// Removes the second factor and its recovery codes: signing in takes the password alone again. A mail tells you of it.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn totp_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Nothing but the key.")] input: TotpRemoveInput,
    ) -> Result<Option<TotpRemovePayload>> {
        let done = ctx
            .operation()
            .mutate_own("totpRemove", &input, |write| Box::pin(remove(write)));
        match done.await? {
            Ok(()) => Ok(Some(TotpRemovePayload::default())),
            Err(refusals) => TotpRemovePayload::refused(refusals),
        }
    }

    /// Makes new recovery codes; the former are void. A mail tells you of it.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn recovery_codes_regenerate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Nothing but the key.")] input: RecoveryCodesRegenerateInput,
    ) -> Result<Option<RecoveryCodesRegeneratePayload>> {
        let done = ctx
            .operation()
            .mutate_own("recoveryCodesRegenerate", &input, |write| {
                Box::pin(regenerate(write))
            });
        match done.await? {
            Ok(codes) => Ok(Some(RecoveryCodesRegeneratePayload {
                recovery_codes: shown(codes),
                ..Default::default()
            })),
            Err(refusals) => RecoveryCodesRegeneratePayload::refused(refusals),
        }
    }
}

fn shown(codes: RecoveryCodes) -> Option<Vec<String>> {
    codes.codes.map(|codes| codes.expose().clone())
}
