//! Replacing a draft by a course from elsewhere, again and again.
//!
//! Everything in an imported course has an external id. What was imported before under the same one keeps its
//! identity, so progress and translations survive a second import; what is gone from the source is gone from the draft.

use super::draft_units::UnitDraft;
use super::drafts::{DraftChanges, MayUpdate, UnitKind, edit};
use super::model::SeenCourse;
use super::store::{NewCourse, find_for_write};
use super::{authoring, publish, translations};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::Conn;
use crate::db::schema::{courses, draft_modules, draft_questions, draft_units};
use crate::domain::content::{AnswerKey, QuestionPrompt};
use crate::domain::mutate::{At, Stop, Write};
use crate::kernel::ids::{CourseId, CourseKey, ModuleId, QuestionId, UnitId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A course as it comes from elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedCourse {
    /// Identity and head.
    pub course: NewCourse,
    /// Its modules in order.
    pub modules: Vec<ImportedModule>,
}

/// A module as it comes from elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedModule {
    /// Its name at its source.
    pub external_id: String,
    /// Its title.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Its units in order.
    pub units: Vec<ImportedUnit>,
}

/// A unit as it comes from elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedUnit {
    /// Its name at its source.
    pub external_id: String,
    /// Its title.
    pub title: String,
    /// Text or quiz.
    pub unit: UnitDraft,
    /// The questions of a quiz.
    pub questions: Vec<ImportedQuestion>,
}

/// A question as it comes from elsewhere.
#[derive(Clone, Debug)]
pub struct ImportedQuestion {
    /// Its name at its source.
    pub external_id: String,
    /// What learners see.
    pub prompt: QuestionPrompt,
    /// What is right.
    pub key: AnswerKey,
}

/// Rows of one INSERT: below PostgreSQL's 65,535 parameters.
const ROWS: usize = 500;

/// Creates the course, or replaces the draft of the one that was imported from there before; publishes it if asked.
pub async fn import(write: &Write<'_>, imported: &ImportedCourse, publish: bool) -> Result<CourseKey, Stop> {
    let key = match existing(write, &imported.course).await? {
        Some(key) => key,
        None => authoring::create(write, &imported.course).await?,
    };
    let course: Allowed<'_, action::CoursesUpdate, SeenCourse> = write
        .gate
        .allow(find_for_write(&write.gate, key).await?)
        .at("organizationId")?;
    let changes = DraftChanges {
        title: Some(imported.course.title.clone()),
        summary: Some(imported.course.summary.clone()),
        ..DraftChanges::default()
    };
    edit(&course, write.gate.conn(), &changes).await?;
    let translated = translations::rows(key, None, write.gate.conn()).await?;
    replace(write, &course, &imported.modules).await?;
    translations::restore(&course, write.gate.conn(), translated).await?;
    write.happened(
        "course.imported",
        key,
        json!({ "modules": imported.modules.len() }),
    );
    if publish {
        publish::publish(write, key, None).await?;
    }
    Ok(key)
}

async fn existing(write: &Write<'_>, course: &NewCourse) -> QueryResult<Option<CourseKey>> {
    let id: Option<CourseId> = courses::table
        .filter(
            courses::org_id
                .eq(write.gate.org())
                .and(courses::external_id.eq(&course.external_id)),
        )
        .select(courses::id)
        .first(&mut write.gate.conn())
        .await
        .optional()?;
    Ok(id.map(|id| CourseKey::new(write.gate.org(), id)))
}

/// The identities of what was imported before, by external id.
struct Known {
    modules: HashMap<String, ModuleId>,
    units: HashMap<String, (UnitId, UnitKind, Value)>,
    questions: HashMap<String, QuestionId>,
}

async fn replace(write: &Write<'_>, course: &MayUpdate<'_>, modules: &[ImportedModule]) -> Result<(), Stop> {
    let mut conn = write.gate.conn();
    let key = course.course.key;
    let known = known(key, conn).await?;
    let here = draft_units::org_id
        .eq(key.org)
        .and(draft_units::course_id.eq(key.id));
    diesel::delete(draft_units::table.filter(here))
        .execute(&mut conn)
        .await?;
    let here = draft_modules::org_id
        .eq(key.org)
        .and(draft_modules::course_id.eq(key.id));
    diesel::delete(draft_modules::table.filter(here))
        .execute(&mut conn)
        .await?;

    let mut module_rows = Vec::new();
    let mut unit_rows = Vec::new();
    let mut question_rows = Vec::new();
    for (module_position, module) in (0_i32..).zip(modules) {
        let module_id = known
            .modules
            .get(&module.external_id)
            .copied()
            .unwrap_or_else(|| ModuleId(write.app.clock.uuid()));
        module_rows.push((
            draft_modules::org_id.eq(key.org),
            draft_modules::id.eq(module_id),
            draft_modules::course_id.eq(key.id),
            draft_modules::position.eq(f64::from(module_position)),
            draft_modules::title.eq(&module.title),
            draft_modules::part.eq(module.part.as_deref()),
            draft_modules::external_id.eq(&module.external_id),
        ));
        for (unit_position, unit) in (0_i32..).zip(&module.units) {
            let (kind, body, quiz, material) = unit.unit.columns();
            let known_unit = known
                .units
                .get(&unit.external_id)
                .filter(|(_, known_kind, _)| *known_kind == kind);
            let unit_id = known_unit.map_or_else(|| UnitId(write.app.clock.uuid()), |(id, ..)| *id);
            unit_rows.push((
                draft_units::org_id.eq(key.org),
                draft_units::id.eq(unit_id),
                draft_units::course_id.eq(key.id),
                draft_units::module_id.eq(module_id),
                draft_units::position.eq(f64::from(unit_position)),
                draft_units::kind.eq(kind),
                draft_units::title.eq(&unit.title),
                draft_units::body.eq(body),
                draft_units::quiz.eq(quiz),
                draft_units::material.eq(material),
                draft_units::external_id.eq(&unit.external_id),
                draft_units::release_rules.eq(known_unit.map_or(json!([]), |(.., rules)| rules.clone())),
            ));
            for (position, question) in (0..).zip(&unit.questions) {
                let id = known.questions.get(&question.external_id).copied();
                question_rows.push((
                    draft_questions::org_id.eq(key.org),
                    draft_questions::id.eq(id.unwrap_or_else(|| QuestionId(write.app.clock.uuid()))),
                    draft_questions::unit_id.eq(unit_id),
                    draft_questions::position.eq::<i32>(position),
                    draft_questions::prompt.eq(serde_json::to_value(&question.prompt).unwrap_or_default()),
                    draft_questions::answer_key.eq(serde_json::to_value(&question.key).unwrap_or_default()),
                    draft_questions::external_id.eq(&question.external_id),
                ));
            }
        }
    }
    for rows in module_rows.chunks(ROWS) {
        diesel::insert_into(draft_modules::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    for rows in unit_rows.chunks(ROWS) {
        diesel::insert_into(draft_units::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    for rows in question_rows.chunks(ROWS) {
        diesel::insert_into(draft_questions::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}

async fn known(key: CourseKey, mut conn: Conn<'_>) -> QueryResult<Known> {
    let modules: Vec<(Option<String>, ModuleId)> = draft_modules::table
        .filter(
            draft_modules::org_id
                .eq(key.org)
                .and(draft_modules::course_id.eq(key.id)),
        )
        .select((draft_modules::external_id, draft_modules::id))
        .load(&mut conn)
        .await?;
    let units: Vec<(Option<String>, UnitId, UnitKind, Value)> = draft_units::table
        .filter(
            draft_units::org_id
                .eq(key.org)
                .and(draft_units::course_id.eq(key.id)),
        )
        .select((
            draft_units::external_id,
            draft_units::id,
            draft_units::kind,
            draft_units::release_rules,
        ))
        .load(&mut conn)
        .await?;
    let ids: Vec<UnitId> = units.iter().map(|(_, id, ..)| *id).collect();
    let questions: Vec<(Option<String>, QuestionId)> = draft_questions::table
        .filter(
            draft_questions::org_id
                .eq(key.org)
                .and(draft_questions::unit_id.eq_any(ids)),
        )
        .select((draft_questions::external_id, draft_questions::id))
        .load(&mut conn)
        .await?;
    let named = |(external_id, id)| Some((external_id?, id));
    Ok(Known {
        modules: modules
            .into_iter()
            .filter_map(|(external_id, id)| Some((external_id?, id)))
            .collect(),
        units: units
            .into_iter()
            .filter_map(|(external_id, id, kind, rules)| Some((external_id?, (id, kind, rules))))
            .collect(),
        questions: questions.into_iter().filter_map(named).collect(),
    })
}
