//! What a learner answered.

use super::number::NumberAnswer;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a learner answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The keys of the chosen options: one for a single choice.
    Choice(BTreeSet<String>),
    /// Whether a statement is true.
    Truth(bool),
    /// A short text or an essay.
    Text(String),
    /// A number.
    Number(NumberAnswer),
    /// The keys of all items, in the order that they were put in.
    Order(Vec<String>),
    /// The key of the option that belongs to each stem, by the stem's; stems may be left out.
    Pairs(BTreeMap<String, String>),
    /// What fills each gap, by the gap's key; gaps may be left out.
    Gaps(BTreeMap<String, GapAnswer>),
    /// A traced program.
    Tracing {
        /// Whether it compiles.
        compiles: bool,
        /// What it prints, if it compiles.
        stdout: Option<String>,
        /// The first line at fault, if it does not.
        line: Option<i32>,
    },
}

/// What fills a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapAnswer {
    /// A short text.
    Text(String),
    /// A number.
    Number(NumberAnswer),
    /// The key of an option.
    Choice(String),
}
