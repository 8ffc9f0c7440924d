//! `App` and `ApiToken`: fields and edges.

use super::courses::Course;
use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::auth::credential::Credential;
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::Batch;
use crate::domain::apps::session_list::{SessionPage, SessionsOf};
use crate::domain::apps::{ApiToken, App, AppsOf, LearnerSession, TokensOf};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::IdRange;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApiTokenKey, AppKey, LearnerSessionKey, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, Object};
use std::sync::Arc;

connection!(
    LearnerSessionConnection,
    LearnerSessionEdge,
    Arc<LearnerSession>,
    "learner sessions"
);

/// Whether the viewer may manage an organisation's apps.
fn manages(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may(org, Permission::AppsManage)
}

/// Finds a learner's session that the viewer may know of.
pub async fn find_session(ctx: &Context<'_>, key: LearnerSessionKey) -> Result<Option<Arc<LearnerSession>>> {
    if ctx.may(key.org, Permission::LearnerSessionsCreate) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
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

/// What a request was signed with where that is no session of the person's: who asks is a program, as somebody.
pub enum ActingAs {
    /// A token of an app.
    ApiToken(ApiTokenKey),
    /// A session that an app opened, with its token.
    LearnerSession(LearnerSessionKey, ApiTokenKey),
}

impl ActingAs {
    /// What this request was signed with; nothing where it was a session of the person's.
    pub fn current(ctx: &Context<'_>) -> Option<Self> {
        match &ctx.viewer().person()?.credential {
            Credential::Session(_) | Credential::SsoSession(..) => None,
            Credential::ApiToken(token) => Some(Self::ApiToken(token.key)),
            Credential::LearnerSession(session) => Some(Self::LearnerSession(session.key, session.token)),
        }
    }
}

/// What a request was signed with where that is no session of the person's: it is a program that asks, as the member whose
/// rights it has.
///
/// Requires: to be asked with it. Cost: 1.
#[Object]
impl ActingAs {
    /// What the app is called. Cost: 1, batched.
    async fn app_name(&self, ctx: &Context<'_>) -> async_graphql::Result<String> {
        let (Self::ApiToken(token) | Self::LearnerSession(_, token)) = self;
        let token = ctx.fetch_one(*token).await?;
        Ok(ctx.fetch_one(token.app_key()).await?.name.clone())
    }

    /// The app's token, where the request was signed with one. Cost: 1, batched.
    async fn api_token(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<ApiToken>>> {
        match self {
            Self::ApiToken(token) => Ok(ctx.fetch(*token).await?),
            Self::LearnerSession(..) => Ok(None),
        }
    }

    /// The session that the app opened for you, where the request was signed with one. Cost: 1, batched.
    async fn learner_session(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<LearnerSession>>> {
        match self {
            Self::ApiToken(_) => Ok(None),
            Self::LearnerSession(session, _) => Ok(ctx.fetch(*session).await?),
        }
    }
}

#[ComplexObject]
impl LearnerSession {
    /// The session's global identifier, which opens nothing. Cost: 1.
    pub async fn id(&self) -> LearnerSessionKey {
        self.key
    }

    /// The learner. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// The one course that exists for it, where it is for a browser. Cost: 1, batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Course>> {
        match self.course_key() {
            Some(course) => Ok(Course::find(ctx, course).await?),
            None => Ok(None),
        }
    }

    /// What its requests may cost together, in points, where it is for a browser. Cost: 1.
    #[graphql(name = "budget")]
    async fn shown_budget(&self) -> Option<i32> {
        self.budget.and_then(|points| i32::try_from(points).ok())
    }

    /// What they have cost so far. Cost: 1.
    #[graphql(name = "spent")]
    async fn shown_spent(&self) -> i32 {
        i32::try_from(self.spent).unwrap_or(i32::MAX)
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

    /// The sessions that it opened for learners, the newest first; those that ended are kept for thirty days.
    ///
    /// Requires: `learner_sessions.create`; null for others. Cost: 1 for each row asked for; batched.
    async fn learner_sessions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Option<LearnerSessionConnection>> {
        if !ctx.may(self.key.org, Permission::LearnerSessionsCreate) {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let name = format!("sessions of {:?}", self.key);
        let page = ctx.page(&args, &name)?;
        let (sessions, range) = (SessionsOf(self.key), IdRange::of(&page)?);
        let slice = ctx.fetch_one(SessionPage(sessions, page, range)).await?;
        let count: Count = Box::new(move |reader| {
            Box::pin(async move { Ok(reader.fetch(sessions).await?.unwrap_or_default()) })
        });
        let cursor = |session: &Arc<LearnerSession>| [session.key.id.0.to_string()];
        Ok(Some(
            Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
        ))
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
