//! `OrganizationSecurityEvent`: what happened to members' accounts.

use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::security_events::{EventList, EventPage, OrganizationSecurityEvent};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey, OrganizationSecurityEventKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(
    OrganizationSecurityEventConnection,
    OrganizationSecurityEventEdge,
    Arc<OrganizationSecurityEvent>,
    "security events"
);

/// Whether the viewer may read an organisation's security events.
pub fn may_read(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may(org, Permission::SecurityRead)
}

/// Finds an event that the viewer may know of.
pub async fn find(
    ctx: &Context<'_>,
    key: OrganizationSecurityEventKey,
) -> Result<Option<Arc<OrganizationSecurityEvent>>> {
    if may_read(ctx, key.org) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

#[ComplexObject]
impl OrganizationSecurityEvent {
    /// The event's global identifier. Cost: 1.
    pub async fn id(&self) -> OrganizationSecurityEventKey {
        self.key
    }

    /// The member whose account it is; null where somebody from outside tried to get in. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.member_key() {
            Some(member) => Ok(ctx.fetch(member).await?),
            None => Ok(None),
        }
    }

    /// The organisation. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }
}

/// Reads a page of an organisation's security events, the newest first.
pub async fn page(
    ctx: &Context<'_>,
    org: OrgId,
    args: PageArgs,
) -> Result<OrganizationSecurityEventConnection> {
    let name = format!("security events {org:?}");
    let page = ctx.page(&args, &name)?;
    let list = EventList(org);
    let rows = ctx.fetch_one(EventPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |event: &Arc<OrganizationSecurityEvent>| [event.at.write(), event.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
}
