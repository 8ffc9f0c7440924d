//! What becomes of a course as a whole: review, archive, copy.

use super::courses::Course;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::courses::store::NewCourse;
use crate::domain::courses::{CourseVisibility, duplicate, reviews};
use crate::domain::surveys;
use crate::kernel::ids::CourseKey;
use crate::{inputs, payload};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};

/// What `courseSubmitForReview` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseSubmitForReviewInput {
    /// The course.
    pub id: ID,
    /// What whoever decides should know, Markdown, 1 to 2000 characters.
    pub note: Option<String>,
    /// The draft's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What somebody who looked at a draft thinks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ReviewDecision {
    /// It can be published as it is.
    Approve,
    /// It should be changed first.
    RequestChanges,
}

/// What `courseReviewDecide` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseReviewDecideInput {
    /// The course whose draft was handed in.
    pub id: ID,
    /// What you think of it.
    pub decision: ReviewDecision,
    /// Why, Markdown, 1 to 2000 characters.
    pub note: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `courseArchive` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseArchiveInput {
    /// The course.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `courseRestore` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseRestoreInput {
    /// The course.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `courseDuplicate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseDuplicateInput {
    /// The course whose draft is copied.
    pub id: ID,
    /// The copy's name in addresses: 1 to 63 of a–z, 0–9 and -, unique in the organisation.
    pub slug: String,
    /// The copy's title, 1 to 200 characters.
    pub title: String,
    /// Who will find the copy once it is published.
    #[graphql(default_with = "CourseVisibility::Members")]
    pub visibility: CourseVisibility,
    /// The organisation's own name for the copy, unique in the organisation.
    pub external_id: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    CourseSubmitForReviewInput,
    CourseReviewDecideInput,
    CourseArchiveInput,
    CourseRestoreInput,
    CourseDuplicateInput
);

payload! {
    /// What `courseSubmitForReview` answers.
    CourseSubmitForReviewPayload {
        /// The course; its draft says where the review stands.
        course: Course,
    }
    CourseSubmitForReviewUserError, CourseSubmitForReviewErrorCode { NotFound, Invalid, InvalidState, NothingToPublish, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `courseReviewDecide` answers.
    CourseReviewDecidePayload {
        /// The course; its draft says where the review stands.
        course: Course,
    }
    CourseReviewDecideUserError, CourseReviewDecideErrorCode { NotFound, Invalid, InvalidState, OwnWork, IdempotencyMismatch }
}

payload! {
    /// What `courseArchive` answers.
    CourseArchivePayload {
        /// The course.
        course: Course,
    }
    CourseArchiveUserError, CourseArchiveErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `courseRestore` answers.
    CourseRestorePayload {
        /// The course.
        course: Course,
    }
    CourseRestoreUserError, CourseRestoreErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `courseDuplicate` answers.
    CourseDuplicatePayload {
        /// The copy, which has a draft and nothing published.
        course: Course,
    }
    CourseDuplicateUserError, CourseDuplicateErrorCode { NotFound, Invalid, Taken, IdempotencyMismatch }
}

/// The mutations on courses as a whole.
#[derive(Default)]
pub struct CourseMoveMutation;

#[Object]
impl CourseMoveMutation {
    /// Hands a course's draft in for review, as it is now, with what its quizzes draw from. What is edited afterwards, in the draft or in a
    /// bank, is not part of it: hand it in again.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn course_submit_for_review(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: CourseSubmitForReviewInput,
    ) -> Result<Option<CourseSubmitForReviewPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseSubmitForReviewPayload::refused(refusals),
        };
        let (note, expected) = (input.note.clone(), input.expected_version);
        let done = ctx
            .operation()
            .mutate("courseSubmitForReview", course.org, &input, move |write| {
                Box::pin(async move { reviews::request(write, course, note.as_deref(), expected).await })
            });
        let (payload, shown) = CourseSubmitForReviewPayload::of_edit(done.await?)?;
        let course = show(shown, Course::find(ctx, course)).await?;
        Ok(Some(CourseSubmitForReviewPayload { course, ..payload }))
    }

    /// Decides about a draft that was handed in. It is approved as it was handed in; changes are requested whatever was edited since. Whoever handed it in cannot approve it where the course requires a review.
    ///
    /// Requires: `courses.publish`. Cost: 1.
    async fn course_review_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The decision.")] input: CourseReviewDecideInput,
    ) -> Result<Option<CourseReviewDecidePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseReviewDecidePayload::refused(refusals),
        };
        let (note, approved) = (input.note.clone(), input.decision == ReviewDecision::Approve);
        let done = ctx
            .operation()
            .mutate("courseReviewDecide", course.org, &input, move |write| {
                Box::pin(async move { reviews::decide(write, course, approved, note.as_deref()).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseReviewDecidePayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseReviewDecidePayload::refused(refusals),
        }
    }

    /// Takes a course out of the catalogue: nobody joins it any more. Its learners keep what they have.
    ///
    /// Requires: `courses.publish`. Cost: 1.
    async fn course_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: CourseArchiveInput,
    ) -> Result<Option<CourseArchivePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseArchivePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("courseArchive", course.org, &input, move |write| {
                Box::pin(async move { reviews::archive(write, course).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseArchivePayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseArchivePayload::refused(refusals),
        }
    }

    /// Brings an archived course back: to the catalogue if it was ever published, else to its authors. Seats that were freed meanwhile go to
    /// who waits for them.
    ///
    /// Requires: `courses.publish`. Cost: 1.
    async fn course_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: CourseRestoreInput,
    ) -> Result<Option<CourseRestorePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseRestorePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("courseRestore", course.org, &input, move |write| {
                Box::pin(async move { reviews::restore(write, course).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseRestorePayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseRestorePayload::refused(refusals),
        }
    }

    /// Copies a course's draft into a new course of the same organisation, with modules, units, questions, settings and surveys, these as
    /// drafts, and without learners, revisions and instructors.
    ///
    /// Requires: `courses.update` on the course and `courses.create`. Cost: 1.
    async fn course_duplicate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course, and what the copy is called.")] input: CourseDuplicateInput,
    ) -> Result<Option<CourseDuplicatePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseDuplicatePayload::refused(refusals),
        };
        let new = NewCourse {
            slug: input.slug.clone(),
            title: input.title.clone(),
            summary: String::new(),
            visibility: input.visibility,
            external_id: input.external_id.clone(),
        };
        let done = ctx
            .operation()
            .mutate("courseDuplicate", course.org, &input, move |write| {
                Box::pin(async move {
                    let copy = duplicate::duplicate(write, course, &new).await?;
                    surveys::write::duplicate(write, course, copy).await?;
                    Ok(copy)
                })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseDuplicatePayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseDuplicatePayload::refused(refusals),
        }
    }
}
