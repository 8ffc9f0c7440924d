//! How an attempt is closed: by its learner, or by the service once its time is over.

use super::grade::{answers_of, grade};
use super::model::{Attempt, AttemptState, SeenAttempt};
use super::order::asked;
use super::receipt::{Facts, ReceiptKind, Signed, grading_text, nonce};
use super::result::ResultOf;
use super::store::{self, MayTake};
use super::take::refuse_unless_open;
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::Batch;
use crate::domain::content::{CountedAttempt, Points};
use crate::domain::enrollments::{SeenEnrollment, complete_units};
use crate::domain::mutate::{At, Stop, Write};
use crate::kernel::error::Error;
use crate::kernel::ids::{AttemptKey, UnitId};
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
    let submission = store::submission(attempt, conn).await?;
    let revision = write
        .app
        .contents
        .find_for_write(conn, row.revision_key())
        .await?;
    let (policy, questions) = asked(&revision, row.unit_id, row.seed)
        .ok_or_else(|| Error::internal("an attempt at what is no quiz"))?;
    let grading = grade(&answers_of(&submission.answers), &questions, &submission.keys)?;
    let (state, kinds): (_, &[&'static str]) = if automatically && grading.is_empty() {
        (AttemptState::Abandoned, &["attempt.abandoned"])
    } else if grading.is_open() {
        (AttemptState::NeedsGrading, &["attempt.submitted"])
    } else {
        (AttemptState::Graded, &["attempt.submitted", "attempt.graded"])
    };
    let closed = Attempt {
        state,
        submitted_automatically: automatically,
        submitted_at: Some(submission.moment),
        points: (state == AttemptState::Graded).then(|| grading.total()),
        ..row.clone()
    };
    let facts = Facts {
        kind: ReceiptKind::Submitted,
        attempt: &closed,
        salt: &submission.salt,
        revision: &revision,
        answers: &submission.answers,
        previous: None,
    };
    let text = grading_text(&revision, row.revision_key(), &nonce(), &grading);
    let receipt = Signed::new(&write.app.keyring, &facts, text);
    store::close(attempt, conn, &closed, &grading, &receipt).await?;
    let detail =
        json!({ "enrollment": row.enrollment_key().to_string(), "quiz": row.unit_key().to_string() });
    for kind in kinds.iter().copied() {
        write.happened(kind, row.key, detail.clone());
    }
    if state == AttemptState::Graded
        && is_passed(write, attempt, Some(grading.total()), policy.counts).await?
    {
        pass(write, row.unit_id, enrollment).await?;
    }
    Ok(())
}

/// Whether what counts of a learner's attempts at a quiz passes, now that one of them has these points. One of a former cycle
/// passes nothing of the present one.
pub(super) async fn is_passed(
    write: &Write<'_>,
    seen: &SeenAttempt,
    points: Option<Points>,
    counts: CountedAttempt,
) -> Result<bool, Stop> {
    if !seen.is_of_cycle {
        return Ok(false);
    }
    let attempt = &seen.attempt;
    // Had another passed by being the highest, the quiz would be complete.
    if counts == CountedAttempt::Highest {
        return Ok(points.is_some_and(|points| points >= attempt.pass_points));
    }
    let key = ResultOf {
        enrollment: attempt.enrollment_key(),
        quiz: attempt.unit_id,
        counts,
    };
    let results = ResultOf::load_many(&[key], write.gate.conn()).await?;
    let counted = results.get(&key).and_then(|result| result.counted);
    Ok(counted.is_some_and(|counted| counted.is_passed))
}

/// Completes a quiz that was passed, in the revision that the enrolment is pinned to by now. Of who has left the course by then it is kept
/// for when they come back.
pub(super) async fn pass<A: Action>(
    write: &Write<'_>,
    quiz: UnitId,
    enrollment: &Allowed<'_, A, SeenEnrollment>,
) -> Result<(), Stop> {
    let pinned = enrollment.enrollment.revision_key();
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), pinned)
        .await?;
    complete_units(write, enrollment, &revision, &[quiz]).await?;
    Ok(())
}
