//! Seats that come free by the way, and that nobody overtakes who waits for one.

use super::support::learning::{act, complete, enroll, happened, set_terms, state, try_to_enroll};
use super::support::people::{accept, invite};
use super::support::{TestApp, factory};
use futures_util::future::{join, join_all};
use lyceum::kernel::ids::{EnrollmentKey, Key};
use serde_json::json;

/// Frees a seat behind the API, so that nobody moves up.
async fn free(app: &TestApp, enrollment: &str) {
    let id = EnrollmentKey::parse(enrollment).unwrap().id.0;
    let freed = format!("update enrollments set state = 'withdrawn' where id = '{id}'");
    factory::change(app, &freed).await;
}

#[tokio::test]
async fn a_course_that_comes_back_gives_its_free_seats_to_who_waits() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1 })).await;
    let (seated, waiting, late) = (app.learner().await, app.learner().await, app.learner().await);
    let seat = enroll(&seated, &course.id).await;
    let place = enroll(&waiting, &course.id).await;
    author.does("courseArchive", json!({ "id": course.id })).await;
    assert_eq!(
        act(&owner, "enrollmentWithdraw", &seat, json!({})).await.codes(),
        ""
    );
    assert_eq!(
        state(&owner, &place).await,
        "WAITLISTED",
        "an archived course takes nobody"
    );
    author.does("courseRestore", json!({ "id": course.id })).await;
    assert_eq!(state(&waiting, &place).await, "ACTIVE");
    let came = try_to_enroll(&late, &course.id, None).await;
    assert_eq!(came.text("/enroll/enrollment/state"), "WAITLISTED");
    assert_eq!(happened(&app, "enrollment.moved_up").await, (1, 1));
}

#[tokio::test]
async fn who_is_restored_gets_the_seat_that_they_were_passed_at() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let passed = app.learner().await;
    let member = json!({ "memberId": passed.member.to_string() });
    let (mut places, mut seats) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let course = factory::published_course(&app, &author, 0).await;
        set_terms(&author, &course.id, json!({ "seats": 1 })).await;
        seats.push(enroll(&app.learner().await, &course.id).await);
        places.push(enroll(&passed, &course.id).await);
    }
    owner.does("membershipSuspend", member.clone()).await;
    for seat in &seats[..2] {
        assert_eq!(
            act(&owner, "enrollmentWithdraw", seat, json!({})).await.codes(),
            ""
        );
    }
    assert_eq!(happened(&app, "enrollment.moved_up").await, (0, 0));
    owner.does("membershipRestore", member).await;
    let states = join_all(places.iter().map(|place| state(&passed, place))).await;
    assert_eq!(states, ["ACTIVE", "ACTIVE", "WAITLISTED"]);
    assert_eq!(happened(&app, "enrollment.moved_up").await, (2, 2));
}

#[tokio::test]
async fn who_is_restored_while_a_seat_is_freed_gets_it() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    for _ in 0..5 {
        let course = factory::published_course(&app, &author, 0).await;
        set_terms(&author, &course.id, json!({ "seats": 1 })).await;
        let (seated, passed) = (app.learner().await, app.learner().await);
        let seat = enroll(&seated, &course.id).await;
        let place = enroll(&passed, &course.id).await;
        let member = json!({ "memberId": passed.member.to_string() });
        owner.does("membershipSuspend", member.clone()).await;
        let (left, ()) = join(
            act(&seated, "enrollmentWithdraw", &seat, json!({})),
            owner.does("membershipRestore", member),
        )
        .await;
        assert_eq!(left.codes(), "", "{:#}", left.body);
        assert_eq!(state(&owner, &place).await, "ACTIVE");
    }
}

#[tokio::test]
async fn who_leaves_the_organisation_leaves_its_courses_and_their_seats() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let done = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &done.id, json!({ "seats": 3 })).await;
    for way in ["membershipRemove", "membershipLeave", "membershipOffboard"] {
        let mut courses = Vec::new();
        for terms in [
            json!({ "seats": 1 }),
            json!({ "seats": 1 }),
            json!({ "policy": "APPROVAL" }),
        ] {
            let course = factory::published_course(&app, &author, 0).await;
            set_terms(&author, &course.id, terms).await;
            courses.push(course.id);
        }
        let (leaver, next, other) = (app.learner().await, app.learner().await, app.learner().await);
        let completed = complete(&app, &leaver, &done).await;
        let held = enroll(&other, &courses[1]).await;
        let mut places = Vec::new();
        for course in &courses {
            places.push(enroll(&leaver, course).await);
        }
        let waiting = enroll(&next, &courses[0]).await;
        let before = join_all(places.iter().map(|place| state(&owner, place))).await;
        assert_eq!(before, ["ACTIVE", "WAITLISTED", "REQUESTED"]);
        let member = leaver.member.to_string();
        match way {
            "membershipRemove" => owner.does(way, json!({ "memberId": member })).await,
            "membershipLeave" => leaver.does(way, json!({ "organizationId": app.org_id() })).await,
            _ => {
                owner
                    .does(way, json!({ "memberId": member, "policy": "KEEP" }))
                    .await;
            }
        }
        for place in &places {
            assert_eq!(state(&owner, place).await, "WITHDRAWN", "{way}");
        }
        assert_eq!(state(&next, &waiting).await, "ACTIVE", "{way}");
        assert_eq!(state(&other, &held).await, "ACTIVE", "{way}");
        assert_eq!(
            state(&owner, &completed).await,
            "COMPLETED",
            "what is complete stays"
        );
        let token = invite(&app, &owner, &leaver.email, "learner").await;
        assert_eq!(accept(&leaver, &token).await.codes(), "");
        let back = try_to_enroll(&leaver, &courses[0], None).await;
        assert_eq!(
            back.text("/enroll/enrollment/state"),
            "WAITLISTED",
            "who comes back takes nobody's seat: {:#}",
            back.body
        );
    }
    assert_eq!(happened(&app, "enrollment.withdrawn").await, (9, 9));
    assert_eq!(happened(&app, "enrollment.moved_up").await, (3, 3));
}

#[tokio::test]
async fn a_free_seat_goes_to_who_waits_first_however_many_come() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1 })).await;
    let (seated, first, second) = (app.learner().await, app.learner().await, app.learner().await);
    let seat = enroll(&seated, &course.id).await;
    let places = [
        enroll(&first, &course.id).await,
        enroll(&second, &course.id).await,
    ];
    free(&app, &seat).await;
    let newcomers = join_all((0..10).map(|_| app.learner())).await;
    let came = join_all(
        newcomers
            .iter()
            .map(|newcomer| try_to_enroll(newcomer, &course.id, None)),
    )
    .await;
    for reply in came {
        assert_eq!(
            reply.text("/enroll/enrollment/state"),
            "WAITLISTED",
            "{:#}",
            reply.body
        );
    }
    assert_eq!(state(&first, &places[0]).await, "ACTIVE");
    assert_eq!(state(&second, &places[1]).await, "WAITLISTED");
    assert_eq!(happened(&app, "enrollment.moved_up").await, (1, 1));
}

#[tokio::test]
async fn nobody_is_approved_before_who_waits() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "seats": 1 })).await;
    let (seated, waiting, asking) = (app.learner().await, app.learner().await, app.learner().await);
    let seat = enroll(&seated, &course.id).await;
    let place = enroll(&waiting, &course.id).await;
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL", "seats": 1 })).await;
    let request = enroll(&asking, &course.id).await;
    free(&app, &seat).await;
    let refused = act(&owner, "enrollmentApprove", &request, json!({})).await;
    assert_eq!(refused.codes(), "LIMIT_REACHED");
    assert_eq!(state(&asking, &request).await, "REQUESTED");
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL", "seats": 2 })).await;
    assert_eq!(state(&waiting, &place).await, "ACTIVE");
    let approved = act(&owner, "enrollmentApprove", &request, json!({})).await;
    assert_eq!(approved.text("/enrollmentApprove/enrollment/state"), "ACTIVE");
}
