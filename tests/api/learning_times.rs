//! By whose clock things in a course are open, due and over.

use super::support::TestApp;
use super::support::factory;
use super::support::learning::{act, enroll, event_now, record, set_terms};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

fn time(value: &serde_json::Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_node_whose_clock_runs_ahead_opens_no_unit_and_ends_no_time() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::draft_course(&app, &author, 2).await;
    let soon = app.app.clock.now() + TimeDelta::minutes(10);
    let release = "mutation($id: ID!, $date: DateTime!) { unitReleaseSet(input: {id: $id, rules: [{onDate: $date}]}) { userErrors { code } } }";
    for unit in [&course.texts[1], &course.quiz] {
        let done = author
            .run_with(release, json!({ "id": unit, "date": soon }))
            .await;
        assert_eq!(done.codes(), "");
    }
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let read_first = record(
        &learner,
        &enrollment,
        &[event_now(&app, &course.texts[0], "COMPLETED")],
    )
    .await;
    assert_eq!(read_first.codes(), "");
    let due = act(&owner, "enrollmentExtend", &enrollment, json!({ "dueAt": soon })).await;
    assert_eq!(due.codes(), "");

    app.app.clock.advance(TimeDelta::minutes(20));

    let document = "query($id: ID!, $course: ID!) { enrollment(id: $id) { isOverdue nextUnit { id } } \
        course(id: $course) { modules { units { access { state } } } } }";
    let seen = learner
        .run_with(document, json!({ "id": enrollment, "course": course.id }))
        .await;
    assert_eq!(
        seen.data("/enrollment"),
        &json!({ "isOverdue": false, "nextUnit": null })
    );
    let states = seen.data("/course/modules/0/units").as_array().unwrap();
    let states: Vec<_> = states
        .iter()
        .map(|unit| unit["access"]["state"].clone())
        .collect();
    assert_eq!(states, ["OPEN", "LOCKED", "LOCKED"]);
    let mut early = event_now(&app, &course.texts[1], "STARTED");
    early["at"] = json!(soon - TimeDelta::minutes(9));
    assert_eq!(record(&learner, &enrollment, &[early]).await.codes(), "LOCKED");
    let later = soon + TimeDelta::minutes(1);
    let extended = act(
        &owner,
        "enrollmentExtend",
        &enrollment,
        json!({ "dueAt": later, "expiresAt": later }),
    )
    .await;
    assert_eq!(extended.codes(), "", "it lies in the node's past alone");
    let other = app.learner().await;
    let create = "mutation($course: ID!, $member: ID!, $due: DateTime!) { enrollmentCreate(input: {courseId: $course, memberId: $member, dueAt: $due}) \
        { enrollment { isOverdue } userErrors { code } } }";
    let variables = json!({ "course": course.id, "member": other.member.to_string(), "due": later });
    let created = owner.run_with(create, variables).await;
    assert_eq!(
        created.data("/enrollmentCreate/enrollment"),
        &json!({ "isOverdue": false }),
        "{:#}",
        created.body
    );
}

#[tokio::test]
async fn days_are_of_24_hours_whatever_the_server_s_time_zone_does_to_its_clocks() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    // One of the two ends where the clocks of the server's zone go otherwise than today, whenever this runs.
    let terms = json!({ "dueDays": 151, "accessDays": 250 });
    set_terms(&author, &course.id, terms).await;
    let enrollment = enroll(&learner, &course.id).await;
    let document = "query($id: ID!) { enrollment(id: $id) { enrolledAt dueAt expiresAt } }";
    let times = async || {
        let seen = owner.run_with(document, json!({ "id": enrollment })).await;
        let read = |field: &str| time(&seen.data("/enrollment")[field]);
        (read("enrolledAt"), read("dueAt"), read("expiresAt"))
    };
    let (enrolled, due, expires) = times().await;
    assert_eq!(due - enrolled, TimeDelta::hours(151 * 24));
    assert_eq!(expires - enrolled, TimeDelta::hours(250 * 24));
    let zoned = json!({ "dueAt": "2099-10-25T02:30:00+02:00", "expiresAt": "2099-10-25T02:30:00+01:00" });
    assert_eq!(
        act(&owner, "enrollmentExtend", &enrollment, zoned).await.codes(),
        ""
    );
    let (_, due, expires) = times().await;
    assert_eq!(
        expires - due,
        TimeDelta::hours(1),
        "the hour that there is twice is two hours"
    );
}
