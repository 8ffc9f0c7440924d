//! What is done to accounts without a session, and with what it is proven.

use super::app::Person;
use super::client::Client;
use super::{TestApp, factors, factory};
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Gives somebody a second factor with the recovery code `code`: the challenge of a sign-in that was begun.
pub async fn factored(app: &TestApp, person: &Person) -> String {
    factors::enrol(app, person).await;
    let challenge = Token::generate(TokenKind::SignInChallenge);
    let user = person.user.0;
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{user}'; \
             insert into recovery_codes (user_id, code_hash) values ('{user}', sha256(uuid_send('{user}') || 'code'::bytea)); \
             insert into account_tokens (id, user_id, purpose, token_hash, expires_at) \
             values (gen_random_uuid(), '{user}', 'sign_in', sha256('{}'), now() + interval '1 day')",
            challenge.expose()
        ),
    )
    .await;
    challenge.expose().to_owned()
}

/// Somebody of the organisation whose address is not verified yet, and what they and others do without a session: with tokens
/// that were mailed to them, and with an address that has an account.
pub async fn unverified(app: &TestApp, taken: &str) -> (Client, BTreeMap<&'static str, Value>) {
    let person = app.learner().await;
    let [verify, reset] = [TokenKind::EmailVerification, TokenKind::PasswordReset].map(Token::generate);
    let insert = |purpose: &str, token: &Token| {
        format!(
            "insert into account_tokens (id, user_id, purpose, email, token_hash, expires_at) \
             values (gen_random_uuid(), '{}', '{purpose}', '{}', sha256('{}'), now() + interval '1 day')",
            person.user.0,
            person.email,
            token.expose()
        )
    };
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{}'; update users set email_verified_at = null; {}; {}",
            person.user.0,
            insert("verify_email", &verify),
            insert("reset_password", &reset)
        ),
    )
    .await;
    let [consent, refusal] = [child(app, taken).await, child(app, taken).await];
    let password = "lange nacht im hafen";
    let proofs = [
        (
            "register",
            json!({ "firstName": "Ada", "lastName": "Lovelace", "email": taken, "password": password }),
        ),
        ("emailVerify", json!({ "token": verify.expose() })),
        ("passwordResetRequest", json!({ "email": taken })),
        (
            "passwordReset",
            json!({ "token": reset.expose(), "newPassword": password }),
        ),
        ("guardianConsentGive", json!({ "token": consent })),
        ("guardianConsentRefuse", json!({ "token": refusal })),
    ];
    (person.client, proofs.into())
}

/// A child whose account waits for the guardian with this address, and the token that the guardian was mailed.
async fn child(app: &TestApp, guardian: &str) -> String {
    let (user, token) = (app.app.clock.uuid(), Token::generate(TokenKind::GuardianConsent));
    factory::sql(
        app,
        &format!(
            "set local app.\"user\" = '{user}'; \
             insert into users (id, email, first_name, last_name, password_hash) \
             values ('{user}', '{user}@people.example', 'A', 'Child', 'none'); \
             insert into guardian_consents (user_id, email, expires_at) values ('{user}', '{guardian}', now() + interval '1 day'); \
             insert into account_tokens (id, user_id, purpose, email, token_hash, expires_at) \
             values (gen_random_uuid(), '{user}', 'guardian_consent', '{guardian}', sha256('{}'), now() + interval '1 day')",
            token.expose()
        ),
    )
    .await;
    token.expose().to_owned()
}
