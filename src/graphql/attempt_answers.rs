//! Answers as they are saved, for whoever sees the attempt. Nothing here tells what is right.

use crate::domain::attempts::review::SavedAnswer;
use crate::domain::content::number::NumberAnswer;
use crate::domain::content::{Answer, GapAnswer};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// An answer as it is saved; only the fields of the question's kind are set.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct AttemptAnswer {
    /// The keys of the chosen options, sorted: one for a single choice. Cost: 1.
    pub choices: Option<Vec<String>>,
    /// Whether the statement is said to be true. Cost: 1.
    pub is_true: Option<bool>,
    /// The text. Cost: 1.
    pub text: Option<String>,
    /// The number. Cost: 1.
    pub number: Option<NumberAnswer>,
    /// The keys of the items in the order that they were put in. Cost: 1.
    pub order: Option<Vec<String>>,
    /// The stems that have an option, each with it. Cost: 1.
    pub pairs: Option<Vec<MatchedPair>>,
    /// The gaps that are filled. Cost: 1.
    pub gaps: Option<Vec<FilledGap>>,
    /// The traced program. Cost: 1.
    pub tracing: Option<TracingAnswer>,
    /// Counts the savings of this answer from 1; give it as `expectedVersion` to save over what you have seen. Cost: 1.
    pub version: i32,
    /// When this version was saved. Cost: 1.
    pub saved_at: DateTime<Utc>,
}

/// What a learner says of a program.
#[derive(Clone, Debug, SimpleObject)]
pub struct TracingAnswer {
    /// Whether it compiles. Cost: 1.
    pub compiles: bool,
    /// What it prints; null if it does not compile. Cost: 1.
    pub stdout: Option<String>,
    /// The first line at fault, from 1; null if it compiles. Cost: 1.
    pub line: Option<i32>,
}

impl From<&SavedAnswer> for AttemptAnswer {
    fn from(saved: &SavedAnswer) -> Self {
        let empty = Self {
            version: saved.version,
            saved_at: saved.saved_at,
            ..Self::default()
        };
        match saved.answer.clone() {
            Answer::Choice(keys) => Self {
                choices: Some(keys.into_iter().collect()),
                ..empty
            },
            Answer::Text(text) => Self {
                text: Some(text),
                ..empty
            },
            Answer::Truth(is_true) => Self {
                is_true: Some(is_true),
                ..empty
            },
            Answer::Number(number) => Self {
                number: Some(number),
                ..empty
            },
            Answer::Order(keys) => Self {
                order: Some(keys),
                ..empty
            },
            Answer::Pairs(pairs) => Self {
                pairs: Some(MatchedPair::all(&pairs)),
                ..empty
            },
            Answer::Gaps(gaps) => Self {
                gaps: Some(gaps.into_iter().map(FilledGap::from).collect()),
                ..empty
            },
            Answer::Tracing {
                compiles,
                stdout,
                line,
            } => Self {
                tracing: Some(TracingAnswer {
                    compiles,
                    stdout,
                    line,
                }),
                ..empty
            },
        }
    }
}

/// A stem with the option that is said to belong to it.
#[derive(Clone, Debug, SimpleObject)]
pub struct MatchedPair {
    /// The stem's key. Cost: 1.
    pub stem: String,
    /// The option's key. Cost: 1.
    pub option: String,
}

impl MatchedPair {
    /// All pairs of a matching.
    pub fn all(pairs: &BTreeMap<String, String>) -> Vec<Self> {
        let pair = |(stem, option): (&String, &String)| Self {
            stem: stem.clone(),
            option: option.clone(),
        };
        pairs.iter().map(pair).collect()
    }
}

/// What a learner fills a gap with; only the field of the gap's kind is set.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct FilledGap {
    /// The gap's key. Cost: 1.
    pub gap: String,
    /// The text. Cost: 1.
    pub text: Option<String>,
    /// The number. Cost: 1.
    pub number: Option<NumberAnswer>,
    /// The key of the option. Cost: 1.
    pub choice: Option<String>,
}

impl From<(String, GapAnswer)> for FilledGap {
    fn from((gap, filling): (String, GapAnswer)) -> Self {
        let empty = Self {
            gap,
            ..Self::default()
        };
        match filling {
            GapAnswer::Text(text) => Self {
                text: Some(text),
                ..empty
            },
            GapAnswer::Number(number) => Self {
                number: Some(number),
                ..empty
            },
            GapAnswer::Choice(key) => Self {
                choice: Some(key),
                ..empty
            },
        }
    }
}
