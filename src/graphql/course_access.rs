//! What a viewer may do with a course, and with what belongs to all of it.

use super::support::operation::Ask;
use super::support::{AccessRefusal, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::domain::courses::store::Taught;
use crate::kernel::error::Result;
use crate::kernel::ids::CourseKey;
use async_graphql::{Context, SimpleObject};

/// What the viewer may do with a course.
#[derive(Clone, Debug, SimpleObject)]
pub struct CourseAccess {
    /// Whether the viewer may edit the draft.
    pub update: bool,
    /// Whether the viewer may publish the draft.
    pub publish: bool,
    /// Whether the viewer may read the draft's answer keys.
    pub read_answer_keys: bool,
    /// Why not, for each of these that is false.
    pub refusals: Vec<AccessRefusal>,
}

/// What decisions about a course look at.
pub fn facts(course: CourseKey, taught: bool) -> Facts {
    Facts::of(Kind::Course, course.org).related(Relation {
        taught,
        ..Relation::default()
    })
}

/// Whether the viewer may edit a course.
pub async fn is_editable(ctx: &Context<'_>, course: CourseKey) -> Result<bool> {
    let taught = is_taught(ctx, course).await?;
    Ok(Verdicts::of(ctx, course.org).may(Permission::CoursesUpdate, facts(course, taught)))
}

/// Whether the viewer reads the learning records of all of a course.
pub async fn reads_all_records(ctx: &Context<'_>, course: CourseKey) -> Result<bool> {
    let standing = ctx.viewer().in_org(course.org);
    let reach = standing.map(|standing| standing.reach(Permission::LearningRecordsRead));
    Ok(match reach {
        Some(reach) => reach.all || reach.taught && is_taught(ctx, course).await?,
        None => false,
    })
}

/// Whether the viewer teaches a course.
pub async fn is_taught(ctx: &Context<'_>, course: CourseKey) -> Result<bool> {
    match ctx.viewer().in_org(course.org) {
        Some(standing) => Ok(ctx.fetch(Taught(course, standing.member)).await?.is_some()),
        None => Ok(false),
    }
}
