//! The Cedar policies that an organisation adds to the platform's.
//!
//! They name what they govern, never reads, and give or take away permissions among the organisation's own members. What a
//! platform policy forbids they cannot allow: they are evaluated together, and in Cedar a forbid outweighs every permit.
//! A text is whole or it is refused: one fault, and none of it holds.

use super::permission::Permission;
use super::policy::{action_uid, bears};
use cedar_policy::{
    ActionConstraint, Effect, Policy, PolicyId, PolicySet, ResourceConstraint, Schema, ValidationMode,
    Validator,
};
use miette::Diagnostic;
use std::collections::{HashMap, HashSet};
use std::str::FromStr;
use std::sync::Arc;

/// How long a text may be, in bytes.
pub const MAX_BYTES: usize = 65_536;
/// How many policies a text may have.
pub const MAX_POLICIES: usize = 100;
/// How long one policy may be, in bytes: long ones nest deep, and deep ones are walked by recursion.
const MAX_POLICY_BYTES: usize = 4_096;
/// How deep brackets may nest.
const MAX_NESTING: usize = 40;
/// The stack on which a text is read, in bytes: several times what the longest policy takes.
const STACK: usize = 64 << 20;

/// What is wrong with a text of policies, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong and what is allowed.
    pub message: String,
}

/// One policy of an organisation's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPolicy {
    /// Its `@id`; decisions name it `org.<id>`.
    pub id: String,
    /// Whether it permits; else it forbids.
    pub permits: bool,
    /// What it is about.
    pub permissions: Vec<Permission>,
    /// The policy as it is written.
    text: String,
}

/// Policies of an organisation's own, together with the platform's, sliced by action.
#[derive(Debug)]
pub struct OrgPolicies {
    /// The policies, in the order of their ids.
    pub policies: Vec<OwnPolicy>,
    by_permission: HashMap<Permission, PolicySet>,
}

/// The policies of its own that an organisation has, as far as a standing knows them.
#[derive(Clone, Debug, Default)]
pub enum OwnPolicies {
    /// It has none.
    #[default]
    None,
    /// It has this revision, which is not read yet: whatever it may govern is refused.
    Unread(i32),
    /// These.
    Read(Arc<OrgPolicies>),
}

impl From<Option<i32>> for OwnPolicies {
    fn from(number: Option<i32>) -> Self {
        number.map_or(Self::None, Self::Unread)
    }
}

impl OwnPolicies {
    /// Whether one of them permits this, to whomever and wherever.
    pub fn permit(&self, permission: Permission) -> bool {
        match self {
            Self::Read(own) => own
                .policies
                .iter()
                .any(|policy| policy.permits && policy.permissions.contains(&permission)),
            Self::None | Self::Unread(_) => false,
        }
    }
}

impl OrgPolicies {
    /// Reads a text whose faults nobody has seen yet.
    pub(super) fn read<'p>(
        source: &str,
        schema: &Schema,
        platform: impl Fn(Permission) -> &'p PolicySet,
    ) -> Result<Self, Vec<Fault>> {
        within_bounds(source)?;
        let policies = std::thread::scope(|scope| {
            let read = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, || checked(source, schema));
            match read.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(read)) => read,
                _ => Err(vec![fault(
                    source,
                    0,
                    "The text cannot be read now; send it again.",
                )]),
            }
        })?;
        let mut own = Self {
            policies: Vec::new(),
            by_permission: HashMap::new(),
        };
        for policy in &policies {
            let about = Permission::ALL.iter().copied();
            let about: Vec<_> = about
                .filter(|permission| bears(policy, &action_uid(*permission)))
                .collect();
            for permission in &about {
                let slice = own.by_permission.entry(*permission);
                let slice = slice.or_insert_with(|| platform(*permission).clone());
                let named = policy.new_id(PolicyId::new(format!("org.{}", name(policy))));
                slice
                    .add(named)
                    .map_err(|error| vec![fault(source, 0, error.to_string())])?;
            }
            own.policies.push(OwnPolicy {
                id: name(policy).to_owned(),
                permits: policy.effect() == Effect::Permit,
                permissions: about,
                text: policy.to_string(),
            });
        }
        own.policies.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(own)
    }

    /// The policies by which these may give more than former ones did: permits that are new, and former forbids that are no
    /// more. One that is written otherwise is another one.
    pub fn widen<'p>(&'p self, former: &'p Self) -> impl Iterator<Item = &'p OwnPolicy> {
        let given = self.policies.iter();
        let given = given.filter(move |policy| policy.permits && !former.policies.contains(policy));
        let lifted = former.policies.iter();
        let lifted = lifted.filter(move |policy| !policy.permits && !self.policies.contains(policy));
        given.chain(lifted)
    }

    /// All policies that bear on a permission, if any of the organisation's own does.
    pub(super) fn bearing_on(&self, permission: Permission) -> Option<&PolicySet> {
        self.by_permission.get(&permission)
    }
}

fn name(policy: &Policy) -> &str {
    policy.annotation("id").unwrap_or_default()
}

/// Reads policies and checks each.
fn checked(source: &str, schema: &Schema) -> Result<Vec<Policy>, Vec<Fault>> {
    let set = PolicySet::from_str(source).map_err(|errors| {
        let faults = errors.iter().map(|error| diagnosed(source, error));
        faults.take(20).collect::<Vec<_>>()
    })?;
    let mut faults = Vec::new();
    if set.templates().next().is_some() {
        faults.push(fault(
            source,
            0,
            "Templates (?principal, ?resource) are not understood here.",
        ));
    }
    let policies: Vec<Policy> = set.policies().cloned().collect();
    if policies.len() > MAX_POLICIES {
        let message = format!(
            "{} policies are too many; {MAX_POLICIES} are allowed.",
            policies.len()
        );
        faults.push(fault(source, 0, message));
    }
    let mut names = HashSet::new();
    for policy in &policies {
        let place = source.find(&format!("\"{}\"", name(policy))).unwrap_or(0);
        if !is_a_name(name(policy)) {
            faults.push(fault(
                source,
                place,
                "Each policy has an @id of its own: 1 to 64 of a-z, 0-9, '.', '_' and '-'.",
            ));
        } else if !names.insert(name(policy).to_owned()) {
            faults.push(fault(
                source,
                place,
                format!("Two policies have the @id \"{}\".", name(policy)),
            ));
        }
        faults.extend(ungovernable(policy).map(|message| fault(source, place, message)));
        if matches!(
            policy.resource_constraint(),
            ResourceConstraint::Eq(_) | ResourceConstraint::In(_) | ResourceConstraint::IsIn(..)
        ) {
            faults.push(fault(source, place, "A single resource cannot be named; go by its kind (`resource is Course`) and by the actor's relation to it."));
        }
    }
    let result = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    faults.extend(result.validation_errors().map(|error| diagnosed(source, error)));
    faults.truncate(20);
    if faults.is_empty() {
        Ok(policies)
    } else {
        Err(faults)
    }
}

fn is_a_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

/// Why the actions of a policy are not its to govern.
fn ungovernable(policy: &Policy) -> Option<String> {
    let actions = match policy.action_constraint() {
        ActionConstraint::Any => {
            return Some(
                "Name the actions: `action == Action::\"courses.publish\"` or `action in [...]`.".to_owned(),
            );
        }
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let known = Permission::ALL.iter().copied();
    let closed = known
        .filter(|permission| !permission.is_governable())
        .find(|permission| actions.contains(&action_uid(*permission)))?;
    Some(format!(
        "{} is not for an organisation's policies to govern: they are about writes other than their own. Give it by roles.",
        closed.as_str()
    ))
}

/// Refuses what is too large to be read at all.
fn within_bounds(source: &str) -> Result<(), Vec<Fault>> {
    let refused = |place: usize, message: String| Err(vec![fault(source, place, message)]);
    if source.len() > MAX_BYTES {
        return refused(
            0,
            format!("The text has {} bytes; {MAX_BYTES} are allowed.", source.len()),
        );
    }
    let (mut nesting, mut start, mut quoted, mut comment) = (0_usize, 0, false, false);
    let mut characters = source.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\n' => comment = false,
            _ if comment => {}
            '\\' if quoted => {
                characters.next();
            }
            '"' => quoted = !quoted,
            _ if quoted => {}
            '/' if source[place..].starts_with("//") => comment = true,
            '(' | '[' | '{' => nesting += 1,
            ')' | ']' | '}' => nesting = nesting.saturating_sub(1),
            ';' => start = place + 1,
            _ => {}
        }
        if nesting > MAX_NESTING {
            return refused(place, format!("Brackets nest deeper than {MAX_NESTING}."));
        }
        if place.saturating_sub(start) > MAX_POLICY_BYTES {
            return refused(
                start,
                format!("One policy has more than {MAX_POLICY_BYTES} bytes; split it."),
            );
        }
    }
    Ok(())
}

fn diagnosed(source: &str, error: &(impl Diagnostic + std::fmt::Display)) -> Fault {
    let place = error.labels().and_then(|mut labels| labels.next());
    fault(source, place.map_or(0, |label| label.offset()), error.to_string())
}

fn fault(source: &str, place: usize, message: impl Into<String>) -> Fault {
    let before = source.get(..place).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |place| place + 1);
    Fault {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: message.into(),
    }
}
