//! Who decides about enrolments: others, and about those who may act.

use super::support::learning::{self, act, enroll, set_terms, state};
use super::support::{TestApp, factory};
use lyceum::jobs::calendar;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn nobody_decides_about_themselves_in_a_group_that_they_manage_or_a_course_that_they_teach() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let (manager, instructor) = (app.member("manager").await, app.member("instructor").await);
    factory::group(&app, manager.member, &[]).await;
    factory::teaches(&app, instructor.member, &course.id).await;
    for person in [&manager, &instructor] {
        set_terms(&author, &course.id, json!({ "policy": "CLOSED" })).await;
        let input = json!({ "courseId": course.id, "memberId": person.member.to_string() });
        let reply = person.mutate("enrollmentCreate", &input, "").await;
        assert_eq!(reply.codes(), "FORBIDDEN", "{:#}", reply.body);
        let own = format!("enrollments where member_id = '{}'", person.member.id.0);
        assert_eq!(factory::count(&app, &own).await, 0);
        set_terms(&author, &course.id, json!({ "policy": "APPROVAL" })).await;
        let request = enroll(person, &course.id).await;
        for mutation in [
            "enrollmentApprove",
            "enrollmentDecline",
            "enrollmentExtend",
            "enrollmentReopen",
        ] {
            let reply = act(person, mutation, &request, json!({})).await;
            assert_eq!(reply.codes(), "FORBIDDEN", "{mutation}: {:#}", reply.body);
        }
        assert_eq!(state(person, &request).await, "REQUESTED");
        let left = act(person, "enrollmentWithdraw", &request, json!({})).await;
        assert_eq!(left.codes(), "", "to leave is everybody's own");
    }
    let input = json!({ "courseId": course.id, "memberId": owner.member.to_string() });
    owner.does("enrollmentCreate", input).await;
}

#[tokio::test]
async fn nobody_is_let_in_or_goes_on_who_may_not_act() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let (asking, working, done) = (app.learner().await, app.learner().await, app.learner().await);
    let active = enroll(&working, &course.id).await;
    let complete = learning::complete(&app, &done, &course).await;
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL" })).await;
    let request = enroll(&asking, &course.id).await;
    let later = json!({ "dueAt": "2999-01-01T00:00:00Z" });
    let moves = [
        ("enrollmentApprove", &request, json!({}), "REQUESTED"),
        ("enrollmentExtend", &active, later, "ACTIVE"),
        ("enrollmentReopen", &complete, json!({}), "COMPLETED"),
    ];
    let put = async |to: &str| {
        for learner in [&asking, &working, &done] {
            let id = learner.member.id.0;
            let sql = format!("update memberships set state = '{to}' where id = '{id}'");
            factory::change(&app, &sql).await;
        }
    };
    for gone in ["suspended", "removed"] {
        put(gone).await;
        for (mutation, enrollment, more, stays) in &moves {
            let reply = act(&owner, mutation, enrollment, more.clone()).await;
            assert_eq!(
                reply.codes(),
                "INVALID_STATE",
                "{mutation} {gone}: {:#}",
                reply.body
            );
            assert_eq!(state(&owner, enrollment).await, *stays, "{mutation} {gone}");
        }
    }
    // Nor do they begin anew by themselves.
    let due = "update enrollments set renews_at = now() - interval '1 second' where state = 'completed'";
    factory::change(&app, due).await;
    let begun = Instant::now();
    while factory::count(&app, "enrollments where renews_at < now()").await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        calendar::run_once(&app.app).await.unwrap();
    }
    assert_eq!(state(&owner, &complete).await, "COMPLETED");
    put("active").await;
    for (mutation, enrollment, more, _) in &moves {
        let reply = act(&owner, mutation, enrollment, more.clone()).await;
        assert_eq!(reply.codes(), "", "{mutation}: {:#}", reply.body);
    }
}
