//! Reading attempts: one, pages of those that a viewer may see, the pages below enrolments.

use super::model::{Attempt, AttemptState};
use crate::db::schema::attempts;
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::IdRange;
use crate::kernel::error::Result;
use crate::kernel::ids::{AttemptId, AttemptKey, CourseId, EnrollmentId, EnrollmentKey, OrgId};
use crate::kernel::page::{Page, Slice};
use crate::record_lists;
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

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

/// A page of an enrolment's attempts, the newest first. Whoever sees the enrolment sees its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptsOf {
    enrollment: EnrollmentKey,
    page: Page,
    range: IdRange,
}

impl AttemptsOf {
    /// Asks for a page.
    pub fn new(enrollment: EnrollmentKey, page: Page) -> Result<Self> {
        let range = IdRange::of(&page)?;
        Ok(Self {
            enrollment,
            page,
            range,
        })
    }
}

impl Batch for AttemptsOf {
    type Value = Slice<Arc<Attempt>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut pages: HashMap<&Page, Vec<&Self>> = HashMap::new();
        for key in keys {
            pages.entry(&key.page).or_default().push(key);
        }
        let mut slices = HashMap::with_capacity(keys.len());
        for (page, keys) in pages {
            let mut rows: HashMap<EnrollmentId, Vec<Arc<Attempt>>> = HashMap::new();
            for attempt in below(page, &keys).load::<Attempt>(&mut conn).await? {
                rows.entry(attempt.enrollment_id)
                    .or_default()
                    .push(Arc::new(attempt));
            }
            slices.extend(keys.into_iter().map(|key| {
                let rows = rows.remove(&key.enrollment.id).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(slices)
    }
}

macro_rules! below {
    ($order:literal) => {
        concat!(
            "select a.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from attempts \
             where attempts.org_id = p.org_id and attempts.enrollment_id = p.id \
             and attempts.id > ? and attempts.id < ? order by attempts.id ",
            $order,
            " limit ?) a order by a.id ",
            $order
        )
    };
}

/// One page for each enrolment: all of the same form.
fn below<'a>(page: &Page, keys: &[&AttemptsOf]) -> Statement<'a, SqlTypeOf<Columns>> {
    let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) = keys
        .iter()
        .map(|key| (key.enrollment.org, key.enrollment.id))
        .unzip();
    let range = keys.first().map(|key| key.range);
    let sql = if page.backward {
        below!("asc")
    } else {
        below!("desc")
    };
    Statement::new(sql)
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlTypeOf<Columns>, _>(<Attempt as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(range.map_or(uuid::Uuid::nil(), |range| range.above))
        .bind::<SqlUuid, _>(range.map_or(uuid::Uuid::max(), |range| range.below))
        .bind::<BigInt, _>(page.size + 1)
}

/// How many attempts an enrolment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptCountOf(pub EnrollmentKey);

impl Batch for AttemptCountOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<EnrollmentId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, EnrollmentId, i64)> = attempts::table
            .filter(
                attempts::org_id
                    .eq_any(orgs)
                    .and(attempts::enrollment_id.eq_any(ids)),
            )
            .group_by((attempts::org_id, attempts::enrollment_id))
            .select((
                attempts::org_id,
                attempts::enrollment_id,
                diesel::dsl::count_star(),
            ))
            .load(&mut conn)
            .await?;
        let counted = rows
            .into_iter()
            .map(|(org, id, count)| (Self(EnrollmentKey::new(org, id)), count));
        Ok(counted.collect())
    }
}

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
