//! What a session may see: the two settings that every row-security policy reads.

use crate::kernel::ids::{CourseId, OrgId, UserId};
use std::fmt::Write;

/// The person who asks and the organisations in which they may act; nobody and none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The signed-in person, if any.
    pub user: Option<UserId>,
    /// The organisations whose rows the session reaches. A write has exactly one.
    pub orgs: Vec<OrgId>,
    /// The one course that exists for the session, where it is confined to one.
    pub course: Option<CourseId>,
}

impl Scope {
    /// The scope of a write: one organisation.
    pub fn one(user: Option<UserId>, org: OrgId) -> Self {
        Self {
            user,
            orgs: vec![org],
            course: None,
        }
    }

    /// The scope of an account: its person's own, and no organisation.
    pub fn account(user: UserId) -> Self {
        Self {
            user: Some(user),
            ..Self::default()
        }
    }

    /// The statements that set the scope for the running transaction. Each stands alone, since a distributed
    /// PostgreSQL hands single `SET LOCAL` statements on to its workers and nothing else. All values are UUIDs.
    pub(super) fn statements(&self) -> Vec<String> {
        let user = self.user.map(|user| user.0.to_string()).unwrap_or_default();
        let mut orgs = String::from("{");
        for (i, org) in self.orgs.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(orgs, "{comma}{}", org.0);
        }
        let mut statements = vec![
            format!("SET LOCAL app.\"user\" = '{user}'"),
            format!("SET LOCAL app.orgs = '{orgs}}}'"),
        ];
        statements.extend(
            self.course
                .map(|course| format!("SET LOCAL app.course = '{}'", course.0)),
        );
        statements
    }
}
