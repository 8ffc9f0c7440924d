//! The mutations on enrolments: coming in, and every move after that.

use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::enrollments::candidates::Whom;
use crate::domain::enrollments::joining::{self, NewLearner};
use crate::domain::enrollments::{Enrollment, cycles, moves, store};
use crate::domain::mutate::Outcome;
use crate::domain::refusal::Refusal;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, EnrollmentKey, MemberKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What `enroll` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollInput {
    /// The course to join.
    pub course_id: ID,
    /// The course's invitation code, where it is joined by invitation.
    pub invitation_code: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentCreateInput {
    /// The course.
    pub course_id: ID,
    /// The member who will be its learner.
    pub member_id: ID,
    /// Until when the course is to be complete; by the course's terms where this is left out.
    pub due_at: Option<DateTime<Utc>>,
    /// Until when the learner may work through the course; by the course's terms where this is left out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentApprove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentApproveInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentDecline` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentDeclineInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// Why, for the learner: 1 to 1000 characters.
    pub reason: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentExtend` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentExtendInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// Until when the course is to be complete: null for an open end; as it is where this is left out.
    pub due_at: MaybeUndefined<DateTime<Utc>>,
    /// Until when the learner may work through the course: null for an open end; as it is where this is left out.
    pub expires_at: MaybeUndefined<DateTime<Utc>>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentWithdraw` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentWithdrawInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentReopen` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentReopenInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    EnrollInput,
    EnrollmentCreateInput,
    EnrollmentApproveInput,
    EnrollmentDeclineInput,
    EnrollmentExtendInput,
    EnrollmentWithdrawInput,
    EnrollmentReopenInput,
);

payload! {
    /// What `enroll` answers.
    EnrollPayload {
        /// The new enrolment: its state says whether you are in, wait for a seat, or wait for an answer.
        enrollment: Arc<Enrollment>,
    }
    EnrollUserError, EnrollErrorCode {
        NotFound, Invalid, InvalidState, NotPublished, AlreadyEnrolled, EnrollmentClosed, IdempotencyMismatch, PrerequisitesMissing
    }
}

payload! {
    /// What `enrollmentCreate` answers.
    EnrollmentCreatePayload {
        /// The new enrolment: its state says whether the learner is in or waits for a seat.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentCreateUserError, EnrollmentCreateErrorCode {
        NotFound, Invalid, InvalidState, NotPublished, AlreadyEnrolled, IdempotencyMismatch
    }
}

payload! {
    /// What `enrollmentApprove` answers.
    EnrollmentApprovePayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentApproveUserError, EnrollmentApproveErrorCode { NotFound, Invalid, InvalidState, NotPublished, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `enrollmentDecline` answers.
    EnrollmentDeclinePayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentDeclineUserError, EnrollmentDeclineErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `enrollmentExtend` answers.
    EnrollmentExtendPayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentExtendUserError, EnrollmentExtendErrorCode { NotFound, Invalid, InvalidState, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `enrollmentWithdraw` answers.
    EnrollmentWithdrawPayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentWithdrawUserError, EnrollmentWithdrawErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `enrollmentReopen` answers.
    EnrollmentReopenPayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentReopenUserError, EnrollmentReopenErrorCode { NotFound, Invalid, InvalidState, NotPublished, AttemptOpen, IdempotencyMismatch }
}

/// Reads the enrolment that a write has led to, with the viewer's eyes.
async fn shown(
    ctx: &Context<'_>,
    done: Outcome<EnrollmentKey>,
) -> Result<std::result::Result<Option<Arc<Enrollment>>, Vec<Refusal>>> {
    match done? {
        Ok(key) => Ok(Ok(store::find(&ctx.reader(), ctx.viewer(), key).await?)),
        Err(refusals) => Ok(Err(refusals)),
    }
}

/// Answers a move of an enrolment, or its refusal.
macro_rules! answer {
    ($ctx:expr, $payload:ident, $done:expr) => {
        match shown($ctx, $done.await).await? {
            Ok(enrollment) => Ok(Some($payload {
                enrollment,
                ..Default::default()
            })),
            Err(refusals) => $payload::refused(refusals),
        }
    };
}

/// Reads an identifier of the input, or answers that it names nothing.
macro_rules! named {
    ($payload:ident, $id:expr, $path:literal) => {
        match key($id, $path) {
            Ok(key) => key,
            Err(refusals) => return $payload::refused(refusals),
        }
    };
}

/// The mutations on enrolments.
#[derive(Default)]
pub struct EnrollmentMutation;

#[Object]
impl EnrollmentMutation {
    /// Joins a published course, or asks to, as its terms say; where all seats are taken, waits for one. The enrolment stays on the
    /// edition that the course has when you come in. Who has left a course may join it again, and keeps what was complete and until when the
    /// course was due and theirs: by the terms of today it may be earlier, not later. Who left and whose time is over by now is enrolled anew by
    /// the staff alone: `INVALID_STATE`.
    ///
    /// Requires: `enrollments.manage` for yourself. Cost: 1.
    async fn enroll(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: EnrollInput,
    ) -> async_graphql::Result<Option<EnrollPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = named!(EnrollPayload, &input.course_id, "courseId");
        let code = input.invitation_code.clone();
        let done = ctx
            .operation()
            .mutate("enroll", course.org, &input, move |write| {
                Box::pin(async move { joining::enroll(write, course, code.as_deref()).await })
            });
        answer!(ctx, EnrollPayload, done)
    }

    /// Enrols a member in a published course, whatever its terms say of who comes by themselves; where all seats are taken, the
    /// member waits for one. The enrolment stays on the edition that the course has when the learner comes in. For who has left the course, its
    /// times begin anew.
    ///
    /// Requires: `enrollments.manage` for the member or the course, more than for yourself. Cost: 1.
    async fn enrollment_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course and which member.")] input: EnrollmentCreateInput,
    ) -> async_graphql::Result<Option<EnrollmentCreatePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = named!(EnrollmentCreatePayload, &input.course_id, "courseId");
        let member: MemberKey = named!(EnrollmentCreatePayload, &input.member_id, "memberId");
        let new = NewLearner {
            whom: Whom::Member(member),
            due_at: input.due_at,
            expires_at: input.expires_at,
        };
        let done = ctx
            .operation()
            .mutate("enrollmentCreate", course.org, &input, move |write| {
                Box::pin(async move { joining::create(write, course, &new).await })
            });
        answer!(ctx, EnrollmentCreatePayload, done)
    }

    /// Lets a learner in who asked to be: REQUESTED becomes ACTIVE, on the course's present edition. It takes a free seat, and those who wait
    /// for one come first. The times of the course's terms begin. A learner who is suspended or was removed is not let in: `INVALID_STATE`.
    ///
    /// Requires: `enrollments.manage` for the learner or the course, more than for yourself. Cost: 1.
    async fn enrollment_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request.")] input: EnrollmentApproveInput,
    ) -> async_graphql::Result<Option<EnrollmentApprovePayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey =
            named!(EnrollmentApprovePayload, &input.enrollment_id, "enrollmentId");
        let done = ctx
            .operation()
            .mutate("enrollmentApprove", enrollment.org, &input, move |write| {
                Box::pin(async move { moves::approve(write, enrollment).await })
            });
        answer!(ctx, EnrollmentApprovePayload, done)
    }

    /// Declines a learner's request: REQUESTED becomes DECLINED. The staff may enrol the learner after all.
    ///
    /// Requires: `enrollments.manage` for the learner or the course, more than for yourself. Cost: 1.
    async fn enrollment_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which request, and why.")] input: EnrollmentDeclineInput,
    ) -> async_graphql::Result<Option<EnrollmentDeclinePayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey =
            named!(EnrollmentDeclinePayload, &input.enrollment_id, "enrollmentId");
        let reason = input.reason.clone();
        let done = ctx
            .operation()
            .mutate("enrollmentDecline", enrollment.org, &input, move |write| {
                Box::pin(async move { moves::decline(write, enrollment, reason.as_deref()).await })
            });
        answer!(ctx, EnrollmentDeclinePayload, done)
    }

    /// Gives a learner other times. An ACTIVE enrolment stays so; one that is EXPIRED becomes ACTIVE, on the edition that it is on, if
    /// it is said until when and a seat is free; or COMPLETED, if all that was missing was graded meanwhile. A learner who is suspended or
    /// was removed gets no other times: `INVALID_STATE`.
    ///
    /// Requires: `enrollments.manage` for the learner or the course, more than for yourself. Cost: 1.
    async fn enrollment_extend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolment, and until when.")] input: EnrollmentExtendInput,
    ) -> async_graphql::Result<Option<EnrollmentExtendPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = named!(EnrollmentExtendPayload, &input.enrollment_id, "enrollmentId");
        let (due_at, expires_at) = (input.due_at, input.expires_at);
        let done = ctx
            .operation()
            .mutate("enrollmentExtend", enrollment.org, &input, move |write| {
                Box::pin(async move { moves::extend(write, enrollment, due_at, expires_at).await })
            });
        answer!(ctx, EnrollmentExtendPayload, done)
    }

    /// Takes a learner out of a course, off its waiting list, or takes a request back: ACTIVE, WAITLISTED or REQUESTED becomes WITHDRAWN.
    /// The seat goes to who waits for it first. What was complete stays, for who comes back, and so do the times that the learner had.
    ///
    /// Requires: `enrollments.manage` for the learner, the course or yourself. Cost: 1.
    async fn enrollment_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolment.")] input: EnrollmentWithdrawInput,
    ) -> async_graphql::Result<Option<EnrollmentWithdrawPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey =
            named!(EnrollmentWithdrawPayload, &input.enrollment_id, "enrollmentId");
        let done = ctx
            .operation()
            .mutate("enrollmentWithdraw", enrollment.org, &input, move |write| {
                Box::pin(async move { moves::withdraw(write, enrollment).await })
            });
        answer!(ctx, EnrollmentWithdrawPayload, done)
    }

    /// Lets a learner begin a complete course anew: COMPLETED becomes ACTIVE, in the next cycle, on the course's present edition and
    /// without progress. What the former cycle came to stays in `formerCycles`, and its certificate holds. A learner who is
    /// suspended or was removed begins nothing: `INVALID_STATE`.
    ///
    /// Requires: `enrollments.manage` for the learner or the course, more than for yourself. Cost: 1.
    async fn enrollment_reopen(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolment.")] input: EnrollmentReopenInput,
    ) -> async_graphql::Result<Option<EnrollmentReopenPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = named!(EnrollmentReopenPayload, &input.enrollment_id, "enrollmentId");
        let done = ctx
            .operation()
            .mutate("enrollmentReopen", enrollment.org, &input, move |write| {
                Box::pin(async move { cycles::reopen(write, enrollment).await })
            });
        answer!(ctx, EnrollmentReopenPayload, done)
    }
}
