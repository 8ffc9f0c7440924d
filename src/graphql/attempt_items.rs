//! What an attempt shows of each question: the prompt, the saved answer, and the review once it is open.
//!
//! [`QuestionReview`] is the one type through which a learner may learn what is right; nothing else here holds an
//! answer key or the points of a single answer.

use super::support::operation::Ask;
use crate::domain::attempts::Attempt;
use crate::domain::attempts::order::{Place, author_order, own_order};
use crate::domain::attempts::review::{Review, SavedAnswer, SavedIn};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::{Answer, ChoiceOption, QuestionKind, QuestionPrompt, ReviewPolicy};
use crate::kernel::ids::{QuestionId, QuestionKey};
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};

/// A question as an attempt shows it.
pub struct AttemptItem {
    attempt: Attempt,
    revision: SharedRevision,
    place: Place,
}

impl AttemptItem {
    /// The items of an attempt, in its own order or in the author's.
    pub fn all(attempt: &Attempt, revision: &SharedRevision, in_own_order: bool) -> Vec<Self> {
        let Some((policy, questions)) = revision.quiz(attempt.unit_id) else {
            return Vec::new();
        };
        let places = if in_own_order {
            own_order(attempt.seed, policy, questions)
        } else {
            author_order(questions)
        };
        let item = |place| Self {
            attempt: attempt.clone(),
            revision: revision.clone(),
            place,
        };
        places.into_iter().map(item).collect()
    }

    fn question(&self) -> (QuestionId, &QuestionPrompt) {
        let (_, questions) = self
            .revision
            .quiz(self.attempt.unit_id)
            .expect("items are made of a quiz");
        let (id, prompt) = &questions[self.place.question];
        (*id, prompt)
    }

    fn policy(&self) -> ReviewPolicy {
        self.revision
            .quiz(self.attempt.unit_id)
            .map_or(ReviewPolicy::Never, |(policy, _)| policy.review)
    }
}

/// A question of a quiz as an attempt shows it.
///
/// Requires: seeing the attempt. Cost: 1.
#[Object]
impl AttemptItem {
    /// Names the question in `attemptAnswerSave`; the same in every attempt. Cost: 1.
    async fn question_id(&self) -> QuestionKey {
        QuestionKey::new(self.revision.course, self.question().0)
    }

    /// How the question is answered. Cost: 1.
    async fn kind(&self) -> QuestionKind {
        self.question().1.kind
    }

    /// What is asked, Markdown source as its author wrote it: clean what you render. Cost: 1.
    async fn text(&self) -> &str {
        &self.question().1.text
    }

    /// The program to trace; null in other questions. Cost: 1.
    async fn program(&self) -> Option<&str> {
        self.question().1.program.as_deref()
    }

    /// The options of a choice question; empty in other questions. Cost: 1.
    async fn options(&self) -> Vec<&ChoiceOption> {
        let options = &self.question().1.options;
        self.place
            .options
            .iter()
            .filter_map(|option| options.get(*option))
            .collect()
    }

    /// The saved answer; null where nothing is saved. Cost: 1, batched.
    async fn answer(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<AttemptAnswer>> {
        let saved = ctx.fetch(SavedIn(self.attempt.key)).await?;
        Ok(saved.and_then(|saved| saved.get(&self.question().0).map(AttemptAnswer::from)))
    }

    /// Whether the answer was right, what is right, and why. Null until the quiz's review policy has opened the review
    /// of this attempt: never for an attempt that is open or was abandoned. Cost: 1, batched.
    async fn review(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<QuestionReview>> {
        let review = Review::find(&ctx.reader(), &self.attempt, self.policy(), self.question().0).await?;
        Ok(review.map(QuestionReview::from))
    }
}

/// An answer as it is saved; only the fields of the question's kind are set.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct AttemptAnswer {
    /// The keys of the chosen options, sorted: one for a single choice. Cost: 1.
    pub choices: Option<Vec<String>>,
    /// The text. Cost: 1.
    pub text: Option<String>,
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

/// What a learner is told about a question once the review of the attempt is open.
#[derive(Clone, Debug, SimpleObject)]
pub struct QuestionReview {
    /// Whether the saved answer was right; false where nothing was saved. Cost: 1.
    pub is_right: bool,
    /// Points that the saved answer earned. Cost: 1.
    pub points: i32,
    /// The right answers: any one of them earns the point. Cost: 1.
    pub right: Vec<RightAnswer>,
    /// Why, Markdown source as its author wrote it: clean what you render. Cost: 1.
    pub explanation: Option<String>,
}

/// One right answer; only the fields of the question's kind are set.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct RightAnswer {
    /// The keys of the right options of a choice question. Cost: 1.
    pub choices: Option<Vec<String>>,
    /// The right text of a short-text question. Cost: 1.
    pub text: Option<String>,
    /// Whether the traced program compiles. Cost: 1.
    pub compiles: Option<bool>,
    /// What the traced program prints. Cost: 1.
    pub stdout: Option<String>,
    /// The line at fault of a traced program that does not compile. Cost: 1.
    pub line: Option<i32>,
}

impl From<Review> for QuestionReview {
    fn from(review: Review) -> Self {
        Self {
            is_right: review.points > 0,
            points: review.points,
            right: review.key.right.into_iter().map(RightAnswer::from).collect(),
            explanation: review.key.explanation,
        }
    }
}

impl From<Answer> for RightAnswer {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Choice(keys) => Self {
                choices: Some(keys.into_iter().collect()),
                ..Self::default()
            },
            Answer::Text(text) => Self {
                text: Some(text),
                ..Self::default()
            },
            Answer::Tracing {
                compiles,
                stdout,
                line,
            } => Self {
                compiles: Some(compiles),
                stdout,
                line,
                ..Self::default()
            },
        }
    }
}
