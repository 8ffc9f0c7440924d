//! What happened to the accounts of an organisation's members, as the organisation sees it.
//!
//! Written with the account's own security events, in the same statement; an organisation sees a member, and neither the
//! account nor where it was used from. A trigger puts each into the organisation's event log. Table:
//! `organization_security_events`.

use crate::db::paginate::foreign;
use crate::db::schema::organization_security_events as events;
use crate::db::{Batch, Conn, each};
use crate::domain::accounts::SecurityEventKind;
use crate::kernel::ids::{
    MemberId, MemberKey, OrgId, OrganizationSecurityEventId, OrganizationSecurityEventKey,
};
use crate::kernel::page::Page;
use crate::keyset;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

/// Something that happened to a member's account, or that somebody tried from outside.
///
/// Requires: `security.read` in the organisation. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = events)]
#[graphql(complex)]
pub struct OrganizationSecurityEvent {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: OrganizationSecurityEventKey,
    /// What happened. Cost: 1.
    pub kind: SecurityEventKind,
    /// When it happened. Cost: 1.
    pub at: DateTime<Utc>,
    /// Whose account it is.
    #[graphql(skip)]
    pub member_id: Option<MemberId>,
}

impl OrganizationSecurityEvent {
    /// The member whose account it is; nobody where a stranger tried to get in.
    pub fn member_key(&self) -> Option<MemberKey> {
        self.member_id.map(|member| MemberKey::new(self.key.org, member))
    }
}

impl Batch for OrganizationSecurityEventKey {
    type Value = Arc<OrganizationSecurityEvent>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<OrganizationSecurityEventId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<OrganizationSecurityEvent> = OrganizationSecurityEvent::query()
            .filter(events::org_id.eq_any(orgs).and(events::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The events of an organisation; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventList(pub OrgId);

impl Batch for EventList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = events::table.filter(events::org_id.eq(list.0)).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of an organisation's events, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventPage(pub EventList, pub Page);

impl EventPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<OrganizationSecurityEvent>>> {
        let Self(EventList(org), page) = self;
        let query = OrganizationSecurityEvent::query()
            .filter(events::org_id.eq(*org))
            .into_boxed();
        let bounded = || {
            Ok(
                keyset!(query, page, events::at => DateTime<Utc>, events::id => OrganizationSecurityEventId, true),
            )
        };
        let query = bounded().map_err(foreign)?;
        let rows: Vec<OrganizationSecurityEvent> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for EventPage {
    type Value = Arc<Vec<Arc<OrganizationSecurityEvent>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}
