//! What surveys ask, and what is an answer to it.

use crate::domain::refusal::{Code, Refusal};
use async_graphql::{Enum, SimpleObject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Questions of a survey, options of a question, characters of a question, an option and an answer.
const MOST_QUESTIONS: usize = 50;
const MOST_OPTIONS: usize = 20;
const MOST_OF_QUESTION: usize = 1_000;
const MOST_OF_OPTION: usize = 200;
const MOST_OF_ANSWER: usize = 5_000;
/// The greatest rating; the least is 1.
const MOST_RATING: i32 = 5;

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

/// What is wrong with a survey's questions.
pub fn faults(questions: &[SurveyQuestion]) -> Vec<Option<Refusal>> {
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

/// What somebody answers to a question of a survey. Cost: 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct SurveyAnswer {
    /// The question's number in the survey. Cost: 1.
    pub question: i32,
    /// The rating, 1 to 5, or the numbers of the chosen options; empty for a text. Cost: 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<i32>,
    /// The text; null for a rating or a choice. Cost: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What an input says of one answer, as it came.
#[derive(Clone, Debug, Default)]
pub struct GivenAnswer {
    /// The question's number.
    pub question: i32,
    /// For a rating.
    pub rating: Option<i32>,
    /// For a choice.
    pub choices: Option<Vec<i32>>,
    /// For a text.
    pub text: Option<String>,
}

/// Reads the answers to a survey's questions, in their order; refuses what does not fit, and where one is missing.
pub fn read(questions: &[SurveyQuestion], given: &[GivenAnswer]) -> Result<Vec<SurveyAnswer>, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let mut answers: Vec<SurveyAnswer> = Vec::new();
    for (index, answer) in given.iter().enumerate() {
        let path = format!("answers.{index}");
        let Some(question) = questions
            .iter()
            .find(|question| question.number == answer.question)
        else {
            let message = format!("The survey has no question {}.", answer.question);
            refusals.push(Refusal::at(Code::Invalid, &format!("{path}.question"), message));
            continue;
        };
        if answers.iter().any(|before| before.question == answer.question) {
            let message = format!("Question {} is answered twice.", answer.question);
            refusals.push(Refusal::at(Code::Invalid, &format!("{path}.question"), message));
            continue;
        }
        match read_one(&path, question, answer) {
            Ok(answer) => answers.push(answer),
            Err(refusal) => refusals.push(refusal),
        }
    }
    let missing = questions.iter().find(|question| {
        question.is_required && given.iter().all(|answer| answer.question != question.number)
    });
    if let Some(question) = missing {
        let message = format!("Question {} has to be answered.", question.number);
        refusals.push(Refusal::at(Code::Invalid, "answers", message));
    }
    answers.sort_by_key(|answer| answer.question);
    if refusals.is_empty() {
        Ok(answers)
    } else {
        Err(refusals)
    }
}

fn read_one(path: &str, question: &SurveyQuestion, given: &GivenAnswer) -> Result<SurveyAnswer, Refusal> {
    let fault =
        |field: &str, message: String| Refusal::at(Code::Invalid, &format!("{path}.{field}"), message);
    let (field, kind) = match question.kind {
        SurveyQuestionKind::Rating => ("rating", "by a rating"),
        SurveyQuestionKind::SingleChoice | SurveyQuestionKind::MultipleChoice => ("choices", "by choice"),
        SurveyQuestionKind::Text => ("text", "by a text"),
    };
    let others = [
        ("rating", given.rating.is_some()),
        ("choices", given.choices.is_some()),
        ("text", given.text.is_some()),
    ];
    let wrong = others
        .into_iter()
        .find(|(other, is_given)| *is_given && *other != field);
    if let Some((wrong, _)) = wrong {
        let message = format!(
            "Question {} is answered {kind}: give `{field}` alone.",
            question.number
        );
        return Err(fault(wrong, message));
    }
    if question.kind == SurveyQuestionKind::Text {
        let text = given.text.clone().unwrap_or_default();
        if let Some(refusal) = Refusal::of_name(&format!("{path}.text"), &text, MOST_OF_ANSWER) {
            return Err(refusal);
        }
        return Ok(SurveyAnswer {
            question: question.number,
            choices: Vec::new(),
            text: Some(text),
        });
    }
    let chosen: Vec<i32> = given
        .rating
        .into_iter()
        .chain(given.choices.iter().flatten().copied())
        .collect();
    let choices: BTreeSet<i32> = chosen.iter().copied().collect();
    let range = question.choices();
    let most = if question.kind == SurveyQuestionKind::MultipleChoice {
        question.options.len()
    } else {
        1
    };
    if choices.len() < chosen.len()
        || !(1..=most).contains(&choices.len())
        || !choices.iter().all(|choice| range.contains(choice))
    {
        let (least, greatest) = (range.start(), range.end());
        let message = format!("Give 1 to {most} different numbers from {least} to {greatest}.");
        return Err(fault(field, message));
    }
    Ok(SurveyAnswer {
        question: question.number,
        choices: choices.into_iter().collect(),
        text: None,
    })
}
