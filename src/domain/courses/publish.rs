//! Publishing: the draft becomes a numbered, immutable revision.

use super::drafts::{
    CourseDraft, DraftModulesOf, DraftOf, DraftQuestionsOf, DraftUnit, DraftUnitsOf, UnitKind,
};
use super::model::{CourseState, SeenCourse};
use super::pools;
use super::published_texts;
use super::reviews::{ReviewState, refuse_archived, refuse_unless_reviewed};
use super::store::find_for_write;
use super::translations;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::schema::{course_drafts, course_revisions, courses, revision_answer_keys};
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::compiled::{FORMAT, PoolContent};
use crate::domain::content::{
    AnswerKeys, CompletionRule, Content, ModuleContent, ReleaseRule, UnitBody, UnitContent,
};
use crate::domain::mutate::{At, Stop, Write, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, MemberId, RevisionId, UnitId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Publishes a course's draft as its next revision.
pub async fn publish(
    write: &Write<'_>,
    key: CourseKey,
    expected_version: Option<i32>,
) -> Result<CourseKey, Stop> {
    let course = find_for_write(&write.gate, key).await?;
    let course: Allowed<'_, action::CoursesPublish, SeenCourse> = write.gate.allow(course).at("id")?;
    refuse_archived(&course)?;
    let conn = write.gate.conn();
    let draft = one(DraftOf(key), conn).await?.ok_or(Error::NotFound).at("id")?;
    refuse_unless_current("expectedVersion", expected_version, draft.version)?;
    let frozen = compile(&draft, key, conn).await?;
    refuse_unless_reviewed(&draft, &frozen)?;
    let (content, keys) = frozen;
    let number = insert(
        &course,
        conn,
        RevisionId(write.app.clock.uuid()),
        publisher(write).await?,
        &content,
        &keys,
    )
    .await?;
    write.happened("course.published", key, json!({ "revision": number }));
    write.outdates(Stale::Course(key));
    Ok(key)
}

/// Who the revision says published it: the acting member, or for the service an owner.
async fn publisher(write: &Write<'_>) -> Result<MemberId> {
    use crate::db::schema::{memberships, roles};
    if let Some(member) = write.gate.member() {
        return Ok(member.id);
    }
    let owner = memberships::table
        .inner_join(
            roles::table.on(roles::org_id
                .eq(memberships::org_id)
                .and(roles::id.eq(memberships::role_id))),
        )
        .filter(
            memberships::org_id
                .eq(write.gate.org())
                .and(roles::slug.eq("owner")),
        )
        .select(memberships::id)
        .order_by(memberships::id);
    Ok(owner.first(&mut write.gate.conn()).await?)
}

async fn one<K: Batch>(key: K, conn: Conn<'_>) -> QueryResult<Option<K::Value>> {
    Ok(K::load_many(std::slice::from_ref(&key), conn).await?.remove(&key))
}

/// Freezes a draft that can be published.
pub async fn compile(
    draft: &CourseDraft,
    course: CourseKey,
    conn: Conn<'_>,
) -> Result<(Content, AnswerKeys), Stop> {
    let (content, keys) = freeze(draft, course, conn).await?;
    let units = || content.modules.iter().flat_map(|module| &module.units);
    let refuse = |message: String| refuse_with(Refusal::at(Code::NothingToPublish, "id", message));
    if units().next().is_none() {
        return refuse("The draft has no unit; add one with `unitCreate`.".to_owned());
    }
    let asks_nothing = |quiz: &&UnitContent| matches!(&quiz.body, UnitBody::Quiz { questions, pools, .. } if questions.is_empty() && pools.is_empty());
    if let Some(quiz) = units().find(asks_nothing) {
        return refuse(format!("The quiz “{}” has no questions.", quiz.title));
    }
    if let Some(message) = fault_of_rule(draft, &content) {
        return refuse(message.to_owned());
    }
    Ok((content, keys))
}

/// Freezes a draft, also one with nothing to learn in it: five statements, whatever its size, and one for each pool that
/// a quiz draws from.
pub async fn freeze(
    draft: &CourseDraft,
    course: CourseKey,
    mut conn: Conn<'_>,
) -> Result<(Content, AnswerKeys), Stop> {
    let row = courses::table.find((course.org.0, course.id.0));
    let language: String = row.select(courses::language).first(&mut conn).await?;
    let modules = one(DraftModulesOf(course), conn).await?.unwrap_or_default();
    let module_keys: Vec<_> = modules.iter().map(|module| DraftUnitsOf(module.key)).collect();
    let units = DraftUnitsOf::load_many(&module_keys, conn).await?;
    let quizzes: Vec<_> = units
        .values()
        .flat_map(|units| units.iter())
        .filter(|unit| unit.kind == UnitKind::Quiz)
        .map(|unit| DraftQuestionsOf(unit.key))
        .collect();
    let questions = DraftQuestionsOf::load_many(&quizzes, conn).await?;
    let known: HashSet<UnitId> = units
        .values()
        .flat_map(|units| units.iter())
        .map(|unit| unit.key.id)
        .collect();
    let mut translated = translations::of_draft(course, conn).await?;
    let mut keys = AnswerKeys::default();
    let mut compiled = Vec::with_capacity(modules.len());
    for module in modules.iter() {
        let mut contents = Vec::new();
        for unit in units
            .get(&DraftUnitsOf(module.key))
            .map(Arc::as_ref)
            .into_iter()
            .flatten()
        {
            let pools = pools::freeze(conn, course.org, unit, &mut keys).await?;
            let body = freeze_unit(unit, &questions, pools, &mut keys)?;
            contents.push(UnitContent {
                id: unit.key.id,
                title: unit.title.clone(),
                is_required: unit.is_required,
                body,
                release: release(unit, &known),
                translations: translated.units.remove(&unit.key.id).unwrap_or_default(),
            });
        }
        compiled.push(ModuleContent {
            id: module.key.id,
            title: module.title.clone(),
            part: module.part.clone(),
            translations: translated.modules.remove(&module.key.id).unwrap_or_default(),
            units: contents,
        });
    }
    let content = Content {
        title: draft.title.clone(),
        summary: draft.summary.clone(),
        completion_rule: draft.completion_rule,
        completion_percent: draft.completion_percent,
        language: Some(language),
        translations: translated.course,
        modules: compiled,
    };
    Ok((content, keys))
}

/// Why nobody could complete a course by its rule.
fn fault_of_rule(draft: &CourseDraft, content: &Content) -> Option<&'static str> {
    let mut units = content.modules.iter().flat_map(|module| &module.units);
    match draft.completion_rule {
        CompletionRule::QuizzesPassed if !units.any(|unit| matches!(unit.body, UnitBody::Quiz { .. })) => {
            Some("A course that is complete when its quizzes are passed needs a quiz.")
        }
        CompletionRule::RequiredUnits if !units.any(|unit| unit.is_required) => {
            Some("A course that is complete when its required units are needs a unit that is required.")
        }
        CompletionRule::MinimumPercent if draft.completion_percent.is_none() => Some(
            "A course that is complete when a share of its units is needs that share: set completionPercent.",
        ),
        _ => None,
    }
}

/// The rules of a unit, without those about units that an import has taken away since.
fn release(unit: &DraftUnit, known: &HashSet<UnitId>) -> Vec<ReleaseRule> {
    let mut rules = unit.release_rules();
    rules.retain(|rule| rule.unit().is_none_or(|id| known.contains(&id)));
    rules
}

fn freeze_unit(
    unit: &DraftUnit,
    questions: &HashMap<DraftQuestionsOf, Arc<Vec<super::drafts::DraftQuestion>>>,
    pools: Vec<PoolContent>,
    keys: &mut AnswerKeys,
) -> QueryResult<UnitBody> {
    let unreadable = |what: &str, id: uuid::Uuid| {
        let message = format!("{what} {id} cannot be read");
        diesel::result::Error::DeserializationError(message.into())
    };
    match unit.kind {
        UnitKind::Quiz => {}
        UnitKind::Text => return Ok(UnitBody::Text(unit.body.clone().unwrap_or_default().into())),
        _ => {
            let material = unit.material().ok_or_else(|| unreadable("unit", unit.key.id.0))?;
            return Ok(UnitBody::Material(material));
        }
    }
    let policy = unit.policy().unwrap_or_default();
    let mut prompts = Vec::new();
    for question in questions
        .get(&DraftQuestionsOf(unit.key))
        .map(Arc::as_ref)
        .into_iter()
        .flatten()
    {
        let missing = || unreadable("question", question.id.0);
        prompts.push((question.id, question.prompt().ok_or_else(missing)?));
        keys.0
            .insert(question.id, question.answer_key().ok_or_else(missing)?);
    }
    Ok(UnitBody::Quiz {
        policy,
        questions: prompts,
        pools,
    })
}

/// Stores a revision with its answer keys, makes it the course's current one and lets it be found. Returns its number.
async fn insert(
    course: &Allowed<'_, action::CoursesPublish, SeenCourse>,
    mut conn: Conn<'_>,
    id: RevisionId,
    published_by: MemberId,
    content: &Content,
    keys: &AnswerKeys,
) -> Result<i32> {
    let key = course.course.key;
    let of_course = course_revisions::org_id
        .eq(key.org)
        .and(course_revisions::course_id.eq(key.id));
    let last: Option<i32> = course_revisions::table
        .filter(of_course)
        .select(diesel::dsl::max(course_revisions::number))
        .first(&mut conn)
        .await?;
    let number = last.unwrap_or(0) + 1;
    diesel::insert_into(course_revisions::table)
        .values((
            course_revisions::org_id.eq(key.org),
            course_revisions::id.eq(id),
            course_revisions::course_id.eq(key.id),
            course_revisions::number.eq(number),
            course_revisions::format.eq(FORMAT),
            course_revisions::content.eq(serde_json::to_string(content).map_err(Error::internal)?),
            course_revisions::published_by.eq(published_by),
        ))
        .execute(&mut conn)
        .await?;
    diesel::insert_into(revision_answer_keys::table)
        .values((
            revision_answer_keys::org_id.eq(key.org),
            revision_answer_keys::revision_id.eq(id),
            revision_answer_keys::answer_keys.eq(serde_json::to_string(keys).map_err(Error::internal)?),
        ))
        .execute(&mut conn)
        .await?;
    let reviewed = (
        course_drafts::review_state.eq(ReviewState::None),
        course_drafts::review_version.eq(None::<i32>),
        course_drafts::review_digest.eq(None::<Vec<u8>>),
        course_drafts::review_requested_by.eq(None::<MemberId>),
        course_drafts::review_requested_at.eq(None::<DateTime<Utc>>),
        course_drafts::review_decided_by.eq(None::<MemberId>),
        course_drafts::review_decided_at.eq(None::<DateTime<Utc>>),
        course_drafts::review_note.eq(None::<String>),
    );
    diesel::update(course_drafts::table.find((key.org.0, key.id.0)))
        .set(reviewed)
        .execute(&mut conn)
        .await?;
    name_assets(course, conn, id).await?;
    published_texts::replace(course, conn, content).await?;
    let units: usize = content.modules.iter().map(|module| module.units.len()).sum();
    diesel::update(courses::table.find((key.org.0, key.id.0)))
        .set((
            courses::state.eq(CourseState::Published),
            courses::title.eq(&content.title),
            courses::summary.eq(&content.summary),
            courses::published_language.eq(&content.language),
            courses::translations.eq(serde_json::to_value(&content.translations).map_err(Error::internal)?),
            courses::revision_id.eq(id),
            courses::revision_number.eq(number),
            courses::unit_count.eq(i32::try_from(units).unwrap_or(i32::MAX)),
            courses::published_at.eq(diesel::dsl::now),
        ))
        .execute(&mut conn)
        .await?;
    Ok(number)
}

/// Notes which files a revision shows: those of the draft that it was made of.
async fn name_assets(
    course: &Allowed<'_, action::CoursesPublish, SeenCourse>,
    mut conn: Conn<'_>,
    revision: RevisionId,
) -> QueryResult<()> {
    let key = course.course.key;
    Statement::<Untyped>::new(
        "insert into revision_assets (org_id, revision_id, asset_id, course_id) \
         select distinct d.org_id, ?::uuid, d.asset_id, d.course_id from draft_unit_assets d where d.org_id = ? and d.course_id = ?",
    )
    .bind::<SqlUuid, _>(revision)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
