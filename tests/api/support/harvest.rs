//! What answers show, and what can be asked with it.

use super::client::{Client, Reply};
use super::document::{Document, Slot, is_below, plain};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use lyceum::kernel::ids::{OrgId, prefix};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Which field answers what a text argument takes.
const WORDS: &[(&str, &str)] = &[
    ("BankQuestionFilter.tag", "BankQuestion.tags"),
    ("CatalogFilter.language", "Course.language"),
    ("CatalogFilter.tags", "Course.tags"),
    ("OrganizationCourseFilter.language", "Course.language"),
    ("OrganizationCourseFilter.tags", "Course.tags"),
    ("CourseSlugInput.organization", "Organization.slug"),
    ("CourseSlugInput.course", "Course.slug"),
    ("catalog.query", "Course.title"),
    ("search.query", "Course.title"),
    ("verifyCertificate.code", "Certificate.code"),
    ("organization.slug", "Organization.slug"),
    ("invitation.token", "InvitationsSendResult.token"),
    ("Organization.courses.query", "Course.title"),
    ("AuditFilter.action", "AuditEntry.action"),
    ("MemberFilter.query", "Member.name"),
    ("PolicySimulateInput.policies", "PolicyRevision.source"),
];

/// Of what type the identifier is that a filter takes; every other argument is given identifiers of all types.
const TYPES: &[(&str, &str)] = &[
    ("Enrollment.quizResults.quizId", "unt"),
    ("QuestionBankFilter.organization", "org"),
    ("attemptReplay.attemptId", "att"),
    ("AttemptFilter.courseId", "crs"),
    ("AuditFilter.actorId", "mem"),
    ("AuditFilter.targetId", "crs"),
    ("CertificateFilter.courseId", "crs"),
    ("EnrollmentFilter.courseId", "crs"),
    ("MemberFilter.group", "grp"),
    ("MemberFilter.role", "rol"),
    ("SubmissionFilter.unitId", "unt"),
    ("search.organization", "org"),
];

/// How many identifiers of one type are asked about.
const MOST_OF_A_TYPE: usize = 8;

/// Identifiers, cursors and texts that somebody found.
#[derive(Clone, Debug, Default)]
pub struct Harvest {
    /// Identifiers of all types.
    pub ids: BTreeSet<String>,
    /// Cursors of all lists.
    pub cursors: BTreeSet<String>,
    /// Texts by the field that showed them.
    pub texts: BTreeMap<String, BTreeSet<String>>,
    /// Each field that had a value, as `Type.field`, with the words that it showed.
    pub fields: BTreeMap<String, BTreeSet<String>>,
}

impl Harvest {
    /// Reads everything that somebody can reach, beginning with these.
    pub async fn grown(self, documents: &[Document], client: &Client, words: &[&str]) -> Self {
        let mut harvest = self;
        let mut asked = BTreeSet::new();
        loop {
            let mut fresh = false;
            for alike in plain(documents) {
                let mut fillings = harvest.fillings(&alike[0]);
                fillings.retain(|filling| asked.insert(format!("{} {filling}", alike[0].label)));
                fresh |= !fillings.is_empty();
                for (document, filling) in answered(alike, client, fillings).await {
                    let reply = client.run_with(&document.text, filling).await;
                    harvest.add(document, &reply, words);
                }
            }
            if !fresh {
                return harvest;
            }
        }
    }

    /// Forgets what belongs to other organisations: what is public there was found too.
    pub fn of_org(mut self, org: OrgId, words: &[&str]) -> Self {
        let is_own = |id: &String| decoded(id).is_some_and(|bytes| bytes.starts_with(org.0.as_bytes()));
        self.ids.retain(|id| is_own(id) || id.starts_with("usr_"));
        let is_own = |text: &String| words.iter().any(|word| text.contains(word));
        self.texts.values_mut().for_each(|texts| texts.retain(is_own));
        self
    }

    /// Notes what an answer shows.
    pub fn add(&mut self, document: &Document, reply: &Reply, words: &[&str]) {
        document.visit(&reply.body["data"], &mut |field, value| {
            if value.is_null() || value == &json!([]) {
                return;
            }
            let shown = self.fields.entry(field.name()).or_default();
            let texts = [value].into_iter().chain(value.as_array().into_iter().flatten());
            for text in texts.filter_map(Value::as_str) {
                let seen = words.iter().filter(|word| text.contains(**word));
                shown.extend(seen.map(|word| (*word).to_owned()));
                if field.of == "ID" {
                    note(&mut self.ids, text);
                } else if field.field.to_lowercase().ends_with("cursor") {
                    self.cursors.insert(text.to_owned());
                } else {
                    self.texts
                        .entry(field.name())
                        .or_default()
                        .insert(text.to_owned());
                }
            }
        });
    }

    /// A few of everything: identifiers of each type, texts of each field, cursors.
    pub fn thinned(mut self, most: usize) -> Self {
        let mut types = BTreeMap::<String, usize>::new();
        self.ids.retain(|id| {
            let count = types
                .entry(prefix(id).unwrap_or_default().to_owned())
                .or_default();
            *count += 1;
            *count <= most
        });
        let thin = |texts: BTreeSet<String>| texts.into_iter().take(most).collect();
        self.texts = self
            .texts
            .into_iter()
            .map(|(field, texts)| (field, thin(texts)))
            .collect();
        let step = self.cursors.len().div_ceil(8 * most).max(1);
        self.cursors = self.cursors.into_iter().step_by(step).collect();
        self
    }

    /// The ways to fill the variables of a document's root field from what was found. Every text stands with every other;
    /// every identifier stands once.
    pub fn fillings(&self, document: &Document) -> Vec<Value> {
        let slots: Vec<_> = document
            .slots
            .iter()
            .filter(|(name, _)| !is_below(name))
            .collect();
        self.ways(&slots)
    }

    /// The same for the variables below the root field, and for cursors.
    pub fn fillings_below(&self, document: &Document) -> Vec<Value> {
        let slots: Vec<_> = document.slots.iter().filter(|(name, _)| is_below(name)).collect();
        self.ways(&slots)
    }

    fn ways(&self, slots: &[(&String, &Slot)]) -> Vec<Value> {
        let mut ways = vec![Map::new()];
        let mut longest = 1;
        let values_of = |slot: &Slot| match slot {
            Slot::Id(argument) => {
                let of = TYPES.iter().find(|(name, _)| name == argument);
                let fits = |id: &&String| of.is_none_or(|(_, of)| prefix(id) == Some(*of));
                self.ids.iter().filter(fits).collect::<Vec<_>>()
            }
            Slot::Cursor => self.cursors.iter().collect(),
            Slot::Word(argument) => self.texts.get(source(argument)).into_iter().flatten().collect(),
        };
        for (name, slot) in slots {
            let values = values_of(slot);
            if values.is_empty() {
                return Vec::new();
            }
            let Slot::Word(_) = slot else {
                longest = longest.max(values.len());
                continue;
            };
            let with = |way: &Map<String, Value>, value: &String| filled(way, name, value);
            ways = ways
                .iter()
                .flat_map(|way| values.iter().map(|value| with(way, value)))
                .collect();
        }
        let count = ways.len() * longest;
        let way = |at: usize| {
            let mut way = ways[at % ways.len()].clone();
            for (name, slot) in slots.iter().filter(|(_, slot)| !matches!(slot, Slot::Word(_))) {
                let values = values_of(slot);
                way = filled(&way, name, values[at / ways.len() % values.len()]);
            }
            Value::Object(way)
        };
        (0..count).map(way).collect()
    }
}

/// Notes an identifier, unless enough of its type are known: a walk asks every document about each.
fn note(known: &mut BTreeSet<String>, id: &str) {
    let alike = known.iter().filter(|known| prefix(known) == prefix(id));
    if alike.count() < MOST_OF_A_TYPE {
        known.insert(id.to_owned());
    }
}

/// The UUIDs of an identifier, one behind the other.
pub fn decoded(id: &str) -> Option<Vec<u8>> {
    BASE64.decode(id.split_once('_')?.1).ok()
}

/// Which of the documents that begin with the same question may have an answer, with the fillings for which they may.
pub async fn answered<'d>(
    alike: &'d [Document],
    client: &Client,
    fillings: Vec<Value>,
) -> Vec<(&'d Document, Value)> {
    let first = &alike[0];
    let Some((thin, variables)) = first.thin(&fillings) else {
        return fillings.into_iter().map(|filling| (first, filling)).collect();
    };
    let reply = client.run_with(&thin, variables).await;
    assert!(reply.body["data"].is_object(), "{thin}: {:#}", reply.body);
    let found = |(at, filling): (usize, Value)| {
        let value = &reply.body["data"][format!("a{at}")];
        let items = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        // What is found together may be of several types.
        let fits = |document: &&'d Document| {
            let mut items = items
                .iter()
                .filter(|item| !item.is_null() && item["totalCount"] != 0);
            items.any(|item| document.of.as_deref().is_none_or(|of| item["__typename"] == of))
        };
        let fitting: Vec<_> = alike.iter().filter(fits).collect();
        fitting
            .into_iter()
            .map(move |document| (document, filling.clone()))
    };
    fillings.into_iter().enumerate().flat_map(found).collect()
}

fn filled(way: &Map<String, Value>, name: &str, value: &str) -> Map<String, Value> {
    let mut way = way.clone();
    way.insert(name.to_owned(), json!(value));
    way
}

fn source(argument: &str) -> &'static str {
    let found = WORDS.iter().find(|(name, _)| *name == argument);
    let message = || panic!("say in WORDS which field answers what `{argument}` takes");
    found.unwrap_or_else(message).1
}
