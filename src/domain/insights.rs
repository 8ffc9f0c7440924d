//! What a course's authors learn from how it is worked through: how many finish, where they stop, which questions say
//! little.
//!
//! Numbers across learners are shown only where they are of enough of them: nobody is to be read out of a statistic.

use super::content::{Points, Revision};
use super::enrollments::EnrollmentState;
use crate::db::schema::enrollments;
use crate::db::{Conn, Statement};
use crate::is_or_was_in_sql;
use crate::kernel::ids::{CourseKey, QuestionId, UnitId};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

/// Learners below which a number is not shown.
pub const SMALLEST_GROUP: i64 = 5;

/// The newest graded attempts that statistics of questions are computed of.
const SAMPLE: i64 = 10_000;

/// How a course is worked through, in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// Learners who have ever been in the course and have not left it.
    pub learners: i64,
    /// How many of those have completed it.
    pub completed: i64,
}

/// Counts a course's learners: one statement.
pub async fn totals(course: CourseKey, mut conn: Conn<'_>) -> QueryResult<Totals> {
    let rows = enrollments::table
        .filter(enrollments::org_id.eq(course.org))
        .filter(enrollments::course_id.eq(course.id))
        .filter(enrollments::state.eq_any(EnrollmentState::IS_OR_WAS_IN));
    let (learners, completed) = rows
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::count(enrollments::completed_at),
        ))
        .first(&mut conn)
        .await?;
    Ok(Totals { learners, completed })
}

/// How a unit is worked through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// Learners who have been in it.
    pub started: i64,
    /// How many of those have completed it.
    pub completed: i64,
    /// Learners who have not completed the course and have come no further than this unit.
    pub stopped: i64,
}

/// Counts, for the units of a revision in order, who has been in them and who stopped there: one statement.
pub async fn units(
    course: CourseKey,
    revision: &Revision,
    mut conn: Conn<'_>,
) -> QueryResult<HashMap<UnitId, UnitTotals>> {
    let order: Vec<UnitId> = revision.units().map(|unit| unit.id).collect();
    let rows: Vec<(UnitId, i64, i64, i64)> = Statement::<(SqlUuid, BigInt, BigInt, BigInt)>::new(concat!(
        "with seen as ( \
            select p.enrollment_id, u.id, u.place, p.state, e.completed_at, \
                max(u.place) over (partition by p.enrollment_id) as furthest \
            from enrollments e \
            join unit_progress p on p.org_id = e.org_id and p.enrollment_id = e.id \
            join unnest(?) with ordinality as u (id, place) on u.id = p.unit_id \
            where e.org_id = ? and e.course_id = ? and e.state in ",
        is_or_was_in_sql!(),
        " \
        ) select id, count(*), count(*) filter (where state = 'completed'), \
            count(*) filter (where place = furthest and completed_at is null) from seen group by id",
    ))
    .bind::<Array<SqlUuid>, _>(order)
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .load(&mut conn)
    .await?;
    let totals = |(unit, started, completed, stopped)| {
        (
            unit,
            UnitTotals {
                started,
                completed,
                stopped,
            },
        )
    };
    Ok(rows.into_iter().map(totals).collect())
}

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemTotals {
    /// Learners who have answered it.
    pub learners: i64,
    /// Points that an answer earned on average, in hundredths.
    pub mean: f64,
    /// How the points of an answer go with those of the attempt's other answers, from -1 to 1; nothing where all are alike.
    pub discrimination: Option<f64>,
}

impl ItemTotals {
    /// The share of a question's points that is earned on average, from 0 to 1: low for a hard question.
    pub fn facility(&self, most: Points) -> f64 {
        (self.mean / f64::from(most.0.max(1))).clamp(0.0, 1.0)
    }
}

/// Looks at the answers to questions in the newest graded attempts of a course: one statement.
pub async fn items(course: CourseKey, mut conn: Conn<'_>) -> QueryResult<HashMap<QuestionId, ItemTotals>> {
    let rows: Vec<(QuestionId, i64, f64, Option<f64>)> =
        Statement::<(SqlUuid, BigInt, Double, Nullable<Double>)>::new(
            "with newest as ( \
                select org_id, id, member_id, points from attempts \
                where org_id = ? and course_id = ? and state = 'graded' order by id desc limit ? \
             ) select a.question_id, count(distinct t.member_id), avg(a.points)::double precision, \
                corr(a.points::double precision, (t.points - a.points)::double precision) \
             from newest t join attempt_answers a on a.org_id = t.org_id and a.attempt_id = t.id \
             where a.points is not null group by a.question_id",
        )
        .bind::<SqlUuid, _>(course.org)
        .bind::<SqlUuid, _>(course.id)
        .bind::<BigInt, _>(SAMPLE)
        .load(&mut conn)
        .await?;
    let totals = |(question, learners, mean, discrimination)| {
        (
            question,
            ItemTotals {
                learners,
                mean,
                discrimination,
            },
        )
    };
    Ok(rows.into_iter().map(totals).collect())
}
