//! What a refused move says of the moves that there are.

use super::support::client::Client;
use super::support::learning::enroll;
use super::support::quiz::{self, Sitting};
use super::support::surveys::{answers, draft, opened, respond};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

/// Sends a mutation that is refused for a state, and reads the move that was refused.
async fn refused(who: &Client, mutation: &str, input: Value) -> Value {
    let answer = "userErrors { transition { from to allowed } }";
    let reply = who.mutate(mutation, &input, answer).await;
    assert_eq!(reply.codes(), "INVALID_STATE", "{mutation}: {:#}", reply.body);
    reply
        .data(&format!("/{mutation}/userErrors/0/transition"))
        .clone()
}

fn transition(from: &str, to: Option<&str>, allowed: &[&str]) -> Value {
    json!({ "from": from, "to": to, "allowed": allowed })
}

#[tokio::test]
async fn a_refused_move_says_from_where_to_where_and_which_there_are() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = quiz::course(&app, &author, 0, json!({ "maxAttempts": 3 })).await;
    let sitting = Sitting::new(&app, &course).await;
    let enrollment = json!({ "enrollmentId": sitting.enrollment });
    assert_eq!(
        refused(&owner, "enrollmentApprove", enrollment).await,
        transition("ACTIVE", Some("ACTIVE"), &["COMPLETED", "EXPIRED", "WITHDRAWN"])
    );
    sitting.answer(&["One"]).await;
    assert_eq!(sitting.submit().await.codes(), "");
    let late = json!({ "attemptId": sitting.attempt, "questionId": sitting.question("One"), "answer": sitting.right("One") });
    assert_eq!(
        refused(&sitting.learner, "attemptAnswerSave", late).await,
        transition("GRADED", None, &["VOIDED"])
    );
    let void = json!({ "id": sitting.attempt, "reason": "A test." });
    owner.does("attemptVoid", void.clone()).await;
    assert_eq!(
        refused(&owner, "attemptVoid", void).await,
        transition("VOIDED", Some("VOIDED"), &[])
    );
    let member = json!({ "memberId": author.member.to_string() });
    assert_eq!(
        refused(&owner, "membershipRestore", member).await,
        transition("ACTIVE", Some("ACTIVE"), &["SUSPENDED", "REMOVED"])
    );
    assert_eq!(
        refused(&owner, "courseRestore", json!({ "id": course.id })).await,
        transition("PUBLISHED", Some("PUBLISHED"), &["ARCHIVED"])
    );
    let survey = draft(&author, &course.id, json!({})).await;
    assert_eq!(
        refused(&author, "surveyClose", json!({ "id": survey })).await,
        transition("DRAFT", Some("CLOSED"), &["OPEN"])
    );
}

#[tokio::test]
async fn what_is_refused_for_another_reason_names_no_move() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let enrollment = enroll(&learner, &course).await;
    let survey = opened(&author, &course, json!({})).await;
    assert_eq!(
        respond(&learner, &enrollment, &survey, &answers(1, 1))
            .await
            .codes(),
        ""
    );
    let again = json!({ "enrollmentId": enrollment, "surveyId": survey, "answers": answers(1, 1) });
    assert_eq!(refused(&learner, "surveyRespond", again).await, Value::Null);
}
