//! Seats, and who waits for them.

use super::support::app::Person;
use super::support::learning::{self, act, enroll, happened, set_terms, state, try_to_enroll};
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn place(who: &Person, enrollment: &str) -> Value {
    let read = "query($id: ID!) { enrollment(id: $id) { waitlistPosition } }";
    let reply = who.run_with(read, json!({ "id": enrollment })).await;
    reply.data("/enrollment/waitlistPosition").clone()
}

#[tokio::test]
async fn who_finds_no_seat_waits_and_moves_up_in_order() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1, "dueDays": 7 })).await;
    let mut learners = Vec::new();
    for _ in 0..4 {
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        learners.push((learner, enrollment));
    }
    let states = async || join_all(learners.iter().map(|(who, id)| state(who, id))).await;
    assert_eq!(
        states().await,
        ["ACTIVE", "WAITLISTED", "WAITLISTED", "WAITLISTED"]
    );
    let (second, fourth) = (&learners[1], &learners[3]);
    assert_eq!(place(&second.0, &second.1).await, json!(1));
    assert_eq!(place(&owner, &fourth.1).await, json!(3));
    act(&second.0, "enrollmentWithdraw", &second.1, json!({})).await;
    assert_eq!(
        place(&owner, &fourth.1).await,
        json!(2),
        "who gives up waiting is passed"
    );
    assert_eq!(
        happened(&app, "enrollment.moved_up").await,
        (0, 0),
        "and frees no seat"
    );
    act(&owner, "enrollmentWithdraw", &learners[0].1, json!({})).await;
    assert_eq!(states().await, ["WITHDRAWN", "WITHDRAWN", "ACTIVE", "WAITLISTED"]);
    let read = "query($id: ID!) { enrollment(id: $id) { dueAt waitlistPosition } }";
    let seen = owner.run_with(read, json!({ "id": learners[2].1 })).await;
    assert!(
        seen.data("/enrollment/dueAt").is_string(),
        "it is due from the day on which its turn has come"
    );
    assert_eq!(seen.data("/enrollment/waitlistPosition"), &Value::Null);
    learning::pass(&app, &learners[2].1, &course.quiz).await;
    assert_eq!(
        states().await,
        ["WITHDRAWN", "WITHDRAWN", "COMPLETED", "WAITLISTED"],
        "who completes keeps the seat"
    );
    let back = try_to_enroll(&learners[0].0, &course.id, None).await;
    assert_eq!(
        back.data("/enroll/enrollment/waitlistPosition"),
        &json!(2),
        "{:#}",
        back.body
    );
    let terms = set_terms(&author, &course.id, json!({ "seats": 2 })).await;
    assert_eq!(
        terms.data("/courseEnrollmentTermsSet/course/enrollmentTerms/seatsTaken"),
        &json!(2)
    );
    assert_eq!(states().await, ["WAITLISTED", "WITHDRAWN", "COMPLETED", "ACTIVE"]);
    set_terms(&author, &course.id, json!({})).await;
    assert_eq!(
        states().await,
        ["ACTIVE", "WITHDRAWN", "COMPLETED", "ACTIVE"],
        "without a number there is room for all"
    );
    assert_eq!(happened(&app, "enrollment.moved_up").await, (3, 3));
}

#[tokio::test]
async fn seats_are_given_once_whoever_comes_and_goes_at_the_same_time() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 3 })).await;
    let learners = join_all((0..10).map(|_| app.learner())).await;
    let enrollments = join_all(learners.iter().map(|learner| enroll(learner, &course.id))).await;
    assert_eq!(
        factory::count(&app, "enrollments where state = 'active'").await,
        3
    );
    assert_eq!(
        factory::count(&app, "enrollments where state = 'waitlisted'").await,
        7
    );
    // Everybody but the last four of the list leaves, all at once: those who had a seat, and those who waited.
    let mut order = Vec::new();
    for (learner, enrollment) in learners.iter().zip(&enrollments) {
        let place = place(learner, enrollment).await.as_i64().unwrap_or_default();
        order.push((place, learner, enrollment));
    }
    order.sort_by_key(|(place, ..)| *place);
    let (leaving, staying) = order.split_at(6);
    let left = join_all(
        leaving
            .iter()
            .map(|(_, learner, enrollment)| act(learner, "enrollmentWithdraw", enrollment, json!({}))),
    )
    .await;
    for reply in left {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let states = join_all(
        staying
            .iter()
            .map(|(_, learner, enrollment)| state(learner, enrollment)),
    )
    .await;
    assert_eq!(states, ["ACTIVE", "ACTIVE", "ACTIVE", "WAITLISTED"]);
    let moved = factory::audit(&app, "enrollment.moved_up").await;
    let moved: std::collections::HashSet<_> = moved.into_iter().map(|(enrollment, _)| enrollment).collect();
    let events = happened(&app, "enrollment.moved_up").await;
    assert_eq!(
        events.0,
        i64::try_from(moved.len()).unwrap(),
        "nobody moves up twice"
    );
}

#[tokio::test]
async fn a_full_course_takes_nobody_by_the_back_door() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let (first, asking, late) = (app.learner().await, app.learner().await, app.learner().await);
    let seated = enroll(&first, &course.id).await;
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL", "seats": 1 })).await;
    let request = enroll(&asking, &course.id).await;
    let refused = act(&owner, "enrollmentApprove", &request, json!({})).await;
    assert_eq!(refused.codes(), "LIMIT_REACHED");
    assert_eq!(state(&asking, &request).await, "REQUESTED");
    let create = "mutation($course: ID!, $member: ID!) { enrollmentCreate(input: {courseId: $course, memberId: $member}) { \
        enrollment { id state } userErrors { code } } }";
    let reply = owner
        .run_with(
            create,
            json!({ "course": course.id, "member": late.member.to_string() }),
        )
        .await;
    assert_eq!(reply.text("/enrollmentCreate/enrollment/state"), "WAITLISTED");
    factory::change(
        &app,
        "update enrollments set expires_at = now() - interval '1 second' where state = 'active'",
    )
    .await;
    let begun = std::time::Instant::now();
    while state(&first, &seated).await != "EXPIRED" {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20));
        lyceum::jobs::calendar::run_once(&app.app).await.unwrap();
    }
    let waiting = reply.text("/enrollmentCreate/enrollment/id");
    assert_eq!(
        state(&owner, waiting).await,
        "ACTIVE",
        "an expired enrolment frees its seat"
    );
    let refused = act(&owner, "enrollmentExtend", &seated, json!({ "expiresAt": null })).await;
    assert_eq!(refused.codes(), "LIMIT_REACHED");
    assert_eq!(state(&first, &seated).await, "EXPIRED");
}

#[tokio::test]
async fn former_members_are_passed_on_the_waiting_list() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1 })).await;
    let (seated, gone, next) = (app.learner().await, app.learner().await, app.learner().await);
    let (first, _, third) = (
        enroll(&seated, &course.id).await,
        enroll(&gone, &course.id).await,
        enroll(&next, &course.id).await,
    );
    factory::change(
        &app,
        &format!(
            "update memberships set state = 'removed' where id = '{}'",
            gone.member.id.0
        ),
    )
    .await;
    act(&owner, "enrollmentWithdraw", &first, json!({})).await;
    assert_eq!(state(&next, &third).await, "ACTIVE");
}
