//! Groups of members, some of whom manage the others. Tables: `groups`, `group_members`.

use crate::auth::permission::Permission;
use crate::auth::standing::{OrgStanding, Viewer};
use crate::db::paginate::foreign;
use crate::db::schema::{group_members, groups};
use crate::db::{Batch, Conn};
use crate::kernel::ids::{GroupId, GroupKey, MemberId, MemberKey, OrgId};
use crate::kernel::page::Page;
use crate::keyset;
use async_graphql::SimpleObject;
use diesel::dsl::count_star;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::future::try_join_all;
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

/// The groups that a viewer may know of: the one condition of lists, loaders and `node`.
pub fn visible_to(viewer: &Viewer) -> Condition {
    let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
    let visible = standings.map(|standing| visible_in(standing));
    visible
        .reduce(|visible, here| Box::new(visible.or(here)))
        .unwrap_or_else(|| Box::new(false.into_sql::<Bool>()))
}

fn visible_in(standing: &OrgStanding) -> Condition {
    let here = groups::org_id.eq(standing.org);
    let reach = standing.reach(Permission::MembersRead);
    if reach.all {
        return Box::new(here);
    }
    if !reach.own && !reach.managed {
        return Box::new(here.and(false.into_sql::<Bool>()));
    }
    let mine = group_members::table
        .filter(
            group_members::org_id
                .eq(standing.org)
                .and(group_members::member_id.eq(standing.member)),
        )
        .filter(group_members::is_manager.or(reach.own.into_sql::<Bool>()))
        .select(group_members::group_id);
    Box::new(here.and(groups::id.eq_any(mine)))
}

/// A group, if this viewer may know of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeenGroup(pub Viewer, pub GroupKey);

impl Batch for SeenGroup {
    type Value = Arc<Group>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let Some(Self(viewer, _)) = keys.first() else {
            return Ok(HashMap::new());
        };
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.1.org).collect();
        let ids: Vec<GroupId> = keys.iter().map(|key| key.1.id).collect();
        let rows: Vec<Group> = Group::query()
            .filter(groups::org_id.eq_any(orgs).and(groups::id.eq_any(ids)))
            .filter(visible_to(viewer))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|group| (Self(viewer.clone(), group.key), Arc::new(group)))
            .collect())
    }
}

/// The groups of a member that this viewer may know of, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupsOfMember(pub Viewer, pub MemberKey);

impl Batch for GroupsOfMember {
    type Value = Arc<Vec<Arc<Group>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let Some(Self(viewer, _)) = keys.first() else {
            return Ok(HashMap::new());
        };
        let asked: Vec<MemberKey> = keys
            .iter()
            .filter(|key| key.0 == *viewer)
            .map(|key| key.1)
            .collect();
        let orgs: Vec<OrgId> = asked.iter().map(|member| member.org).collect();
        let ids: Vec<MemberId> = asked.iter().map(|member| member.id).collect();
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
        let seen: HashSet<SeenGroup> = pairs
            .iter()
            .map(|(org, _, group)| SeenGroup(viewer.clone(), GroupKey::new(*org, *group)))
            .collect();
        let seen = SeenGroup::load_many(&Vec::from_iter(seen), conn).await?;
        let groups_of = |member: MemberKey| {
            let ids = pairs
                .iter()
                .filter(|pair| (pair.0, pair.1) == (member.org, member.id));
            let mut groups: Vec<Arc<Group>> = ids
                .filter_map(|pair| seen.get(&SeenGroup(viewer.clone(), GroupKey::new(pair.0, pair.2))))
                .cloned()
                .collect();
            groups.sort_by(|a, b| (&a.name, a.key).cmp(&(&b.name, b.key)));
            Arc::new(groups)
        };
        Ok(asked
            .into_iter()
            .map(|member| (Self(viewer.clone(), member), groups_of(member)))
            .collect())
    }
}

/// A page of an organisation's groups that this viewer may know of, by name: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupsOf(pub Viewer, pub OrgId, pub Page);

impl GroupsOf {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<Group>>> {
        let Self(viewer, org, page) = self;
        let query = Group::query()
            .filter(groups::org_id.eq(*org))
            .filter(visible_to(viewer))
            .into_boxed();
        let bounded = || Ok(keyset!(query, page, groups::name => String, groups::id => GroupId, false));
        let query = bounded().map_err(foreign)?;
        let rows: Vec<Group> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for GroupsOf {
    type Value = Arc<Vec<Arc<Group>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let pages = try_join_all(keys.iter().map(|key| key.load(conn))).await?;
        Ok(keys
            .iter()
            .cloned()
            .zip(pages.into_iter().map(Arc::new))
            .collect())
    }
}

/// How many groups of an organisation this viewer may know of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupCount(pub Viewer, pub OrgId);

impl Batch for GroupCount {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let Some(Self(viewer, _)) = keys.first() else {
            return Ok(HashMap::new());
        };
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.1).collect();
        let counts: Vec<(OrgId, i64)> = groups::table
            .filter(groups::org_id.eq_any(orgs))
            .filter(visible_to(viewer))
            .group_by(groups::org_id)
            .select((groups::org_id, count_star()))
            .load(&mut conn)
            .await?;
        Ok(counts
            .into_iter()
            .map(|(org, count)| (Self(viewer.clone(), org), count))
            .collect())
    }
}
