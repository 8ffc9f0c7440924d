//! Against a real provider: the package `oidc-provider`, and a browser that walks through its pages.

use super::support::browser::{
    Browser, PAGE, PUBLIC_URL, Page, begin, begin_sso, complete, found, http, page,
};
use super::support::{TestApp, servers};
use chrono::TimeDelta;
use lyceum::config::SignInConfig;
use reqwest::Url;
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

struct Provider {
    _process: Child,
    /// It would stop at its next word if nobody listened.
    _lines: Lines<BufReader<ChildStdout>>,
    issuer: String,
}

impl Provider {
    /// Starts one, where its package is installed.
    async fn start() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let has_package = folder.join("playground/node_modules/oidc-provider").exists();
        if !has_package || Command::new("node").arg("--version").output().await.is_err() {
            eprintln!(
                "note: nobody signed in by a real provider; that needs node and `npm ci` in playground"
            );
            return None;
        }
        let mut process = Command::new("node")
            .arg(folder.join("tests/audits/oidc_provider.mjs"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = lines.next_line().await.unwrap().unwrap();
        Some(Self {
            _process: process,
            _lines: lines,
            issuer,
        })
    }

    fn config(&self, client: &str) -> SignInConfig {
        let some = |text: &str| Some(text.to_owned());
        SignInConfig {
            public_url: some(PUBLIC_URL),
            google_client_id: some(client),
            google_client_secret: some("secret"),
            google_issuer: self.issuer.clone(),
            ..SignInConfig::default()
        }
    }

    /// Walks through from the page that began to the page that it comes back to.
    async fn walk(&self, app: &TestApp, page: &Page, form: &[(&str, &str)]) -> Url {
        let mut browser = Browser::new(app);
        let (asks, _) = browser.follow(&Url::parse(&page.start_url).unwrap()).await;
        assert!(
            asks.as_str()
                .starts_with(&format!("{}/interaction/", self.issuer)),
            "{asks}"
        );
        let next = browser.post(&asks, form).await.to().clone();
        let (back, shown) = browser.follow(&next).await;
        assert!(shown.is_none(), "{back}: {shown:?}");
        back
    }
}

fn form<'f>(subject: &'f str, email: &'f str, verified: &'f str) -> [(&'static str, &'f str); 5] {
    [
        ("sub", subject),
        ("email", email),
        ("verified", verified),
        ("given", "Ada"),
        ("family", "Lovelace"),
    ]
}

async fn accounts_of(email: &str) -> i64 {
    let admin = servers::admin().await;
    let count = "select count(*) from users where email = $1";
    admin.query_one(count, &[&email]).await.unwrap().get(0)
}

#[tokio::test]
async fn people_sign_in_by_a_real_provider_whatever_its_keys_and_its_clients_proof_are() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    for client in ["academy", "academy-post", "academy-eddsa"] {
        let app = TestApp::signing_in(&provider.config(client)).await;
        let subject = app.app.clock.uuid().simple().to_string();
        let email = format!("{subject}@people.example");
        let page = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
        let back = provider.walk(&app, &page, &form(&subject, &email, "true")).await;
        let code = found(&back, "code").unwrap_or_else(|| panic!("{client}: {back}"));
        let reply = complete(&app.anonymous(), &code, &page).await;
        let person = app.bearer(reply.text("/socialLoginComplete/token"));
        let reply = person.run("{ viewer { email firstName emailVerifiedAt } }").await;
        assert_eq!(reply.text("/viewer/email"), email);
        assert_eq!(reply.text("/viewer/firstName"), "Ada");
        assert!(reply.data("/viewer/emailVerifiedAt").is_string());
    }
}

#[tokio::test]
async fn whoever_says_no_there_is_not_signed_in_here() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let app = TestApp::signing_in(&provider.config("academy")).await;
    let page = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
    let back = provider.walk(&app, &page, &[("deny", "yes")]).await;
    assert_eq!(back.fragment(), Some("error=access_denied"));
}

#[tokio::test]
async fn an_unverified_address_there_links_no_account_here() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let app = TestApp::signing_in(&provider.config("academy")).await;
    let learner = app.learner().await;
    for (verified, expected) in [("false", "LINK_REQUIRED"), ("true", "")] {
        let page = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
        let subject = app.app.clock.uuid().simple().to_string();
        let back = provider
            .walk(&app, &page, &form(&subject, &learner.email, verified))
            .await;
        let code = found(&back, "code").unwrap();
        assert_eq!(complete(&app.anonymous(), &code, &page).await.codes(), expected);
        assert_eq!(accounts_of(&learner.email).await, 1);
    }
}

#[tokio::test]
async fn new_keys_there_are_found_here() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let app = TestApp::signing_in(&provider.config("academy")).await;
    let subject = app.app.clock.uuid().simple().to_string();
    let email = format!("{subject}@people.example");
    for turn in ["found", "again"] {
        let page = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
        let back = provider.walk(&app, &page, &form(&subject, &email, "true")).await;
        assert!(found(&back, "code").is_some(), "{turn}: {back}");
        let rotated = http()
            .build()
            .unwrap()
            .post(format!("{}/rotate", provider.issuer))
            .send()
            .await
            .unwrap();
        assert!(rotated.status().is_success());
        app.app.clock.advance(TimeDelta::seconds(61));
    }
}

#[tokio::test]
async fn members_sign_in_to_their_organisation_by_its_own_real_provider() {
    let Some(provider) = Provider::start().await else {
        return;
    };
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let set = "mutation($input: SsoConnectionSetInput!) { ssoConnectionSet(input: $input) { userErrors { code message } } }";
    let input = json!({ "organizationId": app.org_id(), "issuer": provider.issuer, "clientId": "academy-post", "clientSecret": "secret" });
    assert_eq!(owner.run_with(set, json!({ "input": input })).await.codes(), "");
    let subject = app.app.clock.uuid().simple().to_string();
    let email = format!("{subject}@company.example");
    let page = page(
        &begin_sso(&app.anonymous(), &app.slug, PAGE).await,
        "ssoLoginBegin",
    );
    let back = provider.walk(&app, &page, &form(&subject, &email, "true")).await;
    let reply = complete(&app.anonymous(), &found(&back, "code").unwrap(), &page).await;
    let member = &reply.data("/socialLoginComplete/viewer/memberships")[0];
    assert_eq!(member["email"], email);
    assert_eq!(member["name"], "Ada Lovelace");
    assert_eq!(
        accounts_of(&email).await,
        0,
        "the address is the member's, no account's"
    );
}
