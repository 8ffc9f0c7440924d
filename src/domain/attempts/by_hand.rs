//! How people grade what no key can: the essays of a submitted attempt.

use super::model::{Attempt, AttemptState};
use super::order::asked;
use super::receipts::{self, Anew};
use super::rubric::fault_of;
use super::store::{self, ItemGrade, MayGrade};
use super::submit::{is_passed, pass};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::domain::content::{QuestionKind, QuestionPrompt};
use crate::domain::enrollments::SeenEnrollment;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::Error;
use crate::kernel::ids::{AttemptKey, CourseKey, QuestionId, QuestionKey};
use serde_json::json;
use std::collections::BTreeSet;

/// Grades essays of an attempt, over what was said of them before. With the last of them the attempt is graded; one that is graded
/// already takes a reason and is graded anew. On a pass the quiz is complete, with whatever follows from that, in the same
/// transaction; what was complete stays so, and an attempt of a former cycle completes nothing.
pub async fn grade(
    write: &Write<'_>,
    key: AttemptKey,
    items: &[ItemGrade],
    reason: Option<&str>,
) -> Result<AttemptKey, Stop> {
    let (attempt, enrollment) = store::lock_to_close(&write.gate, key).await?.unzip();
    let attempt: MayGrade<'_> = write.gate.allow(attempt).at("attemptId")?;
    let enrollment: Allowed<'_, action::AttemptsGrade, SeenEnrollment> =
        write.gate.allow(enrollment).at("attemptId")?;
    let anew = anew(&attempt.attempt, reason)?;
    let (conn, row) = (write.gate.conn(), &attempt.attempt);
    let revision = write
        .app
        .contents
        .find_for_write(conn, row.revision_key())
        .await?;
    let (policy, questions) = asked(&revision, row.unit_id, row.seed)
        .ok_or_else(|| Error::internal("an attempt at what is no quiz"))?;
    let reason = reason.and_then(|reason| Refusal::of_name("reason", reason, 1_000));
    refuse_all([fault(&questions, revision.course, items), reason])?;
    if store::grade(&attempt, conn, items).await? != items.len() {
        let message = "One of these questions was not answered, so there is nothing to grade.";
        return refuse_with(Refusal::at(Code::Invalid, "items", message));
    }
    let graded: Vec<String> = items.iter().map(|item| item.question.to_string()).collect();
    write.happened("attempt.answers_graded", key, json!({ "questions": graded }));
    if let Some(points) = store::finish(&attempt, conn).await? {
        if let Some(anew) = anew {
            let detail = json!({ "before": anew.before, "after": points, "reason": anew.reason });
            write.happened("attempt.regraded", key, detail);
        } else {
            let (enrollment, quiz) = (row.enrollment_key().to_string(), row.unit_key().to_string());
            let detail = json!({ "enrollment": enrollment, "quiz": quiz });
            write.happened("attempt.graded", key, detail);
        }
        let graded = Attempt {
            state: AttemptState::Graded,
            points: Some(points),
            ..row.clone()
        };
        receipts::issue(write, &graded, &revision, anew).await?;
        if is_passed(write, &attempt, Some(points), policy.counts).await? {
            pass(write, row.unit_id, &enrollment).await?;
        }
    }
    Ok(key)
}

/// Whether this grades an attempt anew; refused where it is neither graded nor waits for it, or is graded and nobody says why.
fn anew<'r>(attempt: &Attempt, reason: Option<&'r str>) -> Result<Option<Anew<'r>>, Stop> {
    match (attempt.state, attempt.points, reason) {
        (AttemptState::NeedsGrading, ..) => Ok(None),
        (AttemptState::Graded, Some(before), Some(reason)) => Ok(Some(Anew { before, reason })),
        (AttemptState::Graded, ..) => {
            let message = "The attempt is graded; give a `reason` to grade it anew.";
            refuse_with(AttemptState::Graded.refuse("attemptId", message, Some(AttemptState::Graded)))
        }
        (state, ..) => {
            let message = format!(
                "The attempt is {}; one that is needs_grading or graded takes this.",
                state.as_str()
            );
            refuse_with(state.refuse("attemptId", message, Some(AttemptState::Graded)))
        }
    }
}

fn fault(
    questions: &[(QuestionId, QuestionPrompt)],
    course: CourseKey,
    items: &[ItemGrade],
) -> Option<Refusal> {
    if items.is_empty() {
        return Some(Refusal::at(Code::Invalid, "items", "Grade at least one answer."));
    }
    let mut seen = BTreeSet::new();
    items.iter().enumerate().find_map(|(index, item)| {
        let at = |field: &str, message: String| {
            Some(Refusal::at(
                Code::Invalid,
                &format!("items.{index}.{field}"),
                message,
            ))
        };
        let Some((_, prompt)) = questions
            .iter()
            .find(|(id, _)| QuestionKey::new(course, *id) == item.question)
        else {
            return Some(Refusal::not_found(&format!("items.{index}.questionId")));
        };
        if prompt.kind != QuestionKind::Essay || !seen.insert(item.question.id) {
            return at("questionId", "People grade essays, each once.".to_owned());
        }
        let (field, message) = fault_of(item, prompt)?;
        at(&field, message)
    })
}
