//! Accounts: registering, and the address.

use super::support::operation::Ask;
use super::viewer::locked;
use crate::domain::accounts::addresses;
use crate::domain::accounts::register::{self, AgeAttestation, Registration};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::sso::ProfileField;
use crate::kernel::email::address;
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, Object, Result};

/// What `register` takes.
#[derive(Clone, Debug, InputObject)]
pub struct RegisterInput {
    /// Your first name; 1 to 100 characters.
    pub first_name: String,
    /// Your last name; 1 to 100 characters.
    pub last_name: String,
    /// The address that you will sign in with.
    pub email: String,
    /// The password: 15 characters or more where the academy says nothing else, and nothing that is easy to guess.
    pub password: Secret<String>,
    /// How old you are, where the interface asks: when you said that you are 13 or older is kept, `viewer { ageAttestedAt }`.
    pub age_attestation: Option<AgeAttestation>,
    /// With `UNDER_13`, and with nothing else, the address of your parent or guardian, who is asked to consent: not your own.
    pub guardian_email: Option<String>,
}

/// What `emailVerify` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EmailVerifyInput {
    /// The token that was mailed, `lyc_vrf_…`.
    pub token: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `emailVerificationSend` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EmailVerificationSendInput {
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `emailChange` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EmailChangeInput {
    /// The address that you will sign in with.
    pub email: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(EmailVerifyInput, EmailVerificationSendInput, EmailChangeInput);

payload! {
    /// What `register` answers: the same whether the address has an account already or not.
    RegisterPayload {}
    RegisterUserError, RegisterErrorCode { Invalid, WeakPassword, UnderAge }
}

payload! {
    /// What `emailVerify` answers.
    EmailVerifyPayload {}
    EmailVerifyUserError, EmailVerifyErrorCode { InvalidToken, Taken, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `emailVerificationSend` answers.
    EmailVerificationSendPayload {}
    EmailVerificationSendUserError, EmailVerificationSendErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `emailChange` answers: the same whether the address has an account already or not.
    EmailChangePayload {}
    EmailChangeUserError, EmailChangeErrorCode { InvalidState, FieldLockedBySso, Invalid, IdempotencyMismatch }
}

/// The mutations on accounts.
#[derive(Default)]
pub struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Makes an account and mails to its address how to verify it; `login` signs in. Until the address is verified the account
    /// cannot accept invitations, and so join no organisation.
    ///
    /// The account of somebody under 13 waits for their parent or guardian, who is asked by mail. Until they consent, with
    /// `guardianConsentGive`, nobody signs in to it; if they refuse, or say nothing for 7 days, it is deleted.
    ///
    /// An address that has an account gets a mail that says so instead; the answer, and how long it takes, are the same. There
    /// is no `idempotencyKey`: sent again it makes no second account.
    ///
    /// Requires: nothing. Cost: 1.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who wants an account.")] input: RegisterInput,
    ) -> Result<Option<RegisterPayload>> {
        let registration = Registration {
            first_name: input.first_name,
            last_name: input.last_name,
            email: input.email,
            password: input.password,
            age: input.age_attestation,
            guardian_email: input.guardian_email,
        };
        let operation = ctx.operation();
        let request = operation.account_request_once("register");
        operation.read_anew().await;
        match register::register(ctx.app(), registration, request).await? {
            Ok(()) => Ok(Some(RegisterPayload::default())),
            Err(refusals) => RegisterPayload::refused(refusals),
        }
    }

    /// Verifies the address that the token was mailed to. After `emailChange` it becomes the address of the account with this.
    ///
    /// Requires: nothing but the token, which is good once and for 3 days. Cost: 1.
    async fn email_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: EmailVerifyInput,
    ) -> Result<Option<EmailVerifyPayload>> {
        let operation = ctx.operation();
        let request = match operation.account_request("emailVerify", &input) {
            Ok(request) => request,
            Err(refusals) => return EmailVerifyPayload::refused(refusals),
        };
        operation.read_anew().await;
        match addresses::verify(ctx.app(), &input.token, request).await? {
            Ok(()) => Ok(Some(EmailVerifyPayload::default())),
            Err(refusals) => EmailVerifyPayload::refused(refusals),
        }
    }

    /// Mails another token to verify your address with; it takes the place of the former.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn email_verification_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Nothing but the key.")] input: EmailVerificationSendInput,
    ) -> Result<Option<EmailVerificationSendPayload>> {
        let person = ctx.viewer().account()?;
        let operation = ctx.operation();
        let account = person.user.0.to_string();
        addresses::may_mail(ctx.app(), &account, operation.origin.network()).await?;
        let done = operation.mutate_own("emailVerificationSend", &input, |write| {
            Box::pin(addresses::send_verification(write))
        });
        match done.await? {
            Ok(()) => Ok(Some(EmailVerificationSendPayload::default())),
            Err(refusals) => EmailVerificationSendPayload::refused(refusals),
        }
    }

    /// Mails a token to an address that is to be yours. Your address is the former one until the token comes back with
    /// `emailVerify`; the former address is told then. Your places in organisations keep the address that those know.
    ///
    /// An address that has an account gets a mail that says so instead; the answer is the same.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new address.")] input: EmailChangeInput,
    ) -> Result<Option<EmailChangePayload>> {
        if let Some(refusals) = locked(ctx, &[("email", ProfileField::Email)]).await? {
            return EmailChangePayload::refused(refusals);
        }
        ctx.viewer().account()?;
        let Some(email) = address(&input.email) else {
            let refusal = Refusal::at(Code::Invalid, "email", "This is no email address.");
            return EmailChangePayload::refused(vec![refusal]);
        };
        let operation = ctx.operation();
        addresses::may_mail(ctx.app(), &email, operation.origin.network()).await?;
        let done = operation.mutate_own("emailChange", &input, |write| {
            Box::pin(addresses::change(write, email))
        });
        match done.await? {
            Ok(()) => Ok(Some(EmailChangePayload::default())),
            Err(refusals) => EmailChangePayload::refused(refusals),
        }
    }
}
