//! Tries across tenants: somebody names what is of an organisation that they are not in, and gets nothing.
//!
//! It is an honest mistake most of the time, such as a link that a colleague sent, and the first sign of an attack at others. So it is told to
//! the person, to the organisations that they are in, and to the one whose it is; once in ten minutes for each person and
//! organisation, and to an organisation a hundred times at most before it slows down, so that nobody floods what others read.

use super::events::SecurityEventKind;
use super::write::{AccountRequest, write_proven};
use crate::auth::standing::Standing;
use crate::cache::buckets::Bucket;
use crate::db::Statement;
use crate::domain::app::App;
use crate::domain::mutate::Stop;
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, UserId};
use crate::kernel::origin::Origin;
use diesel::sql_types::{Text, Uuid};
use std::sync::Arc;

/// Seconds between two events about the same person and organisation; buckets fill by a point a second.
const PAUSE: u64 = 600;
/// What one organisation is told before it slows down to one in a pause.
const MOST: u64 = 100;

/// Notes a try, without letting anybody wait for it: the time of the answer would tell whether there is such an organisation.
pub fn note(app: &Arc<App>, person: &Standing, org: OrgId, origin: &Origin) {
    let (app, user, origin) = (app.clone(), person.user, origin.clone());
    tokio::spawn(async move {
        if let Err(error) = tell(&app, user, org, origin).await {
            tracing::error!(%error, "a try across tenants was not stored");
        }
    });
}

async fn tell(app: &Arc<App>, user: UserId, org: OrgId, origin: Origin) -> Result<()> {
    if !take(app, format!("trespass:{}:{}", user.0, org.0), 1).await {
        return Ok(());
    }
    let request = AccountRequest {
        origin,
        ..AccountRequest::default()
    };
    let told = write_proven(app, user, request, |write| {
        write.happened(SecurityEventKind::CrossTenantAttempt);
        Box::pin(async { Ok::<_, Stop>(()) })
    });
    told.await?.unwrap_or_default();
    if take(app, format!("trespassed:{}", org.0), MOST).await {
        let door = Statement::<Text>::new("select door.tell_of_stranger(?)::text");
        app.db.door::<_, String>(door.bind::<Uuid, _>(org)).await?;
    }
    Ok(())
}

/// Whether there is room for one more in a bucket of so many.
async fn take(app: &App, name: String, most: u64) -> bool {
    let bucket = Bucket {
        capacity: most * PAUSE,
        per_second: 1,
    };
    app.buckets.take(&name, bucket, PAUSE).await.granted
}
