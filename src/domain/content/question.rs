//! What a learner sees of a question.

use super::points::Points;
use super::scoring::Scoring;
use crate::text_enum;
use async_graphql::SimpleObject;
use serde::{Deserialize, Serialize};

text_enum! {
    /// How a question is answered.
    QuestionKind {
        /// One of several options is right.
        SingleChoice = "single_choice",
        /// Any number of several options is right.
        MultipleChoice = "multiple_choice",
        /// A statement is true or false.
        TrueFalse = "true_false",
        /// A short text is right.
        ShortText = "short_text",
        /// A number is right, in a unit where the question has some.
        Numeric = "numeric",
        /// Items are put in order.
        Ordering = "ordering",
        /// Each of several stems has an option that belongs to it.
        Matching = "matching",
        /// The gaps of a text are filled.
        Cloze = "cloze",
        /// A text that people grade.
        Essay = "essay",
        /// A program is traced: whether it compiles, and what it prints or which line is at fault.
        ProgramTracing = "program_tracing",
    }
}

text_enum! {
    /// How a gap of a cloze is filled.
    GapKind {
        /// By a short text.
        Text = "text",
        /// By a number.
        Number = "number",
        /// By one of several options.
        Choice = "choice",
    }
}

/// One option of a choice, one item of an ordering, one stem or option of a matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
pub struct ChoiceOption {
    /// What an answer names; stable while the option's text stays.
    pub key: String,
    /// What the learner reads, Markdown.
    pub text: String,
}

/// A gap of a cloze, as learners see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
#[graphql(name = "QuestionGap")]
pub struct GapPrompt {
    /// What an answer names; the text has it in double brackets where the gap is: `[[key]]`. Cost: 1.
    pub key: String,
    /// How the gap is filled. Cost: 1.
    pub kind: GapKind,
    /// The options of a gap that is filled by one of several, in an order that tells nothing. Cost: 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ChoiceOption>,
    /// The units that a number may be answered in; empty where it has none. Cost: 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
}

/// By what people grade an answer, among other things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, SimpleObject)]
#[graphql(name = "RubricCriterion")]
pub struct Criterion {
    /// What a grade names; stable while the title stays. Cost: 1.
    pub key: String,
    /// What is looked at, Markdown source as its author wrote it: clean what you render. Cost: 1.
    pub title: String,
    /// Points that it can earn. Cost: 1.
    pub max_points: Points,
}

/// What a learner sees of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionPrompt {
    /// How it is answered.
    pub kind: QuestionKind,
    /// What is asked, Markdown.
    pub text: String,
    /// The program to trace; only for [`QuestionKind::ProgramTracing`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The options of a choice in the author's order; the items of an ordering and the options of a matching in one that
    /// tells nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<ChoiceOption>,
    /// Whether the options come in an order of each attempt's own.
    #[serde(default)]
    pub shuffle_options: bool,
    /// What options belong to, in the author's order; only for [`QuestionKind::Matching`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stems: Vec<ChoiceOption>,
    /// The gaps in the order of the text; only for [`QuestionKind::Cloze`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<GapPrompt>,
    /// The units that a number may be answered in; only for [`QuestionKind::Numeric`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<String>,
    /// By what people grade it, in the author's order; only for [`QuestionKind::Essay`]. Learners know it from the beginning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rubric: Vec<Criterion>,
    /// What its answer earns.
    #[serde(default, skip_serializing_if = "Scoring::is_default")]
    pub scoring: Scoring,
}

impl QuestionPrompt {
    /// A question of a kind that asks this and has nothing else yet.
    pub fn new(kind: QuestionKind, text: String) -> Self {
        Self {
            kind,
            text,
            program: None,
            options: Vec::new(),
            shuffle_options: false,
            stems: Vec::new(),
            gaps: Vec::new(),
            units: Vec::new(),
            rubric: Vec::new(),
            scoring: Scoring::default(),
        }
    }
}
