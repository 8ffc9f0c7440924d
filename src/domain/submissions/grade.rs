//! How people grade what was handed in.

use super::model::{Submission, SubmissionState};
use super::store::{self, MayGrade};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::domain::content::Points;
use crate::domain::content::assignment::Assignment;
use crate::domain::enrollments::{SeenEnrollment, complete_units};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::SubmissionKey;
use serde_json::json;
use std::collections::BTreeMap;

/// Characters of what a learner is told.
const MOST_CHARACTERS: usize = 10_000;

/// A grade: a number, or one for each criterion of the assignment's rubric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grade {
    /// Points, of an assignment without a rubric.
    pub points: Option<Points>,
    /// The keys of the rubric's criteria, each with its points.
    pub rubric: Vec<(String, Points)>,
    /// What the learner is told, Markdown.
    pub feedback: Option<String>,
    /// Why it is graded anew.
    pub reason: Option<String>,
}

/// Grades a submission; one that is graded already takes a reason. On a pass the assignment is complete, with whatever follows from
/// that, in the same transaction; what was complete stays so, and what was handed in for a former cycle completes nothing.
pub async fn grade(write: &Write<'_>, key: SubmissionKey, grade: &Grade) -> Result<SubmissionKey, Stop> {
    let (submission, enrollment) = store::lock_to_grade(&write.gate, key).await?.unzip();
    let submission: MayGrade<'_> = write.gate.allow(submission).at("id")?;
    let enrollment: Allowed<'_, action::AttemptsGrade, SeenEnrollment> =
        write.gate.allow(enrollment).at("id")?;
    let (conn, row) = (write.gate.conn(), &submission.submission);
    refuse_unless_it_takes(row, grade)?;
    let reason = grade.reason.as_deref();
    refuse_all([reason.and_then(|reason| Refusal::of_name("reason", reason, 1_000))])?;
    let revision = write
        .app
        .contents
        .find_for_write(conn, row.revision_key())
        .await?;
    let assignment = revision
        .assignment(row.unit_id)
        .ok_or_else(|| Error::internal("a submission is for an assignment"))?;
    let points = match grade.points_for(assignment) {
        Ok(points) => points,
        Err((path, message)) => return refuse_with(Refusal::at(Code::Invalid, &path, message)),
    };
    let rubric =
        (!grade.rubric.is_empty()).then(|| json!(grade.rubric.iter().cloned().collect::<BTreeMap<_, _>>()));
    let grader = write.gate.member().map(|member| member.id);
    store::grade(
        &submission,
        conn,
        (points, rubric),
        grade.feedback.as_deref(),
        grader,
    )
    .await?;
    if row.state == SubmissionState::Graded {
        let detail = json!({ "before": row.points, "after": points, "reason": reason });
        write.happened("submission.regraded", key, detail);
    } else {
        let (enrollment, unit) = (row.enrollment_key().to_string(), row.unit_key().to_string());
        write.happened(
            "submission.graded",
            key,
            json!({ "enrollment": enrollment, "unit": unit }),
        );
    }
    if points >= row.pass_points && row.cycle == enrollment.enrollment.cycle {
        // In the edition that the enrolment is pinned to by now; of who has left the course it is kept for when they come back.
        let pinned = enrollment.enrollment.revision_key();
        let revision = write.app.contents.find_for_write(conn, pinned).await?;
        complete_units(write, &enrollment, &revision, &[row.unit_id]).await?;
    }
    Ok(key)
}

fn refuse_unless_it_takes(submission: &Submission, grade: &Grade) -> Result<(), Stop> {
    let message = match (submission.state, &grade.reason) {
        (SubmissionState::Submitted, _) | (SubmissionState::Graded, Some(_)) => return Ok(()),
        (SubmissionState::Graded, None) => {
            "The submission is graded; give a `reason` to grade it anew.".to_owned()
        }
        (state, _) => {
            let state = state.as_str();
            format!("The submission is {state}; one that is submitted or graded takes a grade.")
        }
    };
    refuse_with(Refusal::at(Code::InvalidState, "id", message))
}

impl Grade {
    /// The points that this gives, from 0 to all of the assignment's; or what is wrong with it.
    pub fn points_for(&self, assignment: &Assignment) -> Result<Points, (String, String)> {
        let fault = |path: &str, message: String| Err((path.to_owned(), message));
        let is_long = |text: &String| text.chars().count() > MOST_CHARACTERS;
        if self.feedback.as_ref().is_some_and(is_long) {
            return fault(
                "feedback",
                format!("This has at most {MOST_CHARACTERS} characters."),
            );
        }
        let (points, is_by_rubric) = (self.points, !assignment.rubric.is_empty());
        match points {
            Some(_) if is_by_rubric => fault("points", "This assignment is graded by its rubric.".into()),
            None if !is_by_rubric => fault("points", "Give the points.".into()),
            Some(points) => {
                if !self.rubric.is_empty() {
                    return fault("rubric", "This assignment has no rubric.".into());
                }
                within(points, assignment.max_points).map_err(|message| ("points".to_owned(), message))
            }
            None => self.points_by_rubric(assignment),
        }
    }

    fn points_by_rubric(&self, assignment: &Assignment) -> Result<Points, (String, String)> {
        let mut given = BTreeMap::new();
        for (index, (key, points)) in self.rubric.iter().enumerate() {
            let criterion = assignment.rubric.iter().find(|criterion| criterion.key == *key);
            let Some(criterion) = criterion.filter(|_| !given.contains_key(key)) else {
                let message = "Each criterion of the rubric is named once, by its key.".to_owned();
                return Err((format!("rubric.{index}.key"), message));
            };
            let points = within(*points, criterion.points);
            let points = points.map_err(|message| (format!("rubric.{index}.points"), message))?;
            given.insert(key, points);
        }
        if given.len() < assignment.rubric.len() {
            let message = "Give points for every criterion of the rubric.".to_owned();
            return Err(("rubric".to_owned(), message));
        }
        Ok(given.into_values().sum())
    }
}

fn within(points: Points, most: Points) -> Result<Points, String> {
    if points >= Points::ZERO && points <= most {
        return Ok(points);
    }
    Err(format!(
        "This earns between 0 and {}.{:02} points.",
        most.0 / 100,
        most.0 % 100
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::assignment::{Criterion, SubmissionKind};
    use proptest::prelude::*;

    fn assignment(max_points: i32, rubric: &[i32]) -> Assignment {
        let criterion = |(index, points): (usize, &i32)| Criterion {
            key: format!("k{index}"),
            title: "A criterion".to_owned(),
            description: String::new().into(),
            points: Points(*points),
        };
        Assignment {
            instructions: "Do it.".to_owned().into(),
            max_points: Points(max_points),
            pass_points: Points(0),
            due: None,
            accepts: vec![SubmissionKind::Text],
            max_files: 1,
            max_submissions: None,
            rubric: rubric.iter().enumerate().map(criterion).collect(),
        }
    }

    proptest! {
        #[test]
        fn no_grade_has_more_points_than_there_are_nor_less_than_none(
            rubric in prop::collection::vec(1..5_000_i32, 0..5),
            max_points in 1..10_000_i32,
            points in prop::option::of(-200_000..200_000_i32),
            given in prop::collection::vec((0..6_usize, -6_000..6_000_i32), 0..7),
        ) {
            let sum: i32 = rubric.iter().sum();
            let assignment = assignment(if rubric.is_empty() { max_points } else { sum }, &rubric);
            prop_assert_eq!(assignment.fault(), None);
            let grade = Grade {
                points: points.map(Points),
                rubric: given.iter().map(|(key, points)| (format!("k{key}"), Points(*points))).collect(),
                feedback: None,
                reason: None,
            };
            if let Ok(points) = grade.points_for(&assignment) {
                prop_assert!(points >= Points::ZERO && points <= assignment.max_points);
                prop_assert_eq!(grade.rubric.len(), rubric.len());
            }
        }

        #[test]
        fn a_whole_rubric_within_its_points_is_taken(rubric in prop::collection::vec((1..5_000_i32, 0..=100_i32), 1..8)) {
            let most: Vec<i32> = rubric.iter().map(|(most, _)| *most).collect();
            let given = rubric.iter().enumerate().rev();
            let given: Vec<_> = given.map(|(index, (most, percent))| (format!("k{index}"), Points(most * percent / 100))).collect();
            let grade = Grade { points: None, feedback: None, reason: None, rubric: given.clone() };
            let sum: Points = given.into_iter().map(|(_, points)| points).sum();
            prop_assert_eq!(grade.points_for(&assignment(most.iter().sum(), &most)), Ok(sum));
        }
    }
}
