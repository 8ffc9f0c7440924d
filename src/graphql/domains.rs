//! `OrganizationDomain`: edges and mutations.

use super::support::Paged;
use super::support::connection::Count;
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::db::paginate::CursorValue;
use crate::domain::domains::store::{DomainList, DomainPage};
use crate::domain::domains::{DomainState, OrganizationDomain, proof, write};
use crate::domain::mutate::Stop;
use crate::domain::organizations::Organization;
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationDomainKey, OrganizationKey};
use crate::kernel::page::PageArgs;
use crate::{connection, inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use std::sync::Arc;

connection!(
    OrganizationDomainConnection,
    OrganizationDomainEdge,
    Arc<OrganizationDomain>,
    "domains"
);

/// Whether the viewer may know of an organisation's domains.
fn may_know(ctx: &Context<'_>, org: OrgId) -> bool {
    ctx.may(org, Permission::OrgUpdate)
}

/// Finds a domain that the viewer may know of.
pub async fn find(ctx: &Context<'_>, key: OrganizationDomainKey) -> Result<Option<Arc<OrganizationDomain>>> {
    if may_know(ctx, key.org) {
        ctx.fetch(key).await
    } else {
        Ok(None)
    }
}

/// Reads a page of an organisation's domains, by name; nothing for who may not know of them.
pub async fn page(
    ctx: &Context<'_>,
    org: OrgId,
    args: PageArgs,
) -> Result<Option<OrganizationDomainConnection>> {
    if !may_know(ctx, org) {
        return Ok(None);
    }
    let name = format!("domains {org:?}");
    let page = ctx.page(&args, &name)?;
    let list = DomainList(org);
    let rows = ctx.fetch_one(DomainPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |domain: &Arc<OrganizationDomain>| [domain.domain.write(), domain.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Some(
        Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into(),
    ))
}

#[ComplexObject]
impl OrganizationDomain {
    /// The domain's global identifier. Cost: 1.
    pub async fn id(&self) -> OrganizationDomainKey {
        self.key
    }

    /// The organisation that says that it is its own. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// Whether it was shown to be. Cost: 1.
    #[graphql(name = "state")]
    async fn stands(&self) -> DomainState {
        self.state()
    }

    /// The name of the text record that shows it, `_lyceum-challenge.<domain>`. Cost: 1.
    #[graphql(name = "recordName")]
    async fn shown_name(&self) -> String {
        self.record_name()
    }

    /// What that record has to say. It is no secret. Leave it there: where it is gone, another organisation can verify the
    /// domain for itself. Cost: 1.
    #[graphql(name = "recordValue")]
    async fn shown_value(&self) -> String {
        self.record_value()
    }
}

/// What `domainAdd` takes.
#[derive(Clone, Debug, InputObject)]
pub struct DomainAddInput {
    /// The organisation.
    pub organization_id: ID,
    /// The domain, such as `example.org`; its subdomains are others.
    pub domain: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `domainVerify` takes.
#[derive(Clone, Debug, InputObject)]
pub struct DomainVerifyInput {
    /// The domain.
    pub domain_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `domainRemove` takes.
#[derive(Clone, Debug, InputObject)]
pub struct DomainRemoveInput {
    /// The domain.
    pub domain_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(DomainAddInput, DomainVerifyInput, DomainRemoveInput);

payload! {
    /// What `domainAdd` answers.
    DomainAddPayload {
        /// The domain, with the record that is to show that it is the organisation's.
        domain: Arc<OrganizationDomain>,
    }
    DomainAddUserError, DomainAddErrorCode { NotFound, Invalid, Taken, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `domainVerify` answers.
    DomainVerifyPayload {
        /// The domain, which is verified.
        domain: Arc<OrganizationDomain>,
    }
    DomainVerifyUserError, DomainVerifyErrorCode { NotFound, Invalid, NotVerified, DnsUnavailable, Taken, IdempotencyMismatch }
}

payload! {
    /// What `domainRemove` answers.
    DomainRemovePayload {
        /// The identifier that the domain had.
        domain_id: OrganizationDomainKey,
    }
    DomainRemoveUserError, DomainRemoveErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutations on domains.
#[derive(Default)]
pub struct DomainMutation;

#[Object]
impl DomainMutation {
    /// Says that a domain is the organisation's. Set the text record that the answer names, then call `domainVerify`. An
    /// organisation has at most 50 domains.
    ///
    /// Requires: `org.update`. Cost: 1.
    async fn domain_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain of which organisation.")] input: DomainAddInput,
    ) -> async_graphql::Result<Option<DomainAddPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return DomainAddPayload::refused(refusals),
        };
        let domain = input.domain.clone();
        let done = ctx.operation().mutate("domainAdd", org, &input, move |write| {
            Box::pin(async move { write::add(write, &domain).await })
        });
        match done.await? {
            Ok(key) => Ok(Some(DomainAddPayload {
                domain: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => DomainAddPayload::refused(refusals),
        }
    }

    /// Asks DNS for the domain's text record, and verifies the domain if it says what it should. A domain is verified for one
    /// organisation at a time: another one whose record is there no more loses it.
    ///
    /// Requires: `org.update`. Cost: 1, and a question to a name server; more than thirty in a short time are refused.
    async fn domain_verify(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: DomainVerifyInput,
    ) -> async_graphql::Result<Option<DomainVerifyPayload>> {
        signed_in(ctx)?;
        let domain: OrganizationDomainKey = match key(&input.domain_id, "domainId") {
            Ok(key) => key,
            Err(refusals) => return DomainVerifyPayload::refused(refusals),
        };
        let operation = ctx.operation();
        let known = find(ctx, domain).await?;
        // No connection is held while a name server is waited for.
        operation.read_anew().await;
        let found = match known {
            Some(known) => match proof::look_up(ctx.app(), &known, operation.origin.network()).await {
                Ok(found) => found,
                Err(Stop::Refused(refusals)) => return DomainVerifyPayload::refused(refusals),
                Err(Stop::Failed(error)) => return Err(error.into()),
            },
            None => Vec::new(),
        };
        let done = operation.mutate("domainVerify", domain.org, &input, move |write| {
            Box::pin(async move { write::verify(write, domain, &found).await })
        });
        match done.await? {
            Ok(key) => Ok(Some(DomainVerifyPayload {
                domain: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => DomainVerifyPayload::refused(refusals),
        }
    }

    /// Removes a domain, verified or not. Who linked their account stays a member; accounts are not linked by it any more.
    ///
    /// Requires: `org.update`. Cost: 1.
    async fn domain_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which domain.")] input: DomainRemoveInput,
    ) -> async_graphql::Result<Option<DomainRemovePayload>> {
        signed_in(ctx)?;
        let domain: OrganizationDomainKey = match key(&input.domain_id, "domainId") {
            Ok(key) => key,
            Err(refusals) => return DomainRemovePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("domainRemove", domain.org, &input, move |write| {
                Box::pin(async move { write::remove(write, domain).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(DomainRemovePayload {
                domain_id: Some(key),
                ..Default::default()
            })),
            Err(refusals) => DomainRemovePayload::refused(refusals),
        }
    }
}
