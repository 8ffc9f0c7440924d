//! When attempts may be started, how long they last, and which of them counts.

use super::support::client::Reply;
use super::support::factory;
use super::support::learning::enroll;
use super::support::quiz::{self, Sitting, happened, start, states, submit};
use super::support::{TestApp, servers};
use chrono::{DateTime, TimeDelta, Utc};
use lyceum::domain::attempts::AttemptState::{Graded, InProgress};
use lyceum::jobs::sweeper;
use lyceum::kernel::ids::{CourseKey, Key};
use serde_json::{Value, json};

/// Moves the ends of all closed attempts back.
async fn minutes_pass(app: &TestApp, minutes: i32) {
    let sql = format!("update attempts set submitted_at = submitted_at - interval '{minutes} minutes'");
    factory::sql(app, &sql).await;
}

fn message(reply: &Reply) -> String {
    let errors = reply.data("/attemptStart/userErrors");
    assert_eq!(errors[0]["field"], json!(["quizId"]), "{errors}");
    errors[0]["message"].as_str().unwrap_or_default().to_owned()
}

/// Starts an attempt and says why it may not be.
async fn refused(sitting: &Sitting) -> Reply {
    let document = "mutation($input: AttemptStartInput!) { attemptStart(input: $input) { userErrors { code field message } } }";
    let input = json!({ "enrollmentId": sitting.enrollment, "quizId": sitting.quiz });
    sitting
        .learner
        .run_with(document, json!({ "input": input }))
        .await
}

/// How the learner stands in the quiz.
async fn result(sitting: &Sitting) -> Value {
    let document = "query($id: ID!, $quiz: ID!) { enrollment(id: $id) { quizResults(quizId: $quiz) { points maxPoints isPassed \
        attempt { number } attemptsTaken attemptsLeft nextAttemptAt quiz { id } } } }";
    let variables = json!({ "id": sitting.enrollment, "quiz": sitting.quiz });
    let reply = sitting.learner.run_with(document, variables).await;
    reply.data("/enrollment").clone()["quizResults"][0].clone()
}

/// Takes another attempt with so many right answers.
async fn take(sitting: Sitting, right: usize) -> Sitting {
    let next = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
    next.answer(&["One", "Many", "Word", "Program"][..right]).await;
    assert_eq!(next.submit().await.codes(), "");
    next
}

#[tokio::test]
async fn a_quiz_takes_attempts_between_its_opening_and_its_closing_and_at_no_other_time() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let now = app.app.clock.now();
    let at = |minutes: i64| json!(now + TimeDelta::minutes(minutes));
    for (policy, expected) in [
        (json!({ "opensAt": at(5) }), "opens at"),
        (json!({ "closesAt": at(-5) }), "was closed at"),
        (json!({ "opensAt": at(-9), "closesAt": at(-5) }), "was closed at"),
    ] {
        let course = quiz::course(&app, &author, 0, policy).await;
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        let document = "mutation($input: AttemptStartInput!) { attemptStart(input: $input) { userErrors { code field message } } }";
        let input = json!({ "enrollmentId": enrollment, "quizId": course.quiz });
        let reply = learner.run_with(document, json!({ "input": input })).await;
        assert_eq!(reply.codes(), "LOCKED");
        assert!(message(&reply).contains(expected), "{:#}", reply.body);
    }
    assert_eq!(states(&app).await, []);
    let open = quiz::course(
        &app,
        &author,
        0,
        json!({ "opensAt": at(-5), "closesAt": at(5), "timeLimitSeconds": 3600 }),
    )
    .await;
    let sitting = Sitting::new(&app, &open).await;
    let deadline: DateTime<Utc> = sitting.started["deadlineAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(json!(deadline), at(5), "no deadline is later than the closing");
    let endless = quiz::course(&app, &author, 0, json!({ "closesAt": at(5) })).await;
    let sitting = Sitting::new(&app, &endless).await;
    let deadline: DateTime<Utc> = sitting.started["deadlineAt"].as_str().unwrap().parse().unwrap();
    assert_eq!(json!(deadline), at(5));
}

#[tokio::test]
async fn dates_are_instants_whatever_a_place_does_to_its_clocks() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    // Half past two came twice in Berlin, on the night to the 26th of October 2025: an hour apart.
    let policy = json!({ "opensAt": "2025-10-26T02:30:00+02:00", "closesAt": "2099-10-25T02:30:00+01:00", "timeLimitSeconds": 7200 });
    let course = quiz::course(&app, &author, 0, policy).await;
    let document = "query($id: ID!) { course(id: $id) { modules { units { ... on QuizUnit { policy { opensAt closesAt } } } } } }";
    let shown = author.run_with(document, json!({ "id": course.id })).await;
    let policy = shown.data("/course/modules/0/units/0/policy");
    let read = |field: &str| -> DateTime<Utc> { policy[field].as_str().unwrap().parse().unwrap() };
    assert_eq!(
        read("opensAt"),
        "2025-10-26T00:30:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    assert_eq!(
        read("closesAt"),
        "2099-10-25T01:30:00Z".parse::<DateTime<Utc>>().unwrap()
    );
}

#[tokio::test]
async fn no_change_of_clocks_makes_a_day_shorter_or_longer_whatever_zone_the_database_is_in() {
    let app = TestApp::new().await;
    let zone = servers::admin().await.query_one("show timezone", &[]).await;
    assert_eq!(zone.unwrap().get::<_, &str>(0), "Europe/Berlin");
    let utc = "(select where current_setting('TimeZone') = 'UTC') as utc";
    assert_eq!(factory::count(&app, utc).await, 1, "a node counts in UTC");
}

#[tokio::test]
async fn a_node_whose_clock_jumps_moves_no_deadline() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let policy = json!({ "timeLimitSeconds": 120, "maxAttempts": 2, "cooldownSeconds": 600 });
    let course = quiz::course(&app, &author, 0, policy).await;
    let sitting = Sitting::new(&app, &course).await;
    app.app.clock.advance(TimeDelta::minutes(20));
    sitting.answer(&["One"]).await;
    sweeper::run_once(&app.app).await.unwrap();
    let attempt = sitting.read().await;
    assert_eq!(attempt["state"], "IN_PROGRESS");
    assert!(attempt["secondsLeft"].as_i64().unwrap() > 60, "{attempt}");
    assert_eq!(sitting.submit().await.codes(), "");
    app.app.clock.advance(TimeDelta::minutes(20));
    assert_eq!(refused(&sitting).await.codes(), "COOLDOWN");
}

#[tokio::test]
async fn the_grace_is_the_quizs_own() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for (grace, seconds) in [(0, 0), (60, 60)] {
        let policy = json!({ "timeLimitSeconds": 600, "graceSeconds": grace });
        let course = quiz::course(&app, &author, 0, policy).await;
        let sitting = Sitting::new(&app, &course).await;
        let document = "query($id: ID!) { attempt(id: $id) { deadlineAt overdueAt } }";
        let reply = sitting
            .learner
            .run_with(document, json!({ "id": sitting.attempt }))
            .await;
        let read = |path: &str| -> DateTime<Utc> { reply.text(path).parse().unwrap() };
        assert_eq!(
            read("/attempt/overdueAt") - read("/attempt/deadlineAt"),
            TimeDelta::seconds(seconds)
        );
    }
}

#[tokio::test]
async fn the_next_attempt_waits_for_the_pause_between_attempts() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let policy = json!({ "cooldownSeconds": 600, "maxAttempts": 2 });
    let course = quiz::course(&app, &author, 0, policy).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.submit().await;
    let early = refused(&sitting).await;
    assert_eq!(early.codes(), "COOLDOWN");
    let next = result(&sitting).await["nextAttemptAt"]
        .as_str()
        .unwrap()
        .to_owned();
    let next: DateTime<Utc> = next.parse().unwrap();
    let shown = next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert!(message(&early).contains(&shown), "{:#}", early.body);
    minutes_pass(&app, 9).await;
    assert_eq!(refused(&sitting).await.codes(), "COOLDOWN");
    assert_eq!(states(&app).await, [(Graded, 1)]);
    minutes_pass(&app, 2).await;
    let second = Sitting::of(sitting.learner, sitting.enrollment, sitting.quiz).await;
    assert_eq!(states(&app).await, [(Graded, 1), (InProgress, 1)]);
    second.submit().await;
    assert_eq!(
        refused(&second).await.codes(),
        "NO_ATTEMPTS_LEFT",
        "whatever the pause"
    );
}

#[tokio::test]
async fn what_counts_is_what_the_quiz_says() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    // Points of three attempts out of 4, of which 3 pass.
    for (counts, points, number, passed_after) in [
        ("HIGHEST", json!(4), json!(2), 2),
        ("LATEST", json!(1), json!(3), 2),
        ("FIRST", json!(2), json!(1), 9),
        ("AVERAGE", json!(2.33), Value::Null, 2),
    ] {
        let policy = json!({ "counts": counts, "passPercent": 75, "maxAttempts": 5 });
        let course = quiz::course(&app, &author, 0, policy).await;
        let first = Sitting::new(&app, &course).await;
        assert_eq!(result(&first).await["points"], Value::Null, "{counts}");
        let before = happened(&app, "unit.completed").await;
        first.answer(&["One", "Many"]).await;
        first.submit().await;
        let second = take(first, 4).await;
        let completed = happened(&app, "unit.completed").await - before;
        assert_eq!(completed, i64::from(passed_after == 2), "{counts}");
        let third = take(second, 1).await;
        let standing = result(&third).await;
        assert_eq!(standing["points"], points, "{counts}: {standing}");
        assert_eq!(standing["maxPoints"], 4);
        assert_eq!(standing["attempt"]["number"], number, "{counts}");
        assert_eq!(standing["isPassed"], json!(counts == "HIGHEST"), "{counts}");
        assert_eq!(
            (&standing["attemptsTaken"], &standing["attemptsLeft"]),
            (&json!(3), &json!(2))
        );
        let completed = happened(&app, "unit.completed").await - before;
        assert_eq!(
            completed,
            i64::from(passed_after == 2),
            "{counts}: what is complete stays complete"
        );
    }
}

#[tokio::test]
async fn a_quiz_of_another_course_has_no_result() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (one, two) = (
        quiz::course(&app, &author, 1, json!({})).await,
        quiz::course(&app, &author, 0, json!({})).await,
    );
    let sitting = Sitting::new(&app, &one).await;
    let mut sitting = sitting;
    for other in [&two.quiz, &one.texts[0], &one.id] {
        sitting.quiz.clone_from(other);
        assert_eq!(result(&sitting).await, Value::Null);
    }
}

#[tokio::test]
async fn a_review_may_open_when_the_quiz_is_closed_to_everybody() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let closes = app.app.clock.now() + TimeDelta::minutes(5);
    let policy = json!({ "review": "AFTER_CLOSING", "closesAt": closes });
    let course = quiz::course(&app, &author, 0, policy).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&["One"]).await;
    let reply = submit(&sitting.learner, &sitting.attempt).await;
    assert_eq!(reply.data("/attemptSubmit/attempt/points"), &json!(1));
    assert!(!reply.mentions("CANARY"), "not before it is closed");
    app.app.clock.advance(TimeDelta::minutes(10));
    assert!(
        !sitting.read().await.to_string().contains("CANARY"),
        "the database's clock says when"
    );
    let past = quiz::course(
        &app,
        &author,
        0,
        json!({ "review": "AFTER_CLOSING", "closesAt": closes }),
    )
    .await;
    let sitting = Sitting::new(&app, &past).await;
    sitting.submit().await;
    // As if the quiz had closed meanwhile: a revision is read once, so before any node has read it.
    let edit = format!(
        "insert into course_revisions (org_id, id, course_id, number, format, content, published_by) \
         select org_id, gen_random_uuid(), course_id, 2, format, regexp_replace(content, '\"closes_at\":\"[^\"]*\"', \
         '\"closes_at\":\"2020-01-01T00:00:00Z\"'), published_by from course_revisions where course_id = '{}'; \
         update attempts set revision_id = r.id from course_revisions r where r.course_id = attempts.course_id and r.number = 2; \
         insert into revision_answer_keys select r.org_id, r.id, k.answer_keys from course_revisions r \
         join course_revisions o on o.org_id = r.org_id and o.course_id = r.course_id and o.number = 1 \
         join revision_answer_keys k on k.org_id = o.org_id and k.revision_id = o.id where r.number = 2",
        CourseKey::parse(&past.id).unwrap().id.0
    );
    factory::sql(&app, &edit).await;
    assert!(
        !sitting.read().await.to_string().contains("CANARY"),
        "others sit at it in the current revision, where it closes later"
    );
    let current = "update courses set revision_id = r.id from course_revisions r where r.course_id = courses.id and r.number = 2";
    factory::sql(&app, current).await;
    assert!(sitting.read().await.to_string().contains("CANARY"));
}

#[tokio::test]
async fn options_stay_in_the_authors_order_where_the_policy_says_so() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({ "shuffleOptions": false })).await;
    for _ in 0..4 {
        let sitting = Sitting::new(&app, &course).await;
        let options = sitting.item("One")["options"].as_array().unwrap();
        let texts: Vec<_> = options
            .iter()
            .map(|option| option["text"].as_str().unwrap())
            .collect();
        assert_eq!(texts, ["right", "wrong", "false", "bad"]);
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_kept_is_refused_at_its_field() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { \
        userErrors { code field } } }";
    for (policy, field) in [
        (json!({ "graceSeconds": -1 }), "graceSeconds"),
        (json!({ "cooldownSeconds": 0 }), "cooldownSeconds"),
        (
            json!({ "opensAt": "2026-01-02T00:00:00Z", "closesAt": "2026-01-01T00:00:00Z" }),
            "closesAt",
        ),
        (json!({ "review": "AFTER_CLOSING" }), "review"),
    ] {
        let variables = json!({ "id": course.quiz, "quiz": { "policy": policy } });
        let reply = author.run_with(edit, variables).await;
        assert_eq!(reply.codes(), "INVALID", "{policy}");
        let expected = json!(["content", "quiz", "policy", field]);
        assert_eq!(reply.data("/unitUpdate/userErrors/0/field"), &expected);
    }
    let learner = app.learner().await;
    let enrollment = enroll(&learner, &course.id).await;
    assert_eq!(start(&learner, &enrollment, &course.quiz).await.codes(), "");
}
