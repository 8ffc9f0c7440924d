//! The mutations on apps and their tokens.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::domain::apps::tokens::{self, Made, NewToken};
use crate::domain::apps::{ApiToken, App, write};
use crate::kernel::error::Result;
use crate::kernel::ids::{ApiTokenKey, AppKey, OrganizationKey};
use crate::kernel::secret::{Token, TokenKind};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What `appCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AppCreateInput {
    /// The organisation that it acts in.
    pub organization_id: ID,
    /// What it is called, of 1 to 200 characters.
    pub name: String,
    /// What it is for, of at most 2,000 characters.
    #[graphql(default)]
    pub description: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `appUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AppUpdateInput {
    /// The app.
    pub app_id: ID,
    /// What it is called; stays where it is left out.
    pub name: Option<String>,
    /// What it is for; stays where it is left out.
    pub description: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `appDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AppDeleteInput {
    /// The app.
    pub app_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `apiTokenCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ApiTokenCreateInput {
    /// The app that gets the token.
    pub app_id: ID,
    /// What it is called, of 1 to 100 characters: where it is kept, say.
    pub name: String,
    /// What it may be used for: permissions that your role gives, or that a policy of the organisation's own permits. Name as few as will do.
    pub scopes: Vec<Permission>,
    /// When it stops being good: at most 366 days from now; 90 days from now where it is left out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no secret.
    pub idempotency_key: Option<String>,
}

/// What `apiTokenRotate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ApiTokenRotateInput {
    /// The token.
    pub token_id: ID,
    /// For how many seconds the former secret stays good beside the new one: 0 to 604800, seven days.
    #[graphql(default = 3600)]
    pub overlap_seconds: i32,
    /// When the token stops being good: at most 366 days from now; 90 days from now where it is left out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no secret.
    pub idempotency_key: Option<String>,
}

/// What `apiTokenRevoke` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ApiTokenRevokeInput {
    /// The token.
    pub token_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    AppCreateInput,
    AppUpdateInput,
    AppDeleteInput,
    ApiTokenCreateInput,
    ApiTokenRotateInput,
    ApiTokenRevokeInput
);

payload! {
    /// What `appCreate` answers.
    AppCreatePayload {
        /// The new app.
        app: Arc<App>,
    }
    AppCreateUserError, AppCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `appUpdate` answers.
    AppUpdatePayload {
        /// The app as it is now.
        app: Arc<App>,
    }
    AppUpdateUserError, AppUpdateErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `appDelete` answers.
    AppDeletePayload {
        /// The identifier that the app had.
        app_id: AppKey,
    }
    AppDeleteUserError, AppDeleteErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `apiTokenCreate` answers.
    ApiTokenCreatePayload {
        /// The new token.
        api_token: Arc<ApiToken>,
        /// What the app sends as `Authorization: Bearer <secret>`. It is shown here and never again: put it where secrets are kept.
        secret: String,
    }
    ApiTokenCreateUserError, ApiTokenCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `apiTokenRotate` answers.
    ApiTokenRotatePayload {
        /// The token as it is now.
        api_token: Arc<ApiToken>,
        /// What the app sends from now on. It is shown here and never again.
        secret: String,
    }
    ApiTokenRotateUserError, ApiTokenRotateErrorCode { NotFound, Invalid, InvalidState, NotOwner, IdempotencyMismatch }
}

payload! {
    /// What `apiTokenRevoke` answers.
    ApiTokenRevokePayload {
        /// The token as it is now.
        api_token: Arc<ApiToken>,
    }
    ApiTokenRevokeUserError, ApiTokenRevokeErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The secret, if it is that of the token that was made: a request that was sent again has made another, which opens nothing.
fn shown(secret: &Token, (_, made): &Made) -> Option<String> {
    (secret.hash() == *made).then(|| secret.expose().to_owned())
}

async fn token(ctx: &Context<'_>, key: ApiTokenKey) -> Result<Option<Arc<ApiToken>>> {
    super::apps::find(ctx, key.org, key).await
}

/// The mutations on apps and their tokens.
#[derive(Default)]
pub struct AppMutation;

#[Object]
impl AppMutation {
    /// Sets up an app. It can do nothing before it has a token.
    ///
    /// Requires: `apps.manage`. Cost: 1.
    async fn app_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the app is.")] input: AppCreateInput,
    ) -> async_graphql::Result<Option<AppCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return AppCreatePayload::refused(refusals),
        };
        let (name, description) = (input.name.clone(), input.description.clone());
        let done = ctx.operation().mutate("appCreate", org.0, &input, move |write| {
            Box::pin(async move { write::create(write, &name, &description).await })
        });
        match done.await? {
            Ok(key) => Ok(Some(AppCreatePayload {
                app: super::apps::find(ctx, key.org, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AppCreatePayload::refused(refusals),
        }
    }

    /// Changes what an app is called and what it is for.
    ///
    /// Requires: `apps.manage`. Cost: 1.
    async fn app_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which app, and what changes in it.")] input: AppUpdateInput,
    ) -> async_graphql::Result<Option<AppUpdatePayload>> {
        signed_in(ctx)?;
        let app: AppKey = match key(&input.app_id, "appId") {
            Ok(key) => key,
            Err(refusals) => return AppUpdatePayload::refused(refusals),
        };
        let (name, description) = (input.name.clone(), input.description.clone());
        let done = ctx
            .operation()
            .mutate("appUpdate", app.org, &input, move |write| {
                Box::pin(
                    async move { write::update(write, app, name.as_deref(), description.as_deref()).await },
                )
            });
        match done.await? {
            Ok(key) => Ok(Some(AppUpdatePayload {
                app: super::apps::find(ctx, key.org, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AppUpdatePayload::refused(refusals),
        }
    }

    /// Removes an app with its tokens, which open nothing from now on, on every node.
    ///
    /// Requires: `apps.manage`. Cost: 1.
    async fn app_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which app.")] input: AppDeleteInput,
    ) -> async_graphql::Result<Option<AppDeletePayload>> {
        signed_in(ctx)?;
        let app: AppKey = match key(&input.app_id, "appId") {
            Ok(key) => key,
            Err(refusals) => return AppDeletePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("appDelete", app.org, &input, move |write| {
                Box::pin(async move { write::delete(write, app).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AppDeletePayload {
                app_id: Some(key),
                ..Default::default()
            })),
            Err(refusals) => AppDeletePayload::refused(refusals),
        }
    }

    /// Makes a token of an app. Requests that are signed with it are yours, as far as its scopes go and in this organisation alone;
    /// what becomes of your role becomes of the token. It cannot do what takes yourself: your account, `stepUp`, leaving.
    ///
    /// Requires: `apps.manage`, and a recent `stepUp`. Cost: 1.
    async fn api_token_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which app gets a token for what.")] input: ApiTokenCreateInput,
    ) -> async_graphql::Result<Option<ApiTokenCreatePayload>> {
        signed_in(ctx)?;
        let app: AppKey = match key(&input.app_id, "appId") {
            Ok(key) => key,
            Err(refusals) => return ApiTokenCreatePayload::refused(refusals),
        };
        let new = NewToken {
            name: input.name.clone(),
            scopes: input.scopes.clone(),
            expires_at: input.expires_at,
        };
        let secret = Token::generate(TokenKind::ApiToken);
        let stored = secret.clone();
        let done = ctx
            .operation()
            .mutate("apiTokenCreate", app.org, &input, move |write| {
                Box::pin(async move { tokens::create(write, app, new, &stored).await })
            });
        match done.await? {
            Ok(made) => Ok(Some(ApiTokenCreatePayload {
                api_token: token(ctx, made.0).await?,
                secret: shown(&secret, &made),
                ..Default::default()
            })),
            Err(refusals) => ApiTokenCreatePayload::refused(refusals),
        }
    }

    /// Gives a token of yours another secret. The former stays good for a while, so that nothing stops while the app is told.
    ///
    /// Requires: `apps.manage`, and to be the token's owner: with a recent `stepUp` in a session, and with no fewer scopes than the
    /// token has where it is a token that asks, be it the same. Cost: 1.
    async fn api_token_rotate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: ApiTokenRotateInput,
    ) -> async_graphql::Result<Option<ApiTokenRotatePayload>> {
        signed_in(ctx)?;
        let rotated: ApiTokenKey = match key(&input.token_id, "tokenId") {
            Ok(key) => key,
            Err(refusals) => return ApiTokenRotatePayload::refused(refusals),
        };
        let (overlap, expires_at) = (i64::from(input.overlap_seconds), input.expires_at);
        let secret = Token::generate(TokenKind::ApiToken);
        let stored = secret.clone();
        let done = ctx
            .operation()
            .mutate("apiTokenRotate", rotated.org, &input, move |write| {
                Box::pin(async move { tokens::rotate(write, rotated, overlap, expires_at, &stored).await })
            });
        match done.await? {
            Ok(made) => Ok(Some(ApiTokenRotatePayload {
                api_token: token(ctx, made.0).await?,
                secret: shown(&secret, &made),
                ..Default::default()
            })),
            Err(refusals) => ApiTokenRotatePayload::refused(refusals),
        }
    }

    /// Revokes a token: from the answer on it opens nothing on this node, and within a second on no other.
    ///
    /// Requires: `apps.manage`. Cost: 1.
    async fn api_token_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: ApiTokenRevokeInput,
    ) -> async_graphql::Result<Option<ApiTokenRevokePayload>> {
        signed_in(ctx)?;
        let revoked: ApiTokenKey = match key(&input.token_id, "tokenId") {
            Ok(key) => key,
            Err(refusals) => return ApiTokenRevokePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("apiTokenRevoke", revoked.org, &input, move |write| {
                Box::pin(async move { tokens::revoke(write, revoked).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(ApiTokenRevokePayload {
                api_token: token(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => ApiTokenRevokePayload::refused(refusals),
        }
    }
}
