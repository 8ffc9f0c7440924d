//! The grant's row, and the lists that show it.

use crate::auth::permission::{Permission, Scopes};
use crate::db::schema::support_grants;
use crate::db::{Batch, Conn, each};
use crate::domain::record_lists::IdRange;
use crate::kernel::ids::{MemberId, MemberKey, OrgId, SupportGrantId, SupportGrantKey, UserId};
use crate::kernel::page::Page;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

/// How long a request waits for an answer.
pub const REQUEST_DAYS: i64 = 7;

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SupportGrantState {
    /// An operator asks for it.
    Requested,
    /// The organisation has given it, and it is good.
    Approved,
    /// The organisation has said no.
    Declined,
    /// It was taken back, by the organisation or by the operator.
    Revoked,
    /// Its time is over, or nobody answered within seven days.
    Expired,
}

/// Leave for an operator of the platform to see, and help with, some of an organisation for a time. Everything that is done with it,
/// reading included, stands in the organisation's audit.
///
/// Requires: `support.grant.approve`, or to be the operator. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = support_grants)]
#[graphql(complex)]
pub struct SupportGrant {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: SupportGrantKey,
    /// Who asks.
    #[graphql(skip)]
    pub operator_id: UserId,
    /// The operator's name. Cost: 1.
    pub operator_name: String,
    /// Why it is needed, in the operator's words. Cost: 1.
    pub reason: String,
    /// What for.
    #[graphql(skip)]
    permissions: Vec<String>,
    /// For how many hours, from the approval on. Cost: 1.
    pub hours: i32,
    #[graphql(skip)]
    state: String,
    /// When it was asked for. Cost: 1.
    pub requested_at: DateTime<Utc>,
    #[graphql(skip)]
    decided_by: Option<MemberId>,
    /// When it was approved, declined or revoked; null before. Cost: 1.
    pub decided_at: Option<DateTime<Utc>>,
    /// When it ends; null before it is approved. Cost: 1.
    pub expires_at: Option<DateTime<Utc>>,
}

impl SupportGrant {
    /// Where it stands at a time.
    pub fn state_at(&self, now: DateTime<Utc>) -> SupportGrantState {
        match self.state.as_str() {
            "requested" if now < self.requested_at + TimeDelta::days(REQUEST_DAYS) => {
                SupportGrantState::Requested
            }
            "approved" if self.expires_at.is_some_and(|ends| now < ends) => SupportGrantState::Approved,
            "declined" => SupportGrantState::Declined,
            "revoked" => SupportGrantState::Revoked,
            _ => SupportGrantState::Expired,
        }
    }

    /// Who decided last.
    pub fn decider(&self) -> Option<MemberKey> {
        self.decided_by.map(|member| MemberKey::new(self.key.org, member))
    }

    /// What for.
    pub fn scopes(&self) -> Scopes {
        Scopes::read(self.permissions.iter().map(String::as_str))
    }

    /// What for, as a list.
    pub fn permission_list(&self) -> Vec<Permission> {
        self.scopes().list().collect()
    }
}

impl Batch for SupportGrantKey {
    type Value = Arc<SupportGrant>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SupportGrantId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<SupportGrant> = SupportGrant::query()
            .filter(
                support_grants::org_id
                    .eq_any(orgs)
                    .and(support_grants::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The hundred newest grants that an operator asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GrantsOfOperator(pub UserId);

impl Batch for GrantsOfOperator {
    type Value = Arc<Vec<Arc<SupportGrant>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let load = |key: &Self| {
            let query = SupportGrant::query()
                .filter(support_grants::operator_id.eq(key.0))
                .order_by(support_grants::id.desc())
                .limit(100);
            async move {
                let rows: Vec<SupportGrant> = query.load(&mut &*conn).await?;
                Ok(Arc::new(rows.into_iter().map(Arc::new).collect()))
            }
        };
        each(keys, load).await
    }
}

/// The grants of an organisation; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GrantList(pub OrgId);

impl Batch for GrantList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = support_grants::table
                .filter(support_grants::org_id.eq(list.0))
                .count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of them, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GrantPage(pub GrantList, pub Page, pub IdRange);

impl GrantPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<SupportGrant>>> {
        let Self(GrantList(org), page, range) = self;
        let query = SupportGrant::query()
            .filter(support_grants::org_id.eq(*org))
            .filter(
                support_grants::id
                    .gt(range.above)
                    .and(support_grants::id.lt(range.below)),
            )
            .limit(page.size + 1)
            .into_boxed();
        let query = if page.backward {
            query.order_by(support_grants::id.asc())
        } else {
            query.order_by(support_grants::id.desc())
        };
        let rows: Vec<SupportGrant> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for GrantPage {
    type Value = Arc<Vec<Arc<SupportGrant>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}
