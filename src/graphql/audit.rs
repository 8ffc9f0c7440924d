//! `AuditEntry`: edges and connection.

use super::support::{Ask, Paged, connection::Count};
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::audit::{AuditEntry, AuditFilter, AuditList, AuditPage, SeenEntry};
use crate::domain::members::Member;
use crate::domain::members::store::MemberOfUser;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::IdRange;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{AuditEntryKey, Key, MemberId, MemberKey, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use async_graphql::types::Json;
use async_graphql::{ComplexObject, Context, ID, InputObject};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

connection!(
    AuditEntryConnection,
    AuditEntryEdge,
    Arc<AuditEntry>,
    "audit entries"
);

#[ComplexObject]
impl AuditEntry {
    /// The entry's global identifier. Cost: 1.
    pub async fn id(&self) -> AuditEntryKey {
        self.key
    }

    /// The entry's place in the organisation's chain, from 1, in decimal digits; null for the moment before it is sealed.
    /// Cost: 1.
    #[graphql(name = "sequence")]
    async fn shown_sequence(&self) -> Option<String> {
        self.sequence.map(|sequence| sequence.to_string())
    }

    /// Who did it, as a member; null where the service itself did, or somebody who was no member yet. Cost: 1, batched.
    async fn actor(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.actor_id {
            Some(user) => Ok(ctx.fetch(MemberOfUser(self.key.org, user)).await?),
            None => Ok(None),
        }
    }

    /// Further references, by action. Cost: 1.
    #[graphql(name = "detail")]
    async fn listed_detail(&self) -> Json<Value> {
        self.shown_detail()
    }

    /// SHA-256 over the former entry's seal and this entry, in hexadecimal digits; null for the moment before it is sealed.
    /// Cost: 1.
    #[graphql(name = "seal")]
    async fn shown_seal(&self) -> Option<String> {
        self.seal.as_ref().map(hex::encode)
    }

    /// The organisation that it was done in. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }
}

/// Which audit entries a list has.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "AuditFilter")]
pub struct AuditFilterInput {
    /// Only what this member did, by their id.
    pub actor_id: Option<ID>,
    /// Only this action; with a dot at the end, such as `course.`, all actions that begin so.
    pub action: Option<String>,
    /// Only what was done to this, by its identifier.
    pub target_id: Option<ID>,
    /// Only what was done at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Only what was done before this time.
    pub until: Option<DateTime<Utc>>,
}

/// How far the viewer sees an organisation's audit; nothing for who sees nothing of it.
fn view(ctx: &Context<'_>, org: OrgId) -> Option<View> {
    View::of(ctx.viewer(), org, Permission::AuditRead).filter(|view| view.reach.all || view.reach.own)
}

/// Finds an entry that the viewer may see.
pub async fn find(ctx: &Context<'_>, key: AuditEntryKey) -> Result<Option<Arc<AuditEntry>>> {
    match view(ctx, key.org) {
        Some(view) => ctx.fetch(SeenEntry(key, view)).await,
        None => Ok(None),
    }
}

/// Reads a page of an organisation's audit; nothing for who may see nothing of it.
pub async fn page(
    ctx: &Context<'_>,
    org: OrgId,
    filter: AuditFilterInput,
    args: PageArgs,
) -> Result<Option<AuditEntryConnection>> {
    let Some(view) = view(ctx, org) else {
        return Ok(None);
    };
    let name = format!("audit of {org:?} {filter:?}");
    let page = ctx.page(&args, &name)?;
    // An id that names no member of this organisation matches nothing.
    let member = |id: ID| {
        let member = MemberKey::parse(&id).filter(|member| member.org == org);
        member.map_or(MemberId(uuid::Uuid::nil()), |member| member.id)
    };
    let filter = AuditFilter {
        actor: filter.actor_id.map(member),
        action: filter.action,
        target: filter.target_id.map(|id| id.0),
        since: filter.since,
        until: filter.until,
    };
    let list = AuditList { view, filter };
    let range = IdRange::of(&page)?;
    let rows = ctx
        .fetch_one(AuditPage(list.clone(), page.clone(), range))
        .await?;
    let count: Count = Box::new(move |reader| {
        let list = list.clone();
        Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) })
    });
    let cursor = |entry: &Arc<AuditEntry>| [entry.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Some(
        Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
    ))
}
