//! Reading the audit.

use crate::db::schema::{audit_entries, memberships};
use crate::db::{Batch, Conn, each};
use crate::domain::record_lists::{IdRange, groups};
use crate::domain::visibility::View;
use crate::kernel::ids::{AuditEntryId, AuditEntryKey, MemberId, MemberKey, UserId};
use crate::kernel::page::Page;
use async_graphql::SimpleObject;
use async_graphql::types::Json;
use chrono::{DateTime, Utc};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<audit_entries::table, Pg, SqlType = Bool>>;

/// Something that was done in an organisation. Entries name people and things by reference, so that what is erased stays
/// erased; they are never changed or removed.
///
/// Requires: `audit.read`: with the reach `all` for every entry, with `own` for what you did yourself. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = audit_entries)]
#[graphql(complex)]
pub struct AuditEntry {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: AuditEntryKey,
    /// The entry's place in the organisation's chain, from 1, as text since it may outgrow 32 bits; null for the moment before
    /// it is sealed. Cost: 1.
    #[graphql(skip)]
    pub sequence: Option<i64>,
    /// When it was done. Cost: 1.
    pub at: DateTime<Utc>,
    /// Who did it.
    #[graphql(skip)]
    pub actor_id: Option<UserId>,
    /// What was done, such as `course.published`. Cost: 1.
    pub action: String,
    /// The identifier of what it was done to. Cost: 1.
    pub target: String,
    /// Further references, by action. Cost: 1.
    #[graphql(skip)]
    pub detail: Value,
    /// The request that did it: the `x-request-id` of its answer. Cost: 1.
    pub request_id: String,
    /// SHA-256 over the former entry's seal and this entry.
    #[graphql(skip)]
    pub seal: Option<Vec<u8>>,
}

impl AuditEntry {
    /// The details as GraphQL shows them.
    pub fn shown_detail(&self) -> Json<Value> {
        Json(self.detail.clone())
    }
}

/// Which entries a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AuditFilter {
    /// Only what this member did.
    pub actor: Option<MemberId>,
    /// Only these actions: whole, or with a dot at the end for all that begin so.
    pub action: Option<String>,
    /// Only what was done to this.
    pub target: Option<String>,
    /// Only what was done at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before this time.
    pub until: Option<DateTime<Utc>>,
}

/// The entries that a view of `audit.read` shows; fetched, it counts them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditList {
    /// How far the viewer sees.
    pub view: View,
    /// Which of those are asked for.
    pub filter: AuditFilter,
}

/// One page of a list, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditPage(pub AuditList, pub Page, pub IdRange);

/// An entry that a viewer may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SeenEntry(pub AuditEntryKey, pub View);

/// Whether a member did it: entries name the account, which only the membership tells.
fn done_by(member: MemberKey) -> Condition {
    let account = memberships::table
        .filter(
            memberships::org_id
                .eq(member.org)
                .and(memberships::id.eq(member.id)),
        )
        .select(memberships::user_id.nullable());
    Box::new(audit_entries::actor_id.eq_any(account).assume_not_null())
}

fn visible(view: View) -> Condition {
    let here = audit_entries::org_id.eq(view.org);
    if view.reach.all {
        Box::new(here)
    } else if view.reach.own {
        Box::new(here.and(done_by(MemberKey::new(view.org, view.member))))
    } else {
        Box::new(here.and(false.into_sql::<Bool>()))
    }
}

impl AuditList {
    fn matching(&self) -> Condition {
        let mut matching = visible(self.view);
        let filter = self.filter.clone();
        if let Some(actor) = filter.actor {
            matching = Box::new(matching.and(done_by(MemberKey::new(self.view.org, actor))));
        }
        match filter.action {
            Some(prefix) if prefix.ends_with('.') => {
                let pattern = format!("{}%", prefix.replace(['%', '_', '\\'], ""));
                matching = Box::new(matching.and(audit_entries::action.like(pattern)));
            }
            Some(action) => matching = Box::new(matching.and(audit_entries::action.eq(action))),
            None => {}
        }
        if let Some(target) = filter.target {
            matching = Box::new(matching.and(audit_entries::target.eq(target)));
        }
        if let Some(since) = filter.since {
            matching = Box::new(matching.and(audit_entries::at.ge(since)));
        }
        if let Some(until) = filter.until {
            matching = Box::new(matching.and(audit_entries::at.lt(until)));
        }
        matching
    }
}

impl Batch for AuditList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = audit_entries::table.filter(list.matching()).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

impl AuditPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<AuditEntry>>> {
        let Self(list, page, range) = self;
        let query = AuditEntry::query()
            .filter(list.matching())
            .filter(
                audit_entries::id
                    .gt(range.above)
                    .and(audit_entries::id.lt(range.below)),
            )
            .limit(page.size + 1)
            .into_boxed();
        let query = if page.backward {
            query.order_by(audit_entries::id.asc())
        } else {
            query.order_by(audit_entries::id.desc())
        };
        let rows: Vec<AuditEntry> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for AuditPage {
    type Value = Arc<Vec<Arc<AuditEntry>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

impl Batch for SeenEntry {
    type Value = Arc<AuditEntry>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |seen| seen.1) {
            let view = keys[0].1;
            let ids: Vec<AuditEntryId> = keys.iter().map(|seen| seen.0.id).collect();
            let rows: Vec<AuditEntry> = AuditEntry::query()
                .filter(visible(view))
                .filter(audit_entries::id.eq_any(ids))
                .load(&mut conn)
                .await?;
            found.extend(rows.into_iter().map(|row| (Self(row.key, view), Arc::new(row))));
        }
        Ok(found)
    }
}
