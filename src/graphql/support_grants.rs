//! `SupportGrant`: fields and lists.

use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::connection;
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::IdRange;
use crate::domain::support_grants::{
    GrantList, GrantPage, GrantsOfOperator, SupportGrant, SupportGrantState,
};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey, SupportGrantKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use futures_util::future::try_join_all;
use std::sync::Arc;

connection!(
    SupportGrantConnection,
    SupportGrantEdge,
    Arc<SupportGrant>,
    "grants of support access"
);

#[ComplexObject]
impl SupportGrant {
    /// The grant's global identifier. Cost: 1.
    pub async fn id(&self) -> SupportGrantKey {
        self.key
    }

    /// The organisation; null where you may not see it, as an operator whom it has not let in. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Organization>>> {
        Ok(ctx.fetch(OrganizationKey(self.key.org)).await?)
    }

    /// What it is for. Cost: 1.
    #[graphql(name = "permissions")]
    async fn shown_permissions(&self) -> Vec<Permission> {
        self.permission_list()
    }

    /// Where it stands. Cost: 1.
    #[graphql(name = "state")]
    async fn shown_state(&self, ctx: &Context<'_>) -> SupportGrantState {
        self.state_at(ctx.app().clock.now())
    }

    /// Who of the organisation decided last; null while nobody has, where the operator took it back, and to who may not see
    /// the member. Cost: 1, batched.
    async fn decided_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.decider() {
            Some(member) => Ok(super::members::find(ctx, member).await?),
            None => Ok(None),
        }
    }
}

/// Whether the viewer decides on the grants of an organisation.
fn decides(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may(org, Permission::SupportGrantApprove)
}

/// Finds a grant that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: SupportGrantKey) -> Result<Option<Arc<SupportGrant>>> {
    let Ok(person) = ctx.viewer().account() else {
        return Ok(None);
    };
    let grant = ctx.fetch(key).await?;
    Ok(grant.filter(|grant| grant.operator_id == person.user || decides(ctx, key.org)))
}

/// Reads a page of an organisation's grants; nothing for who does not decide on them.
pub async fn page(ctx: &Context<'_>, org: OrgId, args: PageArgs) -> Result<Option<SupportGrantConnection>> {
    if !decides(ctx, org) {
        return Ok(None);
    }
    let name = format!("support grants of {org:?}");
    let page = ctx.page(&args, &name)?;
    let (list, range) = (GrantList(org), IdRange::of(&page)?);
    let rows = ctx.fetch_one(GrantPage(list, page.clone(), range)).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |grant: &Arc<SupportGrant>| [grant.key.id.0.to_string()];
    let slice = page.slice(rows.to_vec());
    Ok(Some(
        Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
    ))
}

/// The grants that the viewer has asked for as an operator, the newest first.
pub async fn asked_for(ctx: &Context<'_>) -> Result<Vec<Arc<SupportGrant>>> {
    let operator = ctx.viewer().account()?.user;
    let grants = ctx.fetch(GrantsOfOperator(operator)).await?;
    Ok(grants.map(|grants| grants.to_vec()).unwrap_or_default())
}

/// The grants by which the viewer is in organisations now.
pub async fn in_use(ctx: &Context<'_>) -> Result<Vec<Arc<SupportGrant>>> {
    let standings = ctx.viewer().person().into_iter().flat_map(|person| &person.orgs);
    let grants = standings.filter_map(|standing| standing.support());
    let grants = try_join_all(grants.map(|support| ctx.fetch(support.grant))).await?;
    Ok(grants.into_iter().flatten().collect())
}
