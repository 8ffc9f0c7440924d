//! What authors write of a draft in other languages than the course's own: titles, the summary, the texts of units.
//!
//! A translation belongs to what it is of: it goes with its module or unit. Publishing freezes all of them.

use super::authoring::{edit, editable, load, modules};
use super::draft_units::{ROWS, name_assets};
use super::drafts::{DraftOf, DraftUnit, MayUpdate, UnitKind};
use crate::db::schema::{draft_modules, draft_translations, draft_units};
use crate::db::{Batch, Conn, each};
use crate::domain::assets::access::readable_in;
use crate::domain::content::material::MOST_DESCRIPTION;
use crate::domain::content::mentions::assets_in;
use crate::domain::content::{Translation, Translations};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::record_lists::groups;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{AssetKey, CourseId, CourseKey, ModuleId, ModuleKey, OrgId, UnitId, UnitKey};
use crate::kernel::language::canonical;
use async_graphql::MaybeUndefined;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Modules and units that one write may name.
const MOST_ENTRIES: usize = 250;
/// Languages that a course may be translated into.
pub(super) const MOST_LANGUAGES: usize = 20;
/// Characters of a unit's text, or of a video's transcript.
const MOST_CHARACTERS: usize = 1_000_000;
/// Characters of a summary.
const MOST_SUMMARY: usize = 2_000;

/// A translation as it is stored.
#[derive(Clone, Debug, HasQuery, Insertable)]
#[diesel(table_name = draft_translations)]
pub struct Row {
    org_id: OrgId,
    course_id: CourseId,
    module_id: Option<ModuleId>,
    unit_id: Option<UnitId>,
    language: String,
    title: Option<String>,
    body: Option<String>,
}

/// The translations of a draft by what they are of. The course itself has an entry for each language that there is.
#[derive(Clone, Debug, Default)]
pub struct DraftTranslations {
    /// Of the course itself.
    pub course: Translations,
    /// Of its modules.
    pub modules: HashMap<ModuleId, Translations>,
    /// Of its units.
    pub units: HashMap<UnitId, Translations>,
}

impl From<Vec<Row>> for DraftTranslations {
    fn from(rows: Vec<Row>) -> Self {
        let mut all = Self::default();
        for row in rows {
            all.course.0.entry(row.language.clone()).or_default();
            let translations = match (row.module_id, row.unit_id) {
                (Some(module), _) => all.modules.entry(module).or_default(),
                (None, Some(unit)) => all.units.entry(unit).or_default(),
                (None, None) => &mut all.course,
            };
            translations.0.insert(row.language.clone(), row.into());
        }
        all
    }
}

/// Reads a draft's translations, into all languages where none are named.
pub async fn rows(
    course: CourseKey,
    languages: Option<&[String]>,
    mut conn: Conn<'_>,
) -> QueryResult<Vec<Row>> {
    let mut query = Row::query()
        .filter(draft_translations::org_id.eq(course.org))
        .filter(draft_translations::course_id.eq(course.id))
        .into_boxed();
    if let Some(languages) = languages {
        query = query.filter(draft_translations::language.eq_any(languages.to_vec()));
    }
    query.load(&mut conn).await
}

/// Reads all of a draft's translations.
pub async fn of_draft(course: CourseKey, conn: Conn<'_>) -> QueryResult<DraftTranslations> {
    Ok(rows(course, None, conn).await?.into())
}

/// Reads a unit's text in all the languages that it is translated into.
pub async fn texts_of(course: CourseKey, unit: UnitId, mut conn: Conn<'_>) -> QueryResult<Vec<String>> {
    draft_translations::table
        .filter(draft_translations::org_id.eq(course.org))
        .filter(draft_translations::unit_id.eq(unit))
        .filter(draft_translations::body.is_not_null())
        .select(draft_translations::body.assume_not_null())
        .load(&mut conn)
        .await
}

/// The translations of something of a draft into some languages.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TranslationsInto(pub Node, pub Vec<String>);

impl Batch for TranslationsInto {
    type Value = Arc<Translations>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| key.1.clone()) {
            let (orgs, nodes): (Vec<OrgId>, Vec<Uuid>) =
                keys.iter().map(|key| (key.0.org(), key.0.id())).unzip();
            let rows: Vec<Row> = Row::query()
                .filter(draft_translations::org_id.eq_any(orgs))
                .filter(draft_translations::node_id.eq_any(nodes))
                .filter(draft_translations::language.eq_any(keys[0].1.clone()))
                .load(&mut conn)
                .await?;
            let mut nodes: HashMap<(OrgId, Uuid), Translations> = HashMap::new();
            for row in rows {
                let translations = nodes.entry((row.org_id, row.node_id())).or_default();
                translations.0.insert(row.language.clone(), row.into());
            }
            let mut translations = |key: &Self| nodes.remove(&(key.0.org(), key.0.id())).unwrap_or_default();
            found.extend(
                keys.into_iter()
                    .map(|key| (key.clone(), Arc::new(translations(key)))),
            );
        }
        Ok(found)
    }
}

/// The languages that a course's draft is translated into, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DraftLanguagesOf(pub CourseKey);

impl Batch for DraftLanguagesOf {
    type Value = Arc<Vec<String>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let load = |Self(course): &Self| {
            let languages = draft_translations::table
                .filter(draft_translations::org_id.eq(course.org))
                .filter(draft_translations::course_id.eq(course.id))
                .select(draft_translations::language)
                .distinct()
                .order_by(draft_translations::language);
            async move {
                let mut conn = conn;
                let languages: Vec<String> = languages.load(&mut conn).await?;
                Ok(Arc::new(languages))
            }
        };
        each(keys, load).await
    }
}

/// Refuses to say that a course is written in a language that its draft is translated into.
pub async fn refuse_if_translated(write: &Write<'_>, course: CourseKey, language: &str) -> Result<(), Stop> {
    let languages = load(write, DraftLanguagesOf(course)).await?.unwrap_or_default();
    let is_translated = languages.iter().any(|translated| translated == language);
    let message =
        "The draft has translations into this language: clear them with `courseTranslationsSet` first.";
    refuse_all([is_translated.then(|| Refusal::at(Code::Invalid, "language", message))])
}

/// What is translated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// The course itself.
    Course(CourseKey),
    /// A module.
    Module(ModuleKey),
    /// A unit.
    Unit(UnitKey),
}

impl Node {
    const fn org(self) -> OrgId {
        match self {
            Self::Course(key) => key.org,
            Self::Module(key) => key.course.org,
            Self::Unit(key) => key.course.org,
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Course(key) => key.id.0,
            Self::Module(key) => key.id.0,
            Self::Unit(key) => key.id.0,
        }
    }
}

/// What becomes of the translation of one thing: what is undefined stays, what is null is cleared.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The thing.
    pub node: Node,
    /// Where it stands in the input, as a path of fields that ends with a dot; nothing for the course itself.
    pub path: String,
    /// Its title.
    pub title: MaybeUndefined<String>,
    /// Its text.
    pub text: MaybeUndefined<String>,
}

/// The units that a write names, as they are in the draft.
type Units = HashMap<UnitKey, Arc<DraftUnit>>;

impl Entry {
    fn refusal(&self, code: Code, field: &str, message: impl Into<String>) -> Refusal {
        Refusal::at(code, &format!("{}{field}", self.path), message)
    }

    const fn text_field(&self) -> &'static str {
        match self.node {
            Node::Course(_) => "summary",
            Node::Module(_) | Node::Unit(_) => "text",
        }
    }

    fn new_text(&self) -> Option<&str> {
        self.text.value().map(String::as_str)
    }

    fn fault(&self, modules: &HashSet<ModuleKey>, units: &Units) -> Option<Refusal> {
        let missing = |field: &str| Some(Refusal::not_found(&format!("{}{field}", self.path)));
        match self.node {
            Node::Course(_) => self.fault_in(None),
            Node::Module(key) if modules.contains(&key) => self.fault_in(None),
            Node::Module(_) => missing("moduleId"),
            Node::Unit(key) => match units.get(&key) {
                None => missing("unitId"),
                Some(unit) => self.fault_in(Some(unit.kind)),
            },
        }
    }

    /// Says what is wrong with what it says, of a unit of this kind if it is of a unit.
    fn fault_in(&self, kind: Option<UnitKind>) -> Option<Refusal> {
        let most = match (self.node, kind) {
            (Node::Course(_), _) => MOST_SUMMARY,
            (Node::Module(_), _) => 0,
            (Node::Unit(_), Some(UnitKind::Quiz)) if self.new_text().is_some() => {
                let message = "A quiz has no text of its own that could be translated.";
                return Some(self.refusal(Code::Invalid, "text", message));
            }
            (Node::Unit(_), Some(UnitKind::Text | UnitKind::Video)) => MOST_CHARACTERS,
            (Node::Unit(_), _) => MOST_DESCRIPTION,
        };
        let title = self.title.value();
        let title = title.and_then(|title| Refusal::of_name(&format!("{}title", self.path), title, 200));
        let is_long = self.new_text().is_some_and(|text| text.chars().count() > most);
        let message = || format!("This has at most {most} characters.");
        title.or_else(|| is_long.then(|| self.refusal(Code::Invalid, self.text_field(), message())))
    }

    /// The translation as it is stored when this is done; none where nothing is left.
    fn apply(&self, course: CourseKey, language: &str, former: Option<&Row>) -> Option<Row> {
        let merged = |change: &MaybeUndefined<String>, former: Option<&String>| match change {
            MaybeUndefined::Undefined => former.cloned(),
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        };
        let title = merged(&self.title, former.and_then(|row| row.title.as_ref()));
        let body = merged(&self.text, former.and_then(|row| row.body.as_ref()));
        let (module_id, unit_id) = match self.node {
            Node::Course(_) => (None, None),
            Node::Module(key) => (Some(key.id), None),
            Node::Unit(key) => (None, Some(key.id)),
        };
        let row = Row {
            org_id: course.org,
            course_id: course.id,
            module_id,
            unit_id,
            language: language.to_owned(),
            title,
            body,
        };
        (row.title.is_some() || row.body.is_some()).then_some(row)
    }
}

impl From<Row> for Translation {
    fn from(row: Row) -> Self {
        Self {
            title: row.title,
            text: row.body.map(Into::into),
        }
    }
}

/// The translations of one thing as they are stored; a unit is of a kind. Says what is wrong with the first that cannot be one, and
/// into which language that is.
pub(super) fn rows_of(
    course: CourseKey,
    node: Node,
    kind: Option<UnitKind>,
    translations: &Translations,
) -> Result<Vec<Row>, (String, Refusal)> {
    let said = |text: Option<String>| text.map_or(MaybeUndefined::Undefined, MaybeUndefined::Value);
    let mut rows = Vec::with_capacity(translations.0.len());
    for (language, translation) in &translations.0 {
        let text = translation.text.as_ref().map(|text| text.source().to_owned());
        let entry = Entry {
            node,
            path: String::new(),
            title: said(translation.title.clone()),
            text: said(text),
        };
        if let Some(refusal) = entry.fault_in(kind) {
            return Err((language.clone(), refusal));
        }
        rows.extend(entry.apply(course, language, None));
    }
    Ok(rows)
}

impl Row {
    fn node_id(&self) -> Uuid {
        let module = self.module_id.map(|id| id.0);
        module.or(self.unit_id.map(|id| id.0)).unwrap_or(self.course_id.0)
    }
}

/// Translates titles and texts of a draft into a language, or takes translations back. What is not named stays.
pub async fn set(
    write: &Write<'_>,
    key: CourseKey,
    language: &str,
    entries: &[Entry],
    expected: Option<i32>,
) -> Result<CourseKey, Stop> {
    let course = editable(write, key, "id").await?;
    let conn = write.gate.conn();
    let draft = load(write, DraftOf(key)).await?.ok_or(Error::NotFound).at("id")?;
    refuse_unless_current("expectedVersion", expected, draft.version)?;
    refuse_all([Refusal::of_language("language", language)])?;
    let language = canonical(language).unwrap_or_default();
    let is_own = language.eq_ignore_ascii_case(&course.course.language);
    let message = "The course is written in this language: edit its draft instead.";
    refuse_all([is_own.then(|| Refusal::at(Code::Invalid, "language", message))])?;
    let units = check(write, key, entries).await?;
    let former = rows(key, Some(std::slice::from_ref(&language)), conn).await?;
    let former: HashMap<Uuid, &Row> = former.iter().map(|row| (row.node_id(), row)).collect();
    let apply = |entry: &Entry| entry.apply(key, &language, former.get(&entry.node.id()).copied());
    let new: Vec<Row> = entries.iter().filter_map(apply).collect();
    if !new.is_empty() && former.is_empty() {
        refuse_unless_room(write, key).await?;
    }
    edit(write, &course, None).await?;
    let named: Vec<Uuid> = entries.iter().map(|entry| entry.node.id()).collect();
    let replaced = draft_translations::table
        .filter(draft_translations::org_id.eq(key.org))
        .filter(draft_translations::language.eq(&language))
        .filter(draft_translations::node_id.eq_any(named));
    diesel::delete(replaced).execute(&mut write.gate.conn()).await?;
    diesel::insert_into(draft_translations::table)
        .values(&new)
        .execute(&mut write.gate.conn())
        .await?;
    for entry in entries.iter().filter(|entry| !entry.text.is_undefined()) {
        let former = former.get(&entry.node.id()).and_then(|row| row.body.as_deref());
        let texts = [former, entry.new_text()].into_iter().flatten();
        let shows = texts.flat_map(|text| assets_in(text, key.org)).next().is_some();
        if let (Node::Unit(unit), true) = (entry.node, shows) {
            name_assets(&course, conn, unit.id, units[&unit].assets()).await?;
        }
    }
    let detail = json!({ "language": language, "entries": entries.len() });
    write.happened("course.translated", key, detail);
    Ok(key)
}

/// Refuses entries that are about nothing of the draft, twice about the same, too many, or malformed. Returns the units
/// that they are about.
async fn check(write: &Write<'_>, key: CourseKey, entries: &[Entry]) -> Result<Units, Stop> {
    let below = entries
        .iter()
        .filter(|entry| !matches!(entry.node, Node::Course(_)));
    let many = below.count() > MOST_ENTRIES;
    let message = format!("One request names at most {MOST_ENTRIES} modules and units.");
    refuse_all([many.then(|| Refusal::whole(Code::Invalid, message))])?;
    let modules: HashSet<ModuleKey> = modules(write, key)
        .await?
        .iter()
        .map(|module| module.key)
        .collect();
    let unit = |entry: &Entry| match entry.node {
        Node::Unit(unit) if unit.course == key => Some(unit),
        _ => None,
    };
    let named: Vec<UnitKey> = entries.iter().filter_map(unit).collect();
    let units = UnitKey::load_many(&named, write.gate.conn()).await?;
    refuse_all(entries.iter().map(|entry| entry.fault(&modules, &units)))?;
    let mut seen = HashSet::new();
    let twice = entries.iter().find(|entry| !seen.insert(entry.node));
    let refusal = |entry: &Entry| {
        let field = match entry.node {
            Node::Unit(_) => "unitId",
            Node::Course(_) | Node::Module(_) => "moduleId",
        };
        entry.refusal(Code::Invalid, field, "This is named twice.")
    };
    refuse_all([twice.map(refusal)])?;
    refuse_unless_readable(write, key, entries).await?;
    Ok(units)
}

/// Refuses a text with a file that its author may not read, or that nobody may as yet.
async fn refuse_unless_readable(write: &Write<'_>, key: CourseKey, entries: &[Entry]) -> Result<(), Stop> {
    let shown = |entry: &Entry| -> Vec<AssetKey> {
        let text = entry.new_text().unwrap_or_default();
        assets_in(text, key.org).collect()
    };
    let named = entries.iter().flat_map(shown).collect();
    let readable = readable_in(write, &named).await?;
    let is_hidden = |entry: &&Entry| shown(entry).iter().any(|asset| !readable.contains(asset));
    let hidden = entries.iter().find(is_hidden);
    let message = "A file that this shows does not exist, is not ready, or is none that you may read.";
    refuse_all([hidden.map(|entry| entry.refusal(Code::NotFound, entry.text_field(), message))])
}

/// Refuses another language where a course has as many as it may.
async fn refuse_unless_room(write: &Write<'_>, key: CourseKey) -> Result<(), Stop> {
    let languages = load(write, DraftLanguagesOf(key)).await?.unwrap_or_default();
    if languages.len() < MOST_LANGUAGES {
        return Ok(());
    }
    let message = format!("A course is translated into at most {MOST_LANGUAGES} languages.");
    refuse_with(Refusal::at(Code::LimitReached, "language", message))
}

/// Stores translations again after a draft was replaced: of those modules and units that it still has.
pub async fn restore(course: &MayUpdate<'_>, mut conn: Conn<'_>, kept: Vec<Row>) -> QueryResult<()> {
    let key = course.course.key;
    if kept.is_empty() {
        return Ok(());
    }
    let modules = draft_modules::table
        .filter(draft_modules::org_id.eq(key.org))
        .filter(draft_modules::course_id.eq(key.id))
        .select(draft_modules::id);
    let mut here: HashSet<Uuid> = modules.load::<Uuid>(&mut conn).await?.into_iter().collect();
    let units = draft_units::table
        .filter(draft_units::org_id.eq(key.org))
        .filter(draft_units::course_id.eq(key.id))
        .select(draft_units::id);
    here.extend(units.load::<Uuid>(&mut conn).await?);
    // What is of the course itself was not taken away.
    let rows: Vec<Row> = kept
        .into_iter()
        .filter(|row| here.contains(&row.node_id()))
        .collect();
    insert(course, conn, &rows).await?;
    let shows = |row: &&Row| {
        let text = row.body.as_deref().unwrap_or_default();
        assets_in(text, key.org).next().is_some()
    };
    let showing = rows.iter().filter(shows).filter_map(|row| row.unit_id);
    let showing: Vec<UnitKey> = showing.map(|unit| UnitKey::new(key, unit)).collect();
    for (unit, row) in UnitKey::load_many(&showing, conn).await? {
        name_assets(course, conn, unit.id, row.assets()).await?;
    }
    Ok(())
}

/// Stores translations of what a draft has, and names no files.
pub async fn insert(_: &MayUpdate<'_>, mut conn: Conn<'_>, rows: &[Row]) -> QueryResult<()> {
    for rows in rows.chunks(ROWS) {
        diesel::insert_into(draft_translations::table)
            .values(rows)
            .execute(&mut conn)
            .await?;
    }
    Ok(())
}
