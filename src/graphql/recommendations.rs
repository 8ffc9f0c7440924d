//! `Recommendation`: courses that the viewer may want to take next.

use super::courses::Course;
use super::support::operation::Ask;
use crate::domain::recommendations::{self, MOST, Reason, RecommendationReasonKind};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::CourseKey;
use async_graphql::{Context, Object};

/// A course that you may want to take next, and why.
pub struct Recommendation(recommendations::Recommendation);

/// A course that you may want to take next, and why.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[Object]
impl Recommendation {
    /// The course. Cost: 1, from memory or batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Course> {
        Ok(course(ctx, self.0.course).await?)
    }

    /// Why it is recommended, the weightiest reason first; never empty. Cost: 1.
    async fn reasons(&self) -> Vec<RecommendationReason> {
        self.0.reasons.iter().cloned().map(RecommendationReason).collect()
    }
}

/// Why a course is recommended.
pub struct RecommendationReason(Reason);

/// Why a course is recommended.
///
/// Requires: seeing the recommendation. Cost: 1.
#[Object]
impl RecommendationReason {
    /// Of what kind the reason is. Cost: 1.
    async fn kind(&self) -> RecommendationReasonKind {
        self.0.kind
    }

    /// The interest of yours that the course is about, where the kind is `INTEREST`; null otherwise. Cost: 1.
    async fn tag(&self) -> Option<&str> {
        self.0.tag.as_deref()
    }

    /// The course that you completed, where the kind is `LIKE_COMPLETED` or `CONTINUES`; null otherwise. Cost: 1, from memory
    /// or batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Course>> {
        match self.0.course {
            Some(key) => Ok(Some(course(ctx, key).await?)),
            None => Ok(None),
        }
    }
}

async fn course(ctx: &Context<'_>, key: CourseKey) -> Result<Course> {
    let row = ctx.app().faces.find_of_record(&ctx.reader(), key).await?;
    Ok(Course::from(row))
}

/// Recommends courses to the viewer.
pub async fn of_viewer(ctx: &Context<'_>, first: Option<i32>) -> Result<Vec<Recommendation>> {
    let user = ctx.viewer().account()?.user;
    let first = first.map_or(MOST, i64::from);
    if !(1..=MOST).contains(&first) {
        let message = format!("`first` must be between 1 and {MOST}.");
        return Err(Error::BadInput(message));
    }
    let list = recommendations::list(&ctx.reader(), ctx.viewer(), user, first).await?;
    Ok(list.into_iter().map(Recommendation).collect())
}
