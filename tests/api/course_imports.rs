//! A course comes into an academy as it left another.

use super::support::app::Person;
use super::support::documents::{COURSES, bare, export, import, imported, plain, send};
use super::support::learning::{enroll, happened};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, academy_units, banks, factory, surveys, uploads};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A question of each kind.
fn questions() -> Value {
    let option = |text: &str, is_right: bool| json!({ "text": text, "isRight": is_right, "feedback": format!("{text} it is") });
    let number = json!({ "value": "1.5", "tolerance": { "relative": "0.01" }, "units": [{ "name": "m", "factor": "1" }] });
    json!([
        { "text": "One", "explanation": "Because", "answer": { "singleChoice": { "options": [option("x", false), option("y", true)] } } },
        { "text": "Many", "points": 3, "partialCredit": "RIGHT_MINUS_WRONG", "penalty": 0.5, "answer": { "multipleChoice": {
            "options": [option("a", true), option("b", true), option("c", false)], "shuffle": false } } },
        { "text": "Truth", "answer": { "trueFalse": { "isTrue": true, "feedbackIfFalse": "It is" } } },
        { "text": "Word", "answer": { "shortText": { "accepted": ["mut", "let*"], "wildcards": true } } },
        { "text": "Number", "answer": { "numeric": number } },
        { "text": "Order", "answer": { "ordering": { "items": ["first", "second", "third"] } } },
        { "text": "Match", "answer": { "matching": { "pairs": [
            { "stem": "1", "option": "odd" }, { "stem": "2", "option": "even" }, { "stem": "3", "option": "odd" }], "others": ["neither"] } } },
        { "text": "[[a]] of [[b]] is [[c]]", "answer": { "cloze": { "gaps": [
            { "key": "c", "answer": { "choice": { "options": [option("big", false), option("small", true)] } } },
            { "key": "a", "answer": { "text": { "accepted": ["one"] } } }, { "key": "b", "answer": { "number": { "value": "2" } } }] } } },
        { "text": "Essay", "points": 2, "answer": { "essay": { "sample": "So", "rubric": [
            { "title": "Depth", "points": 1.5 }, { "title": "Style", "points": 0.5 }] } } },
        { "text": "Program", "answer": { "programTracing": { "program": "fn main() {}", "compiles": true, "stdout": "42" } } },
    ])
}

/// A draft in which there is everything that a draft can have; its units show a file.
async fn everything(app: &TestApp, author: &Person, file: &str) -> factory::Course {
    let course = factory::draft_course(app, author, 2).await;
    let head = json!({ "id": course.id, "tags": ["rust", "safety"], "language": "de-AT", "completionRule": "MINIMUM_PERCENT",
        "completionPercent": 50 });
    author.does("courseUpdate", head).await;
    let policy = json!({ "passPercent": 70, "maxAttempts": 3, "timeLimitSeconds": 600, "counts": "LATEST", "review": "AFTER_PASSING" });
    let bank = banks::bank(app, author).await;
    for text in ["P", "Q", "R"] {
        banks::question(author, &bank, banks::short(text, "yes"), &["rust"]).await;
    }
    let pools = json!([{ "bankId": bank, "draw": 2, "points": 4, "tags": ["rust"] }]);
    let quiz = json!({ "quiz": { "policy": policy, "questions": questions(), "pools": pools } });
    author
        .does("unitUpdate", json!({ "id": course.quiz, "content": quiz }))
        .await;
    let module = "mutation($id: ID!) { moduleCreate(input: {courseId: $id, title: \"More\", part: \"A part\"}) { module { id } userErrors { code } } }";
    let module = author.run_with(module, json!({ "id": course.id })).await;
    let module = module.text("/moduleCreate/module/id");
    for (number, (kind, content)) in academy_units::contents("kind", file).into_iter().enumerate() {
        let unit = factory::unit(
            author,
            module,
            &format!("{kind} {number}"),
            json!({ kind: content }),
        )
        .await;
        let rules = json!([{ "afterUnit": course.texts[0] }, { "afterScore": { "quizId": course.quiz, "percent": 60 } },
            { "onDate": "2030-01-01T00:00:00Z" }, { "afterDays": 3 }]);
        author
            .does("unitReleaseSet", json!({ "id": unit, "rules": rules }))
            .await;
    }
    author
        .does(
            "unitUpdate",
            json!({ "id": course.texts[1], "isRequired": false }),
        )
        .await;
    let words = academy_units::translations("words", [&course.id, &course.module, &course.texts[0]]);
    author.does("courseTranslationsSet", words).await;
    let shown = json!([{ "unitId": course.texts[1], "text": format!("![p](asset:{file})") }]);
    author
        .does(
            "courseTranslationsSet",
            json!({ "id": course.id, "language": "fr", "units": shown }),
        )
        .await;
    surveys::opened(
        author,
        &course.id,
        json!({ "description": "Of all kinds.", "isAnonymous": true }),
    )
    .await;
    course
}

/// All identifiers in a document.
fn identifiers(document: &Value) -> BTreeSet<String> {
    let text = document["content"].to_string();
    let ids = text
        .split('"')
        .filter(|word| word.len() == 36 && word.matches('-').count() == 4);
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn what_leaves_an_academy_comes_into_another_as_it_was() {
    let here = TestApp::new().await;
    let there = here.elsewhere().await;
    let (author, importer) = (here.member("author").await, there.member("author").await);
    let (file, other) = (
        uploads::picture(&here, &author).await,
        uploads::picture(&there, &importer).await,
    );
    let course = everything(&here, &author, &file).await;
    let document = export(&author, &course.id).await;

    let reply = import(
        &there,
        &importer,
        &document,
        json!({ "assets": [{ "from": file, "to": other }] }),
    )
    .await;
    let copy = imported(&reply);
    let shown = reply.data("/courseImport/course");
    assert_eq!(
        (&shown["state"], &shown["externalId"]),
        (&json!("DRAFT"), &Value::Null)
    );
    assert_eq!(
        (&shown["language"], &shown["visibility"]),
        (&json!("de-AT"), &json!("PUBLIC"))
    );
    let again = export(&importer, copy).await;
    assert_eq!(plain(&again, &[&other]), plain(&document, &[&file]));
    let (former, new) = (identifiers(&document), identifiers(&again));
    assert!(former.len() > 20 && new.len() == former.len(), "{former:?}");
    assert!(former.is_disjoint(&new), "everything has an identity of its own");
    assert_eq!(happened(&there, "course.imported").await, (1, 1));
    assert_eq!(happened(&here, "course.imported").await, (0, 0));

    assert_eq!(document["surveys"][0]["questions"].as_array().unwrap().len(), 4);
    let asked = surveys::seen(&importer, copy).await;
    assert_eq!(asked[0]["state"], "DRAFT", "whoever imports it opens it");

    factory::publish(&importer, copy).await;
    let learner = there.learner().await;
    let read = "query($id: ID!) { course(id: $id) { modules { units { title access { state } } } } }";
    enroll(&learner, copy).await;
    let units = learner.run_with(read, json!({ "id": copy })).await;
    assert_eq!(
        units.data("/course/modules/0/units/0/access/state"),
        &json!("OPEN")
    );
    assert_eq!(
        units.data("/course/modules/1/units/0/access/state"),
        &json!("LOCKED")
    );
}

#[tokio::test]
async fn the_same_answers_are_right_afterwards_and_no_others() {
    let here = TestApp::new().await;
    let there = here.elsewhere().await;
    let (author, importer) = (here.member("author").await, there.owner().await);
    let course = quiz::course(&here, &author, 0, json!({ "passPercent": 100 })).await;
    let reply = import(&there, &importer, &export(&author, &course.id).await, json!({})).await;
    let id = imported(&reply).to_owned();
    factory::publish(&importer, &id).await;
    let tree = "query($id: ID!) { course(id: $id) { draft { modules { id units { id } } } } }";
    let tree = importer.run_with(tree, json!({ "id": id })).await;
    let course = factory::Course {
        module: tree.text("/course/draft/modules/0/id").to_owned(),
        texts: Vec::new(),
        quiz: tree.text("/course/draft/modules/0/units/0/id").to_owned(),
        id,
    };
    let sitting = Sitting::new(&there, &course).await;
    sitting.answer(&["One", "Many", "Word", "Program"]).await;
    let done = sitting.submit().await;
    let attempt = done.data("/attemptSubmit/attempt");
    assert_eq!(
        (&attempt["points"], &attempt["isPassed"]),
        (&json!(4), &json!(true))
    );
    assert_eq!(attempt["items"][0]["review"]["explanation"], "CANARY one");
    let sitting = Sitting::new(&there, &course).await;
    let wrong = json!({ "choice": sitting.option("One", "wrong") });
    assert_eq!(sitting.save("One", wrong).await.codes(), "");
    let done = sitting.submit().await;
    assert_eq!(done.data("/attemptSubmit/attempt/points"), &json!(0));
}

#[tokio::test]
async fn what_a_document_shows_must_be_here_and_the_importer_s_to_read() {
    let here = TestApp::new().await;
    let there = here.elsewhere().await;
    let (author, importer) = (here.member("author").await, there.member("author").await);
    let file = uploads::picture(&here, &author).await;
    let course = everything(&here, &author, &file).await;
    let document = export(&author, &course.id).await;
    let own = uploads::picture(&there, &importer).await;
    let unseen = uploads::picture(&there, &there.learner().await.client).await;
    let pending = uploads::begin(&there, &importer, "a.png", "image/png", 5).await;
    let pending = pending.text("/assetUploadCreate/asset/id");
    let pair = |from: &str, to: &str| json!({ "from": from, "to": to });
    for (assets, code, field) in [
        (json!([]), "NOT_FOUND", json!(["assets"])),
        (json!([pair(&own, &own)]), "NOT_FOUND", json!(["assets"])),
        (
            json!([pair(&file, &unseen)]),
            "NOT_FOUND",
            json!(["assets", "0", "to"]),
        ),
        (
            json!([pair(&file, pending)]),
            "NOT_FOUND",
            json!(["assets", "0", "to"]),
        ),
        (
            json!([pair(&file, &file)]),
            "NOT_FOUND",
            json!(["assets", "0", "to"]),
        ),
        (
            json!([pair("nothing", &own)]),
            "NOT_FOUND",
            json!(["assets", "0", "from"]),
        ),
        (
            json!([pair(&file, &own), pair(&file, &own)]),
            "INVALID",
            json!(["assets", "1", "from"]),
        ),
    ] {
        let refused = import(&there, &importer, &document, json!({ "assets": assets })).await;
        assert_eq!(refused.codes(), code, "{assets}: {:#}", refused.body);
        assert_eq!(
            refused.data("/courseImport/userErrors/0/field"),
            &field,
            "{assets}"
        );
        if field == json!(["assets"]) {
            let message = refused.text("/courseImport/userErrors/0/message");
            assert!(message.contains(&file) && !message.contains(&own), "{message}");
        }
    }
    for table in [
        COURSES,
        "course_drafts",
        "draft_units",
        "question_banks",
        "draft_unit_assets",
    ] {
        assert_eq!(factory::count(&there, table).await, 0, "{table}");
    }

    let copy = import(&here, &author, &document, json!({ "slug": "again" })).await;
    let copy = imported(&copy);
    assert_eq!(
        plain(&export(&author, copy).await, &[&file])["content"],
        plain(&document, &[&file])["content"]
    );
    let shown = "draft_unit_assets a join courses c on c.id = a.course_id where c.slug";
    let shown = [format!("{shown} = 'again'"), format!("{shown} <> 'again'")];
    assert_eq!(
        factory::count(&here, &shown[0]).await,
        factory::count(&here, &shown[1]).await
    );
}

/// A member with a role that gives these permissions for everything.
async fn holder(app: &TestApp, permissions: &[&str]) -> Person {
    let grants = permissions
        .iter()
        .map(|name| ((*name).to_owned(), json!(["all"])));
    let role = factory::role(app, Value::Object(grants.collect())).await;
    app.member(&role).await
}

#[tokio::test]
async fn who_may_not_create_and_edit_courses_imports_none() {
    let here = TestApp::new().await;
    let author = here.member("author").await;
    let stranger = here.elsewhere().await.owner().await;
    let file = uploads::picture(&here, &author).await;
    let course = everything(&here, &author, &file).await;
    let document = export(&author, &course.id).await;
    let creates = holder(&here, &["courses.create", "courses.read_draft"]).await;
    let edits = holder(&here, &["courses.create", "courses.read_draft", "courses.update"]).await;
    let before = factory::count(&here, COURSES).await;
    for (who, code) in [
        (&here.learner().await.client, "FORBIDDEN"),
        (&here.member("instructor").await.client, "FORBIDDEN"),
        (&creates.client, "FORBIDDEN"),
        (&edits.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&here.anonymous(), "UNAUTHENTICATED"),
    ] {
        let refused = import(&here, who, &document, json!({ "slug": "other" })).await;
        assert_eq!(refused.codes(), code, "{:#}", refused.body);
        let malformed = import(&here, who, &json!("nothing"), json!({})).await;
        let creates = [&creates, &edits]
            .iter()
            .any(|person| std::ptr::eq(&raw const person.client, who));
        let told = if creates { "INVALID" } else { code };
        assert_eq!(malformed.codes(), told, "{:#}", malformed.body);
    }
    assert_eq!(factory::count(&here, COURSES).await, before);
    assert_eq!(factory::count(&here, "question_banks").await, 1);
    let without_pools = import(&here, &edits, &bare(&course.id), json!({})).await;
    assert_eq!(without_pools.codes(), "", "a bank takes a permission of its own");
}

#[tokio::test]
async fn a_document_comes_in_as_often_as_it_is_asked_for_and_once_for_a_key() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    let document = export(&author, &course.id).await;
    let taken = import(&app, &author, &document, json!({})).await;
    assert_eq!(
        taken.codes(),
        "TAKEN",
        "its slug is that of the course that it is of"
    );
    assert_eq!(taken.data("/courseImport/userErrors/0/field"), &json!(["slug"]));
    let first = json!({ "slug": "one", "externalId": "hr-1", "idempotencyKey": "once" });
    let one = import(&app, &author, &document, first.clone()).await;
    let two = import(&app, &author, &document, json!({ "slug": "two" })).await;
    assert_ne!(imported(&one), imported(&two));
    assert_eq!(one.text("/courseImport/course/externalId"), "hr-1");
    let again = import(&app, &author, &document, first).await;
    assert_eq!(imported(&again), imported(&one));
    let other = import(
        &app,
        &author,
        &document,
        json!({ "slug": "three", "idempotencyKey": "once" }),
    )
    .await;
    assert_eq!(other.codes(), "IDEMPOTENCY_MISMATCH");
    for (more, code, field) in [
        (json!({ "slug": "one" }), "TAKEN", "slug"),
        (
            json!({ "slug": "four", "externalId": "hr-1" }),
            "TAKEN",
            "externalId",
        ),
        (json!({ "slug": "Four" }), "INVALID", "slug"),
        (
            json!({ "slug": "four", "externalId": "" }),
            "INVALID",
            "externalId",
        ),
    ] {
        let refused = import(&app, &author, &document, more.clone()).await;
        assert_eq!(refused.codes(), code, "{more}");
        assert_eq!(refused.data("/courseImport/userErrors/0/field"), &json!([field]));
    }
    assert_eq!(happened(&app, "course.imported").await, (2, 2));
    assert_eq!(factory::count(&app, COURSES).await, 3);
    let audited = factory::audit(&app, "course.imported").await;
    let (target, detail) = &audited[0];
    assert_eq!(target, imported(&one));
    assert_eq!(
        (&detail["from"], &detail["modules"]),
        (&json!(course.id), &json!(1))
    );
}

#[tokio::test]
async fn a_document_that_no_request_has_room_for_comes_by_a_file() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let mut document = bare(&factory::draft_course(&app, &author, 0).await.id);
    let unit = |number: usize| json!({ "id": app.app.clock.uuid(), "title": format!("Unit {number}"), "body": { "text": "Read. ".repeat(120) } });
    let module = |number: usize| {
        json!({ "id": app.app.clock.uuid(), "title": format!("Module {number}"), "part": null,
        "units": (0..500).map(unit).collect::<Vec<_>>() })
    };
    document["content"]["modules"] = (0..4).map(module).collect();
    let refused = import(&app, &author, &document, json!({})).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let text = document.to_string();
    let file = uploads::upload(&app, &author, "course.json", text.as_bytes()).await;
    let reply = send(&app, &author, json!({ "assetId": file["id"] })).await;
    let again = export(&author, imported(&reply)).await;
    let titles = |document: &Value| -> Vec<Value> {
        let modules = document["content"]["modules"].as_array().unwrap().iter();
        let units = modules.flat_map(|module| module["units"].as_array().unwrap());
        units.map(|unit| unit["title"].clone()).collect()
    };
    assert_eq!(titles(&again), titles(&document));
    assert_eq!(factory::count(&app, "draft_units").await, 2_001);

    let picture = uploads::picture(&app, &author).await;
    let unseen = uploads::picture(&app, &app.learner().await.client).await;
    let short = uploads::upload(&app, &author, "short.json", b"{ \"format\": 1 }").await;
    let pending = uploads::begin(&app, &author, "a.json", "application/json", 5).await;
    for (asset, code) in [
        (&json!(picture), "INVALID"),
        (&short["id"], "INVALID"),
        (&json!(unseen), "NOT_FOUND"),
        (pending.data("/assetUploadCreate/asset/id"), "NOT_FOUND"),
        (&json!("nothing"), "NOT_FOUND"),
    ] {
        let refused = send(&app, &author, json!({ "assetId": asset, "slug": "other" })).await;
        assert_eq!(refused.codes(), code, "{asset}");
        assert_eq!(
            refused.data("/courseImport/userErrors/0/field"),
            &json!(["assetId"])
        );
    }
    for input in [json!({}), json!({ "assetId": file["id"], "document": "{}" })] {
        let refused = send(&app, &author, input).await;
        assert_eq!(refused.codes(), "INVALID");
        assert_eq!(
            refused.data("/courseImport/userErrors/0/field"),
            &json!(["document"])
        );
    }
    assert_eq!(factory::count(&app, COURSES).await, 2);
}
