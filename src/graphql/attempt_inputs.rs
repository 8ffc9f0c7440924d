//! What the mutations about attempts take.

use crate::domain::attempts::given::Given;
use crate::inputs;
use async_graphql::{ID, InputObject, OneofObject};

/// What `attemptStart` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AttemptStartInput {
    /// Your enrolment, active or completed.
    pub enrollment_id: ID,
    /// The quiz: a unit of the revision that the enrolment is pinned to.
    pub quiz_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `attemptAnswerSave` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AttemptAnswerSaveInput {
    /// Your open attempt.
    pub attempt_id: ID,
    /// The question: `questionId` of one of the attempt's items.
    pub question_id: ID,
    /// The answer, of the question's kind.
    pub answer: AnswerInput,
    /// The version of the saved answer that you have seen, 0 for none; refused when it has another by now. Whatever is
    /// saved is replaced where this is left out.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `attemptSubmit` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AttemptSubmitInput {
    /// Your open attempt.
    pub attempt_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// An answer: the one of these that the question's kind asks for.
#[derive(Clone, Debug, OneofObject)]
pub enum AnswerInput {
    /// To a single choice: the key of the option.
    Choice(String),
    /// To a multiple choice: the keys of any number of options.
    Choices(Vec<String>),
    /// To a short-text question: at most 10000 characters.
    Text(String),
    /// To a program tracing.
    Tracing(TracingAnswerInput),
}

/// What a learner says of a program.
#[derive(Clone, Debug, InputObject)]
pub struct TracingAnswerInput {
    /// Whether it compiles.
    pub compiles: bool,
    /// What it prints, at most 10000 characters; only if it compiles.
    pub stdout: Option<String>,
    /// The first line at fault, from 1; only if it does not compile.
    pub line: Option<i32>,
}

inputs!(AttemptStartInput, AttemptAnswerSaveInput, AttemptSubmitInput);

impl From<AnswerInput> for Given {
    fn from(input: AnswerInput) -> Self {
        match input {
            AnswerInput::Choice(key) => Self::Choice(key),
            AnswerInput::Choices(keys) => Self::Choices(keys),
            AnswerInput::Text(text) => Self::Text(text),
            AnswerInput::Tracing(TracingAnswerInput {
                compiles,
                stdout,
                line,
            }) => Self::Tracing {
                compiles,
                stdout,
                line,
            },
        }
    }
}
