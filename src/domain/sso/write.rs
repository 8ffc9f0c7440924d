//! Setting up, changing and removing an organisation's own provider.

use super::locks::ProfileField;
use super::model::{ConnectionOf, seal};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::schema::sso_connections;
use crate::db::{Batch, Conn};
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{SsoConnectionId, SsoConnectionKey};
use crate::kernel::secret::Secret;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Bytes of an issuer and of a client id.
const MOST_BYTES: usize = 500;
/// Bytes of a client secret.
const MOST_SECRET_BYTES: usize = 1_000;

/// What a connection is set to.
#[derive(Clone, Debug)]
pub struct NewConnection {
    /// The issuer that the provider is.
    pub issuer: String,
    /// Who the academy is there.
    pub client_id: String,
    /// What proves it; what is `None` stays.
    pub client_secret: Option<Secret<String>>,
    /// Whether people can sign in by it.
    pub is_enabled: bool,
    /// What the provider decides about its people.
    pub locked: Vec<ProfileField>,
}

type MayManage<'g> = Allowed<'g, action::SsoManage, Here>;

/// Sets an organisation's provider. Another issuer means other people by the same names, so it is another connection: whom the
/// former meant by whom is forgotten.
pub async fn set(write: &Write<'_>, new: &NewConnection) -> Result<SsoConnectionKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let allowed: MayManage<'_> = gate.allow(Some(Here(org)))?;
    let bounded = |path, text: &str, most: usize| {
        let message = format!("This has 1 to {most} bytes, and no control characters.");
        let sound = (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
        (!sound).then(|| Refusal::at(Code::Invalid, path, message))
    };
    let secret = new.client_secret.as_ref();
    refuse_all([
        bounded("issuer", &new.issuer, MOST_BYTES),
        bounded("clientId", &new.client_id, MOST_BYTES),
        secret.and_then(|secret| bounded("clientSecret", secret.expose(), MOST_SECRET_BYTES)),
    ])?;
    let conn = gate.conn();
    let former = ConnectionOf::load_many(&[ConnectionOf(org)], conn).await?;
    let former = former.into_values().next();
    let kept = former
        .as_ref()
        .filter(|former| former.issuer == new.issuer)
        .map(|former| former.key);
    let key = kept.unwrap_or_else(|| SsoConnectionKey::new(org, SsoConnectionId(write.app.clock.uuid())));
    match (kept, secret) {
        (None, None) => {
            let message = "A connection to a new issuer takes its client secret.";
            return refuse_with(Refusal::at(Code::Invalid, "clientSecret", message));
        }
        (None, Some(secret)) => {
            if let Some(former) = former {
                delete(&allowed, conn, former.key).await?;
            }
            insert(&allowed, conn, key, new, seal(write.app, key, secret)).await?;
        }
        (Some(_), secret) => {
            let sealed = secret.map(|secret| seal(write.app, key, secret));
            update(&allowed, conn, key, new, sealed).await?;
        }
    }
    write.happened("sso_connection.set", key, json!({ "isEnabled": new.is_enabled }));
    write.outdates(Stale::Organization(org));
    Ok(key)
}

/// Removes an organisation's provider: the sessions that it opened open nothing from now on.
pub async fn remove(write: &Write<'_>) -> Result<SsoConnectionKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let allowed: MayManage<'_> = gate.allow(Some(Here(org)))?;
    let found = ConnectionOf::load_many(&[ConnectionOf(org)], gate.conn()).await?;
    let key = found.into_values().next().ok_or(Error::NotFound)?.key;
    delete(&allowed, gate.conn(), key).await?;
    write.happened("sso_connection.removed", key, json!({}));
    write.outdates(Stale::Organization(org));
    Ok(key)
}

async fn insert(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: SsoConnectionKey,
    new: &NewConnection,
    sealed: Vec<u8>,
) -> QueryResult<()> {
    diesel::insert_into(sso_connections::table)
        .values((
            sso_connections::org_id.eq(key.org),
            sso_connections::id.eq(key.id),
            sso_connections::issuer.eq(&new.issuer),
            sso_connections::client_id.eq(&new.client_id),
            sso_connections::client_secret.eq(sealed),
            sso_connections::is_enabled.eq(new.is_enabled),
            sso_connections::locked_fields.eq(words(&new.locked)),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

async fn update(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: SsoConnectionKey,
    new: &NewConnection,
    sealed: Option<Vec<u8>>,
) -> QueryResult<()> {
    diesel::update(sso_connections::table.find((key.org.0, key.id.0)))
        .set((
            sso_connections::client_id.eq(&new.client_id),
            sealed.map(|sealed| sso_connections::client_secret.eq(sealed)),
            sso_connections::is_enabled.eq(new.is_enabled),
            sso_connections::locked_fields.eq(words(&new.locked)),
            sso_connections::updated_at.eq(diesel::dsl::now),
            sso_connections::version.eq(sso_connections::version + 1),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

async fn delete(_: &MayManage<'_>, mut conn: Conn<'_>, key: SsoConnectionKey) -> QueryResult<()> {
    diesel::delete(sso_connections::table.find((key.org.0, key.id.0)))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

fn words(fields: &[ProfileField]) -> Vec<&'static str> {
    fields.iter().map(|field| field.as_str()).collect()
}
