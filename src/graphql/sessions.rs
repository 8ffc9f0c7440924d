//! `Session`: where a person is signed in.

use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::connection;
use crate::domain::accounts::{Session, sessions};
use crate::kernel::error::Result;
use crate::kernel::ids::SessionKey;
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(SessionConnection, SessionEdge, Arc<Session>, "sessions");

#[ComplexObject]
impl Session {
    /// The session's global identifier; its tokens are another thing. Cost: 1.
    pub async fn id(&self) -> SessionKey {
        SessionKey(self.session)
    }

    /// Whether it is the session of the token that this request carries. Cost: 1.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        let current = ctx.viewer().person();
        current.is_some_and(|standing| standing.credential.any_session().ok() == Some(self.session))
    }
}

/// Reads a page of the viewer's open sessions, the newest first.
pub async fn page(ctx: &Context<'_>, args: PageArgs) -> Result<SessionConnection> {
    let user = ctx.viewer().account()?.user;
    let page = ctx.page(&args, "own sessions")?;
    let slice = sessions::page(&ctx.reader(), user, &page).await?;
    let count: Count = Box::new(move |reader| Box::pin(async move { sessions::count(&reader, user).await }));
    let cursor = |session: &Arc<Session>| [session.session.0.to_string()];
    Ok(Paged::new(&ctx.app().keyring, "own sessions", slice, cursor, count).into())
}
