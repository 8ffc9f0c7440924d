//! The mutations on enrolments in learning paths.

use super::path_enrollments::find;
use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::paths::{PathEnrollment, following};
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{LearningPathKey, MemberKey, PathEnrollmentKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `pathEnroll` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PathEnrollInput {
    /// The path to follow.
    pub path_id: ID,
    /// The member who will follow it; you where this is left out.
    pub member_id: Option<ID>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `pathWithdraw` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PathWithdrawInput {
    /// The enrolment in a path.
    pub path_enrollment_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(PathEnrollInput, PathWithdrawInput);

payload! {
    /// What `pathEnroll` answers.
    PathEnrollPayload {
        /// The enrolment in the path; its `nextCourse` is what to join first.
        path_enrollment: Arc<PathEnrollment>,
    }
    PathEnrollUserError, PathEnrollErrorCode { NotFound, Invalid, InvalidState, NotPublished, AlreadyEnrolled, IdempotencyMismatch }
}

payload! {
    /// What `pathWithdraw` answers.
    PathWithdrawPayload {
        /// The enrolment in the path as it is now.
        path_enrollment: Arc<PathEnrollment>,
    }
    PathWithdrawUserError, PathWithdrawErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

fn keys(input: &PathEnrollInput) -> Result<(LearningPathKey, Option<MemberKey>), Vec<Refusal>> {
    let member = input.member_id.as_ref().map(|id| key(id, "memberId"));
    Ok((key(&input.path_id, "pathId")?, member.transpose()?))
}

/// The mutations on enrolments in learning paths.
#[derive(Default)]
pub struct PathEnrollmentMutation;

#[Object]
impl PathEnrollmentMutation {
    /// Follows a published learning path, or lets a member follow it. It enrols in no course: the learner joins each with `enroll` when they
    /// come to it, and `nextCourse` tells which. What was completed before counts. Who has left a path may follow it again.
    ///
    /// Requires: `enrollments.manage` for yourself or the member; the reach `taught` has no say in paths. Cost: 1.
    async fn path_enroll(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which path, and who follows it.")] input: PathEnrollInput,
    ) -> async_graphql::Result<Option<PathEnrollPayload>> {
        signed_in(ctx)?;
        let (path, member) = match keys(&input) {
            Ok(keys) => keys,
            Err(refusals) => return PathEnrollPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("pathEnroll", path.org, &input, move |write| {
                Box::pin(async move { following::enroll(write, path, member).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(PathEnrollPayload {
                path_enrollment: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => PathEnrollPayload::refused(refusals),
        }
    }

    /// Leaves a learning path, or takes a member out of it. The courses that they joined, and what they completed, stay theirs.
    ///
    /// Requires: `enrollments.manage` for yourself or the member; the reach `taught` has no say in paths. Cost: 1.
    async fn path_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolment in a path.")] input: PathWithdrawInput,
    ) -> async_graphql::Result<Option<PathWithdrawPayload>> {
        signed_in(ctx)?;
        let enrollment: PathEnrollmentKey = match key(&input.path_enrollment_id, "pathEnrollmentId") {
            Ok(key) => key,
            Err(refusals) => return PathWithdrawPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("pathWithdraw", enrollment.org, &input, move |write| {
                Box::pin(async move { following::withdraw(write, enrollment).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(PathWithdrawPayload {
                path_enrollment: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => PathWithdrawPayload::refused(refusals),
        }
    }
}
