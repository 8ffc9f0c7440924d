//! The group's row, who sees it, and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::paginate::foreign;
use crate::db::schema::{group_members, groups, memberships};
use crate::db::{Batch, Conn, each};
use crate::domain::record_lists::{Seen, groups as alike};
use crate::domain::visibility::View;
use crate::kernel::ids::{GroupId, GroupKey, MemberId, MemberKey, OrgId};
use crate::kernel::page::Page;
use crate::keyset;
use async_graphql::SimpleObject;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<groups::table, Pg, SqlType = Bool>>;

/// A group of members, such as a team or a class.
///
/// Requires: `members.read`: with the reach `all` for every group; `own` for the groups that you are in; `managed` for
/// those that you manage. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = groups)]
#[graphql(complex)]
pub struct Group {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: GroupKey,
    /// The group's name. Cost: 1.
    pub name: String,
}

/// The groups that a view of `members.read` shows: the one condition of lists, loaders and `node`.
fn visible(view: View) -> Condition {
    let here = groups::org_id.eq(view.org);
    if view.reach.all {
        return Box::new(here);
    }
    if !view.reach.own && !view.reach.managed {
        return Box::new(here.and(false.into_sql::<Bool>()));
    }
    let mine = group_members::table
        .filter(
            group_members::org_id
                .eq(view.org)
                .and(group_members::member_id.eq(view.member)),
        )
        .filter(group_members::is_manager.or(view.reach.own.into_sql::<Bool>()))
        .select(group_members::group_id);
    Box::new(here.and(groups::id.eq_any(mine)))
}

impl Batch for Seen<GroupKey> {
    type Value = Arc<Group>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in alike(keys, |seen| seen.view) {
            let view = keys[0].view;
            let ids: Vec<GroupId> = keys.iter().map(|seen| seen.key.id).collect();
            let rows: Vec<Group> = Group::query()
                .filter(visible(view))
                .filter(groups::id.eq_any(ids))
                .load(&mut conn)
                .await?;
            let seen = |group: Group| (Self { key: group.key, view }, Arc::new(group));
            found.extend(rows.into_iter().map(seen));
        }
        Ok(found)
    }
}

/// A group for a write, with how the actor stands to it.
#[derive(Clone, Debug)]
pub struct SeenGroup {
    /// Which.
    pub key: GroupKey,
    /// Whether the actor is in it, and whether they manage it.
    pub relation: Relation,
    /// Whether the write lets nobody in and gives nobody a place: what whoever manages the group may do.
    pub takes_nobody_in: bool,
    /// Whether somebody who manages the group would reach more than the actor does.
    pub exceeds: bool,
}

impl Protected for SeenGroup {
    fn facts(&self) -> Facts {
        let mut facts = self.read_facts();
        facts.relation.managed &= self.takes_nobody_in;
        facts.exceeds = self.exceeds;
        facts
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::MembersRead)
    }

    fn read_facts(&self) -> Facts {
        Facts::of(Kind::Group, self.key.org).related(self.relation)
    }
}

/// How a member stands to a group: in it, managing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StandingToGroup {
    /// The group.
    pub group: GroupKey,
    /// The member.
    pub member: MemberId,
}

impl Batch for StandingToGroup {
    type Value = Relation;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Relation>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.group.org).collect();
        let ids: Vec<GroupId> = keys.iter().map(|key| key.group.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.member).collect();
        let rows: Vec<(OrgId, GroupId, MemberId, bool)> = group_members::table
            .filter(group_members::org_id.eq_any(orgs))
            .filter(group_members::group_id.eq_any(ids))
            .filter(group_members::member_id.eq_any(members))
            .select((
                group_members::org_id,
                group_members::group_id,
                group_members::member_id,
                group_members::is_manager,
            ))
            .load(&mut conn)
            .await?;
        let mut relations: HashMap<Self, Relation> =
            keys.iter().map(|key| (*key, Relation::default())).collect();
        for (org, group, member, is_manager) in rows {
            let key = Self {
                group: GroupKey::new(org, group),
                member,
            };
            relations.entry(key).and_modify(|relation| {
                relation.own = true;
                relation.managed = is_manager;
            });
        }
        Ok(relations)
    }
}

/// Who manages a group, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ManagersOf(pub GroupKey);

impl Batch for ManagersOf {
    type Value = Arc<Vec<MemberKey>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<GroupId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, GroupId, MemberId)> = group_members::table
            .inner_join(
                memberships::table.on(memberships::org_id
                    .eq(group_members::org_id)
                    .and(memberships::id.eq(group_members::member_id))),
            )
            .filter(group_members::org_id.eq_any(orgs))
            .filter(group_members::group_id.eq_any(ids))
            .filter(group_members::is_manager)
            .order_by((memberships::name, memberships::id))
            .select((
                group_members::org_id,
                group_members::group_id,
                group_members::member_id,
            ))
            .load(&mut conn)
            .await?;
        let managers = |key: &Self| {
            let of = rows.iter().filter(|row| (row.0, row.1) == (key.0.org, key.0.id));
            Arc::new(of.map(|row| MemberKey::new(row.0, row.2)).collect())
        };
        Ok(keys.iter().map(|key| (*key, managers(key))).collect())
    }
}

/// The groups of a member that a viewer may know of, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupsOfMember(pub Seen<MemberKey>);

impl Batch for GroupsOfMember {
    type Value = Arc<Vec<Arc<Group>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.key.org).collect();
        let ids: Vec<MemberId> = keys.iter().map(|key| key.0.key.id).collect();
        let pairs: Vec<(OrgId, MemberId, GroupId)> = group_members::table
            .filter(
                group_members::org_id
                    .eq_any(orgs)
                    .and(group_members::member_id.eq_any(ids)),
            )
            .select((
                group_members::org_id,
                group_members::member_id,
                group_members::group_id,
            ))
            .load(&mut conn)
            .await?;
        let groups_of = |member: Seen<MemberKey>| {
            let its = pairs
                .iter()
                .filter(move |pair| (pair.0, pair.1) == (member.key.org, member.key.id));
            its.map(move |pair| Seen {
                key: GroupKey::new(pair.0, pair.2),
                view: member.view,
            })
        };
        let wanted: HashSet<Seen<GroupKey>> = keys.iter().flat_map(|key| groups_of(key.0)).collect();
        let seen = Seen::<GroupKey>::load_many(&Vec::from_iter(wanted), conn).await?;
        let by_name = |key: &Self| {
            let mut groups: Vec<_> = groups_of(key.0)
                .filter_map(|group| seen.get(&group).cloned())
                .collect();
            groups.sort_by(|a, b| (&a.name, a.key).cmp(&(&b.name, b.key)));
            (*key, Arc::new(groups))
        };
        Ok(keys.iter().map(by_name).collect())
    }
}

/// The groups of an organisation that a view shows, by name; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GroupList(pub View);

/// A page of such a list: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupPage(pub GroupList, pub Page);

impl GroupPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<Group>>> {
        let Self(GroupList(view), page) = self;
        let query = Group::query().filter(visible(*view)).into_boxed();
        let bounded = || Ok(keyset!(query, page, groups::name => String, groups::id => GroupId, false));
        let query = bounded().map_err(foreign)?;
        let rows: Vec<Group> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

/// One statement for each organisation, sent together.
impl Batch for GroupPage {
    type Value = Arc<Vec<Arc<Group>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

impl Batch for GroupList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = groups::table.filter(visible(list.0)).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}
