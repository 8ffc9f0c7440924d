//! The sessions that an app opened, as a list.

use super::learner_sessions::LearnerSession;
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::{IdRange, groups};
use crate::kernel::ids::{AppId, AppKey, OrgId};
use crate::kernel::page::{Page, Slice};
use diesel::QueryResult;
use diesel::Selectable;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Columns = <LearnerSession as Selectable<Pg>>::SelectExpression;
type ColumnTypes = SqlTypeOf<Columns>;

/// The sessions that an app opened for learners; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionsOf(pub AppKey);

impl SessionsOf {
    fn parents(lists: impl Iterator<Item = Self>) -> (Vec<OrgId>, Vec<AppId>) {
        lists.map(|list| (list.0.org, list.0.id)).unzip()
    }
}

/// One page of them, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionPage(pub SessionsOf, pub Page, pub IdRange);

/// The statement of a page for each app.
macro_rules! page {
    ($order:literal) => {
        concat!(
            "select p.org_id, p.id, r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from api_tokens t \
             join learner_sessions on learner_sessions.org_id = t.org_id and learner_sessions.token_id = t.id \
             where t.org_id = p.org_id and t.app_id = p.id and learner_sessions.id > ? and learner_sessions.id < ? \
             order by learner_sessions.id ",
            $order,
            " limit ?) r order by r.id ",
            $order
        )
    };
}

impl Batch for SessionPage {
    type Value = Slice<Arc<LearnerSession>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| &key.1) {
            let Self(_, page, range) = keys[0];
            let (orgs, ids) = SessionsOf::parents(keys.iter().map(|key| key.0));
            let sql = if page.backward {
                page!("asc")
            } else {
                page!("desc")
            };
            let rows: Vec<(OrgId, AppId, LearnerSession)> =
                Statement::<(SqlUuid, SqlUuid, ColumnTypes)>::new(sql)
                    .bind::<Array<SqlUuid>, _>(orgs)
                    .bind::<Array<SqlUuid>, _>(ids)
                    .bind::<ColumnTypes, _>(<LearnerSession as Selectable<Pg>>::construct_selection())
                    .bind::<SqlUuid, _>(range.above)
                    .bind::<SqlUuid, _>(range.below)
                    .bind::<BigInt, _>(page.size + 1)
                    .load(&mut conn)
                    .await?;
            let mut pages: HashMap<SessionsOf, Vec<Arc<LearnerSession>>> = HashMap::new();
            for (org, app, row) in rows {
                let list = SessionsOf(AppKey::new(org, app));
                pages.entry(list).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.0).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

impl Batch for SessionsOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let (orgs, ids) = Self::parents(keys.iter().copied());
        let rows: Vec<(OrgId, AppId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(
            "select p.org_id, p.id, count(*) from unnest(?, ?) as p (org_id, id) \
             join api_tokens t on t.org_id = p.org_id and t.app_id = p.id \
             join learner_sessions s on s.org_id = t.org_id and s.token_id = t.id group by p.org_id, p.id",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let counted = |(org, app, count)| (Self(AppKey::new(org, app)), count);
        Ok(rows.into_iter().map(counted).collect())
    }
}
