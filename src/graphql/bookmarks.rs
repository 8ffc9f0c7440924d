//! `Bookmark`: units that the viewer keeps.

use super::content::Unit;
use super::support::connection::Count;
use super::support::{Ask, Paged};
use crate::connection;
use crate::domain::bookmarks::{Bookmark, count_own, list_own};
use crate::domain::enrollments::Enrollment;
use crate::kernel::error::Result;
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(BookmarkConnection, BookmarkEdge, Arc<Bookmark>, "bookmarks");

#[ComplexObject]
impl Bookmark {
    /// The enrolment that the bookmark belongs to. Cost: 1, batched.
    async fn enrollment(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Enrollment>> {
        Ok(ctx.fetch_one(self.enrollment_key()).await?)
    }

    /// The unit, in your edition of the course; null where that no longer has it. Cost: 1, batched.
    async fn unit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Unit>> {
        let enrollment = ctx.fetch_one(self.enrollment_key()).await?;
        let contents = &ctx.app().contents;
        let revision = contents.find(&ctx.reader(), enrollment.revision_key()).await?;
        Ok(Unit::find(&revision, self.unit_key()))
    }
}

/// Reads a page of the viewer's bookmarks in all of their organisations.
pub async fn page_of_viewer(ctx: &Context<'_>, args: PageArgs) -> Result<BookmarkConnection> {
    let list = "own bookmarks";
    let page = ctx.page(&args, list)?;
    let slice = list_own(&ctx.reader(), ctx.viewer(), &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let viewer = viewer.clone();
        Box::pin(async move { count_own(&reader, &viewer).await })
    });
    let cursor = |bookmark: &Arc<Bookmark>| [bookmark.key.id.0.to_string()];
    Ok(Paged::new(&ctx.app().keyring, list, slice, cursor, count).into())
}
