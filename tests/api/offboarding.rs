//! Letting members go for good: what becomes of their records, and that it is all of it or nothing.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{complete, enroll};
use super::support::people::{accept, invite};
use super::support::quiz::Sitting;
use super::support::{TestApp, apps, factory, servers};
use futures_util::future::join_all;
use lyceum::jobs::retention;
use serde_json::{Value, json};

const SELECTED: &str = "member { id name email externalId state } memberExport { id document expiresAt member { id } madeBy { id } } \
    userErrors { code field message }";

async fn offboard(who: &Client, member: &Person, more: Value) -> Reply {
    let document = format!(
        "mutation($input: MembershipOffboardInput!) {{ membershipOffboard(input: $input) {{ {SELECTED} }} }}"
    );
    let mut input = json!({ "memberId": member.member.to_string() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(&document, json!({ "input": input })).await
}

async fn sees(app: &TestApp, who: &Client) -> bool {
    let document = "query($org: ID!) { organization(id: $org) { id } }";
    let reply = who.run_with(document, json!({ "org": app.org_id() })).await;
    !reply.data("/organization").is_null()
}

async fn policy_is(app: &TestApp, member: &Person, policy: &str) {
    let entries = factory::audit(app, "member.offboarded").await;
    let (subject, detail) = entries.last().unwrap();
    assert_eq!(*subject, member.member.to_string());
    assert_eq!(detail["policy"], policy);
}

#[tokio::test]
async fn what_is_kept_stays_under_the_members_name_and_their_tokens_end() {
    let app = TestApp::new().await;
    let (owner, author, leaver) = (
        app.owner().await,
        app.member("author").await,
        app.member("admin").await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&leaver, &course.id).await;
    let token = apps::token(&app, leaver.member, &apps::all_scopes()).await;
    assert!(sees(&app, &app.bearer(&token)).await);
    let reply = offboard(&owner, &leaver, json!({ "policy": "KEEP" })).await;
    assert_eq!(
        reply.text("/membershipOffboard/member/state"),
        "REMOVED",
        "{:#}",
        reply.body
    );
    assert_eq!(reply.data("/membershipOffboard/memberExport"), &Value::Null);
    assert!(!sees(&app, &leaver).await);
    assert_eq!(
        app.bearer(&token).run("{ __typename }").await.status,
        401,
        "their program's token is void"
    );
    let record = "query($id: ID!) { node(id: $id) { ... on Enrollment { member { id email } } } }";
    let record = owner.run_with(record, json!({ "id": enrollment })).await;
    assert_eq!(record.text("/node/member/email"), leaver.email);
    policy_is(&app, &leaver, "keep").await;
    // It is over: only what is for former members may follow.
    for (policy, code) in [("KEEP", "INVALID_STATE"), ("EXPORT", ""), ("ANONYMISE", "")] {
        assert_eq!(
            offboard(&owner, &leaver, json!({ "policy": policy }))
                .await
                .codes(),
            code,
            "{policy}"
        );
    }
}

#[tokio::test]
async fn an_export_has_everything_but_answer_keys_and_goes_after_its_time() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::published_course(&app, &author, 1).await;
    let sitting = Sitting::new(&app, &course).await;
    let leaver = &sitting.learner;
    let reply = offboard(&owner, leaver, json!({ "policy": "EXPORT" })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let export = reply.data("/membershipOffboard/memberExport").clone();
    let document = &export["document"];
    assert_eq!(document["member"]["email"], json!(leaver.email));
    assert_eq!(document["enrollments"][0]["attempts"][0]["number"], 1);
    for part in ["groups", "teaches", "certificates"] {
        assert!(document[part].is_array(), "{part}");
    }
    for word in ["accepted", "isRight", "is_right", "explanation"] {
        assert!(
            !document.to_string().contains(word),
            "{word} is of the answer key"
        );
    }
    assert_eq!(
        (&export["member"]["id"], &export["madeBy"]["id"]),
        (
            &json!(leaver.member.to_string()),
            &json!(owner.member.to_string())
        )
    );
    // Nobody else reads it.
    let list = "query($org: ID!) { organization(id: $org) { memberExports { totalCount nodes { id } } } }";
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for who in [&author, &app.learner().await] {
        assert_eq!(
            who.run_with(list, json!({ "org": app.org_id() }))
                .await
                .data("/organization/memberExports"),
            &Value::Null
        );
        assert_eq!(
            who.run_with(node, json!({ "id": export["id"] }))
                .await
                .data("/node"),
            &Value::Null
        );
    }
    let listed = owner.run_with(list, json!({ "org": app.org_id() })).await;
    assert_eq!(
        listed.data("/organization/memberExports"),
        &json!({ "totalCount": 1, "nodes": [{ "id": export["id"] }] })
    );
    let over = format!(
        "update member_exports set expires_at = now() - interval '1 second' where org_id = '{}'",
        app.org.0
    );
    servers::admin().await.batch_execute(&over).await.unwrap();
    assert_eq!(
        owner
            .run_with(node, json!({ "id": export["id"] }))
            .await
            .data("/node"),
        &Value::Null
    );
    retention::run_once(&app.app).await.unwrap();
    assert_eq!(factory::count(&app, "member_exports").await, 0);
}

#[tokio::test]
async fn who_is_anonymised_is_named_nowhere_and_what_they_did_stays() {
    let app = TestApp::new().await;
    let (owner, author, leaver) = (app.owner().await, app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&leaver, &course.id).await;
    let known = format!(
        "update memberships set external_id = 'crm-7' where id = '{}'",
        leaver.member.id.0
    );
    factory::change(&app, &known).await;
    let reply = offboard(&owner, &leaver, json!({ "policy": "ANONYMISE" })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let member = reply.data("/membershipOffboard/member");
    assert_eq!(
        (&member["name"], &member["externalId"]),
        (&json!("Former member"), &Value::Null)
    );
    assert!(
        member["email"].as_str().unwrap().ends_with(".invalid"),
        "{member}"
    );
    let record = "query($id: ID!) { node(id: $id) { ... on Enrollment { state member { name } } } }";
    let record = owner.run_with(record, json!({ "id": enrollment })).await;
    assert_eq!(record.text("/node/member/name"), "Former member");
    // The person sees none of it, and keeps their account.
    let own = leaver
        .run("{ viewer { email memberships { id } enrollments { totalCount } } }")
        .await;
    assert_eq!(own.text("/viewer/email"), leaver.email);
    assert_eq!(
        (
            own.data("/viewer/memberships"),
            own.data("/viewer/enrollments/totalCount")
        ),
        (&json!([]), &json!(0))
    );
    let named = servers::admin().await;
    let columns = "select count(*) from memberships where org_id::text = $1 and email = $2";
    let left: i64 = named
        .query_one(columns, &[&app.org.0.to_string(), &leaver.email])
        .await
        .unwrap()
        .get(0);
    assert_eq!(left, 0);
    // Who comes back is somebody new.
    let token = invite(&app, &owner, &leaver.email, "learner").await;
    let joined = accept(&leaver, &token).await;
    assert_ne!(
        joined.text("/invitationAccept/member/id"),
        leaver.member.to_string()
    );
    policy_is(&app, &leaver, "anonymise").await;
}

#[tokio::test]
async fn a_certificate_outlives_who_is_anonymised_and_names_nobody() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::published_course(&app, &author, 0).await;
    let graduate = app.learner().await;
    complete(&app, &graduate, &course).await;
    let certificates = "{ viewer { certificates { nodes { code } } } }";
    let code = graduate
        .run(certificates)
        .await
        .text("/viewer/certificates/nodes/0/code")
        .to_owned();
    let verify = "query($code: String!) { verifyCertificate(code: $code) { state holderName isHolderErased courseTitle } }";
    let before = app.anonymous().run_with(verify, json!({ "code": code })).await;
    assert_eq!(before.data("/verifyCertificate/isHolderErased"), &json!(false));
    assert!(before.data("/verifyCertificate/holderName").is_string());
    let reply = offboard(&owner, &graduate, json!({ "policy": "ANONYMISE" })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let after = app.anonymous().run_with(verify, json!({ "code": code })).await;
    assert_eq!(
        after.data("/verifyCertificate/state"),
        before.data("/verifyCertificate/state")
    );
    assert_eq!(
        (
            after.data("/verifyCertificate/holderName"),
            after.data("/verifyCertificate/isHolderErased")
        ),
        (&Value::Null, &json!(true))
    );
}

#[tokio::test]
async fn another_member_goes_on_with_what_the_leaver_was_in_charge_of() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let (leaver, heir) = (app.member("instructor").await, app.member("instructor").await);
    let course = factory::published_course(&app, &author, 0).await.id;
    factory::teaches(&app, leaver.member, &course).await;
    factory::group(&app, leaver.member, &[author.member]).await;
    let transfer = |to: Value| json!({ "policy": "TRANSFER", "transferToId": to });
    let gone = app.learner().await;
    assert_eq!(
        offboard(&owner, &gone, json!({ "policy": "KEEP" })).await.codes(),
        ""
    );
    for (more, code, field) in [
        (json!({ "policy": "TRANSFER" }), "INVALID", "transferToId"),
        (
            json!({ "policy": "KEEP", "transferToId": heir.member.to_string() }),
            "INVALID",
            "transferToId",
        ),
        (transfer(json!("mem_nonsense")), "NOT_FOUND", "transferToId"),
        (
            transfer(json!(leaver.member.to_string())),
            "NOT_FOUND",
            "transferToId",
        ),
        (
            transfer(json!(gone.member.to_string())),
            "INVALID_STATE",
            "transferToId",
        ),
        (
            json!({ "policy": "KEEP", "expectedVersion": 7 }),
            "VERSION_CONFLICT",
            "expectedVersion",
        ),
    ] {
        let reply = offboard(&owner, &leaver, more).await;
        assert_eq!(reply.codes(), code, "{:#}", reply.body);
        assert_eq!(reply.text("/membershipOffboard/userErrors/0/field/0"), field);
        assert!(sees(&app, &leaver).await, "nothing is half done");
    }
    let reply = offboard(&owner, &leaver, transfer(json!(heir.member.to_string()))).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    for table in ["group_members where is_manager and", "course_instructors where"] {
        for (member, count) in [(&heir, 1), (&leaver, 0)] {
            let rows = format!("{table} member_id = '{}'", member.member.id.0);
            assert_eq!(factory::count(&app, &rows).await, count, "{table}");
        }
    }
}

#[tokio::test]
async fn nobody_lets_go_whom_they_are_not_above_and_the_last_owner_stays() {
    let app = TestApp::new().await;
    let (owner, admin, learner) = (app.owner().await, app.member("admin").await, app.learner().await);
    let keep = json!({ "policy": "KEEP" });
    assert_eq!(
        offboard(&learner, &admin, keep.clone()).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(offboard(&admin, &owner, keep.clone()).await.codes(), "FORBIDDEN");
    assert_eq!(offboard(&owner, &owner, keep.clone()).await.codes(), "INVALID");
    let slug = factory::role(
        &app,
        json!({ "members.read": ["all"], "members.manage": ["all"] }),
    )
    .await;
    let manager = app.member(&slug).await;
    assert_eq!(
        offboard(&manager, &admin, keep.clone()).await.codes(),
        "FORBIDDEN"
    );
    for person in [&owner, &admin] {
        assert!(sees(&app, person).await);
    }
    // Two owners let each other go, many times at once: one stays.
    let second = app.owner().await;
    let rounds = (0..10).flat_map(|_| {
        [
            offboard(&owner, &second, keep.clone()),
            offboard(&second, &owner, keep.clone()),
        ]
    });
    join_all(rounds).await;
    let owners = "memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id where r.slug = 'owner' and m.state = 'active'";
    assert_eq!(factory::count(&app, owners).await, 1);
}

#[tokio::test]
async fn nobody_is_enrolled_while_they_are_let_go() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let create = "mutation($course: ID!, $member: ID!) { enrollmentCreate(input: {courseId: $course, memberId: $member}) { userErrors { code } } }";
    for _ in 0..5 {
        let leaver = app.learner().await;
        let enrolls = owner.run_with(
            create,
            json!({ "course": course, "member": leaver.member.to_string() }),
        );
        let (enrolled, gone) = tokio::join!(
            enrolls,
            offboard(&owner, &leaver, json!({ "policy": "ANONYMISE" }))
        );
        assert_eq!(gone.codes(), "", "{:#}", gone.body);
        // Before they went or not at all.
        assert!(
            ["", "NOT_FOUND", "INVALID_STATE"].contains(&enrolled.codes().as_str()),
            "{:#}",
            enrolled.body
        );
    }
}
