//! A course that comes out of a document: the counterpart of [`export`](super::export).

use super::authoring::{create_as, edit, editable};
use super::thaw::{Order, Thawed, thaw};
use super::{bank_writes, draft_units, translations, tree};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::courses;
use crate::domain::assets::access::readable_in;
use crate::domain::content::SurveyContent;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::tags::tidy;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{AssetKey, CourseKey};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::BTreeSet;

/// Bytes of a document that lies in a file.
pub const MOST_BYTES: i32 = 16_777_216;

/// Missing files that a refusal names.
const MOST_NAMED: usize = 100;

/// A document that was read, with what it is to become.
#[derive(Debug)]
pub struct Import {
    order: Order,
    thawed: Result<Thawed, Refusal>,
}

impl Import {
    /// Reads a document. What is wrong with it is told to who may import at all.
    pub fn read(text: &str, order: Order, clock: &Clock) -> Self {
        let thawed = thaw(text, &order, clock);
        Self { order, thawed }
    }

    /// What the learners of the course are asked.
    pub fn surveys(&self) -> &[SurveyContent] {
        self.thawed.as_ref().map_or(&[], |thawed| &thawed.surveys)
    }
}

/// Refuses who may make no course.
pub fn refuse_unless_allowed(write: &Write<'_>) -> Result<(), Stop> {
    let here = Some(Here(write.gate.org()));
    let _: Allowed<'_, action::CoursesCreate, Here> = write.gate.allow(here).at("organizationId")?;
    Ok(())
}

/// Makes a course of a document: a draft that nobody has published, with identities of its own.
pub async fn import(write: &Write<'_>, import: &Import) -> Result<CourseKey, Stop> {
    refuse_unless_allowed(write)?;
    let thawed = match &import.thawed {
        Ok(thawed) => thawed,
        Err(refusal) => return refuse_with(refusal.clone()),
    };
    let external_id = import.order.external_id.as_deref();
    refuse_all([external_id.and_then(|id| Refusal::of_name("externalId", id, 255))])?;
    refuse_unless_readable(write, thawed, &import.order.files).await?;
    let key = import.order.course;
    create_as(write, key, &thawed.course).await?;
    let course = editable(write, key, "organizationId").await?;
    edit(write, &course, Some(&thawed.head)).await?;
    let conn = write.gate.conn();
    let face = (
        courses::tags.eq(tidy(&thawed.tags)),
        courses::language.eq(&thawed.language),
    );
    diesel::update(courses::table.find((key.org.0, key.id.0)))
        .set(face)
        .execute(&mut write.gate.conn())
        .await?;
    if !thawed.drawn.is_empty() {
        bank_writes::create_bank_as(write, thawed.bank, &thawed.course.title, "").await?;
        bank_writes::fill(write, thawed.bank, &thawed.drawn, import.order.came_by.0).await?;
    }
    tree::insert(&course, conn, &thawed.modules).await?;
    translations::insert(&course, conn, &thawed.translations).await?;
    draft_units::insert_assets(&course, conn, &thawed.shown).await?;
    let detail = json!({ "from": thawed.source.to_string(), "modules": thawed.modules.len(),
        "bankQuestions": thawed.drawn.len() });
    write.happened("course.imported", key, detail);
    Ok(key)
}

/// Refuses a document with files that the organisation has not, or that are none of the importer's to read, and files in their places of
/// which the same is true.
async fn refuse_unless_readable(
    write: &Write<'_>,
    thawed: &Thawed,
    files: &[(AssetKey, AssetKey)],
) -> Result<(), Stop> {
    let given: BTreeSet<AssetKey> = files.iter().map(|(_, to)| *to).collect();
    let shown: BTreeSet<AssetKey> = thawed.shown.iter().map(|(_, asset)| *asset).collect();
    let readable = readable_in(write, &given.union(&shown).copied().collect()).await?;
    let hidden = |(index, (_, to)): (usize, &(AssetKey, AssetKey))| {
        (!readable.contains(to)).then(|| Refusal::not_found(&format!("assets.{index}.to")))
    };
    refuse_all(files.iter().enumerate().map(hidden))?;
    let missing: BTreeSet<&AssetKey> = shown.difference(&readable).chain(&thawed.missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    let more = match missing.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "The document shows files that are not here, or none that you may read: {}{more}. Upload them, and name them here.",
        names.join(", ")
    );
    refuse_with(Refusal::at(Code::NotFound, "assets", message))
}
