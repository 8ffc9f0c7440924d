//! `OwnershipTransfer`: edges and mutations.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::domain::members::Member;
use crate::domain::mutate::Entry;
use crate::domain::organizations::Organization;
use crate::domain::transfers::{OpenTransfer, OwnershipTransfer, write};
use crate::kernel::error::Result;
use crate::kernel::ids::{MemberKey, OrgId, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use std::sync::Arc;

#[ComplexObject]
impl OwnershipTransfer {
    /// Who offers the organisation. Cost: 1, batched.
    #[graphql(name = "from")]
    async fn offered_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.from()).await?)
    }

    /// To whom it is offered. Cost: 1, batched.
    #[graphql(name = "to")]
    async fn offered_to(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.to()).await?)
    }
}

/// The open offer of an organisation, if it is good still and the viewer may know of it.
pub async fn open(ctx: &Context<'_>, org: OrgId) -> Result<Option<Arc<OwnershipTransfer>>> {
    let Some(standing) = ctx.viewer().in_org(org) else {
        return Ok(None);
    };
    if ctx.viewer().account().is_err() {
        return Ok(None);
    }
    let now = ctx.app().clock.now();
    let sees = |open: &Arc<OwnershipTransfer>| {
        open.expires_at > now && (standing.is_owner() || open.to() == standing.key())
    };
    Ok(ctx.fetch(OpenTransfer(org)).await?.filter(sees))
}

/// What `organizationTransferOwnership` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationTransferOwnershipInput {
    /// The organisation.
    pub organization_id: ID,
    /// The member to whom it is offered.
    pub member_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `ownershipTransferWithdraw` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OwnershipTransferWithdrawInput {
    /// The organisation.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `ownershipTransferAccept` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OwnershipTransferAcceptInput {
    /// The organisation.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `ownershipTransferDecline` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OwnershipTransferDeclineInput {
    /// The organisation.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    OrganizationTransferOwnershipInput,
    OwnershipTransferWithdrawInput,
    OwnershipTransferAcceptInput,
    OwnershipTransferDeclineInput,
);

payload! {
    /// What `organizationTransferOwnership` answers.
    OrganizationTransferOwnershipPayload {
        /// The organisation, with the offer.
        organization: Arc<Organization>,
    }
    OrganizationTransferOwnershipUserError, OrganizationTransferOwnershipErrorCode {
        NotFound, Invalid, InvalidState, RateLimited, IdempotencyMismatch
    }
}

payload! {
    /// What `ownershipTransferWithdraw` answers.
    OwnershipTransferWithdrawPayload {
        /// The organisation, without the offer.
        organization: Arc<Organization>,
    }
    OwnershipTransferWithdrawUserError, OwnershipTransferWithdrawErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `ownershipTransferAccept` answers.
    OwnershipTransferAcceptPayload {
        /// The organisation, which is yours.
        organization: Arc<Organization>,
    }
    OwnershipTransferAcceptUserError, OwnershipTransferAcceptErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `ownershipTransferDecline` answers.
    OwnershipTransferDeclinePayload {
        /// The organisation, without the offer.
        organization: Arc<Organization>,
    }
    OwnershipTransferDeclineUserError, OwnershipTransferDeclineErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutations on ownership.
#[derive(Default)]
pub struct TransferMutation;

#[Object]
impl TransferMutation {
    /// Offers the organisation to an active member: they take it over with `ownershipTransferAccept` within 7 days, or do not. There
    /// is one open offer at a time. It is mailed to them, five times at once and then once an hour
    /// (`RATE_LIMITED`). They need an account that they sign in to themselves: neither the organisation's provider nor a backend does for an owner.
    ///
    /// Requires: `ownership.transfer`: to be an owner; and a recent proof of who you are, see `stepUp`. Cost: 1.
    async fn organization_transfer_ownership(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation, and to whom.")] input: OrganizationTransferOwnershipInput,
    ) -> async_graphql::Result<Option<OrganizationTransferOwnershipPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OrganizationTransferOwnershipPayload::refused(refusals),
        };
        let to: MemberKey = match key(&input.member_id, "memberId") {
            Ok(key) => key,
            Err(refusals) => return OrganizationTransferOwnershipPayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "organizationTransferOwnership",
            org,
            &input,
            move |write| Box::pin(async move { write::offer(write, to).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(OrganizationTransferOwnershipPayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OrganizationTransferOwnershipPayload::refused(refusals),
        }
    }

    /// Takes the open offer of an organisation back.
    ///
    /// Requires: `ownership.transfer`: to be an owner. Cost: 1.
    async fn ownership_transfer_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: OwnershipTransferWithdrawInput,
    ) -> async_graphql::Result<Option<OwnershipTransferWithdrawPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OwnershipTransferWithdrawPayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "ownershipTransferWithdraw",
            org,
            &input,
            move |write| Box::pin(async move { write::withdraw(write).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(OwnershipTransferWithdrawPayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OwnershipTransferWithdrawPayload::refused(refusals),
        }
    }

    /// Takes over an organisation that is offered to you: you become an owner, and whoever offered it an administrator, both at
    /// once. A mail tells all owners, and whoever was one until now.
    ///
    /// Requires: that it is offered to you. Cost: 1.
    async fn ownership_transfer_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: OwnershipTransferAcceptInput,
    ) -> async_graphql::Result<Option<OwnershipTransferAcceptPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OwnershipTransferAcceptPayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "ownershipTransferAccept",
            org,
            &input,
            move |write| Box::pin(async move { write::accept(write).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(OwnershipTransferAcceptPayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OwnershipTransferAcceptPayload::refused(refusals),
        }
    }

    /// Does not take over an organisation that is offered to you.
    ///
    /// Requires: that it is offered to you. Cost: 1.
    async fn ownership_transfer_decline(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: OwnershipTransferDeclineInput,
    ) -> async_graphql::Result<Option<OwnershipTransferDeclinePayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OwnershipTransferDeclinePayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "ownershipTransferDecline",
            org,
            &input,
            move |write| Box::pin(async move { write::decline(write).await }),
        );
        match done.await? {
            Ok(key) => Ok(Some(OwnershipTransferDeclinePayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OwnershipTransferDeclinePayload::refused(refusals),
        }
    }
}
