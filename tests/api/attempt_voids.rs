//! Attempts that are declared void.

use super::support::client::{Client, Reply};
use super::support::quiz::{self, Sitting, happened, save, start, states};
use super::support::{TestApp, factory};
use lyceum::domain::attempts::AttemptState::{Graded, Voided};
use serde_json::json;

async fn void(who: &Client, attempt: &str, reason: &str) -> Reply {
    let document = "mutation($input: AttemptVoidInput!) { attemptVoid(input: $input) { attempt { state points isPassed voidReason \
        items { review { isRight } } } userErrors { code field } } }";
    who.run_with(document, json!({ "input": { "id": attempt, "reason": reason } }))
        .await
}

#[tokio::test]
async fn a_voided_attempt_stays_to_be_seen_and_leaves_room_for_another() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let teacher = app.member("instructor").await;
    let course = quiz::course(
        &app,
        &author,
        0,
        json!({ "maxAttempts": 1, "cooldownSeconds": 600 }),
    )
    .await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One", "Many", "Word"]).await;
    sitting.submit().await;
    let refused = start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(refused.codes(), "NO_ATTEMPTS_LEFT");
    let reply = void(&teacher, &sitting.attempt, "The power failed.").await;
    assert_eq!(reply.codes(), "");
    let attempt = reply.data("/attemptVoid/attempt");
    for (field, expected) in [
        ("state", json!("VOIDED")),
        ("points", json!(3)),
        ("isPassed", json!(null)),
        ("voidReason", json!("The power failed.")),
    ] {
        assert_eq!(attempt[field], expected, "{field}");
    }
    assert!(attempt["items"][0]["review"].is_null());
    assert_eq!(happened(&app, "attempt.voided").await, 1);
    assert_eq!(
        void(&teacher, &sitting.attempt, "Again.").await.codes(),
        "INVALID_STATE"
    );
    let next = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
    assert_eq!(
        next.started["number"], 2,
        "without the pause, which begins at attempts that count"
    );
    let document = "query($id: ID!, $quiz: ID!) { enrollment(id: $id) { state quizResults(quizId: $quiz) { points attemptsTaken } } }";
    let reply = next
        .learner
        .run_with(document, json!({ "id": next.enrollment, "quiz": next.quiz }))
        .await;
    assert_eq!(
        reply.data("/enrollment/quizResults/0"),
        &json!({ "points": null, "attemptsTaken": 1 })
    );
    assert_eq!(
        reply.text("/enrollment/state"),
        "COMPLETED",
        "what it completed stays complete"
    );
}

#[tokio::test]
async fn an_open_attempt_that_is_voided_takes_nothing_more() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    assert_eq!(
        void(&owner, &sitting.attempt, "Started by mistake.")
            .await
            .codes(),
        ""
    );
    let question = sitting.question("Word");
    let late = save(
        &sitting.learner,
        &sitting.attempt,
        question,
        json!({ "text": "mut" }),
        None,
    )
    .await;
    assert_eq!(late.codes(), "INVALID_STATE");
    assert_eq!(sitting.submit().await.codes(), "INVALID_STATE");
    assert_eq!(states(&app).await, [(Voided, 1)]);
    assert_eq!(
        start(&sitting.learner, &sitting.enrollment, &sitting.quiz)
            .await
            .codes(),
        ""
    );
}

#[tokio::test]
async fn what_is_left_may_pass_without_it() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({ "counts": "FIRST" })).await;
    let first = Sitting::new(&app, &course).await;
    first.submit().await;
    let failed = first.attempt.clone();
    let second = Sitting::of(first.learner, first.enrollment, first.quiz).await;
    second.answer(&["One", "Many", "Word"]).await;
    second.submit().await;
    assert_eq!(
        happened(&app, "enrollment.completed").await,
        0,
        "the first counts"
    );
    assert_eq!(void(&owner, &failed, "The wrong room.").await.codes(), "");
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
    assert_eq!(states(&app).await, [(Graded, 1), (Voided, 1)]);
}

#[tokio::test]
async fn who_may_not_void_an_attempt_changes_nothing() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.submit().await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&sitting.learner.client, "FORBIDDEN"),
        (&app.learner().await.client, "NOT_FOUND"),
        (&author.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(void(who, &sitting.attempt, "Mine.").await.codes(), code);
    }
    assert_eq!(void(&owner, &sitting.attempt, " ").await.codes(), "INVALID");
    assert_eq!(void(&owner, &course.id, "No attempt.").await.codes(), "NOT_FOUND");
    assert_eq!(states(&app).await, [(Graded, 1)]);
}
