//! How an organisation is found.

use super::support::Ask;
use crate::domain::organizations::{Organization, by_slug};
use crate::kernel::error::Error;
use crate::kernel::ids::{Key, OrganizationKey};
use async_graphql::{Context, ID, Object, Result};
use std::sync::Arc;

/// The root field about organisations.
#[derive(Default)]
pub struct OrganizationQuery;

#[Object]
impl OrganizationQuery {
    /// Finds an organisation by its id or by its slug; give one of the two. Null when there is none that you may see.
    ///
    /// Requires: membership, or nothing where the organisation is open; who is no member sees of an open organisation its
    /// name, its slug and its public courses. Cost: 1; one SQL statement.
    async fn organization(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The organisation's global identifier.")] id: Option<ID>,
        #[graphql(desc = "The organisation's slug.")] slug: Option<String>,
    ) -> Result<Option<Arc<Organization>>> {
        match (id, slug) {
            (Some(id), None) => match OrganizationKey::parse(&id) {
                Some(key) => Ok(ctx.seen(key.0, ctx.fetch(key).await?)),
                None => Ok(None),
            },
            (None, Some(slug)) => Ok(by_slug(&ctx.reader(), &slug).await?),
            _ => Err(Error::BadInput("Give `id` or `slug`, one of the two.".into()).into()),
        }
    }
}
