//! What a survey asks: its content, which is the same wherever it stands.

use crate::domain::refusal::{Code, Refusal};
use crate::text_enum;
use async_graphql::{Enum, SimpleObject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Surveys that a course may have.
pub const MOST_SURVEYS: usize = 50;
/// Characters of a title and of a description.
const MOST_OF_TITLE: usize = 200;
const MOST_OF_DESCRIPTION: usize = 2_000;
/// Questions of a survey, options of a question, characters of a question and of an option.
const MOST_QUESTIONS: usize = 50;
const MOST_OPTIONS: usize = 20;
const MOST_OF_QUESTION: usize = 1_000;
const MOST_OF_OPTION: usize = 200;
/// The greatest rating; the least is 1.
const MOST_RATING: i32 = 5;

text_enum! {
    /// Which learners of its course a survey asks.
    SurveyAudience {
        /// All of them.
        Everybody = "everybody",
        /// Those who have completed the course.
        Completed = "completed",
    }
}

/// What a survey is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyContent {
    /// Its title.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What it asks, numbered in order.
    pub questions: Vec<SurveyQuestion>,
    /// Whom it asks.
    pub audience: SurveyAudience,
    /// Whether nobody learns who answered what.
    pub is_anonymous: bool,
}

impl SurveyContent {
    /// What is wrong with it.
    pub fn faults(&self) -> Vec<Option<Refusal>> {
        let long = self.description.chars().count() > MOST_OF_DESCRIPTION;
        let long = long.then(|| {
            let message = format!("A description has at most {MOST_OF_DESCRIPTION} characters.");
            Refusal::at(Code::Invalid, "description", message)
        });
        let in_order = (1..)
            .zip(&self.questions)
            .all(|(number, question)| number == question.number);
        let in_order = (!in_order).then(|| {
            let message = "Questions are numbered in their order, from 1.";
            Refusal::at(Code::Invalid, "questions", message)
        });
        let mut faults = faults_of_questions(&self.questions);
        faults.extend([
            Refusal::of_name("title", &self.title, MOST_OF_TITLE),
            long,
            in_order,
        ]);
        faults
    }
}

/// How a question of a survey is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Enum)]
#[serde(rename_all = "snake_case")]
pub enum SurveyQuestionKind {
    /// By a number from 1 to 5.
    Rating,
    /// By one of its options.
    SingleChoice,
    /// By some of its options.
    MultipleChoice,
    /// In the learner's own words.
    Text,
}

impl SurveyQuestionKind {
    const fn has_options(self) -> bool {
        matches!(self, Self::SingleChoice | Self::MultipleChoice)
    }
}

/// A question of a survey. Cost: 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct SurveyQuestion {
    /// Its number in the survey, from 1: what an answer names it by. Cost: 1.
    pub number: i32,
    /// How it is answered. Cost: 1.
    pub kind: SurveyQuestionKind,
    /// What is asked, plain text. Cost: 1.
    pub text: String,
    /// What can be chosen, numbered from 1 in this order; empty for ratings and texts. Cost: 1.
    pub options: Vec<String>,
    /// Whether the survey is answered only with this question. Cost: 1.
    pub is_required: bool,
}

impl SurveyQuestion {
    /// The numbers that can be chosen: the ratings, or those of its options; none for texts.
    pub fn choices(&self) -> std::ops::RangeInclusive<i32> {
        match self.kind {
            SurveyQuestionKind::Rating => 1..=MOST_RATING,
            _ => 1..=i32::try_from(self.options.len()).unwrap_or(i32::MAX),
        }
    }
}

fn faults_of_questions(questions: &[SurveyQuestion]) -> Vec<Option<Refusal>> {
    if questions.len() > MOST_QUESTIONS {
        let message = format!("A survey has at most {MOST_QUESTIONS} questions.");
        return vec![Some(Refusal::at(Code::Invalid, "questions", message))];
    }
    let each = questions.iter().enumerate();
    each.flat_map(|(index, question)| faults_of_question(&format!("questions.{index}"), question))
        .collect()
}

fn faults_of_question(path: &str, question: &SurveyQuestion) -> Vec<Option<Refusal>> {
    let at =
        |field: &str, message: String| Some(Refusal::at(Code::Invalid, &format!("{path}.{field}"), message));
    let few_or_many = !(2..=MOST_OPTIONS).contains(&question.options.len());
    let different: BTreeSet<&str> = question.options.iter().map(|option| option.trim()).collect();
    let of_options = if !question.kind.has_options() && !question.options.is_empty() {
        at("options", "Only a question by choice has options.".into())
    } else if question.kind.has_options() && few_or_many {
        at(
            "options",
            format!("A question by choice has 2 to {MOST_OPTIONS} options."),
        )
    } else if different.len() < question.options.len() {
        at("options", "Two of the options are the same.".into())
    } else {
        None
    };
    let options = question.options.iter().enumerate();
    let texts = options
        .map(|(index, option)| Refusal::of_name(&format!("{path}.options.{index}"), option, MOST_OF_OPTION));
    let text = Refusal::of_name(&format!("{path}.text"), &question.text, MOST_OF_QUESTION);
    [text, of_options].into_iter().chain(texts).collect()
}
