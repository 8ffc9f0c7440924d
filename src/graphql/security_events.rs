//! `SecurityEvent`: what happened to an account.

use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::connection;
use crate::domain::accounts::{SecurityEvent, Session, events};
use crate::kernel::error::Result;
use crate::kernel::ids::{SecurityEventKey, SessionKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(
    SecurityEventConnection,
    SecurityEventEdge,
    Arc<SecurityEvent>,
    "security events"
);

#[ComplexObject]
impl SecurityEvent {
    /// The event's global identifier. Cost: 1.
    pub async fn id(&self) -> SecurityEventKey {
        SecurityEventKey(self.event)
    }

    /// The session that it happened in or to; null where there is none, or none any more. Cost: 1, batched.
    async fn session(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Session>>> {
        match self.session_id {
            Some(session) => Ok(ctx.fetch(SessionKey(session)).await?),
            None => Ok(None),
        }
    }
}

/// Reads a page of what happened to the viewer's account, the newest first.
pub async fn page(ctx: &Context<'_>, args: PageArgs) -> Result<SecurityEventConnection> {
    let user = ctx.viewer().account()?.user;
    let page = ctx.page(&args, "own security events")?;
    let slice = events::page(&ctx.reader(), user, &page).await?;
    let count: Count = Box::new(move |reader| Box::pin(async move { events::count(&reader, user).await }));
    let cursor = |event: &Arc<SecurityEvent>| [event.event.0.to_string()];
    Ok(Paged::new(&ctx.app().keyring, "own security events", slice, cursor, count).into())
}
