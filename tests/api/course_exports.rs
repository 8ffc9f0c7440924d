//! A course leaves as it came: its organisation exports all of it.

use super::support::client::{Client, Reply};
use super::support::{TestApp, banks, factory, operators, uploads};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

async fn export(who: &Client, course: &str, revision: Option<i32>) -> Reply {
    let document = "mutation($id: ID!, $revision: Int) { courseExport(input: {id: $id, revision: $revision}) \
        { export { format revision document sha256 assets { id fileName url } } userErrors { code field } } }";
    let variables = json!({ "id": course, "revision": revision });
    who.run_with(document, variables).await
}

fn document(reply: &Reply) -> Value {
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let text = reply.text("/courseExport/export/document");
    let hash = hex::encode(Sha256::digest(text));
    assert_eq!(reply.text("/courseExport/export/sha256"), hash);
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn an_author_exports_a_draft_and_each_edition_with_all_that_is_in_them() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let asset = uploads::picture(&app, &author).await;
    let text = json!({ "text": { "body": format!("Later. ![shown](asset:{asset})") } });
    let added = factory::unit(&author, &course.module, "Added", text).await;
    let rule = "mutation($id: ID!, $after: ID!) { unitReleaseSet(input: {id: $id, rules: [{afterUnit: $after}]}) { userErrors { code } } }";
    let ruled = json!({ "id": added, "after": course.texts[0] });
    assert_eq!(author.run_with(rule, ruled).await.codes(), "");

    let published = export(&author, &course.id, Some(1)).await;
    let edition = document(&published);
    assert_eq!(edition["format"], published.text("/courseExport/export/format"));
    assert_eq!(
        (&edition["format"], &edition["revision"]),
        (&json!("lyceum.course/1"), &json!(1))
    );
    assert_eq!(edition["course"]["id"], json!(course.id));
    let units = |document: &Value| {
        document["content"]["modules"][0]["units"]
            .as_array()
            .unwrap()
            .clone()
    };
    assert_eq!(units(&edition).len(), 2);
    assert!(edition.to_string().contains("Read **this**."));
    let keys = edition["answer_keys"].as_object().unwrap();
    assert_eq!(keys.len(), 2, "what is right in both questions");
    assert!(edition["answer_keys"].to_string().contains("EXPLANATION-CANARY"));
    assert_eq!(published.data("/courseExport/export/assets"), &json!([]));

    let drafted = export(&author, &course.id, None).await;
    let draft = document(&drafted);
    assert_eq!(draft["revision"], Value::Null);
    let last = units(&draft)[2].clone();
    assert_eq!(last["title"], "Added");
    assert!(last["release"].is_array(), "its rules go with it: {last:#}");
    let file = drafted.data("/courseExport/export/assets/0");
    assert_eq!(file["id"], json!(asset));
    assert!(file["url"].is_string(), "{file:#}");
    let audited = factory::audit(&app, "course.exported").await;
    let revisions: Vec<_> = audited
        .iter()
        .map(|(_, detail)| detail["revision"].clone())
        .collect();
    assert_eq!(revisions, [json!(1), Value::Null]);
}

#[tokio::test]
async fn who_may_not_edit_a_course_exports_nothing_of_it() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let (teacher, stranger) = (
        app.member("instructor").await,
        app.elsewhere().await.owner().await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    for (who, code) in [
        (&learner.client, "FORBIDDEN"),
        (&teacher.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        let refused = export(who, &course.id, None).await;
        assert_eq!(refused.codes(), code);
        assert!(!refused.mentions("EXPLANATION-CANARY"));
    }
    let refused = export(&author, &course.id, Some(2)).await;
    assert_eq!(refused.codes(), "NOT_FOUND");
    assert_eq!(
        refused.data("/courseExport/userErrors/0/field"),
        &json!(["revision"])
    );
    assert_eq!(factory::audit(&app, "course.exported").await.len(), 0);
    factory::teaches(&app, teacher.member, &course.id).await;
    assert_eq!(
        export(&teacher, &course.id, None).await.codes(),
        "",
        "who teaches it edits it"
    );
}

#[tokio::test]
async fn who_edits_a_course_and_may_not_read_what_is_right_in_it_exports_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let grants = json!({ "courses.read": ["all"], "courses.read_draft": ["all"], "courses.update": ["all"] });
    let editor = app.member(&factory::role(&app, grants).await).await;
    let operator = operators::operator(&app).await;
    operators::let_in(
        &app,
        &app.owner().await,
        &operator,
        &["COURSES_READ", "COURSES_UPDATE"],
    )
    .await;
    for who in [&editor.client, &operator.client] {
        for revision in [None, Some(1)] {
            let refused = export(who, &course.id, revision).await;
            assert_eq!(refused.codes(), "FORBIDDEN", "{:#}", refused.body);
            assert!(refused.mentions("questions.key.read"), "{:#}", refused.body);
            assert!(!refused.mentions("EXPLANATION-CANARY"));
        }
    }
    assert_eq!(factory::audit(&app, "course.exported").await.len(), 0);
}

#[tokio::test]
async fn a_course_that_draws_from_a_bank_is_exported_by_who_may_read_the_bank() {
    let app = TestApp::new().await;
    let (author, teacher) = (app.member("author").await, app.member("instructor").await);
    let bank = banks::bank(&app, &author).await;
    banks::question(&author, &bank, banks::short("Drawn", "CANARY"), &[]).await;
    let course = banks::draft(&app, &author, json!([{ "bankId": bank, "draw": 1 }])).await;
    factory::publish(&author, &course.id).await;
    factory::teaches(&app, teacher.member, &course.id).await;
    for revision in [None, Some(1)] {
        let refused = export(&teacher, &course.id, revision).await;
        assert_eq!(refused.codes(), "FORBIDDEN", "{:#}", refused.body);
        assert!(!refused.mentions("CANARY"));
        let whole = document(&export(&author, &course.id, revision).await);
        assert!(whole["answer_keys"].to_string().contains("CANARY"));
    }
}
