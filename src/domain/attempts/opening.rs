//! How an attempt is opened: one statement, which decides by the database's clock whether it may be.

use super::store::MayTake;
use crate::db::{Conn, Statement};
use crate::domain::content::{Points, QuizPolicy};
use crate::domain::enrollments::SeenEnrollment;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{AttemptId, UnitId};
use chrono::{DateTime, SecondsFormat, Utc};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Double, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

/// What a new attempt starts with.
#[derive(Clone, Copy, Debug)]
pub struct NewAttempt<'a> {
    /// Its id.
    pub id: AttemptId,
    /// The quiz.
    pub unit: UnitId,
    /// How the quiz is taken.
    pub policy: &'a QuizPolicy,
    /// Where its order comes from.
    pub seed: i64,
    /// Points that can be earned.
    pub max_points: Points,
}

/// Why no attempt may be opened now, in the words of the statement.
type Obstacle = (Option<String>, i32, Option<DateTime<Utc>>);

/// Inserts the next attempt of an enrolment at a quiz, its deadline fixed by the database's clock with what the learner is
/// given beyond the quiz's policy. Where one is open already, the unique index `attempts_open` refuses the next. Says why
/// none may be opened.
pub async fn open(
    enrollment: &MayTake<'_, SeenEnrollment>,
    mut conn: Conn<'_>,
    new: &NewAttempt<'_>,
) -> QueryResult<Option<Refusal>> {
    let policy = new.policy;
    let key = enrollment.enrollment.key;
    // The clock is read once, behind the lock of the enrolment that the proof's row says.
    let (obstacle, allowed, free_at): Obstacle = Statement::<(Nullable<Text>, Integer, Nullable<Timestamptz>)>::new(
        "with asked as materialized (select clock_timestamp() as moment, ?::uuid as org_id, ?::uuid as enrollment_id, \
         ?::uuid as unit_id, ?::integer as cycle, ?::integer as allowed, ?::double precision as time_limit, ?::double precision as cooldown, \
         ?::timestamptz as opens_at, ?::timestamptz as closes_at), \
         facts as materialized (select q.*, a.last, a.is_open, a.taken, a.closed_at + make_interval(secs => q.cooldown) as free_at, \
         least(q.allowed::bigint + coalesce(x.extra_attempts, 0), 2147483647)::integer as granted, \
         least(q.moment + make_interval(secs => q.time_limit * (100 + coalesce(x.extra_time_percent, 0)) / 100), q.closes_at) as deadline_at \
         from asked q \
         cross join lateral (select coalesce(max(number), 0) as last, coalesce(bool_or(state = 'in_progress'), false) as is_open, \
         count(*) filter (where state <> 'voided' and cycle = q.cycle) as taken, max(submitted_at) filter (where state <> 'voided' and cycle = q.cycle) as closed_at \
         from attempts where org_id = q.org_id and enrollment_id = q.enrollment_id and unit_id = q.unit_id) a \
         left join lateral (select extra_time_percent, extra_attempts from accommodations where org_id = q.org_id \
         and enrollment_id = q.enrollment_id and (unit_id = q.unit_id or unit_id is null) order by unit_id nulls last limit 1) x on true), \
         verdict as materialized (select f.*, case when is_open then null when moment < opens_at then 'early' when moment >= closes_at then 'late' \
         when taken >= granted then 'spent' when moment < free_at then 'tired' end as obstacle from facts f), \
         opened as (insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, cycle, number, seed, \
         started_at, deadline_at, overdue_at, max_points, pass_points) \
         select e.org_id, ?, e.id, v.unit_id, e.course_id, e.revision_id, e.member_id, v.cycle, v.last + 1, ?, \
         v.moment, v.deadline_at, v.deadline_at + make_interval(secs => ?), ?, ? \
         from verdict v join enrollments e on e.org_id = v.org_id and e.id = v.enrollment_id where v.obstacle is null) \
         select obstacle, granted, free_at from verdict",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(new.unit)
    .bind::<Integer, _>(enrollment.enrollment.cycle)
    .bind::<Integer, _>(policy.max_attempts.unwrap_or(i32::MAX))
    .bind::<Nullable<Double>, _>(policy.time_limit_seconds.map(f64::from))
    .bind::<Nullable<Double>, _>(policy.cooldown_seconds.map(f64::from))
    .bind::<Nullable<Timestamptz>, _>(policy.opens_at)
    .bind::<Nullable<Timestamptz>, _>(policy.closes_at)
    .bind::<SqlUuid, _>(new.id)
    .bind::<BigInt, _>(new.seed)
    .bind::<Double, _>(f64::from(policy.grace_seconds))
    .bind::<Integer, _>(new.max_points)
    .bind::<Integer, _>(new.max_points.percent(policy.pass_percent))
    .get_result(&mut conn)
    .await?;
    let at = |instant: Option<DateTime<Utc>>| {
        instant.map_or_else(String::new, |instant| {
            instant.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
    };
    let refusal = |code, message| Some(Refusal::at(code, "quizId", message));
    Ok(match obstacle.as_deref() {
        None => None,
        Some("early") => refusal(
            Code::Locked,
            format!("The quiz opens at {}.", at(policy.opens_at)),
        ),
        Some("late") => refusal(
            Code::Locked,
            format!("The quiz was closed at {}.", at(policy.closes_at)),
        ),
        Some("tired") => refusal(
            Code::Cooldown,
            format!("The next attempt may be started at {}.", at(free_at)),
        ),
        Some(_) => refusal(
            Code::NoAttemptsLeft,
            format!("You have {allowed} attempts at this quiz, and all were taken."),
        ),
    })
}
