//! Setting up, changing and removing apps.

use super::store::{self, MayManage};
use crate::cache::Stale;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AppId, AppKey};
use serde_json::json;

/// How many apps an organisation may have.
const MOST_APPS: i64 = 100;
/// Characters of a description.
const MOST_DESCRIPTION: usize = 2_000;

/// Sets up an app, without any token yet.
pub async fn create(write: &Write<'_>, name: &str, description: &str) -> Result<AppKey, Stop> {
    let gate = &write.gate;
    let key = AppKey::new(gate.org(), AppId(write.app.clock.uuid()));
    let allowed: MayManage<'_> = gate.allow(Some(Here(key.org)))?;
    let creator = gate.member().ok_or(Error::NotFound)?;
    refuse_all([Refusal::of_name("name", name, 200), too_long(description)])?;
    if store::count(gate.conn(), key.org).await? >= MOST_APPS {
        let message = format!("An organisation has at most {MOST_APPS} apps. Remove one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    store::insert(&allowed, gate.conn(), key, (name, description), creator).await?;
    write.happened("app.created", key, json!({}));
    Ok(key)
}

/// Changes what an app is called and what it is for; what is `None` stays.
pub async fn update(
    write: &Write<'_>,
    key: AppKey,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<AppKey, Stop> {
    let gate = &write.gate;
    let allowed: MayManage<'_> = gate.allow(Some(Here(key.org)))?;
    let app = store::find_for_write(gate, key)
        .await?
        .ok_or(Error::NotFound)
        .at("appId")?;
    let name = name.unwrap_or(&app.name);
    let description = description.unwrap_or(&app.description);
    refuse_all([Refusal::of_name("name", name, 200), too_long(description)])?;
    store::update(&allowed, gate.conn(), key, (name, description)).await?;
    write.happened("app.updated", key, json!({}));
    Ok(key)
}

/// Removes an app: from now on its tokens open nothing.
pub async fn delete(write: &Write<'_>, key: AppKey) -> Result<AppKey, Stop> {
    let gate = &write.gate;
    let allowed: MayManage<'_> = gate.allow(Some(Here(key.org)))?;
    store::find_for_write(gate, key)
        .await?
        .ok_or(Error::NotFound)
        .at("appId")?;
    store::delete(&allowed, gate.conn(), key).await?;
    write.happened("app.deleted", key, json!({}));
    write.outdates(Stale::Organization(key.org));
    Ok(key)
}

fn too_long(description: &str) -> Option<Refusal> {
    let message = format!("This has at most {MOST_DESCRIPTION} characters.");
    let long = description.chars().count() > MOST_DESCRIPTION;
    long.then(|| Refusal::at(Code::Invalid, "description", message))
}
