//! A child's account waits for the consent of a parent or guardian, and is deleted unless it comes.

use super::support::app::PASSWORD;
use super::support::client::Reply;
use super::support::servers::{MAIL_DATABASE, admin_of, database_of_its_own};
use super::support::{TestApp, factory, mail, people};
use chrono::TimeDelta;
use futures_util::future::join;
use lyceum::auth::sign_in::account;
use lyceum::cache::Shared;
use lyceum::jobs::guardians;
use lyceum::kernel::ids::UserId;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};

/// Somebody under 13 who has registered, and what was mailed to them and to their guardian.
struct Child {
    email: String,
    guardian: String,
    verification: String,
    consent: String,
}

impl Child {
    async fn registered(app: &TestApp) -> Self {
        let (email, guardian) = (mail::address(app), mail::address(app));
        let reply = register(app, &registration(&email, &guardian)).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        Self {
            verification: mail::latest_token(app, &email, 1).await,
            consent: mail::latest_token(app, &guardian, 1).await,
            email,
            guardian,
        }
    }
}

fn registration(email: &str, guardian: &str) -> Value {
    json!({ "firstName": "Ada", "lastName": "Lovelace", "email": email, "password": PASSWORD, "ageAttestation": "UNDER_13",
        "guardianEmail": guardian })
}

async fn register(app: &TestApp, input: &Value) -> Reply {
    app.anonymous().mutate("register", input, "").await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let input = json!({ "email": email, "password": password });
    app.anonymous().mutate("login", &input, "token").await
}

async fn give(app: &TestApp, token: &str) -> Reply {
    let input = json!({ "token": token });
    app.anonymous().mutate("guardianConsentGive", &input, "").await
}

async fn refuse(app: &TestApp, token: &str) -> Reply {
    let input = json!({ "token": token });
    let answer = "deletion { reason deletedAt }";
    app.anonymous()
        .mutate("guardianConsentRefuse", &input, answer)
        .await
}

/// The account of an address, if there is one.
async fn user_of(app: &TestApp, email: &str) -> Option<UserId> {
    let account = account(&app.app.db, email).await.unwrap();
    account.map(|account| account.user_id)
}

/// How many rows there are, past row security: `count(database, "users where email = $1", email)`.
async fn count(database: &str, rows: &str, value: &str) -> i64 {
    let count = format!("select count(*) from {rows}");
    let admin = admin_of(database).await;
    admin.query_one(&count, &[&value]).await.unwrap().get(0)
}

/// The tables in which there is anything of an account, past row security.
async fn traces(database: &str, user: UserId) -> Vec<String> {
    let columns = "select table_name::text, column_name::text from information_schema.columns where table_schema = 'public' \
        and (column_name = 'user_id' or (table_name = 'users' and column_name = 'id')) order by table_name";
    let mut found = Vec::new();
    for row in admin_of(database).await.query(columns, &[]).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let rows = format!("{table} where {column}::text = $1");
        if count(database, &rows, &user.0.to_string()).await > 0 {
            found.push(table);
        }
    }
    found
}

#[tokio::test]
async fn the_guardian_is_asked_and_meanwhile_nobody_signs_in() {
    let app = mail::app().await;
    let child = Child::registered(&app).await;
    assert!(child.consent.starts_with("lyc_gdn_"), "{}", child.consent);
    assert!(
        child.verification.starts_with("lyc_vrf_"),
        "{}",
        child.verification
    );
    let asked = mail::delivered_to(&child.guardian);
    assert!(asked[0].contains(&child.email) && !asked[0].contains("Lovelace"));
    let refused = login(&app, &child.email, PASSWORD).await;
    assert_eq!(refused.codes(), "GUARDIAN_CONSENT_REQUIRED");
    assert_eq!(refused.data("/login/token"), &Value::Null);
    let guessed = login(&app, &child.email, "wrong").await;
    assert_eq!(guessed.codes(), "WRONG_CREDENTIALS", "nobody else is told");
    // Having the mail of the address opens nothing either.
    let new = "lange nacht im hafen";
    let anybody = app.anonymous();
    let verify = json!({ "token": child.verification });
    anybody.does("emailVerify", verify).await;
    let forgotten = json!({ "email": child.email });
    anybody.does("passwordResetRequest", forgotten).await;
    let token = mail::latest_token(&app, &child.email, 2).await;
    let reset = json!({ "token": token, "newPassword": new });
    anybody.does("passwordReset", reset).await;
    let refused = login(&app, &child.email, new).await;
    assert_eq!(refused.codes(), "GUARDIAN_CONSENT_REQUIRED");
    // And the database stores no session, whoever asks it to.
    let user = user_of(&app, &child.email).await.unwrap();
    let session = "insert into sessions (id, user_id, expires_at) values (gen_random_uuid(), app_user(), now() + interval '1 day')";
    let refused = factory::try_as_person(&app, user, session).await.unwrap_err();
    assert!(refused.to_string().contains("guardian"), "{refused}");
    let sessions = "sessions where user_id::text = $1";
    assert_eq!(count(MAIL_DATABASE, sessions, &user.0.to_string()).await, 0);
}

#[tokio::test]
async fn whose_guardian_consents_signs_in_and_sees_when_that_was() {
    let app = mail::app().await;
    let child = Child::registered(&app).await;
    let input = json!({ "token": child.consent, "idempotencyKey": "k" });
    for _ in 0..3 {
        app.anonymous().does("guardianConsentGive", input.clone()).await;
    }
    let letters = mail::letters(&app, &child.email, 2).await;
    let told = &letters[1];
    assert!(told.contains("You can sign in now"), "{told}");
    let entered = login(&app, &child.email, PASSWORD).await;
    let person = app.bearer(entered.text("/login/token"));
    let own = "{ viewer { ageAttestedAt guardianConsent { givenAt } } }";
    let seen = person.run(own).await;
    assert!(seen.data("/viewer/guardianConsent/givenAt").is_string());
    assert_eq!(seen.data("/viewer/ageAttestedAt"), &Value::Null);
    assert_eq!(
        people::security_events(&person).await,
        ["SIGNED_IN", "GUARDIAN_CONSENTED"]
    );
    let adult = app.learner().await.run(own).await;
    assert_eq!(adult.data("/viewer/guardianConsent"), &Value::Null);
    // An answer is given once.
    assert_eq!(give(&app, &child.consent).await.codes(), "INVALID_TOKEN");
    assert_eq!(refuse(&app, &child.consent).await.codes(), "INVALID_TOKEN");
    assert_eq!(
        person.run(own).await.data("/viewer"),
        seen.data("/viewer"),
        "the account stays"
    );
}

#[tokio::test]
async fn whose_guardian_refuses_is_deleted_with_everything_of_them() {
    let app = mail::app().await;
    let child = Child::registered(&app).await;
    let verify = json!({ "token": child.verification, "idempotencyKey": "k" });
    app.anonymous().does("emailVerify", verify).await;
    let user = user_of(&app, &child.email).await.unwrap();
    let before = traces(MAIL_DATABASE, user).await;
    for table in [
        "account_idempotency_records",
        "account_tokens",
        "guardian_consents",
        "security_events",
        "users",
    ] {
        assert!(before.iter().any(|found| found == table), "{table}");
    }
    let reply = refuse(&app, &child.consent).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let deletion = "/guardianConsentRefuse/deletion";
    assert_eq!(reply.text(&format!("{deletion}/reason")), "MINOR");
    let deleted_at = reply.text(&format!("{deletion}/deletedAt"));
    let kept = "account_deletions where reason = 'minor' and deleted_at = $1::text::timestamptz";
    assert_eq!(count(MAIL_DATABASE, kept, deleted_at).await, 1);
    assert_eq!(traces(MAIL_DATABASE, user).await, [""; 0]);
    for address in [&child.email, &child.guardian] {
        for table in ["users", "account_tokens", "guardian_consents"] {
            let rows = format!("{table} where email = $1");
            assert_eq!(count(MAIL_DATABASE, &rows, address).await, 0, "{table}");
        }
    }
    let letters = mail::letters(&app, &child.email, 2).await;
    let told = &letters[1];
    assert!(told.contains("Your account was deleted"), "{told}");
    let refused = login(&app, &child.email, PASSWORD).await;
    assert_eq!(refused.codes(), "WRONG_CREDENTIALS");
    assert_eq!(give(&app, &child.consent).await.codes(), "INVALID_TOKEN");
    assert_eq!(refuse(&app, &child.consent).await.codes(), "INVALID_TOKEN");
    // The address is free.
    let mut older = registration(&child.email, "");
    older["ageAttestation"] = json!("AT_LEAST_13");
    older["guardianEmail"] = Value::Null;
    assert_eq!(register(&app, &older).await.codes(), "");
    assert_eq!(login(&app, &child.email, PASSWORD).await.codes(), "");
    assert_ne!(user_of(&app, &child.email).await, Some(user));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_seven_days_in_vain_is_deleted_once_by_whichever_node() {
    let database = "lyceum_test_guardians";
    let config = database_of_its_own(database).await;
    let nodes = [
        TestApp::on(&config, Shared::in_process()).await,
        TestApp::on(&config, Shared::in_process()).await,
    ];
    let [app, other] = &nodes;
    let pass = |time| {
        for node in &nodes {
            node.app.clock.advance(time);
        }
    };
    let mut waiting = Vec::new();
    for _ in 0..3 {
        waiting.push(Child::registered(app).await);
    }
    let consented = Child::registered(app).await;
    assert_eq!(give(app, &consented.consent).await.codes(), "");
    pass(TimeDelta::days(7) - TimeDelta::hours(1));
    assert_eq!(guardians::run_once(&app.app).await.unwrap(), 0, "not yet");
    pass(TimeDelta::hours(1));
    let (one, two) = join(guardians::run_once(&app.app), guardians::run_once(&other.app)).await;
    assert_eq!(one.unwrap() + two.unwrap(), 3);
    let deleted = count(database, "account_deletions where reason = $1", "minor").await;
    assert_eq!(deleted, 3);
    for child in &waiting {
        assert_eq!(user_of(app, &child.email).await, None);
        let letters = mail::letters(app, &child.email, 2).await;
        let told = letters
            .iter()
            .filter(|letter| letter.contains("Your account was deleted"));
        assert_eq!((letters.len(), told.count()), (2, 1));
        assert_eq!(give(app, &child.consent).await.codes(), "INVALID_TOKEN");
    }
    assert_eq!(guardians::run_once(&app.app).await.unwrap(), 0, "once");
    assert_eq!(login(app, &consented.email, PASSWORD).await.codes(), "");
}

#[tokio::test]
async fn a_guardian_is_named_by_somebody_under_13_and_by_nobody_else() {
    let app = mail::app().await;
    let (email, guardian) = (mail::address(&app), mail::address(&app));
    let own = format!(" {} ", email.to_uppercase());
    let (said, named) = ("ageAttestation", "guardianEmail");
    for (field, value, code, at) in [
        (named, Value::Null, "UNDER_AGE", said),
        (said, json!("AT_LEAST_13"), "INVALID", named),
        (said, Value::Null, "INVALID", named),
        (named, json!(""), "INVALID", named),
        (named, json!("nonsense"), "INVALID", named),
        (named, json!(own), "INVALID", named),
        // The guardian is shown it.
        (
            "email",
            json!(format!("evil.example/here?u={email}")),
            "INVALID",
            "email",
        ),
    ] {
        let mut input = registration(&email, &guardian);
        input[field] = value;
        let reply = register(&app, &input).await;
        assert_eq!(reply.codes(), code, "{:#}", reply.body);
        assert_eq!(reply.data("/register/userErrors/0/field"), &json!([at]));
        for (rows, address) in [
            ("users where email = $1", &email),
            ("mails where recipient = $1", &email),
            ("mails where recipient = $1", &guardian),
            ("guardian_consents where email = $1", &guardian),
            ("users where email like '%/here?u=' || $1", &email),
        ] {
            assert_eq!(count(MAIL_DATABASE, rows, address).await, 0, "{rows}");
        }
    }
    let faults = json!({ "firstName": "", "lastName": "Lovelace", "email": "@", "password": "short", "ageAttestation": "UNDER_13" });
    let reply = register(&app, &faults).await;
    assert_eq!(reply.codes(), "INVALID,INVALID,WEAK_PASSWORD,UNDER_AGE");
}

#[tokio::test]
async fn what_is_no_token_of_a_guardian_answers_nothing() {
    let app = mail::app().await;
    let child = Child::registered(&app).await;
    for bad in [
        String::new(),
        "nonsense".to_owned(),
        child.verification.clone(),
        Token::generate(TokenKind::GuardianConsent).expose().to_owned(),
        child.consent.replace("lyc_gdn_", "lyc_vrf_"),
        child.consent[..child.consent.len() - 1].to_owned(),
    ] {
        let given = give(&app, &bad).await;
        assert_eq!(given.codes(), "INVALID_TOKEN", "{bad}");
        let field = "/guardianConsentGive/userErrors/0/field";
        assert_eq!(given.data(field), &json!(["token"]));
        let refused = refuse(&app, &bad).await;
        assert_eq!(refused.codes(), "INVALID_TOKEN", "{bad}");
        let field = "/guardianConsentRefuse/userErrors/0/field";
        assert_eq!(refused.data(field), &json!(["token"]));
    }
    // It proves nothing else.
    let verify = json!({ "token": child.consent });
    let verified = app.anonymous().mutate("emailVerify", &verify, "").await;
    assert_eq!(verified.codes(), "INVALID_TOKEN");
    let reset = json!({ "token": child.consent, "newPassword": "lange nacht im hafen" });
    let set = app.anonymous().mutate("passwordReset", &reset, "").await;
    assert_eq!(set.codes(), "INVALID_TOKEN");
    let waits = login(&app, &child.email, PASSWORD).await;
    assert_eq!(waits.codes(), "GUARDIAN_CONSENT_REQUIRED");
    app.app.clock.advance(TimeDelta::days(7));
    let late = [
        give(&app, &child.consent).await,
        refuse(&app, &child.consent).await,
    ];
    assert!(late.iter().all(|reply| reply.codes() == "INVALID_TOKEN"));
    let waits = login(&app, &child.email, PASSWORD).await;
    assert_eq!(waits.codes(), "GUARDIAN_CONSENT_REQUIRED");
}

#[tokio::test]
async fn of_two_answers_at_once_one_holds() {
    let app = mail::app().await;
    for _ in 0..5 {
        let child = Child::registered(&app).await;
        let (given, refused) = join(give(&app, &child.consent), refuse(&app, &child.consent)).await;
        let answers = (given.codes(), refused.codes());
        let expected = match (answers.0.as_str(), answers.1.as_str()) {
            ("", "INVALID_TOKEN") => "",
            ("INVALID_TOKEN", "") => "WRONG_CREDENTIALS",
            both => panic!("{both:?}"),
        };
        let entered = login(&app, &child.email, PASSWORD).await;
        assert_eq!(entered.codes(), expected, "{answers:?}");
    }
}

#[tokio::test]
async fn for_an_address_that_has_an_account_no_guardian_is_asked() {
    let app = mail::app().await;
    let somebody = app.learner().await;
    let (free, guardian, asked) = (mail::address(&app), mail::address(&app), mail::address(&app));
    let taken = registration(&somebody.email.to_uppercase(), &guardian);
    let (taken, fresh) = (
        register(&app, &taken).await,
        register(&app, &registration(&free, &asked)).await,
    );
    assert_eq!(taken.data(""), fresh.data(""));
    assert_eq!(taken.statements(), fresh.statements(), "and the same work");
    let letters = mail::letters(&app, &somebody.email, 1).await;
    assert!(letters[0].contains("You already have an account"));
    assert_eq!(mail::letters(&app, &asked, 1).await.len(), 1);
    assert_eq!(mail::delivered_to(&guardian), [""; 0]);
    let mails = count(MAIL_DATABASE, "mails where recipient = $1", &guardian).await;
    let consents = count(MAIL_DATABASE, "guardian_consents where email = $1", &guardian).await;
    assert_eq!((mails, consents), (0, 0));
    assert_eq!(login(&app, &somebody.email, PASSWORD).await.codes(), "");
}

#[tokio::test]
async fn nobody_floods_an_address_by_naming_it_as_a_guardians() {
    let app = TestApp::new().await;
    let (guardian, another) = (mail::address(&app), mail::address(&app));
    for _ in 0..5 {
        let input = registration(&mail::address(&app), &guardian);
        assert_eq!(register(&app, &input).await.codes(), "");
    }
    let email = mail::address(&app);
    for _ in 0..6 {
        let refused = register(&app, &registration(&email, &guardian)).await;
        assert_eq!(refused.codes(), "RATE_LIMITED");
    }
    assert_eq!(user_of(&app, &email).await, None);
    let reply = register(&app, &registration(&email, &another)).await;
    assert_eq!(reply.codes(), "", "what was not mailed counts for nothing");
}
