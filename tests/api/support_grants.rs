//! Operators of the platform get into an organisation by its leave alone, for a time, and seen by it.

use super::support::client::Client;
use super::support::operators::{self, ask, let_in, operator, send};
use super::support::{TestApp, factors, factory, servers};
use chrono::TimeDelta;
use lyceum::cache::Shared;
use lyceum::domain::support_grants::ending::set_operator;
use lyceum::jobs::escort;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MEMBERS: &str =
    "query($id: ID!) { organization(id: $id) { members(first: 100) { nodes { id role { slug } state } } } }";
const ACCESS: &str = "{ viewer { supportAccess { id state reason operatorName permissions hours organization { slug } } supportGrants { id state } } }";
const GRANTS: &str = "query($id: ID!) { organization(id: $id) { supportGrants(first: 100) { totalCount nodes { id state reason operatorName \
    permissions requestedAt decidedAt expiresAt decidedBy { id } } } } }";

async fn members(app: &TestApp, client: &Client) -> Option<usize> {
    let reply = client.run_with(MEMBERS, json!({ "id": app.org_id() })).await;
    let nodes = reply
        .body
        .pointer("/data/organization/members/nodes")?
        .as_array()?;
    Some(nodes.len())
}

async fn codes(client: &Client, mutation: &str, input: Value) -> String {
    send(client, mutation, &input).await.codes()
}

#[tokio::test]
async fn an_operator_sees_nothing_before_the_organisation_lets_them_in_and_what_the_grant_says_after() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let course = factory::draft_course(&app, &app.member("author").await, 1).await;
    assert_eq!(members(&app, &operator).await, None);
    let grant = ask(&app, &operator, &["MEMBERS_READ"]).await;
    assert_eq!(members(&app, &operator).await, None, "asking opens nothing");
    let seen = owner.run_with(GRANTS, json!({ "id": app.org_id() })).await;
    let asked = seen.data("/organization/supportGrants/nodes/0");
    assert_eq!(asked["id"], json!(grant));
    assert_eq!(
        (&asked["state"], &asked["expiresAt"], &asked["decidedBy"]),
        (&json!("REQUESTED"), &Value::Null, &Value::Null)
    );
    assert_eq!(asked["permissions"], json!(["MEMBERS_READ"]));

    assert_eq!(
        codes(&owner, "supportGrantApprove", json!({ "grantId": grant })).await,
        ""
    );
    assert_eq!(
        members(&app, &operator).await,
        Some(3),
        "the operator is one of them"
    );
    let banner = operator.run(ACCESS).await;
    assert_eq!(banner.text("/viewer/supportAccess/0/id"), grant);
    assert_eq!(banner.text("/viewer/supportAccess/0/state"), "APPROVED");
    assert_eq!(banner.text("/viewer/supportAccess/0/organization/slug"), app.slug);
    assert_eq!(owner.run(ACCESS).await.data("/viewer/supportAccess"), &json!([]));
    // Nothing beyond the grant: no draft, no change, no audit.
    let draft = "query($id: ID!) { node(id: $id) { ... on Course { draft { title } } } }";
    let draft = operator.run_with(draft, json!({ "id": course.id })).await;
    assert_eq!(draft.body.pointer("/data/node/draft"), None, "{:#}", draft.body);
    let rename =
        "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Mine\"}) { userErrors { code } } }";
    assert_eq!(
        operator
            .run_with(rename, json!({ "id": course.id }))
            .await
            .codes(),
        "NOT_FOUND"
    );
    let audit = "query($id: ID!) { organization(id: $id) { auditLog { nodes { action } } } }";
    let audit = operator.run_with(audit, json!({ "id": app.org_id() })).await;
    assert_eq!(audit.data("/organization/auditLog"), &Value::Null);
}

#[tokio::test]
async fn everything_that_is_done_by_a_grant_stands_in_the_audit_reading_included() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let course = factory::draft_course(&app, &app.member("author").await, 1).await;
    let permissions = [
        "MEMBERS_READ",
        "COURSES_READ_DRAFT",
        "COURSES_READ",
        "COURSES_UPDATE",
    ];
    let grant = let_in(&app, &owner, &operator, &permissions).await;
    members(&app, &operator).await.unwrap();
    let rename = "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Mended\"}) { course { id } userErrors { code } } }";
    assert_eq!(
        operator
            .run_with(rename, json!({ "id": course.id }))
            .await
            .codes(),
        ""
    );
    let of =
        |entries: Vec<(String, Value)>| entries.into_iter().map(|(_, detail)| detail).collect::<Vec<_>>();
    let asked = format!("organization(id: \"{}\")", app.org_id());
    let read = of(factory::audit(&app, "support.read").await);
    assert_eq!(
        read,
        [
            json!({ "supportGrant": grant, "fields": [asked] }),
            json!({ "supportGrant": grant, "fields": ["courseUpdate"] }),
        ]
    );
    let written = of(factory::audit(&app, "course.updated").await);
    assert_eq!(written.last().unwrap()["supportGrant"], json!(grant));
    for (action, count) in [("support.requested", 1), ("support.approved", 1)] {
        assert_eq!(factory::audit(&app, action).await.len(), count, "{action}");
    }
}

#[tokio::test]
async fn what_cannot_be_noted_is_not_read() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let_in(&app, &owner, &operator, &["MEMBERS_READ"]).await;
    // Nothing can be written that belongs to the organisation while its row is held.
    let admin = servers::admin().await;
    let hold = format!(
        "begin; select from organizations where id = '{}' for update",
        app.org.0
    );
    admin.batch_execute(&hold).await.unwrap();
    let reply = operator.run_with(MEMBERS, json!({ "id": app.org_id() })).await;
    admin.batch_execute("rollback").await.unwrap();
    assert_eq!(reply.codes(), "UNAVAILABLE", "{:#}", reply.body);
    assert_eq!(reply.body.pointer("/data/organization"), None);
}

#[tokio::test]
async fn a_grant_ends_by_itself_and_by_either_side() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let (timed, shown_out, leaving) = (operator(&app).await, operator(&app).await, operator(&app).await);
    let mut grants = Vec::new();
    for operator in [&timed, &shown_out, &leaving] {
        grants.push(let_in(&app, &owner, operator, &["MEMBERS_READ"]).await);
    }
    let soon = format!(
        "update memberships m set support_until = now() + interval '9 minutes' where user_id = '{0}'; \
         update support_grants set expires_at = now() + interval '9 minutes' where operator_id = '{0}'",
        timed.user.0
    );
    factory::sql(&app, &soon).await;
    for operator in [&timed, &shown_out, &leaving] {
        assert!(members(&app, operator).await.is_some());
    }
    let by_owner = codes(&owner, "supportGrantRevoke", json!({ "grantId": grants[1] })).await;
    assert_eq!(by_owner, "");
    let by_operator = send(&leaving, "supportGrantRevoke", &json!({ "grantId": grants[2] })).await;
    assert_eq!(by_operator.codes(), "", "{:#}", by_operator.body);
    assert_eq!(by_operator.text("/supportGrantRevoke/grant/state"), "REVOKED");
    assert_eq!(members(&app, &shown_out).await, None);
    assert_eq!(members(&app, &leaving).await, None);
    assert!(members(&app, &timed).await.is_some());
    app.app.clock.advance(TimeDelta::minutes(10));
    let late = timed.run_with(MEMBERS, json!({ "id": app.org_id() })).await;
    assert_eq!(
        late.body.pointer("/data/organization"),
        Some(&Value::Null),
        "{:#}",
        late.body
    );
    let grants = owner.run_with(GRANTS, json!({ "id": app.org_id() })).await;
    let states: Vec<_> = grants
        .data("/organization/supportGrants/nodes")
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| grant["state"].clone())
        .collect();
    assert_eq!(states, [json!("REVOKED"), json!("REVOKED"), json!("EXPIRED")]);
}

#[tokio::test]
async fn operators_whose_time_is_over_are_no_members_any_more() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let_in(&app, &owner, &operator, &["MEMBERS_READ"]).await;
    let over = format!(
        "update memberships set support_until = now() - interval '1 second' where user_id = '{}'",
        operator.user.0
    );
    factory::change(&app, &over).await;
    escort::run_once(&app.app).await.unwrap();
    let left = format!(
        "memberships where user_id = '{}' and state = 'removed'",
        operator.user.0
    );
    assert_eq!(factory::count(&app, &left).await, 1);
    // And may be let in again.
    let_in(&app, &owner, &operator, &["COURSES_READ"]).await;
    let mine = operator.run(ACCESS).await;
    assert_eq!(
        mine.data("/viewer/supportAccess/0/permissions"),
        &json!(["COURSES_READ"])
    );
    assert_eq!(members(&app, &operator).await, None, "it is for something else");
}

#[tokio::test]
async fn a_grant_is_decided_once() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let grant = let_in(&app, &owner, &operator, &["MEMBERS_READ"]).await;
    assert!(members(&app, &operator).await.is_some());
    assert_eq!(
        codes(&owner, "supportGrantRevoke", json!({ "grantId": grant })).await,
        ""
    );
    assert_eq!(members(&app, &operator).await, None);
    let again = codes(&owner, "supportGrantRevoke", json!({ "grantId": grant })).await;
    assert_eq!(again, "INVALID_STATE");
    let again = codes(&owner, "supportGrantApprove", json!({ "grantId": grant })).await;
    assert_eq!(again, "INVALID_STATE");
}

#[tokio::test]
async fn only_operators_with_a_second_factor_ask_and_they_say_why() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let input = operators::request(&app, &["MEMBERS_READ"]);
    let (_, email, token) = factory::user(&app.app).await;
    let plain = app.bearer(&token);
    assert_eq!(
        codes(&plain, "supportGrantRequest", input.clone()).await,
        "NOT_FOUND"
    );
    operators::appoint(&email).await;
    assert_eq!(
        codes(&plain, "supportGrantRequest", input.clone()).await,
        "SECOND_FACTOR_REQUIRED"
    );
    let operator = operator(&app).await;
    let changed = |name: &str, value: Value| {
        let mut input = input.clone();
        input[name] = value;
        input
    };
    for (name, value, code) in [
        ("organization", json!("no-such-academy"), "NOT_FOUND"),
        ("reason", json!("  short  "), "INVALID"),
        ("reason", json!("x".repeat(2_001)), "INVALID"),
        ("permissions", json!([]), "INVALID"),
        ("permissions", json!(["MEMBERS_MANAGE"]), "INVALID"),
        ("permissions", json!(["ORG_DELETE"]), "INVALID"),
        ("hours", json!(0), "INVALID"),
        ("hours", json!(73), "INVALID"),
    ] {
        let reply = send(&operator, "supportGrantRequest", &changed(name, value)).await;
        assert_eq!(reply.codes(), code, "{name}: {:#}", reply.body);
        assert_eq!(reply.text("/supportGrantRequest/userErrors/0/field/0"), name);
    }
    assert_eq!(factory::count(&app, "support_grants").await, 0);
    ask(&app, &operator, &["MEMBERS_READ"]).await;
    assert_eq!(
        codes(&operator, "supportGrantRequest", input.clone()).await,
        "INVALID_STATE"
    );
    assert_eq!(factory::count(&app, "support_grants").await, 1);
    operators::appoint(&owner.email).await;
    factors::enrol(&app, &owner).await;
    assert_eq!(
        codes(&owner, "supportGrantRequest", input).await,
        "ALREADY_MEMBER"
    );
}

#[tokio::test]
async fn an_operator_decides_nothing_and_a_grant_goes_no_further_than_support_may() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let grant = ask(&app, &operator, &["MEMBERS_READ"]).await;
    for mutation in ["supportGrantApprove", "supportGrantDecline"] {
        assert_eq!(
            codes(&operator, mutation, json!({ "grantId": grant })).await,
            "NOT_FOUND",
            "{mutation}"
        );
    }
    let other = operators::operator(&app).await;
    assert_eq!(
        codes(&other, "supportGrantRevoke", json!({ "grantId": grant })).await,
        "NOT_FOUND"
    );
    assert_eq!(
        codes(&owner, "supportGrantApprove", json!({ "grantId": grant })).await,
        ""
    );
    // Not even where a policy of the organisation's own permits it.
    let permit = "@id(\"wide\") permit (principal is Member, action == Action::\"roles.manage\", resource) when { principal.role == \"support\" };";
    let set = "mutation($id: ID!, $source: String!) { policiesSet(input: {organizationId: $id, source: $source}) { userErrors { code message } } }";
    let set = owner
        .run_with(set, json!({ "id": app.org_id(), "source": permit }))
        .await;
    assert_eq!(set.codes(), "", "{:#}", set.body);
    let role = "mutation($id: ID!) { roleCreate(input: {organizationId: $id, slug: \"mine\", name: \"Mine\", grants: []}) { userErrors { code } } }";
    let reply = operator.run_with(role, json!({ "id": app.org_id() })).await;
    assert_eq!(reply.codes(), "FORBIDDEN", "{:#}", reply.body);
    assert_eq!(factory::count(&app, "roles where slug = 'mine'").await, 0);
}

#[tokio::test]
async fn who_is_no_operator_any_more_is_out() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let grant = let_in(&app, &owner, &operator, &["MEMBERS_READ"]).await;
    assert!(
        set_operator(servers::owner_url(), &operator.email, false)
            .await
            .unwrap()
    );
    // The command tells no node: who reads the standing anew finds out at once, and a job tells the others.
    let elsewhere = app
        .beside(Shared::in_process())
        .await
        .bearer(operator.token().unwrap());
    assert_eq!(members(&app, &elsewhere).await, None);
    assert_eq!(
        codes(
            &operator,
            "supportGrantRequest",
            operators::request(&app, &["MEMBERS_READ"])
        )
        .await,
        "NOT_FOUND"
    );
    let node = "query($id: ID!) { node(id: $id) { ... on SupportGrant { state } } }";
    assert_eq!(
        owner
            .run_with(node, json!({ "id": grant }))
            .await
            .text("/node/state"),
        "REVOKED"
    );
    assert!(
        !set_operator(servers::owner_url(), "nobody@people.example", true)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn an_owner_removes_an_operator_like_any_member() {
    let app = TestApp::new().await;
    let (owner, operator) = (app.owner().await, operator(&app).await);
    let_in(&app, &owner, &operator, &["MEMBERS_READ"]).await;
    let own = operator.run("{ viewer { memberships { id } } }").await;
    let member = own.text("/viewer/memberships/0/id").to_owned();
    owner
        .does("membershipRemove", json!({ "memberId": member }))
        .await;
    assert_eq!(members(&app, &operator).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_support_access_is_noted_once_and_told_to_all_nodes() {
    let database = "lyceum_test_support_ends";
    let config = servers::database_of_its_own(database).await;
    let owner_url = servers::owner_url_of(database);
    let app = TestApp::on(&config, Shared::in_process()).await;
    let owner = app.owner().await;
    let operator = async || {
        let (user, email, token) = factory::user(&app.app).await;
        let client = app.bearer(&token);
        factors::enrol(&app, &client).await;
        assert!(set_operator(&owner_url, &email, true).await.unwrap());
        operators::Operator { user, email, client }
    };
    let (timed, removed, asking) = (operator().await, operator().await, operator().await);
    let ended = let_in(&app, &owner, &timed, &["MEMBERS_READ"]).await;
    let revoked = let_in(&app, &owner, &removed, &["MEMBERS_READ"]).await;
    let asked = ask(&app, &asking, &["MEMBERS_READ"]).await;
    for operator in [&timed, &removed] {
        assert!(members(&app, operator).await.is_some(), "the node remembers them");
    }
    let over = format!(
        "update memberships set support_until = now() - interval '1 second' where user_id = '{}'",
        timed.user.0
    );
    factory::change(&app, &over).await;
    for operator in [&removed, &asking] {
        assert!(set_operator(&owner_url, &operator.email, false).await.unwrap());
    }
    assert_eq!(escort::run_once(&app.app).await.unwrap(), 3);
    for operator in [&timed, &removed] {
        assert_eq!(members(&app, operator).await, None);
    }
    assert_eq!(escort::run_once(&app.app).await.unwrap(), 0, "once");
    let targets = async |action: &str| {
        let entries = factory::audit(&app, action).await;
        let targets = entries.into_iter().map(|(target, _)| target);
        targets.collect::<BTreeSet<_>>()
    };
    assert_eq!(targets("support.ended").await, BTreeSet::from([ended]));
    assert_eq!(targets("support.revoked").await, BTreeSet::from([revoked, asked]));
    let events = "outbox_events where kind in ('support.ended', 'support.revoked')";
    assert_eq!(factory::count(&app, events).await, 3);
    let gone = "memberships where support_until is not null and state = 'removed'";
    assert_eq!(factory::count(&app, gone).await, 2);
}
