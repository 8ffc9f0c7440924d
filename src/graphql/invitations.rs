//! `Invitation`: fields, edges, the preview for its holder, sending and accepting.

use super::support::Paged;
use super::support::connection::Count;
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::invited::{self, Invited};
use crate::auth::permission::Permission;
use crate::db::paginate::CursorValue;
use crate::domain::bulk::ErrorPolicy;
use crate::domain::invitations::accept::accept;
use crate::domain::invitations::send::{NewInvitation, SentRow, send};
use crate::domain::invitations::store::{InvitationList, InvitationPage};
use crate::domain::invitations::{Invitation, InvitationState};
use crate::domain::members::Member;
use crate::domain::mutate::Entry;
use crate::domain::organizations::Organization;
use crate::domain::record_lists::Seen;
use crate::domain::refusal::Refusal;
use crate::domain::roles::Role;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{InvitationKey, Key, MemberKey, OrgId, OrganizationKey, RoleKey};
use crate::kernel::page::PageArgs;
use crate::kernel::secret::{Token, TokenKind};
use crate::{connection, inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

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
    /// Whether it may be accepted still: neither used nor revoked nor past its time. Cost: 1.
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

async fn look_up(ctx: &Context<'_>, token: &str) -> Result<Option<Invited>> {
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

/// Who is to be invited as what.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationInput {
    /// The address; only the account of this address can accept.
    pub email: String,
    /// The role that awaits.
    pub role_id: ID,
    /// Your own name for this row, given back with its result.
    pub client_key: Option<String>,
}

/// What `invitationsSend` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationsSendInput {
    /// The organisation that invites.
    pub organization_id: ID,
    /// Whom to invite: 1 to 250.
    pub invitations: Vec<InvitationInput>,
    /// What becomes of the other rows where some cannot be sent.
    #[graphql(default)]
    pub error_policy: ErrorPolicy,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no tokens.
    pub idempotency_key: Option<String>,
}

/// What `invitationAccept` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationAcceptInput {
    /// The invitation's token, `lyc_inv_…`.
    pub token: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(InvitationsSendInput, InvitationAcceptInput);

/// What became of one row of `invitationsSend`.
#[derive(Clone, Debug, SimpleObject)]
pub struct InvitationsSendResult {
    /// Your own name for the row.
    pub client_key: Option<String>,
    /// Which row of the input, from 0.
    pub index: i32,
    /// The invitation; null where the row was refused.
    pub invitation: Option<Arc<Invitation>>,
    /// The invitation's token, which is mailed to the invited address too, for you to hand over in another way. It is shown
    /// this once: null when the request is sent again with its idempotency key, and where the row was refused.
    pub token: Option<String>,
    /// What to correct in the row; empty when the invitation was sent.
    pub user_errors: Vec<InvitationsSendUserError>,
}

payload! {
    /// What `invitationsSend` answers.
    InvitationsSendPayload {
        /// One for each row of the input, in its order; null where nothing was sent.
        results: Vec<InvitationsSendResult>,
    }
    InvitationsSendUserError, InvitationsSendErrorCode {
        NotFound, Invalid, Taken, AlreadyMember, RoleNotAllowed, IdempotencyMismatch
    }
}

payload! {
    /// What `invitationAccept` answers.
    InvitationAcceptPayload {
        /// Yourself in the organisation that you have joined.
        member: Arc<Member>,
        /// The organisation that you have joined.
        organization: Arc<Organization>,
    }
    InvitationAcceptUserError, InvitationAcceptErrorCode {
        NotFound, Invalid, InvitationSpent, WrongAddress, EmailNotVerified, AlreadyMember, IdempotencyMismatch
    }
}

/// The mutations on invitations.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites people to join an organisation. Each invitation is for one address and one role, good once and for 14 days.
    /// Its token is mailed to the address, and is in the answer.
    ///
    /// An address has one open invitation in an organisation: another takes the place of the former, if you may manage that
    /// one. Only an owner invites owners; who may invite with the reach `managed` alone invites learners.
    ///
    /// Requires: `invitations.manage`. Cost: 1 for each row; SQL statements do not depend on the rows.
    async fn invitations_send(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom to invite as what.")] input: InvitationsSendInput,
    ) -> async_graphql::Result<Option<InvitationsSendPayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return InvitationsSendPayload::refused(refusals),
        };
        let row = |row: &InvitationInput| NewInvitation {
            email: row.email.clone(),
            role: RoleKey::parse(&row.role_id),
        };
        let rows: Vec<_> = input.invitations.iter().map(row).collect();
        let policy = input.error_policy;
        let done = ctx
            .operation()
            .mutate("invitationsSend", org.0, &input, move |write| {
                Box::pin(async move { send(write, &rows, policy).await })
            });
        match done.await? {
            Ok(sent) => Ok(Some(InvitationsSendPayload {
                results: Some(results(ctx, &input, sent).await?),
                ..Default::default()
            })),
            Err(refusals) => InvitationsSendPayload::refused(refusals),
        }
    }

    /// Accepts an invitation to your address: you become a member of the organisation, with the invited role.
    ///
    /// Requires: to be signed in with the account of the invited address, and to have verified it. Cost: 1.
    async fn invitation_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: InvitationAcceptInput,
    ) -> async_graphql::Result<Option<InvitationAcceptPayload>> {
        signed_in(ctx)?;
        let Some(invited) = look_up(ctx, &input.token).await? else {
            return InvitationAcceptPayload::refused(vec![Refusal::not_found("token")]);
        };
        let key = invited.key();
        let done = ctx.operation().mutate_as(
            Entry::Newcomer(invited),
            "invitationAccept",
            key.org,
            &input,
            move |write| Box::pin(async move { accept(write, key).await }),
        );
        match done.await? {
            Ok(member) => {
                ctx.operation().joined(member).await?;
                Ok(Some(InvitationAcceptPayload {
                    member: ctx.fetch(member).await?,
                    organization: ctx.fetch(OrganizationKey(member.org)).await?,
                    ..Default::default()
                }))
            }
            Err(refusals) => InvitationAcceptPayload::refused(refusals),
        }
    }
}

/// Puts what became of each row beside the row's own name.
async fn results(
    ctx: &Context<'_>,
    input: &InvitationsSendInput,
    sent: Vec<SentRow>,
) -> async_graphql::Result<Vec<InvitationsSendResult>> {
    let rows = input.invitations.iter().zip(sent).enumerate();
    let result = |(index, (row, sent)): (usize, (&InvitationInput, SentRow))| {
        let client_key = row.client_key.clone();
        async move {
            let refused = InvitationsSendPayload::refused(sent.refusals)?.unwrap_or_default();
            let invitation = match sent.invitation {
                Some(key) => find(ctx, key).await?,
                None => None,
            };
            Ok::<_, async_graphql::Error>(InvitationsSendResult {
                client_key,
                index: i32::try_from(index)?,
                invitation,
                token: sent.token.map(|token| token.expose().to_owned()),
                user_errors: refused.user_errors,
            })
        }
    };
    futures_util::future::try_join_all(rows.map(result)).await
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
