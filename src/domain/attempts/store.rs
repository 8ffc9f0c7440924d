//! Statements on `attempts` and `attempt_answers` inside a write: few, of fixed text, the same number for a quiz of
//! any length.

use super::grade::Grading;
use super::model::{Attempt, SeenAttempt};
use super::receipt::{Signed, StoredAnswers};
use super::rubric::CriterionGrade;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::action;
use crate::auth::policy::Relation;
use crate::db::{Conn, Db, Statement};
use crate::domain::content::{Answer, AnswerKeys, Points};
use crate::domain::enrollments::{Enrollment, SeenEnrollment};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AttemptId, AttemptKey, OrgId, QuestionId, QuestionKey};
use crate::relation_sql;
use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{
    Array, Bool, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;

type Columns = <Attempt as Selectable<Pg>>::SelectExpression;
type EnrollmentColumns = <Enrollment as Selectable<Pg>>::SelectExpression;

/// The proof that every write about an attempt takes.
pub type MayTake<'gate, R> = Allowed<'gate, action::AttemptsTake, R>;

/// The select list of a locked attempt. The clock is read above the lock, so after it is got.
macro_rules! locked {
    ($end:literal, $more:literal, $from:literal) => {
        concat!(
            "select ?, ",
            relation_sql!("attempts"),
            ", enrollments.state in ('active', 'completed') and enrollments.cycle = attempts.cycle, \
             enrollments.cycle = attempts.cycle, coalesce(clock_timestamp() > attempts.",
            $end,
            ", false)",
            $more,
            $from
        )
    };
}

/// Reads an attempt to save an answer in it. Other answers may be saved beside it; its submission waits. It is late from
/// the deadline on.
pub async fn lock_for_answer(gate: &Gate<'_>, key: AttemptKey) -> Result<Option<SeenAttempt>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let actor = gate.member_id();
    let row: Option<(Attempt, bool, bool, bool, bool, bool)> =
        Statement::<(SqlTypeOf<Columns>, Bool, Bool, Bool, Bool, Bool)>::new(locked!(
            "deadline_at",
            "",
            " from (select * from attempts where org_id = ? and id = ? for share) attempts \
             join enrollments on enrollments.org_id = attempts.org_id and enrollments.id = attempts.enrollment_id"
        ))
        .bind::<SqlTypeOf<Columns>, _>(<Attempt as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .get_result(&mut gate.conn())
        .await
        .optional()?;
    Ok(row.map(
        |(attempt, taught, managed, is_enrolled, is_of_cycle, is_late)| SeenAttempt {
            relation: relation(gate, &attempt, taught, managed),
            attempt,
            is_enrolled,
            is_of_cycle,
            is_late,
        },
    ))
}

/// Reads an attempt to close it, with its enrolment locked before it. It is late once the grace is over too.
pub async fn lock_to_close(
    gate: &Gate<'_>,
    key: AttemptKey,
) -> Result<Option<(SeenAttempt, SeenEnrollment)>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let actor = gate.member_id();
    // The enrolment's sub-select is the outer side of the lateral join, so its lock comes first.
    let row: Option<(Attempt, bool, bool, bool, bool, bool, Enrollment)> =
        Statement::<(
            SqlTypeOf<Columns>,
            Bool,
            Bool,
            Bool,
            Bool,
            Bool,
            SqlTypeOf<EnrollmentColumns>,
        )>::new(locked!(
            "overdue_at",
            ", ?",
            " from (select ?::uuid as org_id, ?::uuid as id) k \
             cross join lateral (select e.* from enrollments e where e.org_id = k.org_id and e.id = \
             (select a.enrollment_id from attempts a where a.org_id = k.org_id and a.id = k.id) for no key update) enrollments \
             cross join lateral (select a.* from attempts a where a.org_id = enrollments.org_id \
             and a.enrollment_id = enrollments.id and a.id = k.id for no key update) attempts"
        ))
        .bind::<SqlTypeOf<Columns>, _>(<Attempt as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlTypeOf<EnrollmentColumns>, _>(<Enrollment as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .get_result(&mut gate.conn())
        .await
        .optional()?;
    Ok(row.map(
        |(attempt, taught, managed, is_enrolled, is_of_cycle, is_late, enrollment)| {
            let relation = relation(gate, &attempt, taught, managed);
            let attempt = SeenAttempt {
                attempt,
                relation,
                is_enrolled,
                is_of_cycle,
                is_late,
            };
            (attempt, SeenEnrollment { enrollment, relation })
        },
    ))
}

fn relation(gate: &Gate<'_>, attempt: &Attempt, taught: bool, managed: bool) -> Relation {
    Relation {
        own: attempt.member_id == gate.member_id(),
        taught,
        managed,
    }
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

/// The version of a saved answer; 0 before the first.
pub async fn saved_version(mut conn: Conn<'_>, key: AttemptKey, question: QuestionId) -> QueryResult<i32> {
    Statement::<Integer>::new(
        "select coalesce(max(version), 0) from attempt_answers where org_id = ? and attempt_id = ? and question_id = ?",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(question)
    .get_result(&mut conn)
    .await
}

/// What an attempt is closed with: what was saved, and what is right.
#[derive(Debug)]
pub struct Submission {
    /// The saved answers.
    pub answers: StoredAnswers,
    /// What is right.
    pub keys: AnswerKeys,
    /// Keeps the digests of answers from being guessed.
    pub salt: Vec<u8>,
    /// The database's clock: when the attempt is closed.
    pub moment: DateTime<Utc>,
}

/// Reads what was saved and what is right. The attempt is locked, so nothing more is being saved.
pub async fn submission(attempt: &MayTake<'_, SeenAttempt>, mut conn: Conn<'_>) -> Result<Submission> {
    let attempt = &attempt.attempt;
    let (keys, answers, salt, moment): (String, serde_json::Value, Vec<u8>, DateTime<Utc>) =
        Statement::<(Text, Jsonb, Bytea, Timestamptz)>::new(
            "select k.answer_keys, coalesce((select jsonb_object_agg(s.question_id, \
             jsonb_build_object('answer', s.answer, 'version', s.version, 'saved_at', s.saved_at)) from attempt_answers s \
             where s.org_id = a.org_id and s.attempt_id = a.id), '{}'), a.salt, clock_timestamp() \
             from attempts a join revision_answer_keys k on k.org_id = a.org_id and k.revision_id = a.revision_id \
             where a.org_id = ? and a.id = ?",
        )
        .bind::<SqlUuid, _>(attempt.key.org)
        .bind::<SqlUuid, _>(attempt.key.id)
        .get_result(&mut conn)
        .await?;
    Ok(Submission {
        answers: serde_json::from_value(answers).map_err(Error::internal)?,
        keys: serde_json::from_str(&keys).map_err(Error::internal)?,
        salt,
        moment,
    })
}

/// Closes an attempt as it is said to be closed, with the points of every answer and its receipt, in one statement.
pub async fn close(
    attempt: &MayTake<'_, SeenAttempt>,
    mut conn: Conn<'_>,
    closed: &Attempt,
    grading: &Grading,
    receipt: &Signed,
) -> QueryResult<()> {
    let key = attempt.attempt.key;
    Statement::<Untyped>::new(
        "with graded as (update attempt_answers s set points = g.points from unnest(?, ?) as g(question_id, points) \
         where s.org_id = ? and s.attempt_id = ? and s.question_id = g.question_id), \
         closed as (update attempts set state = ?, submitted_at = ?, submitted_automatically = ?, points = ? \
         where org_id = ? and id = ? and state = 'in_progress' returning *) \
         insert into attempt_receipts (org_id, attempt_id, number, kind, document, grading, hash, signature, key_id, issued_at, \
         points, keys_revision_id) \
         select org_id, id, 1, 'submitted', ?, ?, ?, ?, ?, submitted_at, points, revision_id from closed",
    )
    .bind::<Array<SqlUuid>, _>(grading.questions.clone())
    .bind::<Array<Nullable<Integer>>, _>(grading.points.clone())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Text, _>(closed.state)
    .bind::<Nullable<Timestamptz>, _>(closed.submitted_at)
    .bind::<Bool, _>(closed.submitted_automatically)
    .bind::<Nullable<Integer>, _>(closed.points)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Text, _>(&receipt.document)
    .bind::<Text, _>(&receipt.grading)
    .bind::<Bytea, _>(&receipt.hash)
    .bind::<Bytea, _>(&receipt.signature)
    .bind::<Text, _>(&receipt.key_id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// The proof that grading an attempt takes.
pub type MayGrade<'gate> = Allowed<'gate, action::AttemptsGrade, SeenAttempt>;

/// What people say of an answer.
#[derive(Clone, Debug)]
pub struct ItemGrade {
    /// The question.
    pub question: QuestionKey,
    /// Points for the answer; what the criteria come to where the question has some.
    pub points: Option<Points>,
    /// What the learner is told, Markdown.
    pub feedback: Option<String>,
    /// The points by each criterion, where the question has some.
    pub criteria: Vec<CriterionGrade>,
}

impl ItemGrade {
    /// Points in all.
    pub fn total(&self) -> Points {
        let sum = self.criteria.iter().map(|given| given.points).sum();
        self.points.unwrap_or(sum)
    }
}

/// Writes what people say of answers over what they said before. Tells how many of them there are.
pub async fn grade(attempt: &MayGrade<'_>, mut conn: Conn<'_>, items: &[ItemGrade]) -> QueryResult<usize> {
    let key = attempt.attempt.key;
    let questions: Vec<QuestionId> = items.iter().map(|item| item.question.id).collect();
    let points: Vec<Points> = items.iter().map(ItemGrade::total).collect();
    let feedback: Vec<Option<String>> = items.iter().map(|item| item.feedback.clone()).collect();
    let criteria = |item: &ItemGrade| {
        (!item.criteria.is_empty()).then(|| serde_json::to_value(&item.criteria).unwrap_or_default())
    };
    let criteria: Vec<Option<serde_json::Value>> = items.iter().map(criteria).collect();
    Statement::<Untyped>::new(
        "update attempt_answers s set points = g.points, feedback = g.feedback, criteria = g.criteria \
         from unnest(?, ?, ?, ?) as g(question_id, points, feedback, criteria) \
         where s.org_id = ? and s.attempt_id = ? and s.question_id = g.question_id",
    )
    .bind::<Array<SqlUuid>, _>(questions)
    .bind::<Array<Integer>, _>(points)
    .bind::<Array<Nullable<Text>>, _>(feedback)
    .bind::<Array<Nullable<Jsonb>>, _>(criteria)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
}

/// Makes an attempt graded once no answer is left to be graded, or graded anew. Returns its points then.
pub async fn finish(attempt: &MayGrade<'_>, mut conn: Conn<'_>) -> QueryResult<Option<Points>> {
    let key = attempt.attempt.key;
    Statement::<Integer>::new(
        "update attempts a set state = 'graded', points = greatest(0, s.points) \
         from (select coalesce(sum(points), 0)::integer as points, coalesce(bool_or(points is null), false) as is_open \
         from attempt_answers where org_id = ? and attempt_id = ?) s \
         where a.org_id = ? and a.id = ? and a.state in ('needs_grading', 'graded') and not s.is_open returning a.points",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
    .optional()
}

/// Finds open attempts whose time and grace are over, in any organisation, the longest overdue first.
pub async fn due(db: &Db, most: i32) -> Result<Vec<AttemptKey>> {
    let door = Statement::<(SqlUuid, SqlUuid)>::new("select org_id, id from door.due_attempts(?)")
        .bind::<Integer, _>(most);
    let rows: Vec<(OrgId, AttemptId)> = db.door(door).await?;
    Ok(rows
        .into_iter()
        .map(|(org, id)| AttemptKey::new(org, id))
        .collect())
}
