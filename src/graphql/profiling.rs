//! What people let be made of what is known of them: their interests, and their objections.

use super::support::operation::Ask;
use super::viewer::Viewer;
use crate::domain::accounts::interests;
use crate::domain::accounts::objections::{self, ProcessingPurpose};
use crate::{inputs, payload};
use async_graphql::{Context, InputObject, Object, Result};

/// What `interestsSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InterestsSetInput {
    /// What you want to learn about, as courses are tagged: at most 20 tags of 1 to 50 characters, which take the place of those
    /// before.
    pub interests: Vec<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `processingObject` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ProcessingObjectInput {
    /// What you object to.
    pub purpose: ProcessingPurpose,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `processingObjectionWithdraw` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ProcessingObjectionWithdrawInput {
    /// What you object to no more.
    pub purpose: ProcessingPurpose,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    InterestsSetInput,
    ProcessingObjectInput,
    ProcessingObjectionWithdrawInput
);

payload! {
    /// What `interestsSet` answers.
    InterestsSetPayload {
        /// You, with your interests.
        viewer: Viewer,
    }
    InterestsSetUserError, InterestsSetErrorCode { Invalid, IdempotencyMismatch }
}

payload! {
    /// What `processingObject` answers.
    ProcessingObjectPayload {
        /// You, with your objections.
        viewer: Viewer,
    }
    ProcessingObjectUserError, ProcessingObjectErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `processingObjectionWithdraw` answers.
    ProcessingObjectionWithdrawPayload {
        /// You, with your objections.
        viewer: Viewer,
    }
    ProcessingObjectionWithdrawUserError, ProcessingObjectionWithdrawErrorCode { InvalidState, Invalid, IdempotencyMismatch }
}

/// The mutations on interests and objections.
#[derive(Default)]
pub struct ProfilingMutation;

#[Object]
impl ProfilingMutation {
    /// Says what you want to learn about, for `viewer { recommendations }` in all of your organisations; nobody else sees it.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn interests_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What you want to learn about.")] input: InterestsSetInput,
    ) -> Result<Option<InterestsSetPayload>> {
        let tags = input.interests.clone();
        let done = ctx.operation().mutate_own("interestsSet", &input, move |write| {
            Box::pin(async move { interests::set(write, &tags).await })
        });
        match done.await? {
            Ok(()) => Ok(Some(InterestsSetPayload {
                viewer: Viewer::current(ctx),
                ..Default::default()
            })),
            Err(refusals) => InterestsSetPayload::refused(refusals),
        }
    }

    /// Objects to something being done with what is known of you. It holds at once and in all of your organisations: for
    /// `PROFILING`, `viewer { recommendations }` is empty and reads nothing of what you learned.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn processing_object(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To what.")] input: ProcessingObjectInput,
    ) -> Result<Option<ProcessingObjectPayload>> {
        let purpose = input.purpose;
        let done = ctx
            .operation()
            .mutate_own("processingObject", &input, move |write| {
                Box::pin(objections::object(write, purpose))
            });
        match done.await? {
            Ok(()) => Ok(Some(ProcessingObjectPayload {
                viewer: Viewer::current(ctx),
                ..Default::default()
            })),
            Err(refusals) => ProcessingObjectPayload::refused(refusals),
        }
    }

    /// Withdraws an objection of yours. When it stood is kept.
    ///
    /// Requires: to be signed in. Cost: 1.
    async fn processing_objection_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To what.")] input: ProcessingObjectionWithdrawInput,
    ) -> Result<Option<ProcessingObjectionWithdrawPayload>> {
        let purpose = input.purpose;
        let done = ctx
            .operation()
            .mutate_own("processingObjectionWithdraw", &input, move |write| {
                Box::pin(objections::withdraw(write, purpose))
            });
        match done.await? {
            Ok(()) => Ok(Some(ProcessingObjectionWithdrawPayload {
                viewer: Viewer::current(ctx),
                ..Default::default()
            })),
            Err(refusals) => ProcessingObjectionWithdrawPayload::refused(refusals),
        }
    }
}
