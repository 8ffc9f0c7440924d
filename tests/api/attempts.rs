//! How learners take attempts, who sees them, and what is refused.

use super::support::client::Client;
use super::support::learning::{enroll, statements};
use super::support::quiz::{self, Sitting, happened, save, start, states, submit, withdraw};
use super::support::{TestApp, factory};
use lyceum::domain::attempts::AttemptState::{Graded, InProgress};
use serde_json::{Value, json};

#[tokio::test]
async fn a_learner_starts_saves_submits_and_completes_the_course() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let started = &sitting.started;
    for (field, expected) in [
        ("number", json!(1)),
        ("state", json!("IN_PROGRESS")),
        ("deadlineAt", json!(null)),
        ("secondsLeft", json!(null)),
        ("points", json!(null)),
        ("isPassed", json!(null)),
        ("maxPoints", json!(4)),
        ("passPoints", json!(2.4)),
        ("quiz", json!({ "id": course.quiz })),
        ("enrollment", json!({ "id": sitting.enrollment })),
    ] {
        assert_eq!(started[field], expected, "{field}");
    }
    sitting.answer(&["One", "Many", "Program"]).await;
    sitting.save("Word", json!({ "text": "let" })).await;
    let reply = sitting.submit().await;
    assert_eq!(reply.codes(), "");
    let graded = reply.data("/attemptSubmit/attempt");
    for (field, expected) in [
        ("state", json!("GRADED")),
        ("submittedAutomatically", json!(false)),
        ("points", json!(3)),
        ("isPassed", json!(true)),
    ] {
        assert_eq!(graded[field], expected, "{field}");
    }
    let right: Vec<_> = graded["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["text"], &item["review"]["isRight"]))
        .collect();
    let expected = [("One", true), ("Many", true), ("Word", false), ("Program", true)];
    let expected = expected.map(|(text, right)| (json!(text), json!(right)));
    assert_eq!(right, expected.each_ref().map(|(text, right)| (text, right)));
    let after = sitting
        .learner
        .run_with(
            "query($id: ID!) { enrollment(id: $id) { state progress { percent } certificate { code } attempts { totalCount nodes { id number } } } }",
            json!({ "id": sitting.enrollment }),
        )
        .await;
    assert_eq!(after.text("/enrollment/state"), "COMPLETED");
    assert!(after.data("/enrollment/certificate/code").is_string());
    assert_eq!(
        after.data("/enrollment/attempts"),
        &json!({ "totalCount": 1, "nodes": [{ "id": sitting.attempt, "number": 1 }] })
    );
    for kind in [
        "attempt.started",
        "attempt.submitted",
        "attempt.graded",
        "unit.completed",
        "enrollment.completed",
        "certificate.issued",
    ] {
        assert_eq!(happened(&app, kind).await, 1, "{kind}");
    }
    assert_eq!(happened(&app, "attempt.answer_saved").await, 4);
}

#[tokio::test]
async fn a_failed_attempt_completes_nothing_and_the_next_one_may() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "maxAttempts": 3 })).await;
    let first = Sitting::new(&app, &course).await;
    first.answer(&["One", "Many"]).await;
    let failed = first.submit().await;
    assert_eq!(failed.data("/attemptSubmit/attempt/points"), &json!(2));
    assert_eq!(failed.data("/attemptSubmit/attempt/isPassed"), &json!(false));
    assert_eq!(happened(&app, "unit.completed").await, 0);
    let second = Sitting::of(first.learner, first.enrollment, first.quiz).await;
    assert_eq!(second.started["number"], 2);
    second.answer(&["One", "Many", "Word"]).await;
    second.submit().await;
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
    let third = Sitting::of(second.learner, second.enrollment, second.quiz).await;
    assert_eq!(
        third.started["number"], 3,
        "a completed enrolment may take its quizzes again"
    );
    let failed = third.submit().await;
    assert_eq!(
        failed.data("/attemptSubmit/attempt/points"),
        &json!(0),
        "nothing was saved"
    );
    assert_eq!(happened(&app, "enrollment.completed").await, 1);
    let fourth = start(&third.learner, &third.enrollment, &third.quiz).await;
    assert_eq!(fourth.codes(), "NO_ATTEMPTS_LEFT");
    assert_eq!(
        fourth.data("/attemptStart/userErrors/0/field"),
        &json!(["quizId"])
    );
    assert_eq!(states(&app).await, [(Graded, 3)]);
}

#[tokio::test]
async fn who_cannot_start_is_told_why_and_no_attempt_is_made() {
    let app = TestApp::new().await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let course = quiz::course(&app, &author, 1, json!({})).await;
    let other = quiz::course(&app, &author, 0, json!({})).await;
    let enrollment = enroll(&learner, &course.id).await;
    let classmate = app.learner().await;
    let stranger = app.elsewhere().await.owner().await;
    let text = &course.texts[0];
    let cases: [(&Client, &str, &str, &str); 9] = [
        (&classmate.client, &enrollment, &course.quiz, "NOT_FOUND"),
        (&stranger.client, &enrollment, &course.quiz, "NOT_FOUND"),
        (&owner.client, &enrollment, &course.quiz, "FORBIDDEN"),
        (&app.anonymous(), &enrollment, &course.quiz, "UNAUTHENTICATED"),
        (&learner.client, &enrollment, text, "NOT_FOUND"),
        (&learner.client, &enrollment, &other.quiz, "NOT_FOUND"),
        (&learner.client, &enrollment, &course.id, "NOT_FOUND"),
        (&learner.client, &course.id, &course.quiz, "NOT_FOUND"),
        (&learner.client, "enr_", "", "NOT_FOUND"),
    ];
    for (who, enrollment, quiz, code) in cases {
        assert_eq!(
            start(who, enrollment, quiz).await.codes(),
            code,
            "{enrollment} {quiz}"
        );
    }
    withdraw(&app, &enrollment).await;
    assert_eq!(
        start(&learner, &enrollment, &course.quiz).await.codes(),
        "NOT_ENROLLED"
    );
    assert_eq!(states(&app).await, []);
    assert_eq!(happened(&app, "attempt.started").await, 0);
}

#[tokio::test]
async fn a_saved_answer_is_answered_as_it_is_stored_and_its_version_counts_up() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let saved = |reply: super::support::client::Reply| reply.data("/attemptAnswerSave/answer").clone();
    let empty = json!({ "choices": null, "text": null, "tracing": null, "version": 1 });
    let stored = |field: &str, value: Value| {
        let mut stored = empty.clone();
        stored[field] = value;
        stored
    };
    let word = saved(sitting.save("Word", json!({ "text": " Let " })).await);
    assert_eq!(word, stored("text", json!(" Let ")));
    let one = saved(sitting.save("One", sitting.right("One")).await);
    assert_eq!(one, stored("choices", json!([sitting.option("One", "right")])));
    let mut both = [sitting.option("Many", "a"), sitting.option("Many", "b")];
    both.sort_by_key(|key| key.as_str());
    let many = saved(sitting.save("Many", sitting.right("Many")).await);
    assert_eq!(many, stored("choices", json!(both)));
    let program = json!({ "compiles": false, "stdout": null, "line": 3 });
    let traced = saved(
        sitting
            .save("Program", json!({ "tracing": { "compiles": false, "line": 3 } }))
            .await,
    );
    assert_eq!(traced, stored("tracing", program));
    let question = sitting.question("Word");
    for (expected, text, code) in [
        (Some(0), "x", "VERSION_CONFLICT"),
        (Some(2), "x", "VERSION_CONFLICT"),
        (Some(-1), "x", "VERSION_CONFLICT"),
        (Some(1), "mut", ""),
        (Some(1), "x", "VERSION_CONFLICT"),
        (None, "const", ""),
    ] {
        let reply = save(
            &sitting.learner,
            &sitting.attempt,
            question,
            json!({ "text": text }),
            expected,
        )
        .await;
        assert_eq!(reply.codes(), code, "{expected:?} {text}");
    }
    let items = sitting.read().await["items"].clone();
    assert_eq!(items[2]["answer"]["text"], "const");
    assert_eq!(items[2]["answer"]["version"], 3);
}

#[tokio::test]
async fn an_answer_that_is_not_the_questions_or_the_learners_is_refused_and_not_stored() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let other = quiz::course(&app, &author, 0, json!({})).await;
    let (sitting, elsewhere) = (
        Sitting::new(&app, &course).await,
        Sitting::new(&app, &other).await,
    );
    let me = &sitting.learner.client;
    let stranger = app.elsewhere().await.owner().await;
    let text = json!({ "text": "mut" });
    let (word, one) = (sitting.question("Word"), sitting.question("One"));
    let foreign_option = json!({ "choice": sitting.option("Many", "a") });
    let cases: [(&Client, &str, Value, &str); 12] = [
        (&elsewhere.learner.client, word, text.clone(), "NOT_FOUND"),
        (&stranger.client, word, text.clone(), "NOT_FOUND"),
        (&owner.client, word, text.clone(), "FORBIDDEN"),
        (&app.anonymous(), word, text.clone(), "UNAUTHENTICATED"),
        (me, elsewhere.question("Word"), text.clone(), "NOT_FOUND"),
        (me, &course.quiz, text.clone(), "NOT_FOUND"),
        (me, one, text.clone(), "INVALID"),
        (me, one, foreign_option, "INVALID"),
        (me, word, json!({ "text": "x".repeat(10_001) }), "INVALID"),
        (me, word, json!({ "text": "a\u{0}b" }), "BAD_USER_INPUT"),
        (me, word, json!({ "text": "a", "choice": "b" }), "BAD_USER_INPUT"),
        (me, word, json!({}), "BAD_USER_INPUT"),
    ];
    for (who, question, answer, code) in cases {
        let reply = save(who, &sitting.attempt, question, answer.clone(), None).await;
        assert_eq!(reply.codes(), code, "{answer}: {:#}", reply.body);
    }
    withdraw(&app, &sitting.enrollment).await;
    assert_eq!(sitting.save("Word", text).await.codes(), "NOT_ENROLLED");
    assert_eq!(sitting.submit().await.codes(), "NOT_ENROLLED");
    let items = sitting.read().await["items"].clone();
    assert!(
        items
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["answer"].is_null())
    );
    assert_eq!(happened(&app, "attempt.answer_saved").await, 0);
    assert_eq!(states(&app).await, [(InProgress, 2)]);
}

#[tokio::test]
async fn nobody_submits_for_somebody_else() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let stranger = app.elsewhere().await.owner().await;
    let classmate = app.learner().await;
    for (who, code) in [
        (&classmate.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&owner.client, "FORBIDDEN"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(submit(who, &sitting.attempt).await.codes(), code);
    }
    assert_eq!(submit(&sitting.learner, &course.id).await.codes(), "NOT_FOUND");
    assert_eq!(states(&app).await, [(InProgress, 1)]);
}

#[tokio::test]
async fn a_request_that_is_sent_twice_under_one_key_has_one_effect() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let learner = app.learner().await;
    let enrollment = enroll(&learner, &course.id).await;
    let document = "mutation($input: AttemptStartInput!) { attemptStart(input: $input) { attempt { id } userErrors { code } } }";
    let input = |quiz: &str| json!({ "input": { "enrollmentId": enrollment, "quizId": quiz, "idempotencyKey": "k" } });
    let first = learner.run_with(document, input(&course.quiz)).await;
    let again = learner.run_with(document, input(&course.quiz)).await;
    let attempt = first.text("/attemptStart/attempt/id");
    assert_eq!(again.text("/attemptStart/attempt/id"), attempt);
    assert_eq!(
        learner.run_with(document, input(&course.id)).await.codes(),
        "NOT_FOUND",
        "an id that is none is refused before the key is looked at"
    );
    let document = "mutation($id: ID!) { attemptSubmit(input: {attemptId: $id, idempotencyKey: \"k\"}) { attempt { state } userErrors { code } } }";
    for _ in 0..2 {
        let reply = learner.run_with(document, json!({ "id": attempt })).await;
        assert_eq!(reply.text("/attemptSubmit/attempt/state"), "GRADED");
    }
    assert_eq!(submit(&learner, attempt).await.codes(), "INVALID_STATE");
    assert_eq!(states(&app).await, [(Graded, 1)]);
    assert_eq!(happened(&app, "attempt.graded").await, 1);
}

#[tokio::test]
async fn an_attempt_stays_in_the_revision_that_its_enrolment_is_pinned_to() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let questions = json!([{ "text": "New", "answer": { "shortText": { "accepted": ["new"] } } }]);
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code } } }";
    let variables = json!({ "id": course.quiz, "quiz": { "questions": questions } });
    assert_eq!(author.run_with(edit, variables).await.codes(), "");
    factory::publish(&author, &course.id).await;
    sitting.answer(&["One", "Many", "Word", "Program"]).await;
    assert_eq!(
        sitting.submit().await.data("/attemptSubmit/attempt/points"),
        &json!(4)
    );
    let again = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
    assert_eq!(again.started["maxPoints"], 4);
    let newcomer = Sitting::new(&app, &course).await;
    assert_eq!(newcomer.started["maxPoints"], 1);
    assert_eq!(newcomer.started["items"][0]["text"], "New");
}

#[tokio::test]
async fn a_submission_costs_as_many_statements_for_many_questions_as_for_few() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let document = "mutation($id: ID!) { attemptSubmit(input: {attemptId: $id}) { userErrors { code } } }";
    let mut counted = Vec::new();
    for questions in [1, 60] {
        let question =
            |n: u32| json!({ "text": format!("Q{n}"), "answer": { "shortText": { "accepted": ["yes"] } } });
        let questions: Vec<_> = (0..questions).map(question).collect();
        let course = quiz::course_of(&app, &author, 1, json!({ "passPercent": 100 }), json!(questions)).await;
        let sitting = Sitting::new(&app, &course).await;
        for item in sitting.started["items"].as_array().unwrap() {
            let question = item["questionId"].as_str().unwrap();
            save(
                &sitting.learner,
                &sitting.attempt,
                question,
                json!({ "text": "no" }),
                None,
            )
            .await;
        }
        let (_, failed) =
            statements(&app, &sitting.learner, document, json!({ "id": sitting.attempt })).await;
        let again = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
        for item in again.started["items"].as_array().unwrap() {
            let question = item["questionId"].as_str().unwrap();
            save(
                &again.learner,
                &again.attempt,
                question,
                json!({ "text": "yes" }),
                None,
            )
            .await;
        }
        let (_, passed) = statements(&app, &again.learner, document, json!({ "id": again.attempt })).await;
        counted.push((failed, passed));
    }
    // Standing, lock, reading, grading, records; on a pass the completion; and the attempt read anew for the payload.
    assert_eq!(counted, [(6, 7), (6, 7)]);
}
