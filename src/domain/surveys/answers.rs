//! What is an answer to a question of a survey.

use crate::domain::content::{SurveyQuestion, SurveyQuestionKind};
use crate::domain::refusal::{Code, Refusal};
use async_graphql::SimpleObject;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Characters of a text.
const MOST_OF_ANSWER: usize = 5_000;

/// What somebody answers to a question of a survey. Cost: 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct SurveyAnswer {
    /// The question's number in the survey. Cost: 1.
    pub question: i32,
    /// The rating, 1 to 5; null for other kinds. Cost: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<i32>,
    /// The numbers of the chosen options; empty for other kinds. Cost: 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<i32>,
    /// The text; null for other kinds. Cost: 1.
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
    if given.is_empty() || given.len() > questions.len() {
        let message = format!("Give 1 to {} answers: each question once.", questions.len());
        return Err(vec![Refusal::at(Code::Invalid, "answers", message)]);
    }
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
            rating: None,
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
        let message = match most {
            1 => format!("Give one number from {least} to {greatest}."),
            _ => format!("Give 1 to {most} different numbers from {least} to {greatest}."),
        };
        return Err(fault(field, message));
    }
    let is_rating = question.kind == SurveyQuestionKind::Rating;
    Ok(SurveyAnswer {
        question: question.number,
        rating: given.rating.filter(|_| is_rating),
        choices: choices.into_iter().filter(|_| !is_rating).collect(),
        text: None,
    })
}
