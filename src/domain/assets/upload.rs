//! How a file comes: its upload is announced, its content goes straight to the store, and then it is looked at.

use super::model::{Asset, AssetRejection, AssetState};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::assets;
use crate::db::{Conn, Db, Statement};
use crate::domain::app::App;
use crate::domain::mutate::{At, Stop, Write, by_system, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::files::Content;
use crate::kernel::error::Result;
use crate::kernel::ids::{AssetId, AssetKey, OrgId};
use diesel::data_types::PgInterval;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Interval, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::sync::Arc;

/// Uploads that a member may have begun and not completed.
const MOST_PENDING: i64 = 100;

/// A file that is about to come.
#[derive(Clone, Debug)]
pub struct NewAsset {
    /// What its uploader calls it.
    pub file_name: String,
    /// What its uploader says that it is.
    pub media_type: String,
    /// How many bytes it has.
    pub bytes: i32,
}

/// The proof that uploading takes.
type MayUpload<'gate> = Allowed<'gate, action::AssetsUpload, Here>;

/// Announces an upload.
pub async fn create(write: &Write<'_>, new: &NewAsset) -> Result<AssetKey, Stop> {
    let org = write.gate.org();
    let allowed: MayUpload<'_> = write.gate.allow(Some(Here(org))).at("organizationId")?;
    let most = write.app.files.file_bytes;
    let faults = [
        fault_of_name(&new.file_name),
        fault_of_type(&new.media_type),
        (!(1..=most).contains(&new.bytes)).then(|| {
            Refusal::at(
                Code::Invalid,
                "bytes",
                format!("A file has between 1 and {most} bytes."),
            )
        }),
    ];
    refuse_all(faults)?;
    let (bytes, pending) = held(&allowed, write).await?;
    let most = write.app.files.organization_file_bytes;
    if bytes + i64::from(new.bytes) > most {
        let message = format!("The organisation's files have {bytes} bytes, and at most {most} together.");
        return refuse_with(Refusal::at(Code::LimitReached, "bytes", message));
    }
    if pending >= MOST_PENDING {
        let message = "You have begun 100 uploads that are not complete: complete them first.";
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    let key = AssetKey::new(org, AssetId(write.app.clock.uuid()));
    diesel::insert_into(assets::table)
        .values((
            assets::org_id.eq(org),
            assets::id.eq(key.id),
            assets::file_name.eq(&new.file_name),
            assets::declared_type.eq(&new.media_type),
            assets::bytes.eq(new.bytes),
            assets::uploaded_by.eq(write.gate.member_id()),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("asset.announced", key, json!({ "bytes": new.bytes }));
    Ok(key)
}

/// What the organisation has, and how much of it the actor has begun; one who asks at a time, so that no two together go over the
/// limit.
async fn held(_: &MayUpload<'_>, write: &Write<'_>) -> QueryResult<(i64, i64)> {
    let (org, conn) = (write.gate.org(), write.gate.conn());
    Statement::<diesel::sql_types::Untyped>::new(
        "select pg_advisory_xact_lock(hashtextextended('files of ' || ?::uuid, 0))",
    )
    .bind::<SqlUuid, _>(org)
    .execute(&mut &*conn)
    .await?;
    Statement::<(BigInt, BigInt)>::new(
        "select coalesce(sum(bytes) filter (where state <> 'rejected'), 0)::bigint, \
         count(*) filter (where state = 'pending' and uploaded_by = ?) from assets where org_id = ?",
    )
    .bind::<SqlUuid, _>(write.gate.member_id())
    .bind::<SqlUuid, _>(org)
    .get_result(&mut &*conn)
    .await
}

/// Notes what came of an upload: it is ready, or rejected. Its content was settled before.
pub async fn complete(write: &Write<'_>, key: AssetKey, content: Option<&Content>) -> Result<AssetKey, Stop> {
    let _: MayUpload<'_> = write.gate.allow(Some(Here(write.gate.org()))).at("id")?;
    let conn = write.gate.conn();
    let Some(asset) = lock(conn, key)
        .await?
        .filter(|asset| asset.uploaded_by == write.gate.member_id())
    else {
        return refuse_with(Refusal::not_found("id"));
    };
    refuse_unless_pending(&asset)?;
    let Some(content) = content else {
        let message =
            "Nothing has come yet: send the content to the address that `assetUploadCreate` answered.";
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    };
    let rejection = rejection(&asset, content);
    let state = if rejection.is_some() {
        AssetState::Rejected
    } else {
        AssetState::Ready
    };
    let settled = content.media_type.filter(|_| rejection.is_none());
    diesel::update(assets::table.find((key.org.0, key.id.0)))
        .set((
            assets::state.eq(state),
            assets::rejection.eq(rejection),
            assets::media_type.eq(settled),
            assets::sha256.eq(settled.map(|_| content.sha256.to_vec())),
            assets::object_id.eq(settled.map(|_| content.object)),
            assets::completed_at.eq(diesel::dsl::now),
        ))
        .execute(&mut &*conn)
        .await?;
    write.happened("asset.completed", key, json!({ "state": state.as_str() }));
    Ok(key)
}

/// Refuses what is complete already.
fn refuse_unless_pending(asset: &Asset) -> Result<(), Stop> {
    if asset.state == AssetState::Pending {
        return Ok(());
    }
    let message = format!(
        "The asset is {}; only one that is pending takes this.",
        asset.state.as_str()
    );
    refuse_with(Refusal::at(Code::InvalidState, "id", message))
}

fn rejection(asset: &Asset, content: &Content) -> Option<AssetRejection> {
    if u64::try_from(asset.bytes) != Ok(content.bytes) {
        Some(AssetRejection::WrongSize)
    } else if content.media_type.is_none() {
        Some(AssetRejection::Program)
    } else {
        None
    }
}

async fn lock(mut conn: Conn<'_>, key: AssetKey) -> QueryResult<Option<Asset>> {
    let row = Asset::query()
        .filter(assets::org_id.eq(key.org).and(assets::id.eq(key.id)))
        .for_update();
    row.first(&mut conn).await.optional()
}

fn fault_of_name(name: &str) -> Option<Refusal> {
    let is_bad = |c: char| c.is_control() || c == '/' || c == '\\';
    if name.contains(is_bad) {
        let message = "A file's name has no slashes and no control characters.";
        return Some(Refusal::at(Code::Invalid, "fileName", message));
    }
    Refusal::of_name("fileName", name, 255)
}

fn fault_of_type(media_type: &str) -> Option<Refusal> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let sound = media_type.len() <= 255
        && media_type
            .split_once('/')
            .is_some_and(|(kind, of)| is_part(kind) && is_part(of));
    let message = "A media type is of the form `image/png`.";
    (!sound).then(|| Refusal::at(Code::Invalid, "mediaType", message))
}

/// Finds uploads, in any organisation, that were begun so many hours ago and not completed.
pub async fn stale(db: &Db, hours: i64, most: i32) -> Result<Vec<AssetKey>> {
    let door = Statement::<(SqlUuid, SqlUuid)>::new("select org_id, id from door.stale_uploads(?, ?)")
        .bind::<Interval, _>(PgInterval::from_microseconds(hours * 3_600_000_000))
        .bind::<Integer, _>(most);
    let rows: Vec<(OrgId, AssetId)> = db.door(door).await?;
    Ok(rows.into_iter().map(|(org, id)| AssetKey::new(org, id)).collect())
}

/// Removes an upload that nobody completed, with what there is of its content. Tells whether it was still there.
pub async fn forget(app: &Arc<App>, key: AssetKey) -> Result<bool> {
    let done = by_system(app, key.org, "assetForget", move |write| {
        Box::pin(async move {
            let pending = assets::state.eq(AssetState::Pending);
            let removed = diesel::delete(assets::table.find((key.org.0, key.id.0)).filter(pending))
                .execute(&mut write.gate.conn())
                .await?;
            Ok(removed == 1)
        })
    });
    let removed = done.await?.unwrap_or(false);
    if removed {
        app.files.remove_upload(key).await;
    }
    Ok(removed)
}
