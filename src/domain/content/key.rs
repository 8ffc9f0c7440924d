//! What is right, and why. Never part of what a learner's request can reach before review opens.

use super::answer::Answer;
use super::number::NumberRule;
use super::question::QuestionKind;
use super::text_rule::TextRule;
use crate::kernel::ids::QuestionId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Any one of these: of choices, statements, and traced programs.
    Right(Vec<Answer>),
    /// Texts by this rule.
    Texts(TextRule),
    /// Numbers by this rule.
    Number(NumberRule),
    /// The items in this order, by their keys.
    Order(Vec<String>),
    /// These options with these stems, by their keys.
    Pairs(BTreeMap<String, String>),
    /// Each gap by its own rule.
    Gaps(BTreeMap<String, GapRule>),
    /// What the people say who grade it.
    People {
        /// What a good answer is like.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sample: Option<String>,
    },
}

/// What is right in a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapRule {
    /// Texts by this rule.
    Text(TextRule),
    /// Numbers by this rule.
    Number(NumberRule),
    /// The option with this key.
    Choice(String),
}

/// What is right, why, and what is said of each option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct AnswerKey {
    /// What is right.
    #[serde(flatten)]
    pub rule: Rule,
    /// Why, Markdown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// What is said of an option, by its key, Markdown.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub feedback: BTreeMap<String, String>,
}

/// The answer keys of a revision, by question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerKeys(pub BTreeMap<QuestionId, AnswerKey>);

/// An answer key as any build has written it: the first listed the texts that are right, and had no rule for them.
#[derive(Deserialize)]
struct Written {
    #[serde(flatten)]
    rule: Rule,
    #[serde(default)]
    explanation: Option<String>,
    #[serde(default)]
    feedback: BTreeMap<String, String>,
}

impl From<Written> for AnswerKey {
    fn from(written: Written) -> Self {
        let rule = match written.rule {
            Rule::Right(right) if matches!(right.first(), Some(Answer::Text(_))) => {
                let text = |answer| match answer {
                    Answer::Text(text) => Some(text),
                    _ => None,
                };
                Rule::Texts(TextRule {
                    accepted: right.into_iter().filter_map(text).collect(),
                    ..TextRule::default()
                })
            }
            rule => rule,
        };
        Self {
            rule,
            explanation: written.explanation,
            feedback: written.feedback,
        }
    }
}

impl AnswerKey {
    /// A key that says what is right, and nothing else.
    pub const fn new(rule: Rule) -> Self {
        Self {
            rule,
            explanation: None,
            feedback: BTreeMap::new(),
        }
    }

    /// Whether it is a key of questions of this kind.
    pub fn suits(&self, kind: QuestionKind) -> bool {
        use QuestionKind as Kind;
        let first = match &self.rule {
            Rule::Right(right) => right.first(),
            _ => None,
        };
        match kind {
            Kind::SingleChoice | Kind::MultipleChoice => matches!(first, Some(Answer::Choice(_))),
            Kind::TrueFalse => matches!(first, Some(Answer::Truth(_))),
            Kind::ProgramTracing => matches!(first, Some(Answer::Tracing { .. })),
            Kind::ShortText => matches!(self.rule, Rule::Texts(_)),
            Kind::Numeric => matches!(self.rule, Rule::Number(_)),
            Kind::Ordering => matches!(self.rule, Rule::Order(_)),
            Kind::Matching => matches!(self.rule, Rule::Pairs(_)),
            Kind::Cloze => matches!(self.rule, Rule::Gaps(_)),
            Kind::Essay => matches!(self.rule, Rule::People { .. }),
        }
    }
}
