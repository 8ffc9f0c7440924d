//! The consent of a child's parent or guardian: giving it, and refusing it.

use super::support::operation::Ask;
use crate::domain::accounts::guardians::{self, AccountDeletion};
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, Object, Result};

/// What `guardianConsentGive` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GuardianConsentGiveInput {
    /// The token that was mailed to the parent or guardian, `lyc_gdn_…`.
    pub token: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `guardianConsentRefuse` takes.
#[derive(Clone, Debug, InputObject)]
pub struct GuardianConsentRefuseInput {
    /// The token that was mailed to the parent or guardian, `lyc_gdn_…`.
    pub token: String,
}

inputs!(GuardianConsentGiveInput);

payload! {
    /// What `guardianConsentGive` answers.
    GuardianConsentGivePayload {}
    GuardianConsentGiveUserError, GuardianConsentGiveErrorCode { InvalidToken, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `guardianConsentRefuse` answers.
    GuardianConsentRefusePayload {
        /// That the account was deleted.
        deletion: AccountDeletion,
    }
    GuardianConsentRefuseUserError, GuardianConsentRefuseErrorCode { InvalidToken }
}

/// The mutations of parents and guardians.
#[derive(Default)]
pub struct GuardianConsentMutation;

#[Object]
impl GuardianConsentMutation {
    /// Consents to the account of a child, as the parent or guardian whom the child named: from now on the child can sign in, and a mail
    /// tells them so.
    ///
    /// Requires: nothing but the token, which is good for one answer and for 7 days. Cost: 1.
    async fn guardian_consent_give(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: GuardianConsentGiveInput,
    ) -> Result<Option<GuardianConsentGivePayload>> {
        let operation = ctx.operation();
        let request = match operation.account_request("guardianConsentGive", &input) {
            Ok(request) => request,
            Err(refusals) => return GuardianConsentGivePayload::refused(refusals),
        };
        operation.read_anew().await;
        match guardians::give(ctx.app(), &input.token, request).await? {
            Ok(()) => Ok(Some(GuardianConsentGivePayload::default())),
            Err(refusals) => GuardianConsentGivePayload::refused(refusals),
        }
    }

    /// Refuses to consent to the account of a child, as the parent or guardian whom the child named: the account is deleted at once, with
    /// everything of it, and a mail tells the child so. There is no `idempotencyKey`: nothing is left to remember it by.
    ///
    /// Requires: nothing but the token, which is good for one answer and for 7 days. Cost: 1.
    async fn guardian_consent_refuse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: GuardianConsentRefuseInput,
    ) -> Result<Option<GuardianConsentRefusePayload>> {
        let operation = ctx.operation();
        let request = operation.account_request_once("guardianConsentRefuse");
        operation.read_anew().await;
        match guardians::refuse(ctx.app(), &input.token, request).await? {
            Ok(deletion) => Ok(Some(GuardianConsentRefusePayload {
                deletion: Some(deletion),
                ..Default::default()
            })),
            Err(refusals) => GuardianConsentRefusePayload::refused(refusals),
        }
    }
}
