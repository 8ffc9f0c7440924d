//! The mutations on reviews, and how one is found.

use super::courses::Course;
use super::reviews::is_seen;
use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::enrollments::{Enrollment, store};
use crate::domain::reviews::{CourseReview, write};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseReviewKey, EnrollmentKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// Finds a review that the viewer may see.
pub async fn find(ctx: &Context<'_>, key: CourseReviewKey) -> Result<Option<Arc<CourseReview>>> {
    let Some(review) = ctx.fetch(key).await? else {
        return Ok(None);
    };
    let Some(course) = Course::find(ctx, review.course_key()).await? else {
        return Ok(None);
    };
    let with_hidden = course.may_update(ctx).await?;
    Ok(Some(review).filter(|review| is_seen(ctx, review, with_hidden)))
}

/// What `reviewSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewSetInput {
    /// Your enrolment in the course.
    pub enrollment_id: ID,
    /// One to five stars.
    pub stars: i32,
    /// What you say, plain text, at most 5000 characters.
    #[graphql(default)]
    pub text: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `reviewRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewRemoveInput {
    /// Your enrolment in the course.
    pub enrollment_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `reviewHide` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewHideInput {
    /// The review.
    pub review_id: ID,
    /// Why, for its author: 1 to 1000 characters.
    pub reason: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `reviewShow` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ReviewShowInput {
    /// The review.
    pub review_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    ReviewSetInput,
    ReviewRemoveInput,
    ReviewHideInput,
    ReviewShowInput
);

payload! {
    /// What `reviewSet` answers.
    ReviewSetPayload {
        /// Your review.
        review: Arc<CourseReview>,
    }
    ReviewSetUserError, ReviewSetErrorCode { NotFound, Invalid, NotEnrolled, IdempotencyMismatch }
}

payload! {
    /// What `reviewRemove` answers.
    ReviewRemovePayload {
        /// The enrolment that the review came from.
        enrollment: Arc<Enrollment>,
    }
    ReviewRemoveUserError, ReviewRemoveErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `reviewHide` answers.
    ReviewHidePayload {
        /// The review, which its author and those who may edit the course still see.
        review: Arc<CourseReview>,
    }
    ReviewHideUserError, ReviewHideErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `reviewShow` answers.
    ReviewShowPayload {
        /// The review.
        review: Arc<CourseReview>,
    }
    ReviewShowUserError, ReviewShowErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutations on reviews.
#[derive(Default)]
pub struct ReviewMutation;

#[Object]
impl ReviewMutation {
    /// Says what you think of a course that you are in, in the place of what you said before. Members who see the course read it; your name
    /// is shown to those who may know of you.
    ///
    /// Requires: `attempts.take` for yourself. Cost: 1.
    async fn review_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What you say.")] input: ReviewSetInput,
    ) -> async_graphql::Result<Option<ReviewSetPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return ReviewSetPayload::refused(refusals),
        };
        let (stars, text) = (input.stars, input.text.clone());
        let done = ctx
            .operation()
            .mutate("reviewSet", enrollment.org, &input, move |write| {
                Box::pin(async move { write::set(write, enrollment, stars, &text).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(ReviewSetPayload {
                review: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => ReviewSetPayload::refused(refusals),
        }
    }

    /// Takes your review back, also of a course that you have left. Requires: `attempts.take` for yourself. Cost: 1.
    async fn review_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which course.")] input: ReviewRemoveInput,
    ) -> async_graphql::Result<Option<ReviewRemovePayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return ReviewRemovePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("reviewRemove", enrollment.org, &input, move |write| {
                Box::pin(async move { write::remove(write, enrollment).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(ReviewRemovePayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => ReviewRemovePayload::refused(refusals),
        }
    }

    /// Hides a review from everybody but its author and those who may edit the course; it no longer counts in the course's rating.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn review_hide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which review, and why.")] input: ReviewHideInput,
    ) -> async_graphql::Result<Option<ReviewHidePayload>> {
        signed_in(ctx)?;
        let review: CourseReviewKey = match key(&input.review_id, "reviewId") {
            Ok(key) => key,
            Err(refusals) => return ReviewHidePayload::refused(refusals),
        };
        let reason = input.reason.clone();
        let done = ctx
            .operation()
            .mutate("reviewHide", review.org, &input, move |write| {
                Box::pin(async move { write::hide(write, review, Some(&reason)).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(ReviewHidePayload {
                review: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => ReviewHidePayload::refused(refusals),
        }
    }

    /// Shows a review again that was hidden. Requires: `courses.update`. Cost: 1.
    async fn review_show(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which review.")] input: ReviewShowInput,
    ) -> async_graphql::Result<Option<ReviewShowPayload>> {
        signed_in(ctx)?;
        let review: CourseReviewKey = match key(&input.review_id, "reviewId") {
            Ok(key) => key,
            Err(refusals) => return ReviewShowPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("reviewShow", review.org, &input, move |write| {
                Box::pin(async move { write::hide(write, review, None).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(ReviewShowPayload {
                review: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => ReviewShowPayload::refused(refusals),
        }
    }
}
