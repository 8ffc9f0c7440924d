//! `PathEnrollment`: edges, connections.

use super::courses::Course;
use super::learning_paths::visible_courses;
use super::support::connection::Count;
use super::support::{Ask, Paged};
use crate::auth::permission::Permission;
use crate::connection;
use crate::domain::members::Member;
use crate::domain::paths::followers::{FollowerList, FollowerPage, PathParent, count_own, list_own};
use crate::domain::paths::steps::{Steps, StepsOf};
use crate::domain::paths::{LearningPath, PathEnrollment};
use crate::domain::record_lists::{IdRange, Seen};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, PathEnrollmentKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, Enum, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

connection!(
    PathEnrollmentConnection,
    PathEnrollmentEdge,
    Arc<PathEnrollment>,
    "enrolments in learning paths"
);

/// Where a member stands on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PathEnrollmentState {
    /// The member follows the path.
    Active,
    /// The member follows the path, and has completed what it takes.
    Completed,
    /// The member has left the path.
    Withdrawn,
}

/// How far a member is on a path.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PathProgress {
    /// How many of the courses that the path takes the member has completed, on the path or before; of electives, as many as are
    /// needed. Cost: 1.
    pub courses_completed: usize,
    /// How many courses the path takes: those that are required, and as many electives as are needed. Cost: 1.
    pub courses_required: usize,
}

/// Finds an enrolment in a path that the viewer may see.
pub async fn find(ctx: &Context<'_>, key: PathEnrollmentKey) -> Result<Option<Arc<PathEnrollment>>> {
    match View::of(ctx.viewer(), key.org, Permission::LearningRecordsRead) {
        Some(view) => ctx.fetch(Seen { key, view }).await,
        None => Ok(None),
    }
}

fn cursor(enrollment: &Arc<PathEnrollment>) -> [String; 1] {
    [enrollment.key.id.0.to_string()]
}

/// Reads a page of who follows a path, or of what a member follows, as far as the viewer sees it; batched.
pub async fn page_of(
    ctx: &Context<'_>,
    parent: PathParent,
    args: PageArgs,
) -> Result<PathEnrollmentConnection> {
    let name = format!("path enrollments of {parent:?}");
    let page = ctx.page(&args, &name)?;
    let keyring = &ctx.app().keyring;
    let Some(view) = View::of(ctx.viewer(), parent.org(), Permission::LearningRecordsRead) else {
        let none: Count = Box::new(|_| Box::pin(async { Ok(0) }));
        return Ok(Paged::new(keyring, &name, page.slice(Vec::new()), cursor, none).into());
    };
    let list = FollowerList { parent, view };
    let range = IdRange::of(&page)?;
    let slice = ctx.fetch_one(FollowerPage { list, page, range }).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    Ok(Paged::new(keyring, &name, slice, cursor, count).into())
}

/// Reads a page of what the viewer follows in all of their organisations.
pub async fn page_of_viewer(ctx: &Context<'_>, args: PageArgs) -> Result<PathEnrollmentConnection> {
    let list = "own path enrollments";
    let page = ctx.page(&args, list)?;
    let slice = list_own(&ctx.reader(), ctx.viewer(), &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let viewer = viewer.clone();
        Box::pin(async move { count_own(&reader, &viewer).await })
    });
    Ok(Paged::new(&ctx.app().keyring, list, slice, cursor, count).into())
}

async fn steps(ctx: &Context<'_>, enrollment: &PathEnrollment) -> Result<Arc<Steps>> {
    Ok(ctx.fetch(StepsOf(enrollment.key)).await?.unwrap_or_default())
}

#[ComplexObject]
impl PathEnrollment {
    /// The enrolment's global identifier. Cost: 1.
    pub async fn id(&self) -> PathEnrollmentKey {
        self.key
    }

    /// Who follows the path. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// The path, whatever became of it since. Cost: 1, batched.
    async fn path(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<LearningPath>> {
        Ok(ctx.fetch_one(self.path_key()).await?)
    }

    /// Where the member stands. It follows the member's enrolments in courses and the path as it is now: who was complete goes on where
    /// the path gets another required course. Cost: 1, batched.
    async fn state(&self, ctx: &Context<'_>) -> async_graphql::Result<PathEnrollmentState> {
        if self.withdrawn_at.is_some() {
            return Ok(PathEnrollmentState::Withdrawn);
        }
        Ok(if steps(ctx, self).await?.is_complete() {
            PathEnrollmentState::Completed
        } else {
            PathEnrollmentState::Active
        })
    }

    /// When the path was complete: when the member had completed the last course that it takes; null while they have not. Cost: 1,
    /// batched.
    async fn completed_at(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<DateTime<Utc>>> {
        Ok(steps(ctx, self).await?.completed_at())
    }

    /// How far the member is. Cost: 1, batched.
    async fn progress(&self, ctx: &Context<'_>) -> async_graphql::Result<PathProgress> {
        let steps = steps(ctx, self).await?;
        Ok(PathProgress {
            courses_completed: steps.completed(),
            courses_required: steps.needed(),
        })
    }

    /// The first course of the path that is still to be completed and that you may see: the learner joins it with `enroll` unless they are
    /// in it. Null once the path is complete, for who has left it, and where you may see none of what is left. Cost: 1, batched.
    async fn next_course(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Course>> {
        if self.withdrawn_at.is_some() {
            return Ok(None);
        }
        let steps = steps(ctx, self).await?;
        if steps.is_complete() {
            return Ok(None);
        }
        let visible = visible_courses(ctx, self.path_key()).await?;
        let find = |id: CourseId| visible.iter().find(|step| step.course.key().id == id);
        Ok(steps.open().find_map(find).map(|step| step.course.clone()))
    }
}
