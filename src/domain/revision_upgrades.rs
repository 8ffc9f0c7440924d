//! Moving an enrolment to the present edition of its course, on purpose: nothing is lost unseen.

use super::content::Revision;
use super::enrollments::cycles::has_open_attempt;
use super::enrollments::store::find_for_write;
use super::enrollments::{EnrollmentState, SeenEnrollment, complete_units};
use super::mutate::{At, Stop, Write, refuse_unless_current, refuse_with};
use super::progress::{ProgressOf, UnitProgress, UnitProgressState};
use super::refusal::{Code, Refusal};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{CourseKey, EnrollmentKey, RevisionId, RevisionKey, UnitId};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashSet;

/// What moving from one edition to another does to a learner's progress.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The units that the learner has been in and that stay.
    pub kept: Vec<UnitId>,
    /// The units that the learner has been in and that the other edition no longer has.
    pub lost: Vec<UnitId>,
    /// The units that the other edition has and this one has not.
    pub added: Vec<UnitId>,
    /// How many of the units are complete that the other edition's completion rule counts.
    pub units_completed: i32,
    /// How many units that rule counts.
    pub unit_count: i32,
    /// Whether that completes the course.
    pub completes: bool,
}

impl Plan {
    /// Plans to move from an edition to another with this progress. Units are the same in both that have one identity.
    pub fn new(from: &Revision, to: &Revision, progress: &[UnitProgress]) -> Self {
        let been: HashSet<UnitId> = progress.iter().map(|row| row.unit_id).collect();
        let done: HashSet<UnitId> = progress
            .iter()
            .filter(|row| row.state == UnitProgressState::Completed)
            .map(|row| row.unit_id)
            .collect();
        let ids = |revision: &Revision| revision.units().map(|unit| unit.id).collect::<Vec<_>>();
        let required = to.required_ids();
        let count = |units: usize| i32::try_from(units).unwrap_or(i32::MAX);
        let units_completed = count(required.iter().filter(|unit| done.contains(unit)).count());
        Self {
            kept: ids(to).into_iter().filter(|unit| been.contains(unit)).collect(),
            lost: ids(from)
                .into_iter()
                .filter(|unit| been.contains(unit) && to.unit_position(*unit).is_none())
                .collect(),
            added: ids(to)
                .into_iter()
                .filter(|unit| from.unit_position(*unit).is_none())
                .collect(),
            units_completed,
            unit_count: count(required.len()),
            completes: units_completed >= to.units_needed(),
        }
    }
}

/// What an upgrade came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Upgraded {
    /// The enrolment.
    pub enrollment: EnrollmentKey,
    /// The course that it is in.
    pub course: CourseKey,
    /// The units with progress that it no longer has.
    pub lost: Vec<UnitId>,
}

/// Moves an enrolment to the present edition of its course. Progress stays with the units; that of units which are no longer there
/// counts no more.
pub async fn upgrade(write: &Write<'_>, key: EnrollmentKey, expected: Option<i32>) -> Result<Upgraded, Stop> {
    let conn = write.gate.conn();
    let present = present(conn, key).await?;
    let found = find_for_write(&write.gate, key).await?;
    let enrollment: Allowed<'_, action::EnrollmentsManage, SeenEnrollment> =
        write.gate.allow(found).at("enrollmentId")?;
    let row = &enrollment.enrollment;
    if row.state != EnrollmentState::Active {
        let message = format!(
            "The enrolment is {}; only one that is ACTIVE moves to another edition.",
            row.state.shown()
        );
        return refuse_with(Refusal::at(Code::InvalidState, "enrollmentId", message));
    }
    let Some(present) = present.filter(|present| *present != row.revision_id) else {
        let message = "The enrolment is on the present edition of its course; there is no other to move to.";
        return refuse_with(Refusal::at(Code::InvalidState, "enrollmentId", message));
    };
    let contents = &write.app.contents;
    let from = contents.find_for_write(conn, row.revision_key()).await?;
    let to = contents
        .find_for_write(conn, RevisionKey::new(key.org, present))
        .await?;
    refuse_unless_current("expectedRevision", expected, to.number)?;
    if has_open_attempt(conn, key).await? {
        let message =
            "The learner sits at a quiz of the edition that the enrolment is on; submit the attempt first.";
        return refuse_with(Refusal::at(Code::AttemptOpen, "enrollmentId", message));
    }
    let mut progress = ProgressOf::load_many(&[ProgressOf(key)], conn).await?;
    let plan = Plan::new(&from, &to, &progress.remove(&ProgressOf(key)).unwrap_or_default());
    pin(&enrollment, conn, present, &plan).await?;
    let detail = json!({ "from": from.number, "to": to.number, "lost": plan.lost.len() });
    write.happened("enrollment.upgraded", key, detail);
    if plan.completes {
        complete_units(write, &enrollment, &to, &[]).await?;
    }
    Ok(Upgraded {
        enrollment: key,
        course: row.course_key(),
        lost: plan.lost,
    })
}

/// The present edition of an enrolment's course, if that is offered. The course is held until the transaction ends: by whoever locks the
/// enrolment too, before it.
async fn present(mut conn: Conn<'_>, key: EnrollmentKey) -> QueryResult<Option<RevisionId>> {
    let found: Option<Option<RevisionId>> = Statement::<Nullable<SqlUuid>>::new(
        "select c.revision_id from enrollments e join courses c on c.org_id = e.org_id and c.id = e.course_id \
         where e.org_id = ? and e.id = ? and c.state = 'published' for share of c",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
    .optional()?;
    Ok(found.flatten())
}

async fn pin(
    enrollment: &Allowed<'_, action::EnrollmentsManage, SeenEnrollment>,
    mut conn: Conn<'_>,
    revision: RevisionId,
    plan: &Plan,
) -> QueryResult<()> {
    let key = enrollment.enrollment.key;
    Statement::<Untyped>::new(
        "update enrollments set revision_id = ?, unit_count = ?, units_completed = ? where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(revision)
    .bind::<Integer, _>(plan.unit_count)
    .bind::<Integer, _>(plan.units_completed)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
