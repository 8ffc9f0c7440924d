//! Replacing a draft by a course from elsewhere, again and again.
//!
//! Everything in an imported course has an external id. What was imported before under the same one keeps its
//! identity, so progress and translations survive a second import; what is gone from the source is gone from the draft.

use super::authoring::UnitDraftContent;
use super::draft_units::{NewQuestion, UnitDraft};
use super::drafts::{DraftChanges, MayUpdate, UnitKind, edit};
use super::model::SeenCourse;
use super::store::{NewCourse, find_for_write};
use super::tree::{self, NewModule, NewUnit};
use super::{authoring, publish, translations};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::Conn;
use crate::db::schema::{courses, draft_modules, draft_questions, draft_units};
use crate::domain::content::{AnswerKey, QuestionPrompt, ReleaseRule};
use crate::domain::mutate::{At, Stop, Write};
use crate::kernel::clock::Clock;
use crate::kernel::ids::{CourseId, CourseKey, ModuleId, QuestionId, UnitId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Deserialize;
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

impl Known {
    fn module(&self, module: &ImportedModule, clock: &Clock) -> NewModule {
        let known = self.modules.get(&module.external_id).copied();
        NewModule {
            id: known.unwrap_or_else(|| ModuleId(clock.uuid())),
            title: module.title.clone(),
            part: module.part.clone(),
            external_id: Some(module.external_id.clone()),
            units: module.units.iter().map(|unit| self.unit(unit, clock)).collect(),
        }
    }

    fn unit(&self, unit: &ImportedUnit, clock: &Clock) -> NewUnit {
        let known = self.units.get(&unit.external_id);
        let known = known.filter(|(_, kind, _)| *kind == unit.unit.kind());
        let rules = known.map(|(.., rules)| Vec::<ReleaseRule>::deserialize(rules).unwrap_or_default());
        let questions = unit.questions.iter();
        NewUnit {
            id: known.map_or_else(|| UnitId(clock.uuid()), |(id, ..)| *id),
            title: unit.title.clone(),
            content: UnitDraftContent {
                unit: unit.unit.clone(),
                questions: Some(questions.map(|question| self.question(question, clock)).collect()),
                pools: None,
            },
            is_required: true,
            release: rules.unwrap_or_default(),
            external_id: Some(unit.external_id.clone()),
        }
    }

    fn question(&self, question: &ImportedQuestion, clock: &Clock) -> NewQuestion {
        let known = self.questions.get(&question.external_id).copied();
        NewQuestion {
            id: known.unwrap_or_else(|| QuestionId(clock.uuid())),
            replaces: known.is_some(),
            prompt: question.prompt.clone(),
            key: question.key.clone(),
            external_id: Some(question.external_id.clone()),
        }
    }
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
    let clock = &write.app.clock;
    let modules: Vec<_> = modules.iter().map(|module| known.module(module, clock)).collect();
    tree::insert(course, conn, &modules).await?;
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
