//! `QuizResult`: how an enrolment stands in a quiz.

use super::content::QuizUnit;
use super::support::operation::Ask;
use crate::domain::attempts::result::{self, Counted, ResultOf};
use crate::domain::attempts::{Attempt, lists};
use crate::domain::content::{Points, QuizPolicy};
use crate::domain::enrollments::Enrollment;
use crate::kernel::error::Result;
use crate::kernel::ids::UnitKey;
use async_graphql::{Context, Object};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::try_join_all;
use std::sync::Arc;

/// How an enrolment stands in a quiz.
pub struct QuizResult {
    quiz: QuizUnit,
    policy: QuizPolicy,
    result: result::QuizResult,
}

impl QuizResult {
    /// How an enrolment that the viewer sees stands in the quizzes of its edition, or in one of them.
    pub async fn all(ctx: &Context<'_>, enrollment: &Enrollment, only: Option<UnitKey>) -> Result<Vec<Self>> {
        let key = enrollment.revision_key();
        let revision = ctx.app().contents.find(&ctx.reader(), key).await?;
        let is_asked_for = |quiz: UnitKey| only.is_none_or(|only| only == quiz);
        let results = revision.units().filter_map(|unit| {
            let key = UnitKey::new(revision.course, unit.id);
            let quiz = QuizUnit::find(&revision, key).filter(|_| is_asked_for(key))?;
            let (policy, _) = revision.quiz(unit.id)?;
            Some(Self::load(ctx, enrollment, key, quiz, policy.clone()))
        });
        try_join_all(results).await
    }

    async fn load(
        ctx: &Context<'_>,
        enrollment: &Enrollment,
        key: UnitKey,
        quiz: QuizUnit,
        policy: QuizPolicy,
    ) -> Result<Self> {
        let key = ResultOf {
            enrollment: enrollment.key,
            quiz: key.id,
            counts: policy.counts,
        };
        let result = ctx.fetch_one(key).await?;
        Ok(Self { quiz, policy, result })
    }

    const fn counted(&self) -> Option<Counted> {
        self.result.counted
    }
}

/// How an enrolment stands in a quiz: what counts of its attempts, by the quiz's `counts`, and what is left.
///
/// Requires: seeing the enrolment. Cost: 1, batched.
#[Object]
impl QuizResult {
    /// The quiz, as the enrolment's edition has it. Cost: 1, from memory.
    async fn quiz(&self) -> QuizUnit {
        self.quiz.clone()
    }

    /// Points that count; null before anything does. Cost: 1.
    async fn points(&self) -> Option<Points> {
        self.counted().map(|counted| counted.points)
    }

    /// Points that could be earned where these were; null before anything counts. Cost: 1.
    async fn max_points(&self) -> Option<Points> {
        self.counted().map(|counted| counted.max_points)
    }

    /// Whether what counts passes; null before anything does. What it completed stays complete, whatever counts later. Cost: 1.
    async fn is_passed(&self) -> Option<bool> {
        self.counted().map(|counted| counted.is_passed)
    }

    /// The attempt that counts; null before one does, and where the mean of all does. Cost: 1, batched.
    async fn attempt(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Attempt>>> {
        match self.counted().and_then(|counted| counted.attempt) {
            Some(key) => Ok(lists::find(&ctx.reader(), ctx.viewer(), key).await?),
            None => Ok(None),
        }
    }

    /// Attempts that were started and not declared void. Cost: 1.
    async fn attempts_taken(&self) -> i32 {
        self.result.taken
    }

    /// Attempts that are left, with what the learner is given beyond those of the quiz; null where there may be any number.
    /// Cost: 1.
    async fn attempts_left(&self) -> Option<i32> {
        let allowed = self.policy.max_attempts?;
        Some((allowed + self.result.extra_attempts - self.result.taken).max(0))
    }

    /// From when on the next attempt may be started, by the quiz's opening and its pause between attempts; null where neither
    /// says anything. Cost: 1.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        let pause = self
            .policy
            .cooldown_seconds
            .map(|seconds| TimeDelta::seconds(seconds.into()));
        let rested = self
            .result
            .closed_at
            .zip(pause)
            .map(|(closed, pause)| closed + pause);
        self.policy.opens_at.max(rested)
    }
}
