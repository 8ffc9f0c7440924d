//! Founding an organisation: its row and the roles that every organisation has.

use crate::auth::allowed::Founding;
use crate::auth::roles::{BUILT_IN, BuiltIn};
use crate::db::Conn;
use crate::db::schema::{organizations, roles};
use crate::domain::mutate::Write;
use crate::kernel::error::Result;
use crate::kernel::ids::RoleId;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

/// What an organisation begins with.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name in addresses.
    pub slug: String,
    /// Its name as people read it.
    pub name: String,
    /// Whether everybody sees the name and the public courses.
    pub is_open: bool,
}

/// Stores an organisation with the built-in roles, and gives the roles by their slugs.
pub async fn insert(write: &Write<'_>, new: &NewOrganization) -> Result<HashMap<String, RoleId>> {
    let ids: HashMap<String, RoleId> = BUILT_IN
        .iter()
        .map(|role| (role.slug.to_owned(), RoleId(write.app.clock.uuid())))
        .collect();
    insert_rows(&write.gate.found()?, write.gate.conn(), new, &ids).await?;
    Ok(ids)
}

async fn insert_rows(
    founding: &Founding<'_>,
    mut conn: Conn<'_>,
    new: &NewOrganization,
    role_ids: &HashMap<String, RoleId>,
) -> QueryResult<()> {
    diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(founding.org()),
            organizations::slug.eq(&new.slug),
            organizations::name.eq(&new.name),
            organizations::is_open.eq(new.is_open),
        ))
        .execute(&mut conn)
        .await?;
    let row = |role: &BuiltIn| {
        (
            roles::org_id.eq(founding.org()),
            roles::id.eq(role_ids[role.slug]),
            roles::slug.eq(role.slug),
            roles::name.eq(role.name),
            roles::is_built_in.eq(true),
            roles::grants.eq(role.grants()),
        )
    };
    let rows: Vec<_> = BUILT_IN.iter().map(row).collect();
    diesel::insert_into(roles::table)
        .values(rows)
        .execute(&mut conn)
        .await
        .map(|_| ())
}
