//! The second factor: adding it, signing in with it, and what a code is good for.

use super::support::app::{PASSWORD, Person};
use super::support::client::{Client, Reply};
use super::support::factors::{Authenticator, begin, enrol};
use super::support::{TestApp, mail, people};
use axum::http::StatusCode;
use chrono::TimeDelta;
use futures_util::future::join_all;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::collections::HashSet;

const LOGIN: &str = "mutation($email: String!) { login(input: {email: $email, password: \"correct horse battery staple\"}) { \
    token refreshToken challenge viewer { id } userErrors { code } } }";
const VERIFY: &str = "mutation($input: LoginVerifyInput!) { loginVerify(input: $input) { token viewer { email } userErrors { code field } } }";
const STEP_UP: &str =
    "mutation($input: StepUpInput!) { stepUp(input: $input) { steppedUpUntil userErrors { code field } } }";
const REMOVE: &str = "mutation { totpRemove(input: {}) { userErrors { code } } }";
const CONFIRM: &str =
    "mutation($code: String!) { totpConfirm(input: {code: $code}) { recoveryCodes userErrors { code } } }";
const REGENERATE: &str =
    "mutation { recoveryCodesRegenerate(input: {}) { recoveryCodes userErrors { code } } }";
const FACTOR: &str = "{ viewer { secondFactor { confirmedAt recoveryCodesLeft } } }";

/// The first step of a sign-in: its challenge.
async fn challenge(app: &TestApp, person: &Person) -> String {
    let reply = app
        .anonymous()
        .run_with(LOGIN, json!({ "email": person.email }))
        .await;
    assert_eq!(reply.data("/login/token"), &Value::Null);
    assert_eq!(reply.data("/login/viewer"), &Value::Null);
    reply.text("/login/challenge").to_owned()
}

async fn verify(app: &TestApp, challenge: &str, field: &str, code: &str) -> Reply {
    let input = json!({ "input": { "challenge": challenge, field: code } });
    app.anonymous().run_with(VERIFY, input).await
}

async fn codes_left(client: &Client) -> Value {
    client
        .run(FACTOR)
        .await
        .data("/viewer/secondFactor/recoveryCodesLeft")
        .clone()
}

#[tokio::test]
async fn a_factor_is_asked_for_once_a_code_of_it_has_confirmed_it() {
    let app = mail::app().await;
    let person = app.learner().await;
    let former = begin(&person).await;
    let authenticator = begin(&person).await;
    let plain = app
        .anonymous()
        .run_with(LOGIN, json!({ "email": person.email }))
        .await;
    assert!(plain.text("/login/token").starts_with("lyc_ses_"), "not yet");
    let confirm = |code: String| person.run_with(CONFIRM, json!({ "code": code }));
    assert_eq!(
        confirm(former.code(&app)).await.codes(),
        "WRONG_CREDENTIALS",
        "another took its place"
    );
    assert_eq!(
        confirm(authenticator.wrong_code(&app)).await.codes(),
        "WRONG_CREDENTIALS"
    );
    let confirmed = confirm(authenticator.code(&app)).await;
    let codes = confirmed.data("/totpConfirm/recoveryCodes").as_array().unwrap();
    let different: HashSet<_> = codes.iter().map(Value::to_string).collect();
    assert_eq!(different.len(), 10);
    assert_eq!(codes_left(&person).await, 10);
    assert_eq!(
        confirm(authenticator.code_in(&app, 30)).await.codes(),
        "INVALID_STATE"
    );
    let again = person
        .run("mutation { totpBegin(input: {}) { secret userErrors { code } } }")
        .await;
    assert_eq!(again.codes(), "INVALID_STATE");
    let token = challenge(&app, &person).await;
    assert!(token.starts_with("lyc_mfa_"), "{token}");
    let notice = mail::letters(&app, &person.email, 1).await;
    assert!(notice[0].contains("A second factor was added"));
}

#[tokio::test]
async fn the_secret_comes_as_text_and_as_an_address_for_apps_and_is_shown_once() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let document =
        "mutation { totpBegin(input: {idempotencyKey: \"k\"}) { secret uri userErrors { code } } }";
    let reply = person.run(document).await;
    let (secret, uri) = (reply.text("/totpBegin/secret"), reply.text("/totpBegin/uri"));
    assert_eq!(secret.len(), 32, "160 bits");
    assert!(
        uri.starts_with("otpauth://totp/Lyceum") && uri.contains(&format!("secret={secret}")),
        "{uri}"
    );
    let again = person.run(document).await;
    let nothing = json!({ "secret": null, "uri": null, "userErrors": [] });
    assert_eq!(again.data("/totpBegin"), &nothing);
    let code = Authenticator::new(secret).code(&app);
    let confirmed = person.run_with(CONFIRM, json!({ "code": code })).await;
    assert_eq!(confirmed.codes(), "", "asking again has made no other secret");
}

#[tokio::test]
async fn signing_in_takes_a_code_and_a_wrong_one_leaves_the_challenge_for_the_right_one() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let (authenticator, _) = enrol(&app, &person).await;
    let token = challenge(&app, &person).await;
    let as_session = app.bearer(&token).run("{ viewer { id } }").await;
    assert_eq!(as_session.status, StatusCode::UNAUTHORIZED);
    let wrong = verify(&app, &token, "totpCode", &authenticator.wrong_code(&app)).await;
    assert_eq!(wrong.codes(), "WRONG_CREDENTIALS");
    let neither = app
        .anonymous()
        .run_with(VERIFY, json!({ "input": { "challenge": token } }))
        .await;
    assert_eq!(neither.codes(), "INVALID");
    let right = verify(&app, &token, "totpCode", &authenticator.code(&app)).await;
    assert_eq!(right.text("/loginVerify/viewer/email"), person.email);
    let client = app.bearer(right.text("/loginVerify/token"));
    assert_eq!(client.run("{ viewer { id } }").await.status, StatusCode::OK);
    let spent = verify(&app, &token, "totpCode", &authenticator.code_in(&app, 30)).await;
    assert_eq!(spent.codes(), "INVALID_TOKEN");
    people::has_events(&client, &["SIGNED_IN", "SIGN_IN_FAILED", "SECOND_FACTOR_ADDED"]).await;
}

#[tokio::test]
async fn a_code_is_good_once_also_for_fifty_at_a_time_and_no_earlier_one_after_it() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let (authenticator, _) = enrol(&app, &person).await;
    let challenges = join_all((0..9).map(|_| challenge(&app, &person))).await;
    let code = authenticator.code(&app);
    let replies =
        join_all((0..50).map(|number| verify(&app, &challenges[number % 9], "totpCode", &code))).await;
    let won = replies.iter().filter(|reply| reply.codes().is_empty()).count();
    assert_eq!(won, 1);
    let earlier = authenticator.code_in(&app, -30);
    let late = app.beside(lyceum::cache::Shared::in_process()).await;
    let unused = challenge(&late, &person).await;
    assert_eq!(
        verify(&late, &unused, "totpCode", &earlier).await.codes(),
        "WRONG_CREDENTIALS"
    );
    let next = authenticator.code_in(&app, 30);
    assert_eq!(verify(&late, &unused, "totpCode", &next).await.codes(), "");
}

#[tokio::test]
async fn a_recovery_code_is_good_once_and_its_owner_is_told() {
    let app = mail::app().await;
    let person = app.learner().await;
    let (_, codes) = enrol(&app, &person).await;
    let shouted = codes[0].to_uppercase().replace('-', " ");
    let token = challenge(&app, &person).await;
    assert_eq!(verify(&app, &token, "recoveryCode", &shouted).await.codes(), "");
    assert_eq!(codes_left(&person).await, 9);
    let token = challenge(&app, &person).await;
    let again = verify(&app, &token, "recoveryCode", &codes[0]).await;
    assert_eq!(again.codes(), "WRONG_CREDENTIALS");
    let racing = join_all((0..6).map(|_| async {
        let token = challenge(&app, &person).await;
        verify(&app, &token, "recoveryCode", &codes[1]).await.codes()
    }))
    .await;
    assert_eq!(
        racing.iter().filter(|code| code.is_empty()).count(),
        1,
        "{racing:?}"
    );
    let letters = mail::letters(&app, &person.email, 3).await;
    let told = letters
        .iter()
        .filter(|letter| letter.contains("A recovery code of your account was used"));
    assert_eq!(told.count(), 2, "{letters:#?}");
    let other = app.learner().await;
    enrol(&app, &other).await;
    let token = challenge(&app, &other).await;
    let foreign = verify(&app, &token, "recoveryCode", &codes[2]).await;
    assert_eq!(
        foreign.codes(),
        "WRONG_CREDENTIALS",
        "codes belong to one account"
    );
}

#[tokio::test]
async fn new_recovery_codes_void_the_former_and_removing_the_factor_all_of_them() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    assert_eq!(person.run(REGENERATE).await.codes(), "INVALID_STATE");
    assert_eq!(person.run(REMOVE).await.codes(), "INVALID_STATE");
    let (_, former) = enrol(&app, &person).await;
    let reply = person.run(REGENERATE).await;
    let fresh = reply.text("/recoveryCodesRegenerate/recoveryCodes/0").to_owned();
    let token = challenge(&app, &person).await;
    assert_eq!(
        verify(&app, &token, "recoveryCode", &former[0]).await.codes(),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(verify(&app, &token, "recoveryCode", &fresh).await.codes(), "");
    assert_eq!(person.run(REMOVE).await.codes(), "");
    assert_eq!(
        person.run(FACTOR).await.data("/viewer/secondFactor"),
        &Value::Null
    );
    let plain = app
        .anonymous()
        .run_with(LOGIN, json!({ "email": person.email }))
        .await;
    assert!(plain.text("/login/token").starts_with("lyc_ses_"));
}

#[tokio::test]
async fn what_concerns_the_factor_needs_a_fresh_proof_and_with_a_factor_that_is_a_code() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let (authenticator, codes) = enrol(&app, &person).await;
    app.app.clock.advance(TimeDelta::minutes(11));
    for document in [REMOVE, REGENERATE] {
        let refused = person.run(document).await;
        assert_eq!(refused.codes(), "STEP_UP_REQUIRED");
    }
    assert_eq!(codes_left(&person).await, 10);
    let step_up = |input: Value| person.run_with(STEP_UP, json!({ "input": input }));
    assert_eq!(
        step_up(json!({ "password": PASSWORD })).await.codes(),
        "INVALID",
        "it proves too little"
    );
    let both = json!({ "totpCode": "123456", "recoveryCode": codes[0] });
    assert_eq!(step_up(both).await.codes(), "INVALID");
    let wrong = json!({ "totpCode": authenticator.wrong_code(&app) });
    assert_eq!(step_up(wrong).await.codes(), "WRONG_CREDENTIALS");
    assert_eq!(person.run(REMOVE).await.codes(), "STEP_UP_REQUIRED");
    let code = authenticator.code(&app);
    assert_eq!(step_up(json!({ "totpCode": code })).await.codes(), "");
    assert_eq!(
        step_up(json!({ "totpCode": code })).await.codes(),
        "WRONG_CREDENTIALS",
        "used"
    );
    assert_eq!(step_up(json!({ "recoveryCode": codes[0] })).await.codes(), "");
    assert_eq!(person.run(REMOVE).await.codes(), "");
}

#[tokio::test]
async fn who_guesses_codes_is_slowed_down_whatever_the_challenge() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let (authenticator, _) = enrol(&app, &person).await;
    let wrong = authenticator.wrong_code(&app);
    let mut codes = Vec::new();
    for _ in 0..12 {
        let token = challenge(&app, &person).await;
        codes.push(verify(&app, &token, "totpCode", &wrong).await.codes());
    }
    assert_eq!(
        codes.iter().filter(|code| *code == "WRONG_CREDENTIALS").count(),
        10
    );
    let token = challenge(&app, &person).await;
    let right = verify(&app, &token, "totpCode", &authenticator.code(&app)).await;
    assert_eq!(right.codes(), "RATE_LIMITED");
}

#[tokio::test]
async fn what_is_no_challenge_opens_nothing() {
    let app = TestApp::new().await;
    let person = app.learner().await;
    let (authenticator, codes) = enrol(&app, &person).await;
    let good = challenge(&app, &person).await;
    for bad in [
        "nonsense".to_owned(),
        Token::generate(TokenKind::SignInChallenge).expose().to_owned(),
        person.token().unwrap().to_owned(),
        good.replace("lyc_mfa_", "lyc_vrf_"),
        good[..good.len() - 1].to_owned(),
    ] {
        let reply = verify(&app, &bad, "totpCode", &authenticator.code(&app)).await;
        assert_eq!(reply.codes(), "INVALID_TOKEN");
    }
    app.app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(
        verify(&app, &good, "recoveryCode", &codes[0]).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(codes_left(&person).await, 10);
}
