//! Moving an enrolment to the present edition of its course.

use super::support::app::Person;
use super::support::factory::Course;
use super::support::learning::{self, act, enroll, event, happened, record};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const PREVIEW: &str = "query($id: ID!) { enrollment(id: $id) { progress { unitsCompleted unitCount } course { revision { number } } \
    revisionUpgrade { fromRevision toRevision kept { id } lost { id } added { id } unitsCompletedAfter unitCountAfter completesCourse } } }";
const UPGRADE: &str = "mutation($id: ID!, $expected: Int) { enrollmentRevisionUpgrade(input: {enrollmentId: $id, expectedRevision: $expected}) { \
    enrollment { state progress { unitsCompleted unitCount } course { revision { number } } revisionUpgrade { toRevision } \
    unitProgress { unit { id } } certificate { id } } lostUnitIds userErrors { code field message } } }";

async fn preview(who: &Person, enrollment: &str) -> Value {
    let reply = who.run_with(PREVIEW, json!({ "id": enrollment })).await;
    reply.data("/enrollment/revisionUpgrade").clone()
}

/// Removes a unit from a course's draft, for which the API has no way, and publishes what is left.
async fn remove(app: &TestApp, author: &Person, course: &Course, unit: &str) {
    use lyceum::kernel::ids::{Key, UnitKey};
    let id = UnitKey::parse(unit).unwrap().id.0;
    let grant = format!("delete from draft_units where id = '{id}'");
    factory::sql(app, &grant).await;
    factory::publish(author, &course.id).await;
}

#[tokio::test]
async fn what_an_upgrade_does_is_seen_before_it_is_done() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 3).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::read(&learner, &enrollment, &course.texts[..2]).await;
    assert_eq!(
        preview(&learner, &enrollment).await,
        Value::Null,
        "there is no newer edition"
    );
    let text = json!({ "text": { "body": "More." } });
    let added = factory::unit(&author, &course.module, "Another", text).await;
    remove(&app, &author, &course, &course.texts[1]).await;
    let id = |unit: &String| json!({ "id": unit });
    let seen = preview(&learner, &enrollment).await;
    assert_eq!(
        seen,
        json!({ "fromRevision": 1, "toRevision": 2, "kept": [id(&course.texts[0])], "lost": [id(&course.texts[1])],
            "added": [id(&added)], "unitsCompletedAfter": 1, "unitCountAfter": 4, "completesCourse": false })
    );
    let other = learner
        .run_with(UPGRADE, json!({ "id": enrollment, "expected": 1 }))
        .await;
    assert_eq!(other.codes(), "VERSION_CONFLICT");
    assert_eq!(preview(&learner, &enrollment).await, seen, "nothing was moved");
    let done = learner
        .run_with(UPGRADE, json!({ "id": enrollment, "expected": 2 }))
        .await;
    assert_eq!(
        done.data("/enrollmentRevisionUpgrade"),
        &json!({ "enrollment": { "state": "ACTIVE", "progress": { "unitsCompleted": 1, "unitCount": 4 },
            "course": { "revision": { "number": 2 } }, "revisionUpgrade": null,
            "unitProgress": [{ "unit": id(&course.texts[0]) }], "certificate": null },
            "lostUnitIds": [course.texts[1]], "userErrors": [] }),
        "{:#}",
        done.body
    );
    assert_eq!(happened(&app, "enrollment.upgraded").await, (1, 1));
    let again = learner.run_with(UPGRADE, json!({ "id": enrollment })).await;
    assert_eq!(again.codes(), "INVALID_STATE");
}

#[tokio::test]
async fn an_upgrade_completes_a_course_in_which_nothing_is_left_to_do() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::read(&learner, &enrollment, &course.texts[..1]).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    remove(&app, &author, &course, &course.texts[1]).await;
    assert_eq!(
        preview(&learner, &enrollment).await["completesCourse"],
        json!(true)
    );
    let done = learner.run_with(UPGRADE, json!({ "id": enrollment })).await;
    assert_eq!(
        done.text("/enrollmentRevisionUpgrade/enrollment/state"),
        "COMPLETED"
    );
    assert!(
        done.data("/enrollmentRevisionUpgrade/enrollment/certificate/id")
            .is_string()
    );
    assert_eq!(happened(&app, "enrollment.completed").await, (1, 1));
}

#[tokio::test]
async fn what_was_counted_before_an_upgrade_may_be_sent_again_with_what_is_new() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 4).await;
    let enrollment = enroll(&learner, &course.id).await;
    let [kept, lost, locked, more] = [0, 1, 2, 3].map(|n: usize| &course.texts[n]);
    let sent = [kept, lost, locked].map(|unit| event(unit, "STARTED", 1));
    assert_eq!(record(&learner, &enrollment, &sent).await.codes(), "");
    let rules = "mutation($id: ID!, $after: ID!) { unitReleaseSet(input: {id: $id, rules: [{afterUnit: $after}]}) { userErrors { code } } }";
    let waits = json!({ "id": locked, "after": more });
    assert_eq!(author.run_with(rules, waits).await.codes(), "");
    remove(&app, &author, &course, lost).await;
    let done = learner.run_with(UPGRADE, json!({ "id": enrollment })).await;
    assert_eq!(done.codes(), "");

    let id = |event: &Value| event["eventId"].clone();
    let new = event(more, "STARTED", 2);
    let again = record(
        &learner,
        &enrollment,
        &[&sent[..], std::slice::from_ref(&new)].concat(),
    )
    .await;
    assert_eq!(again.codes(), "", "{:#}", again.body);
    assert_eq!(again.data("/progressRecord/recorded"), &json!([id(&new)]));
    let ignored = again.data("/progressRecord/ignored").as_array().unwrap();
    assert_eq!(ignored.len(), 3);
    assert!(sent.iter().all(|event| ignored.contains(&id(event))));

    for (unit, code) in [(lost, "NOT_FOUND"), (locked, "LOCKED")] {
        let batch = [&sent[..], &[event(unit, "STARTED", 3)]].concat();
        let refused = record(&learner, &enrollment, &batch).await;
        assert_eq!(refused.codes(), code);
        assert_eq!(
            refused.data("/progressRecord/userErrors/0/field"),
            &json!(["events", "3", "unitId"])
        );
    }
    let only = record(&learner, &enrollment, &sent).await;
    assert_eq!(only.codes(), "", "{:#}", only.body);
}

#[tokio::test]
async fn an_open_attempt_keeps_an_enrolment_on_its_edition() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    factory::publish(&author, &course.id).await;
    let refused = sitting
        .learner
        .run_with(UPGRADE, json!({ "id": sitting.enrollment }))
        .await;
    assert_eq!(refused.codes(), "ATTEMPT_OPEN");
    assert_eq!(
        preview(&sitting.learner, &sitting.enrollment).await["fromRevision"],
        json!(1)
    );
}

#[tokio::test]
async fn only_those_upgrade_an_enrolment_who_may_manage_it() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    factory::publish(&author, &course.id).await;
    let reader = factory::role(
        &app,
        json!({ "learning_records.read": ["all"], "courses.read": ["all"] }),
    )
    .await;
    let reader = app.member(&reader).await;
    let (peer, stranger) = (app.learner().await, app.elsewhere().await.owner().await);
    for (who, code) in [
        (&reader.client, "FORBIDDEN"),
        (&peer.client, "NOT_FOUND"),
        (&author.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        let reply = who.run_with(UPGRADE, json!({ "id": enrollment })).await;
        assert_eq!(reply.codes(), code);
    }
    assert_eq!(happened(&app, "enrollment.upgraded").await, (0, 0));
    act(&learner, "enrollmentWithdraw", &enrollment, json!({})).await;
    let left = learner.run_with(UPGRADE, json!({ "id": enrollment })).await;
    assert_eq!(left.codes(), "INVALID_STATE");
    assert_eq!(preview(&learner, &enrollment).await, Value::Null);
}
