//! Certificates: issued once, seen by few, verified by everybody.

use super::support::learning::{complete, enroll, read, statements};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const VERIFY: &str = "query($code: String!) { verifyCertificate(code: $code) { state holderName courseTitle organizationName issuedAt revokedAt } }";
const OF_ENROLLMENT: &str = "query($id: ID!) { enrollment(id: $id) { certificate { id code state holderName courseTitle organizationName \
    issuedAt revokedAt revocationReason course { id } enrollment { id } } } }";

async fn certificate(who: &super::support::client::Client, enrollment: &str) -> Value {
    who.run_with(OF_ENROLLMENT, json!({ "id": enrollment }))
        .await
        .data("/enrollment/certificate")
        .clone()
}

#[tokio::test]
async fn a_completed_course_is_certified_and_everybody_can_verify_it() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    read(&learner, &enrollment, &course.texts).await;
    assert_eq!(
        certificate(&learner, &enrollment).await,
        Value::Null,
        "the quiz is not passed yet"
    );
    let enrollment = complete(&app, &app.learner().await, &course).await;
    let owner = app.owner().await;
    let seen = certificate(&owner, &enrollment).await;
    assert_eq!(seen["state"], "VALID");
    assert_eq!(seen["holderName"], "Test Person");
    assert_eq!(seen["courseTitle"], "A course");
    assert_eq!(seen["organizationName"], app.slug);
    assert_eq!(seen["course"]["id"], course.id);
    assert_eq!(seen["enrollment"]["id"], enrollment);
    let code = seen["code"].as_str().unwrap();
    for written in [
        code.to_owned(),
        code.to_lowercase(),
        code.replace('-', ""),
        format!(" {} ", code.replace('0', "o")),
    ] {
        let reply = app.anonymous().run_with(VERIFY, json!({ "code": written })).await;
        assert_eq!(
            reply.data("/verifyCertificate"),
            &json!({ "state": "VALID", "holderName": "Test Person", "courseTitle": "A course",
                "organizationName": app.slug, "issuedAt": seen["issuedAt"], "revokedAt": null })
        );
    }
}

#[tokio::test]
async fn what_is_no_code_of_a_certificate_is_unknown_and_tells_nothing() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = complete(&app, &learner, &course).await;
    let seen = certificate(&learner, &enrollment).await;
    let code = seen["code"].as_str().unwrap();
    let last = if code.ends_with('0') { "2" } else { "0" };
    let near = format!("{}{last}", &code[..code.len() - 1]);
    let id = seen["id"].as_str().unwrap();
    for wrong in [
        "",
        "-",
        "' or 1=1 --",
        "é",
        id,
        &near,
        &code[1..],
        &format!("{code}0"),
        &"0".repeat(32),
    ] {
        for who in [&app.anonymous(), &learner.client] {
            let reply = who.run_with(VERIFY, json!({ "code": wrong })).await;
            assert_eq!(
                reply.data("/verifyCertificate"),
                &json!({ "state": "UNKNOWN", "holderName": null, "courseTitle": null, "organizationName": null,
                    "issuedAt": null, "revokedAt": null }),
                "{wrong}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_says_what_it_said_whatever_is_renamed_since() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = complete(&app, &learner, &course).await;
    let before = certificate(&learner, &enrollment).await;
    let edit =
        "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Renamed\"}) { userErrors { code } } }";
    assert_eq!(
        author.run_with(edit, json!({ "id": course.id })).await.codes(),
        ""
    );
    factory::publish(&author, &course.id).await;
    for table in ["organizations", "memberships"] {
        factory::change(&app, &format!("update {table} set name = 'Renamed'")).await;
    }
    assert_eq!(certificate(&learner, &enrollment).await, before);
    let reply = app
        .anonymous()
        .run_with(VERIFY, json!({ "code": before["code"] }))
        .await;
    assert!(!reply.mentions("Renamed"), "{:#}", reply.body);
}

#[tokio::test]
async fn a_revoked_certificate_verifies_as_revoked() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = complete(&app, &learner, &course).await;
    factory::change(
        &app,
        "update certificates set revoked_at = now(), revocation_reason = 'In error'",
    )
    .await;
    let seen = certificate(&learner, &enrollment).await;
    assert_eq!(
        (&seen["state"], &seen["revocationReason"]),
        (&json!("REVOKED"), &json!("In error"))
    );
    let reply = app
        .anonymous()
        .run_with(VERIFY, json!({ "code": seen["code"] }))
        .await;
    assert_eq!(reply.text("/verifyCertificate/state"), "REVOKED");
    assert_eq!(reply.data("/verifyCertificate/revokedAt"), &seen["revokedAt"]);
    assert!(
        !reply.mentions("In error"),
        "why is between the academy and the holder"
    );
}

#[tokio::test]
async fn certificates_are_seen_by_those_whom_learning_records_reach() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let (owner, instructor, manager) = (
        app.owner().await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let mut ids = Vec::new();
    for learner in [&inside, &outside] {
        let enrollment = complete(&app, learner, &course).await;
        ids.push(
            certificate(learner, &enrollment).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let [a, b] = [&ids[0], &ids[1]];
    let stranger = app.elsewhere().await.owner().await;
    let list = "query($org: ID!, $course: ID) { node(id: $org) { ... on Organization { certificates(filter: {courseId: $course}) { \
        totalCount nodes { id } } } } }";
    let one = "query($id: ID!) { certificate(id: $id) { id } node(id: $id) { id } }";
    for (who, expected) in [
        (&owner, vec![b, a]),
        (&instructor, vec![b, a]),
        (&manager, vec![a]),
        (&inside, vec![a]),
        (&outside, vec![b]),
        (&author, vec![]),
    ] {
        let nodes: Vec<_> = expected.iter().map(|id| json!({ "id": id })).collect();
        for filter in [Value::Null, json!(course.id)] {
            let reply = who
                .run_with(list, json!({ "org": app.org_id(), "course": filter }))
                .await;
            assert_eq!(
                reply.data("/node/certificates"),
                &json!({ "totalCount": nodes.len(), "nodes": nodes })
            );
        }
        let reply = who
            .run_with(list, json!({ "org": app.org_id(), "course": a }))
            .await;
        assert_eq!(reply.data("/node/certificates/totalCount"), &json!(0));
        for id in &ids {
            let seen = if expected.contains(&id) {
                json!({ "id": id })
            } else {
                Value::Null
            };
            let reply = who.run_with(one, json!({ "id": id })).await;
            assert_eq!(reply.data(""), &json!({ "certificate": seen, "node": seen }));
        }
    }
    for outsider in [&stranger.client, &app.anonymous()] {
        let reply = outsider.run_with(one, json!({ "id": a })).await;
        assert_eq!(reply.data(""), &json!({ "certificate": null, "node": null }));
    }
}

#[tokio::test]
async fn a_code_is_stored_nowhere() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await;
    let enrollment = complete(&app, &learner, &course).await;
    let seen = certificate(&learner, &enrollment).await;
    let code = seen["code"].as_str().unwrap().to_owned();
    for table in [
        "certificates",
        "audit_entries",
        "outbox_events",
        "idempotency_records",
        "enrollments",
    ] {
        let bare = code.replace('-', "");
        let found = format!("{table} t where t::text ilike '%{code}%' or t::text ilike '%{bare}%'");
        assert_eq!(factory::count(&app, &found).await, 0, "{table}");
    }
    assert_eq!(factory::count(&app, "certificates").await, 1);
}

#[tokio::test]
async fn a_page_of_certificates_costs_a_statement_for_each_kind_of_thing() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await;
    for _ in 0..3 {
        complete(&app, &app.learner().await, &course).await;
    }
    let document = "query($org: ID!) { node(id: $org) { ... on Organization { certificates { nodes { code course { title } enrollment { state } } } } } }";
    let (data, count) = statements(&app, &owner, document, json!({ "org": app.org_id() })).await;
    assert_eq!(data["node"]["certificates"]["nodes"].as_array().unwrap().len(), 3);
    assert_eq!(
        count, 3,
        "the organisation, the certificates, their enrolments; courses from memory"
    );
}
