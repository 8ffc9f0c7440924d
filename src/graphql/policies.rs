//! An organisation's own policies: revisions, saving, and what a change of access would change.

use super::role_mutations::RoleGrantInput;
use super::support::mutation::{key, show, signed_in};
use super::support::{Ask, Paged, connection::Count};
use crate::auth::org_policies::{self, OrgPolicies, OwnPolicies};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question};
use crate::auth::standing::OrgStanding;
use crate::db::paginate::CursorValue;
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::policies::{self, PoliciesOf, PolicyRevision, PolicyRevisionList, PolicyRevisionPage};
use crate::domain::simulation::{self, Proposal, simulate};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{Key, MemberKey, OrgId, OrganizationKey, PolicyRevisionKey, RoleKey};
use crate::kernel::page::PageArgs;
use crate::{connection, inputs, payload};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, SimpleObject};
use std::collections::HashMap;
use std::sync::Arc;

connection!(
    PolicyRevisionConnection,
    PolicyRevisionEdge,
    Arc<PolicyRevision>,
    "policy revisions"
);

/// Whether a policy gives or takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PolicyEffect {
    /// It permits.
    Permit,
    /// It forbids, whatever permits.
    Forbid,
}

/// One policy of an organisation's own.
#[derive(Clone, Debug, SimpleObject)]
pub struct OrganizationPolicy {
    /// Its name in decisions: `org.` and the policy's `@id`. Cost: 1.
    pub name: String,
    /// Whether it gives or takes. Cost: 1.
    pub effect: PolicyEffect,
    /// What it is about. Cost: 1.
    pub permissions: Vec<Permission>,
}

fn listed(own: &OrgPolicies) -> Vec<OrganizationPolicy> {
    let policy = |policy: &org_policies::OwnPolicy| OrganizationPolicy {
        name: format!("org.{}", policy.id),
        effect: if policy.permits {
            PolicyEffect::Permit
        } else {
            PolicyEffect::Forbid
        },
        permissions: policy.permissions.clone(),
    };
    own.policies.iter().map(policy).collect()
}

#[ComplexObject]
impl PolicyRevision {
    /// The revision's global identifier. Cost: 1.
    pub async fn id(&self) -> PolicyRevisionKey {
        self.key
    }

    /// Who saved it; null where the service itself did. Cost: 1, batched.
    async fn author(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.author_key() {
            Some(author) => Ok(Some(ctx.fetch_one(author).await?)),
            None => Ok(None),
        }
    }

    /// The organisation that it belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The policies of the text, by name; empty where the text is no longer understood. Cost: 10.
    async fn policies(&self, ctx: &Context<'_>) -> Vec<OrganizationPolicy> {
        let read = ctx.app().policies.read(&self.source);
        read.map(|own| listed(&own)).unwrap_or_default()
    }
}

/// Whether the viewer may manage an organisation's policies, and so may read them.
pub fn manages(ctx: &Context<'_>, org: OrgId) -> Option<Arc<OrgStanding>> {
    let permission = Permission::PoliciesManage;
    let facts = Facts::of(Kind::Organization, org);
    let standing = ctx.viewer().in_org(org)?;
    let decision = ctx
        .app()
        .policies
        .decide(standing, Question { permission, facts });
    decision.allowed.then(|| standing.clone())
}

/// Finds a revision that the viewer may read.
pub async fn find(ctx: &Context<'_>, key: PolicyRevisionKey) -> Result<Option<Arc<PolicyRevision>>> {
    if manages(ctx, key.org).is_none() {
        return Ok(None);
    }
    ctx.fetch(key).await
}

/// Reads a page of the revisions of an organisation's policies.
pub async fn page(ctx: &Context<'_>, org: OrgId, args: PageArgs) -> Result<PolicyRevisionConnection> {
    let name = format!("policy revisions {org:?}");
    let page = ctx.page(&args, &name)?;
    let list = PolicyRevisionList(org);
    let rows = ctx.fetch_one(PolicyRevisionPage(list, page.clone())).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(list).await?.unwrap_or_default()) }));
    let cursor = |revision: &Arc<PolicyRevision>| [revision.number.write(), revision.key.id.write()];
    let slice = page.slice(rows.to_vec());
    Ok(Paged::new(&ctx.app().keyring, &name, slice, cursor, count).into())
}

/// What `policiesSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct PoliciesSetInput {
    /// The organisation.
    pub organization_id: ID,
    /// The whole text, in the Cedar policy language; empty to take all policies back. Up to 100 policies and 64 KiB, each
    /// with an `@id` and with its actions named.
    pub source: String,
    /// The number of the revision that you have seen, 0 where there was none; refused when there is another by now.
    pub expected_number: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(PoliciesSetInput);

payload! {
    /// What `policiesSet` answers.
    PoliciesSetPayload {
        /// The revision that holds now.
        revision: Arc<PolicyRevision>,
    }
    PoliciesSetUserError, PoliciesSetErrorCode { NotFound, Invalid, RoleNotAllowed, VersionConflict, IdempotencyMismatch }
}

/// The mutations on policies.
#[derive(Default)]
pub struct PolicyMutation;

#[Object]
impl PolicyMutation {
    /// Saves a text as the policies that an organisation adds to the platform's. It is checked as a whole: one fault, and
    /// nothing is stored; each fault says its line and column. It holds from every member's next request on.
    ///
    /// Policies give or take permissions for writes by role, member, kind of thing and relation to it; never reads, never
    /// `policies.manage`, and never what a platform policy forbids. Try them with `policySimulate` first.
    ///
    /// Nobody gives what they do not hold: a permit that is new or changed, and a stored forbid that is changed or left out, take
    /// its permissions over the whole organisation.
    ///
    /// Requires: `policies.manage`, and a recent `stepUp`. Cost: 1.
    async fn policies_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which policies, for which organisation.")] input: PoliciesSetInput,
    ) -> async_graphql::Result<Option<PoliciesSetPayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(organization) => organization.0,
            Err(refusals) => return PoliciesSetPayload::refused(refusals),
        };
        let (source, expected) = (input.source.clone(), input.expected_number);
        let done = ctx.operation().mutate("policiesSet", org, &input, move |write| {
            Box::pin(async move { policies::set(write, source, expected).await })
        });
        let (payload, shown) = PoliciesSetPayload::of_edit(done.await?)?;
        let revision = show(shown, ctx.fetch(PoliciesOf(org))).await?;
        Ok(Some(PoliciesSetPayload { revision, ..payload }))
    }
}

/// A role as it would be.
#[derive(Clone, Debug, InputObject)]
pub struct RoleProposalInput {
    /// The role.
    pub role_id: ID,
    /// Everything that it would give; what is not named it would not.
    pub grants: Vec<RoleGrantInput>,
}

/// A member's role as it would be.
#[derive(Clone, Debug, InputObject)]
pub struct MemberProposalInput {
    /// The member.
    pub member_id: ID,
    /// The role that they would have.
    pub role_id: ID,
}

/// What `policySimulate` takes: any changes together. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct PolicySimulateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The organisation's own policies as they would be; empty for none.
    pub policies: Option<String>,
    /// Roles as they would be, up to 100.
    #[graphql(default)]
    pub roles: Vec<RoleProposalInput>,
    /// Members with other roles, up to 100.
    #[graphql(default)]
    pub members: Vec<MemberProposalInput>,
}

/// What is wrong with a text of policies, and where.
#[derive(Clone, Debug, SimpleObject)]
pub struct PolicyFault {
    /// The line, from 1. Cost: 1.
    pub line: usize,
    /// The character in the line, from 1. Cost: 1.
    pub column: usize,
    /// What is wrong and what is allowed. Cost: 1.
    pub message: String,
}

/// Whether a permission would come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AccessChangeKind {
    /// The member could do what they cannot do now.
    Gained,
    /// The member could no longer do what they can do now.
    Lost,
}

/// A permission that a member would gain or lose on things of one kind.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct AccessChange {
    #[graphql(skip)]
    member: MemberKey,
    /// Whether it would come or go. Cost: 1.
    pub kind: AccessChangeKind,
    /// What they could do, or no longer. Cost: 1.
    pub permission: Permission,
    /// With what kind of thing, as policies name it. Cost: 1.
    pub resource_kind: String,
    /// Up to five of those things, by their identifiers; the organisation where something is created in it. Cost: 1.
    pub resources: Vec<ID>,
    /// With how many of the things that were looked at. Cost: 1.
    pub resource_count: usize,
    /// The policies that would decide it; empty where nothing would permit it. Cost: 1.
    pub policies: Vec<String>,
}

#[ComplexObject]
impl AccessChange {
    /// Who would gain or lose it. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member).await?)
    }
}

/// What a change of access would change, tried on real members and things. Nothing is written.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PolicySimulation {
    /// What is wrong with the policies; when it is not empty, nothing was tried. Cost: 1.
    pub faults: Vec<PolicyFault>,
    /// Who would gain or lose what, by member. Cost: 1.
    pub changes: Vec<AccessChange>,
    /// How many members were looked at: up to 200, the newest of each role first. Cost: 1.
    pub members_checked: usize,
    /// How many things were looked at: up to the 20 newest of each kind, and the organisation. Cost: 1.
    pub resources_checked: usize,
    /// Whether every active member was looked at. Cost: 1.
    pub is_complete: bool,
}

/// The root field about changes of access.
#[derive(Default)]
pub struct PolicyQuery;

#[Object]
impl PolicyQuery {
    /// Foretells who would gain and lose what by a change of policies, roles or memberships, before it is saved: the decisions
    /// of the guards, over real members and a sample of what they work with. Null where you may not manage policies.
    ///
    /// Requires: `policies.manage`. Cost: 200, and up to six SQL statements.
    async fn policy_simulate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What would be changed.")] input: PolicySimulateInput,
    ) -> async_graphql::Result<Option<PolicySimulation>> {
        let Some(OrganizationKey(org)) = OrganizationKey::parse(&input.organization_id) else {
            return Ok(None);
        };
        let Some(standing) = ctx.seen(org, manages(ctx, org)) else {
            return Ok(None);
        };
        let mut proposal = proposed(ctx, org, &input)?;
        if let Some(source) = &input.policies {
            match ctx.app().policies.read(source) {
                Ok(own) => proposal.policies = Some(OwnPolicies::Read(Arc::new(own))),
                Err(faults) => {
                    let faults = faults.into_iter().map(PolicyFault::from).collect();
                    return Ok(Some(PolicySimulation {
                        faults,
                        ..Default::default()
                    }));
                }
            }
        }
        let done = simulate(&ctx.reader(), &ctx.app().policies, &standing, &proposal).await?;
        Ok(Some(PolicySimulation {
            faults: Vec::new(),
            changes: done.changes.into_iter().map(AccessChange::from).collect(),
            members_checked: done.members,
            resources_checked: done.resources,
            is_complete: done.is_complete,
        }))
    }
}

impl From<org_policies::Fault> for PolicyFault {
    fn from(fault: org_policies::Fault) -> Self {
        let org_policies::Fault {
            line,
            column,
            message,
        } = fault;
        Self {
            line,
            column,
            message,
        }
    }
}

impl From<simulation::Change> for AccessChange {
    fn from(change: simulation::Change) -> Self {
        Self {
            member: change.member,
            kind: if change.gains {
                AccessChangeKind::Gained
            } else {
                AccessChangeKind::Lost
            },
            permission: change.permission,
            resource_kind: change.kind.name().to_owned(),
            resources: change.resources.into_iter().map(ID).collect(),
            resource_count: change.count,
            policies: change.policies,
        }
    }
}

/// Reads the roles and members of a proposal. Those of another organisation are none of this one.
fn proposed(ctx: &Context<'_>, org: OrgId, input: &PolicySimulateInput) -> Result<Proposal> {
    if input.roles.len() > 100 || input.members.len() > 100 {
        return Err(Error::BadInput(
            "Propose up to 100 roles and 100 members at once.".into(),
        ));
    }
    let role = |id: &ID, path: &str| {
        let role = RoleKey::parse(id).inspect(|role| ctx.operation().missed(role.org));
        let role = role.filter(|role| role.org == org);
        role.ok_or_else(|| Error::BadInput(format!("`{path}` is no role of this organisation.")))
    };
    let mut proposal = Proposal::default();
    for (index, proposed) in input.roles.iter().enumerate() {
        let grants = proposed.grants.iter().map(|grant| {
            let words = grant.reach.iter().map(|reach| reach.word().into()).collect();
            (
                grant.permission.as_str().to_owned(),
                serde_json::Value::Array(words),
            )
        });
        let key = role(&proposed.role_id, &format!("input.roles.{index}.roleId"))?;
        proposal
            .grants
            .insert(key.id, grants.collect::<serde_json::Map<_, _>>().into());
    }
    let mut roles = HashMap::new();
    for (index, proposed) in input.members.iter().enumerate() {
        let member = MemberKey::parse(&proposed.member_id);
        let member = member.inspect(|member| ctx.operation().missed(member.org));
        let member = member.filter(|member| member.org == org);
        let member = member.ok_or_else(|| {
            Error::BadInput(format!(
                "`input.members.{index}.memberId` is no member of this organisation."
            ))
        })?;
        let key = role(&proposed.role_id, &format!("input.members.{index}.roleId"))?;
        roles.insert(member.id, key.id);
    }
    proposal.roles = roles;
    Ok(proposal)
}
