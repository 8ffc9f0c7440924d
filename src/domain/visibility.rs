//! Whose learning records a viewer may see: enrolments, attempts, certificates.
//!
//! Each of these tables has `org_id`, `course_id` and `member_id`, and a role's reach is a condition on them: everything
//! of the organisation, the courses that the viewer teaches, the members of groups that the viewer manages, the
//! viewer's own. The same condition stands in SQL for lists, loaders and `node`, and as a [`Relation`] before a
//! decision on one row; row security is the wall behind both.
//!
//! [`Relation`]: crate::auth::policy::Relation

use crate::auth::permission::{Permission, Reach};
use crate::auth::standing::{OrgStanding, Viewer};
use crate::kernel::ids::{MemberId, OrgId};

/// How far a viewer sees in one organisation: what the condition depends on, and part of a loader's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The organisation.
    pub org: OrgId,
    /// The viewer's membership of it.
    pub member: MemberId,
    /// For whom the viewer's role gives the permission.
    pub reach: Reach,
}

impl View {
    /// How far a viewer's permission reaches in an organisation; `None` for who is no active member of it.
    pub fn of(viewer: &Viewer, org: OrgId, permission: Permission) -> Option<Self> {
        viewer
            .in_org(org)
            .map(|standing| Self::standing(standing, permission))
    }

    /// How far a standing's permission reaches.
    pub const fn standing(standing: &OrgStanding, permission: Permission) -> Self {
        Self {
            org: standing.org,
            member: standing.member,
            reach: standing.reach(permission),
        }
    }
}

/// The membership in an organisation whose own records a viewer sees: theirs; nothing for who sees none.
pub fn sees_own(viewer: &Viewer, org: OrgId) -> Option<MemberId> {
    let standing = viewer.in_org(org)?;
    let reach = standing.reach(Permission::LearningRecordsRead);
    (reach.own || reach.all).then_some(standing.member)
}

/// The second look at `group_members`: a member's groups beside the groups that the viewer manages.
#[expect(missing_docs, reason = "diesel's macro takes no documentation")]
pub mod managed {
    use crate::db::schema::group_members;

    diesel::alias!(pub const MANAGED: Alias<Managed> = group_members as managed);
}

/// That the member whom a row names is in a group that the member of a [`View`] manages, in the same organisation.
#[macro_export]
macro_rules! managed_by {
    ($table:ident::$member:ident, $view:expr) => {{
        use $crate::db::schema::group_members;
        use $crate::domain::visibility::managed::MANAGED;
        let view: $crate::domain::visibility::View = $view;
        let groups = MANAGED
            .filter(
                MANAGED
                    .field(group_members::org_id)
                    .eq(view.org)
                    .and(MANAGED.field(group_members::member_id).eq(view.member))
                    .and(MANAGED.field(group_members::is_manager)),
            )
            .select(MANAGED.field(group_members::group_id));
        diesel::dsl::exists(
            group_members::table.filter(
                group_members::org_id
                    .eq($table::org_id)
                    .and(group_members::member_id.eq($table::$member))
                    .and(group_members::group_id.eq_any(groups)),
            ),
        )
    }};
}

/// The rows of a table of learning records that a permission reaches: a
/// `Box<dyn BoxableExpression<enrollments::table, Pg, SqlType = Bool>>` that names the organisation.
///
/// `visible_records!(enrollments, in view)` is the condition of one [`View`];
/// `visible_records!(enrollments, standing, permission)` that of one organisation's standing;
/// `visible_records!(enrollments, of viewer, permission)` that of all of a viewer's organisations.
#[macro_export]
macro_rules! visible_records {
    ($table:ident, of $viewer:expr, $permission:expr) => {{
        use diesel::prelude::*;
        let viewer: &$crate::auth::standing::Viewer = $viewer;
        let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
        let visible = standings
            .map(|standing| $crate::visible_records!($table, standing, $permission))
            .reduce(|visible, here| Box::new(visible.or(here)));
        visible.unwrap_or_else(|| Box::new(false.into_sql::<diesel::sql_types::Bool>()))
    }};
    ($table:ident, in $view:expr) => {{
        use diesel::prelude::*;
        use $crate::db::schema::{course_instructors, $table};
        type Visible = Box<
            dyn diesel::expression::BoxableExpression<
                    $table::table,
                    diesel::pg::Pg,
                    SqlType = diesel::sql_types::Bool,
                >,
        >;
        let view: $crate::domain::visibility::View = $view;
        let here = $table::org_id.eq(view.org);
        let own = |view: $crate::domain::visibility::View| -> Visible {
            Box::new($table::member_id.eq(view.member))
        };
        let taught = |view: $crate::domain::visibility::View| -> Visible {
            let mine = course_instructors::table.filter(
                course_instructors::org_id
                    .eq($table::org_id)
                    .and(course_instructors::course_id.eq($table::course_id))
                    .and(course_instructors::member_id.eq(view.member)),
            );
            Box::new(diesel::dsl::exists(mine))
        };
        let managed = |view| -> Visible { Box::new($crate::managed_by!($table::member_id, view)) };
        let reach = view.reach;
        let some = [
            reach.own.then(|| own(view)),
            reach.taught.then(|| taught(view)),
            reach.managed.then(|| managed(view)),
        ];
        let some = some.into_iter().flatten().reduce(|some, more| Box::new(some.or(more)));
        let visible: Visible = match some {
            _ if reach.all => Box::new(here),
            Some(some) => Box::new(here.and(some)),
            None => Box::new(here.and(false.into_sql::<diesel::sql_types::Bool>())),
        };
        visible
    }};
    ($table:ident, $standing:expr, $permission:expr) => {
        $crate::visible_records!($table, in $crate::domain::visibility::View::standing($standing, $permission))
    };
}

/// SQL for how an actor stands to a learning record, for a `Statement`: two columns, `taught` and `managed`, over the
/// table of that alias. It takes the actor's member id twice.
#[macro_export]
macro_rules! relation_sql {
    ($alias:literal) => {
        concat!(
            "exists (select from course_instructors i where i.org_id = ",
            $alias,
            ".org_id and i.course_id = ",
            $alias,
            ".course_id and i.member_id = ?) as taught, ",
            $crate::managed_sql!($alias, "member_id"),
        )
    };
}

/// SQL for whether an actor manages the member whom a column names, for a `Statement`: a column `managed`, over the table of that alias. It
/// takes the actor's member id.
#[macro_export]
macro_rules! managed_sql {
    ($alias:literal, $member:literal) => {
        concat!(
            "exists (select from group_members t join group_members g on g.org_id = t.org_id and g.group_id = t.group_id \
             where t.org_id = ", $alias, ".org_id and t.member_id = ", $alias, ".", $member,
            " and g.member_id = ? and g.is_manager) as managed",
        )
    };
}

#[cfg(test)]
mod tests {
    use crate::auth::credential::Credential;
    use crate::auth::permission::Permission;
    use crate::auth::standing::{OrgStanding, Standing, Viewer};
    use crate::db::schema::enrollments;
    use crate::kernel::clock::Clock;
    use crate::kernel::ids::{MemberId, MemberKey, OrgId, SessionId, UserId};
    use diesel::pg::Pg;
    use diesel::prelude::*;
    use serde_json::json;
    use std::sync::Arc;
    use uuid::Uuid;

    fn viewer(reaches: &[&[&str]]) -> Viewer {
        let standing = |(n, reach): (usize, &&[&str])| {
            let id = Uuid::from_u128(n as u128);
            let grants = json!({ "learning_records.read": reach });
            Arc::new(OrgStanding::new(
                MemberKey::new(OrgId(id), MemberId(id)),
                "acme".into(),
                "any".into(),
                &grants,
            ))
        };
        Viewer::Person(Arc::new(Standing {
            user: UserId(Uuid::nil()),
            credential: Credential::Session(SessionId(Uuid::nil())),
            expires_at: Clock::default().now(),
            authenticated_at: Clock::default().now(),
            last_used_at: Clock::default().now(),
            orgs: reaches.iter().enumerate().map(standing).collect(),
        }))
    }

    fn condition(viewer: &Viewer) -> String {
        let visible = visible_records!(enrollments, of viewer, Permission::LearningRecordsRead);
        let sql = diesel::debug_query::<Pg, _>(&enrollments::table.select(enrollments::id).filter(visible))
            .to_string();
        let condition = sql.split("WHERE").skip(1).collect::<Vec<_>>().join("WHERE");
        condition
            .replace('"', "")
            .split(" -- ")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    }

    #[test]
    fn each_reach_adds_its_own_condition_to_the_organisation() {
        for (reach, expected) in [
            (&["all"][..], "(enrollments.org_id = $1)"),
            (&["all", "own"][..], "(enrollments.org_id = $1)"),
            (
                &["own"][..],
                "((enrollments.org_id = $1) AND (enrollments.member_id = $2))",
            ),
            (&[][..], "((enrollments.org_id = $1) AND $2)"),
        ] {
            assert_eq!(condition(&viewer(&[reach])), expected, "{reach:?}");
        }
        let taught = condition(&viewer(&[&["taught"]]));
        assert!(
            taught.contains("EXISTS (SELECT")
                && taught.contains("course_instructors.course_id = enrollments.course_id"),
            "{taught}"
        );
        let managed = condition(&viewer(&[&["managed", "own"]]));
        assert!(
            managed.contains("group_members.member_id = enrollments.member_id"),
            "{managed}"
        );
        assert!(
            managed.contains("managed.is_manager") && managed.contains("enrollments.member_id = $2"),
            "{managed}"
        );
    }

    #[test]
    fn several_organisations_are_reached_each_by_its_own_standing() {
        let both = condition(&viewer(&[&["all"], &["own"]]));
        assert_eq!(
            both,
            "((enrollments.org_id = $1) OR ((enrollments.org_id = $2) AND (enrollments.member_id = $3)))"
        );
    }

    #[test]
    fn nobody_sees_nothing() {
        assert_eq!(condition(&Viewer::Anonymous), "$1");
    }
}
