//! A password that is changed while somebody is let in by the former one.

use super::support::app::PASSWORD;
use super::support::client::{Client, Reply};
use super::support::{TestApp, factory, servers};
use lyceum::auth::password::{PasswordConfig, Passwords};
use lyceum::cache::Shared;
use lyceum::config::DatabaseConfig;
use lyceum::kernel::ids::UserId;
use serde_json::json;
use std::time::Duration;

const NEW: &str = "lange nacht im hafen";
const LOGIN: &str = "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { token userErrors { code } } }";

/// A node whose writes wait for an account as long as it takes.
async fn patient() -> TestApp {
    let config = DatabaseConfig {
        statement_timeout_ms: 20_000,
        lock_timeout_ms: 20_000,
        write_timeout_ms: 20_000,
        ..servers::database_config()
    };
    TestApp::on(&config, Shared::in_process()).await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Reply {
    let variables = json!({ "email": email, "password": password });
    app.anonymous().run_with(LOGIN, variables).await
}

async fn change(person: &Client, new: &str) -> Reply {
    let input = json!({ "currentPassword": PASSWORD, "newPassword": new });
    person.mutate("passwordChange", &input, "").await
}

/// Holds an account until one write waits for it and another one behind it, which has read the account before: then lets them
/// go in that order.
async fn one_behind_the_other<A, B>(
    user: UserId,
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let (admin, account) = (servers::admin().await, format!("account of {}", user.0));
    let hold = "select pg_advisory_lock(hashtextextended($1, 0))";
    admin.execute(hold, &[&account]).await.unwrap();
    let waiting = async |many: i64| {
        let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted \
            and ((classid::bigint << 32) | objid::bigint) = hashtextextended($1, 0)";
        while admin
            .query_one(waiting, &[&account])
            .await
            .unwrap()
            .get::<_, i64>(0)
            < many
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let other = async {
        waiting(1).await;
        other.await
    };
    let release = async {
        waiting(2).await;
        let release = "select pg_advisory_unlock_all()";
        admin.batch_execute(release).await.unwrap();
    };
    let (one, other, ()) = tokio::join!(one, other, release);
    (one, other)
}

#[tokio::test]
async fn a_sign_in_by_a_password_that_is_changed_meanwhile_opens_nothing() {
    let app = patient().await;
    let person = app.learner().await;
    let sessions = format!(
        "set local app.\"user\" = '{}'; do $$ begin assert (select count(*) from sessions) = 1; end $$",
        person.user.0
    );
    let (changed, entered) = one_behind_the_other(
        person.user,
        change(&person, NEW),
        login(&app, &person.email, PASSWORD),
    )
    .await;
    assert_eq!(changed.codes(), "", "{:#}", changed.body);
    assert_eq!(entered.codes(), "WRONG_CREDENTIALS", "{:#}", entered.body);
    factory::sql(&app, &sessions).await;
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
}

/// Passwords that are hashed with other parameters than those of the people in tests.
fn stronger() -> Passwords {
    let config = PasswordConfig {
        argon2_memory_kib: 128,
        argon2_passes: 1,
        ..PasswordConfig::default()
    };
    Passwords::new(&config).unwrap()
}

#[tokio::test]
async fn of_two_sign_ins_at_once_that_would_hash_the_password_anew_both_open_a_session() {
    let app = patient().await;
    let person = app.learner().await;
    let stronger = app.with_passwords(stronger()).await;
    let (one, other) = one_behind_the_other(
        person.user,
        login(&stronger, &person.email, PASSWORD),
        login(&stronger, &person.email, PASSWORD),
    )
    .await;
    for entered in [one, other] {
        assert_eq!(entered.codes(), "", "{:#}", entered.body);
        assert!(entered.text("/login/token").starts_with("lyc_"));
    }
}

#[tokio::test]
async fn hashing_a_password_anew_does_not_bring_back_the_former_one() {
    let app = patient().await;
    let person = app.learner().await;
    let stronger = app.with_passwords(stronger()).await;
    let (changed, entered) = one_behind_the_other(
        person.user,
        change(&person, NEW),
        login(&stronger, &person.email, PASSWORD),
    )
    .await;
    assert_eq!(changed.codes(), "", "{:#}", changed.body);
    assert_eq!(entered.codes(), "WRONG_CREDENTIALS", "{:#}", entered.body);
    assert_eq!(
        login(&app, &person.email, PASSWORD).await.codes(),
        "WRONG_CREDENTIALS"
    );
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
}

#[tokio::test]
async fn what_rests_on_the_former_password_in_the_same_session_is_refused_too() {
    let app = patient().await;
    let person = app.learner().await;
    let again = change(&person, "another night in the harbour");
    let (changed, again) = one_behind_the_other(person.user, change(&person, NEW), again).await;
    assert_eq!(changed.codes(), "", "{:#}", changed.body);
    assert_eq!(again.codes(), "WRONG_CREDENTIALS", "{:#}", again.body);
    assert_eq!(login(&app, &person.email, NEW).await.codes(), "");
    let person = app.learner().await;
    let input = json!({ "password": PASSWORD });
    let step_up = person.mutate("stepUp", &input, "");
    let (changed, proven) = one_behind_the_other(person.user, change(&person, NEW), step_up).await;
    assert_eq!(changed.codes(), "", "{:#}", changed.body);
    assert_eq!(proven.codes(), "WRONG_CREDENTIALS", "{:#}", proven.body);
}
