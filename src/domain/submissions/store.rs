//! Statements on `submissions` inside a write.

use super::model::{SeenSubmission, Submission};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::action;
use crate::auth::policy::Relation;
use crate::db::schema::{assets, submission_assets};
use crate::db::{Conn, Statement};
use crate::domain::assets::{Asset, AssetState};
use crate::domain::content::Points;
use crate::domain::enrollments::{Enrollment, SeenEnrollment};
use crate::kernel::error::Result;
use crate::kernel::ids::{AssetId, MemberId, SubmissionId, SubmissionKey, UnitId};
use crate::relation_sql;
use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;

type Columns = <Submission as Selectable<Pg>>::SelectExpression;
type EnrollmentColumns = <Enrollment as Selectable<Pg>>::SelectExpression;

/// The proof that handing in takes.
pub type MayHandIn<'gate> = Allowed<'gate, action::AttemptsTake, SeenEnrollment>;

/// The proof that grading takes.
pub type MayGrade<'gate> = Allowed<'gate, action::AttemptsGrade, SeenSubmission>;

/// What was handed in before.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    /// The number of the last; 0 where there is none.
    pub last: i32,
    /// How many are of the enrolment's present cycle.
    pub count: i32,
    /// Whether one of those passed.
    pub is_passed: bool,
}

/// What is handed in.
#[derive(Clone, Debug)]
pub struct NewSubmission {
    /// Its id.
    pub id: SubmissionId,
    /// The assignment.
    pub unit: UnitId,
    /// 1 for the first.
    pub number: i32,
    /// A text.
    pub body: Option<String>,
    /// The address of a page.
    pub link: Option<String>,
    /// Files in order.
    pub files: Vec<AssetId>,
    /// When it was due.
    pub due_at: Option<DateTime<Utc>>,
    /// Points that can be earned.
    pub max_points: Points,
    /// Points that pass.
    pub pass_points: Points,
}

/// Counts what an enrolment handed in for an assignment. The enrolment is locked, so nothing more comes.
pub async fn before(enrollment: &MayHandIn<'_>, mut conn: Conn<'_>, unit: UnitId) -> QueryResult<Before> {
    let key = enrollment.enrollment.key;
    let (last, count, is_passed) = Statement::<(Integer, Integer, Bool)>::new(
        "select coalesce(max(s.number), 0), count(*) filter (where s.cycle = k.cycle)::integer, \
         coalesce(bool_or(s.points >= s.pass_points) filter (where s.cycle = k.cycle), false) from (select ?::integer as cycle) k \
         join submissions s on s.org_id = ? and s.enrollment_id = ? and s.unit_id = ?",
    )
    .bind::<Integer, _>(enrollment.enrollment.cycle)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(unit)
    .get_result(&mut conn)
    .await?;
    Ok(Before {
        last,
        count,
        is_passed,
    })
}

/// Which of some files the learner has uploaded, and are ready.
pub async fn own_files(
    enrollment: &MayHandIn<'_>,
    mut conn: Conn<'_>,
    files: &[AssetId],
) -> QueryResult<Vec<Asset>> {
    let row = &enrollment.enrollment;
    Asset::query()
        .filter(assets::org_id.eq(row.key.org).and(assets::id.eq_any(files)))
        .filter(assets::uploaded_by.eq(row.member_id))
        .filter(assets::state.eq(AssetState::Ready))
        .load(&mut conn)
        .await
}

/// Stores what is handed in; what waits for a grade is superseded by it.
pub async fn insert(enrollment: &MayHandIn<'_>, mut conn: Conn<'_>, new: &NewSubmission) -> QueryResult<()> {
    let row = &enrollment.enrollment;
    let org = row.key.org;
    Statement::<Untyped>::new(
        "update submissions set state = 'superseded' where org_id = ? and enrollment_id = ? and unit_id = ? and state = 'submitted'",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(row.key.id)
    .bind::<SqlUuid, _>(new.unit)
    .execute(&mut conn)
    .await?;
    Statement::<Untyped>::new(
        "insert into submissions (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, cycle, number, body, link, due_at, \
         max_points, pass_points) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(new.id)
    .bind::<SqlUuid, _>(row.key.id)
    .bind::<SqlUuid, _>(new.unit)
    .bind::<SqlUuid, _>(row.course_id)
    .bind::<SqlUuid, _>(row.revision_id)
    .bind::<SqlUuid, _>(row.member_id)
    .bind::<Integer, _>(row.cycle)
    .bind::<Integer, _>(new.number)
    .bind::<Nullable<Text>, _>(new.body.as_deref())
    .bind::<Nullable<Text>, _>(new.link.as_deref())
    .bind::<Nullable<Timestamptz>, _>(new.due_at)
    .bind::<Integer, _>(new.max_points)
    .bind::<Integer, _>(new.pass_points)
    .execute(&mut conn)
    .await?;
    let rows: Vec<_> = (0..)
        .zip(&new.files)
        .map(|(position, asset)| {
            (
                submission_assets::org_id.eq(org),
                submission_assets::submission_id.eq(new.id),
                submission_assets::asset_id.eq(asset),
                submission_assets::position.eq::<i32>(position),
            )
        })
        .collect();
    if !rows.is_empty() {
        diesel::insert_into(submission_assets::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}

/// Reads a submission to grade it, with its enrolment locked before it.
pub async fn lock_to_grade(
    gate: &Gate<'_>,
    key: SubmissionKey,
) -> Result<Option<(SeenSubmission, SeenEnrollment)>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let actor = gate.member_id();
    // The enrolment's sub-select is the outer side of the lateral join, so its lock comes first.
    let row: Option<(Submission, bool, bool, Enrollment)> =
        Statement::<(SqlTypeOf<Columns>, Bool, Bool, SqlTypeOf<EnrollmentColumns>)>::new(concat!(
            "select ?, ",
            relation_sql!("submissions"),
            ", ? from (select ?::uuid as org_id, ?::uuid as id) k \
             cross join lateral (select e.* from enrollments e where e.org_id = k.org_id and e.id = \
             (select s.enrollment_id from submissions s where s.org_id = k.org_id and s.id = k.id) for no key update) enrollments \
             cross join lateral (select s.* from submissions s where s.org_id = enrollments.org_id \
             and s.enrollment_id = enrollments.id and s.id = k.id for no key update) submissions"
        ))
        .bind::<SqlTypeOf<Columns>, _>(<Submission as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlTypeOf<EnrollmentColumns>, _>(<Enrollment as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .get_result(&mut gate.conn())
        .await
        .optional()?;
    Ok(row.map(|(submission, taught, managed, enrollment)| {
        let relation = Relation {
            own: submission.member_id == actor,
            taught,
            managed,
        };
        (
            SeenSubmission { submission, relation },
            SeenEnrollment { enrollment, relation },
        )
    }))
}

/// Writes a grade.
pub async fn grade(
    submission: &MayGrade<'_>,
    mut conn: Conn<'_>,
    (points, rubric): (Points, Option<Value>),
    feedback: Option<&str>,
    grader: Option<MemberId>,
) -> QueryResult<()> {
    let key = submission.submission.key;
    Statement::<Untyped>::new(
        "update submissions set state = 'graded', points = ?, rubric = ?, feedback = ?, graded_by = ?, graded_at = clock_timestamp() \
         where org_id = ? and id = ? and state in ('submitted', 'graded')",
    )
    .bind::<Integer, _>(points)
    .bind::<Nullable<Jsonb>, _>(rubric)
    .bind::<Nullable<Text>, _>(feedback)
    .bind::<Nullable<SqlUuid>, _>(grader)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
