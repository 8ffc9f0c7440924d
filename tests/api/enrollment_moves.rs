//! From state to state: requests and what becomes of them, leaving, and times.

use super::support::app::Person;
use super::support::client::Client;
use super::support::learning::{self, act, enroll, happened, set_terms, state, try_to_enroll};
use super::support::world_units::{assignment, hand_in};
use super::support::{TestApp, factory};
use lyceum::jobs::calendar;
use lyceum::kernel::ids::{EnrollmentKey, Key};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const FUTURE: &str = "2999-01-01T00:00:00Z";

/// Lets the calendar run, as several nodes do at once, until an enrolment is in a state.
async fn run_until(app: &TestApp, who: &Person, enrollment: &str, wanted: &str) {
    let begun = Instant::now();
    while state(who, enrollment).await != wanted {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "it never becomes {wanted}"
        );
        for ran in futures_util::future::join_all((0..4).map(|_| calendar::run_once(&app.app))).await {
            ran.unwrap();
        }
    }
}

fn row(enrollment: &str) -> uuid::Uuid {
    EnrollmentKey::parse(enrollment).unwrap().id.0
}

#[tokio::test]
async fn a_course_lets_in_as_its_terms_say() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    for (terms, code, expected) in [
        (json!({ "policy": "OPEN" }), None, "ACTIVE"),
        (json!({ "policy": "APPROVAL" }), None, "REQUESTED"),
        (json!({ "policy": "CLOSED" }), None, "ENROLLMENT_CLOSED"),
        (
            json!({ "policy": "INVITATION", "invitationCode": "twelve-chars" }),
            None,
            "INVALID",
        ),
        (
            json!({ "policy": "INVITATION", "invitationCode": "twelve-chars" }),
            Some("twelve-char"),
            "INVALID",
        ),
        (
            json!({ "policy": "INVITATION", "invitationCode": "twelve-chars" }),
            Some("twelve-chars"),
            "ACTIVE",
        ),
    ] {
        let course = factory::published_course(&app, &author, 0).await;
        assert_eq!(set_terms(&author, &course.id, terms.clone()).await.codes(), "");
        let reply = try_to_enroll(&learner, &course.id, code).await;
        let came = match reply.codes().as_str() {
            "" => reply.text("/enroll/enrollment/state").to_owned(),
            codes => codes.to_owned(),
        };
        assert_eq!(came, expected, "{terms} {code:?}");
    }
    assert_eq!(factory::count(&app, "enrollments").await, 3);
}

#[tokio::test]
async fn a_request_is_approved_or_declined_by_those_whom_it_reaches_and_not_by_the_learner() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL", "dueDays": 3 })).await;
    let (instructor, manager) = (app.member("instructor").await, app.member("manager").await);
    factory::teaches(&app, instructor.member, &course.id).await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let stranger = app.elsewhere().await.owner().await;
    let wanted = enroll(&inside, &course.id).await;
    let unwanted = enroll(&outside, &course.id).await;
    for mutation in [
        "enrollmentApprove",
        "enrollmentDecline",
        "enrollmentExtend",
        "enrollmentReopen",
    ] {
        for (who, code) in [
            (&outside.client, "FORBIDDEN"),
            (&inside.client, "NOT_FOUND"),
            (&manager.client, "NOT_FOUND"),
            (&author.client, "NOT_FOUND"),
            (&stranger.client, "NOT_FOUND"),
            (&app.anonymous(), "UNAUTHENTICATED"),
        ] {
            assert_eq!(
                act(who, mutation, &unwanted, json!({})).await.codes(),
                code,
                "{mutation}"
            );
        }
    }
    assert_eq!(state(&outside, &unwanted).await, "REQUESTED");
    let late = learning::record(
        &inside,
        &wanted,
        &[learning::event(&course.texts[0], "COMPLETED", 1)],
    )
    .await;
    assert_eq!(late.codes(), "NOT_ENROLLED", "who is not in yet learns nothing");
    let reply = act(&manager, "enrollmentApprove", &wanted, json!({})).await;
    assert_eq!(
        reply.text("/enrollmentApprove/enrollment/state"),
        "ACTIVE",
        "{:#}",
        reply.body
    );
    let reason = json!({ "reason": "The course is for those of the third year." });
    let reply = act(&instructor, "enrollmentDecline", &unwanted, reason).await;
    assert_eq!(reply.text("/enrollmentDecline/enrollment/state"), "DECLINED");
    let read = "query($id: ID!) { enrollment(id: $id) { state source dueAt requestedAt declineReason allowedMoves isOverdue \
        decidedBy { id } } }";
    let seen = instructor.run_with(read, json!({ "id": wanted })).await;
    assert!(
        seen.data("/enrollment/dueAt").is_string(),
        "it is due by the terms"
    );
    assert!(seen.data("/enrollment/requestedAt").is_string());
    assert_eq!(
        seen.data("/enrollment/allowedMoves"),
        &json!(["COMPLETED", "EXPIRED", "WITHDRAWN"])
    );
    let seen = outside.run_with(read, json!({ "id": unwanted })).await;
    assert_eq!(
        seen.text("/enrollment/declineReason"),
        "The course is for those of the third year."
    );
    assert_eq!(
        seen.data("/enrollment/decidedBy"),
        &Value::Null,
        "a learner sees no other members"
    );
    let owner = app.owner().await;
    let seen = owner.run_with(read, json!({ "id": unwanted })).await;
    assert_eq!(
        seen.text("/enrollment/decidedBy/id"),
        instructor.member.to_string()
    );
    assert_eq!(happened(&app, "enrollment.approved").await, (1, 1));
    assert_eq!(happened(&app, "enrollment.declined").await, (1, 1));
    let again = try_to_enroll(&outside, &course.id, None).await;
    assert_eq!(
        again.codes(),
        "INVALID_STATE",
        "who was declined does not ask again"
    );
}

#[tokio::test]
async fn a_move_that_the_state_does_not_allow_says_which_it_does() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = enroll(&learner, &course.id).await;
    let moves = [
        ("enrollmentApprove", json!({})),
        ("enrollmentDecline", json!({})),
        ("enrollmentReopen", json!({})),
    ];
    for (mutation, more) in moves {
        let reply = act(&owner, mutation, &enrollment, more).await;
        assert_eq!(reply.codes(), "INVALID_STATE", "{mutation}");
        let message = reply.text(&format!("/{mutation}/userErrors/0/message"));
        assert!(
            message.contains("is ACTIVE") && message.contains("may become COMPLETED, EXPIRED, WITHDRAWN"),
            "{message}"
        );
    }
    learning::pass(&app, &enrollment, &course.quiz).await;
    for mutation in ["enrollmentWithdraw", "enrollmentExtend", "enrollmentApprove"] {
        let reply = act(&owner, mutation, &enrollment, json!({})).await;
        assert_eq!(reply.codes(), "INVALID_STATE", "{mutation}");
    }
    assert_eq!(state(&owner, &enrollment).await, "COMPLETED");
    assert_eq!(happened(&app, "enrollment.withdrawn").await, (0, 0));
}

#[tokio::test]
async fn who_leaves_and_comes_back_keeps_what_was_complete() {
    let app = TestApp::new().await;
    let (author, learner, owner) = (app.member("author").await, app.learner().await, app.owner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    learning::read(&learner, &enrollment, &course.texts[..1]).await;
    let left = act(&learner, "enrollmentWithdraw", &enrollment, json!({})).await;
    assert_eq!(
        left.text("/enrollmentWithdraw/enrollment/state"),
        "WITHDRAWN",
        "{:#}",
        left.body
    );
    let late = learning::record(
        &learner,
        &enrollment,
        &[learning::event(&course.texts[1], "COMPLETED", 2)],
    )
    .await;
    assert_eq!(late.codes(), "NOT_ENROLLED");
    let again = act(&learner, "enrollmentWithdraw", &enrollment, json!({})).await;
    assert_eq!(again.codes(), "INVALID_STATE");
    factory::unit(
        &author,
        &course.module,
        "Another",
        json!({ "text": { "body": "More." } }),
    )
    .await;
    factory::publish(&author, &course.id).await;
    assert_eq!(
        enroll(&learner, &course.id).await,
        enrollment,
        "it is the same enrolment"
    );
    let read = "query($id: ID!) { enrollment(id: $id) { state source progress { unitsCompleted unitCount } course { revision { number } } } }";
    let seen = owner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(
        seen.data("/enrollment"),
        &json!({ "state": "ACTIVE", "source": "SELF", "progress": { "unitsCompleted": 1, "unitCount": 4 },
            "course": { "revision": { "number": 2 } } })
    );
    assert_eq!(happened(&app, "enrollment.withdrawn").await, (1, 1));
    assert_eq!(happened(&app, "enrollment.created").await, (2, 2));
}

#[tokio::test]
async fn who_comes_back_finds_complete_what_was_graded_while_they_were_away() {
    let app = TestApp::new().await;
    let (author, learner, owner) = (app.member("author").await, app.learner().await, app.owner().await);
    let course = factory::draft_course(&app, &author, 0).await;
    let unit = factory::unit(&author, &course.module, "Work", assignment(json!({}))).await;
    factory::publish(&author, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let submission = hand_in(&learner, &enrollment, &unit).await;
    act(&learner, "enrollmentWithdraw", &enrollment, json!({})).await;
    let grade = json!({ "id": submission, "points": 10 });
    owner.does("submissionGrade", grade).await;
    assert_eq!(state(&learner, &enrollment).await, "WITHDRAWN");
    enroll(&learner, &course.id).await;
    let read = "query($id: ID!) { enrollment(id: $id) { state progress { unitsCompleted unitCount } } }";
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(
        seen.data("/enrollment"),
        &json!({ "state": "ACTIVE", "progress": { "unitsCompleted": 1, "unitCount": 2 } })
    );
    assert!(learning::pass(&app, &enrollment, &course.quiz).await);
}

#[tokio::test]
async fn staff_enrols_whom_it_will_until_when_it_will() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    set_terms(&author, &course.id, json!({ "policy": "CLOSED", "dueDays": 5 })).await;
    let create = "mutation($input: EnrollmentCreateInput!) { enrollmentCreate(input: $input) { enrollment { id state dueAt expiresAt } \
        userErrors { code field } } }";
    let input = |more: Value| {
        let mut input = json!({ "courseId": course.id, "memberId": learner.member.to_string() });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({ "input": input })
    };
    let own = learner.run_with(create, input(json!({}))).await;
    assert_eq!(
        own.codes(),
        "FORBIDDEN",
        "nobody goes round the terms by enrolling themselves"
    );
    for field in ["dueAt", "expiresAt"] {
        let past = owner
            .run_with(create, input(json!({ field: "2020-01-01T00:00:00Z" })))
            .await;
        assert_eq!(past.codes(), "INVALID");
        assert_eq!(past.data("/enrollmentCreate/userErrors/0/field"), &json!([field]));
    }
    assert_eq!(factory::count(&app, "enrollments").await, 0);
    let reply = owner
        .run_with(create, input(json!({ "expiresAt": FUTURE })))
        .await;
    let enrollment = reply.data("/enrollmentCreate/enrollment");
    assert_eq!(enrollment["state"], "ACTIVE", "{:#}", reply.body);
    assert!(
        enrollment["expiresAt"]
            .as_str()
            .unwrap()
            .starts_with("2999-01-01T00:00:00")
    );
    assert!(enrollment["dueAt"].is_string(), "the terms say when it is due");
}

#[tokio::test]
async fn an_enrolment_whose_time_is_over_expires_once_and_goes_on_when_it_is_extended() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    set_terms(&author, &course.id, json!({ "accessDays": 1 })).await;
    let enrollment = enroll(&learner, &course.id).await;
    calendar::run_once(&app.app).await.unwrap();
    assert_eq!(
        state(&learner, &enrollment).await,
        "ACTIVE",
        "its time is not over"
    );
    factory::change(
        &app,
        &format!(
            "update enrollments set expires_at = now() - interval '1 second' where id = '{}'",
            row(&enrollment)
        ),
    )
    .await;
    run_until(&app, &learner, &enrollment, "EXPIRED").await;
    for ran in futures_util::future::join_all((0..4).map(|_| calendar::run_once(&app.app))).await {
        ran.unwrap();
    }
    assert_eq!(happened(&app, "enrollment.expired").await, (1, 1));
    let events = [learning::event(&course.texts[0], "COMPLETED", 1)];
    assert_eq!(
        learning::record(&learner, &enrollment, &events).await.codes(),
        "NOT_ENROLLED"
    );
    assert_eq!(
        try_to_enroll(&learner, &course.id, None).await.codes(),
        "INVALID_STATE"
    );
    for (more, code) in [
        (json!({}), "INVALID"),
        (json!({ "dueAt": FUTURE }), "INVALID"),
        (json!({ "expiresAt": "2020-01-01T00:00:00Z" }), "INVALID"),
    ] {
        assert_eq!(
            act(&owner, "enrollmentExtend", &enrollment, more).await.codes(),
            code
        );
    }
    assert_eq!(state(&learner, &enrollment).await, "EXPIRED");
    let extended = act(
        &owner,
        "enrollmentExtend",
        &enrollment,
        json!({ "expiresAt": null }),
    )
    .await;
    assert_eq!(
        extended.text("/enrollmentExtend/enrollment/state"),
        "ACTIVE",
        "{:#}",
        extended.body
    );
    assert_eq!(learning::record(&learner, &enrollment, &events).await.codes(), "");
    let moved = act(
        &owner,
        "enrollmentExtend",
        &enrollment,
        json!({ "dueAt": FUTURE }),
    )
    .await;
    assert_eq!(moved.text("/enrollmentExtend/enrollment/state"), "ACTIVE");
    let read = "query($id: ID!) { enrollment(id: $id) { dueAt expiresAt isOverdue } }";
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(seen.data("/enrollment/expiresAt"), &Value::Null);
    assert_eq!(seen.data("/enrollment/isOverdue"), &json!(false));
    factory::change(
        &app,
        &format!(
            "update enrollments set due_at = now() - interval '1 second' where id = '{}'",
            row(&enrollment)
        ),
    )
    .await;
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(seen.data("/enrollment/isOverdue"), &json!(true));
}

#[tokio::test]
async fn terms_are_set_by_authors_and_the_code_is_for_them_alone() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let stranger = app.elsewhere().await.owner().await;
    let terms =
        json!({ "policy": "INVITATION", "invitationCode": "twelve-chars", "seats": 3, "validMonths": 12 });
    let nobody: [(&Client, &str); 3] = [
        (&learner.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ];
    for (who, code) in nobody {
        assert_eq!(set_terms(who, &course.id, terms.clone()).await.codes(), code);
    }
    for (terms, field) in [
        (json!({ "policy": "INVITATION" }), "invitationCode"),
        (
            json!({ "policy": "INVITATION", "invitationCode": "short" }),
            "invitationCode",
        ),
        (
            json!({ "policy": "OPEN", "invitationCode": "twelve-chars" }),
            "invitationCode",
        ),
        (json!({ "seats": 0 }), "seats"),
        (json!({ "dueDays": 3651 }), "dueDays"),
        (json!({ "accessDays": -1 }), "accessDays"),
        (json!({ "validMonths": 121 }), "validMonths"),
    ] {
        let reply = set_terms(&author, &course.id, terms).await;
        assert_eq!(reply.codes(), "INVALID");
        assert_eq!(
            reply.data("/courseEnrollmentTermsSet/userErrors/0/field"),
            &json!([field])
        );
    }
    assert_eq!(factory::count(&app, "enrollment_terms").await, 0);
    let reply = set_terms(&author, &course.id, terms).await;
    assert_eq!(
        reply.data("/courseEnrollmentTermsSet/course/enrollmentTerms"),
        &json!({ "policy": "INVITATION", "invitationCode": "twelve-chars", "seats": 3, "seatsTaken": 0, "waiting": 0,
            "dueDays": null, "accessDays": null, "validMonths": 12 })
    );
    let read =
        "query($id: ID!) { course(id: $id) { enrollmentTerms { policy invitationCode seats seatsTaken } } }";
    let seen = learner.run_with(read, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/enrollmentTerms"),
        &json!({ "policy": "INVITATION", "invitationCode": null, "seats": 3, "seatsTaken": 0 })
    );
}
