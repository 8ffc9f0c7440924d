//! `Identity`: whom a service means by the signed-in person.

use super::support::operation::Ask;
use crate::domain::accounts::identities::{Identity, list};
use crate::kernel::error::Result;
use crate::kernel::ids::IdentityKey;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

#[ComplexObject]
impl Identity {
    /// The identity's global identifier. Cost: 1.
    pub async fn id(&self) -> IdentityKey {
        IdentityKey(self.identity)
    }
}

/// Finds an identity of the viewer's.
pub async fn find(ctx: &Context<'_>, key: IdentityKey) -> Result<Option<Arc<Identity>>> {
    ctx.fetch(key).await
}

/// The identities of the viewer, the oldest first.
pub async fn of_viewer(ctx: &Context<'_>) -> Result<Vec<Arc<Identity>>> {
    let user = ctx.viewer().account()?.user;
    ctx.reader().run(|conn| list(conn, user)).await
}
