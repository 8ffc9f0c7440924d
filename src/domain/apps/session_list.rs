//! The sessions that an app opened, as a list.

use super::learner_sessions::LearnerSession;
use crate::db::schema::{api_tokens, learner_sessions};
use crate::db::{Batch, Conn, each};
use crate::domain::record_lists::IdRange;
use crate::kernel::ids::AppKey;
use crate::kernel::page::Page;
use diesel::dsl::exists;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

/// The sessions that an app opened for learners; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionsOf(pub AppKey);

/// One page of them, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SessionPage(pub SessionsOf, pub Page, pub IdRange);

impl SessionsOf {
    fn matching(self) -> Box<dyn BoxableExpression<learner_sessions::table, Pg, SqlType = Bool>> {
        let by_app = api_tokens::table.filter(
            api_tokens::org_id
                .eq(learner_sessions::org_id)
                .and(api_tokens::id.eq(learner_sessions::token_id))
                .and(api_tokens::app_id.eq(self.0.id)),
        );
        Box::new(learner_sessions::org_id.eq(self.0.org).and(exists(by_app)))
    }
}

impl Batch for SessionsOf {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = learner_sessions::table.filter(list.matching()).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

impl SessionPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<LearnerSession>>> {
        let Self(list, page, range) = self;
        let query = LearnerSession::query()
            .filter(list.matching())
            .filter(
                learner_sessions::id
                    .gt(range.above)
                    .and(learner_sessions::id.lt(range.below)),
            )
            .limit(page.size + 1)
            .into_boxed();
        let query = if page.backward {
            query.order_by(learner_sessions::id.asc())
        } else {
            query.order_by(learner_sessions::id.desc())
        };
        let rows: Vec<LearnerSession> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for SessionPage {
    type Value = Arc<Vec<Arc<LearnerSession>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}
