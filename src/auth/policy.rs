//! Decisions: the platform's Cedar policies over what is known of actor and resource.
//!
//! A decision is synchronous and pure. It depends on [`Question`] alone, so equal questions of one standing are
//! answered from memory; the same function answers guards, `viewerCan` and `explainAccess`.

use super::org_policies::{Fault, OrgPolicies, OwnPolicies};
use super::permission::{Permission, Reach};
use super::standing::OrgStanding;
use crate::kernel::ids::OrgId;
use anyhow::Context as _;
use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision as Verdict, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, Policy, PolicySet, Request, RestrictedExpression as Value, Schema,
};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

/// The policies that hold in every organisation.
pub const PLATFORM_POLICIES: &str = include_str!("../../policies/platform.cedar");
/// What policies may speak about.
pub const POLICY_SCHEMA: &str = include_str!("../../policies/lyceum.cedarschema");

/// What kind of thing is acted upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The organisation itself: creation of things in it.
    Organization,
    /// A member.
    Membership,
    /// A group.
    Group,
    /// A role.
    Role,
    /// An invitation, sent or about to be.
    Invitation,
    /// A course.
    Course,
    /// An enrolment and its progress.
    Enrollment,
    /// An attempt.
    Attempt,
    /// What was handed in for an assignment.
    Submission,
    /// A certificate.
    Certificate,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Organization,
        Self::Membership,
        Self::Group,
        Self::Role,
        Self::Invitation,
        Self::Course,
        Self::Enrollment,
        Self::Attempt,
        Self::Submission,
        Self::Certificate,
    ];

    /// Its name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::Membership => "Membership",
            Self::Group => "Group",
            Self::Role => "Role",
            Self::Invitation => "Invitation",
            Self::Course => "Course",
            Self::Enrollment => "Enrollment",
            Self::Attempt => "Attempt",
            Self::Submission => "Submission",
            Self::Certificate => "Certificate",
        }
    }
}

/// How the actor stands to what is acted upon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Relation {
    /// It is the actor's own.
    pub own: bool,
    /// The actor teaches the course that it belongs to.
    pub taught: bool,
    /// The actor manages a group of the member whom it belongs to.
    pub managed: bool,
}

impl Relation {
    /// The same, for what is decided about others alone: none to what is the actor's own.
    #[must_use]
    pub fn of_others(self) -> Self {
        if self.own { Self::default() } else { self }
    }
}

/// Everything about the resource that a decision may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// The organisation that it belongs to.
    pub org: OrgId,
    /// How the actor stands to it.
    pub relation: Relation,
    /// For a member or an invitation: whether it is about an owner.
    pub is_owner: bool,
    /// For a member, an invitation, a group or a role: whether somebody would get more than the actor may give, since they
    /// do not hold it.
    pub exceeds: bool,
}

impl Facts {
    /// The facts of a thing that the actor has no relation to.
    pub const fn of(kind: Kind, org: OrgId) -> Self {
        Self {
            kind,
            org,
            relation: Relation {
                own: false,
                taught: false,
                managed: false,
            },
            is_owner: false,
            exceeds: false,
        }
    }

    /// The same thing in that relation to the actor.
    #[must_use]
    pub const fn related(mut self, relation: Relation) -> Self {
        self.relation = relation;
        self
    }
}

/// One question: may this be done with that?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// What is to be done.
    pub permission: Permission,
    /// What it is done with.
    pub facts: Facts,
}

/// The answer, with the policies that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may be done.
    pub allowed: bool,
    /// The ids of the deciding policies, sorted: the permits, or the forbids; empty where nothing permits.
    pub policies: Vec<String>,
}

/// The actor and a resource, as policies see them.
#[derive(Debug)]
struct Scene {
    actor: EntityUid,
    resource: EntityUid,
    entities: Entities,
}

/// What was asked of a standing so far.
#[derive(Debug, Default)]
pub(super) struct Memory {
    decisions: HashMap<Question, Decision>,
    /// By the facts but for the relation, which is no part of it.
    scenes: HashMap<Facts, Arc<Scene>>,
}

/// What a decision names where a credential's scopes refuse, whatever policies say.
pub const SCOPES: &str = "credential.scopes";

/// The platform's policies, sliced by action.
#[derive(Debug)]
pub struct Policies {
    authorizer: Authorizer,
    schema: Schema,
    by_action: Vec<PolicySet>,
    kinds: Vec<Vec<Kind>>,
    types: HashMap<&'static str, EntityTypeName>,
    actions: Vec<EntityUid>,
    /// One for each reach and relation.
    contexts: HashMap<(Reach, Relation), Context>,
}

impl Policies {
    /// Loads the platform's policies.
    pub fn platform() -> anyhow::Result<Self> {
        let set =
            named(&PolicySet::from_str(PLATFORM_POLICIES).context("the platform's policies do not parse")?)?;
        let actions: Vec<_> = Permission::ALL
            .iter()
            .map(|permission| action_uid(*permission))
            .collect();
        let by_action = actions
            .iter()
            .map(|action| slice(&set, action))
            .collect::<anyhow::Result<_>>()?;
        let (schema, _) = Schema::from_cedarschema_str(POLICY_SCHEMA)?;
        let kinds = actions.iter().map(|action| kinds(&schema, action)).collect();
        let types = std::iter::once("Member")
            .chain(Kind::ALL.iter().map(|kind| kind.name()))
            .map(|name| Ok((name, EntityTypeName::from_str(name)?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Self {
            authorizer: Authorizer::new(),
            schema,
            by_action,
            kinds,
            types,
            actions,
            contexts: contexts()?,
        })
    }

    /// What a permission is about; asked of anything else it says nothing.
    pub fn kinds(&self, permission: Permission) -> &[Kind] {
        &self.kinds[permission as usize]
    }

    /// Reads the policies of an organisation's own, or says what is wrong with them and where.
    pub fn read(&self, source: &str) -> Result<OrgPolicies, Vec<Fault>> {
        let platform = |permission: Permission| &self.by_action[permission as usize];
        OrgPolicies::read(source, &self.schema, platform)
    }

    /// What bears on a permission for this actor; nothing where it cannot be told, which refuses.
    fn bearing<'p>(&'p self, who: &'p OrgStanding, permission: Permission) -> anyhow::Result<&'p PolicySet> {
        let platform = &self.by_action[permission as usize];
        match who.own_policies() {
            _ if !permission.is_governable() => Ok(platform),
            OwnPolicies::None => Ok(platform),
            OwnPolicies::Read(own) => Ok(own.bearing_on(permission).unwrap_or(platform)),
            OwnPolicies::Unread(number) => {
                anyhow::bail!(
                    "revision {number} of the policies of {} is not read",
                    who.org_slug
                )
            }
        }
    }

    /// Decides; what this standing has asked before is answered from its memory.
    pub fn decide(&self, who: &OrgStanding, question: Question) -> Decision {
        if !who.scopes().have(question.permission) {
            return Decision {
                allowed: false,
                policies: vec![SCOPES.to_owned()],
            };
        }
        if let Some(known) = who.memory().decisions.get(&question) {
            return known.clone();
        }
        let decision = self.evaluate(who, question);
        who.memory().decisions.insert(question, decision.clone());
        decision
    }

    fn evaluate(&self, who: &OrgStanding, question: Question) -> Decision {
        let Question { permission, facts } = question;
        let answer = || -> anyhow::Result<Decision> {
            let policies = self.bearing(who, permission)?;
            let scene = self.scene(who, facts)?;
            let context = self.contexts.get(&(who.reach(permission), facts.relation));
            let request = Request::new(
                scene.actor.clone(),
                self.actions[permission as usize].clone(),
                scene.resource.clone(),
                context.context("a reach and relation without a context")?.clone(),
                None,
            )?;
            let response = self.authorizer.is_authorized(&request, policies, &scene.entities);
            let mut policies: Vec<_> = response.diagnostics().reason().map(ToString::to_string).collect();
            policies.sort();
            let sound = response.diagnostics().errors().next().is_none();
            Ok(Decision {
                allowed: sound && response.decision() == Verdict::Allow,
                policies,
            })
        };
        answer().unwrap_or_else(|error| {
            tracing::error!(%error, "a policy question could not be put; refused");
            Decision {
                allowed: false,
                policies: Vec::new(),
            }
        })
    }

    /// The actor and the resource; made once for all that is asked about alike.
    fn scene(&self, who: &OrgStanding, facts: Facts) -> anyhow::Result<Arc<Scene>> {
        let alike = facts.related(Relation::default());
        if let Some(known) = who.memory().scenes.get(&alike) {
            return Ok(known.clone());
        }
        let actor = self.uid("Member", &who.key().to_string());
        let resource = self.uid(facts.kind.name(), "resource");
        let entities = [self.actor(who, &actor)?, self.resource(facts, &resource)?];
        let scene = Arc::new(Scene {
            entities: Entities::from_entities(entities, None)?,
            actor,
            resource,
        });
        who.memory().scenes.insert(alike, scene.clone());
        Ok(scene)
    }

    fn uid(&self, kind: &str, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.types[kind].clone(), EntityId::new(id))
    }

    fn organization(&self, org: OrgId) -> Value {
        Value::new_entity_uid(self.uid("Organization", &org.0.to_string()))
    }

    fn actor(&self, who: &OrgStanding, uid: &EntityUid) -> anyhow::Result<Entity> {
        let attributes = HashMap::from([
            ("organization".to_owned(), self.organization(who.org)),
            ("role".to_owned(), Value::new_string(who.role.clone())),
            ("isOwner".to_owned(), Value::new_bool(who.is_owner())),
        ]);
        Ok(Entity::new(uid.clone(), attributes, HashSet::new())?)
    }

    fn resource(&self, facts: Facts, uid: &EntityUid) -> anyhow::Result<Entity> {
        let mut attributes = HashMap::from([("organization".to_owned(), self.organization(facts.org))]);
        if matches!(facts.kind, Kind::Membership | Kind::Invitation) {
            attributes.insert("isOwner".to_owned(), Value::new_bool(facts.is_owner));
        }
        if matches!(
            facts.kind,
            Kind::Membership | Kind::Invitation | Kind::Group | Kind::Role
        ) {
            attributes.insert("exceeds".to_owned(), Value::new_bool(facts.exceeds));
        }
        Ok(Entity::new(uid.clone(), attributes, HashSet::new())?)
    }
}

/// The context of each reach and relation that there can be.
fn contexts() -> anyhow::Result<HashMap<(Reach, Relation), Context>> {
    let all = (0..128_u8).map(|bits| {
        let bit = |at: u8| bits & (1 << at) != 0;
        let reach = Reach {
            all: bit(0),
            taught: bit(1),
            managed: bit(2),
            own: bit(3),
        };
        let relation = Relation {
            own: bit(4),
            taught: bit(5),
            managed: bit(6),
        };
        Ok(((reach, relation), context(reach, relation)?))
    });
    all.collect()
}

fn context(reach: Reach, relation: Relation) -> anyhow::Result<Context> {
    let reach = Value::new_set(reach.words().map(|word| Value::new_string(word.to_owned())));
    Ok(Context::from_pairs([
        ("reach".to_owned(), reach),
        ("own".to_owned(), Value::new_bool(relation.own)),
        ("taught".to_owned(), Value::new_bool(relation.taught)),
        ("managed".to_owned(), Value::new_bool(relation.managed)),
    ])?)
}

pub(super) fn action_uid(permission: Permission) -> EntityUid {
    let kind = EntityTypeName::from_str("Action").expect("Action is a type's name");
    EntityUid::from_type_name_and_id(kind, EntityId::new(permission.as_str()))
}

fn kinds(schema: &Schema, action: &EntityUid) -> Vec<Kind> {
    let names: HashSet<String> = schema
        .resources_for_action(action)
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let all = Kind::ALL.iter().copied();
    all.filter(|kind| names.contains(kind.name())).collect()
}

/// Gives each policy the id that its `@id` annotation says.
fn named(set: &PolicySet) -> anyhow::Result<PolicySet> {
    let policies = set.policies().map(|policy| {
        let id = policy.annotation("id").context("a platform policy has no @id")?;
        Ok(policy.new_id(cedar_policy::PolicyId::new(id)))
    });
    Ok(PolicySet::from_policies(
        policies.collect::<anyhow::Result<Vec<_>>>()?,
    )?)
}

/// The policies that can bear on one action.
fn slice(set: &PolicySet, action: &EntityUid) -> anyhow::Result<PolicySet> {
    let bearing = set.policies().filter(|policy| bears(policy, action));
    Ok(PolicySet::from_policies(bearing.cloned())?)
}

/// Whether a policy can bear on an action.
pub(super) fn bears(policy: &Policy, action: &EntityUid) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(named) => named == *action,
        ActionConstraint::In(named) => named.contains(action),
    }
}
