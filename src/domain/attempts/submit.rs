//! How an attempt is closed: by its learner, or by the service once its time is over.

use super::grade::grade;
use super::model::{AttemptState, SeenAttempt};
use super::store::{self, MayTake};
use super::take::refuse_unless_open;
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::domain::enrollments::{SeenEnrollment, complete_units};
use crate::domain::mutate::{At, Stop, Write};
use crate::kernel::ids::AttemptKey;
use serde_json::json;

/// An attempt with its enrolment, both locked, and the proofs for both.
type Closing<'gate> = (MayTake<'gate, SeenAttempt>, MayTake<'gate, SeenEnrollment>);

/// Submits an open attempt: what was saved is graded, but for essays, which people grade. On a pass the quiz is complete, with whatever follows from
/// that, in the same transaction.
pub async fn submit(write: &Write<'_>, key: AttemptKey) -> Result<AttemptKey, Stop> {
    let closing = lock(write, key).await?;
    refuse_unless_open(&closing.0)?;
    close(write, &closing, false).await?;
    Ok(key)
}

/// Closes an attempt whose time and grace are over with what was saved: graded, or abandoned where nothing was. One
/// that somebody else closed in the meantime, or that is not due, stays as it is. Tells whether it closed it.
pub async fn submit_overdue(write: &Write<'_>, key: AttemptKey) -> Result<bool, Stop> {
    let closing = lock(write, key).await?;
    if closing.0.attempt.state != AttemptState::InProgress || !closing.0.is_late {
        return Ok(false);
    }
    close(write, &closing, true).await?;
    Ok(true)
}

async fn lock<'w>(write: &'w Write<'_>, key: AttemptKey) -> Result<Closing<'w>, Stop> {
    let (attempt, enrollment) = store::lock_to_close(&write.gate, key).await?.unzip();
    let attempt = write.gate.allow(attempt).at("attemptId")?;
    Ok((attempt, write.gate.allow(enrollment).at("attemptId")?))
}

async fn close(
    write: &Write<'_>,
    (attempt, enrollment): &Closing<'_>,
    automatically: bool,
) -> Result<(), Stop> {
    let conn = write.gate.conn();
    let row = &attempt.attempt;
    let (answers, keys) = store::answers_and_keys(attempt, conn).await?;
    let revision = write
        .app
        .contents
        .find_for_write(conn, row.revision_key())
        .await?;
    let questions = revision.quiz(row.unit_id).map(|(_, questions)| questions);
    let grading = grade(&answers, questions.unwrap_or_default(), &keys)?;
    let (state, kind) = if automatically && grading.is_empty() {
        (AttemptState::Abandoned, "attempt.abandoned")
    } else if grading.is_open() {
        (AttemptState::NeedsGrading, "attempt.submitted")
    } else {
        (AttemptState::Graded, "attempt.graded")
    };
    store::close(attempt, conn, state, automatically, &grading).await?;
    let detail =
        json!({ "enrollment": row.enrollment_key().to_string(), "quiz": row.unit_key().to_string() });
    write.happened(kind, row.key, detail);
    if state == AttemptState::Graded && grading.total() >= row.pass_points {
        pass(write, attempt, enrollment).await?;
    }
    Ok(())
}

/// Completes the quiz of an attempt that passed, in the revision that the enrolment is pinned to by now.
pub(super) async fn pass<A: Action>(
    write: &Write<'_>,
    attempt: &SeenAttempt,
    enrollment: &Allowed<'_, A, SeenEnrollment>,
) -> Result<(), Stop> {
    if !attempt.is_enrolled {
        return Ok(());
    }
    let pinned = enrollment.enrollment.revision_key();
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), pinned)
        .await?;
    complete_units(write, enrollment, &revision, &[attempt.attempt.unit_id]).await?;
    Ok(())
}
