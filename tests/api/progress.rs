//! What devices report, and what comes of it.

use super::support::client::Reply;
use super::support::factory::Course;
use super::support::learning::{self, enroll, event, record, statements, uuid};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const UNITS: &str = "query($id: ID!) { enrollment(id: $id) { state progress { unitsCompleted percent } nextUnit { id } \
    unitProgress { unit { id } state seconds position completedAt } } }";

async fn units(who: &super::support::app::Person, enrollment: &str) -> Value {
    let reply = who.run_with(UNITS, json!({ "id": enrollment })).await;
    let mut units = reply.data("/enrollment/unitProgress").clone();
    for unit in units.as_array_mut().unwrap() {
        let done = unit.as_object_mut().unwrap().remove("completedAt").unwrap();
        assert_eq!(done.is_string(), unit["state"] == "COMPLETED");
    }
    units
}

/// How many audit entries and events an organisation has of a kind.
async fn happened(app: &TestApp, kind: &str) -> (i64, i64) {
    let count = async |table: &str| factory::count(app, &format!("{table} = '{kind}'")).await;
    (
        count("audit_entries where action").await,
        count("outbox_events where kind").await,
    )
}

#[tokio::test]
async fn texts_that_are_read_move_the_learner_on() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    let started = event(&course.texts[0], "STARTED", 5);
    let reply = record(&learner, &enrollment, std::slice::from_ref(&started)).await;
    assert_eq!(
        reply.data("/progressRecord/recorded"),
        &json!([started["eventId"]])
    );
    assert_eq!(
        reply.data("/progressRecord/enrollment/progress/percent"),
        &json!(0)
    );
    let done = event(&course.texts[0], "COMPLETED", 9);
    let reply = record(&learner, &enrollment, std::slice::from_ref(&done)).await;
    assert_eq!(
        reply.data("/progressRecord/enrollment"),
        &json!({ "state": "ACTIVE", "progress": { "unitsCompleted": 1, "unitCount": 3, "percent": 33 },
            "nextUnit": { "id": course.texts[1] }, "certificate": null })
    );
    assert_eq!(
        units(&learner, &enrollment).await,
        json!([{ "unit": { "id": course.texts[0] }, "state": "COMPLETED", "seconds": 20, "position": 9 }])
    );
    assert_eq!(happened(&app, "progress.recorded").await, (2, 2));
    assert_eq!(happened(&app, "unit.completed").await, (1, 1));
}

#[tokio::test]
async fn the_same_events_in_any_order_and_number_lead_to_the_same_progress() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 2).await;
    let [a, b] = [&course.texts[0], &course.texts[1]];
    let mut blind = event(a, "STARTED", 50);
    blind["position"] = Value::Null;
    let events = [
        event(a, "STARTED", 30),
        event(a, "COMPLETED", 20),
        event(a, "STARTED", 40),
        blind,
        event(b, "STARTED", 10),
    ];
    let expected = json!([
        { "unit": { "id": a }, "state": "COMPLETED", "seconds": 40, "position": 40 },
        { "unit": { "id": b }, "state": "STARTED", "seconds": 10, "position": 10 },
    ]);
    let orders: [&[&[usize]]; 5] = [
        &[&[0, 1, 2, 3, 4]],
        &[&[4], &[3], &[2], &[1], &[0]],
        &[&[1], &[0], &[2], &[4, 3]],
        &[&[2, 2, 2], &[0, 1], &[2, 0], &[3, 4]],
        &[&[3], &[3, 0], &[1, 4], &[2], &[0, 1, 2, 3, 4]],
    ];
    for batches in orders {
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        let mut counted = 0;
        for batch in batches {
            let batch: Vec<_> = batch.iter().map(|index| events[*index].clone()).collect();
            let reply = record(&learner, &enrollment, &batch).await;
            assert_eq!(reply.codes(), "", "{:#}", reply.body);
            counted += reply.data("/progressRecord/recorded").as_array().unwrap().len();
        }
        assert_eq!(counted, events.len(), "each event is counted once");
        assert_eq!(units(&learner, &enrollment).await, expected, "{batches:?}");
    }
}

#[tokio::test]
async fn a_replay_counts_nothing_and_says_so() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    let events = [
        event(&course.texts[0], "COMPLETED", 1),
        event(&course.texts[1], "STARTED", 2),
    ];
    let at_once = (0..20).map(|_| record(&learner, &enrollment, &events));
    let replies = futures_util::future::join_all(at_once).await;
    let counted = |reply: &Reply, list: &str| reply.data(list).as_array().unwrap().len();
    let recorded: usize = replies
        .iter()
        .map(|reply| counted(reply, "/progressRecord/recorded"))
        .sum();
    let ignored: usize = replies
        .iter()
        .map(|reply| counted(reply, "/progressRecord/ignored"))
        .sum();
    assert_eq!((recorded, ignored), (2, 38));
    assert_eq!(units(&learner, &enrollment).await[0]["seconds"], 10);
    assert_eq!(
        happened(&app, "progress.recorded").await,
        (1, 1),
        "a replay is no event"
    );
}

/// A course's refused batches: each with its code and the field at fault.
fn faults(course: &Course, other: &Course) -> Vec<(Vec<Value>, &'static str, Value)> {
    let good = event(&course.texts[0], "COMPLETED", 1);
    let with = |name: &str, value: Value| {
        let mut event = event(&course.texts[0], "STARTED", 1);
        event[name] = value;
        vec![good.clone(), event]
    };
    let many = (0..101).map(|_| event(&course.texts[0], "STARTED", 1)).collect();
    vec![
        (vec![], "INVALID", json!(["events"])),
        (many, "INVALID", json!(["events"])),
        (
            with("eventId", json!("1")),
            "INVALID",
            json!(["events", "1", "eventId"]),
        ),
        (
            with("unitId", json!("unt_x")),
            "NOT_FOUND",
            json!(["events", "1", "unitId"]),
        ),
        (
            with("unitId", json!(other.texts[0])),
            "NOT_FOUND",
            json!(["events", "1", "unitId"]),
        ),
        (
            with("unitId", json!(course.module)),
            "NOT_FOUND",
            json!(["events", "1", "unitId"]),
        ),
        (
            with("seconds", json!(-1)),
            "INVALID",
            json!(["events", "1", "seconds"]),
        ),
        (
            with("seconds", json!(86_401)),
            "INVALID",
            json!(["events", "1", "seconds"]),
        ),
        (
            with("position", json!(-1)),
            "INVALID",
            json!(["events", "1", "position"]),
        ),
        (
            with("at", json!("2999-01-01T00:00:00Z")),
            "INVALID",
            json!(["events", "1", "at"]),
        ),
        (
            vec![good.clone(), event(&course.quiz, "COMPLETED", 1)],
            "INVALID_STATE",
            json!(["events", "1", "state"]),
        ),
    ]
}

#[tokio::test]
async fn a_batch_with_one_fault_is_refused_as_a_whole() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let other = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    for (events, code, field) in faults(&course, &other) {
        let reply = record(&learner, &enrollment, &events).await;
        assert_eq!(reply.codes(), code, "{field} {:#}", reply.body);
        assert_eq!(reply.data("/progressRecord/userErrors/0/field"), &field);
        assert_eq!(reply.data("/progressRecord/recorded"), &Value::Null);
    }
    assert_eq!(units(&learner, &enrollment).await, json!([]));
    assert_eq!(happened(&app, "progress.recorded").await, (0, 0));
    let quiz = event(&course.quiz, "STARTED", 1);
    assert_eq!(
        record(&learner, &enrollment, &[quiz]).await.codes(),
        "",
        "time in a quiz counts"
    );
}

#[tokio::test]
async fn nobody_records_progress_for_somebody_else() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    let instructor = app.member("instructor").await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let (owner, peer, stranger) = (
        app.owner().await,
        app.learner().await,
        app.elsewhere().await.owner().await,
    );
    let events = [event(&course.texts[0], "COMPLETED", 1)];
    for (who, code) in [
        (&owner.client, "FORBIDDEN"),
        (&instructor.client, "FORBIDDEN"),
        (&author.client, "NOT_FOUND"),
        (&peer.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(record(who, &enrollment, &events).await.codes(), code);
    }
    assert_eq!(record(&learner, "enr_x", &events).await.codes(), "NOT_FOUND");
    assert_eq!(units(&learner, &enrollment).await, json!([]));
}

#[tokio::test]
async fn who_has_left_a_course_records_nothing_more() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    factory::change(&app, "update enrollments set state = 'withdrawn'").await;
    let reply = record(&learner, &enrollment, &[event(&course.texts[0], "COMPLETED", 1)]).await;
    assert_eq!(reply.codes(), "NOT_ENROLLED");
    assert_eq!(units(&learner, &enrollment).await, json!([]));
}

#[tokio::test]
async fn the_last_units_completed_at_once_complete_the_course_once() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 8).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    let texts: Vec<_> = course
        .texts
        .iter()
        .map(|unit| [event(unit, "COMPLETED", 1)])
        .collect();
    let at_once = texts.iter().map(|events| record(&learner, &enrollment, events));
    for reply in futures_util::future::join_all(at_once).await {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let seen = learner.run_with(UNITS, json!({ "id": enrollment })).await;
    assert_eq!(seen.text("/enrollment/state"), "COMPLETED");
    assert_eq!(
        seen.data("/enrollment/progress"),
        &json!({ "unitsCompleted": 9, "percent": 100 })
    );
    assert_eq!(seen.data("/enrollment/nextUnit"), &Value::Null);
    assert_eq!(happened(&app, "enrollment.completed").await, (1, 1));
    assert_eq!(happened(&app, "certificate.issued").await, (1, 1));
    let again = record(&learner, &enrollment, &[event(&course.texts[0], "COMPLETED", 2)]).await;
    assert_eq!(
        again.text("/progressRecord/enrollment/state"),
        "COMPLETED",
        "a text may be read again"
    );
    assert_eq!(happened(&app, "enrollment.completed").await, (1, 1));
}

#[tokio::test]
async fn where_quizzes_alone_count_texts_complete_nothing() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::draft_course(&app, &author, 2).await;
    let rule = "mutation($id: ID!) { courseUpdate(input: {id: $id, completionRule: QUIZZES_PASSED}) { userErrors { code } } }";
    assert_eq!(
        author.run_with(rule, json!({ "id": course.id })).await.codes(),
        ""
    );
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let reply = learning::read(&learner, &enrollment, &course.texts).await;
    assert_eq!(
        reply.data("/progressRecord/enrollment/progress"),
        &json!({ "unitsCompleted": 0, "unitCount": 1, "percent": 0 })
    );
    assert_eq!(reply.text("/progressRecord/enrollment/nextUnit/id"), course.quiz);
    assert!(learning::pass(&app, &enrollment, &course.quiz).await);
    assert!(
        !learning::pass(&app, &enrollment, &course.quiz).await,
        "passed again, issued once"
    );
}

#[tokio::test]
async fn a_batch_costs_five_statements_whatever_its_size() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 30).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    let document = "mutation($id: ID!, $events: [ProgressEventInput!]!) { \
        progressRecord(input: {enrollmentId: $id, events: $events}) { recorded userErrors { code } } }";
    let send = async |events: &[Value]| {
        let (_, count) = statements(
            &app,
            &learner,
            document,
            json!({ "id": enrollment, "events": events }),
        )
        .await;
        count
    };
    let one = [event(&course.texts[0], "STARTED", 1)];
    assert_eq!(send(&one).await, 4, "standing, lock, merge, records");
    assert_eq!(send(&one).await, 3, "a replay leaves no record");
    let hundred: Vec<_> = (0..100)
        .map(|n| event(&course.texts[n % 29], "COMPLETED", 1))
        .collect();
    assert_eq!(send(&hundred).await, 5, "and completion");
    let last = [event(&course.texts[29], "COMPLETED", 1)];
    assert_eq!(send(&last).await, 5, "with the certificate");
    let state = learner.run_with(UNITS, json!({ "id": enrollment })).await;
    assert_eq!(state.text("/enrollment/state"), "COMPLETED");
}

#[tokio::test]
async fn a_request_sent_twice_with_its_key_answers_the_same() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    let document = "mutation($id: ID!, $events: [ProgressEventInput!]!, $key: String) { \
        progressRecord(input: {enrollmentId: $id, events: $events, idempotencyKey: $key}) { recorded ignored userErrors { code } } }";
    let variables =
        json!({ "id": enrollment, "events": [event(&course.texts[0], "STARTED", 1)], "key": uuid() });
    let first = learner.run_with(document, variables.clone()).await;
    let second = learner.run_with(document, variables).await;
    assert_eq!(first.data(""), second.data(""));
}
