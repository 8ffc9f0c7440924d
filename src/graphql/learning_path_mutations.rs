//! What authors do with learning paths.

use super::learning_paths::find;
use super::support::Ask;
use super::support::mutation::{key, show, signed_in};
use crate::domain::paths::LearningPath;
use crate::domain::paths::write::{self, NewPath, NewStep, PathChanges};
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{LearningPathKey, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;

/// A course in a learning path.
#[derive(Clone, Debug, InputObject)]
pub struct PathCourseInput {
    /// A course of the path's organisation.
    pub course_id: ID,
    /// Whether the path is complete only with this course; else it is one of its electives.
    #[graphql(default = true)]
    pub is_required: bool,
}

/// What `pathCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PathCreateInput {
    /// The organisation that the path will belong to.
    pub organization_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it leads to, Markdown, at most 2000 characters.
    #[graphql(default)]
    pub description: String,
    /// The organisation's own name for it, 1 to 200 characters, unique among the organisation's paths.
    pub external_id: Option<String>,
    /// Its courses in order: 1 to 50, each once.
    pub courses: Vec<PathCourseInput>,
    /// How many of the courses that are not required it takes all the same.
    #[graphql(default)]
    pub electives_needed: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `pathUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct PathUpdateInput {
    /// The path.
    pub id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// What it leads to, Markdown, at most 2000 characters.
    pub description: Option<String>,
    /// Its courses in order, in the place of those that it has: 1 to 50, each once.
    pub courses: Option<Vec<PathCourseInput>>,
    /// How many of the courses that are not required it takes all the same.
    pub electives_needed: Option<i32>,
    /// The version that this edit was made on; refused when the path has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `pathPublish` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PathPublishInput {
    /// The path.
    pub id: ID,
    /// The version that you have seen; refused when the path has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `pathArchive` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PathArchiveInput {
    /// The path.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    PathCreateInput,
    PathUpdateInput,
    PathPublishInput,
    PathArchiveInput
);

payload! {
    /// What `pathCreate` answers.
    PathCreatePayload {
        /// The new path, a draft.
        path: Arc<LearningPath>,
    }
    PathCreateUserError, PathCreateErrorCode { NotFound, Invalid, Taken, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `pathUpdate` answers.
    PathUpdatePayload {
        /// The path; with `VERSION_CONFLICT`, as it stands without your edit.
        path: Arc<LearningPath>,
    }
    PathUpdateUserError, PathUpdateErrorCode { NotFound, Invalid, NotPublished, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `pathPublish` answers.
    PathPublishPayload {
        /// The path, as learners see it from now on.
        path: Arc<LearningPath>,
    }
    PathPublishUserError, PathPublishErrorCode { NotFound, Invalid, InvalidState, NotPublished, LimitReached, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `pathArchive` answers.
    PathArchivePayload {
        /// The path.
        path: Arc<LearningPath>,
    }
    PathArchiveUserError, PathArchiveErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// Reads the courses of an input.
fn steps(courses: &[PathCourseInput]) -> std::result::Result<Vec<NewStep>, Vec<Refusal>> {
    let step = |(index, input): (usize, &PathCourseInput)| {
        let course = key(&input.course_id, &format!("courses.{index}.courseId"));
        let is_required = input.is_required;
        course.map(|course| NewStep { course, is_required })
    };
    courses.iter().enumerate().map(step).collect()
}

/// The mutations on learning paths.
#[derive(Default)]
pub struct LearningPathMutation;

#[Object]
impl LearningPathMutation {
    /// Creates a learning path: courses of the organisation that are worked through in an order. It is a draft until it is published. It
    /// is complete with all courses that are required, and as many of the others as are needed. An organisation has up to 1,000 that are
    /// not archived.
    ///
    /// Requires: `courses.create`, and seeing each course. Cost: 1.
    async fn path_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new path.")] input: PathCreateInput,
    ) -> Result<Option<PathCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return PathCreatePayload::refused(refusals),
        };
        let courses = match steps(&input.courses) {
            Ok(courses) => courses,
            Err(refusals) => return PathCreatePayload::refused(refusals),
        };
        let new = NewPath {
            title: input.title.clone(),
            description: input.description.clone(),
            external_id: input.external_id.clone(),
            courses,
            electives_needed: input.electives_needed,
        };
        let done = ctx.operation().mutate("pathCreate", org.0, &input, move |write| {
            Box::pin(async move { write::create(write, &new).await })
        });
        match done.await? {
            // Whoever makes it knows of it, whatever they read.
            Ok(key) => Ok(Some(PathCreatePayload {
                path: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => PathCreatePayload::refused(refusals),
        }
    }

    /// Edits a learning path, at once and for who follows it too: what they have completed counts as the path says from now on. A published
    /// path takes only courses that are published; one that is archived later stays until you take it out.
    ///
    /// Requires: `courses.update` with the reach `all`, and seeing each course. Cost: 1.
    async fn path_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: PathUpdateInput,
    ) -> Result<Option<PathUpdatePayload>> {
        signed_in(ctx)?;
        let path: LearningPathKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return PathUpdatePayload::refused(refusals),
        };
        let courses = match input.courses.as_deref().map(steps).transpose() {
            Ok(courses) => courses,
            Err(refusals) => return PathUpdatePayload::refused(refusals),
        };
        let changes = PathChanges {
            title: input.title.clone(),
            description: input.description.clone(),
            courses,
            electives_needed: input.electives_needed,
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("pathUpdate", path.org, &input, move |write| {
                Box::pin(async move { write::update(write, path, &changes, expected).await })
            });
        let (payload, shown) = PathUpdatePayload::of_edit(done.await?)?;
        let path = show(shown, find(ctx, path)).await?;
        Ok(Some(PathUpdatePayload { path, ..payload }))
    }

    /// Publishes a learning path all of whose courses are published, or brings an archived one back: members find and follow it.
    ///
    /// Requires: `courses.publish` with the reach `all`. Cost: 1.
    async fn path_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which path.")] input: PathPublishInput,
    ) -> Result<Option<PathPublishPayload>> {
        signed_in(ctx)?;
        let path: LearningPathKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return PathPublishPayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("pathPublish", path.org, &input, move |write| {
                Box::pin(async move { write::publish(write, path, expected).await })
            });
        let (payload, shown) = PathPublishPayload::of_edit(done.await?)?;
        let path = show(shown, find(ctx, path)).await?;
        Ok(Some(PathPublishPayload { path, ..payload }))
    }

    /// Archives a learning path: nobody finds it or begins to follow it any more. Who follows it goes on, and `pathPublish` brings it back.
    ///
    /// Requires: `courses.publish` with the reach `all`. Cost: 1.
    async fn path_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which path.")] input: PathArchiveInput,
    ) -> Result<Option<PathArchivePayload>> {
        signed_in(ctx)?;
        let path: LearningPathKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return PathArchivePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("pathArchive", path.org, &input, move |write| {
                Box::pin(async move { write::archive(write, path).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(PathArchivePayload {
                path: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => PathArchivePayload::refused(refusals),
        }
    }
}
