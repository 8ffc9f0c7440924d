//! All of a course as one [`document`](super::document): what its organisation owns, and takes along.

use super::diff::Numbered;
use super::drafts::{DraftOf, MayUpdate};
use super::model::SeenCourse;
use super::publish::freeze;
use super::store::find_for_write;
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Permission, action};
use crate::auth::policy::{Facts, Kind};
use crate::db::schema::{course_revisions, draft_unit_assets, revision_assets};
use crate::db::{Batch, Conn, Statement, each};
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::Refusal;
use crate::kernel::error::Error;
use crate::kernel::ids::{AssetId, AssetKey, CourseKey};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Notes that somebody who may edit a course and read what is right in it exports an edition of it, or its draft where there is no
/// number.
pub async fn export(write: &Write<'_>, key: CourseKey, number: Option<i32>) -> Result<CourseKey, Stop> {
    let course = find_for_write(&write.gate, key).await?;
    let course: MayUpdate<'_> = write.gate.allow(course).at("id")?;
    let course = Some((*course).clone());
    let _: Allowed<'_, action::QuestionsKeyRead, SeenCourse> = write.gate.allow(course).at("id")?;
    let conn = write.gate.conn();
    if let Some(number) = number {
        let edition = Numbered(key, number);
        if Numbered::load_many(&[edition], conn).await?.is_empty() {
            return refuse_with(Refusal::not_found("revision"));
        }
        if draws(conn, key, number).await? {
            refuse_unless_reads_banks(write)?;
        }
    } else {
        let draft = DraftOf::load_many(&[DraftOf(key)], conn).await?;
        let draft = draft.into_values().next().ok_or(Error::NotFound).at("id")?;
        let (content, _) = freeze(&draft, key, conn).await?;
        let mut units = content.modules.iter().flat_map(|module| &module.units);
        if units.any(|unit| !unit.body.pools().is_empty()) {
            refuse_unless_reads_banks(write)?;
        }
    }
    write.happened("course.exported", key, json!({ "revision": number }));
    Ok(key)
}

/// Whether a quiz of an edition draws from a bank.
async fn draws(mut conn: Conn<'_>, course: CourseKey, number: i32) -> QueryResult<bool> {
    let found: Option<bool> = Statement::<Bool>::new(
        "select jsonb_path_exists(content::jsonb, '$.modules[*].units[*].body.quiz.pools[*]') from course_revisions \
         where org_id = ? and course_id = ? and number = ?",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<Integer, _>(number)
    .get_result(&mut conn)
    .await
    .optional()?;
    Ok(found.unwrap_or(false))
}

/// Refuses who may not read what is right in the organisation's banks, all of which a course may draw from.
fn refuse_unless_reads_banks(write: &Write<'_>) -> Result<(), Stop> {
    let org = write.gate.org();
    let _: Allowed<'_, action::QuestionsManage, Here> = write.gate.allow(Some(Here(org))).at("id")?;
    let permission = Permission::QuestionsKeyRead;
    if write
        .gate
        .decide(permission, Facts::of(Kind::Course, org))
        .allowed
    {
        return Ok(());
    }
    Err(Stop::Failed(Error::Forbidden {
        permission: permission.as_str(),
    }))
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
