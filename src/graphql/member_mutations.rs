//! The mutations on memberships.

use super::members::find;
use super::support::mutation::{Input, key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::members::moves::{self, Move};
use crate::domain::members::{Member, roles};
use crate::domain::mutate::Entry;
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{Key, MemberKey, OrganizationKey, RoleKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `membershipRoleChange` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipRoleChangeInput {
    /// The member.
    pub member_id: ID,
    /// The role that the member gets.
    pub role_id: ID,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `membershipSuspend` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipSuspendInput {
    /// The member.
    pub member_id: ID,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `membershipRestore` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipRestoreInput {
    /// The member.
    pub member_id: ID,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `membershipRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipRemoveInput {
    /// The member.
    pub member_id: ID,
    /// The member's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `membershipLeave` takes.
#[derive(Clone, Debug, InputObject)]
pub struct MembershipLeaveInput {
    /// The organisation that you leave.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    MembershipRoleChangeInput,
    MembershipSuspendInput,
    MembershipRestoreInput,
    MembershipRemoveInput,
    MembershipLeaveInput,
);

payload! {
    /// What `membershipRoleChange` answers.
    MembershipRoleChangePayload {
        /// The member with the role.
        member: Arc<Member>,
    }
    MembershipRoleChangeUserError, MembershipRoleChangeErrorCode {
        NotFound, Invalid, InvalidState, RoleNotAllowed, LastOwner, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `membershipSuspend` answers.
    MembershipSuspendPayload {
        /// The member, who may not act for now.
        member: Arc<Member>,
    }
    MembershipSuspendUserError, MembershipSuspendErrorCode {
        NotFound, Invalid, InvalidState, LastOwner, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `membershipRestore` answers.
    MembershipRestorePayload {
        /// The member, who may act again.
        member: Arc<Member>,
    }
    MembershipRestoreUserError, MembershipRestoreErrorCode {
        NotFound, Invalid, InvalidState, RoleNotAllowed, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `membershipRemove` answers.
    MembershipRemovePayload {
        /// The former member; null where removing them took them out of what you may see.
        member: Arc<Member>,
    }
    MembershipRemoveUserError, MembershipRemoveErrorCode {
        NotFound, Invalid, InvalidState, LastOwner, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `membershipLeave` answers.
    MembershipLeavePayload {
        /// The identifier that you had as a member.
        member_id: MemberKey,
    }
    MembershipLeaveUserError, MembershipLeaveErrorCode {
        NotFound, Invalid, LastOwner, IdempotencyMismatch
    }
}

/// The mutations on members.
#[derive(Default)]
pub struct MemberMutation;

#[Object]
impl MemberMutation {
    /// Gives a member another role; it counts from their next request on. Only an owner makes or unmakes an owner, and the
    /// last owner stays one. Nobody becomes one to whose account only the organisation's
    /// provider, or nobody, signs in.
    ///
    /// Requires: `members.manage`, over somebody whose role gives no more than your own. Cost: 1.
    async fn membership_role_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member gets which role.")] input: MembershipRoleChangeInput,
    ) -> async_graphql::Result<Option<MembershipRoleChangePayload>> {
        signed_in(ctx)?;
        let keys = key::<MemberKey>(&input.member_id, "memberId")
            .and_then(|member| Ok((member, key::<RoleKey>(&input.role_id, "roleId")?)));
        let (member, role) = match keys {
            Ok(keys) => keys,
            Err(refusals) => return MembershipRoleChangePayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "membershipRoleChange",
            member.org,
            &input,
            move |write| Box::pin(async move { roles::change_role(write, member, role, expected).await }),
        );
        let (payload, shown) = MembershipRoleChangePayload::of_edit(done.await?)?;
        let member = show(shown, find(ctx, member)).await?;
        Ok(Some(MembershipRoleChangePayload { member, ..payload }))
    }

    /// Suspends an active member: they may not act until they are restored, and see nothing of the organisation. It holds on
    /// every node at once; their records stay, and so do their seats in courses. The last owner stays active.
    ///
    /// Requires: `members.manage`, over somebody whose role gives no more than your own; for an owner, to be one. Cost: 1.
    async fn membership_suspend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: MembershipSuspendInput,
    ) -> async_graphql::Result<Option<MembershipSuspendPayload>> {
        let (member, expected) = (&input.member_id, input.expected_version);
        let done = make(ctx, "membershipSuspend", &input, Move::Suspend, member, expected).await?;
        let (payload, shown) = MembershipSuspendPayload::of_edit(done)?;
        let member = show(shown, find_named(ctx, member)).await?;
        Ok(Some(MembershipSuspendPayload { member, ..payload }))
    }

    /// Lets a suspended member act again, with the role that they had. Whoever may not give that role may not restore it. Where they wait
    /// for a seat in a course and one is free, they get it.
    ///
    /// Requires: `members.manage`; for an owner, to be one. Cost: 1.
    async fn membership_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: MembershipRestoreInput,
    ) -> async_graphql::Result<Option<MembershipRestorePayload>> {
        let (member, expected) = (&input.member_id, input.expected_version);
        let done = make(ctx, "membershipRestore", &input, Move::Restore, member, expected).await?;
        let (payload, shown) = MembershipRestorePayload::of_edit(done)?;
        let member = show(shown, find_named(ctx, member)).await?;
        Ok(Some(MembershipRestorePayload { member, ..payload }))
    }

    /// Removes a member from the organisation, from all groups and from all teaching. The tokens of apps that act as them end.
    /// Their records stay; they come back by a new invitation, as the same member. They leave the courses that they have not
    /// completed, as by `enrollmentWithdraw`: their seats go to who waits. The last owner stays.
    ///
    /// Requires: `members.manage`, over somebody whose role gives no more than your own; for an owner, to be one. Cost: 1.
    async fn membership_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which member.")] input: MembershipRemoveInput,
    ) -> async_graphql::Result<Option<MembershipRemovePayload>> {
        let (member, expected) = (&input.member_id, input.expected_version);
        let done = make(ctx, "membershipRemove", &input, Move::Remove, member, expected).await?;
        let (payload, shown) = MembershipRemovePayload::of_edit(done)?;
        let member = show(shown, find_named(ctx, member)).await?;
        Ok(Some(MembershipRemovePayload { member, ..payload }))
    }

    /// Leaves an organisation, as if you were removed from it. The last owner cannot: transfer the organisation first.
    ///
    /// Requires: membership. Cost: 1.
    async fn membership_leave(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: MembershipLeaveInput,
    ) -> async_graphql::Result<Option<MembershipLeavePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return MembershipLeavePayload::refused(refusals),
        };
        let done = ctx.operation().mutate_as(
            Entry::MemberAlone,
            "membershipLeave",
            org.0,
            &input,
            move |write| Box::pin(async move { moves::leave(write).await }),
        );
        match done.await? {
            Ok(key) => {
                ctx.operation().left(key.org).await;
                Ok(Some(MembershipLeavePayload {
                    member_id: Some(key),
                    ..Default::default()
                }))
            }
            Err(refusals) => MembershipLeavePayload::refused(refusals),
        }
    }
}

/// Finds the member whom an input names.
async fn find_named(ctx: &Context<'_>, id: &ID) -> crate::kernel::error::Result<Option<Arc<Member>>> {
    match MemberKey::parse(id) {
        Some(key) => find(ctx, key).await,
        None => Ok(None),
    }
}

/// Makes a move with a member.
async fn make(
    ctx: &Context<'_>,
    mutation: &'static str,
    input: &impl Input,
    which: Move,
    member: &ID,
    expected_version: Option<i32>,
) -> async_graphql::Result<Result<MemberKey, Vec<Refusal>>> {
    signed_in(ctx)?;
    let member: MemberKey = match key(member, "memberId") {
        Ok(key) => key,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let done = ctx
        .operation()
        .mutate_as(Entry::MemberAlone, mutation, member.org, input, move |write| {
            Box::pin(async move { moves::make(write, member, which, expected_version).await })
        });
    Ok(done.await?)
}
