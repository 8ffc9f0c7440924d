//! Titles and texts in other languages: what authors write, and what learners read.

use super::support::app::Person;
use super::support::client::Reply;
use super::support::factory::Course;
use super::support::{TestApp, factory, learning, uploads};
use lyceum::domain::courses::CourseVisibility;
use lyceum::domain::courses::draft_units::UnitDraft;
use lyceum::domain::courses::import::{ImportedCourse, ImportedModule, ImportedUnit, import};
use lyceum::domain::courses::store::NewCourse;
use lyceum::domain::mutate::by_system;
use serde_json::{Value, json};

const SET: &str = "mutation($input: CourseTranslationsSetInput!) { courseTranslationsSet(input: $input) { draft { version languages } \
    userErrors { code field message } } }";
const READ: &str = "query($id: ID!, $languages: [String!]!) { course(id: $id) { language languages title \
    localized(languages: $languages) { title titleLanguage text textLanguage } \
    modules { title localized(languages: $languages) { title titleLanguage text textLanguage } \
    units { title localized(languages: $languages) { title titleLanguage text textHtml textLanguage } } } } }";
const DRAFT: &str = "query($id: ID!, $languages: [String!]!) { course(id: $id) { draft { version languages \
    translations(languages: $languages) { language title text } modules { id translations(languages: $languages) { language title text } \
    units { id translations(languages: $languages) { language title text } } } } } }";

async fn set(author: &Person, course: &str, language: &str, more: Value) -> Reply {
    let mut input = json!({ "id": course, "language": language });
    let Value::Object(more) = more else {
        panic!("no fields: {more}")
    };
    input.as_object_mut().unwrap().extend(more);
    author.run_with(SET, json!({ "input": input })).await
}

/// Translates everything of a course, each text with its language in front.
async fn translate(author: &Person, course: &Course, language: &str) {
    let words = |what: &str| format!("{language} {what}");
    let texts = course
        .texts
        .iter()
        .map(|id| json!({ "unitId": id, "title": words("text"), "text": words("*body*") }));
    let quiz = json!({ "unitId": course.quiz, "title": words("quiz") });
    let units: Vec<_> = texts.chain([quiz]).collect();
    let all = json!({ "title": words("course"), "summary": words("summary"),
        "modules": [{ "moduleId": course.module, "title": words("module") }], "units": units });
    let done = set(author, &course.id, language, all).await;
    assert_eq!(done.codes(), "", "{:#}", done.body);
}

async fn read(who: &Person, course: &str, languages: &[&str]) -> Reply {
    who.run_with(READ, json!({ "id": course, "languages": languages }))
        .await
}

async fn draft(author: &Person, course: &str, languages: &[&str]) -> Value {
    let reply = author
        .run_with(DRAFT, json!({ "id": course, "languages": languages }))
        .await;
    reply.data("/course/draft").clone()
}

#[tokio::test]
async fn learners_read_in_the_language_that_comes_closest() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    translate(&author, &course, "pt").await;
    let only_title = json!({ "units": [{ "unitId": course.texts[0], "title": "pt-BR text" }] });
    let done = set(&author, &course.id, "pt-BR", only_title).await;
    assert_eq!(
        done.data("/courseTranslationsSet/draft/languages"),
        &json!(["pt", "pt-BR"])
    );
    factory::publish(&author, &course.id).await;

    let seen = read(&learner, &course.id, &["fr", "pt-BR"]).await;
    assert_eq!(seen.data("/course/languages"), &json!(["en", "pt", "pt-BR"]));
    assert_eq!(
        seen.text("/course/title"),
        "A course",
        "what is not asked for stays"
    );
    assert_eq!(
        seen.data("/course/localized"),
        &json!({ "title": "pt course", "titleLanguage": "pt", "text": "pt summary", "textLanguage": "pt" })
    );
    assert_eq!(
        seen.data("/course/modules/0/localized"),
        &json!({ "title": "pt module", "titleLanguage": "pt", "text": null, "textLanguage": null })
    );
    assert_eq!(
        seen.data("/course/modules/0/units/0/localized"),
        &json!({ "title": "pt-BR text", "titleLanguage": "pt-BR", "text": "pt *body*", "textHtml": "<p>pt <em>body</em></p>\n",
            "textLanguage": "pt" }),
        "each text says in which language it is"
    );
    assert_eq!(
        seen.data("/course/modules/0/units/1/localized"),
        &json!({ "title": "pt quiz", "titleLanguage": "pt", "text": null, "textHtml": null, "textLanguage": null })
    );
    for languages in [&["en-GB", "pt"][..], &["fr"], &["no language", "*"], &[]] {
        let seen = read(&learner, &course.id, languages).await;
        assert_eq!(
            seen.data("/course/modules/0/units/0/localized"),
            &json!({ "title": "Text 0", "titleLanguage": "en", "text": "Read **this**.",
                "textHtml": "<p>Read <strong>this</strong>.</p>\n", "textLanguage": "en" }),
            "{languages:?}"
        );
    }
    let both = "query($id: ID!) { course(id: $id) { de: localized(languages: \"de\") { title } pt: localized(languages: \"pt-PT\") { title } } }";
    let both = learner.run_with(both, json!({ "id": course.id })).await;
    assert_eq!(
        both.data("/course"),
        &json!({ "de": { "title": "A course" }, "pt": { "title": "pt course" } })
    );
}

#[tokio::test]
async fn a_translation_is_read_once_it_is_published_and_stays_in_its_revision() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    translate(&author, &course, "de").await;
    let hidden = read(&learner, &course.id, &["de"]).await;
    assert_eq!(hidden.data("/course/languages"), &json!(["en"]));
    assert!(!hidden.mentions("de text"), "{:#}", hidden.body);
    let diff =
        "query($id: ID!) { course(id: $id) { revisionDiff { changes { subject fields { field } } } } }";
    let diff = author.run_with(diff, json!({ "id": course.id })).await;
    let translated = |subject: &str| json!({ "subject": subject, "fields": [{ "field": "translations" }] });
    assert_eq!(
        diff.data("/course/revisionDiff/changes"),
        &json!([
            translated("COURSE"),
            translated("MODULE"),
            translated("UNIT"),
            translated("UNIT")
        ])
    );

    factory::publish(&author, &course.id).await;
    let shown = read(&learner, &course.id, &["de"]).await;
    assert_eq!(shown.text("/course/modules/0/units/0/localized/title"), "de text");
    let pinned = "query($id: ID!) { node(id: $id) { ... on Enrollment { nextUnit { localized(languages: [\"de\"]) { title titleLanguage } } } } }";
    let pinned = learner.run_with(pinned, json!({ "id": enrollment })).await;
    assert_eq!(
        pinned.data("/node/nextUnit/localized"),
        &json!({ "title": "Text 0", "titleLanguage": "en" }),
        "who is enrolled stays on their revision"
    );
    let cleared = json!({ "units": [{ "unitId": course.texts[0], "title": null, "text": null }] });
    assert_eq!(set(&author, &course.id, "de", cleared).await.codes(), "");
    let still = read(&learner, &course.id, &["de"]).await;
    assert_eq!(still.text("/course/modules/0/units/0/localized/title"), "de text");
    factory::publish(&author, &course.id).await;
    let gone = read(&learner, &course.id, &["de"]).await;
    assert_eq!(gone.text("/course/modules/0/units/0/localized/title"), "Text 0");
}

#[tokio::test]
async fn a_revision_keeps_the_language_that_it_was_written_in() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    let one = json!({ "units": [{ "unitId": course.texts[0], "title": "de text" }] });
    assert_eq!(set(&author, &course.id, "de", one).await.codes(), "");
    factory::publish(&author, &course.id).await;
    let none = json!({ "units": [{ "unitId": course.texts[0], "title": null }] });
    assert_eq!(set(&author, &course.id, "de", none).await.codes(), "");
    let update = "mutation($id: ID!) { courseUpdate(input: {id: $id, language: \"de\"}) { course { language } userErrors { code } } }";
    let updated = author.run_with(update, json!({ "id": course.id })).await;
    assert_eq!(updated.text("/courseUpdate/course/language"), "de");

    let seen = read(&learner, &course.id, &["de"]).await;
    assert_eq!(seen.data("/course/languages"), &json!(["en", "de"]));
    assert_eq!(seen.text("/course/localized/titleLanguage"), "en");
    let unit = seen.data("/course/modules/0/units/0/localized");
    assert_eq!(unit["title"], "de text");
    assert_eq!(unit["textLanguage"], "en");
    let diff = "query($id: ID!) { course(id: $id) { revisionDiff { changes { subject } } } }";
    let diff = author.run_with(diff, json!({ "id": course.id })).await;
    assert_eq!(
        diff.data("/course/revisionDiff/changes"),
        &json!([{ "subject": "UNIT" }]),
        "only what was translated differs"
    );
    factory::publish(&author, &course.id).await;
    let seen = read(&learner, &course.id, &["de"]).await;
    assert_eq!(seen.data("/course/languages"), &json!(["de"]));
    assert_eq!(
        seen.text("/course/modules/0/units/0/localized/titleLanguage"),
        "de"
    );
}

#[tokio::test]
async fn what_is_left_out_stays_and_what_is_null_is_cleared() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    translate(&author, &course, "de").await;
    let version = draft(&author, &course.id, &[]).await["version"].clone();
    let unit = json!({ "units": [{ "unitId": course.texts[0], "text": null }], "summary": null, "expectedVersion": version });
    let done = set(&author, &course.id, "DE", unit).await;
    assert_eq!(done.codes(), "", "a tag is understood however it is written");
    let now = draft(&author, &course.id, &["de", "fr"]).await;
    let translation = |title: &str, text: Value| json!([{ "language": "de", "title": title, "text": text }]);
    assert_eq!(now["translations"], translation("de course", json!(null)));
    assert_eq!(now["languages"], json!(["de"]));
    assert_eq!(
        now["modules"][0]["translations"],
        translation("de module", json!(null))
    );
    let units = &now["modules"][0]["units"];
    assert_eq!(units[0]["translations"], translation("de text", json!(null)));
    assert_eq!(units[1]["translations"], translation("de quiz", json!(null)));
    assert_eq!(
        draft(&author, &course.id, &["fr"]).await["translations"],
        json!([])
    );
    let entries = factory::audit(&app, "course.translated").await;
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].1, json!({ "language": "de", "entries": 2 }));
}

#[tokio::test]
async fn a_translation_goes_with_what_it_is_of() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 2).await;
    translate(&author, &course, "de").await;
    assert_eq!(factory::count(&app, "draft_translations").await, 5);
    let delete = "mutation($id: ID!) { unitDelete(input: {id: $id}) { userErrors { code } } }";
    author.run_with(delete, json!({ "id": course.texts[0] })).await;
    assert_eq!(factory::count(&app, "draft_translations").await, 4);
    let delete =
        "mutation($id: ID!) { moduleDelete(input: {id: $id, withUnits: true}) { userErrors { code } } }";
    author.run_with(delete, json!({ "id": course.module })).await;
    assert_eq!(factory::count(&app, "draft_translations").await, 1);
    let left = draft(&author, &course.id, &["de"]).await;
    assert_eq!(left["translations"][0]["title"], "de course");
}

#[tokio::test]
async fn what_cannot_be_translated_is_refused_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    let other = factory::draft_course(&app, &author, 1).await;
    let stranger = app.elsewhere().await.member("author").await;
    let link = json!({ "link": { "url": "https://a.example" } });
    let link = factory::unit(&author, &course.module, "A link", link).await;
    let before = draft(&author, &course.id, &["de"]).await;
    let text = &course.texts[0];
    let title = |title: &str| json!({ "title": title });
    let unit = |id: &str, text: &str| json!({ "title": "T", "units": [{ "unitId": id, "text": text }] });
    let module =
        |id: &str, title: &str| json!({ "title": "T", "modules": [{ "moduleId": id, "title": title }] });
    let twice = json!({ "units": [{ "unitId": text, "title": "a" }, { "unitId": text, "text": "b" }] });
    let many: Vec<_> = (0..251)
        .map(|_| json!({ "unitId": text, "title": "a" }))
        .collect();
    let cases = [
        ("en", title("T"), "INVALID", json!(["language"])),
        ("EN", title("T"), "INVALID", json!(["language"])),
        ("", title("T"), "INVALID", json!(["language"])),
        ("en_US", title("T"), "INVALID", json!(["language"])),
        ("German", title("T"), "INVALID", json!(["language"])),
        ("de", title(" "), "INVALID", json!(["title"])),
        ("de", title(&"a".repeat(201)), "INVALID", json!(["title"])),
        (
            "de",
            json!({ "summary": "a".repeat(2_001) }),
            "INVALID",
            json!(["summary"]),
        ),
        (
            "de",
            module(&course.module, ""),
            "INVALID",
            json!(["modules", "0", "title"]),
        ),
        (
            "de",
            module(&other.module, "T"),
            "NOT_FOUND",
            json!(["modules", "0", "moduleId"]),
        ),
        (
            "de",
            unit(&other.texts[0], "T"),
            "NOT_FOUND",
            json!(["units", "0", "unitId"]),
        ),
        (
            "de",
            unit("nothing", "T"),
            "NOT_FOUND",
            json!(["units", "0", "unitId"]),
        ),
        (
            "de",
            unit(&course.quiz, "T"),
            "INVALID",
            json!(["units", "0", "text"]),
        ),
        (
            "de",
            unit(&link, &"a".repeat(50_001)),
            "INVALID",
            json!(["units", "0", "text"]),
        ),
        (
            "de",
            unit(text, &"a".repeat(1_000_001)),
            "INVALID",
            json!(["units", "0", "text"]),
        ),
        ("de", twice, "INVALID", json!(["units", "1", "unitId"])),
        ("de", json!({ "units": many }), "INVALID", json!(null)),
        (
            "de",
            json!({ "title": "T", "expectedVersion": 99 }),
            "VERSION_CONFLICT",
            json!(["expectedVersion"]),
        ),
    ];
    for (language, more, code, field) in cases {
        let refused = set(&author, &course.id, language, more).await;
        assert_eq!(refused.codes(), code, "{language} {field}");
        assert_eq!(
            refused.data("/courseTranslationsSet/userErrors/0/field"),
            &field,
            "{language} {field}"
        );
    }
    assert_eq!(
        set(&stranger, &course.id, "de", title("T")).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(draft(&author, &course.id, &["de"]).await, before);
    assert_eq!(factory::count(&app, "draft_translations").await, 0);
}

#[tokio::test]
async fn a_course_has_twenty_languages_beside_its_own() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    for letter in b'a'..b'a' + 20 {
        let language = format!("d{}", char::from(letter));
        assert_eq!(
            set(&author, &course.id, &language, json!({ "title": "T" }))
                .await
                .codes(),
            "",
            "{language}"
        );
    }
    let more = set(&author, &course.id, "pt", json!({ "title": "T" })).await;
    assert_eq!(more.codes(), "LIMIT_REACHED");
    let known = set(&author, &course.id, "de", json!({ "title": "U" })).await;
    assert_eq!(known.codes(), "");
    let gone = set(&author, &course.id, "de", json!({ "title": null })).await;
    assert_eq!(gone.codes(), "");
    let more = set(&author, &course.id, "pt", json!({ "title": "T" })).await;
    assert_eq!(more.codes(), "");
}

#[tokio::test]
async fn a_course_is_not_written_in_a_language_that_it_is_translated_into() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    translate(&author, &course, "de-AT").await;
    let update = "mutation($id: ID!, $language: String!) { courseUpdate(input: {id: $id, language: $language}) \
        { course { language } userErrors { code field } } }";
    let refused = author
        .run_with(update, json!({ "id": course.id, "language": "de-at" }))
        .await;
    assert_eq!(refused.codes(), "INVALID");
    assert_eq!(
        refused.data("/courseUpdate/userErrors/0/field"),
        &json!(["language"])
    );
    let done = author
        .run_with(update, json!({ "id": course.id, "language": "pt-br" }))
        .await;
    assert_eq!(
        done.text("/courseUpdate/course/language"),
        "pt-BR",
        "a language has one spelling"
    );
}

#[tokio::test]
async fn a_copy_of_a_course_has_its_translations() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    translate(&author, &course, "de").await;
    let duplicate = "mutation($id: ID!) { courseDuplicate(input: {id: $id, slug: \"copy\", title: \"A copy\"}) \
        { course { id } userErrors { code } } }";
    let copied = author.run_with(duplicate, json!({ "id": course.id })).await;
    let copy = draft(&author, copied.text("/courseDuplicate/course/id"), &["de"]).await;
    let original = draft(&author, &course.id, &["de"]).await;
    let translations = |draft: &Value| {
        let module = &draft["modules"][0];
        let units = module["units"].as_array().unwrap().iter();
        let units: Vec<_> = units.map(|unit| unit["translations"].clone()).collect();
        json!([draft["translations"], module["translations"], units])
    };
    assert_eq!(translations(&copy), translations(&original));
    assert_ne!(copy["modules"][0]["id"], original["modules"][0]["id"]);
    assert_eq!(
        copy["modules"][0]["units"][0]["translations"][0]["text"],
        "de *body*"
    );
}

#[tokio::test]
async fn a_file_of_a_translated_text_is_shown_to_learners() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    let asset = uploads::picture(&app, &author).await;
    let unseen = uploads::picture(&app, &learner).await;
    let text = |asset: &str| json!({ "units": [{ "unitId": course.texts[0], "text": format!("![p](asset:{asset})") }] });
    let refused = set(&author, &course.id, "de", text(&unseen)).await;
    assert_eq!(refused.codes(), "NOT_FOUND");
    assert_eq!(
        refused.data("/courseTranslationsSet/userErrors/0/field"),
        &json!(["units", "0", "text"])
    );
    assert_eq!(set(&author, &course.id, "de", text(&asset)).await.codes(), "");
    let edit = "mutation($id: ID!) { unitUpdate(input: {id: $id, content: {text: {body: \"Without\"}}}) { userErrors { code } } }";
    let edited = author.run_with(edit, json!({ "id": course.texts[0] })).await;
    assert_eq!(
        edited.codes(),
        "",
        "an edit of the text leaves the translation's file"
    );
    factory::publish(&author, &course.id).await;
    learning::enroll(&learner, &course.id).await;
    let seen = read(&learner, &course.id, &["de"]).await;
    let html = seen.text("/course/modules/0/units/0/localized/textHtml");
    assert!(html.contains("/files/"), "{html}");
}

#[tokio::test]
async fn translations_survive_another_import() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let unit = |name: &str| ImportedUnit {
        external_id: name.to_owned(),
        title: format!("Unit {name}"),
        unit: UnitDraft::Text("A text.".to_owned()),
        questions: Vec::new(),
    };
    let book = |units: &[&str]| ImportedCourse {
        course: NewCourse {
            slug: "book".to_owned(),
            title: "A book".to_owned(),
            summary: String::new(),
            visibility: CourseVisibility::Members,
            external_id: Some("book".to_owned()),
        },
        modules: vec![ImportedModule {
            external_id: "module".to_owned(),
            title: "A module".to_owned(),
            part: None,
            units: units.iter().map(|name| unit(name)).collect(),
        }],
    };
    let run = async |units: &'static [&'static str]| {
        let book = book(units);
        let done = by_system(&app.app, app.org, "import", move |write| {
            Box::pin(async move { import(write, &book, false).await })
        });
        done.await.unwrap().unwrap().to_string()
    };
    let course = run(&["a", "b"][..]).await;
    let first = draft(&author, &course, &[]).await;
    let id = |pointer: &str| first.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let title = |field: &str, id: String| json!({ field: id, "title": "de" });
    let all = json!({ "title": "de", "modules": [title("moduleId", id("/modules/0/id"))],
        "units": [title("unitId", id("/modules/0/units/0/id")), title("unitId", id("/modules/0/units/1/id"))] });
    assert_eq!(set(&author, &course, "de", all).await.codes(), "");
    assert_eq!(run(&["b"][..]).await, course);
    let second = draft(&author, &course, &["de"]).await;
    let de = json!([{ "language": "de", "title": "de", "text": null }]);
    assert_eq!(second["translations"], de);
    assert_eq!(second["modules"][0]["translations"], de);
    assert_eq!(second["modules"][0]["units"][0]["translations"], de);
    assert_eq!(
        factory::count(&app, "draft_translations").await,
        3,
        "what the source no longer has is gone"
    );
}
