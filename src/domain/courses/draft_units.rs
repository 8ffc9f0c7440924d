//! Writing the units of a draft.

use super::drafts::{MayUpdate, UnitKind};
use super::translations;
use crate::db::Conn;
use crate::db::schema::{draft_questions, draft_unit_assets, draft_units};
use crate::domain::content::mentions::assets_in;
use crate::domain::content::{AnswerKey, Material, QuestionPrompt, QuizPolicy};
use crate::kernel::ids::{AssetKey, ModuleId, OrgId, QuestionId, UnitId};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::BTreeSet;

/// Rows of one INSERT: below PostgreSQL's 65,535 parameters.
pub(super) const ROWS: usize = 500;

/// What a unit is made of.
#[derive(Clone, Debug)]
pub enum UnitDraft {
    /// A text, Markdown source.
    Text(String),
    /// A quiz, with how it is taken: as before where nothing is said, and as is usual if it is new.
    Quiz(Option<QuizPolicy>),
    /// Anything else.
    Material(Material),
}

/// A question as an author writes it.
#[derive(Clone, Debug)]
pub struct NewQuestion {
    /// Its identity: a new one, or that of the question that it replaces.
    pub id: QuestionId,
    /// Whether its quiz has a question with this identity, which it replaces.
    pub replaces: bool,
    /// What learners see.
    pub prompt: QuestionPrompt,
    /// What is right.
    pub key: AnswerKey,
    /// The author's own name for it.
    pub external_id: Option<String>,
}

/// Inserts a unit at a place of its module that is free.
pub async fn insert_unit(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    module: ModuleId,
    id: UnitId,
    position: f64,
    title: &str,
    unit: &UnitDraft,
) -> QueryResult<()> {
    let key = course.course.key;
    let (kind, body, quiz, material) = unit.columns();
    diesel::insert_into(draft_units::table)
        .values((
            draft_units::org_id.eq(key.org),
            draft_units::id.eq(id),
            draft_units::course_id.eq(key.id),
            draft_units::module_id.eq(module),
            draft_units::position.eq(position),
            draft_units::kind.eq(kind),
            draft_units::title.eq(title),
            draft_units::body.eq(body),
            draft_units::quiz.eq(quiz),
            draft_units::material.eq(material),
        ))
        .execute(&mut conn)
        .await?;
    name_assets(course, conn, id, unit.assets(key.org)).await
}

/// Changes a unit's title and what it is made of; what is `None` stays.
pub async fn update_unit(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    id: UnitId,
    title: Option<&str>,
    unit: Option<&UnitDraft>,
) -> QueryResult<()> {
    let key = course.course.key;
    let content = unit.filter(|unit| !matches!(unit, UnitDraft::Quiz(None)));
    let content = content.map(|unit| {
        let (kind, body, quiz, material) = unit.columns();
        (
            draft_units::kind.eq(kind),
            draft_units::body.eq(body),
            draft_units::quiz.eq(quiz),
            draft_units::material.eq(material),
        )
    });
    diesel::update(
        draft_units::table
            .find((key.org.0, id.0))
            .filter(draft_units::course_id.eq(key.id)),
    )
    .set((
        draft_units::version.eq(draft_units::version + 1),
        title.map(|title| draft_units::title.eq(title)),
        content,
    ))
    .execute(&mut conn)
    .await?;
    match unit {
        Some(unit) => name_assets(course, conn, id, unit.assets(key.org)).await,
        None => Ok(()),
    }
}

/// Notes which files a unit shows, over what it showed before: its own, and with them those of its translations.
pub async fn name_assets(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    unit: UnitId,
    own: BTreeSet<AssetKey>,
) -> QueryResult<()> {
    let key = course.course.key;
    let before = draft_unit_assets::org_id
        .eq(key.org)
        .and(draft_unit_assets::unit_id.eq(unit));
    diesel::delete(draft_unit_assets::table.filter(before))
        .execute(&mut conn)
        .await?;
    let translated = translations::texts_of(key, unit, conn).await?;
    let mut assets = own;
    assets.extend(translated.iter().flat_map(|text| assets_in(text, key.org)));
    let shown: Vec<_> = assets.into_iter().map(|asset| (unit, asset)).collect();
    insert_assets(course, conn, &shown).await
}

/// Notes which files units show that showed none of them before.
pub async fn insert_assets(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    shown: &[(UnitId, AssetKey)],
) -> QueryResult<()> {
    let key = course.course.key;
    let row = |(unit, asset): &(UnitId, AssetKey)| {
        (
            draft_unit_assets::org_id.eq(key.org),
            draft_unit_assets::unit_id.eq(*unit),
            draft_unit_assets::asset_id.eq(asset.id),
            draft_unit_assets::course_id.eq(key.id),
        )
    };
    let rows: Vec<_> = shown.iter().map(row).collect();
    for rows in rows.chunks(ROWS) {
        diesel::insert_into(draft_unit_assets::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}

/// Replaces the questions of a quiz unit; a question whose id stays keeps its identity.
pub async fn replace_questions(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    unit: UnitId,
    questions: &[NewQuestion],
) -> QueryResult<()> {
    let org = course.course.key.org;
    diesel::delete(
        draft_questions::table.filter(
            draft_questions::org_id
                .eq(org)
                .and(draft_questions::unit_id.eq(unit)),
        ),
    )
    .execute(&mut conn)
    .await?;
    let rows: Vec<_> = (0..)
        .zip(questions)
        .map(|(position, question)| {
            (
                draft_questions::org_id.eq(org),
                draft_questions::id.eq(question.id),
                draft_questions::unit_id.eq(unit),
                draft_questions::position.eq(position),
                draft_questions::prompt.eq(serde_json::to_value(&question.prompt).unwrap_or_default()),
                draft_questions::answer_key.eq(serde_json::to_value(&question.key).unwrap_or_default()),
                draft_questions::external_id.eq(question.external_id.as_deref()),
            )
        })
        .collect();
    diesel::insert_into(draft_questions::table)
        .values(rows)
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// The columns of a unit that depend on its kind: the kind, a text's source, a quiz's policy, anything else.
pub type Columns<'u> = (UnitKind, Option<&'u str>, Option<Value>, Option<Value>);

impl UnitDraft {
    /// What kind of unit it is of.
    pub const fn kind(&self) -> UnitKind {
        match self {
            Self::Text(_) => UnitKind::Text,
            Self::Quiz(_) => UnitKind::Quiz,
            Self::Material(Material::Video(_)) => UnitKind::Video,
            Self::Material(Material::File(_)) => UnitKind::File,
            Self::Material(Material::Link(_)) => UnitKind::Link,
            Self::Material(Material::Live(_)) => UnitKind::Live,
            Self::Material(Material::Assignment(_)) => UnitKind::Assignment,
        }
    }

    /// The columns that differ between kinds.
    pub fn columns(&self) -> Columns<'_> {
        let kind = self.kind();
        match self {
            Self::Text(body) => (kind, Some(body), None, None),
            Self::Quiz(policy) => {
                let policy = policy.clone().unwrap_or_default();
                (kind, None, serde_json::to_value(policy).ok(), None)
            }
            Self::Material(material) => (kind, None, None, serde_json::to_value(material).ok()),
        }
    }

    /// The files of the organisation that it shows.
    pub fn assets(&self, org: OrgId) -> BTreeSet<AssetKey> {
        match self {
            Self::Text(body) => assets_in(body, org).collect(),
            Self::Quiz(_) => BTreeSet::new(),
            Self::Material(material) => material.assets(org),
        }
    }
}
