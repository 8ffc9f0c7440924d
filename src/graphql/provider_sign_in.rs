//! Signing in by a provider: by a service that anybody may use, or by an organisation's own.

use super::identities::find;
use super::sign_in::enter;
use super::support::operation::Ask;
use super::viewer::Viewer;
use crate::auth::providers::SocialProvider;
use crate::auth::step_up;
use crate::domain::accounts::identities::{Identity, unlink};
use crate::domain::accounts::register::AgeAttestation;
use crate::domain::accounts::sign_in::SignedIn;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::sign_ins::attempt::{Purpose, begin};
use crate::domain::sign_ins::social::{complete, complete_link};
use crate::domain::sso::connection_of;
use crate::kernel::ids::{IdentityKey, Key};
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use reqwest::Url;
use std::sync::Arc;

/// What `socialLoginBegin` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SocialLoginBeginInput {
    /// The service.
    pub provider: SocialProvider,
    /// The page that the browser is to come back to, of one of the server's allowed origins, without a fragment: it finds
    /// `#code=…` or `#error=…` there. On a development server pages of the machine itself may be named too.
    pub return_to: String,
}

/// What `ssoLoginBegin` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SsoLoginBeginInput {
    /// The slug of the organisation.
    pub organization: String,
    /// The page that the browser is to come back to, of one of the server's or the organisation's allowed origins, without a
    /// fragment: it finds `#code=…` or `#error=…` there. On a development server pages of the machine itself may be named too.
    pub return_to: String,
}

/// What `socialLoginComplete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SocialLoginCompleteInput {
    /// What the page found behind `#code=`.
    pub code: Secret<String>,
    /// What the page got when it began.
    pub browser_token: Secret<String>,
    /// How old you are, where the interface asks: where the sign-in makes an account, when you said that you are 13 or older is
    /// kept, `viewer { ageAttestedAt }`. Whoever is under 13 uses `register` instead, which asks their parent or guardian.
    pub age_attestation: Option<AgeAttestation>,
}

/// What `identityLink` takes.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityLinkInput {
    /// The service.
    pub provider: SocialProvider,
    /// The page that the browser is to come back to, as with `socialLoginBegin`.
    pub return_to: String,
}

/// What `identityLinkComplete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityLinkCompleteInput {
    /// What the page found behind `#code=`.
    pub code: Secret<String>,
    /// What the page got when it began.
    pub browser_token: Secret<String>,
}

/// What `identityUnlink` takes.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityUnlinkInput {
    /// One of your identities.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(IdentityUnlinkInput);

payload! {
    /// What `socialLoginBegin` answers.
    SocialLoginBeginPayload {
        /// Where to send the browser, at once and once: it comes back within ten minutes.
        start_url: String,
        /// What the page keeps, and gives to `socialLoginComplete`.
        browser_token: String,
    }
    SocialLoginBeginUserError, SocialLoginBeginErrorCode { NotFound, Invalid }
}

payload! {
    /// What `ssoLoginBegin` answers.
    SsoLoginBeginPayload {
        /// Where to send the browser, at once and once: it comes back within ten minutes.
        start_url: String,
        /// What the page keeps, and gives to `socialLoginComplete`.
        browser_token: String,
    }
    SsoLoginBeginUserError, SsoLoginBeginErrorCode { NotFound, Invalid }
}

payload! {
    /// What `socialLoginComplete` answers.
    SocialLoginCompletePayload {
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
    SocialLoginCompleteUserError, SocialLoginCompleteErrorCode {
        InvalidToken, UnderAge, GuardianConsentRequired, LinkRequired, MembershipEnded, ProviderUnavailable, Taken, LimitReached
    }
}

payload! {
    /// What `identityLink` answers.
    IdentityLinkPayload {
        /// Where to send the browser, at once and once: it comes back within ten minutes.
        start_url: String,
        /// What the page keeps, and gives to `identityLinkComplete`.
        browser_token: String,
    }
    IdentityLinkUserError, IdentityLinkErrorCode { NotFound, Invalid }
}

payload! {
    /// What `identityLinkComplete` answers.
    IdentityLinkCompletePayload {
        /// The new identity.
        identity: Arc<Identity>,
    }
    IdentityLinkCompleteUserError, IdentityLinkCompleteErrorCode { InvalidToken, Taken, LimitReached }
}

payload! {
    /// What `identityUnlink` answers.
    IdentityUnlinkPayload {}
    IdentityUnlinkUserError, IdentityUnlinkErrorCode { NotFound, InvalidState, Invalid, IdempotencyMismatch }
}

/// The mutations that sign somebody in by a provider.
#[derive(Default)]
pub struct ProviderSignInMutation;

#[Object]
impl ProviderSignInMutation {
    /// Begins to sign in by a service. Send the browser to `startUrl`; it signs in there and comes back to `returnTo` with a
    /// code for `socialLoginComplete`, or with the error `access_denied`, `provider_refused`, `provider_unavailable` or
    /// `provider_answer_invalid`. There is no `idempotencyKey`: the answer holds a secret that is shown once, and a request
    /// that is sent again begins another sign-in.
    ///
    /// Requires: nothing. Cost: 1.
    async fn social_login_begin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "By which service, and where to.")] input: SocialLoginBeginInput,
    ) -> Result<Option<SocialLoginBeginPayload>> {
        let return_to = match social(ctx, input.provider, &input.return_to) {
            Ok(return_to) => return_to,
            Err(refusal) => return SocialLoginBeginPayload::refused(vec![refusal]),
        };
        ctx.operation().read_anew().await;
        let begun = begin(ctx.app(), Purpose::SignIn(input.provider), &return_to).await?;
        Ok(Some(SocialLoginBeginPayload {
            start_url: Some(begun.start_url),
            browser_token: Some(begun.browser.expose().to_owned()),
            ..Default::default()
        }))
    }

    /// Begins to sign in to an organisation by its own provider; as `socialLoginBegin` in all else. The session that comes of it
    /// is good in that organisation alone.
    ///
    /// Requires: nothing. Cost: 1.
    async fn sso_login_begin(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To which organisation, and where to.")] input: SsoLoginBeginInput,
    ) -> Result<Option<SsoLoginBeginPayload>> {
        ctx.operation().read_anew().await;
        let found = connection_of(ctx.app(), &input.organization).await?;
        let is_set_up = ctx.app().providers.place("").is_some();
        let Some((connection, origins)) = found.filter(|_| is_set_up) else {
            let message = "Nobody signs in to an organisation of this slug by a provider of its own.";
            let refusal = Refusal::at(Code::NotFound, "organization", message);
            return SsoLoginBeginPayload::refused(vec![refusal]);
        };
        let Some(return_to) = ctx.app().providers.return_to(&input.return_to, &origins) else {
            return SsoLoginBeginPayload::refused(vec![not_ours()]);
        };
        let begun = begin(ctx.app(), Purpose::of_connection(connection), &return_to).await?;
        Ok(Some(SsoLoginBeginPayload {
            start_url: Some(begun.start_url),
            browser_token: Some(begun.browser.expose().to_owned()),
            ..Default::default()
        }))
    }

    /// Completes what `socialLoginBegin` or `ssoLoginBegin` began, and opens a session. The fields after it in the same operation
    /// are answered to the person who is signed in now. A session that was just opened has stepped up.
    ///
    /// By a service: an identity that is linked signs in to its account; one that is not makes an account, unless its address has
    /// one. That one is linked by itself only where both the service and this server have seen that the address is the
    /// person's; otherwise the answer is `LINK_REQUIRED`. By an organisation's own provider: the member whom it means, who is
    /// made a learner at the first sign-in; `LINK_REQUIRED` where they are an owner, or the link of their own account no longer holds.
    ///
    /// Requires: nothing but the two secrets, which are good once. Cost: 1.
    async fn social_login_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the page found and what it kept.")] input: SocialLoginCompleteInput,
    ) -> Result<Option<SocialLoginCompletePayload>> {
        let operation = ctx.operation();
        let request = operation.account_request_once("socialLoginComplete");
        operation.read_anew().await;
        let secrets = (
            input.code.expose().as_str(),
            input.browser_token.expose().as_str(),
        );
        match Box::pin(complete(ctx.app(), secrets, input.age_attestation, request)).await? {
            Ok(SignedIn {
                session: Some(session),
                ..
            }) => {
                let entered = enter(ctx, session).await?;
                Ok(Some(SocialLoginCompletePayload {
                    token: entered.token,
                    expires_at: entered.expires_at,
                    refresh_token: entered.refresh_token,
                    refresh_expires_at: entered.refresh_expires_at,
                    viewer: entered.viewer,
                    ..Default::default()
                }))
            }
            Ok(signed_in) => Ok(Some(SocialLoginCompletePayload {
                challenge: signed_in.challenge.map(|token| token.expose().to_owned()),
                ..Default::default()
            })),
            Err(refusals) => SocialLoginCompletePayload::refused(refusals),
        }
    }

    /// Begins to link a service to your account, which signs in to it from then on; as `socialLoginBegin` in all else. There is
    /// no `idempotencyKey`, for the same reason.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn identity_link(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which service, and where to.")] input: IdentityLinkInput,
    ) -> Result<Option<IdentityLinkPayload>> {
        let person = ctx.viewer().account()?.clone();
        step_up::check(&person, "identityLink", ctx.app().clock.now())?;
        let return_to = match social(ctx, input.provider, &input.return_to) {
            Ok(return_to) => return_to,
            Err(refusal) => return IdentityLinkPayload::refused(vec![refusal]),
        };
        ctx.operation().read_anew().await;
        let purpose = Purpose::Link(input.provider, person.user);
        let begun = begin(ctx.app(), purpose, &return_to).await?;
        Ok(Some(IdentityLinkPayload {
            start_url: Some(begun.start_url),
            browser_token: Some(begun.browser.expose().to_owned()),
            ..Default::default()
        }))
    }

    /// Completes what `identityLink` began. A mail tells you of it.
    ///
    /// Requires: to be signed in as who began it, and the two secrets, which are good once. Cost: 1.
    async fn identity_link_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the page found and what it kept.")] input: IdentityLinkCompleteInput,
    ) -> Result<Option<IdentityLinkCompletePayload>> {
        let person = ctx.viewer().account()?.clone();
        let request = ctx.operation().account_request_once("identityLinkComplete");
        ctx.operation().read_anew().await;
        let secrets = (
            input.code.expose().as_str(),
            input.browser_token.expose().as_str(),
        );
        match Box::pin(complete_link(ctx.app(), &person, secrets, request)).await? {
            Ok(id) => Ok(Some(IdentityLinkCompletePayload {
                identity: find(ctx, IdentityKey(id)).await?,
                ..Default::default()
            })),
            Err(refusals) => IdentityLinkCompletePayload::refused(refusals),
        }
    }

    /// Unlinks a service from your account. It is refused where nobody could sign in to the account any more: set a password
    /// with `passwordChange` before. A mail tells you of it.
    ///
    /// Requires: to be signed in, and a recent `stepUp`. Cost: 1.
    async fn identity_unlink(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which identity.")] input: IdentityUnlinkInput,
    ) -> Result<Option<IdentityUnlinkPayload>> {
        ctx.viewer().account()?;
        let Some(identity) = IdentityKey::parse(&input.id) else {
            return IdentityUnlinkPayload::refused(vec![Refusal::not_found("id")]);
        };
        let done = ctx
            .operation()
            .mutate_own("identityUnlink", &input, move |write| {
                Box::pin(async move { unlink(write, identity.0).await })
            });
        match done.await? {
            Ok(()) => Ok(Some(IdentityUnlinkPayload::default())),
            Err(refusals) => IdentityUnlinkPayload::refused(refusals),
        }
    }
}

/// Reads where a sign-in by a service leads back to.
fn social(ctx: &Context<'_>, provider: SocialProvider, return_to: &str) -> std::result::Result<Url, Refusal> {
    let providers = &ctx.app().providers;
    if providers.social(provider).is_none() {
        let message = "This server is not set up for this service.";
        return Err(Refusal::at(Code::NotFound, "provider", message));
    }
    providers.return_to(return_to, &[]).ok_or_else(not_ours)
}

fn not_ours() -> Refusal {
    let message = "Name a page, without a fragment, of an origin that is allowed here: https, and on a development server this machine too.";
    Refusal::at(Code::Invalid, "returnTo", message)
}
