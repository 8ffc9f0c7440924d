//! The built-in roles. Every organisation starts with them; its own roles are rows of the same form.

use super::permission::Permission;
use serde_json::{Map, Value};

/// Permissions, each with its reaches.
type Grants = &'static [(&'static str, &'static str)];

/// A role as each organisation gets it at its creation.
#[derive(Debug)]
pub struct BuiltIn {
    /// How invitations and policies name it.
    pub slug: &'static str,
    /// How people read it.
    pub name: &'static str,
    /// Permissions with their reaches, separated by spaces.
    grants: &'static [Grants],
}

impl BuiltIn {
    /// The grants as a role's row keeps them.
    pub fn grants(&self) -> Value {
        let grant = |(permission, reaches): &(&str, &str)| {
            (
                (*permission).to_owned(),
                reaches.split(' ').map(Value::from).collect::<Value>(),
            )
        };
        let grants = self.grants.iter().copied().flatten().map(grant);
        Value::Object(grants.collect::<Map<_, _>>())
    }
}

/// What owners and administrators run an organisation by.
const ADMINISTRATION: Grants = &[
    ("members.read", "all"),
    ("members.manage", "all"),
    ("groups.manage", "all"),
    ("roles.manage", "all"),
    ("invitations.manage", "all"),
    ("courses.create", "all"),
    ("courses.read", "all"),
    ("courses.read_draft", "all"),
    ("courses.update", "all"),
    ("courses.publish", "all"),
    ("questions.key.read", "all"),
    ("questions.manage", "all"),
    ("enrollments.manage", "all"),
    ("learning_records.read", "all"),
    ("attempts.take", "own"),
    ("assets.upload", "all"),
    ("attempts.grade", "all"),
    ("attempts.regrade", "all"),
    ("attempts.void", "all"),
    ("accommodations.manage", "all"),
    ("policies.manage", "all"),
    ("audit.read", "all"),
    ("security.read", "all"),
    ("org.update", "all"),
    ("apps.manage", "all"),
    ("learner_sessions.create", "all"),
    ("support.grant.approve", "all"),
    ("sso.manage", "all"),
];

/// What is an owner's alone.
const OWNERSHIP: Grants = &[("org.delete", "all"), ("ownership.transfer", "all")];

/// What an operator of the platform may be let in for; a grant names some of it.
const SUPPORT: Grants = &[
    ("members.read", "all"),
    ("courses.read", "all"),
    ("courses.read_draft", "all"),
    ("courses.update", "all"),
    ("enrollments.manage", "all"),
    ("learning_records.read", "all"),
    ("audit.read", "all"),
    ("security.read", "all"),
];

/// The roles that people are given, the mightiest first, and that of operators, which nobody is given.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        slug: "owner",
        name: "Owner",
        grants: &[ADMINISTRATION, OWNERSHIP],
    },
    BuiltIn {
        slug: "admin",
        name: "Administrator",
        grants: &[ADMINISTRATION],
    },
    BuiltIn {
        slug: "author",
        name: "Author",
        grants: &[&[
            ("members.read", "own"),
            ("courses.create", "all"),
            ("courses.read", "all"),
            ("courses.read_draft", "all"),
            ("courses.update", "all"),
            ("courses.publish", "all"),
            ("questions.key.read", "all"),
            ("questions.manage", "all"),
            ("enrollments.manage", "own"),
            ("learning_records.read", "own"),
            ("attempts.take", "own"),
            ("assets.upload", "all"),
            ("audit.read", "own"),
        ]],
    },
    BuiltIn {
        slug: "instructor",
        name: "Instructor",
        grants: &[&[
            ("members.read", "taught own"),
            ("courses.read", "all"),
            ("courses.read_draft", "taught"),
            ("courses.update", "taught"),
            ("questions.key.read", "taught"),
            ("enrollments.manage", "taught own"),
            ("learning_records.read", "taught own"),
            ("attempts.take", "own"),
            ("assets.upload", "all"),
            ("attempts.grade", "taught"),
            ("attempts.regrade", "taught"),
            ("attempts.void", "taught"),
            ("accommodations.manage", "taught"),
            ("audit.read", "own"),
        ]],
    },
    BuiltIn {
        slug: "manager",
        name: "Manager",
        grants: &[&[
            ("members.read", "managed own"),
            ("invitations.manage", "managed"),
            ("courses.read", "all"),
            ("enrollments.manage", "managed own"),
            ("learning_records.read", "managed own"),
            ("attempts.take", "own"),
            ("assets.upload", "all"),
            ("audit.read", "own"),
        ]],
    },
    BuiltIn {
        slug: "learner",
        name: "Learner",
        grants: &[&[
            ("members.read", "own"),
            ("courses.read", "all"),
            ("enrollments.manage", "own"),
            ("learning_records.read", "own"),
            ("attempts.take", "own"),
            ("assets.upload", "all"),
            ("audit.read", "own"),
        ]],
    },
    BuiltIn {
        slug: SUPPORT_SLUG,
        name: "Support",
        grants: &[SUPPORT],
    },
];

/// The slug of the role of operators.
pub const SUPPORT_SLUG: &str = "support";

/// Whether support may have a permission at all.
pub fn supports(permission: Permission) -> bool {
    SUPPORT.iter().any(|(name, _)| *name == permission.as_str())
}

/// The role of who learns, and nothing more.
pub fn learner() -> &'static BuiltIn {
    let learner = BUILT_IN.iter().find(|role| role.slug == "learner");
    learner.expect("there is a role for learners")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::permission;

    #[test]
    fn every_grant_names_a_permission_and_a_reach_that_exist() {
        for role in BUILT_IN {
            let json = role.grants();
            let read = permission::Grants::read(&json);
            for (permission, reaches) in role.grants.iter().copied().flatten() {
                let known = Permission::ALL
                    .iter()
                    .find(|known| known.as_str() == *permission)
                    .expect("a permission");
                let words: Vec<_> = read.reach(*known).words().collect();
                assert_eq!(words.join(" "), *reaches, "{} {permission}", role.slug);
            }
        }
    }
}
