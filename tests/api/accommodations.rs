//! What learners are given beyond what a quiz gives everybody.

use super::support::client::{Client, Reply};
use super::support::learning::enroll;
use super::support::quiz::{self, Sitting, happened, start};
use super::support::{TestApp, factory};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

async fn set(who: &Client, input: Value) -> Reply {
    let document = "mutation($input: AccommodationSetInput!) { accommodationSet(input: $input) { enrollment { accommodations { \
        quiz { id } extraTimePercent extraAttempts reason setBy { id } } } userErrors { code field } } }";
    who.run_with(document, json!({ "input": input })).await
}

fn limit(sitting: &Sitting) -> TimeDelta {
    let deadline: DateTime<Utc> = sitting.started["deadlineAt"].as_str().unwrap().parse().unwrap();
    let left = sitting.started["secondsLeft"].as_i64().unwrap();
    assert!(deadline > DateTime::UNIX_EPOCH);
    TimeDelta::seconds(left)
}

#[tokio::test]
async fn a_learner_has_more_time_and_more_attempts_from_the_next_start_on() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(
        &app,
        &author,
        0,
        json!({ "timeLimitSeconds": 600, "maxAttempts": 1 }),
    )
    .await;
    let first = Sitting::new(&app, &course).await;
    let given = json!({ "enrollmentId": first.enrollment, "extraTimePercent": 50, "extraAttempts": 1, "reason": "A broken arm." });
    let reply = set(&owner, given).await;
    assert_eq!(reply.codes(), "");
    let accommodation = json!([{ "quiz": null, "extraTimePercent": 50, "extraAttempts": 1, "reason": "A broken arm.",
        "setBy": { "id": owner.member.to_string() } }]);
    assert_eq!(
        reply.data("/accommodationSet/enrollment/accommodations"),
        &accommodation
    );
    assert_eq!(
        first.read().await["deadlineAt"],
        first.started["deadlineAt"],
        "a deadline moves no more"
    );
    first.submit().await;
    let second = Sitting::of(first.learner, first.enrollment, first.quiz).await;
    let more = limit(&second).num_seconds();
    assert!((880..=900).contains(&more), "{more}");
    second.submit().await;
    let none_left = start(&second.learner, &second.enrollment, &second.quiz).await;
    assert_eq!(none_left.codes(), "NO_ATTEMPTS_LEFT");
    // That of the quiz itself stands in the place of the one for all quizzes.
    let own = json!({ "enrollmentId": second.enrollment, "quizId": second.quiz, "extraTimePercent": 10, "extraAttempts": 5 });
    assert_eq!(set(&owner, own).await.codes(), "");
    let third = Sitting::of(second.learner, second.enrollment, second.quiz).await;
    let more = limit(&third).num_seconds();
    assert!((640..=660).contains(&more), "{more}");
    let classmate = Sitting::new(&app, &course).await;
    assert!(limit(&classmate).num_seconds() <= 600);
    assert_eq!(happened(&app, "accommodation.set").await, 2);
}

#[tokio::test]
async fn nothing_more_takes_an_accommodation_away() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({ "timeLimitSeconds": 600 })).await;
    let learner = app.learner().await;
    let enrollment = enroll(&learner, &course.id).await;
    for (extra, left) in [(100, 1), (0, 0)] {
        let reply = set(
            &owner,
            json!({ "enrollmentId": enrollment, "extraTimePercent": extra }),
        )
        .await;
        let accommodations = reply.data("/accommodationSet/enrollment/accommodations");
        assert_eq!(accommodations.as_array().unwrap().len(), left);
    }
    let sitting = Sitting::of(learner, enrollment, course.quiz).await;
    assert!(limit(&sitting).num_seconds() <= 600);
}

#[tokio::test]
async fn the_reason_is_for_the_learner_and_for_who_may_set_it() {
    let app = TestApp::new().await;
    let (author, teacher, manager) = (
        app.member("author").await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    let course = quiz::course(&app, &author, 0, json!({})).await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let learner = app.learner().await;
    factory::group(&app, manager.member, &[learner.member]).await;
    let enrollment = enroll(&learner, &course.id).await;
    let given = json!({ "enrollmentId": enrollment, "extraAttempts": 1, "reason": "CANARY" });
    assert_eq!(set(&teacher, given).await.codes(), "");
    let document = "query($id: ID!) { enrollment(id: $id) { accommodations { extraAttempts reason } } }";
    for (who, reason) in [
        (&learner.client, json!("CANARY")),
        (&teacher.client, json!("CANARY")),
        (&manager.client, Value::Null),
    ] {
        let reply = who.run_with(document, json!({ "id": enrollment })).await;
        let expected = json!([{ "extraAttempts": 1, "reason": reason }]);
        assert_eq!(reply.data("/enrollment/accommodations"), &expected);
    }
    let told = "do $$ begin if exists (select from outbox_events where detail::text like '%CANARY%') then raise 'told'; end if; end $$";
    factory::sql(&app, told).await;
}

#[tokio::test]
async fn who_may_not_set_it_and_what_cannot_be_set_changes_nothing() {
    let app = TestApp::new().await;
    let (owner, author, manager) = (
        app.owner().await,
        app.member("author").await,
        app.member("manager").await,
    );
    let (course, other) = (
        quiz::course(&app, &author, 1, json!({})).await,
        quiz::course(&app, &author, 0, json!({})).await,
    );
    let learner = app.learner().await;
    factory::group(&app, manager.member, &[learner.member]).await;
    let enrollment = enroll(&learner, &course.id).await;
    let stranger = app.elsewhere().await.owner().await;
    let input = json!({ "enrollmentId": enrollment, "extraAttempts": 1 });
    for (who, code) in [
        (&learner.client, "FORBIDDEN"),
        (&manager.client, "FORBIDDEN"),
        (&author.client, "NOT_FOUND"),
        (&app.member("instructor").await.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(set(who, input.clone()).await.codes(), code);
    }
    let with = |field: &str, value: Value| {
        let mut input = input.clone();
        input[field] = value;
        (field.to_owned(), input)
    };
    for ((field, input), code) in [
        (with("extraTimePercent", json!(401)), "INVALID"),
        (with("extraTimePercent", json!(-1)), "INVALID"),
        (with("extraAttempts", json!(101)), "INVALID"),
        (with("reason", json!(" ")), "INVALID"),
        (with("reason", json!("x".repeat(2_001))), "INVALID"),
        (with("quizId", json!(other.quiz)), "NOT_FOUND"),
        (with("quizId", json!(course.texts[0])), "NOT_FOUND"),
        (with("quizId", json!("unt_")), "NOT_FOUND"),
        (with("enrollmentId", json!(course.id)), "NOT_FOUND"),
    ] {
        let reply = set(&owner, input.clone()).await;
        assert_eq!(reply.codes(), code, "{input}");
        assert_eq!(
            reply.data("/accommodationSet/userErrors/0/field"),
            &json!([field])
        );
    }
    assert_eq!(happened(&app, "accommodation.set").await, 0);
}
