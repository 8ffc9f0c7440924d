//! Statements on `roles`.

use super::model::{Role, SeenRole};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Grants, action};
use crate::db::schema::{invitations, memberships, roles};
use crate::db::{Conn, Statement};
use crate::kernel::ids::{OrgId, RoleId, RoleKey};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

type MayManage<'g> = Allowed<'g, action::RolesManage, SeenRole>;

/// Reads and locks a role for a write.
pub async fn find_for_write(gate: &Gate<'_>, key: RoleKey) -> QueryResult<Option<Role>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let found = Role::query()
        .filter(roles::org_id.eq(key.org).and(roles::id.eq(key.id)))
        .for_update();
    found.first(&mut gate.conn()).await.optional()
}

/// How many roles of its own an organisation has.
pub async fn count_own(mut conn: Conn<'_>, org: OrgId) -> QueryResult<i64> {
    let own = roles::table.filter(roles::org_id.eq(org).and(roles::is_built_in.eq(false)));
    own.count().get_result(&mut conn).await
}

/// Stores a role of the organisation's own.
pub async fn insert(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: RoleKey,
    slug: &str,
    name: &str,
    grants: &Grants,
) -> QueryResult<()> {
    diesel::insert_into(roles::table)
        .values((
            roles::org_id.eq(key.org),
            roles::id.eq(key.id),
            roles::slug.eq(slug),
            roles::name.eq(name),
            roles::is_built_in.eq(false),
            roles::grants.eq(grants.write()),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Changes a role's name and grants.
pub async fn update(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: RoleKey,
    name: &str,
    grants: &Grants,
) -> QueryResult<()> {
    diesel::update(roles::table.find((key.org.0, key.id.0)))
        .set((
            roles::name.eq(name),
            roles::grants.eq(grants.write()),
            roles::version.eq(roles::version + 1),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Whether somebody has the role, or a pending invitation awaits with it.
pub async fn is_in_use(mut conn: Conn<'_>, key: RoleKey) -> QueryResult<bool> {
    let members = memberships::table
        .filter(
            memberships::org_id
                .eq(key.org)
                .and(memberships::role_id.eq(key.id)),
        )
        .filter(memberships::state.ne("removed"));
    let invited = invitations::table
        .filter(
            invitations::org_id
                .eq(key.org)
                .and(invitations::role_id.eq(key.id)),
        )
        .filter(invitations::state.eq("pending"));
    let members: bool = diesel::select(diesel::dsl::exists(members))
        .get_result(&mut conn)
        .await?;
    let invited: bool = diesel::select(diesel::dsl::exists(invited))
        .get_result(&mut conn)
        .await?;
    Ok(members || invited)
}

/// The role that learners have.
pub async fn learner(mut conn: Conn<'_>, org: OrgId) -> QueryResult<RoleId> {
    let learner = roles::table.filter(roles::org_id.eq(org).and(roles::slug.eq("learner")));
    learner.select(roles::id).first(&mut conn).await
}

/// Gives everybody who has a role, or is invited with it, another, and deletes it. Gives how many members have changed.
pub async fn replace(_: &MayManage<'_>, mut conn: Conn<'_>, key: RoleKey, by: RoleId) -> QueryResult<i64> {
    let members = Statement::<BigInt>::new(
        "with invited as (update invitations set role_id = ? where org_id = ? and role_id = ?), \
         changed as (update memberships set role_id = ?, version = version + 1 where org_id = ? and role_id = ? returning state) \
         select count(*) from changed where state <> 'removed'",
    )
    .bind::<SqlUuid, _>(by)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(by)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await?;
    Statement::<Untyped>::new("delete from roles where org_id = ? and id = ?")
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .execute(&mut conn)
        .await?;
    Ok(members)
}
