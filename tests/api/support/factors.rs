//! Second factors, as an authenticator app has them.

use super::TestApp;
use super::client::Client;
use serde_json::json;
use totp_rs::{Builder, Secret};

/// An authenticator app.
#[derive(Clone, Debug)]
pub struct Authenticator {
    secret: String,
}

impl Authenticator {
    /// Takes over a secret in base 32.
    pub fn new(secret: &str) -> Self {
        Self {
            secret: secret.to_owned(),
        }
    }

    /// The code that it shows now.
    pub fn code(&self, app: &TestApp) -> String {
        self.code_in(app, 0)
    }

    /// The code that it shows so many seconds from now.
    pub fn code_in(&self, app: &TestApp, seconds: i64) -> String {
        let at = u64::try_from(app.app.clock.now().timestamp() + seconds).unwrap();
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).with_account_name("account");
        totp.build().unwrap().generate(at).to_string()
    }

    /// A code that is not right, now or soon.
    pub fn wrong_code(&self, app: &TestApp) -> String {
        let near: Vec<_> = (-3..=3).map(|step| self.code_in(app, step * 30)).collect();
        let wrong = (0..10).map(|digit| digit.to_string().repeat(6));
        wrong.into_iter().find(|code| !near.contains(code)).unwrap()
    }
}

/// Begins to add a second factor.
pub async fn begin(client: &Client) -> Authenticator {
    let reply = client
        .run("mutation { totpBegin(input: {}) { secret uri userErrors { code } } }")
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    Authenticator::new(reply.text("/totpBegin/secret"))
}

/// Adds a second factor: the app that has it, and the recovery codes.
pub async fn enrol(app: &TestApp, client: &Client) -> (Authenticator, Vec<String>) {
    let authenticator = begin(client).await;
    let document = "mutation($code: String!) { totpConfirm(input: {code: $code}) { recoveryCodes userErrors { code } } }";
    // A code from before, so that the one of now is still to be used.
    let code = json!({ "code": authenticator.code_in(app, -30) });
    let reply = client.run_with(document, code).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let codes = reply.data("/totpConfirm/recoveryCodes").as_array().unwrap();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    (authenticator, codes.collect())
}
