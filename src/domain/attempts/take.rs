//! What a learner does with an attempt before it is submitted: start it, save answers.

use super::given::Given;
use super::model::{AttemptState, SeenAttempt};
use super::opening::{NewAttempt, open};
use super::order::asked;
use super::store::{self, MayTake};
use crate::db::error::violated;
use crate::domain::content::Points;
use crate::domain::enrollments::own;
use crate::domain::enrollments::release::refuse_locked;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::ids::{AttemptId, AttemptKey, EnrollmentKey, QuestionId, QuestionKey, UnitKey};
use crate::kernel::secret::random_bytes;
use serde_json::json;

/// Starts an attempt at a quiz of the revision that the enrolment is pinned to. Whoever completed the course may take
/// its quizzes again as long as attempts are left; what is completed stays completed.
pub async fn start(write: &Write<'_>, enrollment: EnrollmentKey, quiz: UnitKey) -> Result<AttemptKey, Stop> {
    let enrolled = own::find(write, enrollment).await?;
    let row = &enrolled.enrollment;
    refuse_unless_enrolled(row.state.is_in(), "enrollmentId")?;
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), row.revision_key())
        .await?;
    let found = revision.quiz(quiz.id).filter(|_| quiz.course == revision.course);
    let Some((policy, _)) = found else {
        return refuse_with(Refusal::not_found("quizId"));
    };
    let units = [(quiz.id, "quizId".to_owned())];
    refuse_locked(write, row, &revision, &units, &[]).await?;
    let new = NewAttempt {
        id: AttemptId(write.app.clock.uuid()),
        unit: quiz.id,
        policy,
        seed: i64::from_le_bytes(random_bytes()),
        max_points: revision
            .unit(quiz.id)
            .map_or(Points::ZERO, |(_, unit)| unit.body.max_points()),
    };
    let refusal = open(&enrolled, write.gate.conn(), &new)
        .await
        .map_err(already_open)?;
    refuse_all([refusal])?;
    let key = AttemptKey::new(enrollment.org, new.id);
    let detail = json!({ "enrollment": enrollment.to_string(), "quiz": quiz.to_string() });
    write.happened("attempt.started", key, detail);
    Ok(key)
}

/// An answer, as an outcome remembers it.
pub type AnswerIds = (AttemptKey, QuestionId);

/// Saves an answer of an open attempt before its deadline.
pub async fn save_answer(
    write: &Write<'_>,
    key: AttemptKey,
    question: QuestionKey,
    given: Given,
    expected_version: Option<i32>,
) -> Result<AnswerIds, Stop> {
    let attempt = store::lock_for_answer(&write.gate, key).await?;
    let attempt: MayTake<'_, SeenAttempt> = write.gate.allow(attempt).at("attemptId")?;
    refuse_unless_open(&attempt)?;
    let row = &attempt.attempt;
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), row.revision_key())
        .await?;
    let questions = asked(&revision, row.unit_id, row.seed).map(|(_, questions)| questions);
    let questions = questions.unwrap_or_default();
    let prompt = questions
        .iter()
        .find(|(id, _)| *id == question.id && question.course == revision.course);
    let Some((_, prompt)) = prompt else {
        return refuse_with(Refusal::not_found("questionId"));
    };
    let answer = match given.fit(prompt) {
        Ok(answer) => answer,
        Err((path, message)) => return refuse_with(Refusal::at(Code::Invalid, &path, message)),
    };
    let conn = write.gate.conn();
    if !store::save(&attempt, conn, question.id, &answer, expected_version).await? {
        let stored = store::saved_version(conn, key, question.id).await?;
        refuse_unless_current("expectedVersion", expected_version, stored)?;
    }
    write.happened(
        "attempt.answer_saved",
        key,
        json!({ "question": question.to_string() }),
    );
    Ok((key, question.id))
}

/// Refuses what an attempt that is closed, late, or without its enrolment cannot take.
pub(super) fn refuse_unless_open(attempt: &SeenAttempt) -> Result<(), Stop> {
    let row = &attempt.attempt;
    if row.submitted_automatically || (attempt.is_late && row.state == AttemptState::InProgress) {
        let message = "The attempt's time is over. What was saved before its deadline is graded.";
        return refuse_with(Refusal::at(Code::DeadlinePassed, "attemptId", message));
    }
    if row.state != AttemptState::InProgress {
        let message = format!(
            "The attempt is {}; only one that is in_progress takes this.",
            row.state.as_str()
        );
        return refuse_with(row.state.refuse("attemptId", message, None));
    }
    refuse_unless_enrolled(attempt.is_enrolled, "attemptId")
}

fn refuse_unless_enrolled(stands: bool, path: &str) -> Result<(), Stop> {
    if stands {
        return Ok(());
    }
    refuse_with(Refusal::at(
        Code::NotEnrolled,
        path,
        "The learner is not in this course, or has begun it anew; see the state of the enrolment.",
    ))
}

/// Turns the index that lets one attempt be open into what the learner can do about it.
fn already_open(error: diesel::result::Error) -> Stop {
    if violated(&error) == Some("attempts_open") {
        let message = "An attempt at this quiz is open already: go on with it, or submit it first.";
        return Stop::Refused(vec![Refusal::at(Code::AttemptOpen, "quizId", message)]);
    }
    error.into()
}
