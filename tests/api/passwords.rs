//! Changing and resetting passwords, and what guessers get.

use super::support::app::{PASSWORD, Person};
use super::support::client::{Client, Reply};
use super::support::{TestApp, factory, mail, people};
use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use lyceum::auth::password::{PasswordConfig, Passwords};
use lyceum::kernel::secret::Secret;
use serde_json::{Value, json};

const NEW: &str = "lange nacht im hafen";
const LOGIN: &str = "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { token userErrors { code message } } }";
const CHANGE: &str =
    "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) { userErrors { code field } } }";
const REQUEST: &str = "mutation($email: String!) { passwordResetRequest(input: {email: $email}) { userErrors { code field } } }";
const RESET: &str =
    "mutation($input: PasswordResetInput!) { passwordReset(input: $input) { userErrors { code field } } }";

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let variables = json!({ "email": email, "password": password });
    app.anonymous().run_with(LOGIN, variables).await
}

async fn change(person: &Client, input: Value) -> String {
    person.run_with(CHANGE, json!({ "input": input })).await.codes()
}

async fn reset(app: &TestApp, token: &str, password: &str) -> String {
    let input = json!({ "input": { "token": token, "newPassword": password } });
    app.anonymous().run_with(RESET, input).await.codes()
}

async fn is_signed_in(client: &Client) -> bool {
    client.run("{ viewer { id } }").await.status == StatusCode::OK
}

/// Somebody who has asked for a new password, and the token that was mailed to them.
async fn forgetful(app: &TestApp) -> (Person, String) {
    let person = app.learner().await;
    let asked = app
        .anonymous()
        .run_with(REQUEST, json!({ "email": person.email }))
        .await;
    assert_eq!(asked.codes(), "");
    let token = mail::latest_token(app, &person.email, 1).await;
    (person, token)
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_the_other_sessions_end() {
    let app = mail::app().await;
    let person = app.learner().await;
    let other = app.bearer(&factory::session(&app.app, person.user).await);
    app.app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(
        change(&person, json!({ "newPassword": NEW })).await,
        "STEP_UP_REQUIRED"
    );
    let wrong = json!({ "currentPassword": "wrong", "newPassword": NEW });
    assert_eq!(change(&person, wrong).await, "WRONG_CREDENTIALS");
    let weak = json!({ "currentPassword": PASSWORD, "newPassword": "passwordpassword" });
    assert_eq!(change(&person, weak).await, "WEAK_PASSWORD");
    assert!(is_signed_in(&other).await);
    assert_eq!(
        login(&app, &person.email, PASSWORD).await.codes(),
        "",
        "nothing has changed"
    );
    let right = json!({ "currentPassword": PASSWORD, "newPassword": NEW, "idempotencyKey": "k" });
    assert_eq!(change(&person, right.clone()).await, "");
    assert!(is_signed_in(&person).await && !is_signed_in(&other).await);
    assert_eq!(
        login(&app, &person.email, PASSWORD).await.codes(),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
    let notice = mail::letters(&app, &person.email, 1).await;
    assert!(notice[0].contains("The password of your account was changed"));
    people::has_events(
        &person,
        &["PASSWORD_CHANGED", "SESSION_REVOKED", "STEP_UP_FAILED"],
    )
    .await;
}

#[tokio::test]
async fn after_a_fresh_proof_the_present_password_may_be_left_out() {
    let app = mail::app().await;
    let person = app.learner().await;
    assert_eq!(change(&person, json!({ "newPassword": NEW })).await, "");
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
    let anonymous = change(&app.anonymous(), json!({ "newPassword": NEW })).await;
    assert_eq!(anonymous, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_mailed_token_sets_a_new_password_once_and_ends_all_sessions() {
    let app = mail::app().await;
    let (person, token) = forgetful(&app).await;
    assert!(token.starts_with("lyc_pwr_"), "{token}");
    assert_eq!(reset(&app, &token, "short").await, "WEAK_PASSWORD");
    assert!(is_signed_in(&person).await, "the token is still good");
    assert_eq!(reset(&app, &token, NEW).await, "");
    assert!(!is_signed_in(&person).await);
    assert_eq!(
        login(&app, &person.email, PASSWORD).await.codes(),
        "WRONG_CREDENTIALS"
    );
    let again = login(&app, &person.email, NEW).await;
    let client = app.bearer(again.text("/login/token"));
    assert_eq!(
        reset(&app, &token, "another night in the harbour").await,
        "INVALID_TOKEN"
    );
    people::has_events(&client, &["PASSWORD_RESET", "SESSION_REVOKED", "SIGN_IN_FAILED"]).await;
}

#[tokio::test]
async fn another_password_under_the_same_idempotency_key_is_another_request_and_is_not_set() {
    const OTHER: &str = "another night in the harbour";
    let app = mail::app().await;
    let person = app.learner().await;
    let with = |password| json!({ "newPassword": password, "idempotencyKey": "k" });
    assert_eq!(change(&person, with(NEW)).await, "");
    assert_eq!(change(&person, with(NEW)).await, "", "the same request");
    assert_eq!(change(&person, with(OTHER)).await, "IDEMPOTENCY_MISMATCH");
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
    let refused = login(&app, &person.email, OTHER).await;
    assert_eq!(refused.codes(), "WRONG_CREDENTIALS");

    let (person, token) = forgetful(&app).await;
    let reset = |password: &str| {
        let input = json!({ "token": token, "newPassword": password, "idempotencyKey": "k" });
        let anonymous = app.anonymous();
        async move { anonymous.run_with(RESET, json!({ "input": input })).await.codes() }
    };
    assert_eq!(reset(NEW).await, "");
    assert_eq!(reset(NEW).await, "", "the same request");
    assert_eq!(reset(OTHER).await, "IDEMPOTENCY_MISMATCH");
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
    let refused = login(&app, &person.email, OTHER).await;
    assert_eq!(refused.codes(), "WRONG_CREDENTIALS");
}

#[tokio::test]
async fn of_fifty_resets_with_one_token_one_wins() {
    let app = mail::app().await;
    let (person, token) = forgetful(&app).await;
    let password = |number: usize| format!("harbour night number {number}");
    let answers = join_all((0..50).map(|number| {
        let (app, token) = (&app, &token);
        async move { reset(app, token, &password(number)).await }
    }))
    .await;
    let winners: Vec<usize> = (0..50).filter(|number| answers[*number].is_empty()).collect();
    assert_eq!(winners.len(), 1, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|answer| ["", "INVALID_TOKEN"].contains(&answer.as_str()))
    );
    assert_eq!(
        login(&app, &person.email, &password(winners[0])).await.codes(),
        ""
    );
}

#[tokio::test]
async fn nobody_learns_from_a_request_whether_an_address_has_an_account() {
    let app = mail::app().await;
    let person = app.learner().await;
    let nobody = mail::address(&app);
    let ask = |email: String| {
        let client = app.anonymous();
        async move { client.run_with(REQUEST, json!({ "email": email })).await }
    };
    let (known, unknown) = (ask(person.email.to_uppercase()).await, ask(nobody.clone()).await);
    assert_eq!(known.data(""), unknown.data(""));
    assert_eq!(known.statements(), unknown.statements());
    assert_eq!(mail::letters(&app, &person.email, 1).await.len(), 1);
    assert_eq!(mail::delivered_to(&nobody), [""; 0]);
    assert_eq!(ask("nonsense".to_owned()).await.codes(), "INVALID");
    for (email, codes) in [(&person.email, &mut Vec::new()), (&nobody, &mut Vec::new())] {
        for _ in 0..6 {
            codes.push(ask(email.clone()).await.codes());
        }
        assert_eq!(
            codes.join(","),
            ",,,,RATE_LIMITED,RATE_LIMITED",
            "the same limit for both"
        );
    }
}

#[tokio::test]
async fn a_reset_token_is_void_when_it_is_old_replaced_or_overtaken() {
    let app = mail::app().await;
    let (person, first) = forgetful(&app).await;
    app.anonymous()
        .run_with(REQUEST, json!({ "email": person.email }))
        .await;
    let second = mail::latest_token(&app, &person.email, 2).await;
    assert_eq!(reset(&app, &first, NEW).await, "INVALID_TOKEN", "replaced");
    assert_eq!(change(&person, json!({ "newPassword": NEW })).await, "");
    assert_eq!(reset(&app, &second, PASSWORD).await, "INVALID_TOKEN", "overtaken");
    let (_, third) = forgetful(&app).await;
    let bad = [
        "nonsense".to_owned(),
        third.replace("lyc_pwr_", "lyc_vrf_"),
        third[1..].to_owned(),
    ];
    for bad in bad {
        assert_eq!(reset(&app, &bad, NEW).await, "INVALID_TOKEN");
    }
    app.app.clock.advance(TimeDelta::minutes(61));
    assert_eq!(reset(&app, &third, NEW).await, "INVALID_TOKEN", "old");
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
}

#[tokio::test]
async fn guessers_are_slowed_down_and_learn_nothing() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let mut answers = Vec::new();
    for email in [person.email.as_str(), "nobody@people.example"] {
        let mut codes = Vec::new();
        for _ in 0..12 {
            codes.push(login(&app, email, "wrong").await.codes());
        }
        answers.push(codes);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(
        answers[0]
            .iter()
            .filter(|code| *code == "WRONG_CREDENTIALS")
            .count(),
        10
    );
    let limited = login(&app, &person.email, PASSWORD).await;
    assert_eq!(
        limited.codes(),
        "RATE_LIMITED",
        "the right password is no way around it"
    );
    let wait = limited.body["errors"][0]["extensions"]["retryAfter"]
        .as_u64()
        .unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    people::has_events(&person, &["SIGN_IN_FAILED"]).await;
}

#[tokio::test]
async fn who_signs_in_often_is_not_taken_for_a_guesser() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    for _ in 0..30 {
        assert_eq!(login(&app, &person.email, PASSWORD).await.codes(), "");
    }
}

#[tokio::test]
async fn a_flood_of_sign_ins_is_turned_away_and_leaves_the_api_answering() {
    let app = TestApp::new().await;
    let slow = PasswordConfig {
        argon2_parallel: 1,
        argon2_queue: 4,
        ..PasswordConfig::default()
    };
    let flooded = app.with_passwords(Passwords::new(&slow).unwrap()).await;
    let person = app.learner().await;
    let flood = join_all((0..60).map(|number| {
        let flooded = &flooded;
        async move {
            login(flooded, &format!("p{number}@people.example"), "wrong")
                .await
                .codes()
        }
    }));
    let reads = join_all((0..20).map(|_| {
        let client = flooded.bearer(person.token().unwrap());
        async move { is_signed_in(&client).await }
    }));
    let (flood, reads) = tokio::join!(flood, reads);
    assert!(reads.into_iter().all(|read| read));
    let count = |code: &str| flood.iter().filter(|answer| *answer == code).count();
    assert!(
        count("RATE_LIMITED") > 0 && count("WRONG_CREDENTIALS") > 0,
        "{flood:?}"
    );
    assert_eq!(count("RATE_LIMITED") + count("WRONG_CREDENTIALS"), 60);
}

#[tokio::test]
async fn a_password_is_hashed_anew_when_the_parameters_have_changed() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let stored = || factory::password_hash(&app, person.user);
    let before = stored().await;
    let config = PasswordConfig {
        argon2_memory_kib: 128,
        argon2_passes: 1,
        ..PasswordConfig::default()
    };
    let stronger = app.with_passwords(Passwords::new(&config).unwrap()).await;
    assert_eq!(login(&app, &person.email, PASSWORD).await.codes(), "");
    assert_eq!(stored().await, before, "nothing has changed for this node");
    assert_eq!(
        login(&stronger, &person.email, "wrong").await.codes(),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(stored().await, before, "a wrong password changes nothing");
    assert_eq!(login(&stronger, &person.email, PASSWORD).await.codes(), "");
    assert!(stored().await.contains("m=128"), "{}", stored().await);
    assert_eq!(login(&stronger, &person.email, PASSWORD).await.codes(), "");
}

#[tokio::test]
async fn a_password_is_the_same_however_its_characters_are_composed() {
    let passwords = Passwords::new(&PasswordConfig {
        argon2_memory_kib: 64,
        ..PasswordConfig::default()
    })
    .unwrap();
    let secret = |text: &str| Secret::new(text.to_owned());
    let stored = passwords.hash(secret("caf\u{e9} am hafen")).await.unwrap();
    assert!(
        passwords
            .verify(secret("cafe\u{301} am hafen"), Some(stored))
            .await
            .unwrap()
    );
}
