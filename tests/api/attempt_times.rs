//! Deadlines, and what happens once they are over.

use super::support::TestApp;
use super::support::learning::enroll;
use super::support::quiz::{self, Sitting, happened, start, states};
use futures_util::future::join_all;
use lyceum::domain::attempts::AttemptState::{Abandoned, Graded, InProgress};
use lyceum::jobs::sweeper;
use serde_json::json;
use std::time::{Duration, Instant};

/// Sweeps as several nodes do at once, until this attempt is closed. Attempts of other tests may be swept with it.
async fn sweep(app: &TestApp, sitting: &Sitting) {
    let begun = Instant::now();
    while sitting.read().await["state"] == "IN_PROGRESS" {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is never swept");
        for swept in join_all((0..4).map(|_| sweeper::run_once(&app.app))).await {
            swept.unwrap();
        }
    }
}

#[tokio::test]
async fn the_deadline_is_fixed_at_the_start() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    let read = |field: &str, attempt: &serde_json::Value| {
        chrono::DateTime::parse_from_rfc3339(attempt[field].as_str().unwrap()).unwrap()
    };
    let document = "query($id: ID!) { attempt(id: $id) { startedAt deadlineAt secondsLeft } }";
    let reply = sitting
        .learner
        .run_with(document, json!({ "id": sitting.attempt }))
        .await;
    let attempt = reply.data("/attempt");
    let given = read("deadlineAt", attempt) - read("startedAt", attempt);
    assert_eq!(given.num_milliseconds(), 600_000);
    let left = attempt["secondsLeft"].as_i64().unwrap();
    assert!((590..=600).contains(&left), "{left}");
    let again = start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(again.codes(), "ATTEMPT_OPEN", "a refresh gives no fresh try");
    assert_eq!(sitting.read().await["deadlineAt"], sitting.started["deadlineAt"]);
}

#[tokio::test]
async fn after_the_deadline_nothing_is_saved_and_what_was_saved_can_be_submitted_for_a_moment() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One"]).await;
    sitting.deadline_in(&app, -1).await;
    let late = sitting.save("Many", sitting.right("Many")).await;
    assert_eq!(late.codes(), "DEADLINE_PASSED");
    assert_eq!(
        late.data("/attemptAnswerSave/userErrors/0/field"),
        &json!(["attemptId"])
    );
    assert_eq!(sitting.read().await["secondsLeft"], 0);
    let reply = sitting.submit().await;
    assert_eq!(reply.codes(), "");
    let attempt = reply.data("/attemptSubmit/attempt");
    assert_eq!(attempt["points"], 1);
    assert_eq!(attempt["submittedAutomatically"], false);
    assert_eq!(attempt["items"][1]["answer"], json!(null));
}

#[tokio::test]
async fn a_submission_after_the_grace_is_refused_and_the_sweeper_submits_what_was_saved() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One", "Word", "Program"]).await;
    sitting.deadline_in(&app, -6).await;
    assert_eq!(sitting.submit().await.codes(), "DEADLINE_PASSED");
    sweep(&app, &sitting).await;
    let attempt = sitting.read().await;
    for (field, expected) in [
        ("state", json!("GRADED")),
        ("points", json!(3)),
        ("isPassed", json!(true)),
        ("submittedAutomatically", json!(true)),
    ] {
        assert_eq!(attempt[field], expected, "{field}");
    }
    assert_eq!(sitting.submit().await.codes(), "DEADLINE_PASSED");
    assert_eq!(
        sitting.save("Many", sitting.right("Many")).await.codes(),
        "DEADLINE_PASSED"
    );
    assert_eq!(happened(&app, "attempt.submitted").await, 1);
    assert_eq!(happened(&app, "attempt.graded").await, 1);
    assert_eq!(
        happened(&app, "certificate.issued").await,
        1,
        "a pass is a pass, whoever submits"
    );
}

#[tokio::test]
async fn an_attempt_without_any_answer_is_abandoned_and_counts() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let policy = json!({ "timeLimitSeconds": 600, "maxAttempts": 1, "passPercent": 0 });
    let course = quiz::course(&app, &author, 0, policy).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.deadline_in(&app, -6).await;
    sweep(&app, &sitting).await;
    let attempt = sitting.read().await;
    for (field, expected) in [
        ("state", json!("ABANDONED")),
        ("points", json!(null)),
        ("isPassed", json!(false)),
        ("submittedAutomatically", json!(true)),
    ] {
        assert_eq!(attempt[field], expected, "{field}");
    }
    assert!(
        attempt["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["review"].is_null())
    );
    let next = start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(next.codes(), "NO_ATTEMPTS_LEFT");
    assert_eq!(states(&app).await, [(Abandoned, 1)]);
    assert_eq!(happened(&app, "attempt.abandoned").await, 1);
    assert_eq!(happened(&app, "unit.completed").await, 0);
}

#[tokio::test]
async fn the_sweeper_leaves_what_is_not_due() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let timed = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let untimed = quiz::course(&app, &author, 0, json!({})).await;
    let (open, graceful, endless, due) = (
        Sitting::new(&app, &timed).await,
        Sitting::new(&app, &timed).await,
        Sitting::new(&app, &untimed).await,
        Sitting::new(&app, &timed).await,
    );
    due.deadline_in(&app, -3_600).await;
    graceful.deadline_in(&app, -1).await;
    sweep(&app, &due).await;
    assert_eq!(states(&app).await, [(Abandoned, 1), (InProgress, 3)]);
    for sitting in [&open, &graceful, &endless] {
        assert_eq!(sitting.submit().await.codes(), "");
    }
    assert_eq!(states(&app).await, [(Abandoned, 1), (Graded, 3)]);
}

#[tokio::test]
async fn a_learner_who_left_is_graded_by_the_sweeper_and_completes_the_quiz_but_not_the_course() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One", "Many", "Word", "Program"]).await;
    quiz::withdraw(&app, &sitting.enrollment).await;
    sitting.deadline_in(&app, -6).await;
    sweep(&app, &sitting).await;
    assert_eq!(sitting.read().await["points"], 4);
    assert_eq!(happened(&app, "unit.completed").await, 1);
    assert_eq!(happened(&app, "enrollment.completed").await, 0);
}

#[tokio::test]
async fn quizzes_have_their_own_attempts() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (one, two) = (
        quiz::course(&app, &author, 0, json!({})).await,
        quiz::course(&app, &author, 0, json!({})).await,
    );
    let first = Sitting::new(&app, &one).await;
    let enrollment = enroll(&first.learner, &two.id).await;
    let second = start(&first.learner, &enrollment, &two.quiz).await;
    assert_eq!(second.data("/attemptStart/attempt/number"), &json!(1));
    assert_eq!(states(&app).await, [(InProgress, 2)]);
}
