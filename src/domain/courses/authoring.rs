//! What authors do with a course before it is published: create it, edit its draft.

use super::arranging::{Place, place_module, place_unit, unit};
use super::demands;
use super::draft_units::{self, NewQuestion, UnitDraft};
use super::drafts::{self, DraftChanges, DraftModule, DraftModulesOf, DraftOf, DraftUnitsOf, MayUpdate};
use super::model::{CourseVisibility, SeenCourse};
use super::pools::{self, Pool};
use super::store::{self, NewCourse, find_for_write};
use super::translations;
use super::unit_faults::{fault_of_content, refuse_unless_own, refuse_unless_readable};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::Batch;
use crate::db::error::violated;
use crate::db::schema::courses;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::tags::{fault_of_tags, tidy};
use crate::kernel::error::Error;
use crate::kernel::ids::{CourseId, CourseKey, ModuleId, ModuleKey, UnitId, UnitKey};
use crate::kernel::language;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Creates a course with an empty draft.
pub async fn create(write: &Write<'_>, new: &NewCourse) -> Result<CourseKey, Stop> {
    let key = CourseKey::new(write.gate.org(), CourseId(write.app.clock.uuid()));
    create_as(write, key, new).await?;
    Ok(key)
}

/// Creates a course with an empty draft under a key that nothing has.
pub(super) async fn create_as(write: &Write<'_>, key: CourseKey, new: &NewCourse) -> Result<(), Stop> {
    let org = write.gate.org();
    let allowed: Allowed<'_, action::CoursesCreate, Here> =
        write.gate.allow(Some(Here(org))).at("organizationId")?;
    let faults = [
        Refusal::of_slug("slug", &new.slug),
        Refusal::of_name("title", &new.title, 200),
        fault_of_summary(&new.summary),
    ];
    refuse_all(faults)?;
    store::insert(&allowed, write.gate.conn(), key, new)
        .await
        .map_err(taken)?;
    write.happened("course.created", key, json!({}));
    Ok(())
}

/// What `courseUpdate` may change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct CourseChanges {
    /// The course's name in addresses; takes effect at once.
    pub slug: Option<String>,
    /// Who finds the course; takes effect at once.
    pub visibility: Option<CourseVisibility>,
    /// What the course is about in a word each; takes effect at once.
    pub tags: Option<Vec<String>>,
    /// The language that it is written in; takes effect at once.
    pub language: Option<String>,
    /// What the next revision will show.
    pub draft: DraftChanges,
}

impl CourseChanges {
    /// Whether something changes that takes effect at once.
    const fn has_face(&self) -> bool {
        self.slug.is_some() || self.visibility.is_some() || self.tags.is_some() || self.language.is_some()
    }
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
        changes
            .tags
            .as_deref()
            .and_then(|tags| fault_of_tags("tags", tags)),
        changes
            .language
            .as_deref()
            .and_then(|language| Refusal::of_language("language", language)),
        changes.draft.completion_percent.and_then(fault_of_percent),
    ];
    refuse_all(faults)?;
    if changes.draft.requires_review.is_some() {
        let course = Some((*course).clone());
        let _: Allowed<'_, action::CoursesPublish, SeenCourse> =
            write.gate.allow(course).at("requiresReview")?;
    }
    let draft = load(write, DraftOf(key)).await?.ok_or(Error::NotFound).at("id")?;
    refuse_unless_current("expectedVersion", expected_version, draft.version)?;
    let language = changes.language.as_deref().and_then(language::canonical);
    if let Some(language) = &language {
        translations::refuse_if_translated(write, key, language).await?;
    }
    edit(write, &course, Some(&changes.draft)).await?;
    let face = (
        changes.slug.as_ref().map(|slug| courses::slug.eq(slug)),
        changes
            .visibility
            .map(|visibility| courses::visibility.eq(visibility)),
        changes.tags.as_deref().map(|tags| courses::tags.eq(tidy(tags))),
        language.map(|language| courses::language.eq(language)),
    );
    if changes.has_face() {
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
    place: Place<ModuleId>,
) -> Result<ModuleIds, Stop> {
    let course = editable(write, key, "courseId").await?;
    let part_fault = part.and_then(|part| Refusal::of_name("part", part, 200));
    refuse_all([Refusal::of_name("title", title, 200), part_fault])?;
    let modules = modules(write, key).await?;
    let siblings: Vec<_> = modules.iter().collect();
    let position = place_module(&course, write.gate.conn(), &siblings, place).await?;
    edit(write, &course, None).await?;
    let id = ModuleId(write.app.clock.uuid());
    drafts::insert_module(&course, write.gate.conn(), id, position, title, part).await?;
    write.happened("module.created", ModuleKey::new(key, id), json!({}));
    Ok((key, id))
}

/// A module, as an outcome remembers it.
pub type ModuleIds = (CourseKey, ModuleId);
/// A unit, as an outcome remembers it.
pub type UnitIds = (CourseKey, UnitId);

/// What a unit is made of, with its questions if it is a quiz.
#[derive(Clone, Debug)]
pub struct UnitDraftContent {
    /// Text or quiz.
    pub unit: UnitDraft,
    /// The questions of a quiz; those that it had before where nothing is said.
    pub questions: Option<Vec<NewQuestion>>,
    /// What a quiz draws from banks; what it drew before where nothing is said.
    pub pools: Option<Vec<Pool>>,
}

/// Adds a unit to a module of a draft, at a position or at the end.
pub async fn create_unit(
    write: &Write<'_>,
    module: ModuleKey,
    title: &str,
    content: &UnitDraftContent,
    place: Place<UnitId>,
    is_required: bool,
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
    let id = UnitId(write.app.clock.uuid());
    refuse_unless_own(write, UnitKey::new(module.course, id), content).await?;
    let units = load(write, DraftUnitsOf(module)).await?.unwrap_or_default();
    let siblings: Vec<_> = units.iter().collect();
    let position = place_unit(module, write.gate.conn(), &siblings, place).await?;
    edit(write, &course, None).await?;
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
    if let Some(questions) = &content.questions {
        draft_units::replace_questions(&course, write.gate.conn(), id, questions).await?;
    }
    if let Some(pools) = &content.pools {
        pools::replace(&course, write.gate.conn(), id, pools).await?;
    }
    if !is_required {
        demands::require_unit(&course, write.gate.conn(), id, false).await?;
    }
    write.happened("unit.created", UnitKey::new(module.course, id), json!({}));
    Ok((module.course, id))
}

/// Edits a unit of a draft. What it is (such as a text or a quiz) stays; a quiz's questions, where there are any in the edit, are
/// replaced as a whole.
pub async fn update_unit(
    write: &Write<'_>,
    key: UnitKey,
    title: Option<&str>,
    content: Option<&UnitDraftContent>,
    is_required: Option<bool>,
    expected_version: Option<i32>,
) -> Result<UnitIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let unit = unit(write, key).await?;
    refuse_unless_current("expectedVersion", expected_version, unit.version)?;
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
        refuse_unless_own(write, key, content).await?;
    }
    edit(write, &course, None).await?;
    draft_units::update_unit(
        &course,
        write.gate.conn(),
        key.id,
        title,
        content.map(|content| &content.unit),
    )
    .await?;
    if let Some(questions) = content.and_then(|content| content.questions.as_ref()) {
        draft_units::replace_questions(&course, write.gate.conn(), key.id, questions).await?;
    }
    if let Some(pools) = content.and_then(|content| content.pools.as_ref()) {
        pools::replace(&course, write.gate.conn(), key.id, pools).await?;
    }
    if let Some(is_required) = is_required {
        demands::require_unit(&course, write.gate.conn(), key.id, is_required).await?;
    }
    write.happened("unit.updated", key, json!({}));
    Ok((key.course, key.id))
}

/// Reads and locks a course whose draft the actor may edit.
pub async fn editable<'w>(write: &'w Write<'_>, key: CourseKey, path: &str) -> Result<MayUpdate<'w>, Stop> {
    let course = find_for_write(&write.gate, key).await?;
    write.gate.allow(course).at(path)
}

/// Counts an edit of a draft, and changes its head where there is something to change.
pub async fn edit(
    write: &Write<'_>,
    course: &MayUpdate<'_>,
    head: Option<&DraftChanges>,
) -> Result<(), Stop> {
    let changes = head.cloned().unwrap_or_default();
    drafts::edit(course, write.gate.conn(), &changes).await?;
    Ok(())
}

/// Reads what a draft has, within the write.
pub async fn load<K: Batch>(write: &Write<'_>, key: K) -> Result<Option<K::Value>, Stop> {
    Ok(K::load_many(std::slice::from_ref(&key), write.gate.conn())
        .await?
        .remove(&key))
}

/// The modules of a draft in order.
pub async fn modules(write: &Write<'_>, course: CourseKey) -> Result<std::sync::Arc<Vec<DraftModule>>, Stop> {
    Ok(load(write, DraftModulesOf(course)).await?.unwrap_or_default())
}

/// Says what is wrong with a summary.
pub(super) fn fault_of_summary(summary: &str) -> Option<Refusal> {
    (summary.chars().count() > 2_000)
        .then(|| Refusal::at(Code::Invalid, "summary", "A summary has at most 2000 characters."))
}

/// Says what is wrong with the share of the units that complete a course.
pub(super) fn fault_of_percent(percent: i32) -> Option<Refusal> {
    (!(1..=100).contains(&percent)).then(|| {
        Refusal::at(
            Code::Invalid,
            "completionPercent",
            "A share is between 1 and 100 percent.",
        )
    })
}

/// Turns a violated unique key into what the author can do about it.
pub fn taken(error: diesel::result::Error) -> Stop {
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
