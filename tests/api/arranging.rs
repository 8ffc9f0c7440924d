//! What authors do with the order of a draft.

use super::support::app::Person;
use super::support::client::Client;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const MOVE: &str = "mutation($input: UnitMoveInput!) { unitMove(input: $input) { unit { id position version } userErrors { code field message } } }";
const ORDER: &str = "query($id: ID!) { course(id: $id) { draft { version modules { id title part version units { id title version } } } } }";

async fn order(author: &Person, course: &str) -> Vec<Vec<String>> {
    let reply = author.run_with(ORDER, json!({ "id": course })).await;
    let titles = |units: &Value| {
        let units = units.as_array().unwrap();
        units
            .iter()
            .map(|unit| unit["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let modules = reply.data("/course/draft/modules").as_array().unwrap();
    modules.iter().map(|module| titles(&module["units"])).collect()
}

async fn texts(author: &Person, module: &str, titles: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for title in titles {
        ids.push(factory::unit(author, module, title, json!({ "text": { "body": "" } })).await);
    }
    ids
}

async fn module(author: &Person, course: &str, title: &str) -> String {
    let create = "mutation($id: ID!, $title: String!) { moduleCreate(input: {courseId: $id, title: $title}) { module { id } } }";
    let reply = author
        .run_with(create, json!({ "id": course, "title": title }))
        .await;
    reply.text("/moduleCreate/module/id").to_owned()
}

#[tokio::test]
async fn a_unit_moves_within_its_module_and_into_another() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let (first, second) = (
        module(&author, &course.id, "First").await,
        module(&author, &course.id, "Second").await,
    );
    let units = texts(&author, &first, &["a", "b", "c"]).await;
    let places = [
        (json!({ "id": units[2], "position": 0 }), ["cab", ""]),
        (json!({ "id": units[2], "after": units[0] }), ["acb", ""]),
        (json!({ "id": units[0] }), ["cba", ""]),
        (json!({ "id": units[1], "moduleId": second }), ["ca", "b"]),
        (
            json!({ "id": units[0], "moduleId": second, "after": units[1] }),
            ["c", "ba"],
        ),
    ];
    for (input, expected) in places {
        let moved = author.run_with(MOVE, json!({ "input": input })).await;
        assert_eq!(moved.codes(), "", "{input}");
        let modules = order(&author, &course.id).await;
        let shown: Vec<String> = modules[1..].iter().map(|units| units.concat()).collect();
        assert_eq!(shown, expected, "{input}");
    }
}

#[tokio::test]
async fn a_move_to_nowhere_is_refused_and_moves_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (course, other) = (
        factory::draft_course(&app, &author, 0).await,
        factory::draft_course(&app, &author, 0).await,
    );
    let units = texts(&author, &course.module, &["a", "b"]).await;
    let foreign = texts(&author, &other.module, &["x"]).await;
    let before = author.run_with(ORDER, json!({ "id": course.id })).await;
    let cases = [
        (json!({ "id": units[0], "position": 9 }), "INVALID", "position"),
        (json!({ "id": units[0], "position": -1 }), "INVALID", "position"),
        (
            json!({ "id": units[0], "position": 0, "after": units[1] }),
            "INVALID",
            "after",
        ),
        (
            json!({ "id": units[0], "after": foreign[0] }),
            "NOT_FOUND",
            "after",
        ),
        (json!({ "id": units[0], "after": units[0] }), "NOT_FOUND", "after"),
        (
            json!({ "id": units[0], "moduleId": other.module }),
            "NOT_FOUND",
            "moduleId",
        ),
        (
            json!({ "id": units[0], "expectedVersion": 7 }),
            "VERSION_CONFLICT",
            "expectedVersion",
        ),
    ];
    for (input, code, field) in cases {
        let refused = author.run_with(MOVE, json!({ "input": input })).await;
        assert_eq!(refused.codes(), code, "{input}");
        assert_eq!(
            refused.data("/unitMove/userErrors/0/field"),
            &json!([field]),
            "{input}"
        );
    }
    let after = author.run_with(ORDER, json!({ "id": course.id })).await;
    assert_eq!(before.body["data"], after.body["data"]);
}

#[tokio::test]
async fn two_authors_who_move_at_once_lose_no_unit_and_no_order() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let course = factory::draft_course(&app, &one, 0).await;
    let titles = ["a", "b", "c", "d", "e", "f"];
    let units = texts(&one, &module(&one, &course.id, "More").await, &titles).await;
    let shuffle = |author: Client, from: usize| {
        let units = units.clone();
        async move {
            for step in 0..10 {
                let (unit, behind) = (&units[(from + step) % 6], &units[(from + 3 * step + 1) % 6]);
                if unit == behind {
                    continue;
                }
                let input = json!({ "id": unit, "after": behind });
                assert_eq!(author.run_with(MOVE, json!({ "input": input })).await.codes(), "");
            }
        }
    };
    tokio::join!(shuffle(one.client.clone(), 0), shuffle(two.client.clone(), 3));
    let mut shown = order(&one, &course.id).await[1].clone();
    shown.sort();
    assert_eq!(shown, titles);
}

#[tokio::test]
async fn a_spot_takes_more_insertions_than_its_gap_has_room_for() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let module = module(&author, &course.id, "More").await;
    let units = texts(&author, &module, &["first", "x", "y", "last"]).await;
    for step in 0..130 {
        let unit = &units[1 + step % 2];
        let moved = author
            .run_with(MOVE, json!({ "input": { "id": unit, "after": units[0] } }))
            .await;
        assert_eq!(moved.data("/unitMove/unit/position"), &json!(1), "step {step}");
    }
    assert_eq!(order(&author, &course.id).await[1], ["first", "y", "x", "last"]);
}

#[tokio::test]
async fn who_edits_an_old_version_is_told_both_and_shown_what_is_stored() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let course = factory::draft_course(&app, &one, 0).await;
    let unit = &texts(&one, &course.module, &["a"]).await[0];
    let edit = "mutation($id: ID!, $title: String!, $version: Int) { unitUpdate(input: {id: $id, title: $title, expectedVersion: $version}) \
        { unit { title version } userErrors { code message } } }";
    let theirs = two
        .run_with(edit, json!({ "id": unit, "title": "Theirs", "version": 1 }))
        .await;
    assert_eq!(theirs.data("/unitUpdate/unit/version"), &json!(2));
    let mine = one
        .run_with(edit, json!({ "id": unit, "title": "Mine", "version": 1 }))
        .await;
    assert_eq!(mine.codes(), "VERSION_CONFLICT");
    let message = mine.text("/unitUpdate/userErrors/0/message");
    assert!(
        message.contains("version 1") && message.contains("version 2"),
        "{message}"
    );
    assert_eq!(
        mine.data("/unitUpdate/unit"),
        &json!({ "title": "Theirs", "version": 2 })
    );

    let rename = "mutation($id: ID!, $part: String, $version: Int) { moduleUpdate(input: {id: $id, title: \"New\", part: $part, expectedVersion: $version}) \
        { module { title part version } userErrors { code } } }";
    let module = &course.module;
    let renamed = one
        .run_with(rename, json!({ "id": module, "part": "I", "version": 1 }))
        .await;
    assert_eq!(
        renamed.data("/moduleUpdate/module"),
        &json!({ "title": "New", "part": "I", "version": 2 })
    );
    let stale = two
        .run_with(rename, json!({ "id": module, "part": null, "version": 1 }))
        .await;
    assert_eq!(stale.codes(), "VERSION_CONFLICT");
    let cleared = two
        .run_with(rename, json!({ "id": module, "part": null, "version": 2 }))
        .await;
    assert_eq!(cleared.data("/moduleUpdate/module/part"), &json!(null));
}

#[tokio::test]
async fn what_is_removed_from_a_draft_stays_in_what_was_published() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let remove = "mutation($id: ID!, $all: Boolean!) { moduleDelete(input: {id: $id, withUnits: $all}) \
        { deletedModuleId draft { modules { id } } userErrors { code field message } } }";
    let kept = author
        .run_with(remove, json!({ "id": course.module, "all": false }))
        .await;
    assert_eq!(kept.codes(), "IN_USE");
    assert_eq!(order(&author, &course.id).await[0].len(), 3);
    let delete = "mutation($id: ID!) { unitDelete(input: {id: $id}) { deletedUnitId draft { modules { units { id } } } userErrors { code } } }";
    let gone = author.run_with(delete, json!({ "id": course.quiz })).await;
    assert_eq!(gone.text("/unitDelete/deletedUnitId"), course.quiz);
    assert_eq!(
        author
            .run_with(delete, json!({ "id": course.quiz }))
            .await
            .codes(),
        "NOT_FOUND"
    );
    let removed = author
        .run_with(remove, json!({ "id": course.module, "all": true }))
        .await;
    assert_eq!(removed.data("/moduleDelete/draft/modules"), &json!([]));
    let read = "query($id: ID!) { course(id: $id) { modules { units { id } } } }";
    let seen = learner.run_with(read, json!({ "id": course.id })).await;
    assert_eq!(seen.data("/course/modules/0/units").as_array().unwrap().len(), 3);
}
