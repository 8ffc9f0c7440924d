//! What learning comes to: sums over progress and attempts. Nothing is stored that rows do not say.

use super::insights::SMALLEST_GROUP;
use super::visibility::View;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, OrgId, UnitId};
use crate::visible_records;
use diesel::QueryResult;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// Seconds that a learner has spent in the units of an enrolment; nothing before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecondsOf(pub EnrollmentKey);

impl Batch for SecondsOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, EnrollmentId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(
            "select p.org_id, p.enrollment_id, sum(p.seconds) from unnest(?, ?) as k (org_id, id) \
             join unit_progress p on p.org_id = k.org_id and p.enrollment_id = k.id group by p.org_id, p.enrollment_id",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let seconds = |(org, id, seconds)| (Self(EnrollmentKey::new(org, id)), seconds);
        Ok(rows.into_iter().map(seconds).collect())
    }
}

/// What was earned at a quiz, and what could have been, in hundredths of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// The quiz.
    pub unit: UnitId,
    /// Earned, in the best attempt of each learner.
    pub points: i64,
    /// To be earned.
    pub most: i64,
}

/// What a learner earned at each quiz in the present cycle of an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScoresOf(pub EnrollmentKey);

impl Batch for ScoresOf {
    type Value = Arc<Vec<Score>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, EnrollmentId, UnitId, i64, i64)> =
            Statement::<(SqlUuid, SqlUuid, SqlUuid, BigInt, BigInt)>::new(
                "select distinct on (a.org_id, a.enrollment_id, a.unit_id) a.org_id, a.enrollment_id, a.unit_id, \
                 a.points::bigint, a.max_points::bigint from unnest(?, ?) as k (org_id, id) \
                 join enrollments e on e.org_id = k.org_id and e.id = k.id \
                 join attempts a on a.org_id = e.org_id and a.enrollment_id = e.id and a.cycle = e.cycle and a.state = 'graded' \
                 order by a.org_id, a.enrollment_id, a.unit_id, a.points::float8 / a.max_points desc",
            )
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(ids)
            .load(&mut conn)
            .await?;
        let mut scores: HashMap<Self, Vec<Score>> = HashMap::new();
        for (org, id, unit, points, most) in rows {
            let key = Self(EnrollmentKey::new(org, id));
            scores.entry(key).or_default().push(Score { unit, points, most });
        }
        Ok(scores
            .into_iter()
            .map(|(key, scores)| (key, Arc::new(scores)))
            .collect())
    }
}

/// What the learners of a course whom a viewer sees earned at each quiz, each in their best attempt; nothing of a quiz that fewer than
/// [`SMALLEST_GROUP`] have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScoresIn(pub CourseKey, pub View);

impl Batch for ScoresIn {
    type Value = Arc<Vec<Score>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        crate::db::each(keys, |Self(course, view)| scores_in(conn, *course, *view)).await
    }
}

async fn scores_in(mut conn: Conn<'_>, course: CourseKey, view: View) -> QueryResult<Arc<Vec<Score>>> {
    let rows: Vec<(UnitId, i64, i64)> = Statement::<(SqlUuid, BigInt, BigInt)>::new(
        "select b.unit_id, sum(b.points)::bigint, sum(b.max_points)::bigint from (select distinct on (attempts.enrollment_id, attempts.unit_id) \
         attempts.unit_id, attempts.points, attempts.max_points from attempts \
         where attempts.org_id = ? and attempts.course_id = ? and attempts.state = 'graded' and ? \
         order by attempts.enrollment_id, attempts.unit_id, attempts.points::float8 / attempts.max_points desc) b \
         group by b.unit_id having count(*) >= ?",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<Bool, _>(visible_records!(attempts, in view))
    .bind::<BigInt, _>(SMALLEST_GROUP)
    .load(&mut conn)
    .await?;
    let score = |(unit, points, most)| Score { unit, points, most };
    Ok(Arc::new(rows.into_iter().map(score).collect()))
}
