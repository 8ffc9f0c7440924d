//! Registering, verifying an address and changing it.

use super::support::app::{PASSWORD, Person};
use super::support::client::{Client, Reply};
use super::support::people::{accept, invite};
use super::support::{TestApp, mail, people};
use chrono::TimeDelta;
use futures_util::future::join_all;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};

const REGISTER: &str =
    "mutation($input: RegisterInput!) { register(input: $input) { userErrors { code field message } } }";
const VERIFY: &str = "mutation($input: EmailVerifyInput!) { emailVerify(input: $input) { userErrors { code field message } } }";
const RESEND: &str = "mutation { emailVerificationSend(input: {}) { userErrors { code } } }";
const CHANGE: &str =
    "mutation($email: String!) { emailChange(input: {email: $email}) { userErrors { code field } } }";
const LOGIN: &str = "mutation($email: String!) { login(input: {email: $email, password: \"correct horse battery staple\"}) { token userErrors { code } } }";
const ME: &str = "{ viewer { email emailVerifiedAt firstName lastName memberships { id } } }";

fn registration(email: &str) -> Value {
    json!({ "firstName": "Ada", "lastName": "Lovelace", "email": email, "password": PASSWORD })
}

async fn register(app: &TestApp, input: Value) -> Reply {
    app.anonymous()
        .run_with(REGISTER, json!({ "input": input }))
        .await
}

async fn verify(app: &TestApp, token: &str) -> Reply {
    app.anonymous()
        .run_with(VERIFY, json!({ "input": { "token": token } }))
        .await
}

async fn login(app: &TestApp, email: &str) -> Client {
    let reply = app.anonymous().run_with(LOGIN, json!({ "email": email })).await;
    app.bearer(reply.text("/login/token"))
}

/// Somebody who has registered, and the token that was mailed to them.
async fn registered(app: &TestApp) -> (String, Client, String) {
    let email = mail::address(app);
    assert_eq!(register(app, registration(&email)).await.codes(), "");
    let token = mail::latest_token(app, &email, 1).await;
    (email.clone(), login(app, &email).await, token)
}

async fn is_verified(client: &Client) -> bool {
    !client.run(ME).await.data("/viewer/emailVerifiedAt").is_null()
}

#[tokio::test]
async fn a_new_account_signs_in_at_once_and_joins_organisations_once_its_address_is_verified() {
    let app = mail::app().await;
    let owner = app.owner().await;
    let (email, client, token) = registered(&app).await;
    assert!(token.starts_with("lyc_vrf_"), "{token}");
    assert_eq!(
        client.run(ME).await.data("/viewer"),
        &json!({ "email": email, "emailVerifiedAt": null, "firstName": "Ada", "lastName": "Lovelace", "memberships": [] })
    );
    let invitation = invite(&app, &owner, &email, "learner").await;
    assert_eq!(accept(&client, &invitation).await.codes(), "EMAIL_NOT_VERIFIED");
    assert_eq!(client.run(ME).await.data("/viewer/memberships"), &json!([]));
    assert_eq!(verify(&app, &token).await.codes(), "");
    assert!(is_verified(&client).await);
    assert_eq!(accept(&client, &invitation).await.codes(), "");
    assert_eq!(
        people::security_events(&client).await,
        ["EMAIL_VERIFIED", "SIGNED_IN"]
    );
}

#[tokio::test]
async fn a_taken_address_gets_the_same_answer_and_a_mail_instead_of_an_account() {
    let app = mail::app().await;
    let somebody = app.learner().await;
    let mut again = registration(&somebody.email.to_uppercase());
    again["password"] = json!("another long password of mine");
    let free = mail::address(&app);
    let (taken, fresh) = (
        register(&app, again).await,
        register(&app, registration(&free)).await,
    );
    assert_eq!(taken.data(""), fresh.data(""));
    assert_eq!(taken.statements(), fresh.statements(), "and the same work");
    let letters = mail::letters(&app, &somebody.email, 1).await;
    assert!(letters[0].contains("You already have an account") && !letters[0].contains("lyc_"));
    assert_eq!(somebody.run(ME).await.text("/viewer/firstName"), "Test");
    login(&app, &somebody.email).await;
}

#[tokio::test]
async fn of_five_registrations_of_one_address_one_makes_the_account() {
    let app = mail::app().await;
    let email = mail::address(&app);
    let replies = join_all((0..5).map(|_| register(&app, registration(&email)))).await;
    assert!(replies.iter().all(|reply| reply.codes().is_empty()));
    let letters = mail::letters(&app, &email, 5).await;
    let count = |subject: &str| letters.iter().filter(|letter| letter.contains(subject)).count();
    assert_eq!(
        (
            count("Verify your email address"),
            count("You already have an account")
        ),
        (1, 4)
    );
    assert_eq!(register(&app, registration(&email)).await.codes(), "RATE_LIMITED");
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_with_every_fault_and_leaves_nothing() {
    let app = mail::app().await;
    let email = mail::address(&app);
    let with = |field: &str, value: Value| {
        let mut input = registration(&email);
        input[field] = value;
        input
    };
    for (input, codes) in [
        (with("firstName", json!("  ")), "INVALID"),
        (with("lastName", json!("x".repeat(101))), "INVALID"),
        (with("email", json!("nonsense")), "INVALID"),
        (with("password", json!("short")), "WEAK_PASSWORD"),
        (with("password", json!("passwordpassword123")), "WEAK_PASSWORD"),
        (
            with("password", json!(format!("{email} Lovelace"))),
            "WEAK_PASSWORD",
        ),
        (with("password", json!("tide turns ".repeat(50))), "WEAK_PASSWORD"),
        (
            json!({ "firstName": "", "lastName": "\u{7}", "email": "@", "password": "" }),
            "INVALID,INVALID,INVALID,WEAK_PASSWORD",
        ),
        (with("ageAttestation", json!("UNDER_13")), "UNDER_AGE"),
    ] {
        let reply = register(&app, input).await;
        assert_eq!(reply.codes(), codes, "{:#}", reply.body);
        assert!(!reply.mentions(&email) && !reply.mentions("passwordpassword"));
    }
    let reply = app.anonymous().run_with(LOGIN, json!({ "email": email })).await;
    assert_eq!(reply.codes(), "WRONG_CREDENTIALS", "there is no account");
    let adult = with("ageAttestation", json!("AT_LEAST_13"));
    assert_eq!(register(&app, adult).await.codes(), "");
    assert_eq!(mail::letters(&app, &email, 1).await.len(), 1, "the only mail");
}

#[tokio::test]
async fn who_says_that_they_are_old_enough_sees_when_they_said_so() {
    let app = mail::app().await;
    let attested = "{ viewer { createdAt ageAttestedAt } }";
    let (_, unasked, _) = registered(&app).await;
    assert_eq!(
        unasked.run(attested).await.data("/viewer/ageAttestedAt"),
        &Value::Null
    );
    let email = mail::address(&app);
    let mut input = registration(&email);
    input["ageAttestation"] = json!("AT_LEAST_13");
    let before = app.app.clock.now();
    assert_eq!(register(&app, input).await.codes(), "");
    let reply = login(&app, &email).await.run(attested).await;
    let said: chrono::DateTime<chrono::Utc> = reply.text("/viewer/ageAttestedAt").parse().unwrap();
    assert!((said - before).abs() < TimeDelta::minutes(1));
}

#[tokio::test]
async fn a_verification_token_is_good_once_also_for_fifty_at_a_time() {
    let app = mail::app().await;
    let (_, client, token) = registered(&app).await;
    let replies = join_all((0..50).map(|_| verify(&app, &token))).await;
    let won = replies.iter().filter(|reply| reply.codes().is_empty()).count();
    let lost = replies
        .iter()
        .filter(|reply| reply.codes() == "INVALID_TOKEN")
        .count();
    assert_eq!((won, lost), (1, 49));
    assert!(is_verified(&client).await);
    assert_eq!(
        people::security_events(&client).await,
        ["EMAIL_VERIFIED", "SIGNED_IN"]
    );
}

#[tokio::test]
async fn a_request_to_verify_that_is_sent_again_with_its_key_is_answered_again() {
    let app = mail::app().await;
    let (_, client, token) = registered(&app).await;
    let input = json!({ "input": { "token": token, "idempotencyKey": "k" } });
    for _ in 0..3 {
        assert_eq!(app.anonymous().run_with(VERIFY, input.clone()).await.codes(), "");
    }
    assert_eq!(
        people::security_events(&client).await,
        ["EMAIL_VERIFIED", "SIGNED_IN"]
    );
}

#[tokio::test]
async fn what_is_no_verification_token_verifies_nothing() {
    let app = mail::app().await;
    let (email, client, token) = registered(&app).await;
    let session = client.token().unwrap().to_owned();
    let flipped = if token.ends_with('A') { 'B' } else { 'A' };
    for bad in [
        String::new(),
        "nonsense".to_owned(),
        session,
        Token::generate(TokenKind::EmailVerification).expose().to_owned(),
        token.replace("lyc_vrf_", "lyc_pwr_"),
        token[..token.len() - 1].to_owned(),
        format!("{}{flipped}", &token[..token.len() - 1]),
    ] {
        assert_eq!(verify(&app, &bad).await.codes(), "INVALID_TOKEN", "{bad}");
    }
    app.app.clock.advance(TimeDelta::days(4));
    assert_eq!(
        verify(&app, &token).await.codes(),
        "INVALID_TOKEN",
        "past its time"
    );
    let client = login(&app, &email).await;
    assert!(!is_verified(&client).await);
}

#[tokio::test]
async fn another_verification_token_takes_the_place_of_the_former() {
    let app = mail::app().await;
    let (email, client, first) = registered(&app).await;
    assert_eq!(client.run(RESEND).await.codes(), "");
    let second = mail::latest_token(&app, &email, 2).await;
    assert_ne!(first, second);
    assert_eq!(verify(&app, &first).await.codes(), "INVALID_TOKEN");
    assert_eq!(verify(&app, &second).await.codes(), "");
    assert_eq!(client.run(RESEND).await.codes(), "INVALID_STATE");
    assert_eq!(app.anonymous().run(RESEND).await.codes(), "UNAUTHENTICATED");
}

async fn change(person: &Client, email: &str) -> Reply {
    person.run_with(CHANGE, json!({ "email": email })).await
}

#[tokio::test]
async fn a_new_address_is_the_accounts_when_its_token_comes_back_and_the_former_is_told() {
    let app = mail::app().await;
    let person = app.learner().await;
    let fresh = mail::address(&app);
    assert_eq!(change(&person, &fresh).await.codes(), "");
    assert_eq!(
        person.run(ME).await.text("/viewer/email"),
        person.email,
        "not yet"
    );
    let token = mail::latest_token(&app, &fresh, 1).await;
    assert_eq!(verify(&app, &token).await.codes(), "");
    assert_eq!(person.run(ME).await.text("/viewer/email"), fresh);
    assert!(is_verified(&login(&app, &fresh).await).await);
    let notice = mail::letters(&app, &person.email, 1).await;
    assert!(notice[0].contains("The address of your account was changed"));
    let events = people::security_events(&person).await;
    assert_eq!(events, ["SIGNED_IN", "EMAIL_CHANGED"]);
    assert_eq!(verify(&app, &token).await.codes(), "INVALID_TOKEN");
}

#[tokio::test]
async fn changing_the_address_needs_a_fresh_proof() {
    let app = mail::app().await;
    let person = app.learner().await;
    app.app.clock.advance(TimeDelta::minutes(11));
    let fresh = mail::address(&app);
    let refused = change(&person, &fresh).await;
    assert_eq!(refused.codes(), "STEP_UP_REQUIRED");
    let document = format!(
        "mutation($email: String!) {{ stepUp(input: {{password: \"{PASSWORD}\"}}) {{ userErrors {{ code }} }} \
         emailChange(input: {{email: $email}}) {{ userErrors {{ code }} }} }}"
    );
    let reply = person.run_with(&document, json!({ "email": fresh })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    assert_eq!(
        mail::letters(&app, &fresh, 1).await.len(),
        1,
        "of the second request alone"
    );
}

#[tokio::test]
async fn a_new_address_that_is_somebody_elses_is_told_by_mail_alone() {
    let app = mail::app().await;
    let (person, other) = (app.learner().await, app.learner().await);
    let answer = change(&person, &other.email).await;
    let fresh = mail::address(&app);
    assert_eq!(answer.data(""), change(&person, &fresh).await.data(""));
    let letters = mail::letters(&app, &other.email, 1).await;
    assert!(letters[0].contains("You already have an account") && !letters[0].contains("lyc_"));
    // Somebody is faster: the token comes back when the address has an account.
    let mailed = mail::latest_token(&app, &fresh, 1).await;
    assert_eq!(register(&app, registration(&fresh)).await.codes(), "");
    assert_eq!(verify(&app, &mailed).await.codes(), "TAKEN");
    assert_eq!(person.run(ME).await.text("/viewer/email"), person.email);
    assert_eq!(change(&person, &person.email).await.codes(), "INVALID_STATE");
    assert_eq!(change(&person, "nonsense").await.codes(), "INVALID");
}

#[tokio::test]
async fn names_can_be_changed_one_by_one() {
    let app = TestApp::new().await;
    let person: Person = app.learner().await;
    let document = "mutation($input: ProfileUpdateInput!) { profileUpdate(input: $input) { viewer { firstName lastName } userErrors { code field } } }";
    let update = |input: Value| person.run_with(document, json!({ "input": input }));
    let reply = update(json!({ "firstName": " Grace " })).await;
    let names = json!({ "firstName": "Grace", "lastName": "Person" });
    assert_eq!(reply.data("/profileUpdate/viewer"), &names);
    let reply = update(json!({ "firstName": "", "lastName": "" })).await;
    assert_eq!(reply.codes(), "INVALID,INVALID");
    let seen = person.run("{ viewer { firstName lastName } }").await;
    assert_eq!(seen.data("/viewer"), &names);
    let anonymous = app.anonymous().run_with(document, json!({ "input": {} })).await;
    assert_eq!(anonymous.codes(), "UNAUTHENTICATED");
}
