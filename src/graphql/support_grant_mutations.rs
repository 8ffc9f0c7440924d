//! The mutations on support access.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use super::support_grants::find;
use crate::auth::permission::Permission;
use crate::domain::mutate::{Entry, Outcome};
use crate::domain::organizations::id_of_slug;
use crate::domain::refusal::Refusal;
use crate::domain::support_grants::SupportGrant;
use crate::domain::support_grants::write::{self, Asked};
use crate::kernel::error::Result;
use crate::kernel::ids::SupportGrantKey;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `supportGrantRequest` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SupportGrantRequestInput {
    /// The slug of the organisation that needs help: an operator knows no more of it.
    pub organization: String,
    /// Why it is needed, in 10 to 2,000 characters: what the organisation decides by.
    pub reason: String,
    /// What for. Name as little as will do.
    pub permissions: Vec<Permission>,
    /// For how many hours from the approval on, 1 to 72.
    pub hours: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `supportGrantApprove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SupportGrantApproveInput {
    /// The grant that is asked for.
    pub grant_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `supportGrantDecline` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SupportGrantDeclineInput {
    /// The grant that is asked for.
    pub grant_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `supportGrantRevoke` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SupportGrantRevokeInput {
    /// The grant, asked for or given.
    pub grant_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    SupportGrantRequestInput,
    SupportGrantApproveInput,
    SupportGrantDeclineInput,
    SupportGrantRevokeInput
);

payload! {
    /// What `supportGrantRequest` answers.
    SupportGrantRequestPayload {
        /// The grant that is asked for.
        grant: Arc<SupportGrant>,
    }
    SupportGrantRequestUserError, SupportGrantRequestErrorCode {
        NotFound, Invalid, InvalidState, AlreadyMember, SecondFactorRequired, IdempotencyMismatch
    }
}

payload! {
    /// What `supportGrantApprove` answers.
    SupportGrantApprovePayload {
        /// The grant, which is good from now on.
        grant: Arc<SupportGrant>,
    }
    SupportGrantApproveUserError, SupportGrantApproveErrorCode {
        NotFound, Invalid, InvalidState, AlreadyMember, IdempotencyMismatch
    }
}

payload! {
    /// What `supportGrantDecline` answers.
    SupportGrantDeclinePayload {
        /// The grant that was asked for.
        grant: Arc<SupportGrant>,
    }
    SupportGrantDeclineUserError, SupportGrantDeclineErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `supportGrantRevoke` answers.
    SupportGrantRevokePayload {
        /// The grant, which opens nothing any more.
        grant: Arc<SupportGrant>,
    }
    SupportGrantRevokeUserError, SupportGrantRevokeErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations on support access.
#[derive(Default)]
pub struct SupportGrantMutation;

#[Object]
impl SupportGrantMutation {
    /// Asks an organisation to let you in, as an operator of the platform, to help. It decides within seven days. Until then, and
    /// in any other way, you see no more of it than a stranger.
    ///
    /// Requires: to be an operator with a second factor; and a recent proof of who you are, see `stepUp`. Cost: 1.
    async fn support_grant_request(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, why, what for, and how long.")] input: SupportGrantRequestInput,
    ) -> async_graphql::Result<Option<SupportGrantRequestPayload>> {
        ctx.viewer().account()?;
        let Some(org) = id_of_slug(&ctx.app().db, &input.organization).await? else {
            return SupportGrantRequestPayload::refused(vec![Refusal::not_found("organization")]);
        };
        let asked = Asked {
            reason: input.reason.clone(),
            permissions: input.permissions.clone(),
            hours: input.hours,
        };
        let done = ctx.operation().mutate_as(
            Entry::Operator,
            "supportGrantRequest",
            org,
            &input,
            move |write| Box::pin(async move { write::request(write, &asked).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(SupportGrantRequestPayload {
                grant: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SupportGrantRequestPayload::refused(refusals),
        }
    }

    /// Lets the operator in who asks: as a member of the role `support` that has what the grant is for and nothing more, until its
    /// hours are over or somebody takes it back. Everything that they do, reading included, stands in the audit.
    ///
    /// Requires: `support.grant.approve`; and a recent proof of who you are, see `stepUp`. Cost: 1.
    async fn support_grant_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which grant.")] input: SupportGrantApproveInput,
    ) -> async_graphql::Result<Option<SupportGrantApprovePayload>> {
        signed_in(ctx)?;
        let grant: SupportGrantKey = match key(&input.grant_id, "grantId") {
            Ok(key) => key,
            Err(refusals) => return SupportGrantApprovePayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "supportGrantApprove",
            grant.org,
            &input,
            move |write| Box::pin(async move { write::approve(write, grant).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(SupportGrantApprovePayload {
                grant: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SupportGrantApprovePayload::refused(refusals),
        }
    }

    /// Does not let the operator in who asks.
    ///
    /// Requires: `support.grant.approve`. Cost: 1.
    async fn support_grant_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which grant.")] input: SupportGrantDeclineInput,
    ) -> async_graphql::Result<Option<SupportGrantDeclinePayload>> {
        signed_in(ctx)?;
        let grant: SupportGrantKey = match key(&input.grant_id, "grantId") {
            Ok(key) => key,
            Err(refusals) => return SupportGrantDeclinePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("supportGrantDecline", grant.org, &input, move |write| {
                Box::pin(async move { write::decline(write, grant).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SupportGrantDeclinePayload {
                grant: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SupportGrantDeclinePayload::refused(refusals),
        }
    }

    /// Takes a grant back, or a request for one: from the answer on the operator is out on this node, and within a second on every
    /// other.
    ///
    /// Requires: `support.grant.approve`, or to be the operator. Cost: 1.
    async fn support_grant_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which grant.")] input: SupportGrantRevokeInput,
    ) -> async_graphql::Result<Option<SupportGrantRevokePayload>> {
        signed_in(ctx)?;
        let grant: SupportGrantKey = match key(&input.grant_id, "grantId") {
            Ok(key) => key,
            Err(refusals) => return SupportGrantRevokePayload::refused(refusals),
        };
        match revoke(ctx, grant, &input).await? {
            Ok(key) => Ok(Some(SupportGrantRevokePayload {
                grant: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SupportGrantRevokePayload::refused(refusals),
        }
    }
}

/// Takes a grant back as who the viewer is in its organisation: a member of it, or the operator.
async fn revoke(
    ctx: &Context<'_>,
    grant: SupportGrantKey,
    input: &SupportGrantRevokeInput,
) -> Outcome<SupportGrantKey> {
    let standing = ctx.viewer().in_org(grant.org);
    let is_operator = standing.is_none_or(|standing| standing.support().is_some());
    if is_operator {
        ctx.viewer().account()?;
    }
    let entry = if is_operator {
        Entry::Operator
    } else {
        Entry::Member
    };
    let operation = ctx.operation();
    let done = operation.mutate_as(entry, "supportGrantRevoke", grant.org, input, move |write| {
        Box::pin(async move { write::revoke(write, grant).await })
    });
    let done = done.await?;
    if is_operator && done.is_ok() {
        operation.left(grant.org).await;
    }
    Ok(done)
}
