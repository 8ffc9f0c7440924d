//! A document is foreign input: what no author could write is refused at its place, and nothing is stored.

use super::support::client::{Client, Reply};
use super::support::documents::{COURSES, export, import, imported, plain, send};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

/// A document of two texts and a quiz of two questions, with the identifiers of the units and of the first question.
async fn document(app: &TestApp) -> (Value, Vec<Value>, String) {
    let author = app.member("author").await;
    let course = factory::draft_course(app, &author, 2).await;
    let document = export(&author, &course.id).await;
    let units = document["content"]["modules"][0]["units"].as_array().unwrap();
    let ids = units.iter().map(|unit| unit["id"].clone()).collect();
    let question = units[2]["body"]["quiz"]["questions"][0][0]
        .as_str()
        .unwrap()
        .to_owned();
    (document, ids, question)
}

/// A document in which something stands at a place, a JSON pointer; what stood there before, or nothing.
fn with(document: &Value, place: &str, value: Value) -> Value {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let mut document = document.clone();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        object => object[name] = value,
    }
    document
}

#[track_caller]
fn assert_refused(refused: &Reply, place: &str) {
    assert_eq!(refused.codes(), "INVALID", "{place}: {:#}", refused.body);
    assert_eq!(
        refused.data("/courseImport/userErrors/0/field"),
        &json!(["document"]),
        "{place}"
    );
    let message = refused.text("/courseImport/userErrors/0/message");
    assert!(message.starts_with(&format!("At `{place}")), "{place}: {message}");
}

/// Imports the document with something at each of these places, each of which is refused there or at another place, and stores nothing.
async fn refuse_each(app: &TestApp, importer: &Client, document: &Value, cases: Vec<(&str, Value, &str)>) {
    for (place, value, at) in cases {
        let refused = import(app, importer, &with(document, place, value), json!({})).await;
        assert_refused(&refused, if at.is_empty() { place } else { at });
    }
    assert_nothing_stored(app).await;
}

async fn assert_nothing_stored(app: &TestApp) {
    for table in [
        COURSES,
        "course_drafts",
        "draft_modules",
        "draft_units",
        "draft_translations",
        "audit_entries where action like 'course.%'",
    ] {
        assert_eq!(factory::count(app, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_course_that_no_author_could_write_is_refused_at_its_place() {
    let here = TestApp::new().await;
    let (document, _, _) = document(&here).await;
    let there = here.elsewhere().await;
    let importer = there.member("author").await;
    let long = |count: usize| json!("é".repeat(count));
    let languages: serde_json::Map<_, _> = (b'a'..=b'u')
        .map(|letter| (format!("x{}", char::from(letter)), json!({})))
        .collect();
    let modules: Value = (0..501)
        .map(|_| json!({ "id": here.app.clock.uuid(), "title": "M", "part": null, "units": [] }))
        .collect();
    let survey = |number: i32, options: Value| {
        json!([{ "title": "S", "description": "", "audience": "everybody", "is_anonymous": false,
        "questions": [{ "number": number, "kind": "single_choice", "text": "So?", "options": options, "is_required": true }] }])
    };
    let surveys: Value = (0..51).map(|_| survey(1, json!(["A", "B"]))[0].clone()).collect();
    let cases = vec![
        ("/format", json!("lyceum.course/2"), ""),
        ("/more", json!(null), ""),
        ("/course/id", json!("nothing"), ""),
        ("/course/slug", json!("Not a slug"), ""),
        ("/course/tags", json!([" "]), ""),
        ("/course/visibility", json!("nobody"), ""),
        ("/course/owner", json!("me"), ""),
        ("/content/language", json!("English"), ""),
        ("/content/title", json!(" "), ""),
        ("/content/title", long(201), ""),
        ("/content/title", json!(["A course"]), ""),
        ("/content/summary", long(2_001), ""),
        ("/content/completion_rule", json!("never"), ""),
        ("/content/completion_percent", json!(0), ""),
        (
            "/content/translations",
            json!({ "de-at": { "title": "Ein Kurs" } }),
            "/content/translations/de-at",
        ),
        (
            "/content/translations",
            json!({ "de": { "title": long(201) } }),
            "/content/translations/de",
        ),
        (
            "/content/translations",
            json!({ "en": { "title": "A course" } }),
            "/content/translations/en",
        ),
        ("/content/translations", Value::Object(languages), ""),
        ("/surveys", surveys, ""),
        ("/surveys", survey(2, json!(["A", "B"])), "/surveys/0"),
        ("/surveys", survey(1, json!(["A", "A"])), "/surveys/0"),
        ("/content/modules", modules, ""),
        ("/content/modules/0/title", long(201), "/content/modules/0"),
        ("/content/modules/0/part", json!(""), "/content/modules/0"),
        (
            "/content/modules/0/translations",
            json!({ "de": { "title": "M", "text": "Nothing." } }),
            "/content/modules/0/translations/de",
        ),
    ];
    refuse_each(&there, &importer, &document, cases).await;
    for text in ["", "nothing", "{", "[]", "null", "{}", &document.to_string()[1..]] {
        let refused = send(&there, &importer, json!({ "document": text })).await;
        assert_eq!(refused.codes(), "INVALID", "{text}");
        assert_eq!(
            refused.data("/courseImport/userErrors/0/field"),
            &json!(["document"])
        );
    }
    assert_nothing_stored(&there).await;
    imported(&import(&there, &importer, &document, json!({})).await);
}

#[tokio::test]
async fn a_unit_that_no_author_could_write_is_refused_at_its_place() {
    let here = TestApp::new().await;
    let (document, units, _) = document(&here).await;
    let there = here.elsewhere().await;
    let importer = there.member("author").await;
    let unit = "/content/modules/0/units/0";
    let link = |url: &str| json!({ "material": { "link": { "url": url, "description": "", "opens_in_new_tab": true } } });
    let live = json!({ "material": { "live": { "starts_at": "2030-01-01T11:00:00Z", "ends_at": "2030-01-01T10:00:00Z", "time_zone": "UTC",
        "join_url": null, "description": "" } } });
    let many: Value = (1..=11).map(|days| json!({ "after_days": days })).collect();
    let empty = json!({ "text": "" });
    let crowd: Value = (0..501)
        .map(|_| json!({ "id": here.app.clock.uuid(), "title": "U", "body": empty }))
        .collect();
    let cases = vec![
        ("/content/modules/0/units", crowd, ""),
        ("/content/modules/0/units/0/id", json!("nothing"), ""),
        (
            "/content/modules/0/units/0/id",
            units[1].clone(),
            "/content/modules/0/units/1/id",
        ),
        ("/content/modules/0/units/0/title", json!(""), unit),
        ("/content/modules/0/units/0/body", json!({ "song": "La" }), ""),
        ("/content/modules/0/units/0/body", json!({ "text": "a\0b" }), ""),
        (
            "/content/modules/0/units/0/body",
            json!({ "text": "x".repeat(1_000_001) }),
            unit,
        ),
        (
            "/content/modules/0/units/0/body",
            link("javascript:alert(1)"),
            unit,
        ),
        ("/content/modules/0/units/0/body", live, unit),
        (
            "/content/modules/0/units/0/body",
            json!({ "material": { "link": { "url": "https://a.example" } } }),
            "",
        ),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_unit": here.app.clock.uuid() }]),
            unit,
        ),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_score": { "quiz": units[1], "percent": 50 } }]),
            unit,
        ),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_score": { "quiz": units[2], "percent": 101 } }]),
            unit,
        ),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_days": 0 }]),
            unit,
        ),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_lunch": 1 }]),
            "",
        ),
        ("/content/modules/0/units/0/release", many, unit),
        (
            "/content/modules/0/units/0/release",
            json!([{ "after_unit": units[0] }]),
            "/content/modules`",
        ),
        (
            "/content/modules/0/units/2/translations",
            json!({ "de": { "text": "Nothing." } }),
            "/content/modules/0/units/2/translations/de",
        ),
    ];
    refuse_each(&there, &importer, &document, cases).await;
}

#[tokio::test]
async fn units_that_wait_for_each_other_and_units_that_are_there_twice_are_refused() {
    let here = TestApp::new().await;
    let (document, units, _) = document(&here).await;
    let there = here.elsewhere().await;
    let importer = there.member("author").await;
    let module = document["content"]["modules"][0].clone();
    let mut circle = with(
        &document,
        "/content/modules/0/units/0/release",
        json!([{ "after_unit": units[1] }]),
    );
    circle = with(
        &circle,
        "/content/modules/0/units/1/release",
        json!([{ "after_score": { "quiz": units[2], "percent": 1 } }]),
    );
    circle = with(
        &circle,
        "/content/modules/0/units/2/release",
        json!([{ "after_unit": units[0] }]),
    );
    let refused = import(&there, &importer, &circle, json!({})).await;
    assert_refused(&refused, "/content/modules");
    let message = refused.text("/courseImport/userErrors/0/message");
    assert!(
        message.ends_with("Text 0 → Text 1 → A quiz → Text 0."),
        "{message}"
    );
    let twice = with(&document, "/content/modules", json!([module, module]));
    assert_refused(
        &import(&there, &importer, &twice, json!({})).await,
        "/content/modules/1/units/0/id",
    );
    assert_nothing_stored(&there).await;
}

#[tokio::test]
async fn a_question_that_no_answer_or_no_author_could_meet_is_refused_at_its_place() {
    let here = TestApp::new().await;
    let (document, _, id) = document(&here).await;
    let there = here.elsewhere().await;
    let importer = there.member("author").await;
    let quiz = "/content/modules/0/units/2/body/quiz";
    let unit = "/content/modules/0/units/2`";
    let question = "/content/modules/0/units/2/body/quiz/questions/0`";
    let key = format!("/answer_keys/{id}");
    let drawn = document.pointer(quiz).unwrap()["questions"][1].clone();
    let pool = |draw: i32, count: usize| json!([{ "draw": draw, "points": 100, "questions": vec![drawn.clone(); count] }]);
    let pool_of = |points: i32| json!([{ "draw": 1, "points": points, "questions": [drawn] }]);
    let options = document
        .pointer(&format!("{quiz}/questions/0/1/options"))
        .unwrap();
    let (wrong, right) = (&options[0]["key"], &options[1]["key"]);
    let mut both = vec![wrong.clone(), right.clone()];
    both.sort_by_key(ToString::to_string);
    let unknown = here.app.clock.uuid();
    for (place, value, at) in [
        (format!("{quiz}/policy/pass_percent"), json!(101), unit),
        (format!("{quiz}/policy/pass_percents"), json!(50), ""),
        (format!("{quiz}/policy/review"), json!("after_closing"), unit),
        (format!("{quiz}/policy/opens_at"), json!("tomorrow"), ""),
        (format!("{quiz}/questions/0/0"), json!(unknown), question),
        (format!("{quiz}/questions/0/1/text"), json!(" "), unit),
        (
            format!("{quiz}/questions/0/1/text"),
            json!("x".repeat(50_001)),
            unit,
        ),
        (format!("{quiz}/questions/0/1/kind"), json!("essay"), question),
        (format!("{quiz}/questions/0/1/kind"), json!("riddle"), ""),
        (
            format!("{quiz}/questions/0/1/program"),
            json!("fn main() {}"),
            question,
        ),
        (
            format!("{quiz}/questions/0/1/scoring"),
            json!({ "points": 0, "partial": "all_or_nothing", "penalty": 0 }),
            unit,
        ),
        (format!("{quiz}/questions/0/1/options"), json!([options[1]]), unit),
        (
            format!("{quiz}/questions/0/1/options"),
            json!([options[0], options[2]]),
            question,
        ),
        (
            format!("{quiz}/questions/0/1/options"),
            json!([options[1], options[1]]),
            question,
        ),
        (
            format!("{quiz}/pools"),
            pool(2, 1),
            "/content/modules/0/units/2/body/quiz/pools/0`",
        ),
        (format!("{quiz}/pools"), pool(0, 1), unit),
        (
            format!("{quiz}/pools"),
            pool(1, 501),
            "/content/modules/0/units/2/body/quiz/pools`",
        ),
        (format!("{quiz}/pools"), pool_of(0), unit),
        (key.clone(), json!({ "number": { "value": "1" } }), question),
        (format!("{key}/right"), json!([]), question),
        (format!("{key}/right/0/choice"), json!([]), unit),
        (format!("{key}/right/0/choice"), json!(["nothing"]), question),
        (format!("{key}/right/0/choice"), json!(both), unit),
        (
            format!("{key}/right"),
            json!([{ "choice": [right] }, { "choice": [wrong] }]),
            question,
        ),
        (
            format!("{key}/feedback"),
            json!({ "nothing": "Said of nothing." }),
            question,
        ),
        (format!("{key}/hint"), json!("None."), ""),
        (
            format!("/answer_keys/{unknown}"),
            json!({ "right": [{ "truth": true }] }),
            "",
        ),
    ] {
        let refused = import(&there, &importer, &with(&document, &place, value), json!({})).await;
        assert_refused(&refused, if at.is_empty() { &place } else { at });
    }
    let mut keyless = document.clone();
    keyless["answer_keys"].as_object_mut().unwrap().remove(&id);
    assert_refused(&import(&there, &importer, &keyless, json!({})).await, question);
    for table in [COURSES, "draft_questions", "question_banks", "bank_questions"] {
        assert_eq!(factory::count(&there, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn what_names_options_in_a_document_tells_nothing_of_them_afterwards() {
    let app = TestApp::new().await;
    let (document, _, id) = document(&app).await;
    let author = app.member("author").await;
    let option = |key: &str| json!({ "key": key, "text": format!("item {key}") });
    let telling = json!({ "kind": "ordering", "text": "Order", "shuffle_options": false, "options": [option("1"), option("2"), option("3")] });
    let told = with(
        &document,
        "/content/modules/0/units/2/body/quiz/questions/0/1",
        telling,
    );
    let told = with(
        &told,
        &format!("/answer_keys/{id}"),
        json!({ "order": ["1", "2", "3"] }),
    );
    let reply = import(&app, &author, &told, json!({ "slug": "told" })).await;
    let again = export(&author, imported(&reply)).await;
    let prompt = &again["content"]["modules"][0]["units"][2]["body"]["quiz"]["questions"][0][1];
    let options = prompt["options"].as_array().unwrap();
    let keys: Vec<&str> = options
        .iter()
        .map(|option| option["key"].as_str().unwrap())
        .collect();
    assert!(
        keys.is_sorted() && keys.iter().all(|key| key.len() == 12),
        "{keys:?}"
    );
    assert_eq!(prompt["shuffle_options"], true);
    let plain = plain(&again, &[]);
    let order = &plain["answer_keys"]["Order"]["order"];
    assert_eq!(order, &json!(["Order: item 1", "Order: item 2", "Order: item 3"]));
}
