//! What authors do with a course before it is published: create it, edit its draft.

use super::draft_units::{self, NewQuestion, UnitDraft};
use super::drafts::{self, DraftChanges, DraftModule, DraftModulesOf, DraftUnit, DraftUnitsOf, MayUpdate};
use super::model::CourseVisibility;
use super::store::{self, NewCourse, find_for_write};
use super::unit_faults::{fault_of_content, refuse_unless_readable};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::Batch;
use crate::db::error::violated;
use crate::db::schema::courses;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{CourseId, CourseKey, ModuleId, ModuleKey, UnitId, UnitKey};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Modules that a course may have, and units that a module may have.
pub const MOST_CHILDREN: usize = 500;

/// Creates a course with an empty draft.
pub async fn create(write: &Write<'_>, new: &NewCourse) -> Result<CourseKey, Stop> {
    let org = write.gate.org();
    let allowed: Allowed<'_, action::CoursesCreate, Here> =
        write.gate.allow(Some(Here(org))).at("organizationId")?;
    let faults = [
        Refusal::of_slug("slug", &new.slug),
        Refusal::of_name("title", &new.title, 200),
        fault_of_summary(&new.summary),
    ];
    refuse_all(faults)?;
    let key = CourseKey::new(org, CourseId(write.app.clock.uuid()));
    store::insert(&allowed, write.gate.conn(), key, new)
        .await
        .map_err(taken)?;
    write.happened("course.created", key, json!({}));
    Ok(key)
}

/// What `courseUpdate` may change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CourseChanges {
    /// The course's name in addresses; takes effect at once.
    pub slug: Option<String>,
    /// Who finds the course; takes effect at once.
    pub visibility: Option<CourseVisibility>,
    /// What the next revision will show.
    pub draft: DraftChanges,
}

/// Edits a course: its address at once, what it shows in the draft.
pub async fn update(
    write: &Write<'_>,
    key: CourseKey,
    changes: &CourseChanges,
    expected_version: Option<i32>,
) -> Result<CourseKey, Stop> {
    let course = editable(write, key, "id").await?;
    let faults = [
        changes
            .slug
            .as_deref()
            .and_then(|slug| Refusal::of_slug("slug", slug)),
        changes
            .draft
            .title
            .as_deref()
            .and_then(|title| Refusal::of_name("title", title, 200)),
        changes.draft.summary.as_deref().and_then(fault_of_summary),
    ];
    refuse_all(faults)?;
    edit(write, &course, &changes.draft, expected_version).await?;
    let face = (
        changes.slug.as_ref().map(|slug| courses::slug.eq(slug)),
        changes
            .visibility
            .map(|visibility| courses::visibility.eq(visibility)),
    );
    if changes.slug.is_some() || changes.visibility.is_some() {
        diesel::update(courses::table.find((key.org.0, key.id.0)))
            .set(face)
            .execute(&mut write.gate.conn())
            .await
            .map_err(taken)?;
        write.outdates(Stale::Course(key));
    }
    write.happened("course.updated", key, json!({}));
    Ok(key)
}

/// Adds a module to a draft, at a position or at the end.
pub async fn create_module(
    write: &Write<'_>,
    key: CourseKey,
    title: &str,
    part: Option<&str>,
    position: Option<i32>,
) -> Result<ModuleIds, Stop> {
    let course = editable(write, key, "courseId").await?;
    let part_fault = part.and_then(|part| Refusal::of_name("part", part, 200));
    refuse_all([Refusal::of_name("title", title, 200), part_fault])?;
    let modules = modules(write, key).await?;
    let position = place(position, modules.len())?;
    edit(write, &course, &DraftChanges::default(), None).await?;
    let id = ModuleId(write.app.clock.uuid());
    drafts::insert_module(&course, write.gate.conn(), id, position, title, part).await?;
    write.happened("module.created", ModuleKey::new(key, id), json!({}));
    Ok((key, id))
}

/// A module, as an outcome remembers it.
pub type ModuleIds = (CourseKey, ModuleId);
/// A unit, as an outcome remembers it.
pub type UnitIds = (CourseKey, UnitId);

/// Moves a module of a draft to another position.
pub async fn move_module(write: &Write<'_>, key: ModuleKey, position: i32) -> Result<ModuleIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let modules = modules(write, key.course).await?;
    let mut order: Vec<ModuleId> = modules.iter().map(|module| module.key.id).collect();
    let Some(from) = order.iter().position(|id| *id == key.id) else {
        return refuse_with(Refusal::not_found("id"));
    };
    order.remove(from);
    let to = place(Some(position), order.len())?;
    order.insert(usize::try_from(to).unwrap_or_default(), key.id);
    edit(write, &course, &DraftChanges::default(), None).await?;
    drafts::order_modules(&course, write.gate.conn(), &order).await?;
    write.happened("module.moved", key, json!({ "position": position }));
    Ok((key.course, key.id))
}

/// What a unit is made of, with its questions if it is a quiz.
#[derive(Clone, Debug)]
pub struct UnitDraftContent {
    /// Text or quiz.
    pub unit: UnitDraft,
    /// The questions of a quiz.
    pub questions: Vec<NewQuestion>,
}

/// Adds a unit to a module of a draft, at a position or at the end.
pub async fn create_unit(
    write: &Write<'_>,
    module: ModuleKey,
    title: &str,
    content: &UnitDraftContent,
    position: Option<i32>,
) -> Result<UnitIds, Stop> {
    let course = editable(write, module.course, "moduleId").await?;
    if !modules(write, module.course)
        .await?
        .iter()
        .any(|known| known.key == module)
    {
        return refuse_with(Refusal::not_found("moduleId"));
    }
    refuse_all([Refusal::of_name("title", title, 200), fault_of_content(content)])?;
    refuse_unless_readable(write, &content.unit).await?;
    let units = load(write, DraftUnitsOf(module)).await?.unwrap_or_default();
    let position = place(position, units.len())?;
    edit(write, &course, &DraftChanges::default(), None).await?;
    let id = UnitId(write.app.clock.uuid());
    draft_units::insert_unit(
        &course,
        write.gate.conn(),
        module.id,
        id,
        position,
        title,
        &content.unit,
    )
    .await?;
    if !content.questions.is_empty() {
        draft_units::replace_questions(&course, write.gate.conn(), id, &content.questions).await?;
    }
    write.happened("unit.created", UnitKey::new(module.course, id), json!({}));
    Ok((module.course, id))
}

/// Edits a unit of a draft. What it is (such as a text or a quiz) stays; a quiz's questions are replaced as a whole.
pub async fn update_unit(
    write: &Write<'_>,
    key: UnitKey,
    title: Option<&str>,
    content: Option<&UnitDraftContent>,
) -> Result<UnitIds, Stop> {
    use crate::db::schema::draft_units as rows;
    let course = editable(write, key.course, "id").await?;
    let row = DraftUnit::query().filter(rows::org_id.eq(key.course.org).and(rows::id.eq(key.id)));
    let unit: Option<DraftUnit> = row.first(&mut write.gate.conn()).await.optional()?;
    let Some(unit) = unit.filter(|unit| unit.key == key) else {
        return refuse_with(Refusal::not_found("id"));
    };
    let title_fault = title.and_then(|title| Refusal::of_name("title", title, 200));
    refuse_all([title_fault, content.and_then(fault_of_content)])?;
    if content.is_some_and(|content| content.unit.kind() != unit.kind) {
        return refuse_with(Refusal::at(
            Code::InvalidState,
            "content",
            "A unit stays what it is, such as a text or a quiz; create another unit.",
        ));
    }
    if let Some(content) = content {
        refuse_unless_readable(write, &content.unit).await?;
    }
    edit(write, &course, &DraftChanges::default(), None).await?;
    draft_units::update_unit(
        &course,
        write.gate.conn(),
        key.id,
        title,
        content.map(|content| &content.unit),
    )
    .await?;
    if let Some(content) = content.filter(|content| !content.questions.is_empty()) {
        draft_units::replace_questions(&course, write.gate.conn(), key.id, &content.questions).await?;
    }
    write.happened("unit.updated", key, json!({}));
    Ok((key.course, key.id))
}

/// Reads and locks a course whose draft the actor may edit.
pub async fn editable<'w>(write: &'w Write<'_>, key: CourseKey, path: &str) -> Result<MayUpdate<'w>, Stop> {
    let course = find_for_write(&write.gate, key).await?;
    write.gate.allow(course).at(path)
}

async fn edit(
    write: &Write<'_>,
    course: &MayUpdate<'_>,
    changes: &DraftChanges,
    expected: Option<i32>,
) -> Result<(), Stop> {
    if drafts::edit(course, write.gate.conn(), changes, expected).await? {
        return Ok(());
    }
    refuse_with(Refusal::at(
        Code::VersionConflict,
        "expectedVersion",
        "The draft has another version by now; read it and edit again.",
    ))
}

async fn load<K: Batch>(write: &Write<'_>, key: K) -> Result<Option<K::Value>, Stop> {
    Ok(K::load_many(std::slice::from_ref(&key), write.gate.conn())
        .await?
        .remove(&key))
}

async fn modules(write: &Write<'_>, course: CourseKey) -> Result<std::sync::Arc<Vec<DraftModule>>, Stop> {
    Ok(load(write, DraftModulesOf(course)).await?.unwrap_or_default())
}

/// Checks a position among so many siblings; the end where none is given.
fn place(position: Option<i32>, siblings: usize) -> Result<i32, Stop> {
    if siblings >= MOST_CHILDREN {
        return refuse_with(Refusal::at(
            Code::Invalid,
            "position",
            format!("There is room for {MOST_CHILDREN} and no more."),
        ));
    }
    let end = i32::try_from(siblings).unwrap_or(i32::MAX);
    match position {
        None => Ok(end),
        Some(position) if (0..=end).contains(&position) => Ok(position),
        Some(_) => refuse_with(Refusal::at(
            Code::Invalid,
            "position",
            format!("The position is between 0 and {end}."),
        )),
    }
}

fn fault_of_summary(summary: &str) -> Option<Refusal> {
    (summary.chars().count() > 2_000)
        .then(|| Refusal::at(Code::Invalid, "summary", "A summary has at most 2000 characters."))
}

/// Turns a violated unique key into what the author can do about it.
fn taken(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("courses_org_id_slug_key") => Stop::Refused(vec![Refusal::at(
            Code::Taken,
            "slug",
            "Another course has this slug.",
        )]),
        Some("courses_org_id_external_id_key") => Stop::Refused(vec![Refusal::at(
            Code::Taken,
            "externalId",
            "Another course has this external id.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}
