//! `LearningPath`: edges, connection.

use super::courses::Course;
use super::markdown::html;
use super::path_enrollments::{self, PathEnrollmentConnection};
use super::support::connection::Count;
use super::support::{AccessRefusal, Ask, Paged, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind};
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::courses::model::Course as CourseRow;
use crate::domain::courses::store::Taught;
use crate::domain::organizations::Organization;
use crate::domain::paths::followers::{FollowerOf, PathParent};
use crate::domain::paths::lists::{PathCourse as Step, PathCoursesOf, PathList, PathPage, PathView};
use crate::domain::paths::{LearningPath, LearningPathState, PathEnrollment};
use crate::domain::visibility::sees_own;
use crate::kernel::error::Result;
use crate::kernel::ids::{LearningPathKey, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, SimpleObject};
use futures_util::future::try_join_all;
use std::sync::Arc;

connection!(
    LearningPathConnection,
    LearningPathEdge,
    Arc<LearningPath>,
    "learning paths"
);

/// A course in a learning path. Requires: seeing both. Cost: 1.
#[derive(Clone, SimpleObject)]
pub struct PathCourse {
    /// The course. Cost: 1.
    pub course: Course,
    /// Whether the path is complete only with this course; else it is one of its electives. Cost: 1.
    pub is_required: bool,
}

/// What the viewer may do with a learning path.
#[derive(Clone, Debug, SimpleObject)]
pub struct LearningPathAccess {
    /// Whether the viewer may edit it. Cost: 1.
    pub update: bool,
    /// Whether the viewer may publish and archive it. Cost: 1.
    pub publish: bool,
    /// Why not, for each of these that is false. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// Finds a path that the viewer may know of: one that they read, follow or followed.
pub async fn find(ctx: &Context<'_>, key: LearningPathKey) -> Result<Option<Arc<LearningPath>>> {
    let Some(path) = ctx.fetch(key).await? else {
        return Ok(None);
    };
    let reads = PathView::of(ctx.viewer(), key.org).is_some_and(|view| view.has(&path));
    let sees = reads || own_enrollment(ctx, key).await?.is_some();
    Ok(sees.then_some(path))
}

/// That the viewer follows a path or did, where they see their own records.
async fn own_enrollment(ctx: &Context<'_>, path: LearningPathKey) -> Result<Option<Arc<PathEnrollment>>> {
    match sees_own(ctx.viewer(), path.org) {
        Some(member) => ctx.fetch(FollowerOf(path, member)).await,
        None => Ok(None),
    }
}

/// The courses of a path that the viewer may see, in its order.
pub async fn visible_courses(ctx: &Context<'_>, path: LearningPathKey) -> Result<Vec<PathCourse>> {
    let steps = ctx.fetch(PathCoursesOf(path)).await?.unwrap_or_default();
    let find = async |step: &Step| -> Result<Option<PathCourse>> {
        let course = ctx.app().faces.find_of_record(&ctx.reader(), step.course).await?;
        let is_seen = is_seen(ctx, &course).await?;
        Ok(is_seen.then(|| PathCourse {
            course: Course::from(course),
            is_required: step.is_required,
        }))
    };
    let shown = try_join_all(steps.iter().map(find)).await?;
    Ok(shown.into_iter().flatten().collect())
}

/// Whether the viewer may see a course, whose row was read for them.
async fn is_seen(ctx: &Context<'_>, course: &CourseRow) -> Result<bool> {
    let taught = match ctx.viewer().in_org(course.key.org) {
        Some(standing) if !course.is_published() => {
            ctx.fetch(Taught(course.key, standing.member)).await?.is_some()
        }
        _ => false,
    };
    Ok(course.is_visible_to(ctx.viewer(), taught))
}

/// Reads a page of an organisation's paths; nothing for who reads none.
pub async fn page(
    ctx: &Context<'_>,
    org: OrgId,
    state: Option<LearningPathState>,
    args: PageArgs,
) -> Result<Option<LearningPathConnection>> {
    let Some(view) = PathView::of(ctx.viewer(), org) else {
        return Ok(None);
    };
    let list = PathList { view, state };
    let name = format!("learning paths {list:?}");
    let page = ctx.page(&args, &name)?;
    let rows = ctx.fetch_one(PathPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |path: &Arc<LearningPath>| [path.title.clone(), path.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Some(
        Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
    ))
}

#[ComplexObject]
impl LearningPath {
    /// The path's global identifier. Cost: 1.
    pub async fn id(&self) -> LearningPathKey {
        self.key
    }

    /// The organisation that the path belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// What the path leads to, as clean HTML. Cost: 5.
    async fn description_html(&self) -> async_graphql::Result<String> {
        Ok(html(&self.description.clone().into()).await?)
    }

    /// The path's courses that you may see, in its order; at most 50. Cost: 1, batched.
    async fn courses(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<PathCourse>> {
        Ok(visible_courses(ctx, self.key).await?)
    }

    /// How many courses the path has, with those that you may not see. Cost: 1, batched.
    async fn course_count(&self, ctx: &Context<'_>) -> async_graphql::Result<usize> {
        let courses = ctx.fetch(PathCoursesOf(self.key)).await?;
        Ok(courses.map_or(0, |courses| courses.len()))
    }

    /// That you follow the path, or did; null for who never has. Requires: `learning_records.read` for yourself. Cost: 1, batched.
    async fn viewer_enrollment(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Option<Arc<PathEnrollment>>> {
        Ok(own_enrollment(ctx, self.key).await?)
    }

    /// Who follows the path or did, as far as you may see it, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches, but for the reach `taught`. Cost: 1 for each row asked for; batched.
    async fn enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<PathEnrollmentConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(path_enrollments::page_of(ctx, PathParent::Path(self.key), args).await?)
    }

    /// What the viewer may do with the path, decided by the same policies that guard the mutations. Cost: 1.
    async fn viewer_can(&self, ctx: &Context<'_>) -> LearningPathAccess {
        let facts = Facts::of(Kind::Course, self.key.org);
        let mut verdicts = Verdicts::of(ctx, self.key.org);
        LearningPathAccess {
            update: verdicts.may(Permission::CoursesUpdate, facts),
            publish: verdicts.may(Permission::CoursesPublish, facts),
            refusals: verdicts.refusals(),
        }
    }
}
