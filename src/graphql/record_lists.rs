//! Connections of learning records: what each of their nouns does alike.

use super::support::{Ask, Paged, connection::Count};
use crate::auth::permission::Permission;
use crate::db::Batch;
use crate::domain::record_lists::{ListOf, PageOf, Parent};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::page::{PageArgs, Slice};
use async_graphql::Context;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// Reads a page of what the viewer may see of a parent's records, batched with those of other parents.
pub async fn page_of<F, R>(
    ctx: &Context<'_>,
    name: &str,
    parent: Parent,
    filter: F,
    args: PageArgs,
    cursor: impl Fn(&Arc<R>) -> [String; 1],
) -> Result<Paged<Arc<R>>>
where
    F: Copy + Debug + Eq + Hash + Send + Sync + 'static,
    PageOf<F>: Batch<Value = Slice<Arc<R>>>,
    ListOf<F>: Batch<Value = i64>,
{
    let name = format!("{name} of {parent:?} {filter:?}");
    let page = ctx.page(&args, &name)?;
    let Some(view) = View::of(ctx.viewer(), parent.org(), Permission::LearningRecordsRead) else {
        let none: Count = Box::new(|_| Box::pin(async { Ok(0) }));
        return Ok(Paged::new(
            &ctx.app().keyring,
            &name,
            page.slice(Vec::new()),
            cursor,
            none,
        ));
    };
    let list = ListOf { parent, view, filter };
    let slice = ctx.fetch_one(PageOf::new(list, page)?).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count))
}
