//! What counts of an enrolment's attempts at a quiz.

use crate::db::{Batch, Conn, Statement};
use crate::domain::content::{CountedAttempt, Points};
use crate::kernel::ids::{AttemptId, AttemptKey, EnrollmentId, EnrollmentKey, OrgId, UnitId};
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use uuid::Uuid;

/// An enrolment's attempts at a quiz, with the rule by which one of them counts, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultOf {
    /// The enrolment.
    pub enrollment: EnrollmentKey,
    /// The quiz.
    pub quiz: UnitId,
    /// Which attempt counts.
    pub counts: CountedAttempt,
}

/// How an enrolment stands in a quiz.
#[derive(Clone, Copy, Debug)]
pub struct QuizResult {
    /// Attempts that were started and not declared void.
    pub taken: i32,
    /// Whether one of them is open.
    pub is_open: bool,
    /// When the last of them was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Attempts that the learner has beyond those of the quiz's policy.
    pub extra_attempts: i32,
    /// What counts; nothing before there is something.
    pub counted: Option<Counted>,
}

/// What counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The attempt, where it is one and not the mean of several.
    pub attempt: Option<AttemptKey>,
    /// Points earned.
    pub points: Points,
    /// Points that could be earned.
    pub max_points: Points,
    /// Whether they pass.
    pub is_passed: bool,
}

/// How many attempts are summed, which it is if it is one, and their points: earned, earnable, and those that pass.
type Sums = (i64, Option<AttemptId>, i64, i64, i64);

impl Counted {
    fn of(org: OrgId, (summed, attempt, points, max_points, pass_points): Sums) -> Option<Self> {
        let mean = |sum: i64| Points(i32::try_from((2 * sum + summed) / (2 * summed)).unwrap_or(i32::MAX));
        (summed > 0).then(|| Self {
            attempt: attempt.map(|id| AttemptKey::new(org, id)),
            points: mean(points),
            max_points: mean(max_points),
            is_passed: points >= pass_points,
        })
    }
}

type Row = (
    (OrgId, EnrollmentId, UnitId, CountedAttempt),
    (i32, bool, Option<DateTime<Utc>>, i32),
    Sums,
);
type RowTypes = (
    (SqlUuid, SqlUuid, SqlUuid, Text),
    (Integer, Bool, Nullable<Timestamptz>, Integer),
    (BigInt, Nullable<SqlUuid>, BigInt, BigInt, BigInt),
);

impl Batch for ResultOf {
    type Value = QuizResult;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, QuizResult>> {
        let (orgs, enrollments): (Vec<OrgId>, Vec<EnrollmentId>) = keys
            .iter()
            .map(|key| (key.enrollment.org, key.enrollment.id))
            .unzip();
        let (quizzes, rules): (Vec<Uuid>, Vec<&str>) =
            keys.iter().map(|key| (key.quiz.0, key.counts.as_str())).unzip();
        // A first attempt that people have still to grade is none yet, and no later one stands in for it.
        let rows: Vec<Row> = Statement::<RowTypes>::new(
            "select k.org_id, k.enrollment_id, k.unit_id, k.counts, t.taken, t.is_open, t.closed_at, coalesce(x.extra_attempts, 0), \
             case when c.is_final then c.summed else 0 end, c.id, c.points, c.max_points, c.pass_points \
             from unnest(?, ?, ?, ?) as k(org_id, enrollment_id, unit_id, counts) \
             join enrollments e on e.org_id = k.org_id and e.id = k.enrollment_id \
             cross join lateral (select count(*)::integer as taken, coalesce(bool_or(a.state = 'in_progress'), false) as is_open, \
             max(a.submitted_at) as closed_at from attempts a where a.org_id = k.org_id and a.enrollment_id = k.enrollment_id \
             and a.unit_id = k.unit_id and a.cycle = e.cycle and a.state <> 'voided') t \
             left join lateral (select extra_attempts from accommodations where org_id = k.org_id and enrollment_id = k.enrollment_id \
             and (unit_id = k.unit_id or unit_id is null) order by unit_id nulls last limit 1) x on true \
             cross join lateral (select count(*) as summed, case when k.counts <> 'average' then (array_agg(p.id))[1] end as id, \
             coalesce(sum(coalesce(p.points, 0)), 0)::bigint as points, coalesce(sum(p.max_points), 0)::bigint as max_points, \
             coalesce(sum(p.pass_points), 0)::bigint as pass_points, coalesce(bool_and(p.state in ('graded', 'abandoned')), true) as is_final \
             from (select * from attempts a where a.org_id = k.org_id and a.enrollment_id = k.enrollment_id and a.unit_id = k.unit_id \
             and a.cycle = e.cycle and a.state <> 'voided' and (a.state in ('graded', 'abandoned') or k.counts = 'first') \
             order by case k.counts when 'highest' then coalesce(a.points, 0)::double precision / a.max_points end desc nulls last, \
             case k.counts when 'latest' then a.number end desc nulls last, a.number \
             limit case when k.counts <> 'average' then 1 end) p) c",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(enrollments)
        .bind::<Array<SqlUuid>, _>(quizzes)
        .bind::<Array<Text>, _>(rules)
        .load(&mut conn)
        .await?;
        let result =
            |((org, enrollment, quiz, counts), (taken, is_open, closed_at, extra_attempts), sums): Row| {
                let key = Self {
                    enrollment: EnrollmentKey::new(org, enrollment),
                    quiz,
                    counts,
                };
                let result = QuizResult {
                    taken,
                    is_open,
                    closed_at,
                    extra_attempts,
                    counted: Counted::of(org, sums),
                };
                (key, result)
            };
        Ok(rows.into_iter().map(result).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_rounded_and_passes_by_what_was_earned() {
        let org = OrgId(Uuid::nil());
        for (sums, expected) in [
            ((0, None, 0, 0, 0), None),
            ((1, None, 300, 500, 300), Some((300, 500, true))),
            ((2, None, 599, 1_000, 600), Some((300, 500, false))),
            ((3, None, 100, 300, 100), Some((33, 100, true))),
        ] {
            let counted = Counted::of(org, sums);
            let counted = counted.map(|it| (it.points.0, it.max_points.0, it.is_passed));
            assert_eq!(counted, expected, "{sums:?}");
        }
    }
}
