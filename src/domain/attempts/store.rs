//! Statements on `attempts` and `attempt_answers` inside a write: few, of fixed text, the same number for a quiz of
//! any length.

use super::grade::{Answers, Grading};
use super::model::{Attempt, AttemptState, SeenAttempt};
use crate::auth::allowed::{Allowed, Gate, Protected};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::{Conn, Db, Statement};
use crate::domain::content::{Answer, AnswerKeys};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    AttemptId, AttemptKey, CourseId, CourseKey, EnrollmentKey, MemberId, OrgId, QuestionId, RevisionId,
    RevisionKey, UnitId,
};
use crate::relation_sql;
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, BigInt, Bool, Double, Integer, Interval, Jsonb, Nullable, Text, Untyped, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;

/// The columns of [`Attempt`] of the alias `a`, in the order of its fields.
macro_rules! columns {
    () => {
        "a.org_id, a.id, a.enrollment_id, a.unit_id, a.course_id, a.revision_id, a.member_id, a.number, a.state, a.seed, \
         a.started_at, a.deadline_at, a.submitted_at, a.submitted_automatically, a.points, a.max_points, a.pass_points"
    };
}
pub(super) use columns;

/// What [`columns`] selects.
pub(super) type AttemptColumns = SqlTypeOf<AsSelect<Attempt, Pg>>;

/// The proof that every write about an attempt takes.
pub type MayTake<'gate, R> = Allowed<'gate, action::AttemptsTake, R>;

/// An enrolment, locked in a write, as its attempts depend on it.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Its key.
    pub key: EnrollmentKey,
    /// The course.
    pub course: CourseKey,
    /// The learner.
    pub member: MemberId,
    /// The revision that it is pinned to.
    pub revision: RevisionKey,
    /// Whether it still stands: not withdrawn.
    pub stands: bool,
    relation: Relation,
}

impl Protected for Enrolled {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.key.org).related(self.relation)
    }

    fn read_permission(&self) -> Permission {
        Permission::LearningRecordsRead
    }
}

/// Reads an enrolment and locks it until the transaction ends.
pub async fn lock_enrollment(gate: &Gate<'_>, key: EnrollmentKey) -> Result<Option<Enrolled>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let actor = gate.member_id();
    let row: Option<(CourseId, MemberId, RevisionId, bool, bool, bool)> =
        Statement::<(SqlUuid, SqlUuid, SqlUuid, Bool, Bool, Bool)>::new(concat!(
            "select e.course_id, e.member_id, e.revision_id, e.state <> 'withdrawn', ",
            relation_sql!("e"),
            " from (select * from enrollments where org_id = ? and id = ? for no key update) e",
        ))
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .get_result(&mut gate.conn())
        .await
        .optional()?;
    Ok(
        row.map(|(course, member, revision, stands, taught, managed)| Enrolled {
            key,
            course: CourseKey::new(key.org, course),
            member,
            revision: RevisionKey::new(key.org, revision),
            stands,
            relation: Relation {
                own: member == actor,
                taught,
                managed,
            },
        }),
    )
}

/// What a new attempt starts with.
#[derive(Clone, Copy, Debug)]
pub struct NewAttempt {
    /// Its id.
    pub id: AttemptId,
    /// The quiz.
    pub unit: UnitId,
    /// Where its order comes from.
    pub seed: i64,
    /// Seconds until its deadline.
    pub time_limit_seconds: Option<i32>,
    /// Attempts that the enrolment has at this quiz.
    pub max_attempts: Option<i32>,
    /// Points that can be earned.
    pub max_points: i32,
    /// Points that pass.
    pub pass_points: i32,
}

/// Inserts the next attempt of an enrolment at a quiz, its deadline fixed by the database's clock. Tells whether one
/// was left; where one is open already, the unique index `attempts_open` refuses the next.
pub async fn insert(
    enrolled: &MayTake<'_, Enrolled>,
    mut conn: Conn<'_>,
    new: &NewAttempt,
) -> QueryResult<bool> {
    let inserted = Statement::<Untyped>::new(
        "insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, seed, \
         started_at, deadline_at, max_points, pass_points) \
         select e.org_id, ?, e.id, q.unit_id, e.course_id, e.revision_id, e.member_id, coalesce(max(a.number), 0) + 1, ?, \
         q.moment, q.moment + make_interval(secs => ?), ?, ? \
         from (select ?::uuid as unit_id, clock_timestamp() as moment) q \
         join enrollments e on e.org_id = ? and e.id = ? \
         left join attempts a on a.org_id = e.org_id and a.enrollment_id = e.id and a.unit_id = q.unit_id \
         group by e.org_id, e.id, q.unit_id, q.moment \
         having coalesce(max(a.number), 0) < ? or bool_or(a.state = 'in_progress')",
    )
    .bind::<SqlUuid, _>(new.id)
    .bind::<BigInt, _>(new.seed)
    .bind::<Nullable<Double>, _>(new.time_limit_seconds.map(f64::from))
    .bind::<Integer, _>(new.max_points)
    .bind::<Integer, _>(new.pass_points)
    .bind::<SqlUuid, _>(new.unit)
    .bind::<SqlUuid, _>(enrolled.key.org)
    .bind::<SqlUuid, _>(enrolled.key.id)
    .bind::<Integer, _>(new.max_attempts.unwrap_or(i32::MAX))
    .execute(&mut conn)
    .await?;
    Ok(inserted == 1)
}

/// What a lock of an attempt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockFor {
    /// Saving an answer: others may be saved beside it, the submission waits. Late from the deadline on.
    Answering,
    /// Closing the attempt, with its enrolment locked before it. Late once the grace is over too.
    Closing,
}

/// The select list of a locked attempt `a` and its enrolment `e`. The clock is read above the lock, so after it is got.
macro_rules! locked {
    ($from:literal) => {
        concat!(
            "select ",
            columns!(),
            ", ",
            relation_sql!("a"),
            ", e.state <> 'withdrawn', coalesce(clock_timestamp() > a.deadline_at + make_interval(secs => ?), false) ",
            $from
        )
    };
}

const LOCKED_FOR_ANSWERING: &str = locked!(
    "from (select * from attempts where org_id = ? and id = ? for share) a \
     join enrollments e on e.org_id = a.org_id and e.id = a.enrollment_id"
);

// The enrolment's sub-select is the outer side of the lateral join, so its lock comes first.
const LOCKED_FOR_CLOSING: &str = locked!(
    "from (select ?::uuid as org_id, ?::uuid as id) k cross join lateral (select e.* from enrollments e \
     where e.org_id = k.org_id and e.id = (select enrollment_id from attempts where org_id = k.org_id and id = k.id) \
     for no key update) e cross join lateral (select * from attempts \
     where org_id = e.org_id and enrollment_id = e.id and id = k.id for no key update) a"
);

/// Reads an attempt and locks it until the transaction ends.
pub async fn lock(gate: &Gate<'_>, key: AttemptKey, purpose: LockFor) -> Result<Option<SeenAttempt>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let (sql, grace) = match purpose {
        LockFor::Answering => (LOCKED_FOR_ANSWERING, 0),
        LockFor::Closing => (LOCKED_FOR_CLOSING, super::GRACE_SECONDS),
    };
    let actor = gate.member_id();
    let row: Option<(Attempt, bool, bool, bool, bool)> =
        Statement::<(AttemptColumns, Bool, Bool, Bool, Bool)>::new(sql)
            .bind::<SqlUuid, _>(actor)
            .bind::<SqlUuid, _>(actor)
            .bind::<Double, _>(f64::from(grace))
            .bind::<SqlUuid, _>(key.org)
            .bind::<SqlUuid, _>(key.id)
            .get_result(&mut gate.conn())
            .await
            .optional()?;
    Ok(
        row.map(|(attempt, taught, managed, is_enrolled, is_late)| SeenAttempt {
            relation: Relation {
                own: attempt.member_id == actor,
                taught,
                managed,
            },
            attempt,
            is_enrolled,
            is_late,
        }),
    )
}

/// Saves an answer over the one of the expected version: 0 for none, any where nothing is expected. Tells whether that
/// version was still the one.
pub async fn save(
    attempt: &MayTake<'_, SeenAttempt>,
    mut conn: Conn<'_>,
    question: QuestionId,
    answer: &Answer,
    expected: Option<i32>,
) -> Result<bool> {
    let key = attempt.attempt.key;
    let saved = Statement::<Untyped>::new(
        "insert into attempt_answers (org_id, attempt_id, question_id, answer) \
         select k.org_id, k.attempt_id, k.question_id, k.answer \
         from (select ?::uuid as org_id, ?::uuid as attempt_id, ?::uuid as question_id, ?::jsonb as answer, ?::integer as expected) k \
         where coalesce(k.expected, 0) = 0 or exists (select from attempt_answers s where s.org_id = k.org_id \
         and s.attempt_id = k.attempt_id and s.question_id = k.question_id and s.version = k.expected) \
         on conflict (org_id, attempt_id, question_id) do update \
         set answer = excluded.answer, version = attempt_answers.version + 1, saved_at = clock_timestamp() \
         where attempt_answers.version = coalesce(?, attempt_answers.version)",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(question)
    .bind::<Jsonb, _>(serde_json::to_value(answer).map_err(Error::internal)?)
    .bind::<Nullable<Integer>, _>(expected)
    .bind::<Nullable<Integer>, _>(expected)
    .execute(&mut conn)
    .await?;
    Ok(saved == 1)
}

/// Reads what was saved and what is right. The attempt is locked, so nothing more is being saved.
pub async fn answers_and_keys(
    attempt: &MayTake<'_, SeenAttempt>,
    mut conn: Conn<'_>,
) -> Result<(Answers, AnswerKeys)> {
    let attempt = &attempt.attempt;
    let (keys, answers): (String, serde_json::Value) = Statement::<(Text, Jsonb)>::new(
        "select k.answer_keys, coalesce((select jsonb_object_agg(s.question_id, s.answer) from attempt_answers s \
         where s.org_id = k.org_id and s.attempt_id = ?), '{}') \
         from revision_answer_keys k where k.org_id = ? and k.revision_id = ?",
    )
    .bind::<SqlUuid, _>(attempt.key.id)
    .bind::<SqlUuid, _>(attempt.key.org)
    .bind::<SqlUuid, _>(attempt.revision_id)
    .get_result(&mut conn)
    .await?;
    Ok((
        serde_json::from_value(answers).map_err(Error::internal)?,
        serde_json::from_str(&keys).map_err(Error::internal)?,
    ))
}

/// Closes an attempt: its state, its points and those of every answer, in one statement.
pub async fn close(
    attempt: &MayTake<'_, SeenAttempt>,
    mut conn: Conn<'_>,
    state: AttemptState,
    automatically: bool,
    grading: &Grading,
) -> QueryResult<()> {
    let key = attempt.attempt.key;
    let points = (state == AttemptState::Graded).then(|| grading.total());
    Statement::<Untyped>::new(
        "with graded as (update attempt_answers s set points = g.points from unnest(?, ?) as g(question_id, points) \
         where s.org_id = ? and s.attempt_id = ? and s.question_id = g.question_id) \
         update attempts set state = ?, submitted_at = clock_timestamp(), submitted_automatically = ?, points = ? \
         where org_id = ? and id = ? and state = 'in_progress'",
    )
    .bind::<Array<SqlUuid>, _>(grading.questions.clone())
    .bind::<Array<Integer>, _>(grading.points.clone())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Text, _>(state)
    .bind::<Bool, _>(automatically)
    .bind::<Nullable<Integer>, _>(points)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Finds open attempts whose time and grace are over, in any organisation, the longest overdue first.
pub async fn due(db: &Db, most: i32) -> Result<Vec<AttemptKey>> {
    let mut conn = db.unscoped().await?;
    let rows: Vec<(OrgId, AttemptId)> =
        Statement::<(SqlUuid, SqlUuid)>::new("select org_id, id from door.due_attempts(?, ?)")
            .bind::<Interval, _>(diesel::data_types::PgInterval::from_microseconds(
                i64::from(super::GRACE_SECONDS) * 1_000_000,
            ))
            .bind::<Integer, _>(most)
            .load(&mut conn)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(org, id)| AttemptKey::new(org, id))
        .collect())
}
