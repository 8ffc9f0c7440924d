//! What differs between two editions of a course, or between one and the draft.

use super::drafts::DraftOf;
use super::publish::freeze;
use crate::db::schema::{course_revisions, revision_answer_keys};
use crate::db::{Batch, Conn, Reader, each};
use crate::domain::content::{AnswerKeys, Content, Contents, ModuleContent, QuestionPrompt, UnitContent};
use crate::domain::mutate::Stop;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, ModuleId, QuestionId, RevisionId, RevisionKey, UnitId};
use async_graphql::Enum;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What became of something between two editions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeKind {
    /// Only the later edition has it.
    Added,
    /// Only the earlier edition has it.
    Removed,
    /// Both have it, elsewhere among its siblings or in another module; its fields may differ too.
    Moved,
    /// Both have it, at the same place, with other fields.
    Changed,
}

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The course itself.
    Course,
    /// A module.
    Module(ModuleId),
    /// A unit.
    Unit(UnitId),
    /// A question of a quiz, its own or one that it draws from.
    Question(QuestionId),
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name, as in the schema.
    pub field: String,
    /// What the earlier edition has: a text as it is, anything else as JSON. Nothing for what is right in a question.
    pub before: Option<String>,
    /// What the later edition has.
    pub after: Option<String>,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub subject: Subject,
    /// Its title; a question's text.
    pub title: String,
    /// What became of it.
    pub kind: ChangeKind,
    /// The fields that differ; none of what was added or removed.
    pub fields: Vec<FieldChange>,
}

/// An edition with what is right in it.
pub type Edition = Arc<(Content, AnswerKeys)>;

/// The draft of a course as it would be published now; none where its pools have too few questions, or too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrozenDraft(pub CourseKey);

impl Batch for FrozenDraft {
    type Value = Edition;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let load = |key: &Self| {
            let course = key.0;
            async move {
                let draft = DraftOf::load_many(&[DraftOf(course)], conn).await?;
                let draft = draft.into_values().next().ok_or(diesel::NotFound)?;
                match freeze(&draft, course, conn).await {
                    Ok(frozen) => Ok(Some(Arc::new(frozen))),
                    Err(Stop::Refused(_)) => Ok(None),
                    Err(Stop::Failed(error)) => {
                        let message = error.to_string();
                        Err(diesel::result::Error::DeserializationError(message.into()))
                    }
                }
            }
        };
        let found = each(keys, load).await?;
        Ok(found
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect())
    }
}

/// The revision of a course that has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Numbered(pub CourseKey, pub i32);

impl Batch for Numbered {
    type Value = (RevisionKey, Arc<AnswerKeys>);

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let load = |key: &Self| {
            let Self(course, number) = *key;
            async move {
                let mut conn = conn;
                let row: Option<(RevisionId, String)> = course_revisions::table
                    .inner_join(
                        revision_answer_keys::table.on(revision_answer_keys::org_id
                            .eq(course_revisions::org_id)
                            .and(revision_answer_keys::revision_id.eq(course_revisions::id))),
                    )
                    .filter(course_revisions::org_id.eq(course.org))
                    .filter(course_revisions::course_id.eq(course.id))
                    .filter(course_revisions::number.eq(number))
                    .select((course_revisions::id, revision_answer_keys::answer_keys))
                    .first(&mut conn)
                    .await
                    .optional()?;
                let read = |(id, keys): (RevisionId, String)| {
                    let keys = serde_json::from_str(&keys)
                        .map_err(|error| diesel::result::Error::DeserializationError(Box::new(error)))?;
                    Ok((RevisionKey::new(course.org, id), Arc::new(keys)))
                };
                row.map(read).transpose()
            }
        };
        let found = each(keys, load).await?;
        Ok(found
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect())
    }
}

/// Finds an edition of a course by its number, or its draft where there is no number. The caller has made sure that the
/// viewer may read the draft.
pub async fn edition(
    reader: &Reader,
    contents: &Contents,
    course: CourseKey,
    number: Option<i32>,
) -> Result<Option<Edition>> {
    let Some(number) = number else {
        return reader.fetch(FrozenDraft(course)).await;
    };
    let Some((key, keys)) = reader.fetch(Numbered(course, number)).await? else {
        return Ok(None);
    };
    let revision = contents.find(reader, key).await?;
    if revision.course != course {
        return Err(Error::internal("a revision of another course"));
    }
    Ok(Some(Arc::new((revision.content.clone(), (*keys).clone()))))
}

/// Lists what differs, in the order of the later edition, with what was removed behind.
pub fn changes(before: &Edition, after: &Edition) -> Vec<Change> {
    let mut changes = Vec::new();
    let head = |content: &Content| {
        let mut head = serde_json::to_value(content).unwrap_or_default();
        if let Value::Object(fields) = &mut head {
            fields.remove("modules");
            // It is of the course, and takes effect at once.
            fields.remove("language");
            // Where only something below is translated, a language has an empty entry here.
            let mut translations = content.translations.clone();
            translations.0.retain(|_, translation| !translation.is_empty());
            fields.remove("translations");
            if !translations.is_empty() {
                fields.insert("translations".to_owned(), serde_json::json!(translations));
            }
        }
        head
    };
    push(
        &mut changes,
        Subject::Course,
        &after.0.title,
        false,
        fields(&head(&before.0), &head(&after.0)),
    );
    modules(&mut changes, before, after);
    units(&mut changes, before, after);
    changes
}

fn modules(changes: &mut Vec<Change>, before: &Edition, after: &Edition) {
    let ids = |edition: &Edition| {
        edition
            .0
            .modules
            .iter()
            .map(|module| module.id)
            .collect::<Vec<_>>()
    };
    let moved = moved(&ids(before), &ids(after));
    let head = |module: &ModuleContent| {
        let translations = Some(&module.translations).filter(|translations| !translations.is_empty());
        serde_json::json!({ "title": module.title, "part": module.part, "translations": translations })
    };
    for module in &after.0.modules {
        let subject = Subject::Module(module.id);
        match before.0.modules.iter().find(|old| old.id == module.id) {
            None => changes.push(Change::whole(subject, &module.title, ChangeKind::Added)),
            Some(old) => {
                push(
                    changes,
                    subject,
                    &module.title,
                    moved.contains(&module.id),
                    fields(&head(old), &head(module)),
                );
            }
        }
    }
    let kept: HashSet<_> = ids(after).into_iter().collect();
    let removed = before
        .0
        .modules
        .iter()
        .filter(|module| !kept.contains(&module.id));
    changes
        .extend(removed.map(|old| Change::whole(Subject::Module(old.id), &old.title, ChangeKind::Removed)));
}

fn units(changes: &mut Vec<Change>, before: &Edition, after: &Edition) {
    let (old, new) = (places(&before.0), places(&after.0));
    let mut moved_units = HashSet::new();
    for module in &after.0.modules {
        let stayed = |units: &[UnitContent]| -> Vec<UnitId> {
            let here = |id: &UnitId| {
                [&old, &new]
                    .iter()
                    .all(|places| places.get(id).is_some_and(|place| place.0 == module.id))
            };
            units.iter().map(|unit| unit.id).filter(here).collect()
        };
        if let Some(former) = before.0.modules.iter().find(|former| former.id == module.id) {
            moved_units.extend(moved(&stayed(&former.units), &stayed(&module.units)));
        }
    }
    for unit in after.0.modules.iter().flat_map(|module| &module.units) {
        let subject = Subject::Unit(unit.id);
        let Some((module, former)) = old.get(&unit.id) else {
            changes.push(Change::whole(subject, &unit.title, ChangeKind::Added));
            continue;
        };
        let moved = moved_units.contains(&unit.id) || *module != new[&unit.id].0;
        push(
            changes,
            subject,
            &unit.title,
            moved,
            fields(&body(former), &body(unit)),
        );
        questions(changes, (former, &before.1), (unit, &after.1));
    }
    let removed = before
        .0
        .modules
        .iter()
        .flat_map(|module| &module.units)
        .filter(|unit| !new.contains_key(&unit.id));
    changes.extend(removed.map(|old| Change::whole(Subject::Unit(old.id), &old.title, ChangeKind::Removed)));
}

fn questions(
    changes: &mut Vec<Change>,
    before: (&UnitContent, &AnswerKeys),
    after: (&UnitContent, &AnswerKeys),
) {
    let (old, new) = (asked(before.0), asked(after.0));
    let own =
        |unit: &UnitContent| -> Vec<QuestionId> { unit.questions().iter().map(|(id, _)| *id).collect() };
    let moved = moved(&own(before.0), &own(after.0));
    for (id, prompt) in new.iter().copied() {
        let subject = Subject::Question(*id);
        let Some((_, former)) = old.iter().find(|(former, _)| former == id) else {
            changes.push(Change::whole(subject, &prompt.text, ChangeKind::Added));
            continue;
        };
        let value = |prompt| serde_json::to_value(prompt).unwrap_or_default();
        let mut fields = fields(&value(former), &value(prompt));
        if before.1.0.get(id) != after.1.0.get(id) {
            fields.push(FieldChange {
                field: "answerKey".to_owned(),
                before: None,
                after: None,
            });
        }
        push(changes, subject, &prompt.text, moved.contains(id), fields);
    }
    let kept: HashSet<QuestionId> = new.iter().map(|(id, _)| *id).collect();
    let removed = old.iter().filter(|(id, _)| !kept.contains(id));
    changes.extend(
        removed.map(|(id, prompt)| Change::whole(Subject::Question(*id), &prompt.text, ChangeKind::Removed)),
    );
}

/// The questions of a quiz: its own, then those that it draws from, whose order means nothing.
fn asked(unit: &UnitContent) -> Vec<&(QuestionId, QuestionPrompt)> {
    let drawn = unit.body.pools().iter().flat_map(|pool| &pool.questions);
    unit.questions().iter().chain(drawn).collect()
}

impl Change {
    fn whole(subject: Subject, title: &str, kind: ChangeKind) -> Self {
        Self {
            subject,
            title: title.to_owned(),
            kind,
            fields: Vec::new(),
        }
    }
}

fn push(changes: &mut Vec<Change>, subject: Subject, title: &str, moved: bool, fields: Vec<FieldChange>) {
    if moved || !fields.is_empty() {
        let kind = if moved {
            ChangeKind::Moved
        } else {
            ChangeKind::Changed
        };
        changes.push(Change {
            fields,
            ..Change::whole(subject, title, kind)
        });
    }
}

type Places<'a> = HashMap<UnitId, (ModuleId, &'a UnitContent)>;

fn places(content: &Content) -> Places<'_> {
    let modules = content.modules.iter();
    modules
        .flat_map(|module| module.units.iter().map(|unit| (unit.id, (module.id, unit))))
        .collect()
}

/// A unit's fields side by side: its title, and what its kind has. A text's is called `body`; questions are apart.
fn body(unit: &UnitContent) -> Value {
    let Ok(Value::Object(mut all)) = serde_json::to_value(unit) else {
        return Value::Null;
    };
    all.remove("id");
    let Some(Value::Object(kinds)) = all.remove("body") else {
        return Value::Object(all);
    };
    for (_, content) in kinds {
        match content {
            Value::Object(mut fields) => {
                fields.remove("questions");
                for pool in fields
                    .get_mut("pools")
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    name_questions(pool);
                }
                all.extend(fields);
            }
            text => {
                all.insert("body".to_owned(), text);
            }
        }
    }
    Value::Object(all)
}

/// Leaves of a pool's questions what tells them apart.
fn name_questions(pool: &mut Value) {
    for question in pool["questions"].as_array_mut().into_iter().flatten() {
        *question = question[0].take();
    }
}

/// The fields of two objects that differ, in the order of their names, as the schema writes them.
fn fields(before: &Value, after: &Value) -> Vec<FieldChange> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let shown = |value: Option<&Value>| match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let differs = |name: &&String| {
        before.get(*name).unwrap_or(&Value::Null) != after.get(*name).unwrap_or(&Value::Null)
    };
    let change = |name: &String| FieldChange {
        field: camel_case(name),
        before: shown(before.get(name)),
        after: shown(after.get(name)),
    };
    names.into_iter().filter(differs).map(change).collect()
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        name + &initial.to_uppercase() + rest
    })
}

/// Which of the things that two lists share were moved: the fewest without which the others keep their order.
fn moved<Id: Copy + Eq + std::hash::Hash>(before: &[Id], after: &[Id]) -> HashSet<Id> {
    let places: HashMap<Id, usize> = before
        .iter()
        .enumerate()
        .map(|(place, id)| (*id, place))
        .collect();
    let shared: Vec<(Id, usize)> = after
        .iter()
        .filter_map(|id| Some((*id, *places.get(id)?)))
        .collect();
    // The longest run of growing places, found by keeping for each length the run that ends lowest.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; shared.len()];
    for (index, (_, place)) in shared.iter().enumerate() {
        let length = ends.partition_point(|end| shared[*end].1 < *place);
        previous[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut kept = HashSet::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        kept.insert(index);
        next = previous[index];
    }
    let others = shared
        .iter()
        .enumerate()
        .filter(|(index, _)| !kept.contains(index));
    others.map(|(_, (id, _))| *id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_that_goes_to_the_end_is_the_only_one_that_moved() {
        assert_eq!(moved(&[1, 2, 3, 4], &[2, 3, 4, 1]), HashSet::from([1]));
        assert_eq!(moved(&[1, 2, 3], &[1, 9, 3, 8]), HashSet::new());
        assert_eq!(moved::<u8>(&[], &[1]), HashSet::new());
        assert_eq!(camel_case("completion_rule"), "completionRule");
    }

    proptest! {
        #[test]
        fn what_did_not_move_keeps_its_order(
            after in Just((0..20_u8).collect::<Vec<_>>()).prop_shuffle(),
            kept in prop::collection::hash_set(0..20_u8, 0..20),
        ) {
            let before: Vec<u8> = (0..20).filter(|id| kept.contains(id)).collect();
            let moved = moved(&before, &after);
            let stayed: Vec<u8> = after.into_iter().filter(|id| kept.contains(id) && !moved.contains(id)).collect();
            prop_assert!(stayed.is_sorted());
            prop_assert_eq!(stayed.len() + moved.len(), before.len());
        }
    }
}
