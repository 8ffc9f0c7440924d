//! What is done with submissions.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::domain::content::Points;
use crate::domain::submissions::grade::{self, Grade};
use crate::domain::submissions::hand_in::{self, Work};
use crate::domain::submissions::{Submission, lists};
use crate::kernel::ids::{AssetKey, EnrollmentKey, SubmissionKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;

/// What `submissionCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SubmissionCreateInput {
    /// Your enrolment, active or completed.
    pub enrollment_id: ID,
    /// The assignment: a unit of the revision that the enrolment is pinned to.
    pub unit_id: ID,
    /// A text, Markdown, 1 to 100000 characters, if the assignment accepts one.
    pub text: Option<String>,
    /// The address of a page, which begins with https://, if the assignment accepts one.
    pub link: Option<String>,
    /// Files that you uploaded and that are ready, as many as the assignment accepts.
    #[graphql(default)]
    pub asset_ids: Vec<ID>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `submissionGrade` takes. Give `points`, or `rubric` where the assignment has one.
#[derive(Clone, Debug, InputObject)]
pub struct SubmissionGradeInput {
    /// The submission, which waits to be graded or is graded.
    pub id: ID,
    /// Points, from 0 to the assignment's `maxPoints`.
    pub points: Option<Points>,
    /// Points for each criterion of the assignment's rubric. They are added up.
    #[graphql(default)]
    pub rubric: Vec<SubmissionCriterionGradeInput>,
    /// What the learner is told, Markdown, at most 10000 characters.
    pub feedback: Option<String>,
    /// Why you grade it anew, for the record, 1 to 1000 characters; needed where the submission is graded already.
    pub reason: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What a criterion of a rubric earns.
#[derive(Clone, Debug, InputObject)]
pub struct SubmissionCriterionGradeInput {
    /// The criterion's key.
    pub key: String,
    /// Points, from 0 to the criterion's own.
    pub points: Points,
}

inputs!(SubmissionCreateInput, SubmissionGradeInput);

payload! {
    /// What `submissionCreate` answers.
    SubmissionCreatePayload {
        /// The new submission.
        submission: Arc<Submission>,
    }
    SubmissionCreateUserError, SubmissionCreateErrorCode { NotFound, Invalid, InvalidState, NotEnrolled, Locked, NoAttemptsLeft, IdempotencyMismatch }
}

payload! {
    /// What `submissionGrade` answers.
    SubmissionGradePayload {
        /// The submission, graded.
        submission: Arc<Submission>,
    }
    SubmissionGradeUserError, SubmissionGradeErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations about submissions.
#[derive(Default)]
pub struct SubmissionMutation;

#[Object]
impl SubmissionMutation {
    /// Hands something in for an assignment. As long as it is not passed in this cycle and submissions are left, you may hand in again; what
    /// still waits to be graded is superseded by that. What is handed in after it was due is taken, and marked as late.
    ///
    /// Requires: `attempts.take` on your own enrolment. Cost: 1.
    async fn submission_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What you hand in, and what for.")] input: SubmissionCreateInput,
    ) -> Result<Option<SubmissionCreatePayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return SubmissionCreatePayload::refused(refusals),
        };
        let unit: UnitKey = match key(&input.unit_id, "unitId") {
            Ok(key) => key,
            Err(refusals) => return SubmissionCreatePayload::refused(refusals),
        };
        let files: std::result::Result<Vec<AssetKey>, _> =
            input.asset_ids.iter().map(|id| key(id, "assetIds")).collect();
        let files = match files {
            Ok(files) => files,
            Err(refusals) => return SubmissionCreatePayload::refused(refusals),
        };
        let work = Work {
            text: input.text.clone(),
            link: input.link.clone(),
            files,
        };
        let done = ctx
            .operation()
            .mutate("submissionCreate", enrollment.org, &input, move |write| {
                Box::pin(async move { hand_in::hand_in(write, enrollment, unit, work).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SubmissionCreatePayload {
                submission: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => SubmissionCreatePayload::refused(refusals),
        }
    }

    /// Grades a submission; with a reason, one that is graded is graded anew. If it passes, the assignment is complete, and so is the
    /// course if nothing else was missing; what was complete stays so. What was handed in for a former cycle completes nothing of the
    /// present one. Nobody grades themselves.
    ///
    /// Requires: `attempts.grade` that reaches the submission. Cost: 1.
    async fn submission_grade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which submission, and what you say of it.")] input: SubmissionGradeInput,
    ) -> Result<Option<SubmissionGradePayload>> {
        signed_in(ctx)?;
        let submission: SubmissionKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return SubmissionGradePayload::refused(refusals),
        };
        let criteria = input.rubric.iter();
        let given = Grade {
            points: input.points,
            rubric: criteria
                .map(|criterion| (criterion.key.clone(), criterion.points))
                .collect(),
            feedback: input.feedback.clone(),
            reason: input.reason.clone(),
        };
        let done = ctx
            .operation()
            .mutate("submissionGrade", submission.org, &input, move |write| {
                Box::pin(async move { grade::grade(write, submission, &given).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SubmissionGradePayload {
                submission: lists::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => SubmissionGradePayload::refused(refusals),
        }
    }
}
