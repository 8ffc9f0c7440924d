//! What the authoring mutations take.

use crate::domain::content::{
    Answer, AnswerKey, ChoiceOption, CompletionRule, QuestionKind, QuestionPrompt, QuizPolicy,
};
use crate::domain::courses::CourseVisibility;
use crate::domain::courses::authoring::UnitDraftContent;
use crate::domain::courses::drafts::{NewQuestion, UnitDraft};
use crate::inputs;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{Key, QuestionId, QuestionKey};
use async_graphql::{ID, InputObject, OneofObject};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What `courseCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseCreateInput {
    /// The organisation that will run the course.
    pub organization_id: ID,
    /// Its name in addresses: 1 to 63 of a–z, 0–9 and -, unique in the organisation.
    pub slug: String,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it is about, Markdown, at most 2000 characters.
    #[graphql(default)]
    pub summary: String,
    /// Who will find it once it is published.
    #[graphql(default_with = "CourseVisibility::Members")]
    pub visibility: CourseVisibility,
    /// The organisation's own name for it, unique in the organisation.
    pub external_id: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `courseUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct CourseUpdateInput {
    /// The course.
    pub id: ID,
    /// Its name in addresses; changes at once.
    pub slug: Option<String>,
    /// Who finds it in the catalogue; changes at once.
    pub visibility: Option<CourseVisibility>,
    /// The title of the next revision.
    pub title: Option<String>,
    /// The summary of the next revision, Markdown.
    pub summary: Option<String>,
    /// When an enrolment in the next revision is complete.
    pub completion_rule: Option<CompletionRule>,
    /// The draft's version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `coursePublish` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CoursePublishInput {
    /// The course.
    pub id: ID,
    /// The draft's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `moduleCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleCreateInput {
    /// The course whose draft gets the module.
    pub course_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Where it stands, from 0; at the end where this is left out.
    pub position: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `moduleMove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleMoveInput {
    /// The module.
    pub id: ID,
    /// Where it will stand, from 0.
    pub position: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct UnitCreateInput {
    /// The module that gets the unit.
    pub module_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it is: a text or a quiz.
    pub content: UnitContentInput,
    /// Where it stands, from 0; at the end where this is left out.
    pub position: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UnitUpdateInput {
    /// The unit.
    pub id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// What it is made of; of the kind that it already is.
    pub content: Option<UnitContentInput>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What a unit is made of: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum UnitContentInput {
    /// A text to read.
    Text(TextContentInput),
    /// A quiz to take.
    Quiz(QuizContentInput),
}

/// A text to read.
#[derive(Clone, Debug, InputObject)]
pub struct TextContentInput {
    /// Markdown source, at most 1000000 characters.
    pub body: String,
}

/// A quiz to take.
#[derive(Clone, Debug, InputObject)]
pub struct QuizContentInput {
    /// How it is taken.
    pub policy: Option<QuizPolicy>,
    /// Its questions in order, at most 500. They replace the quiz's questions as a whole.
    pub questions: Vec<QuestionInput>,
}

/// A question as its author writes it.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionInput {
    /// The question that this one replaces, so that it keeps its identity; a new one where it is left out.
    pub id: Option<ID>,
    /// What is asked, Markdown.
    pub text: String,
    /// How it is answered, with what is right.
    pub answer: QuestionAnswerInput,
    /// Why it is right, Markdown; shown when review opens.
    pub explanation: Option<String>,
}

/// How a question is answered: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum QuestionAnswerInput {
    /// By one of several options.
    SingleChoice(ChoiceQuestionInput),
    /// By any number of several options.
    MultipleChoice(ChoiceQuestionInput),
    /// By a short text.
    ShortText(ShortTextQuestionInput),
    /// By tracing a program.
    ProgramTracing(ProgramTracingInput),
}

/// The options of a choice question.
#[derive(Clone, Debug, InputObject)]
pub struct ChoiceQuestionInput {
    /// The options, at least two.
    pub options: Vec<ChoiceOptionInput>,
    /// Whether each attempt shows them in an order of its own.
    #[graphql(default = true)]
    pub shuffle: bool,
}

/// An option of a choice question.
#[derive(Clone, Debug, InputObject)]
pub struct ChoiceOptionInput {
    /// What the learner reads, Markdown.
    pub text: String,
    /// Whether it belongs to the right answer.
    pub is_right: bool,
}

/// A question that a short text answers.
#[derive(Clone, Debug, InputObject)]
pub struct ShortTextQuestionInput {
    /// The texts that count as right; case, surrounding blanks and code marks do not matter.
    pub accepted: Vec<String>,
}

/// A program to trace, with what is right.
#[derive(Clone, Debug, InputObject)]
pub struct ProgramTracingInput {
    /// The program.
    pub program: String,
    /// Whether it compiles.
    pub compiles: bool,
    /// What it prints, if it compiles.
    pub stdout: Option<String>,
    /// The first line at fault, if it does not.
    pub line: Option<i32>,
}

inputs!(
    CourseCreateInput,
    CourseUpdateInput,
    CoursePublishInput,
    ModuleCreateInput,
    ModuleMoveInput,
    UnitCreateInput,
    UnitUpdateInput
);

impl UnitContentInput {
    /// The content as the draft keeps it.
    pub fn into_draft(self, clock: &Clock) -> UnitDraftContent {
        match self {
            Self::Text(text) => UnitDraftContent {
                unit: UnitDraft::Text(text.body),
                questions: Vec::new(),
            },
            Self::Quiz(quiz) => {
                let questions = quiz
                    .questions
                    .into_iter()
                    .map(|question| question.into_new(clock))
                    .collect();
                UnitDraftContent {
                    unit: UnitDraft::Quiz(quiz.policy.unwrap_or_default()),
                    questions,
                }
            }
        }
    }
}

impl QuestionInput {
    fn into_new(self, clock: &Clock) -> NewQuestion {
        let id = self
            .id
            .and_then(|id| QuestionKey::parse(&id))
            .map_or_else(|| QuestionId(clock.uuid()), |key| key.id);
        let mut prompt = QuestionPrompt {
            kind: QuestionKind::ShortText,
            text: self.text,
            program: None,
            options: Vec::new(),
            shuffle_options: false,
        };
        let right = match self.answer {
            QuestionAnswerInput::SingleChoice(choice) => {
                prompt.kind = QuestionKind::SingleChoice;
                choice.apply(id, &mut prompt)
            }
            QuestionAnswerInput::MultipleChoice(choice) => {
                prompt.kind = QuestionKind::MultipleChoice;
                choice.apply(id, &mut prompt)
            }
            QuestionAnswerInput::ShortText(text) => text.accepted.into_iter().map(Answer::Text).collect(),
            QuestionAnswerInput::ProgramTracing(tracing) => {
                prompt.kind = QuestionKind::ProgramTracing;
                prompt.program = Some(tracing.program);
                vec![Answer::Tracing {
                    compiles: tracing.compiles,
                    stdout: tracing.stdout,
                    line: tracing.line,
                }]
            }
        };
        NewQuestion {
            id,
            prompt,
            key: AnswerKey {
                right,
                explanation: self.explanation,
            },
            external_id: None,
        }
    }
}

impl ChoiceQuestionInput {
    /// Gives each option a key and puts the options into the prompt. Returns what is right.
    fn apply(self, question: QuestionId, prompt: &mut QuestionPrompt) -> Vec<Answer> {
        prompt.shuffle_options = self.shuffle;
        let mut right = BTreeSet::new();
        for option in self.options {
            let alike = prompt
                .options
                .iter()
                .filter(|other| other.text == option.text)
                .count();
            let key = option_key(question, &option.text, alike);
            if option.is_right {
                right.insert(key.clone());
            }
            prompt.options.push(ChoiceOption {
                key,
                text: option.text,
            });
        }
        vec![Answer::Choice(right)]
    }
}

/// The key of an option: learners see it, so it must not tell where the author put the option.
fn option_key(question: QuestionId, text: &str, alike: usize) -> String {
    let hash = Sha256::new()
        .chain_update(question.0)
        .chain_update(alike.to_be_bytes())
        .chain_update(text)
        .finalize();
    hash[..6]
        .iter()
        .fold(String::new(), |key, byte| format!("{key}{byte:02x}"))
}
