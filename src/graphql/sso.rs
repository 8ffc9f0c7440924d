//! `SsoConnection`: an organisation's own provider.

use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::step_up;
use crate::domain::organizations::Organization;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::sso::{ConnectionOf, NewConnection, ProfileField, SsoConnection, remove, set};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey, SsoConnectionKey};
use crate::kernel::secret::Secret;
use crate::{inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use std::sync::Arc;

/// Whether the viewer may say by which provider an organisation's people sign in.
fn manages(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may(org, Permission::SsoManage)
}

/// Finds a connection that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: SsoConnectionKey) -> Result<Option<Arc<SsoConnection>>> {
    if manages(ctx, key.org) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// The connection of an organisation; nothing for who may not manage it.
pub async fn of(ctx: &Context<'_>, org: OrgId) -> Result<Option<Arc<SsoConnection>>> {
    if manages(ctx, org) {
        ctx.fetch(ConnectionOf(org)).await
    } else {
        Ok(None)
    }
}

#[ComplexObject]
impl SsoConnection {
    /// The connection's global identifier. Cost: 1.
    pub async fn id(&self) -> SsoConnectionKey {
        self.key
    }

    /// What the provider decides about its people, and nobody changes here. Cost: 1.
    async fn locked_fields(&self) -> Vec<ProfileField> {
        self.locked()
    }

    /// The organisation. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }
}

/// What `ssoConnectionSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SsoConnectionSetInput {
    /// The organisation.
    pub organization_id: ID,
    /// The issuer that the provider is, such as `https://login.company.example`; with `/.well-known/openid-configuration` behind it
    /// it must describe itself.
    pub issuer: String,
    /// Who the academy is there. The redirect URI to register is `/sign-in/callback` on this server.
    pub client_id: String,
    /// The client secret. It is never shown again; left out, it stays as it is.
    pub client_secret: Option<Secret<String>>,
    /// Whether people can sign in by it. Switched off, the sessions that it opened open nothing.
    #[graphql(default = true)]
    pub is_enabled: bool,
    /// What the provider decides about its people: it is taken over at each sign-in, and nobody changes it here. Otherwise it is
    /// taken over at the first.
    #[graphql(default_with = "ProfileField::ALL.to_vec()")]
    pub locked_fields: Vec<ProfileField>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `ssoConnectionRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SsoConnectionRemoveInput {
    /// The organisation.
    pub organization_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(SsoConnectionSetInput { client_secret }, SsoConnectionRemoveInput);

payload! {
    /// What `ssoConnectionSet` answers.
    SsoConnectionSetPayload {
        /// The connection.
        sso_connection: Arc<SsoConnection>,
    }
    SsoConnectionSetUserError, SsoConnectionSetErrorCode { NotFound, Invalid, ProviderUnavailable, IdempotencyMismatch }
}

payload! {
    /// What `ssoConnectionRemove` answers.
    SsoConnectionRemovePayload {}
    SsoConnectionRemoveUserError, SsoConnectionRemoveErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutations on organisations' own providers.
#[derive(Default)]
pub struct SsoMutation;

#[Object]
impl SsoMutation {
    /// Sets an organisation's own provider of OpenID Connect, whose people then sign in with `ssoLoginBegin`: whoever signs in for
    /// the first time becomes a learner. What the provider says is believed in this organisation alone. It is saved only when
    /// the provider describes itself under its issuer. Another issuer makes another connection: whom the former meant by whom is
    /// forgotten, and its sessions end.
    ///
    /// Requires: `sso.manage`, and a recent `stepUp`. Cost: 1.
    async fn sso_connection_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The provider.")] input: SsoConnectionSetInput,
    ) -> async_graphql::Result<Option<SsoConnectionSetPayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return SsoConnectionSetPayload::refused(refusals),
        };
        // Nobody else lets this server call others. What is written is decided once more, in its transaction.
        if let (true, Some(person)) = (manages(ctx, org.0), ctx.viewer().person()) {
            step_up::check(person, "ssoConnectionSet", ctx.app().clock.now())?;
            ctx.operation().read_anew().await;
            if let Err(fault) = Box::pin(ctx.app().providers.try_issuer(&input.issuer)).await {
                tracing::info!(%fault, "a provider was not taken");
                let message = "The provider does not describe itself under this issuer, in a way that is of use here. It is called by https, at a public address.";
                let refusal = Refusal::at(Code::ProviderUnavailable, "issuer", message);
                return SsoConnectionSetPayload::refused(vec![refusal]);
            }
        }
        let new = NewConnection {
            issuer: input.issuer.clone(),
            client_id: input.client_id.clone(),
            client_secret: input.client_secret.clone(),
            is_enabled: input.is_enabled,
            locked: input.locked_fields.clone(),
        };
        let done = ctx
            .operation()
            .mutate("ssoConnectionSet", org.0, &input, move |write| {
                Box::pin(async move { set(write, &new).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SsoConnectionSetPayload {
                sso_connection: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SsoConnectionSetPayload::refused(refusals),
        }
    }

    /// Removes an organisation's own provider: nobody signs in by it any more, and the sessions that it opened open nothing.
    ///
    /// Requires: `sso.manage`, and a recent `stepUp`. Cost: 1.
    async fn sso_connection_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which organisation's.")] input: SsoConnectionRemoveInput,
    ) -> async_graphql::Result<Option<SsoConnectionRemovePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return SsoConnectionRemovePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("ssoConnectionRemove", org.0, &input, |write| {
                Box::pin(remove(write))
            });
        match done.await? {
            Ok(_) => Ok(Some(SsoConnectionRemovePayload::default())),
            Err(refusals) => SsoConnectionRemovePayload::refused(refusals),
        }
    }
}
