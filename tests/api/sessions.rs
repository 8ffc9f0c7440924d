//! Sessions: where one is signed in, ending them, continuing them, and what becomes of copied tokens.

use super::support::app::{PASSWORD, Person};
use super::support::client::{Client, Reply};
use super::support::{TestApp, factory, people};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use futures_util::future::join_all;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::collections::HashSet;

const REFRESH: &str = "mutation($token: String!, $key: String) { sessionRefresh(input: {refreshToken: $token, idempotencyKey: $key}) { \
    token expiresAt refreshToken refreshExpiresAt userErrors { code field message } } }";
const REVOKE: &str = "mutation($input: SessionRevokeInput!) { sessionRevoke(input: $input) { revokedSessions userErrors { code field } } }";
const SESSIONS: &str = "{ viewer { sessions(first: 50) { totalCount nodes { id isCurrent userAgent network createdAt lastUsedAt expiresAt } } } }";

async fn refresh(app: &TestApp, token: &str, key: Option<&str>) -> Reply {
    let variables = json!({ "token": token, "key": key });
    app.anonymous().run_with(REFRESH, variables).await
}

/// The access and the refresh token of a refresh.
fn tokens(reply: &Reply) -> (String, String) {
    let text = |field| reply.text(&format!("/sessionRefresh/{field}")).to_owned();
    (text("token"), text("refreshToken"))
}

/// Somebody with a session whose refresh token the test knows.
async fn signed_in(app: &TestApp) -> (Person, Client, String) {
    let person = app.learner().await;
    let session = factory::open_session(&app.app, person.user).await;
    let client = app.bearer(session.token.expose());
    (person, client, session.refresh_token.expose().to_owned())
}

async fn is_signed_in(client: &Client) -> bool {
    client.run("{ viewer { id } }").await.status == StatusCode::OK
}

#[tokio::test]
async fn a_refresh_gives_the_next_tokens_and_leaves_the_former_access_token_its_time() {
    let app = TestApp::new().await;
    let (_, client, token) = signed_in(&app).await;
    let mut refresh_token = token;
    for _ in 0..3 {
        let reply = refresh(&app, &refresh_token, None).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let (access, next) = tokens(&reply);
        assert!(access.starts_with("lyc_ses_") && next.starts_with("lyc_ref_"));
        assert!(is_signed_in(&app.bearer(&access)).await);
        assert_ne!(next, refresh_token);
        refresh_token = next;
    }
    assert!(is_signed_in(&client).await, "its hour is not over");
    app.app.clock.advance(TimeDelta::minutes(61));
    assert!(!is_signed_in(&client).await, "its hour is over");
    let (access, _) = tokens(&refresh(&app, &refresh_token, None).await);
    assert!(is_signed_in(&app.bearer(&access)).await);
}

#[tokio::test]
async fn a_session_ends_when_nobody_continues_it_for_a_month_and_after_half_a_year_at_the_latest() {
    let app = TestApp::new().await;
    let (_, _, mut token) = signed_in(&app).await;
    let (_, _, idle) = signed_in(&app).await;
    for _ in 0..6 {
        app.app.clock.advance(TimeDelta::days(29));
        token = tokens(&refresh(&app, &token, None).await).1;
    }
    assert_eq!(refresh(&app, &idle, None).await.codes(), "INVALID_TOKEN");
    app.app.clock.advance(TimeDelta::days(7));
    assert_eq!(refresh(&app, &token, None).await.codes(), "INVALID_TOKEN");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_the_session_for_everybody_who_holds_its_tokens() {
    let app = TestApp::new().await;
    let (person, client, token) = signed_in(&app).await;
    let (access, next) = tokens(&refresh(&app, &token, None).await);
    let reply = refresh(&app, &token, None).await;
    assert_eq!(reply.codes(), "TOKEN_REPLAYED");
    assert_eq!(reply.data("/sessionRefresh/token"), &Value::Null);
    for dead in [client, app.bearer(&access)] {
        assert!(!is_signed_in(&dead).await);
    }
    assert_eq!(refresh(&app, &next, None).await.codes(), "INVALID_TOKEN");
    assert_eq!(refresh(&app, &token, None).await.codes(), "INVALID_TOKEN");
    assert!(is_signed_in(&person).await, "another session goes on");
    let events = people::security_events(&person).await;
    assert_eq!(events, ["SESSION_REVOKED", "REFRESH_TOKEN_REPLAYED"]);
}

#[tokio::test]
async fn of_fifty_refreshes_at_once_with_one_token_none_leaves_a_session_behind() {
    let app = TestApp::new().await;
    let (person, client, token) = signed_in(&app).await;
    let replies = join_all((0..50).map(|_| refresh(&app, &token, None))).await;
    let codes = |code: &str| replies.iter().filter(|reply| reply.codes() == code).count();
    assert_eq!(
        (codes(""), codes("TOKEN_REPLAYED"), codes("INVALID_TOKEN")),
        (1, 1, 48),
        "one wins, the second ends the session, and the others find it ended"
    );
    let winner = replies.iter().find(|reply| reply.codes().is_empty()).unwrap();
    let (access, next) = tokens(winner);
    assert!(!is_signed_in(&app.bearer(&access)).await && !is_signed_in(&client).await);
    assert_eq!(refresh(&app, &next, None).await.codes(), "INVALID_TOKEN");
    let events = people::security_events(&person).await;
    assert_eq!(events, ["SESSION_REVOKED", "REFRESH_TOKEN_REPLAYED"]);
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_answered_again_to_who_knows_its_key() {
    let app = TestApp::new().await;
    let (person, _, token) = signed_in(&app).await;
    let replies = join_all((0..20).map(|_| refresh(&app, &token, Some("a random value")))).await;
    let answered: HashSet<_> = replies.iter().map(tokens).collect();
    assert_eq!(answered.len(), 1, "the same tokens every time");
    let (access, next) = answered.into_iter().next().unwrap();
    assert!(is_signed_in(&app.bearer(&access)).await);
    assert_eq!(people::security_events(&person).await, [""; 0]);
    tokens(&refresh(&app, &next, Some("another")).await);
    let late = refresh(&app, &token, Some("a random value")).await;
    assert_eq!(late.codes(), "TOKEN_REPLAYED", "the answer has been used by now");
    assert!(!is_signed_in(&app.bearer(&access)).await);
}

#[tokio::test]
async fn a_copied_refresh_token_is_of_no_use_with_another_key() {
    let app = TestApp::new().await;
    let (_, _, token) = signed_in(&app).await;
    let (access, _) = tokens(&refresh(&app, &token, Some("the owner's")).await);
    assert_eq!(
        refresh(&app, &token, Some("the thief's")).await.codes(),
        "TOKEN_REPLAYED"
    );
    assert!(!is_signed_in(&app.bearer(&access)).await);
}

#[tokio::test]
async fn what_is_no_refresh_token_opens_nothing() {
    let app = TestApp::new().await;
    let (person, _, good) = signed_in(&app).await;
    let flipped = if good.ends_with('A') { 'B' } else { 'A' };
    for bad in [
        String::new(),
        "nonsense".to_owned(),
        "é".repeat(30),
        "lyc_ref_".to_owned() + &"A".repeat(100_000),
        person.token().unwrap().to_owned(),
        Token::generate(TokenKind::Refresh).expose().to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{}{flipped}", &good[..good.len() - 1]),
    ] {
        let reply = refresh(&app, &bad, None).await;
        assert_eq!(reply.codes(), "INVALID_TOKEN");
    }
    assert_eq!(refresh(&app, &good, Some("")).await.codes(), "INVALID");
    let carried = app.bearer(&good).run("{ viewer { id } }").await;
    assert_eq!(carried.status, StatusCode::UNAUTHORIZED, "it signs nobody in");
    assert_eq!(
        refresh(&app, &good, None).await.codes(),
        "",
        "nothing of that harmed it"
    );
}

#[tokio::test]
async fn people_see_where_they_are_signed_in() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let login = json!({ "query": "mutation($input: LoginInput!) { login(input: $input) { token } }",
        "variables": { "input": { "email": person.email, "password": PASSWORD } } });
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "Telephone/1.0")
        .body(Body::from(login.to_string()));
    let reply = app.anonymous().send(request.unwrap()).await;
    let phone = app.bearer(reply.text("/login/token"));
    let seen = phone.run(SESSIONS).await;
    let nodes = seen.data("/viewer/sessions/nodes").as_array().unwrap();
    assert_eq!(seen.data("/viewer/sessions/totalCount"), &json!(2));
    assert_eq!(nodes[0]["userAgent"], "Telephone/1.0");
    let current: Vec<_> = nodes
        .iter()
        .map(|node| node["isCurrent"].as_bool().unwrap())
        .collect();
    assert_eq!(current, [true, false], "the newest first");
    let stranger = app.learner().await;
    let document = "query($id: ID!) { node(id: $id) { ... on Session { userAgent } } }";
    let id = json!({ "id": nodes[0]["id"] });
    let own = person.run_with(document, id.clone()).await;
    assert_eq!(own.text("/node/userAgent"), "Telephone/1.0");
    assert_eq!(stranger.run_with(document, id).await.data("/node"), &Value::Null);
}

#[tokio::test]
async fn one_session_or_all_the_others_can_be_ended_and_nobody_elses() {
    let app = TestApp::new().await;
    let (person, second, _) = signed_in(&app).await;
    let third = app.bearer(&factory::session(&app.app, person.user).await);
    let (stranger, _, _) = signed_in(&app).await;
    let id_of = |client: Client| async move {
        let seen = client.run(SESSIONS).await;
        let nodes = seen.data("/viewer/sessions/nodes").as_array().unwrap().clone();
        let current = nodes.into_iter().find(|node| node["isCurrent"] == true);
        current.unwrap()["id"].clone()
    };
    let theirs = id_of(stranger.client.clone()).await;
    let refused = person
        .run_with(REVOKE, json!({ "input": { "id": theirs } }))
        .await;
    assert_eq!(refused.codes(), "NOT_FOUND");
    assert!(is_signed_in(&stranger).await);
    let both = json!({ "input": { "others": true, "everywhere": true } });
    assert_eq!(person.run_with(REVOKE, both).await.codes(), "INVALID");
    let id = id_of(second.clone()).await;
    let ended = person.run_with(REVOKE, json!({ "input": { "id": id } })).await;
    assert_eq!(ended.data("/sessionRevoke/revokedSessions"), &json!(1));
    assert!(!is_signed_in(&second).await && is_signed_in(&third).await);
    let ended = person
        .run_with(REVOKE, json!({ "input": { "others": true } }))
        .await;
    assert_eq!(ended.data("/sessionRevoke/revokedSessions"), &json!(1));
    assert!(!is_signed_in(&third).await && is_signed_in(&person).await);
}
