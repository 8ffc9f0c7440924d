//! Essays: what no key can grade waits for people.

use super::support::client::{Client, Reply};
use super::support::quiz::{self, Sitting, happened, states};
use super::support::{TestApp, factory, learning};
use lyceum::domain::attempts::AttemptState::{Graded, NeedsGrading};
use serde_json::{Value, json};

async fn grade(who: &Client, attempt: &str, items: Value) -> Reply {
    let document = "mutation($input: AttemptGradeInput!) { attemptGrade(input: $input) { attempt { state points isPassed items { text \
        review { isRight points feedback right { text } } } } userErrors { code field } } }";
    let input = json!({ "attemptId": attempt, "items": items });
    who.run_with(document, json!({ "input": input })).await
}

/// A submitted attempt at a quiz of two essays of ten and five points and a word, and one who teaches the course.
async fn submitted(app: &TestApp) -> (Sitting, Client) {
    let author = app.member("author").await;
    let questions = json!([
        { "text": "Long", "points": 10, "answer": { "essay": { "sample": "CANARY" } } },
        { "text": "Short", "points": 5, "answer": { "essay": {} } },
        { "text": "Word", "answer": { "shortText": { "accepted": ["mut"] } } },
        { "text": "Blank", "answer": { "essay": {} } },
    ]);
    let course = quiz::course_of(app, &author, 0, json!({ "passPercent": 50 }), questions).await;
    let teacher = app.member("instructor").await;
    factory::teaches(app, teacher.member, &course.id).await;
    let sitting = Sitting::new(app, &course).await;
    for (question, text) in [
        ("Long", "A long essay."),
        ("Short", "A short one."),
        ("Word", "mut"),
    ] {
        let reply = sitting.save(question, json!({ "text": text })).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let reply = sitting.submit().await;
    assert_eq!(reply.text("/attemptSubmit/attempt/state"), "NEEDS_GRADING");
    (sitting, teacher.client)
}

fn said(sitting: &Sitting, question: &str, points: f64) -> Value {
    json!({ "questionId": sitting.question(question), "points": points, "feedback": format!("Of {question}.") })
}

#[tokio::test]
async fn an_attempt_with_essays_is_graded_with_the_last_of_them_and_completes_what_it_passes() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let waiting = sitting.read().await;
    assert_eq!(
        (&waiting["points"], &waiting["isPassed"]),
        (&json!(null), &json!(null))
    );
    let items = waiting["items"].as_array().unwrap();
    assert!(
        items.iter().all(|item| item["review"].is_null()),
        "no review before the grade"
    );
    assert!(!waiting.to_string().contains("CANARY"));
    assert_eq!(happened(&app, "attempt.submitted").await, 1);
    assert_eq!(happened(&app, "attempt.graded").await, 0);

    let first = grade(&teacher, &sitting.attempt, json!([said(&sitting, "Long", 1.0)])).await;
    assert_eq!(first.codes(), "");
    assert_eq!(first.text("/attemptGrade/attempt/state"), "NEEDS_GRADING");
    let both = json!([said(&sitting, "Short", 0.0), said(&sitting, "Long", 7.5)]);
    let last = grade(&teacher, &sitting.attempt, both).await;
    assert_eq!(last.codes(), "");
    let attempt = last.data("/attemptGrade/attempt");
    assert_eq!(attempt["state"], "GRADED");
    assert_eq!(
        (&attempt["points"], &attempt["isPassed"]),
        (&json!(8.5), &json!(true))
    );
    let long =
        json!({ "isRight": false, "points": 7.5, "feedback": "Of Long.", "right": [{ "text": "CANARY" }] });
    assert_eq!(attempt["items"][0]["review"], long);
    assert_eq!(
        attempt["items"][3]["review"]["points"], 0,
        "what was not answered earns nothing"
    );
    for kind in [
        "attempt.graded",
        "unit.completed",
        "enrollment.completed",
        "certificate.issued",
    ] {
        assert_eq!(happened(&app, kind).await, 1, "{kind}");
    }
    assert_eq!(happened(&app, "attempt.answers_graded").await, 2);
    let again = grade(&teacher, &sitting.attempt, json!([said(&sitting, "Long", 10.0)])).await;
    assert_eq!(again.codes(), "INVALID_STATE");
    assert_eq!(sitting.read().await["points"], 8.5);
}

#[tokio::test]
async fn a_grade_that_was_a_mistake_is_mended_with_a_reason_and_the_receipts_keep_both() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let both = json!([said(&sitting, "Short", 5.0), said(&sitting, "Long", 0.0)]);
    assert_eq!(grade(&teacher, &sitting.attempt, both).await.codes(), "");
    let anew = async |reason: Value| {
        let document = "mutation($input: AttemptGradeInput!) { attemptGrade(input: $input) { attempt { points isPassed \
            receipts { kind points pointsBefore reason issuedBy { id } } } userErrors { code field } } }";
        let items = json!([said(&sitting, "Long", 9.0)]);
        let input = json!({ "attemptId": sitting.attempt, "items": items, "reason": reason });
        teacher.run_with(document, json!({ "input": input })).await
    };
    for (reason, code, field) in [
        (Value::Null, "INVALID_STATE", "attemptId"),
        (json!(" "), "INVALID", "reason"),
        (json!("x".repeat(1_001)), "INVALID", "reason"),
    ] {
        let refused = anew(reason).await;
        assert_eq!(refused.codes(), code, "{field}");
        assert_eq!(refused.data("/attemptGrade/userErrors/0/field"), &json!([field]));
    }
    assert_eq!(sitting.read().await["points"], 6);
    let mended = anew(json!("I had read the wrong essay.")).await;
    assert_eq!(mended.codes(), "", "{:#}", mended.body);
    let attempt = mended.data("/attemptGrade/attempt");
    assert_eq!(
        (&attempt["points"], &attempt["isPassed"]),
        (&json!(15), &json!(true))
    );
    let receipts = attempt["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 3);
    let (graded, regraded) = (&receipts[1], &receipts[2]);
    assert_eq!(
        (&graded["kind"], &graded["points"]),
        (&json!("GRADED"), &json!(6))
    );
    assert_eq!(
        (&regraded["kind"], &regraded["pointsBefore"], &regraded["points"]),
        (&json!("REGRADED"), &json!(6), &json!(15))
    );
    assert_eq!(regraded["reason"], "I had read the wrong essay.");
    let replay = "query($id: ID!) { attemptReplay(attemptId: $id) { matches grade recomputed } }";
    let replay = teacher.run_with(replay, json!({ "id": sitting.attempt })).await;
    assert_eq!(
        replay.data("/attemptReplay"),
        &json!({ "matches": true, "grade": 15, "recomputed": 15 })
    );
    for (kind, times) in [
        ("attempt.graded", 1),
        ("attempt.regraded", 1),
        ("unit.completed", 1),
    ] {
        assert_eq!(happened(&app, kind).await, times, "{kind}");
    }
    assert_eq!(states(&app).await, [(Graded, 1)]);
}

#[tokio::test]
async fn what_is_graded_once_the_time_is_over_completes_the_course_when_that_is_extended() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let owner = app.owner().await;
    factory::change(&app, "update enrollments set state = 'expired'").await;
    let both = json!([said(&sitting, "Short", 5.0), said(&sitting, "Long", 10.0)]);
    assert_eq!(grade(&teacher, &sitting.attempt, both).await.codes(), "");
    assert_eq!(happened(&app, "unit.completed").await, 1);
    assert_eq!(happened(&app, "enrollment.completed").await, 0);
    let more = json!({ "expiresAt": null });
    let extended = learning::act(&owner, "enrollmentExtend", &sitting.enrollment, more).await;
    assert_eq!(
        extended.text("/enrollmentExtend/enrollment/state"),
        "COMPLETED",
        "{:#}",
        extended.body
    );
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
    assert_eq!(happened(&app, "certificate.issued").await, 1);
}

#[tokio::test]
async fn what_is_graded_while_its_learner_is_away_completes_the_course_when_they_come_back() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let (learner, enrollment) = (&sitting.learner, &sitting.enrollment);
    let left = learning::act(learner, "enrollmentWithdraw", enrollment, json!({})).await;
    assert_eq!(left.codes(), "", "{:#}", left.body);
    let both = json!([said(&sitting, "Short", 5.0), said(&sitting, "Long", 10.0)]);
    assert_eq!(grade(&teacher, &sitting.attempt, both).await.codes(), "");
    assert_eq!(learning::state(learner, enrollment).await, "WITHDRAWN");
    assert_eq!(happened(&app, "certificate.issued").await, 0);
    let course = "query($id: ID!) { enrollment(id: $id) { course { id } } }";
    let course = learner.run_with(course, json!({ "id": enrollment })).await;
    learning::enroll(learner, course.text("/enrollment/course/id")).await;
    assert_eq!(learning::state(learner, enrollment).await, "COMPLETED");
    assert_eq!(happened(&app, "certificate.issued").await, 1);
}

#[tokio::test]
async fn an_essay_that_fails_completes_nothing() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let both = json!([said(&sitting, "Short", 5.0), said(&sitting, "Long", 0.0)]);
    let reply = grade(&teacher, &sitting.attempt, both).await;
    let attempt = reply.data("/attemptGrade/attempt");
    assert_eq!(
        (&attempt["points"], &attempt["isPassed"]),
        (&json!(6), &json!(false))
    );
    assert_eq!(happened(&app, "unit.completed").await, 0);
    assert_eq!(states(&app).await, [(Graded, 1)]);
}

#[tokio::test]
async fn who_does_not_teach_the_course_grades_nothing() {
    let app = TestApp::new().await;
    let (sitting, _) = submitted(&app).await;
    let (author, manager, other) = (
        app.member("author").await,
        app.member("manager").await,
        app.member("instructor").await,
    );
    factory::group(&app, manager.member, &[sitting.learner.member]).await;
    let stranger = app.elsewhere().await.owner().await;
    let items = json!([said(&sitting, "Long", 10.0), said(&sitting, "Short", 5.0)]);
    for (who, code, name) in [
        (&sitting.learner.client, "FORBIDDEN", "the learner"),
        (&app.learner().await.client, "NOT_FOUND", "another learner"),
        (&author.client, "NOT_FOUND", "who wrote it"),
        (&manager.client, "FORBIDDEN", "who manages the learner"),
        (&other.client, "NOT_FOUND", "who teaches something else"),
        (&stranger.client, "NOT_FOUND", "another academy's owner"),
        (&app.anonymous(), "UNAUTHENTICATED", "nobody"),
    ] {
        let reply = grade(who, &sitting.attempt, items.clone()).await;
        assert_eq!(reply.codes(), code, "{name}: {:#}", reply.body);
    }
    assert_eq!(states(&app).await, [(NeedsGrading, 1)]);
    assert_eq!(happened(&app, "attempt.answers_graded").await, 0);
}

#[tokio::test]
async fn a_grade_that_cannot_be_given_is_refused_at_its_field_and_none_of_them_is() {
    let app = TestApp::new().await;
    let (sitting, teacher) = submitted(&app).await;
    let other = quiz::essay(&app, &app.member("author").await).await;
    let short = said(&sitting, "Short", 5.0);
    let with = |field: &str, value: Value| {
        let mut item = said(&sitting, "Long", 10.0);
        item[field] = value;
        json!([short, item])
    };
    let at = |field: &str| json!(["items", "1", field]);
    for (items, code, field) in [
        (json!([]), "INVALID", json!(["items"])),
        (with("points", json!(10.01)), "INVALID", at("points")),
        (with("points", json!(-1)), "INVALID", at("points")),
        (
            with("feedback", json!("x".repeat(10_001))),
            "INVALID",
            at("feedback"),
        ),
        (
            with("questionId", json!(sitting.question("Word"))),
            "INVALID",
            at("questionId"),
        ),
        (
            with("questionId", json!(sitting.question("Short"))),
            "INVALID",
            at("questionId"),
        ),
        (
            with("questionId", json!(other.question("Essay"))),
            "NOT_FOUND",
            at("questionId"),
        ),
        (with("questionId", json!("qst_")), "NOT_FOUND", at("questionId")),
        (
            json!([short, said(&sitting, "Blank", 1.0)]),
            "INVALID",
            json!(["items"]),
        ),
    ] {
        let reply = grade(&teacher, &sitting.attempt, items.clone()).await;
        assert_eq!(reply.codes(), code, "{items} {:#}", reply.body);
        assert_eq!(reply.data("/attemptGrade/userErrors/0/field"), &field, "{items}");
    }
    assert_eq!(states(&app).await, [(NeedsGrading, 2)]);
    assert_eq!(happened(&app, "attempt.answers_graded").await, 0);
    let open = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
    let early = grade(&teacher, &open.attempt, json!([said(&open, "Long", 10.0)])).await;
    assert_eq!(early.codes(), "INVALID_STATE");
}

#[tokio::test]
async fn nobody_grades_an_essay_of_their_own() {
    let app = TestApp::new().await;
    let questions = json!([{ "text": "Essay", "answer": { "essay": {} } }]);
    let course = quiz::course_of(&app, &app.member("author").await, 0, json!({}), questions).await;
    let (owner, other) = (app.owner().await, app.owner().await);
    let enrollment = learning::enroll(&owner, &course.id).await;
    let sitting = Sitting::of(owner, enrollment, course.quiz.clone()).await;
    sitting.save("Essay", json!({ "text": "Mine." })).await;
    assert_eq!(sitting.submit().await.codes(), "");
    let items = json!([said(&sitting, "Essay", 1.0)]);
    let own = grade(&sitting.learner, &sitting.attempt, items.clone()).await;
    assert_eq!(own.codes(), "FORBIDDEN");
    assert_eq!(states(&app).await, [(NeedsGrading, 1)]);
    assert_eq!(grade(&other, &sitting.attempt, items).await.codes(), "");
}
