//! Deleting an organisation: with a grace period, in which it is only read.

use super::model::{Here, Organization};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::pool::Statements;
use crate::db::schema::organizations;
use crate::db::{Conn, Db, Scope, Statement, Tx};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, OrganizationKey};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::json;

/// How long an organisation that is deleted can be had back.
const GRACE_DAYS: i64 = 14;

type MayDelete<'g> = Allowed<'g, action::OrgDelete, Here>;

/// Begins the deletion of the organisation whose slug is typed.
pub async fn begin(write: &Write<'_>, confirm_slug: &str) -> Result<OrganizationKey, Stop> {
    let (allowed, row) = deletable(write).await?;
    if confirm_slug != row.slug {
        let message =
            "This is not the organisation's slug. Type the slug of the organisation that is to be deleted.";
        return refuse_with(Refusal::at(Code::Invalid, "confirmSlug", message));
    }
    let deletes_at = write.app.clock.now() + TimeDelta::days(GRACE_DAYS);
    set(&allowed, write.gate.conn(), Some(deletes_at)).await?;
    let detail = json!({ "deletesAt": deletes_at });
    Ok(changed(write, &allowed, "organization.deletion_begun", detail))
}

/// Takes the deletion back.
pub async fn cancel(write: &Write<'_>) -> Result<OrganizationKey, Stop> {
    let (allowed, row) = deletable(write).await?;
    if row.deletes_at.is_none() {
        let message = "The organisation is ACTIVE: nothing is to be taken back.";
        return refuse_with(Refusal::at(Code::InvalidState, "organizationId", message));
    }
    set(&allowed, write.gate.conn(), None).await?;
    Ok(changed(
        write,
        &allowed,
        "organization.deletion_cancelled",
        json!({}),
    ))
}

fn changed(
    write: &Write<'_>,
    allowed: &MayDelete<'_>,
    happening: &'static str,
    detail: serde_json::Value,
) -> OrganizationKey {
    let key = OrganizationKey(allowed.0);
    write.happened(happening, key, detail);
    write.outdates(Stale::Organization(key.0));
    key
}

async fn deletable<'w>(write: &'w Write<'_>) -> Result<(MayDelete<'w>, Organization), Stop> {
    let gate = &write.gate;
    let allowed: MayDelete<'_> = gate.allow(Some(Here(gate.org())))?;
    let row = Organization::query().find(gate.org().0).for_no_key_update();
    Ok((allowed, row.first(&mut gate.conn()).await?))
}

async fn set(allowed: &MayDelete<'_>, mut conn: Conn<'_>, at: Option<DateTime<Utc>>) -> QueryResult<()> {
    diesel::update(organizations::table.find(allowed.0.0))
        .set((
            organizations::deletes_at.eq(at),
            organizations::version.eq(organizations::version + 1),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// The organisations whose time is over, up to so many.
pub async fn due(db: &Db, most: i32) -> Result<Vec<OrgId>> {
    let door = Statement::<SqlUuid>::new("select org_id from door.due_organizations(?)");
    db.door(door.bind::<Integer, _>(most)).await
}

/// Removes everything of an organisation whose time is over. False where somebody else does, or has.
pub async fn remove(db: &Db, org: OrgId) -> Result<bool> {
    let tx = Tx::begin(db, &Scope::default(), &Statements::default()).await?;
    // Much may have to go, and nobody waits for it.
    (&mut tx.conn())
        .batch_execute("SET LOCAL statement_timeout = '15min'")
        .await?;
    let removed = Statement::<Bool>::new("select removed from door.remove_organization(?)")
        .bind::<SqlUuid, _>(org)
        .get_result(&mut tx.conn())
        .await?;
    tx.commit().await?;
    Ok(removed)
}
