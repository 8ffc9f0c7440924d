//! Shortcuts through the API for tests about members and roles.

use super::app::{Person, TestApp};
use serde_json::{Value, json};

/// The identifier of a role of the test's organisation.
pub async fn role_id(app: &TestApp, who: &Person, slug: &str) -> String {
    let reply = who
        .run_with(
            "query($org: ID!) { organization(id: $org) { roles { id slug } } }",
            json!({ "org": app.org_id() }),
        )
        .await;
    let roles = reply.data("/organization/roles").as_array().unwrap();
    let role = roles.iter().find(|role| role["slug"] == slug).unwrap();
    role["id"].as_str().unwrap().to_owned()
}

/// The slug of a member's role, as somebody sees it.
pub async fn role_of(who: &Person, member: &str) -> Value {
    let reply = who
        .run_with(
            "query($id: ID!) { node(id: $id) { ... on Member { role { slug } } } }",
            json!({ "id": member }),
        )
        .await;
    reply.data("/node/role/slug").clone()
}

/// Invites an address with a role: the invitation's token.
pub async fn invite(app: &TestApp, who: &Person, email: &str, role: &str) -> String {
    let reply = send(
        app,
        who,
        json!([{ "email": email, "roleId": role_id(app, who, role).await }]),
    )
    .await;
    reply.text("/invitationsSend/results/0/token").to_owned()
}

/// Sends invitations.
pub async fn send(app: &TestApp, who: &Person, rows: Value) -> super::client::Reply {
    send_with(
        who,
        json!({ "organizationId": app.org_id(), "invitations": rows }),
    )
    .await
}

/// Sends invitations with everything that the input has.
pub async fn send_with(who: &super::client::Client, input: Value) -> super::client::Reply {
    let document = "mutation($input: InvitationsSendInput!) { invitationsSend(input: $input) { \
        results { clientKey index token invitation { id email state role { slug } } userErrors { code field } } userErrors { code field message } } }";
    who.run_with(document, json!({ "input": input })).await
}

/// Accepts an invitation.
pub async fn accept(who: &super::client::Client, token: &str) -> super::client::Reply {
    let document = "mutation($token: String!) { invitationAccept(input: {token: $token}) { \
        member { id name email state role { slug } } organization { id slug members(first: 1) { totalCount } } userErrors { code field message } } }";
    who.run_with(document, json!({ "token": token })).await
}

/// What happened to somebody's account, as they see it, the newest first.
pub async fn security_events(who: &super::client::Client) -> Vec<String> {
    let reply = who
        .run("{ viewer { securityEvents(first: 100) { nodes { kind } } } }")
        .await;
    let nodes = reply.data("/viewer/securityEvents/nodes").as_array().unwrap();
    let kind = |node: &Value| node["kind"].as_str().unwrap().to_owned();
    nodes.iter().map(kind).collect()
}

/// Waits until these happened to somebody's account: failures are noted after their answer.
pub async fn has_events(who: &super::client::Client, kinds: &[&str]) {
    let mut seen = Vec::new();
    for _ in 0..1_000 {
        seen = security_events(who).await;
        if kinds.iter().all(|kind| seen.iter().any(|seen| seen == kind)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("{kinds:?} are not all among {seen:?}");
}
