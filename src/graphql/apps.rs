//! `App` and `ApiToken`: fields and edges.

use super::support::operation::Ask;
use crate::auth::credential::Credential;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question};
use crate::db::Batch;
use crate::domain::apps::{ApiToken, App, AppsOf, TokensOf};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApiTokenKey, AppKey, OrgId, OrganizationKey};
use async_graphql::{ComplexObject, Context, Object};
use std::sync::Arc;

/// Whether the viewer may manage an organisation's apps.
fn manages(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.viewer().in_org(org).is_some_and(|standing| {
        let question = Question {
            permission: Permission::AppsManage,
            facts: Facts::of(Kind::Organization, org),
        };
        ctx.app().policies.decide(standing, question).allowed
    })
}

/// Finds an app, or a token, that the viewer may know of.
pub async fn find<K: Batch>(ctx: &Context<'_>, org: OrgId, key: K) -> Result<Option<K::Value>> {
    if manages(ctx, org) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// The apps of an organisation, by name; nothing for who may not manage them.
pub async fn list(ctx: &Context<'_>, org: OrgId) -> Result<Option<Vec<Arc<App>>>> {
    if !manages(ctx, org) {
        return Ok(None);
    }
    let apps = ctx.fetch(AppsOf(org)).await?;
    Ok(Some(apps.map(|apps| apps.to_vec()).unwrap_or_default()))
}

/// What a request was signed with where that is no session: who asks is a program, as somebody.
pub struct ActingAs(ApiTokenKey);

impl ActingAs {
    /// What this request was signed with; nothing where it was a session.
    pub fn current(ctx: &Context<'_>) -> Option<Self> {
        match &ctx.viewer().person()?.credential {
            Credential::Session(_) => None,
            Credential::ApiToken(token) => Some(Self(token.key)),
        }
    }
}

/// What a request was signed with where that is no session: it is a program that asks, as the member whose rights it has.
///
/// Requires: to be asked with it. Cost: 1.
#[Object]
impl ActingAs {
    /// The token. Cost: 1, batched.
    async fn api_token(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<ApiToken>> {
        Ok(ctx.fetch_one(self.0).await?)
    }
}

#[ComplexObject]
impl App {
    /// The app's global identifier. Cost: 1.
    pub async fn id(&self) -> AppKey {
        self.key
    }

    /// The organisation that it acts in. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// Who set it up. Cost: 1, batched.
    async fn created_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.creator()).await?)
    }

    /// Its tokens, the newest first: at most 20 that are good, and those that ended in the last thirty days. Cost: 1, batched.
    async fn tokens(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<ApiToken>>> {
        let tokens = ctx.fetch(TokensOf(self.key)).await?;
        Ok(tokens.map(|tokens| tokens.to_vec()).unwrap_or_default())
    }
}

#[ComplexObject]
impl ApiToken {
    /// The token's global identifier, which opens nothing. Cost: 1.
    pub async fn id(&self) -> ApiTokenKey {
        self.key
    }

    /// The app whose it is. Cost: 1, batched.
    async fn app(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<App>> {
        Ok(ctx.fetch_one(self.app_key()).await?)
    }

    /// The member as whom it acts; it opens nothing while they are suspended, or once they are gone. Cost: 1, batched.
    async fn owner(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.owner_key()).await?)
    }

    /// What it may be used for, as far as its owner may. Cost: 1.
    #[graphql(name = "scopes")]
    async fn shown_scopes(&self) -> Vec<Permission> {
        self.scope_list()
    }
}
