//! Security events in the log of an organisation, and who is told of them.

use super::support::app::{PASSWORD, Person};
use super::support::operators::{let_in, operator};
use super::support::socket::{Sequencing, Socket, listen};
use super::support::{TestApp, apps, factory, learning, servers};
use async_graphql::resolver_utils::EnumType;
use lyceum::auth::permission::Permission;
use lyceum::domain::accounts::SecurityEventKind;
use lyceum::domain::events::{AUDIENCES, Audience};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::net::SocketAddr;

const EVENTS: &str = "subscription($id: ID!, $types: [String!]) { events(organizationId: $id, types: $types) { \
    type subjectId organization { slug } node { id ... on OrganizationSecurityEvent { kind member { id } } } } }";
const LIST: &str =
    "query($id: ID!) { organization(id: $id) { securityEvents { nodes { id kind member { id } } } } }";
const LOGIN: &str = "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { userErrors { code } } }";

async fn login(app: &TestApp, person: &Person, password: &str) {
    let variables = json!({ "email": person.email, "password": password });
    app.anonymous().run_with(LOGIN, variables).await;
}

/// Listens to an organisation from now on.
async fn listening(app: &TestApp, address: SocketAddr, token: Option<&str>, types: Value) -> Socket {
    let variables = json!({ "id": app.org_id(), "types": types });
    Socket::listening(app, address, token, EVENTS, variables).await
}

#[tokio::test]
async fn every_kind_of_security_event_that_organisations_are_told_of_has_a_type() {
    let kinds: Vec<SecurityEventKind> = SecurityEventKind::items().iter().map(|item| item.value).collect();
    let told = kinds.iter().filter(|kind| kind.concerns_organizations());
    let told: BTreeSet<String> = told.map(|kind| format!("security.{}", kind.as_str())).collect();
    let listed = AUDIENCES
        .iter()
        .filter(|(_, audience)| *audience == Audience::Security);
    let listed: BTreeSet<String> = listed.map(|(kind, _)| (*kind).to_owned()).collect();
    assert_eq!(
        listed, told,
        "give each kind a row in src/domain/events/audience.rs"
    );
    let check = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'organization_security_events_kind_check'";
    let check: String = servers::admin().await.query_one(check, &[]).await.unwrap().get(0);
    let stored: BTreeSet<&str> = check.split('\'').skip(1).step_by(2).collect();
    let words: BTreeSet<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(stored, words, "let the table have each kind");
}

#[tokio::test]
async fn what_happens_to_a_members_account_is_in_the_log_and_leads_to_the_security_event() {
    let app = TestApp::new().await;
    let elsewhere = app.elsewhere().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let (owner, learner, foreigner) = (app.owner().await, app.learner().await, elsewhere.owner().await);
    let types = json!(["security."]);
    let mut here = listening(&app, address, owner.token(), types.clone()).await;
    let mut abroad = listening(&elsewhere, address, foreigner.token(), types).await;
    login(&app, &learner, "wrong").await;
    let event = here.next("1", "/events").await;
    assert_eq!(event["type"], "security.sign_in_failed");
    assert_eq!(event["organization"]["slug"], json!(app.slug));
    let member = json!({ "id": learner.member.to_string() });
    assert_eq!(
        event["node"],
        json!({ "id": event["subjectId"], "kind": "SIGN_IN_FAILED", "member": member })
    );
    let listed = owner.run_with(LIST, json!({ "id": app.org_id() })).await;
    assert_eq!(
        listed.data("/organization/securityEvents/nodes"),
        &json!([event["node"]])
    );
    login(&app, &learner, PASSWORD).await;
    assert_eq!(here.next("1", "/events/type").await, "security.signed_in");
    // Elsewhere nothing was told of it: what is told first is their own.
    login(&elsewhere, &foreigner, PASSWORD).await;
    let event = abroad.next("1", "/events").await;
    assert_eq!(
        event["node"]["member"],
        json!({ "id": foreigner.member.to_string() })
    );
}

#[tokio::test]
async fn a_try_across_tenants_is_told_on_both_sides_and_names_the_stranger_at_home_alone() {
    let here = TestApp::new().await;
    let there = here.elsewhere().await;
    let (owner, other, stranger) = (here.owner().await, there.owner().await, there.learner().await);
    let address = listen(here.routes()).await;
    let _sequencing = Sequencing::begin(&here).await;
    let types = json!(["security.cross_tenant_attempt"]);
    let tried = listening(&here, address, owner.token(), types.clone()).await;
    let home = listening(&there, address, other.token(), types).await;
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let theirs = json!({ "id": owner.member.to_string() });
    let reply = stranger.run_with(node, theirs).await;
    assert_eq!(reply.data("/node"), &Value::Null);
    let named = json!({ "id": stranger.member.to_string() });
    for (mut socket, member) in [(tried, Value::Null), (home, named)] {
        let node = socket.next("1", "/events/node").await;
        assert_eq!(
            (&node["kind"], &node["member"]),
            (&json!("CROSS_TENANT_ATTEMPT"), &member)
        );
    }
}

/// Hears until this is told, and nothing of security before.
async fn hears_no_security_until(socket: &mut Socket, last: &str) {
    loop {
        let kind = socket.next("1", "/events/type").await;
        let kind = kind.as_str().unwrap();
        assert!(!kind.starts_with("security."), "{kind} before {last}");
        if kind == last {
            return;
        }
    }
}

#[tokio::test]
async fn security_events_are_told_to_who_reads_them_and_not_to_who_reads_the_audit() {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let _sequencing = Sequencing::begin(&app).await;
    let auditors = factory::role(&app, json!({ "audit.read": ["all"] })).await;
    let guards = factory::role(&app, json!({ "security.read": ["all"] })).await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let (auditor, guard) = (app.member(&auditors).await, app.member(&guards).await);
    let of_audit = apps::token(&app, owner.member, &[Permission::AuditRead]).await;
    let of_security = apps::token(&app, owner.member, &[Permission::SecurityRead]).await;
    let supporter = operator(&app).await;
    let_in(&app, &owner, &supporter, &["SECURITY_READ"]).await;
    factory::seal(&app).await;
    // A role, a scope of a token and a grant of support each give it, and nothing else with it.
    let mut told = Vec::new();
    for token in [guard.token(), Some(of_security.as_str()), supporter.token()] {
        told.push(listening(&app, address, token, Value::Null).await);
    }
    let courses = json!(["security.", "course."]);
    let mut untold = Vec::new();
    for (token, types, last) in [
        (auditor.token(), Value::Null, "course.created"),
        (Some(of_audit.as_str()), Value::Null, "course.created"),
        (author.token(), courses, "course.created"),
        (learner.token(), Value::Null, "enrollment.created"),
    ] {
        untold.push((listening(&app, address, token, types).await, last));
    }
    login(&app, &learner, "wrong").await;
    for socket in &mut told {
        let kind = socket.next("1", "/events/type").await;
        assert_eq!(kind, "security.sign_in_failed");
    }
    let course = factory::published_course(&app, &owner, 0).await;
    learning::enroll(&learner, &course.id).await;
    for (socket, last) in &mut untold {
        hears_no_security_until(socket, last).await;
    }
    login(&app, &learner, PASSWORD).await;
    for socket in &mut told {
        assert_eq!(socket.next("1", "/events/type").await, "security.signed_in");
    }
}

#[tokio::test]
async fn who_may_read_no_security_events_is_refused_where_they_ask_for_nothing_else() {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    let auditors = factory::role(&app, json!({ "audit.read": ["all"] })).await;
    let (owner, auditor) = (app.owner().await, app.member(&auditors).await);
    let (author, learner) = (app.member("author").await, app.learner().await);
    let of_audit = apps::token(&app, owner.member, &[Permission::AuditRead]).await;
    let backend = app.bearer(&apps::token(&app, owner.member, &[Permission::LearnerSessionsCreate]).await);
    let of = json!({ "organizationId": app.org_id(), "memberId": owner.member.to_string() });
    let session = backend.mutate("learnerSessionCreate", &of, "token").await;
    let supporter = operator(&app).await;
    let_in(&app, &owner, &supporter, &["AUDIT_READ"]).await;
    for (who, token) in [
        ("who reads the audit", auditor.token()),
        ("a token that reads the audit", Some(of_audit.as_str())),
        ("an author", author.token()),
        ("a learner", learner.token()),
        (
            "an owner in a learner's session",
            Some(session.text("/learnerSessionCreate/token")),
        ),
        ("an operator who reads the audit", supporter.token()),
    ] {
        let mut socket = Socket::of(address, token).await;
        for types in [json!(["security."]), json!(["security.signed_in"])] {
            let variables = json!({ "id": app.org_id(), "types": types });
            socket.subscribe("1", EVENTS, variables).await;
            let answer = socket.message().await;
            let refused = &answer["payload"][0];
            assert_eq!(refused["extensions"]["code"], "FORBIDDEN", "{who}: {answer:#}");
            let message = refused["message"].as_str().unwrap();
            assert!(message.contains(" security.read,"), "{who}: {message}");
        }
    }
}
