//! Who follows which learning path, and how far they are.

use super::support::app::Person;
use super::support::client::Reply;
use super::support::learning::{act, complete, enroll, happened};
use super::support::paths::{courses, follow, followed, published, refused, required, send};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

#[tokio::test]
async fn a_learner_follows_a_path_course_by_course() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let made = courses(&app, &author, 4).await;
    let steps = json!([{ "courseId": made[0].id }, { "courseId": made[1].id, "isRequired": false },
        { "courseId": made[2].id, "isRequired": false }, { "courseId": made[3].id }]);
    let path = published(&app, &author, steps, json!({ "electivesNeeded": 1 })).await;
    complete(&app, &learner, &made[3]).await;
    let enrollment = follow(&learner, &path).await;
    let member = json!({ "id": learner.member.to_string() });
    let progress = |done: i32| json!({ "coursesCompleted": done, "coursesRequired": 3 });
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(seen["path"], json!({ "id": path, "title": "A path" }));
    assert_eq!((&seen["member"], &seen["source"]), (&member, &json!("SELF")));
    assert_eq!(
        (&seen["state"], &seen["progress"]),
        (&json!("ACTIVE"), &progress(1)),
        "what was complete before counts"
    );
    assert_eq!(seen["nextCourse"], json!({ "id": made[0].id }));
    assert_eq!(
        factory::count(&app, "enrollments").await,
        1,
        "following enrols in nothing"
    );
    let again = send(&learner, "pathEnroll", &json!({ "pathId": path })).await;
    assert_eq!(
        refused(&again, "pathEnroll"),
        ("ALREADY_ENROLLED".into(), json!(["pathId"]))
    );

    complete(&app, &learner, &made[2]).await;
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(
        (&seen["progress"], &seen["nextCourse"]["id"]),
        (&progress(2), &json!(made[0].id))
    );
    enroll(&learner, &made[1].id).await;
    complete(&app, &learner, &made[0]).await;
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(
        (&seen["state"], &seen["progress"]),
        (&json!("COMPLETED"), &progress(3))
    );
    assert_eq!(seen["nextCourse"], Value::Null);
    assert!(seen["completedAt"].is_string());
    let own = "query($id: ID!) { viewer { pathEnrollments { totalCount nodes { id state } } } node(id: $id) { ... on LearningPath { \
        viewerEnrollment { id } enrollments { totalCount } } } }";
    let reply = learner.run_with(own, json!({ "id": path })).await;
    assert_eq!(
        reply.data("/viewer/pathEnrollments"),
        &json!({ "totalCount": 1, "nodes": [{ "id": enrollment, "state": "COMPLETED" }] })
    );
    assert_eq!(
        reply.data("/node"),
        &json!({ "viewerEnrollment": { "id": enrollment }, "enrollments": { "totalCount": 1 } })
    );
    let edit = json!({ "id": path, "electivesNeeded": 2 });
    assert_eq!(send(&author, "pathUpdate", &edit).await.codes(), "");
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(
        (&seen["state"], &seen["completedAt"]),
        (&json!("ACTIVE"), &Value::Null),
        "a longer path goes on"
    );
    assert_eq!(seen["nextCourse"], json!({ "id": made[1].id }));
}

#[tokio::test]
async fn who_leaves_a_path_keeps_their_courses_and_may_come_back() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let made = courses(&app, &author, 2).await;
    let path = published(&app, &author, required(&[&made[0], &made[1]]), json!({})).await;
    let enrollment = follow(&learner, &path).await;
    complete(&app, &learner, &made[0]).await;
    let leave = json!({ "pathEnrollmentId": enrollment });
    let reply = send(&learner, "pathWithdraw", &leave).await;
    assert_eq!(reply.text("/pathWithdraw/pathEnrollment/state"), "WITHDRAWN");
    assert_eq!(
        reply.data("/pathWithdraw/pathEnrollment/nextCourse"),
        &Value::Null
    );
    let again = send(&learner, "pathWithdraw", &leave).await;
    assert_eq!(
        refused(&again, "pathWithdraw"),
        ("INVALID_STATE".into(), json!(["pathEnrollmentId"]))
    );
    assert_eq!(
        factory::count(&app, "enrollments where state = 'completed'").await,
        1
    );
    assert_eq!(
        send(&author, "pathArchive", &json!({ "id": path })).await.codes(),
        ""
    );
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(
        seen["path"]["title"], "A path",
        "what one followed one still sees"
    );
    let node = "query($id: ID!) { node(id: $id) { ... on LearningPath { state courses { course { id } } viewerEnrollment { id } } } }";
    let seen = learner.run_with(node, json!({ "id": path })).await;
    assert_eq!(
        seen.data("/node"),
        &json!({ "state": "ARCHIVED", "courses": [{ "course": { "id": made[0].id } }, { "course": { "id": made[1].id } }],
            "viewerEnrollment": { "id": enrollment } })
    );
    let other = app.learner().await;
    let seen = other.run_with(node, json!({ "id": path })).await;
    assert_eq!(seen.data("/node"), &Value::Null, "who never did sees nothing");
    assert_eq!(
        send(&author, "pathPublish", &json!({ "id": path })).await.codes(),
        ""
    );
    assert_eq!(follow(&learner, &path).await, enrollment, "it is the same one");
    let seen = followed(&learner, &enrollment).await;
    assert_eq!(
        (&seen["state"], &seen["nextCourse"]["id"]),
        (&json!("ACTIVE"), &json!(made[1].id))
    );
    assert_eq!(happened(&app, "path_enrollment.created").await, (2, 2));
    assert_eq!(happened(&app, "path_enrollment.withdrawn").await, (1, 1));
}

#[tokio::test]
async fn the_staff_lets_those_follow_whom_it_reaches_and_sees_no_others() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let (manager, instructor) = (app.member("manager").await, app.member("instructor").await);
    let (inside, outside) = (app.learner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    factory::group(&app, manager.member, &[inside.member]).await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let elsewhere = app.elsewhere().await;
    let stranger = elsewhere.owner().await;
    let path = published(&app, &author, required(&[&course]), json!({})).await;
    let whom = |person: &Person| json!({ "pathId": path, "memberId": person.member.to_string() });
    for (who, whom, code) in [
        (&outside.client, whom(&inside), "NOT_FOUND"),
        (&manager.client, whom(&outside), "NOT_FOUND"),
        (&instructor.client, whom(&inside), "NOT_FOUND"),
        (&author.client, whom(&inside), "NOT_FOUND"),
        (&stranger.client, whom(&inside), "NOT_FOUND"),
        (&owner.client, whom(&stranger), "NOT_FOUND"),
        (&app.anonymous(), whom(&inside), "UNAUTHENTICATED"),
    ] {
        assert_eq!(send(who, "pathEnroll", &whom).await.codes(), code, "{whom}");
    }
    assert_eq!(factory::count(&app, "path_enrollments").await, 0);
    let reply = send(&manager, "pathEnroll", &whom(&inside)).await;
    let enrollment = reply.text("/pathEnroll/pathEnrollment/id").to_owned();
    assert_eq!(reply.text("/pathEnroll/pathEnrollment/source"), "STAFF");
    let other = send(&owner, "pathEnroll", &whom(&outside)).await;
    let other = other.text("/pathEnroll/pathEnrollment/id").to_owned();
    let suspend = format!(
        "update memberships set state = 'suspended' where id = '{}'",
        outside.member.id.0
    );
    factory::sql(&app, &suspend).await;
    assert_eq!(
        send(&owner, "pathWithdraw", &json!({ "pathEnrollmentId": other }))
            .await
            .codes(),
        ""
    );
    let reply = send(&owner, "pathEnroll", &whom(&outside)).await;
    assert_eq!(
        refused(&reply, "pathEnroll"),
        ("INVALID_STATE".into(), json!(["memberId"]))
    );

    let read = "query($path: ID!, $one: ID!, $other: ID!) { path: node(id: $path) { ... on LearningPath { enrollments { totalCount nodes { id } } } } \
        one: node(id: $one) { id } other: node(id: $other) { id } }";
    let ids = json!({ "path": path, "one": enrollment, "other": other });
    let node = |id: &str| json!({ "id": id });
    for (who, seen) in [
        (&owner, vec![&other, &enrollment]),
        (&manager, vec![&enrollment]),
        (&inside, vec![&enrollment]),
        (&instructor, vec![]),
        (&author, vec![]),
    ] {
        let reply = who.run_with(read, ids.clone()).await;
        let nodes: Vec<_> = seen.iter().map(|id| node(id)).collect();
        assert_eq!(
            reply.data("/path/enrollments"),
            &json!({ "totalCount": seen.len(), "nodes": nodes }),
            "{:#}",
            reply.body
        );
        for (name, id) in [("/one", &enrollment), ("/other", &other)] {
            assert_eq!(reply.data(name).is_object(), seen.contains(&id), "{name}");
        }
    }
    let leave = json!({ "pathEnrollmentId": enrollment });
    for (who, code) in [
        (&instructor.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(send(who, "pathWithdraw", &leave).await.codes(), code);
    }
    assert_eq!(send(&manager, "pathWithdraw", &leave).await.codes(), "");
    let theirs = "query($id: ID!) { node(id: $id) { ... on Member { pathEnrollments { totalCount } } } }";
    for (member, count) in [(&inside, 1), (&author, 0)] {
        let id = json!({ "id": member.member.to_string() });
        let reply = owner.run_with(theirs, id).await;
        assert_eq!(reply.data("/node/pathEnrollments/totalCount"), &json!(count));
    }
}

#[tokio::test]
async fn a_course_that_is_begun_anew_stays_complete_on_the_path() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let path = published(&app, &author, required(&[&course]), json!({})).await;
    let place = complete(&app, &learner, &course).await;
    let enrollment = follow(&learner, &path).await;
    let before = followed(&learner, &enrollment).await;
    assert_eq!(before["state"], "COMPLETED");
    let reply = act(&owner, "enrollmentReopen", &place, json!({})).await;
    assert_eq!(reply.text("/enrollmentReopen/enrollment/state"), "ACTIVE");
    assert_eq!(followed(&learner, &enrollment).await, before);
}

#[tokio::test]
async fn two_who_follow_at_once_become_one() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let path = published(&app, &author, required(&[&course]), json!({})).await;
    let input = json!({ "pathId": path });
    let replies = futures_util::future::join_all((0..8).map(|_| send(&learner, "pathEnroll", &input))).await;
    let codes: Vec<_> = replies.iter().map(Reply::codes).collect();
    assert_eq!(
        codes.iter().filter(|code| code.is_empty()).count(),
        1,
        "{codes:?}"
    );
    assert_eq!(
        codes.iter().filter(|code| *code == "ALREADY_ENROLLED").count(),
        7,
        "{codes:?}"
    );
    assert_eq!(happened(&app, "path_enrollment.created").await, (1, 1));
    let once = json!({ "pathEnrollmentId": replies.iter().find(|reply| reply.codes().is_empty()).unwrap()
        .text("/pathEnroll/pathEnrollment/id"), "idempotencyKey": "once" });
    for _ in 0..2 {
        assert_eq!(send(&learner, "pathWithdraw", &once).await.codes(), "");
    }
    assert_eq!(happened(&app, "path_enrollment.withdrawn").await, (1, 1));
}

#[tokio::test]
async fn who_is_let_go_takes_the_paths_that_they_followed_along() {
    let app = TestApp::new().await;
    let (author, owner, learner) = (app.member("author").await, app.owner().await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let path = published(
        &app,
        &author,
        required(&[&course]),
        json!({ "title": "PATH-CANARY" }),
    )
    .await;
    follow(&learner, &path).await;
    let offboard = "mutation($input: MembershipOffboardInput!) { membershipOffboard(input: $input) { memberExport { document } userErrors { code message } } }";
    let input = json!({ "memberId": learner.member.to_string(), "policy": "EXPORT" });
    let exported = owner.run_with(offboard, json!({ "input": input })).await;
    let document = exported.data("/membershipOffboard/memberExport/document");
    assert_eq!(document["paths"][0]["path"], "PATH-CANARY", "{:#}", exported.body);
}
