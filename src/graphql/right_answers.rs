//! What is right, as learners meet it in a review and as authors meet it in a draft.
//!
//! The types here tell what is right. Which fields lead to them is listed in the test that walks the schema.

use super::attempt_answers::MatchedPair;
use crate::domain::content::number::{NumberRule, Tolerance};
use crate::domain::content::text_rule::TextRule;
use crate::domain::content::{Answer, AnswerKey, GapRule, Rule};
use async_graphql::SimpleObject;

macro_rules! right_answer {
    ($(#[$doc:meta])* $name:ident, $choices:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, SimpleObject)]
        pub struct $name {
            /// The keys of the right options of a choice question. Cost: 1.
            pub $choices: Option<Vec<String>>,
            /// Whether the statement of a true-false question is true. Cost: 1.
            pub is_true: Option<bool>,
            /// A right text of a short-text question, or what a good essay is like, Markdown. Cost: 1.
            pub text: Option<String>,
            /// How the text is compared. Cost: 1.
            pub text_rule: Option<RightTextRule>,
            /// The right number of a numeric question. Cost: 1.
            pub number: Option<RightNumber>,
            /// The keys of the items of an ordering in the right order. Cost: 1.
            pub order: Option<Vec<String>>,
            /// The options that belong to the stems of a matching. Cost: 1.
            pub pairs: Option<Vec<MatchedPair>>,
            /// What fills the gaps of a cloze. Cost: 1.
            pub gaps: Option<Vec<RightGap>>,
            /// Whether the traced program compiles. Cost: 1.
            pub compiles: Option<bool>,
            /// What the traced program prints. Cost: 1.
            pub stdout: Option<String>,
            /// The line at fault of a traced program that does not compile. Cost: 1.
            pub line: Option<i32>,
        }

        impl $name {
            /// All that is right by a rule: any one of these.
            pub fn all(rule: &Rule) -> Vec<Self> {
                let empty = Self::default();
                match rule {
                    Rule::Right(right) => right.iter().map(Self::of).collect(),
                    Rule::Texts(rule) => {
                        let text = |text: &String| Self {
                            text: Some(text.clone()),
                            text_rule: Some(RightTextRule::from(rule)),
                            ..Self::default()
                        };
                        rule.accepted.iter().map(text).collect()
                    }
                    Rule::Number(rule) => vec![Self { number: Some(rule.into()), ..empty }],
                    Rule::Order(keys) => vec![Self { order: Some(keys.clone()), ..empty }],
                    Rule::Pairs(pairs) => vec![Self { pairs: Some(MatchedPair::all(pairs)), ..empty }],
                    Rule::Gaps(rules) => {
                        let gaps = rules.iter().map(|(gap, rule)| RightGap::of(gap, rule));
                        vec![Self { gaps: Some(gaps.collect()), ..empty }]
                    }
                    Rule::People { sample } => {
                        let text = |text: &String| Self { text: Some(text.clone()), ..Self::default() };
                        sample.iter().map(text).collect()
                    }
                }
            }

            fn of(answer: &Answer) -> Self {
                match answer.clone() {
                    Answer::Choice(keys) => Self {
                        $choices: Some(keys.into_iter().collect()),
                        ..Self::default()
                    },
                    Answer::Truth(is_true) => Self {
                        is_true: Some(is_true),
                        ..Self::default()
                    },
                    Answer::Tracing { compiles, stdout, line } => Self {
                        compiles: Some(compiles),
                        stdout,
                        line,
                        ..Self::default()
                    },
                    // The others have rules of their own.
                    _ => Self::default(),
                }
            }
        }
    };
}

right_answer! {
    /// One right answer; only the fields of the question's kind are set.
    RightAnswer, choices
}

right_answer! {
    /// One right answer, for authors; only the fields of the question's kind are set.
    AuthorAnswer, choice
}

/// How a text is compared with the right one.
#[derive(Clone, Debug, SimpleObject)]
pub struct RightTextRule {
    /// Whether `*` in the right text stands for any run of characters. Cost: 1.
    pub wildcards: bool,
    /// Whether case matters. Cost: 1.
    pub case_sensitive: bool,
    /// Whether accents do not matter. Cost: 1.
    pub fold_accents: bool,
}

/// A right number.
#[derive(Clone, Debug, SimpleObject)]
pub struct RightNumber {
    /// The number. Cost: 1.
    pub value: String,
    /// How far from it is still right, as a number; null where it is a share, or nothing. Cost: 1.
    pub absolute_tolerance: Option<String>,
    /// How far from it is still right, as a share of it; null where it is a number, or nothing. Cost: 1.
    pub relative_tolerance: Option<String>,
    /// The units that it may be answered in; empty where it has none. Cost: 1.
    pub units: Vec<RightUnit>,
}

/// A unit that a right number may be answered in.
#[derive(Clone, Debug, SimpleObject)]
pub struct RightUnit {
    /// How it is written. Cost: 1.
    pub name: String,
    /// What a number in it is multiplied by to be in the unit of the right number. Cost: 1.
    pub factor: String,
}

/// What fills a gap; only the fields of its kind are set.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct RightGap {
    /// The gap's key. Cost: 1.
    pub gap: String,
    /// The right texts. Cost: 1.
    pub texts: Option<Vec<String>>,
    /// How the texts are compared. Cost: 1.
    pub text_rule: Option<RightTextRule>,
    /// The right number. Cost: 1.
    pub number: Option<RightNumber>,
    /// The key of the right option. Cost: 1.
    pub choice: Option<String>,
}

/// What is said of an option.
#[derive(Clone, Debug, SimpleObject)]
pub struct OptionFeedback {
    /// The option's key; `true` or `false` of a true-false question. Cost: 1.
    pub key: String,
    /// What is said of it, Markdown source as its author wrote it: clean what you render. Cost: 1.
    pub text: String,
}

impl OptionFeedback {
    /// All that an answer key says of options.
    pub fn all(key: &AnswerKey) -> Vec<Self> {
        let said = |(key, text): (&String, &String)| Self {
            key: key.clone(),
            text: text.clone(),
        };
        key.feedback.iter().map(said).collect()
    }
}

impl From<&TextRule> for RightTextRule {
    fn from(rule: &TextRule) -> Self {
        Self {
            wildcards: rule.wildcards,
            case_sensitive: rule.case_sensitive,
            fold_accents: rule.fold_accents,
        }
    }
}

impl From<&NumberRule> for RightNumber {
    fn from(rule: &NumberRule) -> Self {
        let (absolute_tolerance, relative_tolerance) = match rule.tolerance.clone() {
            None => (None, None),
            Some(Tolerance::Absolute(most)) => (Some(most), None),
            Some(Tolerance::Relative(share)) => (None, Some(share)),
        };
        let units = rule.units.iter().map(|unit| RightUnit {
            name: unit.name.clone(),
            factor: unit.factor.clone(),
        });
        Self {
            value: rule.value.clone(),
            absolute_tolerance,
            relative_tolerance,
            units: units.collect(),
        }
    }
}

impl RightGap {
    fn of(gap: &str, rule: &GapRule) -> Self {
        let empty = Self {
            gap: gap.to_owned(),
            ..Self::default()
        };
        match rule {
            GapRule::Text(rule) => Self {
                texts: Some(rule.accepted.clone()),
                text_rule: Some(rule.into()),
                ..empty
            },
            GapRule::Number(rule) => Self {
                number: Some(rule.into()),
                ..empty
            },
            GapRule::Choice(key) => Self {
                choice: Some(key.clone()),
                ..empty
            },
        }
    }
}
