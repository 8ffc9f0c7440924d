//! `Invitation`: fields, edges, and the preview for its holder.

use super::support::connection::Count;
use super::support::operation::Ask;
use super::support::{AccessRefusal, Paged, Verdicts};
use crate::auth::invited::{self, Invited};
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::invitations::model::facts_of_sent;
use crate::domain::invitations::store::{InvitationList, InvitationPage};
use crate::domain::invitations::{Invitation, InvitationState};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::Seen;
use crate::domain::roles::Role;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{InvitationKey, MemberKey, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use crate::kernel::secret::{Token, TokenKind};
use async_graphql::{ComplexObject, Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What the viewer may do with an invitation, in the state in which it is.
#[derive(Clone, Debug, SimpleObject)]
pub struct InvitationAccess {
    /// Whether the viewer may send it again. Cost: 1.
    pub resend: bool,
    /// Whether the viewer may take it back. Cost: 1.
    pub revoke: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

connection!(
    InvitationConnection,
    InvitationEdge,
    Arc<Invitation>,
    "invitations"
);

/// How far the viewer sees an organisation's invitations; `None` for who sees none.
pub fn view(ctx: &Context<'_>, org: OrgId) -> Option<View> {
    View::of(ctx.viewer(), org, Permission::InvitationsManage).filter(|view| view.reach.is_some())
}

/// Finds an invitation that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: InvitationKey) -> Result<Option<Arc<Invitation>>> {
    match view(ctx, key.org) {
        Some(view) => ctx.fetch(Seen { key, view }).await,
        None => Ok(None),
    }
}

#[ComplexObject]
impl Invitation {
    /// The invitation's global identifier; its token is another thing, and is shown once. Cost: 1.
    pub async fn id(&self) -> InvitationKey {
        self.key
    }

    /// Where the invitation stands. Cost: 1.
    async fn state(&self, ctx: &Context<'_>) -> InvitationState {
        self.state_at(ctx.app().clock.now())
    }

    /// The role that awaits. Cost: 1, batched.
    async fn role(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Role>> {
        Ok(ctx.fetch_one(self.role_key()).await?)
    }

    /// Who sent the invitation. Cost: 1, batched.
    async fn invited_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.sender()).await?)
    }

    /// Who joined by the invitation; null before somebody did. Cost: 1, batched.
    async fn accepted_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.accepted_by {
            Some(member) => Ok(ctx.fetch(MemberKey::new(self.key.org, member)).await?),
            None => Ok(None),
        }
    }

    /// What the viewer may do with the invitation, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<InvitationAccess> {
        let permission = Permission::InvitationsManage;
        let standing = ctx.viewer().in_org(self.key.org);
        let role = ctx.fetch_one(self.role_key()).await?;
        let is_mine = standing.is_some_and(|standing| standing.key() == self.sender());
        let mut facts = facts_of_sent(self.key.org, is_mine, role.is_owner());
        let mut verdicts = Verdicts::of(ctx, self.key.org);
        let revokes = verdicts.may(permission, facts);
        facts.exceeds = standing.is_some_and(|standing| role.exceeds(standing, permission));
        let resends = revokes && verdicts.may(permission, facts);
        let is_pending = self.stored_state == InvitationState::Pending;
        Ok(InvitationAccess {
            resend: is_pending && resends,
            revoke: is_pending && revokes,
            refusals: verdicts.refusals(),
        })
    }

    /// The organisation that invites. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }
}

/// Reads a page of the invitations that a view shows, the newest first.
pub async fn page(ctx: &Context<'_>, view: View, args: PageArgs) -> Result<InvitationConnection> {
    let name = format!("invitations {:?}", view.org);
    let page = ctx.page(&args, &name)?;
    let list = InvitationList(view);
    let rows = ctx.fetch_one(InvitationPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |invitation: &Arc<Invitation>| [invitation.created_at.write(), invitation.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
}

/// What an invitation's token opens, for whoever holds it.
#[derive(Clone, Debug, SimpleObject)]
pub struct InvitationPreview {
    /// The name of the organisation that invites. Cost: 1.
    pub organization_name: String,
    /// The name of the role that awaits. Cost: 1.
    pub role_name: String,
    /// Until when the invitation may be accepted. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// Whether it may be accepted still: neither used, declined nor revoked, nor past its time. Cost: 1.
    pub is_open: bool,
    /// The invited address with its middle hidden, so that its owner knows with which account to sign in. Cost: 1.
    pub email_hint: String,
}

impl From<Invited> for InvitationPreview {
    fn from(invited: Invited) -> Self {
        Self {
            email_hint: masked(&invited.email),
            organization_name: invited.organization_name,
            role_name: invited.role_name,
            expires_at: invited.expires_at,
            is_open: invited.is_open,
        }
    }
}

/// Hides all of an address but its first letter and its domain.
fn masked(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or((email, ""));
    let first = local.chars().next().filter(|_| local.chars().count() > 1);
    format!("{}***@{domain}", first.map(String::from).unwrap_or_default())
}

/// Finds the invitation of a token.
pub async fn look_up(ctx: &Context<'_>, token: &str) -> Result<Option<Invited>> {
    match Token::parse(TokenKind::Invitation, token) {
        Some(token) => invited::look_up(&ctx.app().db, &token.hash()).await,
        None => Ok(None),
    }
}

/// The root field about invitations.
#[derive(Default)]
pub struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// Shows what an invitation is about to whoever holds its token, signed in or not; null for a token of none.
    ///
    /// Requires: nothing. Cost: 1; one SQL statement.
    async fn invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The invitation's token, `lyc_inv_…`.")] token: String,
    ) -> async_graphql::Result<Option<InvitationPreview>> {
        Ok(look_up(ctx, &token).await?.map(InvitationPreview::from))
    }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_masked_address_shows_its_first_letter_and_its_domain() {
        for (email, hint) in [
            ("ada@example.org", "a***@example.org"),
            ("a@example.org", "***@example.org"),
            ("élan@example.org", "é***@example.org"),
        ] {
            assert_eq!(masked(email), hint);
        }
    }
}
