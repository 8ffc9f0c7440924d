//! Markdown as HTML, made where it holds nobody up.

use super::assets;
use crate::domain::content::Markdown;
use crate::domain::content::mentions::{address_assets, assets_in};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::OrgId;
use async_graphql::Context;
use std::collections::HashMap;
use tokio::sync::Semaphore;

/// Characters up to which a text is rendered at once.
const SHORT: usize = 4_000;
/// Long texts that are rendered at the same time.
static LONG: Semaphore = Semaphore::const_new(2);

/// A text as clean HTML. Files that it shows have no addresses.
pub async fn html(text: &Markdown) -> Result<String> {
    Ok(address_assets(rendered(text).await?, |_| None))
}

/// The same with addresses of the organisation's files that the viewer may read: the text is of a unit that is open to them.
pub async fn html_with_assets(ctx: &Context<'_>, org: OrgId, text: &Markdown) -> Result<String> {
    let mut addresses = HashMap::new();
    for key in assets_in(text.source(), org) {
        if let Some(asset) = assets::find_in_open_unit(ctx, key).await?
            && let Some(url) = assets::address(ctx, &asset).await?
        {
            addresses.insert(key, url);
        }
    }
    Ok(address_assets(rendered(text).await?, |key| {
        addresses.get(&key).cloned()
    }))
}

async fn rendered(text: &Markdown) -> Result<&str> {
    if text.source().len() > SHORT && text.rendered().is_none() {
        let _turn = LONG.acquire().await.map_err(Error::internal)?;
        let text = text.clone();
        let done = tokio::task::spawn_blocking(move || text.html().len());
        done.await.map_err(Error::internal)?;
    }
    Ok(text.html())
}
