//! Writing all modules, units and questions of a draft at once, in few statements.

use super::authoring::UnitDraftContent;
use super::draft_units::ROWS;
use super::drafts::MayUpdate;
use crate::db::Conn;
use crate::db::schema::{draft_modules, draft_questions, draft_units};
use crate::domain::content::ReleaseRule;
use crate::kernel::ids::{ModuleId, UnitId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// A module with its units in order.
#[derive(Clone, Debug)]
pub struct NewModule {
    /// Its identity.
    pub id: ModuleId,
    /// Its title.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Its name at its source.
    pub external_id: Option<String>,
    /// Its units.
    pub units: Vec<NewUnit>,
}

/// A unit with what it is made of.
#[derive(Clone, Debug)]
pub struct NewUnit {
    /// Its identity.
    pub id: UnitId,
    /// Its title.
    pub title: String,
    /// What it is made of, with the questions of a quiz.
    pub content: UnitDraftContent,
    /// Whether the course demands it, where the rule is a choice of units.
    pub is_required: bool,
    /// What has to hold before a learner may go into it.
    pub release: Vec<ReleaseRule>,
    /// Its name at its source.
    pub external_id: Option<String>,
}

/// Writes modules into a draft that has none, with all that is in them but their translations and the names of their files.
pub async fn insert(course: &MayUpdate<'_>, mut conn: Conn<'_>, modules: &[NewModule]) -> QueryResult<()> {
    let key = course.course.key;
    let mut module_rows = Vec::new();
    let mut unit_rows = Vec::new();
    let mut question_rows = Vec::new();
    for (place, module) in (0_i32..).zip(modules) {
        module_rows.push((
            draft_modules::org_id.eq(key.org),
            draft_modules::id.eq(module.id),
            draft_modules::course_id.eq(key.id),
            draft_modules::position.eq(f64::from(place)),
            draft_modules::title.eq(&module.title),
            draft_modules::part.eq(module.part.as_deref()),
            draft_modules::external_id.eq(module.external_id.as_deref()),
        ));
        for (place, unit) in (0_i32..).zip(&module.units) {
            let (kind, body, quiz, material) = unit.content.unit.columns();
            let pools = unit.content.pools.as_ref().filter(|pools| !pools.is_empty());
            unit_rows.push((
                draft_units::org_id.eq(key.org),
                draft_units::id.eq(unit.id),
                draft_units::course_id.eq(key.id),
                draft_units::module_id.eq(module.id),
                draft_units::position.eq(f64::from(place)),
                draft_units::is_required.eq(unit.is_required),
                draft_units::kind.eq(kind),
                draft_units::title.eq(&unit.title),
                draft_units::body.eq(body),
                draft_units::quiz.eq(quiz),
                draft_units::pools.eq(pools.map(|pools| json!(pools))),
                draft_units::material.eq(material),
                draft_units::external_id.eq(unit.external_id.as_deref()),
                draft_units::release_rules.eq(json!(unit.release)),
            ));
            for (place, question) in (0..).zip(unit.content.questions.iter().flatten()) {
                question_rows.push((
                    draft_questions::org_id.eq(key.org),
                    draft_questions::id.eq(question.id),
                    draft_questions::unit_id.eq(unit.id),
                    draft_questions::position.eq::<i32>(place),
                    draft_questions::prompt.eq(serde_json::to_value(&question.prompt).unwrap_or_default()),
                    draft_questions::answer_key.eq(serde_json::to_value(&question.key).unwrap_or_default()),
                    draft_questions::external_id.eq(question.external_id.as_deref()),
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
