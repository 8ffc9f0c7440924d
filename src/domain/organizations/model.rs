//! The organisation's row, and how it is found.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind};
use crate::db::schema::organizations;
use crate::db::{Batch, Conn, Db, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// An organisation that runs an academy.
///
/// Requires: membership, or nothing where the organisation is open; who is no member sees of an open organisation its name, its
/// slug and its public courses. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = organizations)]
#[graphql(complex)]
pub struct Organization {
    #[diesel(column_name = id)]
    #[graphql(skip)]
    /// Its id.
    pub org: OrgId,
    /// The organisation's name in addresses. Cost: 1.
    pub slug: String,
    /// The organisation's name as people read it. Cost: 1.
    pub name: String,
    /// Whether everybody sees the name and the public courses, members or not. Cost: 1.
    pub is_open: bool,
    /// When it was created.
    #[graphql(skip)]
    pub created_at: DateTime<Utc>,
}

impl Organization {
    /// The key that clients know.
    pub const fn key(&self) -> OrganizationKey {
        OrganizationKey(self.org)
    }
}

/// The organisation as what is changed, and as the place where things are made: every member knows that it exists.
#[derive(Clone, Copy, Debug)]
pub struct Here(pub OrgId);

impl Protected for Here {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Organization, self.0)
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}

impl Batch for OrganizationKey {
    type Value = Arc<Organization>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows = Organization::query()
            .filter(organizations::id.eq_any(ids))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key(), Arc::new(row))).collect())
    }
}

/// Finds the organisation of that slug, if the session may see it.
pub async fn by_slug(reader: &Reader, slug: &str) -> Result<Option<Arc<Organization>>> {
    let query = Organization::query().filter(organizations::slug.eq(slug.to_owned()));
    let found = reader
        .run(|mut conn| async move { query.first(&mut conn).await.optional() })
        .await?;
    Ok(found.map(Arc::new))
}

/// Finds the organisation that a command on the server names, open or not: through its door.
pub async fn id_of_slug(db: &Db, slug: &str) -> Result<Option<OrgId>> {
    let door = Statement::<SqlUuid>::new("select org_id from door.organization(?)");
    Ok(db.door(door.bind::<Text, _>(slug.to_owned())).await?.pop())
}
