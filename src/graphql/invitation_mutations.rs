//! The mutations on invitations.

use super::invitations::{find, look_up};
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::domain::bulk::ErrorPolicy;
use crate::domain::invitations::accept::{accept, decline};
use crate::domain::invitations::send::{NewInvitation, SentRow, send};
use crate::domain::invitations::{Invitation, moves};
use crate::domain::members::Member;
use crate::domain::mutate::Entry;
use crate::domain::organizations::Organization;
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{InvitationKey, Key, OrganizationKey, RoleKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use std::sync::Arc;

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

/// What `invitationDecline` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationDeclineInput {
    /// The invitation's token, `lyc_inv_…`.
    pub token: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `invitationResend` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationResendInput {
    /// The invitation.
    pub invitation_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no token.
    pub idempotency_key: Option<String>,
}

/// What `invitationRevoke` takes.
#[derive(Clone, Debug, InputObject)]
pub struct InvitationRevokeInput {
    /// The invitation.
    pub invitation_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    InvitationsSendInput,
    InvitationAcceptInput,
    InvitationDeclineInput,
    InvitationResendInput,
    InvitationRevokeInput,
);

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
        NotFound, Invalid, Taken, AlreadyMember, RoleNotAllowed, RateLimited, IdempotencyMismatch
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

payload! {
    /// What `invitationDecline` answers.
    InvitationDeclinePayload {
        /// The identifier of the invitation that you have declined.
        invitation_id: InvitationKey,
    }
    InvitationDeclineUserError, InvitationDeclineErrorCode {
        NotFound, Invalid, InvitationSpent, WrongAddress, EmailNotVerified, IdempotencyMismatch
    }
}

payload! {
    /// What `invitationResend` answers.
    InvitationResendPayload {
        /// The invitation with its new term.
        invitation: Arc<Invitation>,
        /// The invitation's new token, which is mailed to the invited address too; shown this once, null when the request is
        /// sent again with its idempotency key.
        token: String,
    }
    InvitationResendUserError, InvitationResendErrorCode {
        NotFound, Invalid, InvalidState, RoleNotAllowed, RateLimited, IdempotencyMismatch
    }
}

payload! {
    /// What `invitationRevoke` answers.
    InvitationRevokePayload {
        /// The invitation, which opens nothing any more.
        invitation: Arc<Invitation>,
    }
    InvitationRevokeUserError, InvitationRevokeErrorCode {
        NotFound, Invalid, InvalidState, IdempotencyMismatch
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
    /// An address is sent five invitations by an organisation and ten by all of them, then one an hour and one every half hour;
    /// an organisation sends 2,500, then one every five seconds. Rows beyond that are refused with `RATE_LIMITED`.
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

    /// Accepts an invitation to your address: you become a member of the organisation, with the invited role. It is good as long as
    /// who sent it is an active member who may give that role.
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

    /// Declines an invitation to your address: its token opens nothing any more, and whoever sent it sees that you did.
    ///
    /// Requires: to be signed in with the account of the invited address, and to have verified it. Cost: 1.
    async fn invitation_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: InvitationDeclineInput,
    ) -> async_graphql::Result<Option<InvitationDeclinePayload>> {
        signed_in(ctx)?;
        let Some(invited) = look_up(ctx, &input.token).await? else {
            return InvitationDeclinePayload::refused(vec![Refusal::not_found("token")]);
        };
        let key = invited.key();
        let done = ctx.operation().mutate_as(
            Entry::Newcomer(invited),
            "invitationDecline",
            key.org,
            &input,
            move |write| Box::pin(async move { decline(write, key).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(InvitationDeclinePayload {
                invitation_id: Some(key),
                ..Default::default()
            })),
            Err(refusals) => InvitationDeclinePayload::refused(refusals),
        }
    }

    /// Sends a pending or expired invitation again, with another token and a new term of 14 days. The former token opens
    /// nothing any more. It counts as another invitation to the address: see `invitationsSend`.
    ///
    /// Requires: `invitations.manage`, and that you may give its role. Cost: 1.
    async fn invitation_resend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: InvitationResendInput,
    ) -> async_graphql::Result<Option<InvitationResendPayload>> {
        signed_in(ctx)?;
        let invitation: InvitationKey = match key(&input.invitation_id, "invitationId") {
            Ok(key) => key,
            Err(refusals) => return InvitationResendPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("invitationResend", invitation.org, &input, move |write| {
                Box::pin(async move { moves::resend(write, invitation).await })
            });
        match done.await? {
            Ok(resent) => Ok(Some(InvitationResendPayload {
                invitation: find(ctx, resent.invitation).await?,
                token: resent.token.map(|token| token.expose().to_owned()),
                ..Default::default()
            })),
            Err(refusals) => InvitationResendPayload::refused(refusals),
        }
    }

    /// Takes a pending or expired invitation back.
    ///
    /// Requires: `invitations.manage`. Cost: 1.
    async fn invitation_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: InvitationRevokeInput,
    ) -> async_graphql::Result<Option<InvitationRevokePayload>> {
        signed_in(ctx)?;
        let invitation: InvitationKey = match key(&input.invitation_id, "invitationId") {
            Ok(key) => key,
            Err(refusals) => return InvitationRevokePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("invitationRevoke", invitation.org, &input, move |write| {
                Box::pin(async move { moves::revoke(write, invitation).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(InvitationRevokePayload {
                invitation: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => InvitationRevokePayload::refused(refusals),
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
