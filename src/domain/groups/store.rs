//! Statements that write `groups` and `group_members`.

use super::model::SeenGroup;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Grants, action};
use crate::auth::policy::Relation;
use crate::db::schema::groups;
use crate::db::{Conn, Statement};
use crate::kernel::ids::{GroupKey, MemberId, OrgId};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Jsonb, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;

/// A proof that the actor may change a group.
pub type MayManage<'g> = Allowed<'g, action::GroupsManage, SeenGroup>;

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Bool)]
    own: bool,
    #[diesel(sql_type = Bool)]
    managed: bool,
}

/// Reads and locks a group for a write.
pub async fn find_for_write(gate: &Gate<'_>, key: GroupKey) -> QueryResult<Option<SeenGroup>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let place: Option<Place> = Statement::<Untyped>::new(
        "select m.member_id is not null as own, coalesce(m.is_manager, false) as managed from groups g \
         left join group_members m on m.org_id = g.org_id and m.group_id = g.id and m.member_id = ? \
         where g.org_id = ? and g.id = ? for update of g",
    )
    .bind::<SqlUuid, _>(gate.member_id())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut gate.conn())
    .await
    .optional()?;
    Ok(place.map(|place| SeenGroup {
        key,
        relation: Relation {
            own: place.own,
            taught: false,
            managed: place.managed,
        },
        takes_nobody_in: true,
        exceeds: false,
    }))
}

/// How many groups an organisation has.
pub async fn count(mut conn: Conn<'_>, org: OrgId) -> QueryResult<i64> {
    let here = groups::table.filter(groups::org_id.eq(org));
    here.count().get_result(&mut conn).await
}

/// Stores a group.
pub async fn insert(group: &MayManage<'_>, mut conn: Conn<'_>, name: &str) -> QueryResult<()> {
    diesel::insert_into(groups::table)
        .values((
            groups::org_id.eq(group.key.org),
            groups::id.eq(group.key.id),
            groups::name.eq(name),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Renames a group.
pub async fn rename(group: &MayManage<'_>, mut conn: Conn<'_>, name: &str) -> QueryResult<()> {
    diesel::update(groups::table.find((group.key.org.0, group.key.id.0)))
        .set(groups::name.eq(name))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Deletes a group; its members stay in the organisation.
pub async fn delete(group: &MayManage<'_>, mut conn: Conn<'_>) -> QueryResult<()> {
    diesel::delete(groups::table.find((group.key.org.0, group.key.id.0)))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// A member of the organisation, as far as a group is concerned.
#[derive(Debug, QueryableByName)]
pub struct Candidate {
    /// Who.
    #[diesel(sql_type = SqlUuid)]
    pub id: MemberId,
    /// Whether they are in the group.
    #[diesel(sql_type = Bool)]
    pub is_in: bool,
    /// Whether they manage it.
    #[diesel(sql_type = Bool)]
    pub is_manager: bool,
    #[diesel(sql_type = Jsonb)]
    grants: Value,
}

impl Candidate {
    /// What their role gives.
    pub fn grants(&self) -> Grants {
        Grants::read(&self.grants)
    }
}

/// Reads and locks the members of these ids, and whoever manages the group, in one order for everybody.
pub async fn candidates(
    mut conn: Conn<'_>,
    group: GroupKey,
    ids: &[MemberId],
) -> QueryResult<Vec<Candidate>> {
    Statement::<Untyped>::new(
        "select m.id, g.member_id is not null as is_in, coalesce(g.is_manager, false) as is_manager, r.grants \
         from memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id \
         left join group_members g on g.org_id = m.org_id and g.group_id = ? and g.member_id = m.id \
         where m.org_id = ? and m.state <> 'removed' and (m.id = any(?) or g.is_manager) order by m.id for share of m",
    )
    .bind::<SqlUuid, _>(group.id)
    .bind::<SqlUuid, _>(group.org)
    .bind::<Array<SqlUuid>, _>(ids)
    .load(&mut conn)
    .await
}

/// Takes members out of a group, and gives others their places in it.
pub async fn set_places(
    group: &MayManage<'_>,
    mut conn: Conn<'_>,
    out: &[MemberId],
    places: &[(MemberId, bool)],
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "with gone as (delete from group_members where org_id = ? and group_id = ? and member_id = any(?)) \
         insert into group_members (org_id, group_id, member_id, is_manager) \
         select ?, ?, p.member_id, p.is_manager::boolean from unnest(?, ?) as p(member_id, is_manager) \
         on conflict (org_id, group_id, member_id) do update set is_manager = excluded.is_manager",
    )
    .bind::<SqlUuid, _>(group.key.org)
    .bind::<SqlUuid, _>(group.key.id)
    .bind::<Array<SqlUuid>, _>(out)
    .bind::<SqlUuid, _>(group.key.org)
    .bind::<SqlUuid, _>(group.key.id)
    .bind::<Array<SqlUuid>, _>(places.iter().map(|place| place.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(places.iter().map(|place| place.1.to_string()).collect::<Vec<_>>())
    .execute(&mut conn)
    .await
    .map(|_| ())
}
