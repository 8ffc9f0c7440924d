//! Reading attempts: one, pages of those that a viewer may see, the pages below enrolments.

use super::model::{Attempt, AttemptState};
use crate::db::schema::attempts;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{AttemptId, AttemptKey, CourseId, OrgId};
use crate::{enrollment_lists, record_lists};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

type Condition = Box<dyn BoxableExpression<attempts::table, Pg, SqlType = Bool>>;
type Columns = <Attempt as Selectable<Pg>>::SelectExpression;

/// Which attempts a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AttemptFilter {
    /// Only at quizzes of this course.
    pub course: Option<CourseId>,
    /// Only in this state.
    pub state: Option<AttemptState>,
}

impl AttemptFilter {
    /// Adds itself to a condition.
    pub fn narrow(self, mut condition: Condition) -> Condition {
        if let Some(course) = self.course {
            condition = Box::new(condition.and(attempts::course_id.eq(course)));
        }
        if let Some(state) = self.state {
            condition = Box::new(condition.and(attempts::state.eq(state)));
        }
        condition
    }
}

record_lists!(attempts, Attempt, AttemptKey, AttemptId, AttemptFilter);

enrollment_lists!(attempts, Attempt, AttemptsOf, AttemptCountOf);

/// Seconds until an open attempt's deadline by the database's clock, 0 when it is over; absent where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecondsLeft(pub AttemptKey);

impl Batch for SecondsLeft {
    type Value = i32;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i32>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<AttemptId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, AttemptId, i32)> = Statement::<(SqlUuid, SqlUuid, Integer)>::new(
            "select a.org_id, a.id, greatest(0, ceil(extract(epoch from a.deadline_at - clock_timestamp())))::integer \
             from unnest(?, ?) as k(org_id, id) join attempts a on a.org_id = k.org_id and a.id = k.id \
             where a.state = 'in_progress' and a.deadline_at is not null",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let left = rows
            .into_iter()
            .map(|(org, id, left)| (Self(AttemptKey::new(org, id)), left));
        Ok(left.collect())
    }
}
