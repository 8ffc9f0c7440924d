//! What a change of access would change: the decisions of real members on a sample of real things, before and after.
//!
//! Nothing is written. Both sides are decided by the function that guards decide by, so that what is foretold is what happens.

mod sample;

use super::invitations::model::facts_of_new;
use crate::auth::org_policies::OwnPolicies;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Policies, Question};
use crate::auth::standing::OrgStanding;
use crate::db::Reader;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseId, MemberId, MemberKey, OrgId, OrganizationKey, RoleId};
use sample::{MemberRow, Relations, RoleRow, Thing, members, relations, roles, things};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// How many things a change names.
const MOST_NAMED: usize = 5;

/// What would be changed.
#[derive(Debug, Default)]
pub struct Proposal {
    /// The organisation's own policies; as they are where there are none here.
    pub policies: Option<OwnPolicies>,
    /// Roles with what they would give.
    pub grants: HashMap<RoleId, Value>,
    /// Members with the role that they would have.
    pub roles: HashMap<MemberId, RoleId>,
}

/// A permission that a member would gain or lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who.
    pub member: MemberKey,
    /// What they could do, or no longer.
    pub permission: Permission,
    /// What kind of thing they could do it with.
    pub kind: Kind,
    /// Whether they gain it; else they lose it.
    pub gains: bool,
    /// Some of those things, by their identifiers.
    pub resources: Vec<String>,
    /// With how many of those that were looked at.
    pub count: usize,
    /// The policies that would decide it.
    pub policies: Vec<String>,
}

/// What a proposal would change.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// By member, permission and kind.
    pub changes: Vec<Change>,
    /// How many members were looked at.
    pub members: usize,
    /// How many things were looked at.
    pub resources: usize,
    /// Whether that is every active member.
    pub is_complete: bool,
}

/// Foretells what a proposal would change in an organisation.
pub async fn simulate(
    reader: &Reader,
    policies: &Policies,
    here: &OrgStanding,
    proposal: &Proposal,
) -> Result<Simulation> {
    let org = here.org;
    let named: Vec<MemberId> = proposal.roles.keys().copied().collect();
    let (members, roles, things) = reader
        .run(|conn| async move {
            tokio::try_join!(members(conn, org, named), roles(conn, org), things(conn, org))
        })
        .await?;
    let roles: HashMap<RoleId, RoleRow> = roles.into_iter().map(|role| (role.id, role)).collect();
    for (member, role) in &proposal.roles {
        if !members.iter().any(|row| row.id == *member) || !roles.contains_key(role) {
            return Err(Error::BadInput(
                "`members` names what is no active member or no role here.".into(),
            ));
        }
    }
    if proposal.grants.keys().any(|role| !roles.contains_key(role)) {
        return Err(Error::BadInput("`roles` names what is no role here.".into()));
    }
    let ids: Vec<MemberId> = members.iter().map(|member| member.id).collect();
    let courses: Vec<CourseId> = things.iter().filter_map(|thing| thing.course_id).collect();
    let owners: Vec<MemberId> = things.iter().filter_map(|thing| thing.member_id).collect();
    let stand = reader
        .run(|conn| async move { relations(conn, org, &ids, &courses, &owners).await })
        .await?;

    let mut changes: BTreeMap<_, Change> = BTreeMap::new();
    for member in &members {
        let Some((before, after)) = standings(here, member, &roles, proposal) else {
            continue;
        };
        for (resource, facts, permission) in questions(policies, org, &things, member.id, &stand) {
            let (was, is) = (
                policies.decide(&before, Question { permission, facts }).allowed,
                policies.decide(&after, Question { permission, facts }),
            );
            if was == is.allowed {
                continue;
            }
            let key = (member.id, permission as usize, facts.kind as usize, is.allowed);
            let change = changes.entry(key).or_insert_with(|| Change {
                member: MemberKey::new(org, member.id),
                permission,
                kind: facts.kind,
                gains: is.allowed,
                resources: Vec::new(),
                count: 0,
                policies: is.policies.clone(),
            });
            change.count += 1;
            if change.resources.len() < MOST_NAMED {
                change.resources.push(resource);
            }
        }
    }
    Ok(Simulation {
        changes: changes.into_values().collect(),
        members: members.len(),
        resources: things.len() + 1,
        is_complete: members
            .first()
            .is_none_or(|member| usize::try_from(member.active) == Ok(members.len())),
    })
}

/// A member's standing as it is, and as it would be.
fn standings(
    here: &OrgStanding,
    member: &MemberRow,
    roles: &HashMap<RoleId, RoleRow>,
    proposal: &Proposal,
) -> Option<(OrgStanding, OrgStanding)> {
    let standing = |role: &RoleRow, grants: &Value| {
        let key = MemberKey::new(here.org, member.id);
        OrgStanding::new(key, here.org_slug.clone(), role.slug.clone(), grants)
    };
    let role = roles.get(&member.role_id)?;
    let before = standing(role, &role.grants).under(here.own_policies().clone());
    let role = roles.get(proposal.roles.get(&member.id).unwrap_or(&member.role_id))?;
    let grants = proposal.grants.get(&role.id).unwrap_or(&role.grants);
    let policies = proposal.policies.as_ref().unwrap_or_else(|| here.own_policies());
    Some((before, standing(role, grants).under(policies.clone())))
}

/// Everything that is asked about a member: each thing of the sample with each permission that is about its kind.
fn questions(
    policies: &Policies,
    org: OrgId,
    things: &[Thing],
    member: MemberId,
    relations: &Relations,
) -> Vec<(String, Facts, Permission)> {
    let place = OrganizationKey(org).to_string();
    let created = [
        (place.clone(), Facts::of(Kind::Organization, org), true),
        (place.clone(), facts_of_new(org, true, false), true),
        (place, facts_of_new(org, false, false), true),
    ];
    let found = things.iter().filter_map(|thing| {
        let facts = thing.facts(org, relations.of(member, thing))?;
        Some((thing.name(org, facts.kind), facts, thing.is_marked))
    });
    let asked = created
        .into_iter()
        .chain(found)
        .flat_map(|(resource, facts, is_marked)| {
            let about = Permission::ALL.iter().copied();
            let about = about.filter(move |permission| policies.kinds(*permission).contains(&facts.kind));
            // Of the two permissions to read a course, its state says which counts.
            let counts = move |permission: &Permission| match permission {
                Permission::CoursesRead => is_marked,
                Permission::CoursesReadDraft => !is_marked,
                _ => true,
            };
            about
                .filter(counts)
                .map(move |permission| (resource.clone(), facts, permission))
        });
    asked.collect()
}
