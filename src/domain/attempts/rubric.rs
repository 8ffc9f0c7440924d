//! Grades by the criteria of a question.

use super::given::MOST_CHARACTERS;
use super::store::ItemGrade;
use crate::domain::content::{Points, QuestionPrompt};
use async_graphql::{InputObject, SimpleObject};
use serde::{Deserialize, Serialize};

/// What people say of an answer by one criterion of its question's rubric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject, InputObject)]
#[graphql(input_name = "CriterionGradeInput")]
pub struct CriterionGrade {
    /// The criterion: its `key` in the question's `rubric`.
    pub key: String,
    /// Points by it, from 0 to the criterion's `maxPoints`.
    pub points: Points,
    /// What is said of the answer by it, Markdown source: clean what you render. At most 10000 characters.
    pub feedback: Option<String>,
}

/// The field at fault below an item's own, and what it must be.
type Fault = (String, String);

/// Says why a grade is none that its question can have.
pub(super) fn fault_of(item: &ItemGrade, prompt: &QuestionPrompt) -> Option<Fault> {
    let at = |field: &str, message: String| Some((field.to_owned(), message));
    let too_long = || format!("This has at most {MOST_CHARACTERS} characters.");
    let is_long = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.chars().count() > MOST_CHARACTERS)
    };
    if is_long(&item.feedback) {
        return at("feedback", too_long());
    }
    if prompt.rubric.is_empty() {
        return match item.points {
            _ if !item.criteria.is_empty() => {
                at("criteria", "The question has no criteria; give `points`.".into())
            }
            None => at("points", "Say how many points the answer earns.".into()),
            Some(points) => {
                outside(points, prompt.scoring.points).map(|message| ("points".to_owned(), message))
            }
        };
    }
    for (place, given) in item.criteria.iter().enumerate() {
        let field = |name: &str| format!("criteria.{place}.{name}");
        let before = &item.criteria[..place];
        let criterion = prompt.rubric.iter().find(|criterion| criterion.key == given.key);
        let Some(criterion) = criterion.filter(|_| before.iter().all(|other| other.key != given.key)) else {
            return at(
                &field("key"),
                "Name each criterion of the question's `rubric` once, by its key.".into(),
            );
        };
        if let Some(message) = outside(given.points, criterion.max_points) {
            return at(&field("points"), message);
        }
        if is_long(&given.feedback) {
            return at(&field("feedback"), too_long());
        }
    }
    if item.criteria.len() != prompt.rubric.len() {
        return at(
            "criteria",
            "The question has a rubric; give points for each of its criteria.".into(),
        );
    }
    let sum: Points = item.criteria.iter().map(|given| given.points).sum();
    match item.points {
        Some(points) if points != sum => at(
            "points",
            "Leave this out: it is what the criteria come to.".into(),
        ),
        _ => None,
    }
}

fn outside(points: Points, most: Points) -> Option<String> {
    let is_within = (Points::ZERO..=most).contains(&points);
    (!is_within).then(|| {
        format!(
            "This earns between 0 and {}.{:02} points.",
            most.0 / 100,
            most.0 % 100
        )
    })
}
