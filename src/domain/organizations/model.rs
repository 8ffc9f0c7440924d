//! The organisation's row, and how it is found.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind};
use crate::db::schema::{organization_origins, organizations};
use crate::db::{Batch, Conn, Db, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// An organisation that runs an academy.
///
/// Requires: membership, or nothing where the organisation is open; who is no member sees of an open organisation its name, its
/// slug and its public courses. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = organizations)]
#[graphql(complex)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "settings that are switched independently"
)]
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
    /// The language that its people read.
    #[graphql(skip)]
    pub locale: String,
    /// What it says of itself in law.
    #[diesel(embed)]
    #[graphql(skip)]
    pub legal: OrganizationLegal,
    /// Whether features that use AI may work on what is in it.
    #[graphql(skip)]
    pub ai_enabled: bool,
    /// Whether its content may be shown in demonstrations.
    #[graphql(skip)]
    pub allows_demo_use: bool,
    /// Whether its content may be shown in marketing.
    #[graphql(skip)]
    pub allows_marketing_use: bool,
    /// When everything of it is removed.
    #[graphql(skip)]
    pub deletes_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    #[graphql(skip)]
    pub version: i32,
}

/// What an organisation says of itself in law, as it stands in an imprint or on an invoice.
///
/// Requires: membership of the organisation. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = organizations)]
pub struct OrganizationLegal {
    /// The company's name. Cost: 1.
    #[diesel(column_name = legal_company_name)]
    pub company_name: Option<String>,
    /// The company's address, in as many lines as it has. Cost: 1.
    #[diesel(column_name = legal_address)]
    pub address: Option<String>,
    /// Under which number the company is registered. Cost: 1.
    #[diesel(column_name = legal_registration_number)]
    pub registration_number: Option<String>,
    /// Where the company is reached in legal matters. Cost: 1.
    #[diesel(column_name = legal_contact_email)]
    pub contact_email: Option<String>,
}

/// The origins whose pages an organisation lets call the API, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OriginsOf(pub OrgId);

impl Batch for OriginsOf {
    type Value = Arc<Vec<String>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<(OrgId, String)> = organization_origins::table
            .filter(organization_origins::org_id.eq_any(orgs))
            .order_by(organization_origins::origin)
            .select((organization_origins::org_id, organization_origins::origin))
            .load(&mut conn)
            .await?;
        let of = |key: &Self| {
            let own = rows.iter().filter(|(org, _)| *org == key.0);
            Arc::new(own.map(|(_, origin)| origin.clone()).collect())
        };
        Ok(keys.iter().map(|key| (*key, of(key))).collect())
    }
}

/// The origins whose pages some organisation lets call the API: through its door.
pub async fn all_origins(db: &Db) -> Result<HashSet<String>> {
    let door = Statement::<Text>::new("select origin from door.origins()");
    Ok(db.door::<_, String>(door).await?.into_iter().collect())
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
