//! Roles, and why somebody may do something: `Role`, `explainAccess`.

use super::support::operation::Ask;
use super::support::{AccessRefusal, Verdicts};
use crate::auth::permission::{self, Permission};
use crate::auth::policy;
use crate::auth::standing::StandingOf;
use crate::domain::access::{self, Asked, Explanation, Subject};
use crate::domain::organizations::Organization;
use crate::domain::roles::Role;
use crate::kernel::error::Error;
use crate::kernel::ids::{Key, MemberKey, OrganizationKey, RoleKey};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use std::sync::Arc;

/// For whom a role gives a permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum Reach {
    /// For everything in the organisation.
    All,
    /// For the courses that the member teaches, and their learners.
    Taught,
    /// For the members of the groups that the member manages.
    Managed,
    /// For the member's own.
    Own,
}

impl Reach {
    /// This reach alone, as roles give it.
    pub fn given(self) -> permission::Reach {
        permission::Reach::of([self.word()])
    }

    /// How roles spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Taught => "taught",
            Self::Managed => "managed",
            Self::Own => "own",
        }
    }

    fn words(reach: permission::Reach) -> Vec<Self> {
        [
            (reach.all, Self::All),
            (reach.taught, Self::Taught),
            (reach.managed, Self::Managed),
            (reach.own, Self::Own),
        ]
        .into_iter()
        .filter_map(|(given, word)| given.then_some(word))
        .collect()
    }
}

/// A permission that a role gives.
#[derive(Clone, Debug, SimpleObject)]
pub struct RoleGrant {
    /// What may be done. Cost: 1.
    pub permission: Permission,
    /// For whom: any of these is enough. Cost: 1.
    pub reach: Vec<Reach>,
}

/// What the viewer may do with a role.
#[derive(Clone, Debug, SimpleObject)]
pub struct RoleAccess {
    /// Whether the viewer may change and delete the role; nobody may where it is built in. Cost: 1.
    pub manage: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

#[ComplexObject]
impl Role {
    /// The role's global identifier. Cost: 1.
    pub async fn id(&self) -> RoleKey {
        self.key
    }

    /// What the role gives, in the order of the permissions; what is not named it does not give. Cost: 1.
    #[graphql(name = "grants")]
    async fn listed_grants(&self) -> Vec<RoleGrant> {
        let grants = self.grants();
        let given = |permission: &Permission| {
            let reach = Reach::words(grants.reach(*permission));
            (!reach.is_empty()).then_some(RoleGrant {
                permission: *permission,
                reach,
            })
        };
        Permission::ALL.iter().filter_map(given).collect()
    }

    /// What the viewer may do with the role, decided by the same policies that guard the mutations. Cost: 1.
    async fn viewer_can(&self, ctx: &Context<'_>) -> RoleAccess {
        let standing = ctx.viewer().in_org(self.key.org);
        let mut facts = policy::Facts::of(policy::Kind::Role, self.key.org);
        facts.exceeds = standing.is_some_and(|standing| !standing.holds(&self.grants()));
        let mut verdicts = Verdicts::of(ctx, self.key.org);
        let manages = verdicts.may(Permission::RolesManage, facts);
        RoleAccess {
            manage: manages && !self.is_built_in,
            refusals: verdicts.refusals(),
        }
    }

    /// The organisation that the role belongs to. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }
}

/// What `explainAccess` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ExplainAccessInput {
    /// The member who would act; yourself where it is left out.
    pub actor_id: Option<ID>,
    /// What would be done.
    pub action: Permission,
    /// What it would be done with: an organisation, member, group, role, invitation, course, enrolment, attempt or certificate. With an
    /// organisation the question is about what is created in it.
    pub node_id: ID,
    /// The role that would be given, where the action is about giving one to a member or by an invitation.
    pub role_id: Option<ID>,
}

/// How somebody stands to something.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Relation {
    /// Whether it is their own. Cost: 1.
    pub own: bool,
    /// Whether they teach the course that it belongs to. Cost: 1.
    pub taught: bool,
    /// Whether they manage a group of the member whom it belongs to. Cost: 1.
    pub managed: bool,
}

impl From<policy::Relation> for Relation {
    fn from(relation: policy::Relation) -> Self {
        Self {
            own: relation.own,
            taught: relation.taught,
            managed: relation.managed,
        }
    }
}

/// Whether somebody may do something, and why: what the guards decide, by the same policies. It is about permissions alone;
/// what state a thing must be in is for the mutation to say.
#[derive(Clone, Debug, SimpleObject)]
pub struct AccessDecision {
    /// Whether they may. Cost: 1.
    pub allowed: bool,
    /// The permission that the question was about. Cost: 1.
    pub permission: Permission,
    /// The policies that decided it: those that permit, or those that forbid; empty where nothing permits. Cost: 1.
    pub policies: Vec<String>,
    /// For whom the actor's role gives the permission; empty where it does not. Cost: 1.
    pub reach: Vec<Reach>,
    /// How the actor stands to the thing. Cost: 1.
    pub relation: Relation,
    /// What is missing, for people; null where they may. Cost: 1.
    pub missing: Option<String>,
}

impl AccessDecision {
    fn new(permission: Permission, explained: Explanation) -> Self {
        Self {
            allowed: explained.allowed,
            permission,
            policies: explained.policies,
            reach: Reach::words(explained.reach),
            relation: explained.relation.into(),
            missing: explained.missing,
        }
    }
}

/// The root field about access.
#[derive(Default)]
pub struct AccessQuery;

#[Object]
impl AccessQuery {
    /// Explains whether a member may do something: the decision of the guards, with the policies that made it, the reach of
    /// the role, the actor's relation to the thing, and what is missing. Null where you may not know of the thing.
    ///
    /// Requires: membership of the thing's organisation; to ask about somebody else, `members.manage` with the reach `all`.
    /// Cost: 1, and up to five SQL statements.
    async fn explain_access(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who would do what with which thing.")] input: ExplainAccessInput,
    ) -> Result<Option<AccessDecision>> {
        let person = ctx.viewer().person().ok_or(Error::Unauthenticated)?;
        let Some(subject) = Subject::parse(&input.node_id) else {
            return Ok(None);
        };
        let Some(asker) = ctx.seen(subject.org(), ctx.viewer().in_org(subject.org())) else {
            return Ok(None);
        };
        let actor = match &input.actor_id {
            None => asker.key(),
            Some(id) => match MemberKey::parse(id) {
                Some(key) if ctx.seen(key.org, ctx.viewer().in_org(key.org)).is_some() => key,
                _ => return Ok(None),
            },
        };
        let own = person.orgs.iter().find(|standing| standing.key() == actor);
        let standing = if let Some(standing) = own {
            Some(standing.clone())
        } else {
            let here = ctx.viewer().in_org(actor.org);
            if !here.is_some_and(|standing| standing.reach(Permission::MembersManage).all) {
                let permission = Permission::MembersManage.as_str();
                return Err(Error::Forbidden { permission }.into());
            }
            if ctx.fetch(actor).await?.is_none() {
                return Ok(None);
            }
            match ctx.fetch(StandingOf(actor)).await? {
                Some(standing) => Some(ctx.app().with_policies(&standing).await?),
                None => None,
            }
        };
        let given = match subject {
            Subject::Role(key) => Some(Some(key)),
            _ => input.role_id.as_ref().map(|id| RoleKey::parse(id)),
        };
        let role = match given {
            None => None,
            Some(Some(key)) if key.org == subject.org() => match ctx.fetch(key).await? {
                Some(role) => Some(role),
                None => return Ok(None),
            },
            Some(named) => {
                if let Some(key) = named {
                    ctx.operation().missed(key.org);
                }
                return Ok(None);
            }
        };
        let actor = (actor, standing.as_deref());
        let policies = &ctx.app().policies;
        let about = Asked {
            permission: input.action,
            subject,
            role,
        };
        let explained = access::explain(&ctx.reader(), policies, asker, actor, about).await?;
        Ok(explained.map(|explained| AccessDecision::new(input.action, explained)))
    }
}
