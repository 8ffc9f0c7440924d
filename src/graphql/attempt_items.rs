//! What an attempt shows of each question: the prompt, the saved answer, and the review once it is open.
//!
//! [`QuestionReview`] is the one type through which a learner may learn what is right; nothing else here holds an
//! answer key or the points of a single answer.

use super::attempt_answers::AttemptAnswer;
use super::markdown::html;
use super::right_answers::{OptionFeedback, RightAnswer};
use super::support::operation::Ask;
use crate::domain::attempts::Attempt;
use crate::domain::attempts::order::{Place, Questions, asked, author_order, own_order};
use crate::domain::attempts::review::{Review, SavedIn};
use crate::domain::attempts::rubric::CriterionGrade;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::{
    ChoiceOption, Criterion, GapPrompt, PartialCredit, Points, QuestionKind, QuestionPrompt, QuizPolicy,
};
use crate::kernel::ids::{QuestionId, QuestionKey};
use async_graphql::{Context, Object, SimpleObject};
use std::borrow::Cow;
use std::sync::Arc;

/// A question as an attempt shows it.
pub struct AttemptItem {
    attempt: Attempt,
    revision: SharedRevision,
    /// What the attempt drew beside the quiz's own questions, with those; nothing where it draws none.
    drawn: Option<Arc<Vec<(QuestionId, QuestionPrompt)>>>,
    place: Place,
}

impl AttemptItem {
    /// The items of an attempt, in its own order or in the author's.
    pub fn all(attempt: &Attempt, revision: &SharedRevision, in_own_order: bool) -> Vec<Self> {
        let Some((policy, questions)) = asked(revision, attempt.unit_id, attempt.seed) else {
            return Vec::new();
        };
        let places = if in_own_order {
            own_order(attempt.seed, policy, &questions)
        } else {
            author_order(&questions)
        };
        let drawn = match questions {
            Cow::Borrowed(_) => None,
            Cow::Owned(questions) => Some(Arc::new(questions)),
        };
        let item = |place| Self {
            attempt: attempt.clone(),
            revision: revision.clone(),
            drawn: drawn.clone(),
            place,
        };
        places.into_iter().map(item).collect()
    }

    fn quiz(&self) -> (&QuizPolicy, &Questions) {
        let quiz = self.revision.quiz(self.attempt.unit_id);
        quiz.expect("items are made of a quiz")
    }

    fn question(&self) -> (QuestionId, &QuestionPrompt) {
        let own = || self.quiz().1;
        let questions = self.drawn.as_ref().map_or_else(own, |drawn| drawn.as_slice());
        let (id, prompt) = &questions[self.place.question];
        (*id, prompt)
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

    /// What is asked, Markdown source as its author wrote it: clean what you render, or take `textHtml`. Cost: 1.
    async fn text(&self) -> &str {
        &self.question().1.text
    }

    /// What is asked, as clean HTML. Cost: 5.
    async fn text_html(&self) -> async_graphql::Result<String> {
        Ok(html(&self.question().1.text.clone().into()).await?)
    }

    /// The program to trace; null in other questions. Cost: 1.
    async fn program(&self) -> Option<&str> {
        self.question().1.program.as_deref()
    }

    /// Points that the question can earn. Cost: 1.
    async fn max_points(&self) -> Points {
        self.question().1.scoring.points
    }

    /// What an answer earns that is right in part. Cost: 1.
    async fn partial_credit(&self) -> PartialCredit {
        self.question().1.scoring.partial
    }

    /// What a wrong answer costs at most. Cost: 1.
    async fn penalty(&self) -> Points {
        self.question().1.scoring.penalty
    }

    /// The stems of a matching, which its options belong to; empty in other questions. Cost: 1.
    async fn stems(&self) -> &[ChoiceOption] {
        &self.question().1.stems
    }

    /// The gaps of a cloze in the order of its text; empty in other questions. Cost: 1.
    async fn gaps(&self) -> &[GapPrompt] {
        &self.question().1.gaps
    }

    /// The units that a numeric question may be answered in; empty where it has none. Cost: 1.
    async fn units(&self) -> &[String] {
        &self.question().1.units
    }

    /// By what people grade an essay; empty in other questions, and in essays that are graded as a whole. Cost: 1.
    async fn rubric(&self) -> &[Criterion] {
        &self.question().1.rubric
    }

    /// The options of a choice or a matching, the items of an ordering; empty in other questions. Cost: 1.
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

    /// Whether the answer was right, what is right, and why: by the corrected answer key, once a regrade has applied it. Null until
    /// the quiz's review policy has opened the review of this attempt: never for an attempt that is open or was abandoned.
    /// Cost: 1, batched.
    async fn review(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<QuestionReview>> {
        let (policy, reader) = (self.quiz().0, ctx.reader());
        let review = Review::find(ctx.app(), &reader, &self.attempt, policy, self.question()).await?;
        let max_points = self.question().1.scoring.points;
        Ok(review.map(|review| QuestionReview::of(review, max_points)))
    }
}

/// What a learner is told about a question once the review of the attempt is open.
#[derive(Clone, Debug, SimpleObject)]
pub struct QuestionReview {
    /// Whether the saved answer earned all of the question's points; false where nothing was saved. Cost: 1.
    pub is_right: bool,
    /// Points that the saved answer earned; below 0 where a wrong answer costs points. Cost: 1.
    pub points: Points,
    /// The right answers: any one of them earns the question's points. Cost: 1.
    pub right: Vec<RightAnswer>,
    /// Why, Markdown source as its author wrote it: clean what you render. Cost: 1.
    pub explanation: Option<String>,
    /// What the author says of each option. Cost: 1.
    pub option_feedback: Vec<OptionFeedback>,
    /// What the people who graded the answer say of it, Markdown source as they wrote it: clean what you render. Cost: 1.
    pub feedback: Option<String>,
    /// What they say by each criterion of the question's rubric, in its order; empty where there is none. Cost: 1.
    pub criteria: Vec<CriterionGrade>,
}

impl QuestionReview {
    fn of(review: Review, max_points: Points) -> Self {
        Self {
            is_right: review.points >= max_points,
            points: review.points,
            right: RightAnswer::all(&review.key.rule),
            option_feedback: OptionFeedback::all(&review.key),
            explanation: review.key.explanation,
            feedback: review.feedback,
            criteria: review.criteria,
        }
    }
}
