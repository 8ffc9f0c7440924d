//! The mutations on bookmarks.

use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::bookmarks;
use crate::domain::enrollments::{Enrollment, store};
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{EnrollmentKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `bookmarkSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct BookmarkSetInput {
    /// Your enrolment.
    pub enrollment_id: ID,
    /// A unit of its course.
    pub unit_id: ID,
    /// What you note, at most 2000 characters; it replaces what you noted before.
    #[graphql(default)]
    pub note: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `bookmarkRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct BookmarkRemoveInput {
    /// Your enrolment.
    pub enrollment_id: ID,
    /// The unit.
    pub unit_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(BookmarkSetInput, BookmarkRemoveInput);

payload! {
    /// What `bookmarkSet` answers.
    BookmarkSetPayload {
        /// The enrolment, with its bookmarks.
        enrollment: Arc<Enrollment>,
    }
    BookmarkSetUserError, BookmarkSetErrorCode { NotFound, Invalid, NotEnrolled, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `bookmarkRemove` answers.
    BookmarkRemovePayload {
        /// The enrolment, with its bookmarks.
        enrollment: Arc<Enrollment>,
    }
    BookmarkRemoveUserError, BookmarkRemoveErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

fn keys(enrollment: &ID, unit: &ID) -> Result<(EnrollmentKey, UnitKey), Vec<Refusal>> {
    Ok((key(enrollment, "enrollmentId")?, key(unit, "unitId")?))
}

/// The mutations on bookmarks.
#[derive(Default)]
pub struct BookmarkMutation;

#[Object]
impl BookmarkMutation {
    /// Keeps a unit of a course that you are in, with a note. Nobody else reads it, whatever their role.
    ///
    /// Requires: `attempts.take` for yourself. Cost: 1.
    async fn bookmark_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which unit, and what you note.")] input: BookmarkSetInput,
    ) -> async_graphql::Result<Option<BookmarkSetPayload>> {
        signed_in(ctx)?;
        let (enrollment, unit) = match keys(&input.enrollment_id, &input.unit_id) {
            Ok(keys) => keys,
            Err(refusals) => return BookmarkSetPayload::refused(refusals),
        };
        let note = input.note.clone();
        let done = ctx
            .operation()
            .mutate("bookmarkSet", enrollment.org, &input, move |write| {
                Box::pin(async move { bookmarks::set(write, enrollment, unit, &note).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(BookmarkSetPayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => BookmarkSetPayload::refused(refusals),
        }
    }

    /// Removes a bookmark, also from a course that you have left.
    ///
    /// Requires: `attempts.take` for yourself. Cost: 1.
    async fn bookmark_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which unit.")] input: BookmarkRemoveInput,
    ) -> async_graphql::Result<Option<BookmarkRemovePayload>> {
        signed_in(ctx)?;
        let (enrollment, unit) = match keys(&input.enrollment_id, &input.unit_id) {
            Ok(keys) => keys,
            Err(refusals) => return BookmarkRemovePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("bookmarkRemove", enrollment.org, &input, move |write| {
                Box::pin(async move { bookmarks::remove(write, enrollment, unit).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(BookmarkRemovePayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => BookmarkRemovePayload::refused(refusals),
        }
    }
}
