//! The connection's row, and how it is found.

use super::locks::ProfileField;
use crate::auth::providers::Registration;
use crate::db::pool::Statements;
use crate::db::schema::sso_connections;
use crate::db::{Batch, Conn, Scope, Tx};
use crate::domain::app::App;
use crate::domain::organizations::model::{OriginsOf, id_of_slug};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrgId, SsoConnectionId, SsoConnectionKey};
use crate::kernel::keyring::Use;
use crate::kernel::secret::Secret;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// An organisation's own provider of OpenID Connect, by which its people sign in to it. Its client secret is written and never
/// read.
///
/// Requires: `sso.manage`. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = sso_connections)]
#[graphql(complex)]
pub struct SsoConnection {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: SsoConnectionKey,
    /// The issuer that the provider is. Cost: 1.
    pub issuer: String,
    /// Who the academy is there. Cost: 1.
    pub client_id: String,
    /// Whether people can sign in by it; while they cannot, the sessions that it opened open nothing. Cost: 1.
    pub is_enabled: bool,
    /// What the provider decides about its people.
    #[graphql(skip)]
    pub locked_fields: Vec<String>,
    /// When it was set up. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was changed last. Cost: 1.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes. Cost: 1.
    pub version: i32,
}

impl SsoConnection {
    /// What the provider decides about its people, and nobody changes here.
    pub fn locked(&self) -> Vec<ProfileField> {
        ProfileField::read(&self.locked_fields)
    }
}

impl Batch for SsoConnectionKey {
    type Value = Arc<SsoConnection>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SsoConnectionId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<SsoConnection> = SsoConnection::query()
            .filter(
                sso_connections::org_id
                    .eq_any(orgs)
                    .and(sso_connections::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The connection that an organisation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionOf(pub OrgId);

impl Batch for ConnectionOf {
    type Value = Arc<SsoConnection>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<SsoConnection> = SsoConnection::query()
            .filter(sso_connections::org_id.eq_any(orgs))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Self(row.key.org), Arc::new(row)))
            .collect())
    }
}

/// Seals a client secret for its row.
pub(super) fn seal(app: &App, key: SsoConnectionKey, secret: &Secret<String>) -> Vec<u8> {
    app.keyring
        .seal(Use::SsoSecret, place(key).as_bytes(), secret.expose().as_bytes())
}

fn place(key: SsoConnectionKey) -> String {
    key.to_string()
}

/// What a page that begins a sign-in needs to know of an organisation: its provider, and where pages may be led back to;
/// nothing where nobody signs in to it by a provider of its own.
pub async fn connection_of(app: &App, slug: &str) -> Result<Option<(SsoConnectionKey, Arc<Vec<String>>)>> {
    let Some(org) = id_of_slug(&app.db, slug).await? else {
        return Ok(None);
    };
    let tx = Tx::begin(&app.db, &Scope::one(None, org), &Statements::default()).await?;
    let found = ConnectionOf::load_many(&[ConnectionOf(org)], tx.conn()).await?;
    let origins = OriginsOf::load_many(&[OriginsOf(org)], tx.conn()).await?;
    tx.rollback().await?;
    let connection = found.into_values().find(|connection| connection.is_enabled);
    let origins = origins.into_values().next().unwrap_or_default();
    Ok(connection.map(|connection| (connection.key, origins)))
}

/// What the academy is to an organisation's provider; nothing where that is switched off, or is its provider no more.
pub async fn registration(app: &App, key: SsoConnectionKey) -> Result<Option<Registration>> {
    let tx = Tx::begin(&app.db, &Scope::one(None, key.org), &Statements::default()).await?;
    let found: Option<(String, String, Vec<u8>)> = sso_connections::table
        .find((key.org.0, key.id.0))
        .filter(sso_connections::is_enabled)
        .select((
            sso_connections::issuer,
            sso_connections::client_id,
            sso_connections::client_secret,
        ))
        .first(&mut tx.conn())
        .await
        .optional()?;
    tx.rollback().await?;
    let Some((issuer, client_id, sealed)) = found else {
        return Ok(None);
    };
    let secret = app
        .keyring
        .open(Use::SsoSecret, place(key).as_bytes(), &sealed)
        .and_then(|secret| String::from_utf8(secret.expose().clone()).ok())
        .ok_or_else(|| Error::internal("a client secret cannot be opened"))?;
    Ok(Some(Registration::new(issuer, client_id, Secret::new(secret))))
}
