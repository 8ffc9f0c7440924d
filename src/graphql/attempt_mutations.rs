//! What learners do with attempts.

use super::attempt_answers::AttemptAnswer;
use super::attempt_inputs::{
    AttemptAnswerSaveInput, AttemptGradeInput, AttemptStartInput, AttemptSubmitInput, AttemptVoidInput,
};
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::attempts::review::SavedIn;
use crate::domain::attempts::store::ItemGrade;
use crate::domain::attempts::{Attempt, by_hand, lists, submit, take, void};
use crate::kernel::ids::{AttemptKey, EnrollmentKey, QuestionKey, UnitKey};
use crate::payload;
use async_graphql::{Context, Object, Result};
use std::sync::Arc;

payload! {
    /// What `attemptStart` answers.
    AttemptStartPayload {
        /// The new attempt.
        attempt: Arc<Attempt>,
    }
    AttemptStartUserError, AttemptStartErrorCode {
        NotFound, Invalid, NotEnrolled, Locked, AttemptOpen, NoAttemptsLeft, Cooldown, IdempotencyMismatch
    }
}

payload! {
    /// What `attemptAnswerSave` answers.
    AttemptAnswerSavePayload {
        /// The answer as it is saved now.
        answer: AttemptAnswer,
        /// The attempt.
        attempt: Arc<Attempt>,
    }
    AttemptAnswerSaveUserError, AttemptAnswerSaveErrorCode { NotFound, Invalid, NotEnrolled, InvalidState, DeadlinePassed, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `attemptSubmit` answers.
    AttemptSubmitPayload {
        /// The attempt, graded, or waiting for people to grade its essays.
        attempt: Arc<Attempt>,
    }
    AttemptSubmitUserError, AttemptSubmitErrorCode { NotFound, Invalid, NotEnrolled, InvalidState, DeadlinePassed, IdempotencyMismatch }
}

payload! {
    /// What `attemptGrade` answers.
    AttemptGradePayload {
        /// The attempt: graded, unless something is left to be graded.
        attempt: Arc<Attempt>,
    }
    AttemptGradeUserError, AttemptGradeErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `attemptVoid` answers.
    AttemptVoidPayload {
        /// The attempt.
        attempt: Arc<Attempt>,
    }
    AttemptVoidUserError, AttemptVoidErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations about attempts.
#[derive(Default)]
pub struct AttemptMutation;

#[Object]
impl AttemptMutation {
    /// Starts an attempt at a quiz. From now on its clock runs: `deadlineAt` is fixed by the server and moves no more.
    /// A completed enrolment may take its quizzes again while attempts are left; what is completed stays completed.
    ///
    /// Requires: `attempts.take` on your own enrolment. Cost: 1.
    async fn attempt_start(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which quiz, in which enrolment.")] input: AttemptStartInput,
    ) -> Result<Option<AttemptStartPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return AttemptStartPayload::refused(refusals),
        };
        let quiz: UnitKey = match key(&input.quiz_id, "quizId") {
            Ok(key) => key,
            Err(refusals) => return AttemptStartPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("attemptStart", enrollment.org, &input, move |write| {
                Box::pin(async move { take::start(write, enrollment, quiz).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AttemptStartPayload {
                attempt: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => AttemptStartPayload::refused(refusals),
        }
    }

    /// Saves one answer of your open attempt, over the one that is saved. What is saved counts, whether you submit the
    /// attempt or its time runs out. After the deadline nothing is saved any more.
    ///
    /// Requires: `attempts.take` on your own attempt. Cost: 1.
    async fn attempt_answer_save(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which question, and the answer.")] input: AttemptAnswerSaveInput,
    ) -> Result<Option<AttemptAnswerSavePayload>> {
        signed_in(ctx)?;
        let attempt: AttemptKey = match key(&input.attempt_id, "attemptId") {
            Ok(key) => key,
            Err(refusals) => return AttemptAnswerSavePayload::refused(refusals),
        };
        let question: QuestionKey = match key(&input.question_id, "questionId") {
            Ok(key) => key,
            Err(refusals) => return AttemptAnswerSavePayload::refused(refusals),
        };
        let (answer, expected) = (input.answer.clone().into(), input.expected_version);
        let done = ctx
            .operation()
            .mutate("attemptAnswerSave", attempt.org, &input, move |write| {
                Box::pin(async move { take::save_answer(write, attempt, question, answer, expected).await })
            });
        let (payload, shown) = AttemptAnswerSavePayload::of_edit(done.await?)?;
        let saved = show(shown, ctx.fetch(SavedIn(attempt))).await?;
        let answer = saved.and_then(|saved| saved.get(&question.id).map(AttemptAnswer::from));
        let reader = ctx.reader();
        let attempt = show(shown, lists::find(&reader, ctx.viewer(), attempt)).await?;
        Ok(Some(AttemptAnswerSavePayload {
            answer,
            attempt,
            ..payload
        }))
    }

    /// Submits your open attempt: the server grades what was saved; essays wait for people. If it passes, the quiz is complete, and so is the
    /// course if nothing else was missing. Until the quiz's grace after the deadline is over; then the
    /// server submits by itself.
    ///
    /// Requires: `attempts.take` on your own attempt. Cost: 1.
    async fn attempt_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt.")] input: AttemptSubmitInput,
    ) -> Result<Option<AttemptSubmitPayload>> {
        signed_in(ctx)?;
        let attempt: AttemptKey = match key(&input.attempt_id, "attemptId") {
            Ok(key) => key,
            Err(refusals) => return AttemptSubmitPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("attemptSubmit", attempt.org, &input, move |write| {
                Box::pin(async move { submit::submit(write, attempt).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AttemptSubmitPayload {
                attempt: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => AttemptSubmitPayload::refused(refusals),
        }
    }

    /// Grades essays of a submitted attempt, over what was said of them before. With the last of them the attempt is graded; with a
    /// reason, one that is graded is graded anew, and its receipts keep both. If it passes, the quiz is complete, and so is the course
    /// if nothing else was missing; what was complete stays so. An attempt of a former cycle completes nothing of the present one. Nobody
    /// grades themselves.
    ///
    /// Requires: `attempts.grade` that reaches the attempt. Cost: 1.
    async fn attempt_grade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt, and what you say of its essays.")] input: AttemptGradeInput,
    ) -> Result<Option<AttemptGradePayload>> {
        signed_in(ctx)?;
        let attempt: AttemptKey = match key(&input.attempt_id, "attemptId") {
            Ok(key) => key,
            Err(refusals) => return AttemptGradePayload::refused(refusals),
        };
        let mut items = Vec::with_capacity(input.items.len());
        for (index, item) in input.items.iter().enumerate() {
            match key::<QuestionKey>(&item.question_id, &format!("items.{index}.questionId")) {
                Ok(question) => items.push(ItemGrade {
                    question,
                    points: item.points,
                    feedback: item.feedback.clone(),
                    criteria: item.criteria.clone(),
                }),
                Err(refusals) => return AttemptGradePayload::refused(refusals),
            }
        }
        let reason = input.reason.clone();
        let done = ctx
            .operation()
            .mutate("attemptGrade", attempt.org, &input, move |write| {
                Box::pin(async move { by_hand::grade(write, attempt, &items, reason.as_deref()).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AttemptGradePayload {
                attempt: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => AttemptGradePayload::refused(refusals),
        }
    }

    /// Declares an attempt void, whatever its state: it stays to be seen with what it earned, counts for nothing, and leaves room
    /// for another. What it completed stays complete. There is no way back.
    ///
    /// Requires: `attempts.void` that reaches the attempt. Cost: 1.
    async fn attempt_void(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which attempt, and why.")] input: AttemptVoidInput,
    ) -> Result<Option<AttemptVoidPayload>> {
        signed_in(ctx)?;
        let attempt: AttemptKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return AttemptVoidPayload::refused(refusals),
        };
        let reason = input.reason.clone();
        let done = ctx
            .operation()
            .mutate("attemptVoid", attempt.org, &input, move |write| {
                Box::pin(async move { void::void(write, attempt, &reason).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AttemptVoidPayload {
                attempt: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => AttemptVoidPayload::refused(refusals),
        }
    }
}
