//! What was watched of units: ranges are united, whichever devices send them, in whichever order.

use super::support::app::Person;
use super::support::learning::{enroll, event, statements, uuid};
use super::support::{TestApp, factory};
use lyceum::jobs::retention;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const RECORD: &str = "mutation($id: ID!, $events: [ProgressEventInput!]!) { progressRecord(input: {enrollmentId: $id, events: $events}) { \
    recorded ignored watchedSecondsAdded completedUnitIds userErrors { code field message } } }";
const UNITS: &str = "query($id: ID!) { enrollment(id: $id) { unitProgress { unit { id } state seconds position watched { start end } watchedSeconds } } }";

fn watched(unit: &str, ranges: &[(i32, i32)]) -> Value {
    let mut event = event(unit, "STARTED", 1);
    let range = |(start, end): &(i32, i32)| json!({ "start": start, "end": end });
    event["ranges"] = ranges.iter().map(range).collect();
    event
}

async fn send(who: &Person, enrollment: &str, events: &[Value]) -> Value {
    let reply = who
        .run_with(RECORD, json!({ "id": enrollment, "events": events }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.data("/progressRecord").clone()
}

async fn units(who: &Person, enrollment: &str) -> Value {
    let reply = who.run_with(UNITS, json!({ "id": enrollment })).await;
    reply.data("/enrollment/unitProgress").clone()
}

#[tokio::test]
async fn ranges_are_united_and_the_answer_tells_what_was_new() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    let unit = &course.texts[0];
    let first = watched(unit, &[(0, 30), (60, 90)]);
    assert_eq!(
        send(&learner, &enrollment, std::slice::from_ref(&first)).await["watchedSecondsAdded"],
        60
    );
    let again = send(&learner, &enrollment, std::slice::from_ref(&first)).await;
    assert_eq!(
        (&again["watchedSecondsAdded"], &again["recorded"]),
        (&json!(0), &json!([])),
        "a replay adds nothing"
    );
    let mut done = watched(unit, &[(20, 60), (85, 100), (40, 50)]);
    done["state"] = json!("COMPLETED");
    let answer = send(&learner, &enrollment, &[done]).await;
    assert_eq!(
        (&answer["watchedSecondsAdded"], &answer["completedUnitIds"]),
        (&json!(40), &json!([unit]))
    );
    let seen = units(&learner, &enrollment).await;
    assert_eq!(seen[0]["watched"], json!([{ "start": 0, "end": 100 }]));
    assert_eq!(seen[0]["watchedSeconds"], 100);
    send(
        &learner,
        &enrollment,
        &[watched(unit, &[(200, 201)]), event(&course.quiz, "STARTED", 3)],
    )
    .await;
    let seen = units(&learner, &enrollment).await;
    assert_eq!(
        seen[0]["watched"],
        json!([{ "start": 0, "end": 100 }, { "start": 200, "end": 201 }])
    );
    assert_eq!(seen[1]["watched"], json!([]));
}

#[tokio::test]
async fn a_range_that_is_none_refuses_the_batch() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    let many: Vec<_> = (0..51).map(|n| (n * 10, n * 10 + 5)).collect();
    for ranges in [&[(5, 5)][..], &[(9, 5)], &[(-1, 5)], &[(0, 86_401)], &many] {
        let events = [
            event(&course.texts[0], "STARTED", 1),
            watched(&course.texts[0], ranges),
        ];
        let reply = learner
            .run_with(RECORD, json!({ "id": enrollment, "events": events }))
            .await;
        assert_eq!(reply.codes(), "INVALID", "{ranges:?}");
        assert_eq!(
            reply.data("/progressRecord/userErrors/0/field"),
            &json!(["events", "1", "ranges"])
        );
    }
    assert_eq!(units(&learner, &enrollment).await, json!([]));
}

#[tokio::test]
async fn a_hundred_events_with_ranges_cost_as_many_statements_as_one() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    let document = "mutation($id: ID!, $events: [ProgressEventInput!]!) { progressRecord(input: {enrollmentId: $id, events: $events}) { \
        recorded watchedSecondsAdded } }";
    let many: Vec<_> = (0..50).map(|n| (n * 20, n * 20 + 10)).collect();
    let events: Vec<_> = (0..100).map(|n| watched(&course.texts[n % 2], &many)).collect();
    for events in [&events[..1], &events[..]] {
        let variables = json!({ "id": enrollment, "events": events });
        let (_, count) = statements(&app, &learner, document, variables).await;
        assert_eq!(count, 4, "standing, lock, merge, records");
    }
}

/// An event of two units, as any device could send it: which unit, ranges, position, second, whether it completes the unit.
type Sent = (usize, Vec<(i32, i32)>, Option<i32>, u32, bool);

fn sent() -> impl Strategy<Value = Sent> {
    let range = (0..50, 1..20).prop_map(|(start, length)| (start, start + length));
    let ranges = prop::collection::vec(range, 0..4);
    (
        0..2_usize,
        ranges,
        prop::option::of(0..9),
        0..5_u32,
        any::<bool>(),
    )
}

/// Events, the batches that they are sent in, and which are sent again in an order of their own.
fn sending() -> impl Strategy<Value = (Vec<Sent>, usize, Vec<usize>)> {
    prop::collection::vec(sent(), 1..9).prop_flat_map(|events| {
        let order = Just((0..events.len()).chain(0..events.len()).collect::<Vec<_>>()).prop_shuffle();
        (Just(events), 1..5_usize, order)
    })
}

/// The order in which merges come, how they are grouped, and what is merged twice make no difference: tried with the statement
/// itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merging_is_commutative_associative_and_idempotent() {
    let app = TestApp::new().await.unlimited();
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 2).await;
    let mut runner = TestRunner::new(Config::default());
    for _ in 0..16 {
        let (events, batch, order) = sending().new_tree(&mut runner).unwrap().current();
        let events: Vec<Value> = events
            .iter()
            .map(|(unit, ranges, position, second, completes)| {
                let mut event = watched(&course.texts[*unit], ranges);
                event["position"] = json!(position);
                event["at"] = json!(format!("2026-01-01T00:00:0{second}Z"));
                event["state"] = json!(if *completes { "COMPLETED" } else { "STARTED" });
                event
            })
            .collect();
        let (one, other) = (app.learner().await, app.learner().await);
        let (at_once, bit_by_bit) = (enroll(&one, &course.id).await, enroll(&other, &course.id).await);
        send(&one, &at_once, &events).await;
        for chunk in order.chunks(batch) {
            let events: Vec<Value> = chunk.iter().map(|at| events[*at].clone()).collect();
            send(&other, &bit_by_bit, &events).await;
        }
        assert_eq!(
            units(&one, &at_once).await,
            units(&other, &bit_by_bit).await,
            "{events:?} by {batch} in the order {order:?}"
        );
    }
}

#[tokio::test]
async fn which_events_were_counted_is_forgotten_after_its_time() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    send(&learner, &enrollment, &[watched(&course.texts[0], &[(0, 9)])]).await;
    factory::sql(
        &app,
        &format!(
            "insert into progress_events (org_id, enrollment_id, event_id, recorded_at) select org_id, id, '{}', now() - interval '40000 days' \
             from enrollments",
            uuid()
        ),
    )
    .await;
    retention::forget_progress_events(&app.app, 36_500).await.unwrap();
    assert_eq!(
        factory::count(&app, "progress_events").await,
        1,
        "the newer one is kept"
    );
    assert_eq!(
        units(&learner, &enrollment).await[0]["watchedSeconds"],
        9,
        "and what was counted counts"
    );
}
