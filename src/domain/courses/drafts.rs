//! Statements on the draft tables: what authors read and edit.

use super::model::SeenCourse;
use super::reviews::ReviewState;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::{course_drafts, draft_modules, draft_questions, draft_units};
use crate::db::{Batch, Conn};
use crate::domain::content::mentions::assets_in;
use crate::domain::content::{AnswerKey, CompletionRule, Material, QuestionPrompt, QuizPolicy, ReleaseRule};
use crate::kernel::ids::{
    AssetKey, CourseId, CourseKey, MemberId, ModuleId, ModuleKey, OrgId, QuestionId, UnitId, UnitKey,
};
use crate::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

text_enum! {
    /// What a unit is.
    UnitKind {
        /// A text to read.
        Text = "text",
        /// A video to watch.
        Video = "video",
        /// A file to keep.
        File = "file",
        /// A page elsewhere.
        Link = "link",
        /// A quiz to take.
        Quiz = "quiz",
        /// Work to hand in.
        Assignment = "assignment",
        /// A meeting at a time.
        Live = "live",
    }
}

/// The head of a draft.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = course_drafts)]
pub struct CourseDraft {
    /// The organisation that it belongs to.
    pub org_id: OrgId,
    /// The course that it is the draft of.
    pub course_id: CourseId,
    /// The title that the next revision will have.
    pub title: String,
    /// The summary that the next revision will have, Markdown.
    pub summary: String,
    /// When an enrolment in the next revision will be complete.
    pub completion_rule: CompletionRule,
    /// Which share of the units that takes, where the rule is a share.
    pub completion_percent: Option<i32>,
    /// Counts the edits; an edit may name the version that it was made on.
    pub version: i32,
    /// When it was last edited.
    pub updated_at: DateTime<Utc>,
    /// Whether only a draft that was approved as it is can be published.
    pub requires_review: bool,
    /// Where its review stands.
    pub review_state: ReviewState,
    /// The version that the review is about.
    pub review_version: Option<i32>,
    /// SHA-256 of what would have been published when it was handed in.
    pub review_digest: Option<Vec<u8>>,
    /// Who handed it in.
    pub review_requested_by: Option<MemberId>,
    /// When.
    pub review_requested_at: Option<DateTime<Utc>>,
    /// Who decided.
    pub review_decided_by: Option<MemberId>,
    /// When.
    pub review_decided_at: Option<DateTime<Utc>>,
    /// What whoever acted last said of it.
    pub review_note: Option<String>,
}

/// A module of a draft.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = draft_modules)]
pub struct DraftModule {
    /// Its key.
    #[diesel(embed)]
    pub key: ModuleKey,
    /// Its place between its neighbours: the order of these is the order of the modules.
    pub position: f64,
    /// Its title.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Counts its edits and moves.
    pub version: i32,
}

/// A unit of a draft.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = draft_units)]
pub struct DraftUnit {
    /// Its key.
    #[diesel(embed)]
    pub key: UnitKey,
    /// The module that it stands in.
    pub module_id: ModuleId,
    /// Its place between its neighbours: the order of these is the order of the units.
    pub position: f64,
    /// Whether the course demands it, where the rule is a choice of units.
    pub is_required: bool,
    /// What it is.
    pub kind: UnitKind,
    /// Its title.
    pub title: String,
    /// A text unit's Markdown source.
    pub body: Option<String>,
    /// A quiz unit's policy.
    pub quiz: Option<Value>,
    /// Counts its edits and moves.
    pub version: i32,
    release_rules: Value,
    /// What a quiz unit draws from banks.
    pub(super) pools: Option<Value>,
    material: Option<Value>,
}

impl DraftUnit {
    /// What has to hold before a learner may go into it.
    pub fn release_rules(&self) -> Vec<ReleaseRule> {
        serde_json::from_value(self.release_rules.clone()).unwrap_or_default()
    }

    /// A quiz unit's policy.
    pub fn policy(&self) -> Option<QuizPolicy> {
        self.quiz
            .as_ref()
            .and_then(|quiz| serde_json::from_value(quiz.clone()).ok())
    }

    /// What a unit is made of that is neither a text nor a quiz.
    pub fn material(&self) -> Option<Material> {
        let material = self.material.as_ref();
        material.and_then(|material| serde_json::from_value(material.clone()).ok())
    }

    /// The files of the organisation that it shows, but for those of its translations.
    pub fn assets(&self) -> BTreeSet<AssetKey> {
        let org = self.key.course.org;
        match self.material() {
            Some(material) => material.assets(org),
            None => assets_in(self.body.as_deref().unwrap_or_default(), org).collect(),
        }
    }
}

/// A question of a draft's quiz.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = draft_questions)]
pub struct DraftQuestion {
    /// Its identity, the same in every revision.
    pub id: QuestionId,
    /// The quiz unit that it belongs to.
    pub unit_id: UnitId,
    /// Where it stands in the quiz, from 0.
    pub position: i32,
    prompt: Value,
    answer_key: Value,
}

impl DraftQuestion {
    /// What learners will see.
    pub fn prompt(&self) -> Option<QuestionPrompt> {
        serde_json::from_value(self.prompt.clone()).ok()
    }

    /// What is right.
    pub fn answer_key(&self) -> Option<AnswerKey> {
        serde_json::from_value(self.answer_key.clone()).ok()
    }
}

/// The draft of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DraftOf(pub CourseKey);

/// The modules of a course's draft, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DraftModulesOf(pub CourseKey);

/// The units of a draft's module, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DraftUnitsOf(pub ModuleKey);

/// The questions of a draft's quiz unit, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DraftQuestionsOf(pub UnitKey);

impl Batch for DraftOf {
    type Value = Arc<CourseDraft>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids) = halves(keys.iter().map(|key| (key.0.org, key.0.id)));
        let rows: Vec<CourseDraft> = CourseDraft::query()
            .filter(
                course_drafts::org_id
                    .eq_any(orgs)
                    .and(course_drafts::course_id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|draft| {
                (
                    Self(CourseKey::new(draft.org_id, draft.course_id)),
                    Arc::new(draft),
                )
            })
            .collect())
    }
}

impl Batch for DraftModulesOf {
    type Value = Arc<Vec<DraftModule>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids) = halves(keys.iter().map(|key| (key.0.org, key.0.id)));
        let rows: Vec<DraftModule> = DraftModule::query()
            .filter(
                draft_modules::org_id
                    .eq_any(orgs)
                    .and(draft_modules::course_id.eq_any(ids)),
            )
            .order_by(draft_modules::position)
            .load(&mut conn)
            .await?;
        Ok(grouped(keys, rows, |module| Self(module.key.course)))
    }
}

impl Batch for DraftUnitsOf {
    type Value = Arc<Vec<DraftUnit>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids) = halves(keys.iter().map(|key| (key.0.course.org, key.0.id)));
        let rows: Vec<DraftUnit> = DraftUnit::query()
            .filter(
                draft_units::org_id
                    .eq_any(orgs)
                    .and(draft_units::module_id.eq_any(ids)),
            )
            .order_by(draft_units::position)
            .load(&mut conn)
            .await?;
        Ok(grouped(keys, rows, |unit| {
            Self(ModuleKey::new(unit.key.course, unit.module_id))
        }))
    }
}

impl Batch for DraftQuestionsOf {
    type Value = Arc<Vec<DraftQuestion>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let by_unit: HashMap<UnitId, Self> = keys.iter().map(|key| (key.0.id, *key)).collect();
        let (orgs, ids) = halves(keys.iter().map(|key| (key.0.course.org, key.0.id)));
        let rows: Vec<DraftQuestion> = DraftQuestion::query()
            .filter(
                draft_questions::org_id
                    .eq_any(orgs)
                    .and(draft_questions::unit_id.eq_any(ids)),
            )
            .order_by(draft_questions::position)
            .load(&mut conn)
            .await?;
        Ok(grouped(keys, rows, |question| by_unit[&question.unit_id]))
    }
}

impl Batch for UnitKey {
    type Value = Arc<DraftUnit>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids) = halves(keys.iter().map(|key| (key.course.org, key.id)));
        let rows: Vec<DraftUnit> = DraftUnit::query()
            .filter(draft_units::org_id.eq_any(orgs).and(draft_units::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|unit| (unit.key, Arc::new(unit))).collect())
    }
}

fn halves<A, B>(pairs: impl Iterator<Item = (A, B)>) -> (Vec<A>, Vec<B>) {
    pairs.unzip()
}

/// Sorts rows under their keys, keeping their order; a key without rows gets an empty list.
fn grouped<K: Copy + Eq + std::hash::Hash, R>(
    keys: &[K],
    rows: Vec<R>,
    key: impl Fn(&R) -> K,
) -> HashMap<K, Arc<Vec<R>>> {
    let mut groups: HashMap<K, Vec<R>> = keys.iter().map(|key| (*key, Vec::new())).collect();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
        .into_iter()
        .map(|(key, rows)| (key, Arc::new(rows)))
        .collect()
}

/// What may be edited about a draft's head; what is left out stays.
#[derive(AsChangeset, Clone, Debug, Default)]
#[diesel(table_name = course_drafts)]
pub struct DraftChanges {
    /// The title of the next revision.
    pub title: Option<String>,
    /// The summary of the next revision.
    pub summary: Option<String>,
    /// When an enrolment in the next revision is complete.
    pub completion_rule: Option<CompletionRule>,
    /// Whether only a draft that was approved as it is can be published.
    pub requires_review: Option<bool>,
    /// Which share of the units that takes.
    pub completion_percent: Option<i32>,
}

/// The proof that every edit of a draft takes.
pub type MayUpdate<'gate> = Allowed<'gate, action::CoursesUpdate, SeenCourse>;

/// Counts an edit and applies changes to the draft's head.
pub async fn edit(course: &MayUpdate<'_>, mut conn: Conn<'_>, changes: &DraftChanges) -> QueryResult<()> {
    let key = course.course.key;
    diesel::update(course_drafts::table.find((key.org.0, key.id.0)))
        .set((
            changes,
            course_drafts::version.eq(course_drafts::version + 1),
            course_drafts::updated_at.eq(diesel::dsl::now),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Inserts a module at a place that is free.
pub async fn insert_module(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    id: ModuleId,
    position: f64,
    title: &str,
    part: Option<&str>,
) -> QueryResult<()> {
    let key = course.course.key;
    diesel::insert_into(draft_modules::table)
        .values((
            draft_modules::org_id.eq(key.org),
            draft_modules::id.eq(id),
            draft_modules::course_id.eq(key.id),
            draft_modules::position.eq(position),
            draft_modules::title.eq(title),
            draft_modules::part.eq(part),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}
