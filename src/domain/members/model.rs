//! The member row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::memberships;
use crate::db::{Batch, Conn, Statement};
use crate::domain::refusal::State;
use crate::kernel::ids::{MemberId, MemberKey, OrgId, RoleId, RoleKey, UserId};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

text_enum! {
    /// Where a membership stands.
    MemberState {
        /// Asked to join.
        Invited = "invited",
        /// May act.
        Active = "active",
        /// May not act for now.
        Suspended = "suspended",
        /// No longer belongs to the organisation.
        Removed = "removed",
    }
}

impl State for MemberState {
    /// Whoever was removed comes back as somebody who is invited.
    fn next(self) -> &'static [Self] {
        match self {
            Self::Invited | Self::Suspended => &[Self::Active, Self::Removed],
            Self::Active => &[Self::Suspended, Self::Removed],
            Self::Removed => &[],
        }
    }
}

/// A person's place in one organisation. It leads neither to the account behind it nor to the same person elsewhere.
///
/// Requires: `members.read`: with the reach `all` for every member; `taught` for those enrolled in a course that you teach;
/// `managed` for those in a group that you manage; `own` for yourself. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = memberships)]
#[graphql(complex)]
pub struct Member {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: MemberKey,
    /// The account behind it.
    #[graphql(skip)]
    pub user_id: UserId,
    /// The role that it has.
    #[graphql(skip)]
    pub role_id: RoleId,
    /// Where the membership stands. Cost: 1.
    pub state: MemberState,
    /// The member's name in this organisation. Cost: 1.
    pub name: String,
    /// The member's email address in this organisation. Cost: 1.
    pub email: String,
    /// Whether nobody signs in to the account behind it.
    #[graphql(skip)]
    pub is_provisioned: bool,
    /// What a partner's own system calls the member; null where it has no name for them. Cost: 1.
    pub external_id: Option<String>,
    /// When the member joined. Cost: 1.
    pub joined_at: DateTime<Utc>,
    /// Counts the changes; give it as `expectedVersion` to change only what you have seen. Cost: 1.
    pub version: i32,
}

impl Member {
    /// The role's key.
    pub const fn role_key(&self) -> RoleKey {
        RoleKey::new(self.key.org, self.role_id)
    }
}

/// The facts of a member, given how the actor stands to them.
pub const fn facts(org: OrgId, relation: Relation, is_owner: bool) -> Facts {
    let mut facts = Facts::of(Kind::Membership, org).related(relation);
    facts.is_owner = is_owner;
    facts
}

/// A member with the actor's relation to them.
#[derive(Clone, Debug)]
pub struct SeenMember {
    /// The row.
    pub member: Member,
    /// How the actor stands to it.
    pub relation: Relation,
    /// Whether the member is an owner, or is about to become one.
    pub is_owner: bool,
    /// Whether the member has, or is about to get, a role that the actor may not give.
    pub exceeds: bool,
}

impl Protected for SeenMember {
    fn facts(&self) -> Facts {
        let mut facts = facts(self.member.key.org, self.relation, self.is_owner);
        facts.exceeds = self.exceeds;
        facts
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::MembersRead)
    }
}

/// How one member stands to another of the same organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RelationTo {
    /// The other member.
    pub member: MemberKey,
    /// The member who acts.
    pub actor: MemberId,
}

#[derive(QueryableByName)]
struct RelationRow {
    #[diesel(sql_type = SqlUuid)]
    org_id: OrgId,
    #[diesel(sql_type = SqlUuid)]
    member_id: MemberId,
    #[diesel(sql_type = SqlUuid)]
    actor_id: MemberId,
    #[diesel(sql_type = Bool)]
    taught: bool,
    #[diesel(sql_type = Bool)]
    managed: bool,
}

impl Batch for RelationTo {
    type Value = Relation;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Relation>> {
        let statement = Statement::<diesel::sql_types::Untyped>::new(
            "select k.org_id, k.member_id, k.actor_id, \
             exists (select from course_instructors i join enrollments e on e.org_id = i.org_id and e.course_id = i.course_id \
             where i.org_id = k.org_id and i.member_id = k.actor_id and e.member_id = k.member_id) as taught, \
             exists (select from group_members t join group_members m on m.org_id = t.org_id and m.group_id = t.group_id \
             where t.org_id = k.org_id and t.member_id = k.member_id and m.member_id = k.actor_id and m.is_manager) as managed \
             from unnest(?, ?, ?) as k(org_id, member_id, actor_id)",
        )
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.member.org).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.member.id).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.actor).collect::<Vec<_>>());
        let rows: Vec<RelationRow> = statement.load(&mut conn).await?;
        let relation = |row: RelationRow| {
            let key = Self {
                member: MemberKey::new(row.org_id, row.member_id),
                actor: row.actor_id,
            };
            let relation = Relation {
                own: row.member_id == row.actor_id,
                taught: row.taught,
                managed: row.managed,
            };
            (key, relation)
        };
        Ok(rows.into_iter().map(relation).collect())
    }
}
