//! What happened to accounts: to their owners, and to those who answer for an organisation.

use super::support::app::{PASSWORD, Person};
use super::support::client::Client;
use super::support::{TestApp, factory, people, servers};
use serde_json::{Value, json};

const OF_ORGANIZATION: &str = "query($id: ID!) { organization(id: $id) { securityEvents(first: 100) { totalCount nodes { id kind member { id } } } } }";
const LOGIN: &str = "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { userErrors { code } } }";

async fn login(app: &TestApp, person: &Person, password: &str) {
    let variables = json!({ "email": person.email, "password": password });
    app.anonymous().run_with(LOGIN, variables).await;
}

/// Kind and member of what an organisation's reader sees, the newest first.
async fn seen(app: &TestApp, client: &Client) -> Vec<(String, String)> {
    let reply = client
        .run_with(OF_ORGANIZATION, json!({ "id": app.org_id() }))
        .await;
    let nodes = reply
        .data("/organization/securityEvents/nodes")
        .as_array()
        .unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    nodes
        .iter()
        .map(|node| (text(&node["kind"]), text(&node["member"]["id"])))
        .collect()
}

#[tokio::test]
async fn an_organisation_sees_what_happened_to_its_members_accounts_and_no_account() {
    let app = TestApp::new().await;
    let (owner, admin, learner) = (app.owner().await, app.member("admin").await, app.learner().await);
    let elsewhere = app.elsewhere().await;
    let other = factory::member(&app.app, elsewhere.org, learner.user, &learner.email, "learner").await;
    let other_owner = elsewhere.owner().await;
    login(&app, &learner, PASSWORD).await;
    login(&app, &learner, "wrong").await;
    people::has_events(&learner, &["SIGN_IN_FAILED"]).await;
    let events = |member: String| {
        ["SIGN_IN_FAILED", "SIGNED_IN"]
            .map(|kind| (kind.to_owned(), member.clone()))
            .to_vec()
    };
    let here = events(learner.member.to_string());
    assert_eq!(seen(&app, &owner).await, here);
    assert_eq!(seen(&app, &admin).await, here);
    assert_eq!(seen(&elsewhere, &other_owner).await, events(other.to_string()));
    let ids = |reply: super::support::client::Reply| {
        let nodes = reply
            .data("/organization/securityEvents/nodes")
            .as_array()
            .unwrap()
            .clone();
        nodes
            .iter()
            .map(|node| node["id"].to_string())
            .collect::<Vec<_>>()
    };
    let first = ids(owner
        .run_with(OF_ORGANIZATION, json!({ "id": app.org_id() }))
        .await);
    let own = learner
        .run("{ viewer { securityEvents { nodes { id } } } }")
        .await;
    assert!(first.iter().all(|id| !own.mentions(id)), "nothing links the two");
}

#[tokio::test]
async fn who_may_not_read_an_organisations_security_events_sees_none() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    login(&app, &owner, PASSWORD).await;
    let reply = owner
        .run_with(OF_ORGANIZATION, json!({ "id": app.org_id() }))
        .await;
    let id = reply.text("/organization/securityEvents/nodes/0/id").to_owned();
    let document = "query($id: ID!) { node(id: $id) { ... on OrganizationSecurityEvent { kind } } }";
    let found = owner.run_with(document, json!({ "id": id })).await;
    assert_eq!(found.text("/node/kind"), "SIGNED_IN");
    for role in ["author", "instructor", "manager", "learner"] {
        let person = app.member(role).await;
        let reply = person
            .run_with(OF_ORGANIZATION, json!({ "id": app.org_id() }))
            .await;
        assert_eq!(reply.data("/organization/securityEvents"), &Value::Null, "{role}");
        let found = person.run_with(document, json!({ "id": id })).await;
        assert_eq!(found.data("/node"), &Value::Null, "{role}");
    }
}

#[tokio::test]
async fn a_former_member_is_nobodys_business_any_more() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    login(&app, &learner, PASSWORD).await;
    factory::sql(
        &app,
        &format!(
            "update memberships set state = 'suspended' where id = '{}'",
            learner.member.id.0
        ),
    )
    .await;
    login(&app, &learner, PASSWORD).await;
    assert_eq!(seen(&app, &owner).await.len(), 1);
    assert_eq!(people::security_events(&learner).await.len(), 2);
}

#[tokio::test]
async fn what_happened_cannot_be_changed_and_nobody_writes_for_somebody_else() {
    let app = TestApp::new().await;
    let (learner, other) = (app.learner().await, app.learner().await);
    login(&app, &learner, PASSWORD).await;
    let before = servers::state_of(app.org).await;
    let (user, org, member) = (other.user.0, app.org.0, learner.member.id.0);
    for attempt in [
        "delete from security_events".to_owned(),
        "update security_events set kind = 'signed_in'".to_owned(),
        "delete from organization_security_events".to_owned(),
        format!(
            "insert into security_events (id, user_id, kind) values (gen_random_uuid(), '{}', 'signed_in')",
            learner.user.0
        ),
        format!(
            "insert into organization_security_events (org_id, kind, member_id) values ('{org}', 'signed_in', '{member}')"
        ),
    ] {
        let refused = factory::try_as_person(&app, other.user, &attempt).await;
        assert!(refused.is_err(), "{attempt} as {user}");
    }
    assert_eq!(servers::state_of(app.org).await, before);
}

#[tokio::test]
async fn people_page_through_what_happened_to_their_account() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    for _ in 0..5 {
        login(&app, &learner, PASSWORD).await;
    }
    let document = "query($after: String) { viewer { securityEvents(first: 2, after: $after) { totalCount nodes { id kind session { id } } pageInfo { hasNextPage endCursor } } } }";
    let (mut after, mut ids) = (Value::Null, Vec::new());
    loop {
        let reply = learner.run_with(document, json!({ "after": after })).await;
        let page = reply.data("/viewer/securityEvents");
        assert_eq!(page["totalCount"], 5);
        ids.extend(
            page["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["id"].to_string()),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(ids.len(), 5);
    let document = "query($id: ID!) { node(id: $id) { ... on SecurityEvent { kind } } }";
    let id = json!({ "id": ids[0].trim_matches('"') });
    assert_eq!(
        learner.run_with(document, id.clone()).await.text("/node/kind"),
        "SIGNED_IN"
    );
    let stranger = app.owner().await;
    assert_eq!(stranger.run_with(document, id).await.data("/node"), &Value::Null);
}
