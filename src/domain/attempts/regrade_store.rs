//! Statements of a regrade: a few for each chunk of attempts, whatever their number.

use super::model::Attempt;
use super::receipt::{Signed, StoredAnswers};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::{course_revisions, enrollments, revision_answer_keys};
use crate::db::{Conn, Statement};
use crate::domain::content::{AnswerKeys, Points};
use crate::domain::courses::model::SeenCourse;
use crate::domain::enrollments::Enrollment;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{
    AttemptId, CourseKey, EnrollmentId, MemberId, QuestionId, RevisionId, RevisionKey, UnitId,
};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Integer, Jsonb, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

type Columns = <Attempt as Selectable<Pg>>::SelectExpression;

/// The proof that a regrade takes.
pub type MayRegrade<'gate> = Allowed<'gate, action::AttemptsRegrade, SeenCourse>;

/// Which attempts are graded anew.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// The course.
    pub course: CourseKey,
    /// The quiz.
    pub quiz: UnitId,
    /// Whose keys they are graded by: those that were started in it are not among them.
    pub keys: RevisionId,
    /// Only those that were started in this revision.
    pub only: Option<RevisionId>,
}

/// An attempt with what its next receipt is made of.
#[derive(Clone, Debug)]
pub struct Graded {
    /// The attempt.
    pub attempt: Attempt,
    /// Its answers.
    pub answers: StoredAnswers,
    /// Keeps their digests from being guessed.
    pub salt: Vec<u8>,
    /// The number of its newest receipt; 0 where there is none.
    pub number: i32,
    /// The hash of that.
    pub previous: Option<Vec<u8>>,
    /// The revisions whose keys regrades have applied to it, the first first.
    pub applied: Vec<RevisionId>,
}

/// Holds the regrades of a course: two at once would lock its enrolments in orders of their own.
pub async fn hold_regrades(course: &MayRegrade<'_>, mut conn: Conn<'_>) -> QueryResult<()> {
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended('regrades of ' || ?::uuid, 0))")
        .bind::<SqlUuid, _>(course.course.key.id)
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// The graded attempts of a selection behind an id, and their enrolments.
pub async fn chunk(
    mut conn: Conn<'_>,
    selection: Selection,
    after: AttemptId,
    most: i64,
) -> QueryResult<Vec<(AttemptId, EnrollmentId)>> {
    Statement::<(SqlUuid, SqlUuid)>::new(
        "select id, enrollment_id from attempts where org_id = ? and course_id = ? and unit_id = ? and state = 'graded' \
         and revision_id <> ? and revision_id = coalesce(?, revision_id) and id > ? order by id limit ?",
    )
    .bind::<SqlUuid, _>(selection.course.org)
    .bind::<SqlUuid, _>(selection.course.id)
    .bind::<SqlUuid, _>(selection.quiz)
    .bind::<SqlUuid, _>(selection.keys)
    .bind::<Nullable<SqlUuid>, _>(selection.only)
    .bind::<SqlUuid, _>(after)
    .bind::<BigInt, _>(most)
    .load(&mut conn)
    .await
}

/// Locks enrolments, each before its attempts, as everybody does; in the order of their ids.
pub async fn lock_enrollments(
    mut conn: Conn<'_>,
    course: CourseKey,
    ids: &[EnrollmentId],
) -> QueryResult<HashMap<EnrollmentId, Enrollment>> {
    let rows: Vec<Enrollment> = Enrollment::query()
        .filter(
            enrollments::org_id
                .eq(course.org)
                .and(enrollments::id.eq_any(ids)),
        )
        .order_by(enrollments::id)
        .for_no_key_update()
        .load(&mut conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.key.id, row)).collect())
}

type GradedRow = (
    Attempt,
    Vec<u8>,
    i32,
    Option<Vec<u8>>,
    Vec<RevisionId>,
    serde_json::Value,
);
type GradedTypes = (
    SqlTypeOf<Columns>,
    Bytea,
    Integer,
    Nullable<Bytea>,
    Array<SqlUuid>,
    Jsonb,
);

/// Reads attempts that are still graded, locked.
pub async fn read(mut conn: Conn<'_>, course: CourseKey, ids: &[AttemptId]) -> Result<Vec<Graded>> {
    let rows: Vec<GradedRow> = Statement::<GradedTypes>::new(
        "select ?, attempts.salt, coalesce(r.number, 0), r.hash, attempts.keys_revisions, coalesce((select jsonb_object_agg(s.question_id, \
         jsonb_build_object('answer', s.answer, 'version', s.version, 'saved_at', s.saved_at, 'points', s.points)) \
         from attempt_answers s where s.org_id = attempts.org_id and s.attempt_id = attempts.id), '{}') \
         from (select * from attempts where org_id = ? and id = any (?) and state = 'graded' order by id for no key update) attempts \
         left join lateral (select number, hash from attempt_receipts where org_id = attempts.org_id and attempt_id = attempts.id \
         order by number desc limit 1) r on true order by attempts.id",
    )
    .bind::<SqlTypeOf<Columns>, _>(<Attempt as Selectable<Pg>>::construct_selection())
    .bind::<SqlUuid, _>(course.org)
    .bind::<Array<SqlUuid>, _>(ids.to_vec())
    .load(&mut conn)
    .await?;
    let graded = |(attempt, salt, number, previous, applied, answers): GradedRow| {
        Ok(Graded {
            attempt,
            salt,
            number,
            previous,
            applied,
            answers: serde_json::from_value(answers).map_err(Error::internal)?,
        })
    };
    rows.into_iter().map(graded).collect()
}

/// Notes whose keys were applied to attempts, whether or not they come out otherwise: their reviews say what is right by them.
pub async fn note_keys(
    course: &MayRegrade<'_>,
    mut conn: Conn<'_>,
    ids: Vec<AttemptId>,
    keys: RevisionId,
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "update attempts set keys_revisions = keys_revisions || k.id from (select ?::uuid as id) k \
         where org_id = ? and attempts.id = any (?) and keys_revisions[cardinality(keys_revisions)] is distinct from k.id",
    )
    .bind::<SqlUuid, _>(keys)
    .bind::<SqlUuid, _>(course.course.key.org)
    .bind::<Array<SqlUuid>, _>(ids)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// An attempt that comes out otherwise.
#[derive(Clone, Debug)]
pub struct Regraded {
    /// The attempt.
    pub attempt: AttemptId,
    /// The points of each answer.
    pub answers: Vec<(QuestionId, Option<Points>)>,
    /// What it had.
    pub before: Points,
    /// What it has.
    pub after: Points,
    /// The number of its receipt.
    pub number: i32,
    /// Its receipt.
    pub receipt: Signed,
}

/// Stores new grades, with a receipt of each.
pub async fn store(
    course: &MayRegrade<'_>,
    mut conn: Conn<'_>,
    regraded: &[Regraded],
    keys: RevisionId,
    by: Option<MemberId>,
    reason: &str,
) -> QueryResult<()> {
    let org = course.course.key.org;
    let answers: Vec<_> = regraded
        .iter()
        .flat_map(|it| {
            it.answers
                .iter()
                .map(|(question, points)| (it.attempt, *question, *points))
        })
        .collect();
    let column = |of: fn(&Regraded) -> Points| regraded.iter().map(of).collect::<Vec<_>>();
    let text = |of: fn(&Signed) -> &String| {
        regraded
            .iter()
            .map(|it| of(&it.receipt).as_str())
            .collect::<Vec<_>>()
    };
    let bytes = |of: fn(&Signed) -> &Vec<u8>| {
        regraded
            .iter()
            .map(|it| of(&it.receipt).clone())
            .collect::<Vec<_>>()
    };
    Statement::<Untyped>::new(
        "with here as (select ?::uuid as org_id), \
         answered as (update attempt_answers s set points = g.points from here, unnest(?, ?, ?) as g(attempt_id, question_id, points) \
         where s.org_id = here.org_id and s.attempt_id = g.attempt_id and s.question_id = g.question_id), \
         graded as materialized (select * from here, unnest(?, ?, ?, ?, ?, ?, ?, ?, ?) \
         as g(id, number, before, after, document, grading, hash, signature, key_id)), \
         changed as (update attempts a set points = g.after from graded g where a.org_id = g.org_id and a.id = g.id) \
         insert into attempt_receipts (org_id, attempt_id, number, kind, document, grading, hash, signature, key_id, issued_at, \
         points, points_before, keys_revision_id, issued_by, reason) \
         select org_id, id, number, 'regraded', document, grading, hash, signature, key_id, clock_timestamp(), after, before, ?, ?, ? from graded",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<Array<SqlUuid>, _>(answers.iter().map(|(attempt, ..)| *attempt).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(answers.iter().map(|(_, question, _)| *question).collect::<Vec<_>>())
    .bind::<Array<Nullable<Integer>>, _>(answers.iter().map(|(.., points)| *points).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(regraded.iter().map(|it| it.attempt).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(regraded.iter().map(|it| it.number).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(column(|it| it.before))
    .bind::<Array<Integer>, _>(column(|it| it.after))
    .bind::<Array<Text>, _>(text(|receipt| &receipt.document))
    .bind::<Array<Text>, _>(text(|receipt| &receipt.grading))
    .bind::<Array<Bytea>, _>(bytes(|receipt| &receipt.hash))
    .bind::<Array<Bytea>, _>(bytes(|receipt| &receipt.signature))
    .bind::<Array<Text>, _>(text(|receipt| &receipt.key_id))
    .bind::<SqlUuid, _>(keys)
    .bind::<Nullable<SqlUuid>, _>(by)
    .bind::<Text, _>(reason.to_owned())
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Which of these enrolments have not completed a unit.
pub async fn without(
    mut conn: Conn<'_>,
    course: CourseKey,
    unit: UnitId,
    ids: &[EnrollmentId],
) -> QueryResult<Vec<EnrollmentId>> {
    Statement::<SqlUuid>::new(
        "select e.id from unnest(?) as e(id) where not exists (select from unit_progress p where p.org_id = ? \
         and p.enrollment_id = e.id and p.unit_id = ? and p.state = 'completed') order by e.id",
    )
    .bind::<Array<SqlUuid>, _>(ids.to_vec())
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(unit)
    .load(&mut conn)
    .await
}

/// The answer keys of a revision.
pub async fn keys_of(mut conn: Conn<'_>, key: RevisionKey) -> Result<AnswerKeys> {
    let row = revision_answer_keys::table.find((key.org.0, key.id.0));
    let keys: String = row
        .select(revision_answer_keys::answer_keys)
        .first(&mut conn)
        .await?;
    serde_json::from_str(&keys).map_err(Error::internal)
}

/// The revision of a course with that number.
pub async fn revision_numbered(
    mut conn: Conn<'_>,
    course: CourseKey,
    number: i32,
) -> QueryResult<Option<RevisionId>> {
    course_revisions::table
        .filter(
            course_revisions::org_id
                .eq(course.org)
                .and(course_revisions::course_id.eq(course.id)),
        )
        .filter(course_revisions::number.eq(number))
        .select(course_revisions::id)
        .first(&mut conn)
        .await
        .optional()
}
