//! What the mutations about attempts take.

use crate::domain::attempts::given::Given;
use crate::domain::attempts::rubric::CriterionGrade;
use crate::domain::content::number::NumberAnswer;
use crate::domain::content::{GapAnswer, Points};
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
    /// To a true-false question: whether its text is true.
    IsTrue(bool),
    /// To a short-text question: at most 10000 characters. To an essay: at most 100000.
    Text(String),
    /// To a numeric question.
    Number(NumberAnswer),
    /// To an ordering: the keys of all items in order.
    Order(Vec<String>),
    /// To a matching: stems, each with the option that belongs to it. Stems may be left out.
    Pairs(Vec<MatchedPairInput>),
    /// To a cloze: gaps, each with what fills it. Gaps may be left out.
    Gaps(Vec<FilledGapInput>),
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

/// A stem with the option that belongs to it.
#[derive(Clone, Debug, InputObject)]
pub struct MatchedPairInput {
    /// The stem's key.
    pub stem: String,
    /// The option's key; one option may belong to several stems.
    pub option: String,
}

/// A gap with what fills it.
#[derive(Clone, Debug, InputObject)]
pub struct FilledGapInput {
    /// The gap's key.
    pub gap: String,
    /// What fills it, of the gap's kind.
    pub answer: GapAnswerInput,
}

/// What fills a gap: the one of these that the gap's kind asks for.
#[derive(Clone, Debug, OneofObject)]
pub enum GapAnswerInput {
    /// A text, at most 10000 characters.
    Text(String),
    /// A number.
    Number(NumberAnswer),
    /// The key of an option.
    Choice(String),
}

/// What `attemptGrade` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AttemptGradeInput {
    /// The attempt, which needs grading or is graded.
    pub attempt_id: ID,
    /// What you say of its essays, one or more of them.
    pub items: Vec<ItemGradeInput>,
    /// Why you grade it anew, for its receipt, 1 to 1000 characters; needed where the attempt is graded already.
    pub reason: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What you say of an answer.
#[derive(Clone, Debug, InputObject)]
pub struct ItemGradeInput {
    /// The question: `questionId` of one of the attempt's items.
    pub question_id: ID,
    /// Points for the answer, from 0 to the item's `maxPoints`; left out where the question has a rubric, whose criteria are
    /// summed.
    pub points: Option<Points>,
    /// What the learner is told when review opens, Markdown, at most 10000 characters.
    pub feedback: Option<String>,
    /// Points for each criterion of the question's rubric; left out where it has none.
    #[graphql(default)]
    pub criteria: Vec<CriterionGrade>,
}

/// What `attemptVoid` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AttemptVoidInput {
    /// The attempt, open or closed.
    pub id: ID,
    /// Why, 1 to 2000 characters; its learner reads it.
    pub reason: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    AttemptVoidInput,
    AttemptStartInput,
    AttemptAnswerSaveInput,
    AttemptSubmitInput,
    AttemptGradeInput
);

impl From<GapAnswerInput> for GapAnswer {
    fn from(input: GapAnswerInput) -> Self {
        match input {
            GapAnswerInput::Text(text) => Self::Text(text),
            GapAnswerInput::Number(number) => Self::Number(number),
            GapAnswerInput::Choice(key) => Self::Choice(key),
        }
    }
}

impl From<AnswerInput> for Given {
    fn from(input: AnswerInput) -> Self {
        match input {
            AnswerInput::Choice(key) => Self::Choice(key),
            AnswerInput::Choices(keys) => Self::Choices(keys),
            AnswerInput::Text(text) => Self::Text(text),
            AnswerInput::IsTrue(is_true) => Self::Truth(is_true),
            AnswerInput::Number(number) => Self::Number(number),
            AnswerInput::Order(keys) => Self::Order(keys),
            AnswerInput::Pairs(pairs) => {
                Self::Pairs(pairs.into_iter().map(|pair| (pair.stem, pair.option)).collect())
            }
            AnswerInput::Gaps(gaps) => {
                Self::Gaps(gaps.into_iter().map(|gap| (gap.gap, gap.answer.into())).collect())
            }
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
