//! `quizRegrade`: attempts that are graded anew by a corrected answer key.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::domain::attempts::regrade::{self, Asked, Regrade, RegradeShow};
use crate::domain::attempts::{Attempt, lists};
use crate::domain::content::Points;
use crate::kernel::ids::{CourseKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `quizRegrade` takes.
#[derive(Clone, Debug, InputObject)]
pub struct QuizRegradeInput {
    /// The course.
    pub course_id: ID,
    /// The quiz: a unit of the course's current revision.
    pub quiz_id: ID,
    /// Only attempts that were started in the revision of this number; those of all older revisions where this is left out.
    pub revision: Option<i32>,
    /// Whether to tell only what would change.
    #[graphql(default = true)]
    pub dry_run: bool,
    /// Why, 1 to 2000 characters; learners read it on the receipts of their attempts.
    pub reason: String,
    /// Which changes are told one by one; all are counted.
    #[graphql(default_with = "RegradeShow::Changed")]
    pub show: RegradeShow,
    /// Tells only changes behind this attempt: the last that was told, to read on in a dry run.
    pub show_after: Option<ID>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(QuizRegradeInput);

/// What came of a regrade, or would come of it.
pub struct QuizRegrade(Regrade);

/// An attempt that comes out otherwise.
pub struct RegradeChange(regrade::Change);

/// What came of a regrade, or would come of it.
#[Object]
impl QuizRegrade {
    /// Whether nothing was changed. Cost: 1.
    async fn dry_run(&self) -> bool {
        self.0.is_dry
    }

    /// The number of the revision whose answer keys were applied. Cost: 1.
    async fn revision(&self) -> i32 {
        self.0.revision
    }

    /// Graded attempts of older revisions that were looked at. Cost: 1.
    async fn attempt_count(&self) -> i64 {
        self.0.attempts
    }

    /// Those of them that come out otherwise, in all or in one of their answers. Cost: 1.
    async fn changed_count(&self) -> i64 {
        self.0.changed
    }

    /// Those that pass now, and did not. Cost: 1.
    async fn newly_passed_count(&self) -> i64 {
        self.0.newly_passed
    }

    /// Those that do not pass now, and did. What they completed stays complete. Cost: 1.
    async fn newly_failed_count(&self) -> i64 {
        self.0.newly_failed
    }

    /// The first 100 of those that `show` and `showAfter` ask for, the oldest first. Cost: 1.
    async fn changes(&self) -> Vec<RegradeChange> {
        self.0.changes.iter().copied().map(RegradeChange).collect()
    }

    /// Whether there are more of them than `changes` has. Cost: 1.
    async fn has_more_changes(&self) -> bool {
        self.0.has_more
    }
}

/// An attempt that comes out otherwise.
#[Object]
impl RegradeChange {
    /// The attempt; null where you may not see it. Cost: 1, batched.
    async fn attempt(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Attempt>>> {
        Ok(lists::find(&ctx.reader(), ctx.viewer(), self.0.attempt).await?)
    }

    /// Points before. Cost: 1.
    async fn points_before(&self) -> Points {
        self.0.before
    }

    /// Points after. Cost: 1.
    async fn points_after(&self) -> Points {
        self.0.after
    }

    /// Whether it passed before. Cost: 1.
    async fn was_passed(&self) -> bool {
        self.0.before >= self.0.pass_points
    }

    /// Whether it passes after. Cost: 1.
    async fn is_passed(&self) -> bool {
        self.0.after >= self.0.pass_points
    }
}

payload! {
    /// What `quizRegrade` answers.
    QuizRegradePayload {
        /// What came of it, or would come of it.
        regrade: QuizRegrade,
    }
    QuizRegradeUserError, QuizRegradeErrorCode { NotFound, Invalid, NotPublished, LimitReached, IdempotencyMismatch }
}

/// The mutation that grades anew.
#[derive(Default)]
pub struct RegradeMutation;

#[Object]
impl RegradeMutation {
    /// Grades the graded attempts of a course's older revisions anew by the answer keys of its current one: correct the key in the
    /// draft, publish, try with `dryRun`, then do it. A question is graded anew where the current revision still asks it with the same options,
    /// gaps or items, about the same program and in the same units, and in the same words where it has no options: such a question
    /// that is reworded, be it by a letter, is another question and keeps its grades, so correct a wrong key before a typing error, in a
    /// publication and a regrade of its own. What it is worth stays as it was, and so does what people graded. Each attempt that changes keeps both grades,
    /// with a receipt of each. What newly passes is complete, with whatever follows from that; what newly fails completes nothing anew and stays
    /// complete. What waits for people to grade it is not looked at: regrade again once
    /// it is graded. All of it or nothing; at most 50000 attempts at a time. While it runs, seconds for thousands of
    /// attempts, what their learners send waits and may be answered `UNAVAILABLE`: choose a quiet hour, or name one `revision` after the other.
    ///
    /// Requires: `attempts.regrade` that reaches the course. Cost: 1.
    async fn quiz_regrade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which quiz, and why.")] input: QuizRegradeInput,
    ) -> async_graphql::Result<Option<QuizRegradePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return QuizRegradePayload::refused(refusals),
        };
        let quiz: UnitKey = match key(&input.quiz_id, "quizId") {
            Ok(key) => key,
            Err(refusals) => return QuizRegradePayload::refused(refusals),
        };
        let show_after = match input
            .show_after
            .as_ref()
            .map(|id| key(id, "showAfter"))
            .transpose()
        {
            Ok(key) => key,
            Err(refusals) => return QuizRegradePayload::refused(refusals),
        };
        let asked = Asked {
            course,
            quiz,
            revision: input.revision,
            is_dry: input.dry_run,
            reason: input.reason.clone(),
            show: input.show,
            show_after,
        };
        let done = ctx
            .operation()
            .mutate("quizRegrade", course.org, &input, move |write| {
                Box::pin(async move { regrade::regrade(write, &asked).await })
            });
        match done.await? {
            Ok(regrade) => Ok(Some(QuizRegradePayload {
                regrade: Some(QuizRegrade(regrade)),
                ..Default::default()
            })),
            Err(refusals) => QuizRegradePayload::refused(refusals),
        }
    }
}
