//! Signing in and out, and what the signed-in person sees of themselves.

use super::support::app::PASSWORD;
use super::support::{TestApp, factory};
use axum::http::StatusCode;
use lyceum::auth::password::{PasswordConfig, Passwords};
use lyceum::auth::sign_in::prove;
use lyceum::cache::Shared;
use lyceum::kernel::ids::UserKey;
use lyceum::kernel::secret::Secret;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LOGIN: &str = "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { \
    token expiresAt viewer { email memberships { organization { slug } role { slug } state } } userErrors { code field message } } }";
const REVOKE: &str = "mutation($everywhere: Boolean) { sessionRevoke(input: {everywhere: $everywhere}) { revokedSessions userErrors { code } } }";
const VIEWER: &str = "{ viewer { id email firstName lastName memberships { id } } }";

#[tokio::test]
async fn the_right_password_opens_a_session_and_shows_who_signed_in() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let shouted = format!("  {} ", learner.email.to_uppercase());
    let reply = app
        .anonymous()
        .run_with(LOGIN, json!({ "email": shouted, "password": PASSWORD }))
        .await;
    assert_eq!(
        reply.data("/login/viewer"),
        &json!({ "email": learner.email, "memberships": [
            { "organization": { "slug": app.slug }, "role": { "slug": "learner" }, "state": "ACTIVE" }
        ] })
    );
    let token = reply.text("/login/token");
    assert!(token.starts_with("lyc_ses_"), "{token}");
    let seen = app.bearer(token).run(VIEWER).await;
    assert_eq!(seen.text("/viewer/email"), learner.email);
    assert_eq!(seen.text("/viewer/id"), UserKey(learner.user).to_string());
    assert_eq!(seen.text("/viewer/memberships/0/id"), learner.member.to_string());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer_and_no_session() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let mut answers = Vec::new();
    for (email, password) in [
        (learner.email.as_str(), "wrong"),
        ("nobody@people.example", PASSWORD),
        ("", ""),
        (" ", "x"),
    ] {
        let reply = app
            .anonymous()
            .run_with(LOGIN, json!({ "email": email, "password": password }))
            .await;
        assert_eq!(reply.codes(), "WRONG_CREDENTIALS", "{email}");
        answers.push(reply.data("").clone());
    }
    assert_eq!(
        answers[0]["login"],
        json!({ "token": null, "expiresAt": null, "viewer": null, "userErrors": answers[0]["login"]["userErrors"] })
    );
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    let ended = learner.run_with(REVOKE, json!({ "everywhere": true })).await;
    assert_eq!(
        ended.data("/sessionRevoke/revokedSessions"),
        &json!(1),
        "only the one that the test opened"
    );
}

/// Time itself is measured badly beside other tests: that the same hash is computed is what makes both as slow, and a
/// gate that lets no hash be computed shows that both come to it.
#[tokio::test]
async fn an_unknown_address_is_hashed_like_a_wrong_password() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    let closed = PasswordConfig {
        argon2_memory_kib: 64,
        argon2_parallel: 0,
        argon2_queue: 0,
        ..PasswordConfig::default()
    };
    let passwords = Passwords::new(&closed).unwrap();
    for email in [learner.email.as_str(), "nobody@people.example", ""] {
        let wrong = Secret::new("wrong".to_owned());
        let answer = prove(&app.app.db, &passwords, email, wrong).await;
        assert_eq!(answer.unwrap_err().code(), "RATE_LIMITED", "{email:?}");
    }
}

#[tokio::test]
async fn after_a_login_the_rest_of_the_operation_is_answered_to_that_person() {
    let app = TestApp::new().await;
    let (a, b) = (app.learner().await, app.owner().await);
    let document = "mutation($a: String!, $b: String!, $password: String!) { \
        a: login(input: {email: $a, password: $password}) { viewer { email memberships { id } } } \
        b: login(input: {email: $b, password: $password}) { viewer { email memberships { id } } } \
        out: sessionRevoke(input: {}) { revokedSessions } \
        again: sessionRevoke(input: {}) { revokedSessions } }";
    let variables = json!({ "a": a.email, "b": b.email, "password": PASSWORD });
    let reply = app.anonymous().run_with(document, variables).await;
    assert_eq!(reply.codes(), "UNAUTHENTICATED", "nobody is left to sign out");
    let data = &reply.body["data"];
    assert_eq!(
        data["a"]["viewer"],
        json!({ "email": a.email, "memberships": [{ "id": a.member.to_string() }] })
    );
    assert_eq!(
        data["b"]["viewer"],
        json!({ "email": b.email, "memberships": [{ "id": b.member.to_string() }] })
    );
    assert_eq!(data["out"]["revokedSessions"], json!(1));
}

#[tokio::test]
async fn a_revoked_session_ends_at_once_on_every_node_and_the_others_stay() {
    let shared = Shared::in_process();
    let (here, there) = (TestApp::with(shared.clone()).await, TestApp::with(shared).await);
    let learner = here.learner().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let credentials = json!({ "email": learner.email, "password": PASSWORD });
        let reply = here.anonymous().run_with(LOGIN, credentials).await;
        tokens.push(reply.text("/login/token").to_owned());
    }
    for token in &tokens {
        assert_eq!(there.bearer(token).run(VIEWER).await.status, StatusCode::OK);
    }
    let ended = here.bearer(&tokens[0]).run_with(REVOKE, json!({})).await;
    assert_eq!(ended.data("/sessionRevoke/revokedSessions"), &json!(1));
    let refused = here.bearer(&tokens[0]).run(VIEWER).await;
    assert_eq!(
        (refused.status, refused.codes().as_str()),
        (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
    );
    refuses_soon(&there, &tokens[0]).await;
    assert_eq!(here.bearer(&tokens[1]).run(VIEWER).await.status, StatusCode::OK);

    let ended = here
        .bearer(&tokens[1])
        .run_with(REVOKE, json!({ "everywhere": true }))
        .await;
    assert_eq!(
        ended.data("/sessionRevoke/revokedSessions"),
        &json!(3),
        "two of the logins and the one that the test opened"
    );
    for token in &tokens[1..] {
        assert_eq!(here.bearer(token).run(VIEWER).await.codes(), "UNAUTHENTICATED");
        refuses_soon(&there, token).await;
    }
}

/// The bus tells other nodes within a moment.
async fn refuses_soon(app: &TestApp, token: &str) {
    let started = Instant::now();
    while app.bearer(token).run(VIEWER).await.status == StatusCode::OK {
        assert!(
            started.elapsed() < Duration::from_secs(1),
            "still good a second later"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn nobody_is_signed_in_without_a_token() {
    let app = TestApp::new().await;
    let reply = app.anonymous().run(VIEWER).await;
    assert_eq!(reply.data("/viewer"), &Value::Null);
    let reply = app.anonymous().run_with(REVOKE, json!({})).await;
    assert_eq!(reply.codes(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_persons_account_is_theirs_alone() {
    let app = TestApp::new().await;
    let (learner, owner) = (app.learner().await, app.owner().await);
    let document = "query($id: ID!) { node(id: $id) { id ... on Viewer { email } } }";
    let id = json!({ "id": UserKey(learner.user).to_string() });
    let own = learner.run_with(document, id.clone()).await;
    assert_eq!(own.text("/node/email"), learner.email);
    for other in [&owner.client, &app.anonymous()] {
        let reply = other.run_with(document, id.clone()).await;
        assert_eq!(reply.data("/node"), &Value::Null);
    }
    let member = "query($id: ID!) { node(id: $id) { ... on Member { id name email } } }";
    let seen = owner
        .run_with(member, json!({ "id": learner.member.to_string() }))
        .await;
    assert_eq!(seen.text("/node/email"), learner.email);
    assert!(!seen.mentions("usr_") && !seen.mentions(&learner.user.0.to_string()));
}

#[tokio::test]
async fn a_person_sees_their_places_in_all_organisations_in_few_statements() {
    let (app, learner) = {
        let app = TestApp::new().await;
        let learner = app.learner().await;
        (app, learner)
    };
    let elsewhere = app.elsewhere().await;
    let other = factory::member(&app.app, elsewhere.org, learner.user, &learner.email, "author").await;
    let token = factory::session(&app.app, learner.user).await;
    let document = "{ viewer { memberships { id organization { slug } role { slug } } } }";
    let reply = app.bearer(&token).run(document).await;
    let mut places: Vec<_> = reply.data("/viewer/memberships").as_array().unwrap().clone();
    places.sort_by_key(|place| place["role"]["slug"].to_string());
    assert_eq!(
        places,
        [
            json!({ "id": other.to_string(), "organization": { "slug": elsewhere.slug }, "role": { "slug": "author" } }),
            json!({ "id": learner.member.to_string(), "organization": { "slug": app.slug }, "role": { "slug": "learner" } }),
        ]
    );
    let (_, statements) = super::support::learning::statements(&app, &learner, document, json!({})).await;
    assert_eq!(statements, 3, "members, organisations, roles");
}
