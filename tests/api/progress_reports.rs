//! How far learners are, for themselves and for those who look after them.

use super::support::app::Person;
use super::support::learning::{self, enroll, event, record, statements};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const REPORT: &str = "query($id: ID!, $filter: ProgressReportFilter) { course(id: $id) { progressReport(filter: $filter, first: 50) { totalCount nodes { id } } } }";

async fn report(who: &Person, course: &str, filter: Value) -> Value {
    let reply = who
        .run_with(REPORT, json!({ "id": course, "filter": filter }))
        .await;
    let page = &reply.data("/course")["progressReport"];
    match page["nodes"].as_array() {
        Some(nodes) => {
            assert_eq!(page["totalCount"], json!(nodes.len()));
            nodes.iter().map(|node| node["id"].clone()).collect()
        }
        None => Value::Null,
    }
}

#[tokio::test]
async fn progress_says_how_long_how_far_and_when() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    let read = "query($id: ID!) { enrollment(id: $id) { progress { unitsCompleted unitCount percent seconds lastActivityAt \
        modules { module { id } unitsCompleted unitCount seconds } } } }";
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(
        seen.data("/enrollment/progress"),
        &json!({ "unitsCompleted": 0, "unitCount": 3, "percent": 0, "seconds": 0, "lastActivityAt": null,
            "modules": [{ "module": { "id": course.module }, "unitsCompleted": 0, "unitCount": 3, "seconds": 0 }] })
    );
    let events = [
        event(&course.texts[0], "COMPLETED", 1),
        event(&course.quiz, "STARTED", 2),
    ];
    record(&learner, &enrollment, &events).await;
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    let mut progress = seen.data("/enrollment/progress").clone();
    let last = progress
        .as_object_mut()
        .unwrap()
        .remove("lastActivityAt")
        .unwrap();
    assert!(last.is_string());
    assert_eq!(
        progress,
        json!({ "unitsCompleted": 1, "unitCount": 3, "percent": 33, "seconds": 20,
            "modules": [{ "module": { "id": course.module }, "unitsCompleted": 1, "unitCount": 3, "seconds": 20 }] })
    );
}

#[tokio::test]
async fn a_report_shows_those_whom_its_reader_looks_after() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (owner, instructor, manager) = (
        app.owner().await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    let (course, other) = (
        factory::published_course(&app, &author, 1).await,
        factory::published_course(&app, &author, 1).await,
    );
    factory::teaches(&app, instructor.member, &course.id).await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let first = enroll(&inside, &course.id).await;
    let second = enroll(&outside, &course.id).await;
    let elsewhere = enroll(&outside, &other.id).await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, seen_here, seen_there) in [
        (&owner, json!([second, first]), json!([elsewhere])),
        (&instructor, json!([second, first]), json!([])),
        (&manager, json!([first]), json!([])),
        (&inside, Value::Null, Value::Null),
        (&author, Value::Null, Value::Null),
        (&stranger, Value::Null, Value::Null),
    ] {
        assert_eq!(report(who, &course.id, json!({})).await, seen_here);
        assert_eq!(report(who, &other.id, json!({})).await, seen_there);
    }
}

#[tokio::test]
async fn a_report_is_narrowed_to_those_who_need_help() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let mut enrollments = Vec::new();
    for _ in 0..4 {
        enrollments.push(enroll(&app.learner().await, &course.id).await);
    }
    let done = learning::complete(&app, &app.learner().await, &course).await;
    let [late, idle, new, busy] = enrollments.as_slice() else {
        unreachable!()
    };
    let id = |enrollment: &str| {
        use lyceum::kernel::ids::{EnrollmentKey, Key};
        EnrollmentKey::parse(enrollment).unwrap().id.0
    };
    for (enrollment, change) in [
        (late, "due_at = now() - interval '1 day'"),
        (idle, "last_activity_at = now() - interval '9 days'"),
        (new, "enrolled_at = now() - interval '9 days'"),
        (
            busy,
            "enrolled_at = now() - interval '9 days', last_activity_at = now()",
        ),
        (
            &done,
            "due_at = now() - interval '1 day', last_activity_at = now() - interval '9 days'",
        ),
    ] {
        factory::change(
            &app,
            &format!("update enrollments set {change} where id = '{}'", id(enrollment)),
        )
        .await;
    }
    let week_ago = (app.app.clock.now() - chrono::TimeDelta::days(7)).to_rfc3339();
    for (filter, expected) in [
        (json!({ "isOverdue": true }), json!([late])),
        (json!({ "inactiveSince": week_ago }), json!([new, idle])),
        (json!({ "state": "COMPLETED" }), json!([done])),
        (json!({ "isOverdue": true, "inactiveSince": week_ago }), json!([])),
    ] {
        assert_eq!(
            report(&owner, &course.id, filter.clone()).await,
            expected,
            "{filter}"
        );
    }
}

#[tokio::test]
async fn a_report_costs_the_same_for_one_learner_and_for_twenty() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let document = "query($id: ID!) { course(id: $id) { progressReport(first: 50) { nodes { state isOverdue member { name } \
        progress { percent seconds lastActivityAt modules { unitsCompleted } } knowledgeGaps { score } } } } }";
    let mut counts = Vec::new();
    for _ in 0..20 {
        let learner = app.learner().await;
        let enrollment = enroll(&learner, &course.id).await;
        record(&learner, &enrollment, &[event(&course.texts[0], "COMPLETED", 1)]).await;
        let (data, count) = statements(&app, &owner, document, json!({ "id": course.id })).await;
        counts.push(count);
        assert_eq!(
            data["course"]["progressReport"]["nodes"]
                .as_array()
                .unwrap()
                .len(),
            counts.len()
        );
    }
    assert_eq!(
        (counts[1], counts[19]),
        (5, 5),
        "the enrolments; members, seconds, units and scores of all: {counts:?}"
    );
}

#[tokio::test]
async fn gaps_are_the_modules_in_whose_quizzes_points_were_missed() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    let of_learner = "query($id: ID!) { enrollment(id: $id) { knowledgeGaps { module { id } score } } }";
    let seen = sitting
        .learner
        .run_with(of_learner, json!({ "id": sitting.enrollment }))
        .await;
    assert_eq!(
        seen.data("/enrollment/knowledgeGaps"),
        &json!([]),
        "nothing was asked yet"
    );
    let submit = "mutation($id: ID!) { attemptSubmit(input: {attemptId: $id}) { attempt { points maxPoints } userErrors { code } } }";
    let answered = async |sitting: &Sitting| {
        sitting.answer(&["One"]).await;
        let learner = &sitting.learner;
        learner.run_with(submit, json!({ "id": sitting.attempt })).await
    };
    let reply = answered(&sitting).await;
    let points = |field: &str| {
        reply
            .data(&format!("/attemptSubmit/attempt/{field}"))
            .as_f64()
            .unwrap()
    };
    let score = (points("points") / points("maxPoints") * 100.0).floor();
    assert!(score > 0.0 && score < 100.0, "{score}");
    let seen = sitting
        .learner
        .run_with(of_learner, json!({ "id": sitting.enrollment }))
        .await;
    let gap = &seen.data("/enrollment/knowledgeGaps")[0];
    assert_eq!(gap["module"]["id"], json!(course.module));
    assert_eq!(gap["score"].as_f64(), Some(score));
    let of_course = "query($id: ID!) { course(id: $id) { knowledgeGaps { module { id } score } } }";
    for others in 1..=4 {
        let seen = owner.run_with(of_course, json!({ "id": course.id })).await;
        assert_eq!(
            seen.data("/course/knowledgeGaps"),
            &json!([]),
            "{others} are too few"
        );
        answered(&Sitting::new(&app, &course).await).await;
    }
    let seen = owner.run_with(of_course, json!({ "id": course.id })).await;
    assert_eq!(&seen.data("/course/knowledgeGaps")[0], gap);
    let seen = sitting
        .learner
        .run_with(of_course, json!({ "id": course.id }))
        .await;
    assert_eq!(seen.data("/course/knowledgeGaps"), &Value::Null);
    let bystander = app.member("instructor").await;
    let seen = bystander.run_with(of_course, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/knowledgeGaps"),
        &json!([]),
        "who teaches others sees nothing of these"
    );
}
