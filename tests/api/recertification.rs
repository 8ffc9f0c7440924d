//! What a former cycle leaves behind, and what of it holds in the next: nothing but what was achieved.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{self, act, event_now, happened, record, state};
use super::support::quiz::{self, Sitting};
use super::support::world_units::{assignment, hand_in};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

/// Gives all points to the essay of an attempt.
async fn grade_essay(who: &Client, sitting: &Sitting, reason: Value) -> Reply {
    let item = json!({ "questionId": sitting.question("Essay"), "points": 1 });
    let input = json!({ "attemptId": sitting.attempt, "items": [item], "reason": reason });
    who.mutate("attemptGrade", &input, "attempt { state isPassed }")
        .await
}

/// A published course of a quiz and of an assignment, which is the unit named.
async fn course_with_assignment(app: &TestApp, author: &Person, more: Value) -> (factory::Course, String) {
    let course = factory::draft_course(app, author, 0).await;
    let unit = factory::unit(author, &course.module, "An assignment", assignment(more)).await;
    factory::publish(author, &course.id).await;
    (course, unit)
}

async fn grade_work(who: &Client, submission: &str, reason: Value) {
    let input = json!({ "id": submission, "points": 10, "reason": reason });
    let reply = who
        .mutate("submissionGrade", &input, "submission { isPassed }")
        .await;
    assert_eq!(reply.data("/submissionGrade/submission/isPassed"), &json!(true));
}

/// Lets the learners have been let in so long ago.
async fn enrolled_before(app: &TestApp, time: &str) {
    let then = format!("now() - interval '{time}'");
    let sql = format!("update enrollments set enrolled_at = {then}, started_at = {then}");
    factory::change(app, &sql).await;
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

#[tokio::test]
async fn an_assignment_is_handed_in_in_time_and_passed_in_each_cycle() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let more = json!({ "maxSubmissions": 1, "due": { "daysAfterEnrollment": 2 } });
    let (course, unit) = course_with_assignment(&app, &author, more).await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    for cycle in 1..=2 {
        let input = json!({ "enrollmentId": enrollment, "unitId": unit, "text": "My work." });
        let answer = "submission { id number isLate }";
        let reply = learner.mutate("submissionCreate", &input, answer).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let submission = reply.data("/submissionCreate/submission");
        assert_eq!(
            (&submission["number"], &submission["isLate"]),
            (&json!(cycle), &json!(false))
        );
        let more = learner.mutate("submissionCreate", &input, answer).await;
        assert_eq!(more.codes(), "NO_ATTEMPTS_LEFT");
        grade_work(&owner, submission["id"].as_str().unwrap(), Value::Null).await;
        let passed = learner.mutate("submissionCreate", &input, answer).await;
        assert_eq!(passed.codes(), "INVALID_STATE");
        assert!(learning::pass(&app, &enrollment, &course.quiz).await);
        assert_eq!(state(&learner, &enrollment).await, "COMPLETED");
        enrolled_before(&app, "9 days").await;
        reopen(&owner, &enrollment).await;
    }
    assert_eq!(happened(&app, "certificate.issued").await, (2, 2));
}

#[tokio::test]
async fn work_that_is_graded_late_completes_nothing_of_the_next_cycle() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let (course, unit) = course_with_assignment(&app, &author, json!({})).await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    let former = hand_in(&learner, &enrollment, &unit).await;
    learning::pass(&app, &enrollment, &unit).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    reopen(&owner, &enrollment).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    for reason in [Value::Null, json!("Read once more.")] {
        grade_work(&owner, &former, reason).await;
        assert_eq!(state(&learner, &enrollment).await, "ACTIVE");
    }
    let present = hand_in(&learner, &enrollment, &unit).await;
    grade_work(&owner, &present, Value::Null).await;
    assert_eq!(state(&learner, &enrollment).await, "COMPLETED");
    assert_eq!(happened(&app, "certificate.issued").await, (2, 2));
}

#[tokio::test]
async fn days_count_from_the_beginning_of_the_cycle() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::draft_course(&app, &author, 1).await;
    let text = &course.texts[0];
    let rules = json!({ "id": text, "rules": [{ "afterDays": 1 }] });
    author.does("unitReleaseSet", rules).await;
    factory::publish(&author, &course.id).await;
    let enrollment = learning::enroll(&learner, &course.id).await;
    enrolled_before(&app, "9 days").await;
    let times = "query($id: ID!) { enrollment(id: $id) { enrolledAt startedAt } }";
    let first = learner.run_with(times, json!({ "id": enrollment })).await;
    assert_eq!(
        first.data("/enrollment/startedAt"),
        first.data("/enrollment/enrolledAt")
    );
    learning::read(&learner, &enrollment, &course.texts).await;
    assert!(learning::pass(&app, &enrollment, &course.quiz).await);
    reopen(&owner, &enrollment).await;
    let early = record(&learner, &enrollment, &[event_now(&app, text, "STARTED")]).await;
    assert_eq!(early.codes(), "LOCKED");
    let read = "query($id: ID!) { course(id: $id) { modules { units { access { state } } } } }";
    let seen = learner.run_with(read, json!({ "id": course.id })).await;
    assert_eq!(seen.text("/course/modules/0/units/0/access/state"), "LOCKED");
    let again = learner.run_with(times, json!({ "id": enrollment })).await;
    let at = |field: &str| again.text(&format!("/enrollment/{field}")).to_owned();
    assert_eq!(
        again.data("/enrollment/enrolledAt"),
        first.data("/enrollment/enrolledAt")
    );
    let day = |text: String| chrono::DateTime::parse_from_rfc3339(&text).unwrap();
    assert_eq!((day(at("startedAt")) - day(at("enrolledAt"))).num_days(), 9);
}

#[tokio::test]
async fn the_pause_after_an_attempt_ends_with_its_cycle() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = quiz::course(&app, &author, 0, json!({ "cooldownSeconds": 3600 })).await;
    let sitting = Sitting::new(&app, &course).await;
    assert_eq!(sitting.submit().await.codes(), "");
    let start = async || quiz::start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(start().await.codes(), "COOLDOWN");
    learning::pass(&app, &sitting.enrollment, &sitting.quiz).await;
    reopen(&owner, &sitting.enrollment).await;
    assert_eq!(start().await.codes(), "", "as the result of the quiz tells");
}
