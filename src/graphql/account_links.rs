//! `AccountLink`: fields, edges and lists.

use super::members;
use super::support::Paged;
use super::support::connection::Count;
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::Question;
use crate::auth::proposed;
use crate::connection;
use crate::domain::account_links::model::Linking;
use crate::domain::account_links::store::{self, LinkList};
use crate::domain::account_links::{AccountLink, AccountLinkState};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::kernel::error::Result;
use crate::kernel::ids::{AccountLinkKey, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context};
use std::sync::Arc;

connection!(
    AccountLinkConnection,
    AccountLinkEdge,
    Arc<AccountLink>,
    "account links"
);

/// Whether the viewer may link the accounts of an organisation's people.
fn may_link(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.viewer().in_org(org).is_some_and(|standing| {
        let question = Question {
            permission: Permission::MembersManage,
            facts: Linking::facts_in(org),
        };
        ctx.app().policies.decide(standing, question).allowed
    })
}

/// Finds a link that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: AccountLinkKey) -> Result<Option<Arc<AccountLink>>> {
    if may_link(ctx, key.org) || proposed_to_viewer(ctx, key).await?.is_some() {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// Finds a link that is for the viewer; nothing where an app asks.
pub async fn proposed_to_viewer(
    ctx: &Context<'_>,
    key: AccountLinkKey,
) -> Result<Option<proposed::Proposed>> {
    let Ok(person) = ctx.viewer().account() else {
        return Ok(None);
    };
    proposed::look_up(&ctx.app().db, &ctx.operation().statements, person.user, key).await
}

/// Reads a page of the links that an organisation proposed, the newest first; nothing for who may not know of them.
pub async fn page(ctx: &Context<'_>, org: OrgId, args: PageArgs) -> Result<Option<AccountLinkConnection>> {
    if !may_link(ctx, org) {
        return Ok(None);
    }
    let name = format!("account links {org:?}");
    Ok(Some(page_of(ctx, LinkList::Of(org), &name, args).await?))
}

/// Reads a page of the links that are for the viewer, the newest first.
pub async fn page_of_viewer(ctx: &Context<'_>, args: PageArgs) -> Result<AccountLinkConnection> {
    let user = ctx.viewer().account()?.user;
    page_of(ctx, LinkList::For(user), "own account links", args).await
}

async fn page_of(
    ctx: &Context<'_>,
    list: LinkList,
    name: &str,
    args: PageArgs,
) -> Result<AccountLinkConnection> {
    let page = ctx.page(&args, name)?;
    let slice = store::page(&ctx.reader(), list, &page).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |link: &Arc<AccountLink>| [link.key.id.0.to_string()];
    Ok(Paged::new(&ctx.app().keyring, name, slice, cursor, count).into())
}

#[ComplexObject]
impl AccountLink {
    /// The link's global identifier. Cost: 1.
    pub async fn id(&self) -> AccountLinkKey {
        self.key
    }

    /// Where it stands. Cost: 1.
    async fn state(&self, ctx: &Context<'_>) -> AccountLinkState {
        self.state_at(ctx.app().clock.now())
    }

    /// The organisation; null for who may not see it. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Organization>>> {
        Ok(ctx.fetch(OrganizationKey(self.key.org)).await?)
    }

    /// The member whose account it is, once it was accepted; null for who may not know of them. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.member_key() {
            Some(key) => Ok(members::find(ctx, key).await?),
            None => Ok(None),
        }
    }

    /// Who proposed it; null for who may not know of them. Cost: 1, batched.
    #[graphql(name = "proposedBy")]
    async fn proposing_member(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        Ok(members::find(ctx, self.proposer()).await?)
    }
}
