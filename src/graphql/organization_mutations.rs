//! The mutations on organisations.

use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::members::Member;
use crate::domain::mutate::Entry;
use crate::domain::organizations::change::{self, Changes, Settings};
use crate::domain::organizations::found::{NewOrganization, found, new_id};
use crate::domain::organizations::{Organization, deletion};
use crate::kernel::ids::OrganizationKey;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object};
use std::sync::Arc;

/// What `organizationCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationCreateInput {
    /// The organisation's name in addresses, which no other has: 1 to 63 of a–z, 0–9 and -.
    pub slug: String,
    /// The organisation's name as people read it, of 1 to 200 characters.
    pub name: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What an organisation says of itself in law. What is left out stays; null clears it.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OrganizationLegalInput {
    /// The company's name, of at most 200 characters.
    pub company_name: MaybeUndefined<String>,
    /// The company's address, of at most 1000 characters.
    pub address: MaybeUndefined<String>,
    /// Under which number the company is registered, of at most 100 characters.
    pub registration_number: MaybeUndefined<String>,
    /// Where the company is reached in legal matters.
    pub contact_email: MaybeUndefined<String>,
}

/// What `organizationUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationUpdateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The organisation's name; stays where it is left out.
    pub name: Option<String>,
    /// The organisation's name in addresses; stays where it is left out. The former one is free at once.
    pub slug: Option<String>,
    /// What the organisation says of itself in law.
    pub legal: Option<OrganizationLegalInput>,
    /// The organisation's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `organizationSettingsUpdate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationSettingsUpdateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The language that its people read, as a language tag; stays where it is left out.
    pub locale: Option<String>,
    /// Whether everybody sees the name and the public courses; stays where it is left out.
    pub is_open: Option<bool>,
    /// The origins whose pages may call the API from a browser, all of them; stay where it is left out. At most 50.
    pub allowed_origins: Option<Vec<String>>,
    /// Whether features that use AI may work on what is in the organisation; stays where it is left out.
    pub ai_enabled: Option<bool>,
    /// Whether the service may show the organisation's content in demonstrations; stays where it is left out.
    pub allows_demo_use: Option<bool>,
    /// Whether the service may show the organisation's content in marketing; stays where it is left out.
    pub allows_marketing_use: Option<bool>,
    /// The organisation's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `organizationDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationDeleteInput {
    /// The organisation.
    pub organization_id: ID,
    /// The organisation's slug, typed by hand, so that nothing is deleted by mistake.
    pub confirm_slug: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `organizationDeletionCancel` takes.
#[derive(Clone, Debug, InputObject)]
pub struct OrganizationDeletionCancelInput {
    /// The organisation.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    OrganizationCreateInput,
    OrganizationUpdateInput,
    OrganizationSettingsUpdateInput,
    OrganizationDeleteInput,
    OrganizationDeletionCancelInput,
);

payload! {
    /// What `organizationCreate` answers.
    OrganizationCreatePayload {
        /// The new organisation.
        organization: Arc<Organization>,
        /// Yourself in it: its owner.
        member: Arc<Member>,
    }
    OrganizationCreateUserError, OrganizationCreateErrorCode { NotFound, Invalid, Taken, EmailNotVerified, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `organizationUpdate` answers.
    OrganizationUpdatePayload {
        /// The organisation as it is now.
        organization: Arc<Organization>,
    }
    OrganizationUpdateUserError, OrganizationUpdateErrorCode { NotFound, Invalid, Taken, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `organizationSettingsUpdate` answers.
    OrganizationSettingsUpdatePayload {
        /// The organisation as it is now.
        organization: Arc<Organization>,
    }
    OrganizationSettingsUpdateUserError, OrganizationSettingsUpdateErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `organizationDelete` answers.
    OrganizationDeletePayload {
        /// The organisation, which says when everything of it is removed.
        organization: Arc<Organization>,
    }
    OrganizationDeleteUserError, OrganizationDeleteErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `organizationDeletionCancel` answers.
    OrganizationDeletionCancelPayload {
        /// The organisation, which stays.
        organization: Arc<Organization>,
    }
    OrganizationDeletionCancelUserError, OrganizationDeletionCancelErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations on organisations.
#[derive(Default)]
pub struct OrganizationMutation;

#[Object]
impl OrganizationMutation {
    /// Founds an organisation, with the built-in roles, closed, and with you as its owner. One person has founded at most 20
    /// that are still there.
    ///
    /// Requires: to be signed in, with an address that is verified. Cost: 1.
    async fn organization_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What the organisation is called.")] input: OrganizationCreateInput,
    ) -> async_graphql::Result<Option<OrganizationCreatePayload>> {
        let person = ctx.viewer().account()?;
        let org = new_id(&ctx.app().clock, person.user, input.idempotency_key.as_deref());
        let new = NewOrganization {
            slug: input.slug.clone(),
            name: input.name.clone(),
            is_open: false,
        };
        let done =
            ctx.operation()
                .mutate_as(Entry::Founder, "organizationCreate", org, &input, move |write| {
                    Box::pin(async move { found(write, &new).await })
                });
        match done.await? {
            Ok(member) => {
                ctx.operation().joined(member).await?;
                Ok(Some(OrganizationCreatePayload {
                    organization: ctx.fetch(OrganizationKey(member.org)).await?,
                    member: ctx.fetch(member).await?,
                    ..Default::default()
                }))
            }
            Err(refusals) => OrganizationCreatePayload::refused(refusals),
        }
    }

    /// Changes an organisation's name, slug and legal data.
    ///
    /// Requires: `org.update`. Cost: 1.
    async fn organization_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes in which organisation.")] input: OrganizationUpdateInput,
    ) -> async_graphql::Result<Option<OrganizationUpdatePayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OrganizationUpdatePayload::refused(refusals),
        };
        let legal = input.legal.clone().unwrap_or_default();
        let changes = Changes {
            name: input.name.clone(),
            slug: input.slug.clone(),
            company_name: legal.company_name,
            address: legal.address,
            registration_number: legal.registration_number,
            contact_email: legal.contact_email,
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("organizationUpdate", org, &input, move |write| {
                Box::pin(async move { change::update(write, &changes, expected).await })
            });
        let (payload, shown) = OrganizationUpdatePayload::of_edit(done.await?)?;
        let organization = show(shown, ctx.fetch(OrganizationKey(org))).await?;
        Ok(Some(OrganizationUpdatePayload {
            organization,
            ..payload
        }))
    }

    /// Changes how an organisation is set up.
    ///
    /// Requires: `org.update`. Cost: 1.
    async fn organization_settings_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes in which organisation.")] input: OrganizationSettingsUpdateInput,
    ) -> async_graphql::Result<Option<OrganizationSettingsUpdatePayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OrganizationSettingsUpdatePayload::refused(refusals),
        };
        let settings = Settings {
            locale: input.locale.clone(),
            is_open: input.is_open,
            ai_enabled: input.ai_enabled,
            allows_demo_use: input.allows_demo_use,
            allows_marketing_use: input.allows_marketing_use,
        };
        let (origins, expected) = (input.allowed_origins.clone(), input.expected_version);
        let done = ctx
            .operation()
            .mutate("organizationSettingsUpdate", org, &input, move |write| {
                Box::pin(async move { change::set_up(write, &settings, origins.as_deref(), expected).await })
            });
        let (payload, shown) = OrganizationSettingsUpdatePayload::of_edit(done.await?)?;
        let organization = show(shown, ctx.fetch(OrganizationKey(org))).await?;
        Ok(Some(OrganizationSettingsUpdatePayload {
            organization,
            ..payload
        }))
    }

    /// Begins the deletion of an organisation: after 14 days everything of it is removed, certificates with it. Until then its
    /// members read as before, and whoever changes something in it is answered `ORGANIZATION_CLOSING`; only leaving is still
    /// possible, and `organizationDeletionCancel`.
    ///
    /// Requires: `org.delete`: to be an owner; and a recent proof of who you are, see `stepUp`. Cost: 1.
    async fn organization_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: OrganizationDeleteInput,
    ) -> async_graphql::Result<Option<OrganizationDeletePayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OrganizationDeletePayload::refused(refusals),
        };
        let slug = input.confirm_slug.clone();
        let done = ctx
            .operation()
            .mutate("organizationDelete", org, &input, move |write| {
                Box::pin(async move { deletion::begin(write, &slug).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(OrganizationDeletePayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OrganizationDeletePayload::refused(refusals),
        }
    }

    /// Takes the deletion of an organisation back, as long as its grace period lasts.
    ///
    /// Requires: `org.delete`: to be an owner. Cost: 1.
    async fn organization_deletion_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation.")] input: OrganizationDeletionCancelInput,
    ) -> async_graphql::Result<Option<OrganizationDeletionCancelPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return OrganizationDeletionCancelPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("organizationDeletionCancel", org, &input, move |write| {
                Box::pin(async move { deletion::cancel(write).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(OrganizationDeletionCancelPayload {
                organization: ctx.fetch(key).await?,
                ..Default::default()
            })),
            Err(refusals) => OrganizationDeletionCancelPayload::refused(refusals),
        }
    }
}
