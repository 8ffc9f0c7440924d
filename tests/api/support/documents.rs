//! Courses as documents, out of an academy and into one.

use super::TestApp;
use super::client::{Client, Reply};
use lyceum::kernel::ids::{AssetKey, Key};
use serde_json::{Value, json};

/// Exports a course's draft: the document.
pub async fn export(who: &Client, course: &str) -> Value {
    let document = "mutation($id: ID!) { courseExport(input: {id: $id}) { export { document } userErrors { code message } } }";
    let reply = who.run_with(document, json!({ "id": course })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    serde_json::from_str(reply.text("/courseExport/export/document")).unwrap()
}

/// Imports a document, with more fields of the input.
pub async fn import(app: &TestApp, who: &Client, document: &Value, more: Value) -> Reply {
    let mut input = json!({ "document": document.to_string() });
    let Value::Object(more) = more else {
        panic!("no fields: {more}")
    };
    input.as_object_mut().unwrap().extend(more);
    send(app, who, input).await
}

/// Sends the mutation with this input.
pub async fn send(app: &TestApp, who: &Client, mut input: Value) -> Reply {
    let document = "mutation($input: CourseImportInput!) { courseImport(input: $input) { \
        course { id slug state title summary visibility language tags externalId } userErrors { code field message } } }";
    input["organizationId"] = json!(app.org_id());
    who.run_with(document, json!({ "input": input })).await
}

/// The identifier of what was imported.
#[track_caller]
pub fn imported(reply: &Reply) -> &str {
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/courseImport/course/id")
}

/// The courses of an academy, without those that others show to everybody: rows to count.
pub const COURSES: &str = "courses where org_id = any (app_orgs())";

/// A document of a course in which there is nothing.
pub fn bare(course: &str) -> Value {
    let head = json!({ "id": course, "slug": "imported", "external_id": null, "visibility": "members", "language": "en", "tags": [] });
    let content =
        json!({ "title": "Imported", "summary": "", "completion_rule": "all_units", "modules": [] });
    json!({ "format": "lyceum.course/1", "course": head, "revision": null, "content": content, "answer_keys": {} })
}

/// A document with names in the place of identifiers: places of modules and units, what questions and options say, and files by their
/// number in a list.
pub fn plain(document: &Value, files: &[&str]) -> Value {
    let mut names: Vec<(String, String)> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let id = AssetKey::parse(file).unwrap().id.0.to_string();
        names.extend([
            ((*file).to_owned(), format!("file {number}")),
            (id, format!("file {number}")),
        ]);
    }
    for (m, module) in list(&document["content"], "modules").enumerate() {
        names.push((text(&module["id"]), format!("module {m}")));
        for (u, unit) in list(module, "units").enumerate() {
            names.push((text(&unit["id"]), format!("unit {m}.{u}")));
            let quiz = &unit["body"]["quiz"];
            let drawn = list(quiz, "pools").flat_map(|pool| list(pool, "questions"));
            for question in list(quiz, "questions").chain(drawn) {
                let asked = text(&question[1]["text"]);
                name_options(&question[1], &asked, &mut names);
                names.push((text(&question[0]), asked));
            }
        }
    }
    let mut written = document.to_string();
    for (id, name) in names {
        written = written.replace(&id, &name);
    }
    let mut plain: Value = serde_json::from_str(&written).unwrap();
    plain["course"]["id"] = json!(null);
    sort(&mut plain);
    plain
}

fn list<'d>(value: &'d Value, name: &str) -> impl Iterator<Item = &'d Value> + use<'d> {
    value[name].as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn name_options(prompt: &Value, asked: &str, names: &mut Vec<(String, String)>) {
    let of_gaps = list(prompt, "gaps").flat_map(|gap| list(gap, "options"));
    let options = list(prompt, "options")
        .chain(list(prompt, "stems"))
        .chain(of_gaps);
    let options = options.map(|option| (&option["key"], &option["text"]));
    let criteria = list(prompt, "rubric").map(|criterion| (&criterion["key"], &criterion["title"]));
    for (key, said) in options.chain(criteria) {
        names.push((text(key), format!("{asked}: {}", text(said))));
    }
}

/// Brings into one order what keys and identifiers were the order of.
fn sort(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort),
        Value::Object(members) => {
            let is_pool = members.contains_key("draw");
            for (name, member) in members {
                sort(member);
                let is_unordered = ["options", "choice"].contains(&name.as_str()) || is_pool;
                if let (true, Value::Array(items)) = (is_unordered, member) {
                    items.sort_by_key(ToString::to_string);
                }
            }
        }
        _ => {}
    }
}
