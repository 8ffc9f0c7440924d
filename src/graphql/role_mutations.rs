//! The mutations on roles.

use super::access::Reach;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::{self, Permission};
use crate::domain::mutate::Entry;
use crate::domain::roles::{Role, write};
use crate::kernel::ids::{OrganizationKey, RoleKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// A permission that a role is to give, or would give.
#[derive(Clone, Debug, InputObject)]
pub struct RoleGrantInput {
    /// What may be done.
    pub permission: Permission,
    /// For whom: any of these is enough. Which of them a permission can be given for, the refusal says.
    pub reach: Vec<Reach>,
}

impl RoleGrantInput {
    fn read(&self) -> (Permission, permission::Reach) {
        let reach = self.reach.iter().map(|reach| reach.given());
        (
            self.permission,
            reach.fold(permission::Reach::NONE, permission::Reach::or),
        )
    }
}

/// What `roleCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct RoleCreateInput {
    /// The organisation that gets the role.
    pub organization_id: ID,
    /// The role's name in policies and imports, unique in its organisation: 1 to 63 of a–z, 0–9 and -.
    pub slug: String,
    /// The role's name as people read it, of 1 to 100 characters.
    pub name: String,
    /// What the role gives.
    pub grants: Vec<RoleGrantInput>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `roleUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct RoleUpdateInput {
    /// The role.
    pub role_id: ID,
    /// The role's name as people read it; stays where it is left out.
    pub name: Option<String>,
    /// What the role gives from now on, all of it; stays where it is left out.
    pub grants: Option<Vec<RoleGrantInput>>,
    /// The role's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `roleDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct RoleDeleteInput {
    /// The role.
    pub role_id: ID,
    /// The role that its members get, and those who are invited with it; needed where there are any.
    pub replacement_role_id: Option<ID>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(RoleCreateInput, RoleUpdateInput, RoleDeleteInput);

payload! {
    /// What `roleCreate` answers.
    RoleCreatePayload {
        /// The new role.
        role: Arc<Role>,
    }
    RoleCreateUserError, RoleCreateErrorCode {
        NotFound, Invalid, Taken, RoleNotAllowed, LimitReached, IdempotencyMismatch
    }
}

payload! {
    /// What `roleUpdate` answers.
    RoleUpdatePayload {
        /// The role as it is now.
        role: Arc<Role>,
    }
    RoleUpdateUserError, RoleUpdateErrorCode {
        NotFound, Invalid, InvalidState, RoleNotAllowed, VersionConflict, IdempotencyMismatch
    }
}

payload! {
    /// What `roleDelete` answers.
    RoleDeletePayload {
        /// The identifier that the role had.
        role_id: RoleKey,
    }
    RoleDeleteUserError, RoleDeleteErrorCode {
        NotFound, Invalid, InvalidState, InUse, RoleNotAllowed, IdempotencyMismatch
    }
}

/// The mutations on roles.
#[derive(Default)]
pub struct RoleMutation;

#[Object]
impl RoleMutation {
    /// Makes a role of the organisation's own. Nobody puts into it what they do not hold themselves.
    ///
    /// Requires: `roles.manage`. Cost: 1.
    async fn role_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the role is called and gives.")] input: RoleCreateInput,
    ) -> async_graphql::Result<Option<RoleCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return RoleCreatePayload::refused(refusals),
        };
        let (slug, name) = (input.slug.clone(), input.name.clone());
        let grants: Vec<_> = input.grants.iter().map(RoleGrantInput::read).collect();
        let done = ctx
            .operation()
            .mutate_as(Entry::MemberAlone, "roleCreate", org.0, &input, move |write| {
                Box::pin(async move { write::create(write, &slug, &name, &grants).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(RoleCreatePayload {
                role: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => RoleCreatePayload::refused(refusals),
        }
    }

    /// Changes a role of the organisation's own; it counts from the next request on, for all who have it, on every node.
    ///
    /// Requires: `roles.manage`, and to hold what the role gives, before and after. Cost: 1.
    async fn role_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and what changes in it.")] input: RoleUpdateInput,
    ) -> async_graphql::Result<Option<RoleUpdatePayload>> {
        signed_in(ctx)?;
        let role: RoleKey = match key(&input.role_id, "roleId") {
            Ok(key) => key,
            Err(refusals) => return RoleUpdatePayload::refused(refusals),
        };
        let (name, expected) = (input.name.clone(), input.expected_version);
        let read = |grants: &Vec<RoleGrantInput>| grants.iter().map(RoleGrantInput::read).collect::<Vec<_>>();
        let grants = input.grants.as_ref().map(read);
        let done =
            ctx.operation()
                .mutate_as(Entry::MemberAlone, "roleUpdate", role.org, &input, move |write| {
                    Box::pin(async move {
                        write::update(write, role, name.as_deref(), grants.as_deref(), expected).await
                    })
                });
        let (payload, shown) = RoleUpdatePayload::of_edit(done.await?)?;
        let role = show(shown, ctx.fetch(role)).await?;
        Ok(Some(RoleUpdatePayload { role, ..payload }))
    }

    /// Deletes a role of the organisation's own. Whoever has it, or is invited with it, gets the replacement in its place.
    ///
    /// Requires: `roles.manage`, to hold what the role gives, and to be able to give the replacement. Cost: 1.
    async fn role_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and which takes its place.")] input: RoleDeleteInput,
    ) -> async_graphql::Result<Option<RoleDeletePayload>> {
        signed_in(ctx)?;
        let replacement = input.replacement_role_id.as_ref();
        let keys = key::<RoleKey>(&input.role_id, "roleId").and_then(|role| {
            let replacement = replacement.map(|id| key::<RoleKey>(id, "replacementRoleId"));
            Ok((role, replacement.transpose()?))
        });
        let (role, replacement) = match keys {
            Ok(keys) => keys,
            Err(refusals) => return RoleDeletePayload::refused(refusals),
        };
        let done =
            ctx.operation()
                .mutate_as(Entry::MemberAlone, "roleDelete", role.org, &input, move |write| {
                    Box::pin(async move { write::delete(write, role, replacement).await })
                });
        match done.await? {
            Ok(key) => Ok(Some(RoleDeletePayload {
                role_id: Some(key),
                ..Default::default()
            })),
            Err(refusals) => RoleDeletePayload::refused(refusals),
        }
    }
}
