//! Statements on `organization_domains`.

use super::model::OrganizationDomain;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::action;
use crate::db::paginate::foreign;
use crate::db::schema::organization_domains as domains;
use crate::db::{Batch, Conn, Db, Statement, each};
use crate::domain::organizations::Here;
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationDomainId, OrganizationDomainKey};
use crate::kernel::page::Page;
use crate::keyset;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

/// A proof that the actor may say which domains are the organisation's.
pub type MayUpdate<'g> = Allowed<'g, action::OrgUpdate, Here>;

impl Batch for OrganizationDomainKey {
    type Value = Arc<OrganizationDomain>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<OrganizationDomainId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<OrganizationDomain> = OrganizationDomain::query()
            .filter(domains::org_id.eq_any(orgs).and(domains::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The domains of an organisation; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DomainList(pub OrgId);

impl Batch for DomainList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        each(keys, |list: &Self| count(conn, list.0)).await
    }
}

/// One page of an organisation's domains, by name: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DomainPage(pub DomainList, pub Page);

impl DomainPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<OrganizationDomain>>> {
        let Self(DomainList(org), page) = self;
        let query = OrganizationDomain::query()
            .filter(domains::org_id.eq(*org))
            .into_boxed();
        let bounded = || {
            Ok(keyset!(query, page, domains::domain => String, domains::id => OrganizationDomainId, false))
        };
        let query = bounded().map_err(foreign)?;
        let rows: Vec<OrganizationDomain> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for DomainPage {
    type Value = Arc<Vec<Arc<OrganizationDomain>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

/// How many domains an organisation has.
pub async fn count(mut conn: Conn<'_>, org: OrgId) -> QueryResult<i64> {
    let here = domains::table.filter(domains::org_id.eq(org));
    here.count().get_result(&mut conn).await
}

/// Whether a domain is verified for an organisation.
pub async fn is_verified(mut conn: Conn<'_>, org: OrgId, domain: &str) -> QueryResult<bool> {
    let here = domains::table
        .filter(domains::org_id.eq(org).and(domains::domain.eq(domain)))
        .filter(domains::verified_at.is_not_null());
    Ok(here.count().get_result::<i64>(&mut conn).await? > 0)
}

/// Reads and locks a domain for a write.
pub async fn find_for_write(
    gate: &Gate<'_>,
    key: OrganizationDomainKey,
) -> QueryResult<Option<OrganizationDomain>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    OrganizationDomain::query()
        .filter(domains::org_id.eq(key.org).and(domains::id.eq(key.id)))
        .for_update()
        .first(&mut gate.conn())
        .await
        .optional()
}

/// Stores a domain that is still to be verified.
pub async fn insert(
    _: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    key: OrganizationDomainKey,
    domain: &str,
) -> QueryResult<()> {
    diesel::insert_into(domains::table)
        .values((
            domains::org_id.eq(key.org),
            domains::id.eq(key.id),
            domains::domain.eq(domain),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Notes when a domain was verified, or that it is not any more.
pub async fn set_verified(
    _: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    key: OrganizationDomainKey,
    at: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    diesel::update(domains::table.find((key.org.0, key.id.0)))
        .set(domains::verified_at.eq(at))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Removes a domain.
pub async fn delete(_: &MayUpdate<'_>, mut conn: Conn<'_>, key: OrganizationDomainKey) -> QueryResult<()> {
    diesel::delete(domains::table.find((key.org.0, key.id.0)))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Who has shown that a domain is theirs.
#[derive(Clone, Debug, QueryableByName)]
pub struct Holder {
    #[diesel(sql_type = SqlUuid)]
    org_id: OrgId,
    #[diesel(sql_type = SqlUuid)]
    id: OrganizationDomainId,
    /// What makes their record's value theirs.
    #[diesel(sql_type = Text)]
    pub challenge: String,
}

impl Holder {
    /// The domain as theirs.
    pub const fn key(&self) -> OrganizationDomainKey {
        OrganizationDomainKey::new(self.org_id, self.id)
    }
}

fn holder_of(domain: &str) -> Statement<'static, Untyped> {
    Statement::new("select * from door.domain_holder(?)").bind::<Text, _>(domain.to_owned())
}

/// Finds the organisation that a domain is verified for, whichever it is.
pub async fn holder(db: &Db, domain: &str) -> Result<Option<Holder>> {
    Ok(db.door(holder_of(domain)).await?.pop())
}

/// The same once nobody else changes it before the transaction ends.
pub async fn hold(mut conn: Conn<'_>, domain: &str) -> QueryResult<Option<Holder>> {
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended('domain ' || ?, 0))")
        .bind::<Text, _>(domain.to_owned())
        .execute(&mut conn)
        .await?;
    holder_of(domain).get_result(&mut conn).await.optional()
}
