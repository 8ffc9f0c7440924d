//! What is taken from somebody is taken at once, on every node, from who listens too.

use super::support::nodes::{AT_ONCE, EVENTS, Nodes};
use super::support::socket::{Heard, Socket, listen};
use super::support::{TestApp, apps, factory, people, servers};
use lyceum::auth::permission::Permission;
use serde_json::{Value, json};
use std::time::Duration;

/// The end of a connection, which must come at once.
async fn closed(socket: &mut Socket) -> Heard {
    let ending = async {
        loop {
            match socket.hear().await {
                Heard::Message(message) => assert_ne!(message["type"], "next", "{message:#}"),
                ended => return ended,
            }
        }
    };
    tokio::time::timeout(AT_ONCE, ending).await.unwrap()
}

async fn refused(socket: &mut Socket) -> String {
    tokio::time::timeout(AT_ONCE, socket.refused("1")).await.unwrap()
}

#[tokio::test]
async fn a_session_that_is_ended_on_one_node_is_cut_off_on_the_other() {
    let nodes = Nodes::new("session-ended").await;
    let member = nodes.app.member("admin").await;
    let another = factory::session(&nodes.app.app, member.user).await;
    let mut ended = nodes.listen(member.token(), json!(["course."])).await;
    let mut kept = nodes.listen(Some(&another), json!(null)).await;
    let revoke = "mutation { sessionRevoke(input: {}) { revokedSessions userErrors { code } } }";
    nodes.done(&member, revoke, json!({})).await;
    let reason = "The token is no longer good.".to_owned();
    assert_eq!(closed(&mut ended).await, Heard::Closed(4403, reason));
    factory::draft_course(&nodes.app, &nodes.owner, 0).await;
    for kind in ["security.session_revoked", "course.created"] {
        let heard = kept.next("1", "/events/type").await;
        assert_eq!(heard, kind, "another session goes on");
    }
}

#[tokio::test]
async fn a_member_who_is_suspended_is_told_no_more() {
    let nodes = Nodes::new("suspended").await;
    let member = nodes.app.member("admin").await;
    let mut socket = nodes.listen(member.token(), json!(null)).await;
    let suspend = "mutation($id: ID!) { membershipSuspend(input: {memberId: $id}) { userErrors { code } } }";
    nodes
        .done(&nodes.owner, suspend, json!({ "id": member.member.to_string() }))
        .await;
    assert_eq!(refused(&mut socket).await, "NOT_FOUND");
    // Who they are is still known, what is in the organisation no longer is.
    socket.settle().await;
    let variables = json!({ "id": nodes.app.org_id() });
    socket.subscribe("1", EVENTS, variables).await;
    assert_eq!(refused(&mut socket).await, "NOT_FOUND");
}

#[tokio::test]
async fn a_role_that_becomes_less_shows_less_and_ends_what_it_shows_nothing_of() {
    let nodes = Nodes::new("demoted").await;
    let member = nodes.app.member("admin").await;
    let mut all = nodes.listen(member.token(), json!(null)).await;
    let mut members = nodes.listen(member.token(), json!(["member."])).await;
    let role = people::role_id(&nodes.app, &nodes.owner, "learner").await;
    let change = "mutation($id: ID!, $role: ID!) { membershipRoleChange(input: {memberId: $id, roleId: $role}) { userErrors { code } } }";
    nodes
        .done(
            &nodes.owner,
            change,
            json!({ "id": member.member.to_string(), "role": role }),
        )
        .await;
    assert_eq!(refused(&mut members).await, "FORBIDDEN");
    // From now on nothing but their own learning is told; a course of somebody's comes first and is not heard.
    let course = factory::published_course(&nodes.app, &nodes.owner, 0).await;
    super::support::learning::enroll(&member, &course.id).await;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|kind| kind != "enrollment.created") {
        heard.push(all.next("1", "/events/type").await);
    }
    heard.retain(|kind| kind != "member.role_changed");
    assert_eq!(heard, ["enrollment.created"]);
}

#[tokio::test]
async fn a_token_that_is_revoked_or_whose_owner_leaves_is_cut_off() {
    let nodes = Nodes::new("token-revoked").await;
    let admin = nodes.app.member("admin").await;
    let until = nodes.app.app.clock.now() + chrono::TimeDelta::hours(1);
    let mut sockets = Vec::new();
    let mut keys = Vec::new();
    for owner in [&nodes.owner, &admin] {
        let program = apps::app(&nodes.app, owner.member).await;
        let (key, secret) =
            apps::token_until(&nodes.app, program, owner.member, &[Permission::AuditRead], until).await;
        sockets.push(nodes.listen(Some(&secret), json!(null)).await);
        keys.push(key.to_string());
    }
    let revoke = "mutation($id: ID!) { apiTokenRevoke(input: {tokenId: $id}) { userErrors { code } } }";
    nodes.done(&nodes.owner, revoke, json!({ "id": keys[0] })).await;
    let end = |heard: Heard| matches!(heard, Heard::Closed(4403, _));
    assert!(end(tokio::time::timeout(AT_ONCE, last(&mut sockets[0]))
        .await
        .unwrap()));
    let remove = "mutation($id: ID!) { membershipRemove(input: {memberId: $id}) { userErrors { code } } }";
    nodes
        .done(&nodes.owner, remove, json!({ "id": admin.member.to_string() }))
        .await;
    assert!(end(tokio::time::timeout(AT_ONCE, last(&mut sockets[1]))
        .await
        .unwrap()));
}

/// The end, whatever is told before.
async fn last(socket: &mut Socket) -> Heard {
    loop {
        match socket.hear().await {
            Heard::Message(_) => {}
            ended => return ended,
        }
    }
}

/// What reads a standing notes that its session is in use, and waits for whoever holds the session: long enough for a change.
#[tokio::test]
async fn a_standing_that_changes_while_it_is_read_is_not_remembered() {
    let app = TestApp::new().await;
    let (owner, member) = (app.owner().await, app.learner().await);
    let (admin, organization) = (servers::admin().await, json!({ "id": app.org_id() }));
    let ask = || {
        member.run_with(
            "query($id: ID!) { organization(id: $id) { id } }",
            organization.clone(),
        )
    };
    app.app.clock.advance(chrono::TimeDelta::minutes(6));
    let hold = format!(
        "begin; select from sessions where user_id = '{}' for update",
        member.user.0
    );
    admin.batch_execute(&hold).await.unwrap();
    let suspended = async {
        let waits = "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))";
        while !admin.query_one(waits, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let input = json!({ "memberId": member.member.to_string() });
        owner.does("membershipSuspend", input).await;
        admin.batch_execute("rollback").await.unwrap();
    };
    let (asked, ()) = tokio::join!(ask(), suspended);
    for reply in [asked, ask().await] {
        assert_eq!(reply.data("/organization"), &Value::Null, "{:#}", reply.body);
    }
}

#[tokio::test]
async fn a_token_that_expires_closes_the_connection_and_says_so() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let address = listen(app.routes()).await;
    let mut socket = Socket::of(address, owner.token()).await;
    socket.settle().await;
    app.app.clock.advance(chrono::TimeDelta::minutes(61));
    let ended = tokio::time::timeout(AT_ONCE, last(&mut socket)).await.unwrap();
    assert_eq!(ended, Heard::Closed(4403, "The token has expired.".into()));
}
