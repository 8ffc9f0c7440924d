//! Assignments: work that learners hand in and people grade.

use super::markdown::Markdown;
use super::material::{Fault, MOST_DESCRIPTION};
use super::points::{MOST, Points};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Criteria of a rubric.
const MOST_CRITERIA: usize = 50;
/// Files of one submission.
const MOST_FILES: i32 = 20;
/// Days after the enrolment: ten years.
const MOST_DAYS: i32 = 3_650;

text_enum! {
    /// What may be handed in.
    SubmissionKind {
        /// A text.
        Text = "text",
        /// Files.
        Files = "files",
        /// The address of a page.
        Link = "link",
    }
}

/// Work that learners hand in and people grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// What is to be done.
    pub instructions: Markdown,
    /// Points that can be earned.
    pub max_points: Points,
    /// Points that pass.
    pub pass_points: Points,
    /// When it is due.
    pub due: Option<Due>,
    /// What may be handed in: one of these or several at once.
    pub accepts: Vec<SubmissionKind>,
    /// Files of one submission.
    pub max_files: i32,
    /// Submissions that each enrolment has; any number where there is none.
    pub max_submissions: Option<i32>,
    /// What the grade goes by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rubric: Vec<Criterion>,
}

/// When an assignment is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Due {
    /// So many days after the enrolment, or after the course was begun anew.
    Days(i32),
    /// At a time, for everybody.
    At(DateTime<Utc>),
}

/// One thing that the grade goes by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// What names it, the same in every revision.
    pub key: String,
    /// Its title.
    pub title: String,
    /// What is asked for.
    pub description: Markdown,
    /// Points that it can earn.
    pub points: Points,
}

impl Due {
    /// When the work of an enrolment is due.
    pub fn of(self, started_at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Days(days) => started_at + TimeDelta::days(i64::from(days)),
            Self::At(at) => at,
        }
    }
}

impl Assignment {
    /// Says what is wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        let at = |field: &str, message: &str| Some((field.to_owned(), message.to_owned()));
        let kinds: BTreeSet<&str> = self.accepts.iter().map(|kind| kind.as_str()).collect();
        let takes_files = self.accepts.contains(&SubmissionKind::Files);
        if self.instructions.source().trim().is_empty() {
            at(
                "instructions",
                "An assignment asks for something; its instructions are blank.",
            )
        } else if self.instructions.source().chars().count() > MOST_DESCRIPTION {
            at("instructions", "This has at most 50000 characters.")
        } else if self.max_points <= Points::ZERO || self.max_points > MOST {
            at(
                "maxPoints",
                "An assignment earns more than 0 and at most 1000 points.",
            )
        } else if self.pass_points < Points::ZERO || self.pass_points > self.max_points {
            at("passPoints", "What passes is between 0 and all points.")
        } else if matches!(self.due, Some(Due::Days(days)) if !(0..=MOST_DAYS).contains(&days)) {
            at(
                "due.daysAfterEnrollment",
                "It is due between 0 and 3650 days after the enrolment.",
            )
        } else if kinds.is_empty() || kinds.len() < self.accepts.len() {
            at(
                "accepts",
                "An assignment takes something, and each kind is named once.",
            )
        } else if takes_files && !(1..=MOST_FILES).contains(&self.max_files) {
            at("maxFiles", "A submission has between 1 and 20 files.")
        } else if self
            .max_submissions
            .is_some_and(|most| !(1..=100).contains(&most))
        {
            at(
                "maxSubmissions",
                "The number of submissions is between 1 and 100.",
            )
        } else {
            self.fault_of_rubric()
        }
    }

    fn fault_of_rubric(&self) -> Option<Fault> {
        if self.rubric.is_empty() {
            return None;
        }
        if self.rubric.len() > MOST_CRITERIA {
            return Some(("rubric".into(), "A rubric has at most 50 criteria.".into()));
        }
        let mut keys = BTreeSet::new();
        for (index, criterion) in self.rubric.iter().enumerate() {
            if let Some((field, message)) = criterion.fault(keys.insert(&criterion.key)) {
                return Some((format!("rubric.{index}.{field}"), message.to_owned()));
            }
        }
        let sum: Points = self.rubric.iter().map(|criterion| criterion.points).sum();
        let message = "The points of the rubric's criteria add up to all points.";
        (sum != self.max_points).then(|| ("rubric".to_owned(), message.to_owned()))
    }
}

impl Criterion {
    fn fault(&self, is_first: bool) -> Option<(&'static str, &'static str)> {
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if !(1..=64).contains(&self.key.len()) || !self.key.bytes().all(is_key) || !is_first {
            Some((
                "key",
                "A key has 1 to 64 of a–z, A–Z, 0–9, - and _, and stands once.",
            ))
        } else if self.title.trim().is_empty() || self.title.chars().count() > 200 {
            Some(("title", "This has 1 to 200 characters."))
        } else if self.description.source().chars().count() > 5_000 {
            Some(("description", "This has at most 5000 characters."))
        } else if self.points <= Points::ZERO || self.points > MOST {
            Some(("points", "A criterion earns more than 0 and at most 1000 points."))
        } else {
            None
        }
    }
}
