//! The rows of apps and of their tokens.

use crate::auth::permission::{Permission, Scopes};
use crate::db::schema::{api_tokens, apps};
use crate::db::{Batch, Conn};
use crate::kernel::ids::{ApiTokenId, ApiTokenKey, AppId, AppKey, MemberId, MemberKey, OrgId};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

/// A program that acts in an organisation: a partner's backend, an integration, a script. It acts by its tokens.
///
/// Requires: `apps.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = apps)]
#[graphql(complex)]
pub struct App {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: AppKey,
    /// What it is called. Cost: 1.
    pub name: String,
    /// What it is for; empty where nobody said. Cost: 1.
    pub description: String,
    /// Who set it up.
    #[graphql(skip)]
    created_by: MemberId,
    /// When it was set up. Cost: 1.
    pub created_at: DateTime<Utc>,
}

impl App {
    /// The key of who set it up.
    pub const fn creator(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.created_by)
    }
}

/// A token of an app. Requests that are signed with it are its owner's, as far as its scopes go: it can do whatever its scopes say
/// and its owner may, in this organisation and nowhere else. Its secret is shown once, when it is made or rotated.
///
/// Requires: `apps.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = api_tokens)]
#[graphql(complex)]
pub struct ApiToken {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: ApiTokenKey,
    /// Whose it is.
    #[graphql(skip)]
    app_id: AppId,
    /// As whom it acts.
    #[graphql(skip)]
    owner_id: MemberId,
    /// What it is called. Cost: 1.
    pub name: String,
    /// How its secret begins, to recognise it by. Cost: 1.
    pub prefix: String,
    /// What it may be used for, by the names of permissions.
    #[graphql(skip)]
    scopes: Vec<String>,
    /// When it was made. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it stops opening anything. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked; null where it was not. Cost: 1.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, give or take five minutes; null before its first use. Cost: 1.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The networks that it was used from, such as `192.0.2.0/24`: at most 50, those seen last at the end. One more is a security
    /// event. Cost: 1.
    pub networks: Vec<String>,
}

impl ApiToken {
    /// Whose it is.
    pub const fn app_key(&self) -> AppKey {
        AppKey::new(self.key.org, self.app_id)
    }

    /// As whom it acts.
    pub const fn owner_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.owner_id)
    }

    /// What it may be used for.
    pub fn scope_list(&self) -> Vec<Permission> {
        Scopes::read(self.scopes.iter().map(String::as_str))
            .list()
            .collect()
    }
}

/// The apps of an organisation, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AppsOf(pub OrgId);

/// The tokens of an app, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokensOf(pub AppKey);

impl Batch for AppKey {
    type Value = Arc<App>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<AppId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<App> = App::query()
            .filter(apps::org_id.eq_any(orgs).and(apps::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

impl Batch for AppsOf {
    type Value = Arc<Vec<Arc<App>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<App> = App::query()
            .filter(apps::org_id.eq_any(orgs))
            .order_by((apps::name, apps::id))
            .load(&mut conn)
            .await?;
        Ok(gathered(rows, |app| Self(app.key.org)))
    }
}

impl Batch for ApiTokenKey {
    type Value = Arc<ApiToken>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<ApiTokenId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<ApiToken> = ApiToken::query()
            .filter(api_tokens::org_id.eq_any(orgs).and(api_tokens::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

impl Batch for TokensOf {
    type Value = Arc<Vec<Arc<ApiToken>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<AppId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<ApiToken> = ApiToken::query()
            .filter(
                api_tokens::org_id
                    .eq_any(orgs)
                    .and(api_tokens::app_id.eq_any(ids)),
            )
            .order_by(api_tokens::id.desc())
            .load(&mut conn)
            .await?;
        Ok(gathered(rows, |token| Self(token.app_key())))
    }
}

/// Rows below what they belong to, in the order in which they came.
fn gathered<K: Eq + Hash, R>(rows: Vec<R>, of: impl Fn(&R) -> K) -> HashMap<K, Arc<Vec<Arc<R>>>> {
    let mut gathered: HashMap<K, Vec<Arc<R>>> = HashMap::new();
    for row in rows {
        gathered.entry(of(&row)).or_default().push(Arc::new(row));
    }
    gathered
        .into_iter()
        .map(|(key, rows)| (key, Arc::new(rows)))
        .collect()
}
