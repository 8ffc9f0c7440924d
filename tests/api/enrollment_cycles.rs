//! Recertification: who has completed a course begins it anew.

use super::support::learning::{self, act, enroll, event, event_now, happened, record, set_terms, state};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, factory};
use lyceum::jobs::calendar;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const READ: &str = "query($id: ID!) { enrollment(id: $id) { state cycle completedAt renewsAt dueAt progress { unitsCompleted unitCount percent } \
    unitProgress { state } certificate { id } formerCycles { cycle unitCount unitsCompleted seconds } course { revision { number } } } }";

#[tokio::test]
async fn a_complete_course_is_begun_anew_and_what_was_achieved_stays() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = learning::complete(&app, &learner, &course).await;
    let first = learner.run_with(READ, json!({ "id": enrollment })).await;
    let certificate = first.text("/enrollment/certificate/id").to_owned();
    factory::unit(
        &author,
        &course.module,
        "Another",
        json!({ "text": { "body": "More." } }),
    )
    .await;
    factory::publish(&author, &course.id).await;
    assert_eq!(
        act(&learner, "enrollmentReopen", &enrollment, json!({}))
            .await
            .codes(),
        "FORBIDDEN"
    );
    let reply = act(&owner, "enrollmentReopen", &enrollment, json!({})).await;
    assert_eq!(
        reply.data("/enrollmentReopen/enrollment"),
        &json!({ "id": enrollment, "state": "ACTIVE", "cycle": 2 }),
        "{:#}",
        reply.body
    );
    let seen = learner.run_with(READ, json!({ "id": enrollment })).await;
    assert_eq!(
        seen.data("/enrollment"),
        &json!({ "state": "ACTIVE", "cycle": 2, "completedAt": null, "renewsAt": null, "dueAt": null,
            "progress": { "unitsCompleted": 0, "unitCount": 3, "percent": 0 }, "unitProgress": [],
            "certificate": { "id": certificate }, "course": { "revision": { "number": 2 } },
            "formerCycles": [{ "cycle": 1, "unitCount": 2, "unitsCompleted": 2, "seconds": 10 }] })
    );
    let text = &course.texts[0];
    let read = event_now(&app, text, "COMPLETED");
    record(&learner, &enrollment, &[read]).await;
    let units = "query($id: ID!) { course(id: $id) { modules { units { id } } } }";
    let units = learner.run_with(units, json!({ "id": course.id })).await;
    let another = units.text("/course/modules/0/units/2/id").to_owned();
    record(&learner, &enrollment, &[event_now(&app, &another, "COMPLETED")]).await;
    assert!(
        learning::pass(&app, &enrollment, &course.quiz).await,
        "a second certificate"
    );
    let done = learner.run_with(READ, json!({ "id": enrollment })).await;
    assert_eq!(done.text("/enrollment/state"), "COMPLETED");
    assert_ne!(done.text("/enrollment/certificate/id"), certificate);
    let all = "query($id: ID!) { node(id: $id) { ... on Certificate { state } } }";
    let former = learner.run_with(all, json!({ "id": certificate })).await;
    assert_eq!(former.text("/node/state"), "VALID");
    assert_eq!(happened(&app, "enrollment.reopened").await, (1, 1));
    assert_eq!(happened(&app, "enrollment.completed").await, (2, 2));
}

#[tokio::test]
async fn what_a_device_noted_before_a_course_was_begun_anew_counts_no_more() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = learning::complete(&app, &learner, &course).await;
    let late = event_now(&app, &course.texts[0], "COMPLETED");
    act(&owner, "enrollmentReopen", &enrollment, json!({})).await;
    let elsewhere = event(&course.quiz, "COMPLETED", 1);
    for _ in 0..2 {
        let reply = record(&learner, &enrollment, &[late.clone(), elsewhere.clone()]).await;
        assert_eq!(
            reply.data("/progressRecord/recorded"),
            &json!([]),
            "{:#}",
            reply.body
        );
        let ignored = json!([late["eventId"], elsewhere["eventId"]]);
        assert_eq!(reply.data("/progressRecord/ignored"), &ignored);
        assert_eq!(
            reply.data("/progressRecord/enrollment/progress/unitsCompleted"),
            &json!(0)
        );
    }
    assert_eq!(factory::count(&app, "unit_progress").await, 0);
    let now = event_now(&app, &course.texts[0], "COMPLETED");
    let reply = record(&learner, &enrollment, &[late, now.clone()]).await;
    assert_eq!(reply.data("/progressRecord/recorded"), &json!([now["eventId"]]));
    assert_eq!(
        reply.data("/progressRecord/enrollment/progress/unitsCompleted"),
        &json!(1)
    );
}

#[tokio::test]
async fn what_holds_for_a_time_is_begun_anew_by_itself_when_it_is_over() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    set_terms(&author, &course.id, json!({ "validMonths": 12, "dueDays": 30 })).await;
    let enrollment = learning::complete(&app, &learner, &course).await;
    let done = learner.run_with(READ, json!({ "id": enrollment })).await;
    let at = |field: &str| {
        chrono::DateTime::parse_from_rfc3339(done.text(&format!("/enrollment/{field}"))).unwrap()
    };
    let holds = (at("renewsAt") - at("completedAt")).num_days();
    assert!((365..=366).contains(&holds), "{holds}");
    calendar::run_once(&app.app).await.unwrap();
    assert_eq!(state(&learner, &enrollment).await, "COMPLETED");
    factory::change(
        &app,
        "update enrollments set renews_at = now() - interval '1 second'",
    )
    .await;
    let begun = Instant::now();
    while state(&learner, &enrollment).await != "ACTIVE" {
        assert!(begun.elapsed() < Duration::from_secs(20));
        for ran in futures_util::future::join_all((0..4).map(|_| calendar::run_once(&app.app))).await {
            ran.unwrap();
        }
    }
    let seen = learner.run_with(READ, json!({ "id": enrollment })).await;
    assert_eq!(seen.data("/enrollment/cycle"), &json!(2), "once");
    assert!(seen.data("/enrollment/dueAt").is_string());
    assert_eq!(happened(&app, "enrollment.reopened").await, (1, 1));
}

#[tokio::test]
async fn attempts_are_of_the_cycle_that_they_were_started_in() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let owner = app.owner().await;
    let course = quiz::course(&app, &author, 0, json!({ "maxAttempts": 1 })).await;
    let sitting = Sitting::new(&app, &course).await;
    learning::pass(&app, &sitting.enrollment, &sitting.quiz).await;
    let refused = act(&owner, "enrollmentReopen", &sitting.enrollment, json!({})).await;
    assert_eq!(refused.codes(), "ATTEMPT_OPEN");
    assert_eq!(state(&sitting.learner, &sitting.enrollment).await, "COMPLETED");
    let submit = "mutation($id: ID!) { attemptSubmit(input: {attemptId: $id}) { userErrors { code } } }";
    let reply = sitting
        .learner
        .run_with(submit, json!({ "id": sitting.attempt }))
        .await;
    assert_eq!(reply.codes(), "");
    let again = quiz::start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(again.codes(), "NO_ATTEMPTS_LEFT");
    act(&owner, "enrollmentReopen", &sitting.enrollment, json!({})).await;
    let anew = quiz::start(&sitting.learner, &sitting.enrollment, &sitting.quiz).await;
    assert_eq!(anew.codes(), "", "a new cycle has its own attempts");
}

#[tokio::test]
async fn nothing_is_begun_anew_while_the_course_is_not_offered() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::pass(&app, &enrollment, &course.quiz).await;
    factory::change(&app, "update courses set state = 'archived'").await;
    factory::change(
        &app,
        "update enrollments set renews_at = now() - interval '1 second'",
    )
    .await;
    let due = "enrollments where renews_at < now()";
    let begun = Instant::now();
    while factory::count(&app, due).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        calendar::run_once(&app.app).await.unwrap();
    }
    assert_eq!(state(&learner, &enrollment).await, "COMPLETED");
    let refused = act(&owner, "enrollmentReopen", &enrollment, json!({})).await;
    assert_eq!(refused.codes(), "NOT_PUBLISHED");
    let seen = owner.run_with(READ, json!({ "id": enrollment })).await;
    assert_eq!(seen.data("/enrollment/formerCycles"), &Value::Array(vec![]));
}
