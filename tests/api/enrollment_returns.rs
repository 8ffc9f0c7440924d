//! Leaving a course and coming back: nobody gets more time by it.

use super::support::client::Client;
use super::support::learning::{act, enroll, set_terms, state, try_to_enroll};
use super::support::{TestApp, factory};
use lyceum::kernel::ids::{EnrollmentKey, Key};
use serde_json::{Value, json};

/// Lets an enrolment be due and end so long from now.
async fn set_times(app: &TestApp, enrollment: &str, due: &str, expires: &str) {
    let id = EnrollmentKey::parse(enrollment).unwrap().id.0;
    let times = format!(
        "update enrollments set due_at = now() + interval '{due}', expires_at = now() + interval '{expires}' where id = '{id}'"
    );
    factory::change(app, &times).await;
}

/// Since when days count, when an enrolment is due, and when it ends.
async fn times(who: &Client, enrollment: &str) -> Value {
    let read = "query($id: ID!) { enrollment(id: $id) { startedAt dueAt expiresAt } }";
    let reply = who.run_with(read, json!({ "id": enrollment })).await;
    reply.data("/enrollment").clone()
}

/// Whether an enrolment ends between so many days from now.
async fn ends_within(app: &TestApp, enrollment: &str, from: u32, to: u32) -> bool {
    let id = EnrollmentKey::parse(enrollment).unwrap().id.0;
    let rows = format!(
        "enrollments where id = '{id}' and expires_at between now() + interval '{from} days' and now() + interval '{to} days'"
    );
    factory::count(app, &rows).await == 1
}

async fn withdraw(who: &Client, enrollment: &str) {
    let left = act(who, "enrollmentWithdraw", enrollment, json!({})).await;
    assert_eq!(left.codes(), "", "{:#}", left.body);
}

#[tokio::test]
async fn who_leaves_and_comes_back_has_the_time_that_they_had() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "dueDays": 10, "accessDays": 30 })).await;
    let enrollment = enroll(&learner, &course.id).await;
    set_times(&app, &enrollment, "-1 day", "1 day").await;
    let had = times(&learner, &enrollment).await;
    for _ in 0..2 {
        withdraw(&learner, &enrollment).await;
        let back = try_to_enroll(&learner, &course.id, None).await;
        assert_eq!(back.text("/enroll/enrollment/state"), "ACTIVE", "{:#}", back.body);
        assert_eq!(times(&learner, &enrollment).await, had);
    }
    // Terms that give more change nothing for who had less.
    set_terms(&author, &course.id, json!({})).await;
    withdraw(&learner, &enrollment).await;
    enroll(&learner, &course.id).await;
    assert_eq!(times(&learner, &enrollment).await, had);
    // Terms that give less hold for whom they let in.
    set_times(&app, &enrollment, "300 days", "300 days").await;
    set_terms(&author, &course.id, json!({ "accessDays": 30 })).await;
    withdraw(&learner, &enrollment).await;
    enroll(&learner, &course.id).await;
    assert!(ends_within(&app, &enrollment, 29, 31).await);
}

#[tokio::test]
async fn no_time_is_won_by_waiting_or_by_taking_a_request_back() {
    let app = TestApp::new().await;
    let (author, learner, other) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = factory::published_course(&app, &author, 0).await;
    let terms = |policy: &str| json!({ "policy": policy, "seats": 1, "dueDays": 10, "accessDays": 30 });
    set_terms(&author, &course.id, terms("OPEN")).await;
    let enrollment = enroll(&learner, &course.id).await;
    set_times(&app, &enrollment, "1 day", "2 days").await;
    let had = times(&learner, &enrollment).await;
    let seat = enroll(&other, &course.id).await;
    withdraw(&learner, &enrollment).await;
    enroll(&learner, &course.id).await;
    assert_eq!(state(&learner, &enrollment).await, "WAITLISTED");
    withdraw(&other, &seat).await;
    assert_eq!(state(&learner, &enrollment).await, "ACTIVE");
    assert_eq!(times(&learner, &enrollment).await, had);
    withdraw(&learner, &enrollment).await;
    set_terms(&author, &course.id, terms("APPROVAL")).await;
    enroll(&learner, &course.id).await;
    assert_eq!(state(&learner, &enrollment).await, "REQUESTED");
    withdraw(&learner, &enrollment).await;
    set_terms(&author, &course.id, terms("OPEN")).await;
    enroll(&learner, &course.id).await;
    assert_eq!(state(&learner, &enrollment).await, "ACTIVE");
    assert_eq!(times(&learner, &enrollment).await, had);
}

#[tokio::test]
async fn who_has_no_time_left_comes_back_by_the_staff_alone() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "accessDays": 30 })).await;
    let enrollment = enroll(&learner, &course.id).await;
    withdraw(&learner, &enrollment).await;
    set_times(&app, &enrollment, "1 day", "-1 second").await;
    let refused = try_to_enroll(&learner, &course.id, None).await;
    assert_eq!(refused.codes(), "INVALID_STATE", "as who is EXPIRED");
    assert!(refused.mentions("the staff"), "{:#}", refused.body);
    assert_eq!(state(&learner, &enrollment).await, "WITHDRAWN");
    let input = json!({ "courseId": course.id, "memberId": learner.member.to_string() });
    owner.does("enrollmentCreate", input).await;
    assert_eq!(state(&learner, &enrollment).await, "ACTIVE");
    assert!(
        ends_within(&app, &enrollment, 29, 31).await,
        "the terms begin anew"
    );
}

#[tokio::test]
async fn the_terms_begin_anew_for_whom_the_staff_lets_in_again() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let terms = json!({ "policy": "APPROVAL", "accessDays": 30 });
    set_terms(&author, &course.id, terms).await;
    let enrollment = enroll(&learner, &course.id).await;
    let approve = async || {
        let approved = act(&owner, "enrollmentApprove", &enrollment, json!({})).await;
        assert_eq!(approved.codes(), "", "{:#}", approved.body);
    };
    approve().await;
    set_times(&app, &enrollment, "1 day", "1 day").await;
    withdraw(&learner, &enrollment).await;
    enroll(&learner, &course.id).await;
    assert_eq!(state(&learner, &enrollment).await, "REQUESTED");
    approve().await;
    assert!(ends_within(&app, &enrollment, 29, 31).await);
}

#[tokio::test]
async fn who_runs_out_of_time_on_the_waiting_list_is_passed() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1, "accessDays": 30 })).await;
    let (seated, late, next) = (app.learner().await, app.learner().await, app.learner().await);
    let seat = enroll(&seated, &course.id).await;
    let places = [enroll(&late, &course.id).await, enroll(&next, &course.id).await];
    set_times(&app, &places[0], "1 day", "-1 second").await;
    withdraw(&seated, &seat).await;
    assert_eq!(state(&owner, &places[0]).await, "WAITLISTED");
    assert_eq!(state(&owner, &places[1]).await, "ACTIVE");
}
