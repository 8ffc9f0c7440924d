//! `CourseReview`: edges, connection.

use super::support::connection::Count;
use super::support::{Ask, Paged};
use crate::auth::permission::Permission;
use crate::connection;
use crate::domain::members::Member;
use crate::domain::record_lists::{IdRange, Seen};
use crate::domain::reviews::CourseReview;
use crate::domain::reviews::lists::{ReviewPage, ReviewsOf};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, CourseReviewKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(
    CourseReviewConnection,
    CourseReviewEdge,
    Arc<CourseReview>,
    "reviews"
);

#[ComplexObject]
impl CourseReview {
    /// The review's global identifier. Cost: 1.
    pub async fn id(&self) -> CourseReviewKey {
        self.key
    }

    /// Its author; null where you may not know of them. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        let key = self.member_key();
        match View::of(ctx.viewer(), self.key.org, Permission::MembersRead) {
            Some(view) => Ok(ctx.fetch(Seen { key, view }).await?),
            None => Ok(None),
        }
    }

    /// Whether it is your own. Cost: 1.
    async fn is_own(&self, ctx: &Context<'_>) -> bool {
        let standing = ctx.viewer().in_org(self.key.org);
        standing.is_some_and(|standing| standing.member == self.member_id)
    }
}

/// Reads a page of a course's reviews, the newest first; nothing for outsiders.
pub async fn page(
    ctx: &Context<'_>,
    course: CourseKey,
    with_hidden: bool,
    args: PageArgs,
) -> Result<CourseReviewConnection> {
    let name = format!("reviews {course:?}");
    let page = ctx.page(&args, &name)?;
    let keyring = &ctx.app().keyring;
    let cursor = |review: &Arc<CourseReview>| [review.key.id.0.to_string()];
    let Some(standing) = ctx.viewer().in_org(course.org) else {
        let none: Count = Box::new(|_| Box::pin(async { Ok(0) }));
        return Ok(Paged::new(keyring, &name, page.slice(Vec::new()), cursor, none).into());
    };
    let list = ReviewsOf {
        course,
        reader: standing.member,
        with_hidden,
    };
    let range = IdRange::of(&page)?;
    let slice = ctx.fetch_one(ReviewPage { list, page, range }).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    Ok(Paged::new(keyring, &name, slice, cursor, count).into())
}

/// Whether somebody who sees a review's course sees the review.
pub fn is_seen(ctx: &Context<'_>, review: &CourseReview, with_hidden: bool) -> bool {
    let standing = ctx.viewer().in_org(review.key.org);
    standing.is_some_and(|standing| {
        with_hidden || review.hidden_at.is_none() || standing.member == review.member_id
    })
}
