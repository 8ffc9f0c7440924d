//! All of a course as one document: its form, and how it is written and read.

use super::diff::Edition;
use super::model::{Course, CourseVisibility};
use crate::domain::content::mentions::replace_assets;
use crate::domain::content::{AnswerKeys, Content, SurveyContent};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::canonical::canonical;
use crate::kernel::ids::AssetKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;
use std::borrow::Cow;
use std::collections::HashMap;

/// What a document says that it is. The number counts its forms.
pub const FORMAT: &str = "lyceum.course/1";

/// Characters of a place in a document, and of what is wrong there, that a refusal has.
const MOST_OF_PLACE: usize = 200;
const MOST_OF_MESSAGE: usize = 500;

/// All of a course.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Document<'d> {
    /// What it says that it is.
    pub format: String,
    /// Which course it is of.
    pub course: Head,
    /// The number of the edition; none of the draft.
    pub revision: Option<i32>,
    /// What learners see.
    pub content: Cow<'d, Content>,
    /// What is right.
    pub answer_keys: Cow<'d, AnswerKeys>,
    /// What its learners are asked, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surveys: Vec<SurveyContent>,
}

/// What a course is besides what its editions say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Its global identifier.
    pub id: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its organisation's own name for it.
    pub external_id: Option<String>,
    /// Who finds it.
    pub visibility: CourseVisibility,
    /// The language that it is written in.
    pub language: String,
    /// What it is about in a word each.
    pub tags: Vec<String>,
}

/// Writes an edition with what is right in it: canonical JSON (RFC 8785).
pub fn write(course: &Course, number: Option<i32>, edition: &Edition, surveys: Vec<SurveyContent>) -> String {
    let (content, answer_keys) = &**edition;
    let document = Document {
        format: FORMAT.to_owned(),
        course: Head {
            id: course.key.to_string(),
            slug: course.slug.clone(),
            external_id: course.external_id.clone(),
            visibility: course.visibility,
            language: course.language.clone(),
            tags: course.tags.clone(),
        },
        revision: number,
        content: Cow::Borrowed(content),
        answer_keys: Cow::Borrowed(answer_keys),
        surveys,
    };
    canonical(&serde_json::to_value(&document).unwrap_or_default())
}

/// The input field that a document came by, where what is wrong with it is refused.
#[derive(Clone, Copy, Debug)]
pub struct CameBy(pub &'static str);

impl CameBy {
    /// Refuses a document for what stands at a place, a JSON pointer.
    pub fn fault(self, place: &str, message: &str) -> Refusal {
        let message = shortened(message, MOST_OF_MESSAGE);
        let message = if place.is_empty() {
            message
        } else {
            format!("At `{}`: {message}", shortened(place, MOST_OF_PLACE))
        };
        Refusal::at(Code::Invalid, self.0, message)
    }

    /// Refuses a document for what is no good to authors either, in the words that they are told.
    pub fn retold(self, place: &str, refusal: &Refusal) -> Refusal {
        let path = refusal.field.as_deref().unwrap_or_default().join(".");
        self.fault(place, &format!("{path}: {}", refusal.message))
    }
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Reads a document as it was written, but for the files that others take the place of. What nobody would have written there is refused:
/// it would be lost.
pub(super) fn read(
    text: &str,
    came_by: CameBy,
    files: &HashMap<AssetKey, AssetKey>,
) -> Result<Document<'static>, Refusal> {
    let mut given: Value = serde_json::from_str(text)
        .map_err(|error| came_by.fault("", &format!("This is no JSON: {error}.")))?;
    if given.get("format").and_then(Value::as_str) != Some(FORMAT) {
        let message = format!("A document that can be read here says `{FORMAT}`.");
        return Err(came_by.fault("/format", &message));
    }
    show_others(&mut given, files);
    let document: Document<'static> = serde_path_to_error::deserialize(&given).map_err(|error| {
        let place: String = error.path().iter().map(step).collect();
        came_by.fault(&place, &error.into_inner().to_string())
    })?;
    let read = serde_json::to_value(&document).unwrap_or_default();
    match stray(&given, &read) {
        Some((place, message)) => Err(came_by.fault(&place, message)),
        None => Ok(document),
    }
}

/// Puts other files in the place of those that texts mention.
fn show_others(value: &mut Value, files: &HashMap<AssetKey, AssetKey>) {
    match value {
        Value::String(text) if !files.is_empty() => {
            *text = replace_assets(text, |key| files.get(&key).copied());
        }
        Value::Array(items) => items.iter_mut().for_each(|item| show_others(item, files)),
        Value::Object(members) => members.values_mut().for_each(|member| show_others(member, files)),
        _ => {}
    }
}

fn step(segment: &Segment) -> String {
    match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key: name } | Segment::Enum { variant: name } => format!("/{}", escaped(name)),
        Segment::Unknown => "/?".to_owned(),
    }
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

const UNKNOWN: &str = "This is nothing that `courseExport` writes here.";
const NUL: &str = "A text does not contain NUL.";

/// Where something stands, as a JSON pointer, and what is wrong with it.
type Stray = (String, &'static str);

/// Finds what was not read of a value, and what cannot be stored.
fn stray(given: &Value, read: &Value) -> Option<Stray> {
    let below = |step: &str, stray: Option<Stray>| {
        let (place, message) = stray?;
        Some((format!("/{}{place}", escaped(step)), message))
    };
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => given.iter().find_map(|(name, value)| {
            let found = match read.get(name) {
                _ if name.contains('\0') => Some((String::new(), NUL)),
                Some(read) => stray(value, read),
                None => Some((String::new(), UNKNOWN)),
            };
            below(name, found)
        }),
        (Value::Array(given), Value::Array(read)) if given.len() == read.len() => {
            let mut pairs = given.iter().zip(read).enumerate();
            pairs.find_map(|(index, (value, read))| below(&index.to_string(), stray(value, read)))
        }
        (Value::String(text), _) if text.contains('\0') => Some((String::new(), NUL)),
        _ => (given != read).then(|| (String::new(), UNKNOWN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CONTENT: &str = include_str!("../content/fixtures/format_3.json");
    const KEYS: &str = include_str!("../content/fixtures/format_3_keys.json");

    fn document() -> Value {
        let [content, answer_keys] = [CONTENT, KEYS].map(|text| serde_json::from_str::<Value>(text).unwrap());
        let course = json!({ "id": "crs_", "slug": "a", "external_id": null, "visibility": "members", "language": "en", "tags": [] });
        json!({ "format": FORMAT, "course": course, "revision": null, "content": content, "answer_keys": answer_keys })
    }

    fn fault(text: &str) -> Option<String> {
        let refusal = read(text, CameBy("document"), &HashMap::new()).err()?;
        assert_eq!(refusal.field, Some(vec!["document".to_owned()]));
        Some(refusal.message)
    }

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let text = canonical(&document());
        let read = read(&text, CameBy("document"), &HashMap::new()).unwrap();
        assert_eq!(canonical(&serde_json::to_value(&read).unwrap()), text);
    }

    #[test]
    fn what_nobody_would_have_written_is_refused_where_it_stands() {
        let unit = "/content/modules/0/units/1";
        let policy = "/content/modules/0/units/1/body/quiz/policy";
        for (place, name, value, message) in [
            (
                "",
                "format",
                json!("lyceum.course/2"),
                "At `/format`: A document that can be read",
            ),
            ("", "more", json!(1), "At `/more`: This is nothing"),
            ("/course", "visibility", json!("nobody"), "At `/course/visibility"),
            ("/content", "title", json!(7), "At `/content/title`: invalid type"),
            (
                "/content",
                "a/b~",
                json!(null),
                "At `/content/a~1b~0`: This is nothing",
            ),
            (
                "/content",
                "title",
                json!("a\0b"),
                "At `/content/title`: A text does not contain NUL.",
            ),
            (unit, "id", json!("nothing"), "At `/content/modules/0/units/1/id`"),
            (
                policy,
                "pass_percents",
                json!(60),
                "At `/content/modules/0/units/1/body/quiz/policy/pass_percents`",
            ),
            (
                policy,
                "pass_percent",
                json!(2.5),
                "At `/content/modules/0/units/1/body/quiz/policy/pass_percent`",
            ),
            (
                unit,
                "body",
                json!({ "song": {} }),
                "At `/content/modules/0/units/1/body",
            ),
            ("/answer_keys", "nothing", json!({}), "At `/answer_keys"),
        ] {
            let mut given = document();
            given.pointer_mut(place).unwrap()[name] = value;
            let fault = fault(&given.to_string()).unwrap_or_default();
            assert!(fault.starts_with(message), "{place} {name}: {fault}");
        }
        for text in ["", "{", "null", "[]", "{}", "\"text\""] {
            assert!(fault(text).is_some(), "{text}");
        }
        let long = fault(&json!({ "format": FORMAT, "course": "é".repeat(10_000) }).to_string()).unwrap();
        assert!(long.chars().count() < 1_000, "{long}");
    }
}
