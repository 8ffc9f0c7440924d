//! Receipts prove what was submitted and how it was graded, and replays find out what was changed.

use super::support::TestApp;
use super::support::client::Client;
use super::support::factory;
use super::support::quiz::{self, Sitting};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ed25519_dalek::{Signature, VerifyingKey};
use lyceum::jobs::sweeper;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const RECEIPT: &str =
    "number kind document grading hash signature keyId issuedAt points pointsBefore issuedBy { id } reason";

async fn receipts(who: &Client, attempt: &str) -> Vec<Value> {
    let document =
        format!("query($id: ID!) {{ attempt(id: $id) {{ receipt {{ number }} receipts {{ {RECEIPT} }} }} }}");
    let reply = who.run_with(&document, json!({ "id": attempt })).await;
    let receipts = reply.data("/attempt/receipts").as_array().unwrap().clone();
    let newest = receipts
        .last()
        .map_or(Value::Null, |last| json!({ "number": last["number"] }));
    assert_eq!(reply.data("/attempt/receipt"), &newest);
    receipts
}

async fn replay(who: &Client, attempt: &str) -> Value {
    let document = "query($id: ID!) { attemptReplay(attemptId: $id) { matches grade recomputed differences { path recorded recomputed } } }";
    who.run_with(document, json!({ "id": attempt }))
        .await
        .data("/attemptReplay")
        .clone()
}

fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// Verifies a receipt as anybody would, with what the API tells without an account; gives its document.
async fn verified(app: &TestApp, receipt: &Value) -> Value {
    let reply = app
        .anonymous()
        .run("{ receiptKeys { keyId algorithm publicKey isCurrent } }")
        .await;
    let keys = reply.data("/receiptKeys").as_array().unwrap();
    let key = keys.iter().find(|key| key["keyId"] == receipt["keyId"]).unwrap();
    assert_eq!(
        (&key["algorithm"], &key["isCurrent"]),
        (&json!("Ed25519"), &json!(true))
    );
    let bytes = |value: &Value| BASE64.decode(value.as_str().unwrap()).unwrap();
    let public = VerifyingKey::from_bytes(&bytes(&key["publicKey"]).try_into().unwrap()).unwrap();
    let signature = Signature::from_slice(&bytes(&receipt["signature"])).unwrap();
    let document = receipt["document"].as_str().unwrap();
    public.verify_strict(document.as_bytes(), &signature).unwrap();
    assert_eq!(receipt["hash"], sha256(document));
    serde_json::from_str(document).unwrap()
}

#[tokio::test]
async fn a_submitted_attempt_has_a_receipt_that_anybody_can_verify() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(
        &app,
        &author,
        0,
        json!({ "shuffleQuestions": true, "timeLimitSeconds": 600 }),
    )
    .await;
    let sitting = Sitting::new(&app, &course).await;
    assert_eq!(
        receipts(&sitting.learner, &sitting.attempt).await,
        [] as [Value; 0]
    );
    sitting.answer(&["One", "Many"]).await;
    sitting
        .save("Word", json!({ "text": "CANARY of the learner" }))
        .await;
    sitting
        .save("Word", json!({ "text": "CANARY of the learner, changed" }))
        .await;
    sitting.submit().await;
    let [receipt] = &receipts(&sitting.learner, &sitting.attempt).await[..] else {
        panic!("one receipt")
    };
    assert_eq!(
        (&receipt["kind"], &receipt["points"], &receipt["issuedBy"]),
        (&json!("SUBMITTED"), &json!(2), &Value::Null)
    );
    let document = verified(&app, receipt).await;
    for (field, expected) in [
        ("attempt", json!(sitting.attempt)),
        ("enrollment", json!(sitting.enrollment)),
        ("quiz", json!(sitting.quiz)),
        ("outcome", json!("graded")),
        ("points", json!(200)),
        ("maxPoints", json!(400)),
        ("submittedAutomatically", json!(false)),
        ("previous", Value::Null),
    ] {
        assert_eq!(document[field], expected, "{field}");
    }
    let items: Vec<_> = document["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["question"])
        .collect();
    let shown: Vec<_> = sitting.started["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["questionId"])
        .collect();
    assert_eq!(items, shown, "in the order in which they were shown");
    let answers = document["answers"].as_array().unwrap();
    let word = answers
        .iter()
        .find(|answer| answer["question"] == sitting.question("Word"))
        .unwrap();
    assert_eq!((answers.len(), &word["version"]), (3, &json!(2)));
    assert!(
        !receipt.to_string().contains("CANARY"),
        "answers are there by reference alone"
    );
    assert!(!receipt.to_string().contains(&app.slug));
}

#[tokio::test]
async fn the_points_of_each_answer_are_told_with_the_review_and_not_before() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let closed = quiz::course(&app, &author, 0, json!({ "review": "AFTER_PASSING" })).await;
    for (answered, open) in [(&["One"][..], false), (&["One", "Many", "Word"][..], true)] {
        let sitting = Sitting::new(&app, &closed).await;
        sitting.answer(answered).await;
        sitting.submit().await;
        let own = &receipts(&sitting.learner, &sitting.attempt).await[0];
        let staff = &receipts(&owner, &sitting.attempt).await[0];
        assert_eq!(own["grading"].is_null(), !open);
        let grading = staff["grading"].as_str().unwrap();
        assert_eq!(
            verified(&app, own).await["grading"],
            sha256(grading),
            "it is the one that was meant from the beginning"
        );
        let grading: Value = serde_json::from_str(grading).unwrap();
        assert_eq!(grading["answers"].as_array().unwrap().len(), answered.len());
        assert_eq!(grading["points"], json!(100 * answered.len()));
    }
}

#[tokio::test]
async fn the_services_own_submission_and_what_people_grade_have_receipts_too() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One"]).await;
    sitting.deadline_in(&app, -10).await;
    while sitting.read().await["state"] == "IN_PROGRESS" {
        sweeper::run_once(&app.app).await.unwrap();
    }
    let swept = &receipts(&sitting.learner, &sitting.attempt).await[0];
    assert_eq!(verified(&app, swept).await["submittedAutomatically"], true);
    let essay = quiz::essay(&app, &author).await;
    let first = receipts(&essay.learner, &essay.attempt).await;
    assert_eq!((first.len(), &first[0]["points"]), (1, &Value::Null));
    assert_eq!(verified(&app, &first[0]).await["outcome"], "needs_grading");
    let document =
        "mutation($input: AttemptGradeInput!) { attemptGrade(input: $input) { userErrors { code } } }";
    let items = json!([{ "questionId": essay.question("Essay"), "points": 0.5 }]);
    let input = json!({ "attemptId": essay.attempt, "items": items });
    assert_eq!(
        owner.run_with(document, json!({ "input": input })).await.codes(),
        ""
    );
    let both = receipts(&owner, &essay.attempt).await;
    assert_eq!(
        both[0]["document"], first[0]["document"],
        "a receipt is written once"
    );
    assert_eq!(
        (&both[1]["kind"], &both[1]["points"]),
        (&json!("GRADED"), &json!(0.5))
    );
    assert_eq!(both[1]["issuedBy"]["id"], owner.member.to_string());
    assert_eq!(verified(&app, &both[1]).await["previous"], both[0]["hash"]);
    assert_eq!(replay(&owner, &essay.attempt).await["matches"], true);
}

#[tokio::test]
async fn a_replay_comes_to_the_same_grade_and_finds_a_row_that_was_changed() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let teacher = app.member("instructor").await;
    let course = quiz::course(&app, &author, 0, json!({ "shuffleQuestions": true })).await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let sitting = Sitting::new(&app, &course).await;
    assert_eq!(
        replay(&teacher, &sitting.attempt).await,
        Value::Null,
        "while it is open"
    );
    sitting.answer(&["One", "Word", "Program"]).await;
    sitting.submit().await;
    let same = json!({ "matches": true, "grade": 3, "recomputed": 3, "differences": [] });
    assert_eq!(replay(&teacher, &sitting.attempt).await, same);
    for (change, undo, path) in [
        (
            "update attempts set points = 400",
            "update attempts set points = 300",
            "points",
        ),
        (
            "update attempt_answers set version = version + 1",
            "update attempt_answers set version = version - 1",
            "answers.0.version",
        ),
        (
            "update attempts set seed = seed + 1",
            "update attempts set seed = seed - 1",
            "seed",
        ),
        (
            "update attempt_answers set points = points + 1",
            "update attempt_answers set points = points - 1",
            "stored.",
        ),
    ] {
        factory::sql(&app, change).await;
        let found = replay(&teacher, &sitting.attempt).await;
        assert_eq!(found["matches"], false, "{change}");
        let differences = found["differences"].as_array().unwrap();
        assert!(
            differences
                .iter()
                .any(|it| it["path"].as_str().unwrap().starts_with(path)),
            "{change}: {found}"
        );
        factory::sql(&app, undo).await;
    }
    let text = "update attempt_answers set answer = '{\"text\": \"other\"}' where answer ? 'text'";
    factory::sql(&app, text).await;
    let found = replay(&teacher, &sitting.attempt).await;
    assert_eq!((&found["grade"], &found["recomputed"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn who_may_not_grade_an_attempt_replays_nothing() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.submit().await;
    let stranger = app.elsewhere().await.owner().await;
    for who in [
        &sitting.learner.client,
        &author.client,
        &app.member("instructor").await.client,
        &stranger.client,
        &app.anonymous(),
    ] {
        assert_eq!(replay(who, &sitting.attempt).await, Value::Null);
    }
    let voided =
        "mutation($id: ID!) { attemptVoid(input: {id: $id, reason: \"Void.\"}) { userErrors { code } } }";
    let owner = app.owner().await;
    assert_eq!(
        owner
            .run_with(voided, json!({ "id": sitting.attempt }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        replay(&owner, &sitting.attempt).await["matches"],
        true,
        "what is void was not changed"
    );
}

#[tokio::test]
async fn receipts_are_not_rewritten() {
    let app = TestApp::new().await;
    for statement in [
        "update attempt_receipts set points = 1",
        "delete from attempt_receipts",
    ] {
        let error = factory::try_sql(&app, statement).await.unwrap_err();
        assert!(error.contains("permission denied"), "{error}");
    }
}
