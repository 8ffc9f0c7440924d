//! All of a course as one [`document`](super::document): what its organisation owns, and takes along.

use super::diff::Numbered;
use super::drafts::{DraftOf, MayUpdate};
use super::publish::freeze;
use super::store::find_for_write;
use crate::db::schema::{course_revisions, draft_unit_assets, revision_assets};
use crate::db::{Batch, Conn, each};
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::Refusal;
use crate::kernel::error::Error;
use crate::kernel::ids::{AssetId, AssetKey, CourseKey};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Notes that somebody who may edit a course exports an edition of it, or its draft where there is no number.
pub async fn export(write: &Write<'_>, key: CourseKey, number: Option<i32>) -> Result<CourseKey, Stop> {
    let course = find_for_write(&write.gate, key).await?;
    let _: MayUpdate<'_> = write.gate.allow(course).at("id")?;
    let conn = write.gate.conn();
    if let Some(number) = number {
        let edition = Numbered(key, number);
        if Numbered::load_many(&[edition], conn).await?.is_empty() {
            return refuse_with(Refusal::not_found("revision"));
        }
    } else {
        let draft = DraftOf::load_many(&[DraftOf(key)], conn).await?;
        let draft = draft.into_values().next().ok_or(Error::NotFound).at("id")?;
        freeze(&draft, key, conn).await?;
    }
    write.happened("course.exported", key, json!({ "revision": number }));
    Ok(key)
}

/// The files that an edition shows, or the draft where there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssetsOf(pub CourseKey, pub Option<i32>);

impl Batch for AssetsOf {
    type Value = Arc<Vec<AssetKey>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let load = |key: &Self| {
            let Self(course, number) = *key;
            async move {
                let ids = assets(conn, course, number).await?;
                let keys = ids.into_iter().map(|id| AssetKey::new(course.org, id));
                Ok(Arc::new(keys.collect::<Vec<_>>()))
            }
        };
        each(keys, load).await
    }
}

async fn assets(mut conn: Conn<'_>, course: CourseKey, number: Option<i32>) -> QueryResult<Vec<AssetId>> {
    let Some(number) = number else {
        let draft = draft_unit_assets::table
            .filter(draft_unit_assets::org_id.eq(course.org))
            .filter(draft_unit_assets::course_id.eq(course.id))
            .select(draft_unit_assets::asset_id)
            .distinct()
            .order_by(draft_unit_assets::asset_id);
        return draft.load(&mut conn).await;
    };
    let revision = course_revisions::table
        .filter(course_revisions::org_id.eq(course.org))
        .filter(course_revisions::course_id.eq(course.id))
        .filter(course_revisions::number.eq(number))
        .select(course_revisions::id);
    let published = revision_assets::table
        .filter(revision_assets::org_id.eq(course.org))
        .filter(revision_assets::revision_id.eq_any(revision))
        .select(revision_assets::asset_id)
        .order_by(revision_assets::asset_id);
    published.load(&mut conn).await
}
