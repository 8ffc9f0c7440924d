//! What authors do with paths.

use super::lists::PathCoursesOf;
use super::model::{LearningPath, LearningPathState, SeenPath};
use crate::auth::allowed::{Allowed, Gate, Protected};
use crate::auth::permission::action;
use crate::db::error::violated;
use crate::db::schema::{learning_paths, path_courses};
use crate::db::{Batch, Conn, Statement};
use crate::domain::courses::authoring::load;
use crate::domain::courses::model::SeenCourse;
use crate::domain::courses::store::Taught;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseId, CourseKey, LearningPathId, LearningPathKey};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashSet;

/// Paths that an organisation may have, and courses that a path may have.
const MOST_PATHS: i64 = 1_000;
const MOST_COURSES: usize = 50;
/// Characters of a description.
const MOST_OF_DESCRIPTION: usize = 2_000;

/// A course in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NewStep {
    /// The course.
    pub course: CourseKey,
    /// Whether the path takes it.
    pub is_required: bool,
}

/// What a new path starts with.
#[derive(Clone, Debug)]
pub struct NewPath {
    /// Its title.
    pub title: String,
    /// What it leads to, Markdown.
    pub description: String,
    /// The organisation's own name for it.
    pub external_id: Option<String>,
    /// Its courses in order.
    pub courses: Vec<NewStep>,
    /// How many it takes of those that are not required.
    pub electives_needed: i32,
}

/// What `pathUpdate` changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PathChanges {
    /// Its title.
    pub title: Option<String>,
    /// What it leads to, Markdown.
    pub description: Option<String>,
    /// Its courses in order, all of them.
    pub courses: Option<Vec<NewStep>>,
    /// How many it takes of those that are not required.
    pub electives_needed: Option<i32>,
}

/// Reads a path for a write, locked until the transaction ends.
async fn find(gate: &Gate<'_>, key: LearningPathKey) -> Result<Option<SeenPath>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let row = LearningPath::query()
        .filter(
            learning_paths::org_id
                .eq(key.org)
                .and(learning_paths::id.eq(key.id)),
        )
        .for_no_key_update();
    let path: Option<LearningPath> = row.first(&mut gate.conn()).await.optional()?;
    Ok(path.map(SeenPath))
}

/// Creates a path, which is a draft.
pub async fn create(write: &Write<'_>, new: &NewPath) -> Result<LearningPathKey, Stop> {
    let org = write.gate.org();
    let _: Allowed<'_, action::CoursesCreate, Here> =
        write.gate.allow(Some(Here(org))).at("organizationId")?;
    let external_id = new.external_id.as_deref();
    let faults = [
        Refusal::of_name("title", &new.title, 200),
        fault_of_description(&new.description),
        external_id.and_then(|id| Refusal::of_name("externalId", id, 200)),
        fault_of_courses(&new.courses),
        fault_of_rule(
            new.courses.iter().map(|step| step.is_required),
            new.electives_needed,
        ),
    ];
    refuse_all(faults)?;
    refuse_unless_fit(write, &new.courses, LearningPathState::Draft, &HashSet::new()).await?;
    refuse_unless_room(write, "organizationId").await?;
    let conn = write.gate.conn();
    let key = LearningPathKey::new(org, LearningPathId(write.app.clock.uuid()));
    diesel::insert_into(learning_paths::table)
        .values((
            learning_paths::org_id.eq(org),
            learning_paths::id.eq(key.id),
            learning_paths::external_id.eq(external_id),
            learning_paths::title.eq(&new.title),
            learning_paths::description.eq(&new.description),
            learning_paths::electives_needed.eq(new.electives_needed),
        ))
        .execute(&mut &*conn)
        .await
        .map_err(taken)?;
    insert_courses(conn, key, &new.courses).await?;
    write.happened("path.created", key, json!({}));
    Ok(key)
}

/// Edits a path, for who follows it too; what they completed counts as the path says from now on.
pub async fn update(
    write: &Write<'_>,
    key: LearningPathKey,
    changes: &PathChanges,
    expected: Option<i32>,
) -> Result<LearningPathKey, Stop> {
    let found = find(&write.gate, key).await?;
    let path: Allowed<'_, action::CoursesUpdate, SeenPath> = write.gate.allow(found).at("id")?;
    refuse_unless_current("expectedVersion", expected, path.0.version)?;
    let stored = load(write, PathCoursesOf(key)).await?.unwrap_or_default();
    let is_required: Vec<bool> = match &changes.courses {
        Some(courses) => courses.iter().map(|step| step.is_required).collect(),
        None => stored.iter().map(|step| step.is_required).collect(),
    };
    let electives_needed = changes.electives_needed.unwrap_or(path.0.electives_needed);
    let title = changes.title.as_deref();
    let faults = [
        title.and_then(|title| Refusal::of_name("title", title, 200)),
        changes.description.as_deref().and_then(fault_of_description),
        changes.courses.as_deref().and_then(fault_of_courses),
        fault_of_rule(is_required.into_iter(), electives_needed),
    ];
    refuse_all(faults)?;
    let conn = write.gate.conn();
    if let Some(courses) = &changes.courses {
        let had: HashSet<CourseKey> = stored.iter().map(|step| step.course).collect();
        refuse_unless_fit(write, courses, path.0.state, &had).await?;
        let former = path_courses::org_id
            .eq(key.org)
            .and(path_courses::path_id.eq(key.id));
        diesel::delete(path_courses::table.filter(former))
            .execute(&mut &*conn)
            .await?;
        insert_courses(conn, key, courses).await?;
    }
    let description = changes.description.as_deref();
    diesel::update(learning_paths::table.find((key.org.0, key.id.0)))
        .set((
            title.map(|title| learning_paths::title.eq(title)),
            description.map(|description| learning_paths::description.eq(description)),
            learning_paths::electives_needed.eq(electives_needed),
            learning_paths::version.eq(learning_paths::version + 1),
        ))
        .execute(&mut &*conn)
        .await?;
    write.happened("path.updated", key, json!({}));
    Ok(key)
}

/// Publishes a path, or brings an archived one back, if each of its courses is published.
pub async fn publish(
    write: &Write<'_>,
    key: LearningPathKey,
    expected: Option<i32>,
) -> Result<LearningPathKey, Stop> {
    let path = publishable(write, key).await?;
    refuse_unless_current("expectedVersion", expected, path.0.version)?;
    if path.0.state == LearningPathState::Published {
        let message = "The path is PUBLISHED already; what is edited shows at once.";
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    }
    if path.0.state == LearningPathState::Archived {
        refuse_unless_room(write, "id").await?;
    }
    let steps = load(write, PathCoursesOf(key)).await?.unwrap_or_default();
    let keys: Vec<CourseKey> = steps.iter().map(|step| step.course).collect();
    let courses = CourseKey::load_many(&keys, write.gate.conn()).await?;
    let unpublished = courses.values().filter(|course| !course.is_published()).count();
    if unpublished > 0 {
        let message =
            format!("{unpublished} of the path's courses are not published; publish them or take them out.");
        return refuse_with(Refusal::at(Code::NotPublished, "id", message));
    }
    diesel::update(learning_paths::table.find((key.org.0, key.id.0)))
        .set((
            learning_paths::state.eq(LearningPathState::Published),
            learning_paths::published_at.eq(diesel::dsl::now),
            learning_paths::version.eq(learning_paths::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("path.published", key, json!({}));
    Ok(key)
}

/// Archives a path: nobody begins to follow it any more.
pub async fn archive(write: &Write<'_>, key: LearningPathKey) -> Result<LearningPathKey, Stop> {
    let path = publishable(write, key).await?;
    if path.0.state == LearningPathState::Archived {
        let message = "The path is ARCHIVED already; `pathPublish` brings it back.";
        return refuse_with(Refusal::at(Code::InvalidState, "id", message));
    }
    diesel::update(learning_paths::table.find((key.org.0, key.id.0)))
        .set((
            learning_paths::state.eq(LearningPathState::Archived),
            learning_paths::version.eq(learning_paths::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("path.archived", key, json!({}));
    Ok(key)
}

async fn publishable<'w>(
    write: &'w Write<'_>,
    key: LearningPathKey,
) -> Result<Allowed<'w, action::CoursesPublish, SeenPath>, Stop> {
    let found = find(&write.gate, key).await?;
    write.gate.allow(found).at("id")
}

/// Refuses another path where the organisation has as many as it may that are not archived.
async fn refuse_unless_room(write: &Write<'_>, field: &str) -> Result<(), Stop> {
    let here = learning_paths::table
        .filter(learning_paths::org_id.eq(write.gate.org()))
        .filter(learning_paths::state.ne(LearningPathState::Archived));
    if here.count().get_result::<i64>(&mut write.gate.conn()).await? < MOST_PATHS {
        return Ok(());
    }
    let message = format!("An organisation has at most {MOST_PATHS} learning paths. Archive one first.");
    refuse_with(Refusal::at(Code::LimitReached, field, message))
}

/// Refuses courses that the actor does not see, and for a published path such as are new in it and not published.
async fn refuse_unless_fit(
    write: &Write<'_>,
    steps: &[NewStep],
    state: LearningPathState,
    had: &HashSet<CourseKey>,
) -> Result<(), Stop> {
    let (gate, actor) = (&write.gate, write.gate.member_id());
    let keys: Vec<CourseKey> = steps.iter().map(|step| step.course).collect();
    let courses = CourseKey::load_many(&keys, gate.conn()).await?;
    let taught: Vec<Taught> = keys.iter().map(|key| Taught(*key, actor)).collect();
    let taught = Taught::load_many(&taught, gate.conn()).await?;
    let fault = |(index, key): (usize, &CourseKey)| {
        let path = format!("courses.{index}.courseId");
        let course = courses.get(key).map(|course| SeenCourse {
            course: (**course).clone(),
            taught: taught.contains_key(&Taught(*key, actor)),
        });
        let sees = |course: &SeenCourse| {
            let read = course.read_permission();
            read.is_none_or(|read| gate.decide(read, course.facts()).allowed)
        };
        match course.filter(sees) {
            None => Some(Refusal::not_found(&path)),
            Some(course)
                if state == LearningPathState::Published
                    && !course.course.is_published()
                    && !had.contains(key) =>
            {
                let message = "The path is published, and this course is not: publish it first.";
                Some(Refusal::at(Code::NotPublished, &path, message))
            }
            Some(_) => None,
        }
    };
    refuse_all(keys.iter().enumerate().map(fault))
}

async fn insert_courses(mut conn: Conn<'_>, key: LearningPathKey, steps: &[NewStep]) -> QueryResult<()> {
    let (ids, is_required): (Vec<CourseId>, Vec<bool>) = steps
        .iter()
        .map(|step| (step.course.id, step.is_required))
        .unzip();
    Statement::<Untyped>::new(
        "insert into path_courses (org_id, path_id, course_id, is_required, position) \
         select ?, ?, c.course_id, c.is_required, c.position from unnest(?, ?) with ordinality as c (course_id, is_required, position)",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Bool>, _>(is_required)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

fn fault_of_description(text: &str) -> Option<Refusal> {
    let message = format!("A description has at most {MOST_OF_DESCRIPTION} characters.");
    (text.chars().count() > MOST_OF_DESCRIPTION).then(|| Refusal::at(Code::Invalid, "description", message))
}

fn fault_of_courses(steps: &[NewStep]) -> Option<Refusal> {
    if !(1..=MOST_COURSES).contains(&steps.len()) {
        let message = format!(
            "A path has 1 to {MOST_COURSES} courses; these are {}.",
            steps.len()
        );
        return Some(Refusal::at(Code::Invalid, "courses", message));
    }
    let mut seen = HashSet::new();
    let twice = steps.iter().position(|step| !seen.insert(step.course))?;
    let message = "This course stands in the path twice.";
    Some(Refusal::at(
        Code::Invalid,
        &format!("courses.{twice}.courseId"),
        message,
    ))
}

/// Says what is wrong with what a path takes.
fn fault_of_rule(is_required: impl ExactSizeIterator<Item = bool>, needed: i32) -> Option<Refusal> {
    let courses = is_required.len();
    let electives = is_required.filter(|is_required| !is_required).count();
    if !usize::try_from(needed).is_ok_and(|needed| needed <= electives) {
        let message =
            format!("This is between 0 and {electives}, the number of courses that are not required.");
        return Some(Refusal::at(Code::Invalid, "electivesNeeded", message));
    }
    let message = "A path takes something: require a course, or say with `electivesNeeded` how many of the others it takes.";
    (courses > 0 && electives == courses && needed == 0)
        .then(|| Refusal::at(Code::Invalid, "courses", message))
}

fn taken(error: diesel::result::Error) -> Stop {
    if violated(&error) == Some("learning_paths_org_id_external_id_key") {
        let message = "Another path has this external id.";
        return Stop::Refused(vec![Refusal::at(Code::Taken, "externalId", message)]);
    }
    Stop::Failed(Error::from(error))
}
