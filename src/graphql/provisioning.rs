//! The mutations that make a partner's own people known.

use super::members::find;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::members::Member;
use crate::domain::members::external::{self, NewMember};
use crate::kernel::ids::{MemberKey, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use std::sync::Arc;

/// What `membershipProvision` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipProvisionInput {
    /// The organisation.
    pub organization_id: ID,
    /// What your system calls them, unique in the organisation: 1 to 255 characters.
    pub external_id: String,
    /// Their first name, of 1 to 100 characters.
    pub first_name: String,
    /// Their last name, of 1 to 100 characters.
    pub last_name: String,
    /// Where the organisation reaches them. It proves nothing and signs nobody in; without it the member has an address that no
    /// mail reaches.
    pub email: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `membershipUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipUpdateInput {
    /// The member.
    pub member_id: ID,
    /// What your system calls them, unique in the organisation; stays where it is left out, goes where it is null.
    pub external_id: MaybeUndefined<String>,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(MembershipProvisionInput, MembershipUpdateInput);

payload! {
    /// What `membershipProvision` answers.
    MembershipProvisionPayload {
        /// The new member, a learner.
        member: Arc<Member>,
    }
    MembershipProvisionUserError, MembershipProvisionErrorCode { NotFound, Invalid, Taken, IdempotencyMismatch }
}

payload! {
    /// What `membershipUpdate` answers.
    MembershipUpdatePayload {
        /// The member as they are now.
        member: Arc<Member>,
    }
    MembershipUpdateUserError, MembershipUpdateErrorCode { NotFound, Invalid, Taken, VersionConflict, IdempotencyMismatch }
}

/// The mutations that make a partner's own people known.
#[derive(Default)]
pub struct ProvisioningMutation;

#[Object]
impl ProvisioningMutation {
    /// Makes a learner of somebody whom your own system knows, without an invitation: your backend acts for them with
    /// `learnerSessionCreate`, your pages with `embedSessionCreate`. They cannot sign in by themselves.
    ///
    /// Requires: `members.manage` with the reach `all`. Cost: 1.
    async fn membership_provision(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who they are.")] input: MembershipProvisionInput,
    ) -> async_graphql::Result<Option<MembershipProvisionPayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return MembershipProvisionPayload::refused(refusals),
        };
        let new = NewMember {
            external_id: input.external_id.clone(),
            first_name: input.first_name.clone(),
            last_name: input.last_name.clone(),
            email: input.email.clone(),
        };
        let done = ctx
            .operation()
            .mutate("membershipProvision", org.0, &input, move |write| {
                Box::pin(async move { external::provision(write, &new).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(MembershipProvisionPayload {
                member: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => MembershipProvisionPayload::refused(refusals),
        }
    }

    /// Changes what your own system calls a member.
    ///
    /// Requires: `members.manage`; for an owner, to be one. Cost: 1.
    async fn membership_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member, and what changes.")] input: MembershipUpdateInput,
    ) -> async_graphql::Result<Option<MembershipUpdatePayload>> {
        signed_in(ctx)?;
        let member: MemberKey = match key(&input.member_id, "memberId") {
            Ok(key) => key,
            Err(refusals) => return MembershipUpdatePayload::refused(refusals),
        };
        let (external, expected) = (input.external_id.clone(), input.expected_version);
        let done = ctx
            .operation()
            .mutate("membershipUpdate", member.org, &input, move |write| {
                Box::pin(async move { external::update(write, member, &external, expected).await })
            });
        let (payload, shown) = MembershipUpdatePayload::of_edit(done.await?)?;
        let member = show(shown, find(ctx, member)).await?;
        Ok(Some(MembershipUpdatePayload { member, ..payload }))
    }
}
