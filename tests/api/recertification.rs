//! What a former cycle leaves behind, and what of it holds in the next: nothing but what was achieved.

use super::support::TestApp;
use super::support::client::{Client, Reply};
use super::support::learning::{self, act, happened, state};
use super::support::quiz::{self, Sitting};
use serde_json::{Value, json};

/// Gives all points to the essay of an attempt.
async fn grade_essay(who: &Client, sitting: &Sitting, reason: Value) -> Reply {
    let item = json!({ "questionId": sitting.question("Essay"), "points": 1 });
    let input = json!({ "attemptId": sitting.attempt, "items": [item], "reason": reason });
    who.mutate("attemptGrade", &input, "attempt { state isPassed }")
        .await
}

async fn reopen(owner: &Client, enrollment: &str) {
    let reply = act(owner, "enrollmentReopen", enrollment, json!({})).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
}

#[tokio::test]
async fn an_attempt_that_is_graded_late_completes_nothing_of_the_next_cycle() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let former = quiz::essay(&app, &author).await;
    assert!(learning::pass(&app, &former.enrollment, &former.quiz).await);
    reopen(&owner, &former.enrollment).await;
    for reason in [Value::Null, json!("Read once more.")] {
        let reply = grade_essay(&owner, &former, reason).await;
        let passed = json!({ "state": "GRADED", "isPassed": true });
        assert_eq!(reply.data("/attemptGrade/attempt"), &passed, "{:#}", reply.body);
        assert_eq!(state(&former.learner, &former.enrollment).await, "ACTIVE");
        assert_eq!(happened(&app, "certificate.issued").await, (1, 1));
    }
    let present = Sitting::of(former.learner, former.enrollment, former.quiz).await;
    let reply = present.save("Essay", json!({ "text": "Another essay." })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    assert_eq!(present.submit().await.codes(), "");
    assert_eq!(grade_essay(&owner, &present, Value::Null).await.codes(), "");
    assert_eq!(state(&present.learner, &present.enrollment).await, "COMPLETED");
    assert_eq!(happened(&app, "certificate.issued").await, (2, 2));
}
