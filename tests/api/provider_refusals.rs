//! Sign-ins by providers that go wrong, by mischance or by malice: each ends where it began, and nothing comes of it.

use super::support::browser::{Browser, PAGE, PUBLIC_URL, Page, begin, complete, found, page, parameter};
use super::support::provider::{Provider, Signed};
use super::support::{TestApp, servers};
use axum::http::StatusCode;
use chrono::TimeDelta;
use lyceum::auth::providers::Providers;
use lyceum::config::{OutgoingConfig, SignInConfig};
use lyceum::kernel::clock::Clock;
use reqwest::Url;
use serde_json::{Value, json};

async fn set_up() -> (TestApp, Provider) {
    let provider = Provider::start().await;
    let app = TestApp::signing_in(&provider.config()).await;
    let subject = app.app.clock.uuid().simple().to_string();
    provider.is(&subject, &format!("{subject}@people.example"), true);
    (app, provider)
}

async fn begun(app: &TestApp) -> Page {
    page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin")
}

/// How many accounts and sign-ins there are that a provider made or could complete.
async fn accounts_of(provider: &Provider) -> i64 {
    let admin = servers::admin().await;
    let count = "select count(*) from identities where issuer = $1";
    admin
        .query_one(count, &[&provider.issuer()])
        .await
        .unwrap()
        .get(0)
}

/// Signs in and gives the error that the page finds.
async fn error(app: &TestApp, provider: &Provider) -> String {
    let back = provider.walk(app, &begun(app).await).await;
    found(&back, "error").unwrap_or_else(|| panic!("no error in {back}"))
}

#[tokio::test]
async fn a_token_that_proves_nothing_signs_nobody_in() {
    let (app, provider) = set_up().await;
    for signed in [
        Signed::Not,
        Signed::WithTheSecret,
        Signed::WithThePublicKey,
        Signed::ByAnother,
        Signed::ByItsOwnKey,
        Signed::Before,
    ] {
        provider.says(|says| says.signed = signed);
        assert_eq!(
            error(&app, &provider).await,
            "provider_answer_invalid",
            "{signed:?}"
        );
    }
    provider.says(|says| says.signed = Signed::Well);
    let now = app.app.clock.now().timestamp();
    let claims = [
        json!({ "aud": "another" }),
        json!({ "aud": ["academy", "another"] }),
        json!({ "aud": null }),
        json!({ "azp": "another" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": null }),
        json!({ "exp": now - 61 }),
        json!({ "exp": null }),
        json!({ "iat": now + 120 }),
        json!({ "nonce": "another" }),
        json!({ "nonce": null }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": "x".repeat(300) }),
    ];
    for change in claims {
        let mut good = Value::Null;
        provider.says(|says| {
            good = says.claims.clone();
            for (name, value) in change.as_object().unwrap() {
                says.claims[name] = value.clone();
            }
        });
        assert_eq!(
            error(&app, &provider).await,
            "provider_answer_invalid",
            "{change}"
        );
        provider.says(|says| says.claims = good);
    }
    assert_eq!(accounts_of(&provider).await, 0);
    // A clock that is a little off is forgiven.
    provider.says(|says| says.claims["iat"] = json!(now + 30));
    let back = provider.walk(&app, &begun(&app).await).await;
    assert!(found(&back, "code").is_some(), "{back}");
}

#[tokio::test]
async fn a_provider_that_fails_sends_the_page_an_error_and_none_of_its_words() {
    let (app, provider) = set_up().await;
    let failures = [
        (
            StatusCode::BAD_REQUEST,
            json!({ "error": "invalid_grant", "error_description": "<script>" }),
        ),
        (StatusCode::INTERNAL_SERVER_ERROR, json!({ "oops": "<script>" })),
        (
            StatusCode::OK,
            json!({ "access_token": "x", "token_type": "Bearer" }),
        ),
        (StatusCode::OK, json!([])),
    ];
    for failure in failures {
        provider.says(|says| says.failure = Some(failure.clone()));
        let back = provider.walk(&app, &begun(&app).await).await;
        assert_eq!(
            found(&back, "error").as_deref(),
            Some("provider_answer_invalid"),
            "{failure:?}"
        );
        assert!(!back.as_str().contains("script"));
    }
    assert_eq!(accounts_of(&provider).await, 0);
}

#[tokio::test]
async fn a_provider_that_is_away_or_describes_itself_badly_is_unavailable() {
    let away = TestApp::new().await;
    let out = Browser::new(&away).go(&begun(&away).await.start_url).await;
    assert_eq!(found(out.to(), "error").as_deref(), Some("provider_unavailable"));
    let descriptions = [
        json!({ "issuer": "https://evil.example" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "authorization_endpoint": "http://evil.example/authorize" }),
        json!({ "token_endpoint": "http://10.0.0.1/token" }),
        json!({ "token_endpoint": "https://169.254.169.254/token" }),
        json!({ "token_endpoint": null }),
        json!({ "jwks_uri": "http://192.168.0.1/jwks" }),
        json!({ "jwks_uri": null }),
        json!({ "token_endpoint_auth_methods_supported": ["private_key_jwt"] }),
    ];
    for description in descriptions {
        let (app, provider) = set_up().await;
        provider.says(|says| says.description = description.clone());
        let out = Browser::new(&app).go(&begun(&app).await.start_url).await;
        assert_eq!(
            found(out.to(), "error").as_deref(),
            Some("provider_unavailable"),
            "{description}"
        );
        assert_eq!(out.to().host_str(), Some("academy.example"));
    }
}

#[tokio::test]
async fn without_the_development_setting_no_provider_of_this_machine_is_asked() {
    let provider = Provider::start().await;
    let config = SignInConfig {
        public_url: Some("https://api.academy.example".to_owned()),
        ..provider.config()
    };
    let providers = Providers::new(&config, OutgoingConfig::default(), &[], Clock::default()).unwrap();
    let issuers = [
        provider.issuer(),
        provider.issuer().replace("http:", "https:"),
        "https://10.0.0.1".to_owned(),
        "https://localhost".to_owned(),
        "https://[::ffff:127.0.0.1]".to_owned(),
        "nonsense".to_owned(),
    ];
    for issuer in issuers {
        assert!(providers.try_issuer(&issuer).await.is_err(), "{issuer}");
    }
    assert_eq!(provider.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_browser_brings_back_belongs_to_it_and_is_good_once() {
    let (app, provider) = set_up().await;
    let begun = begun(&app).await;
    let (mut browser, mut another) = (Browser::new(&app), Browser::new(&app));
    let out = browser.go(&begun.start_url).await;
    let (state, nonce) = (parameter(out.to(), "state"), parameter(out.to(), "nonce"));
    assert_eq!(parameter(out.to(), "code_challenge_method"), "S256");
    assert!(!out.to().as_str().contains(&begun.browser_token) && state != nonce);
    let cookie = &out.set_cookies[0];
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    // It sets out once.
    assert_eq!(another.go(&begun.start_url).await.status, 400);
    let back = provider.sign_in(out.to());
    let with = |name: &str, value: Option<&str>| {
        let mut url = back.clone();
        let kept: Vec<_> = back.query_pairs().filter(|(found, _)| found != name).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    };
    let changed = format!(
        "{}{}",
        &state[..state.len() - 1],
        if state.ends_with('A') { 'B' } else { 'A' }
    );
    let other = lyceum::kernel::secret::Token::generate(lyceum::kernel::secret::TokenKind::SignInState);
    let refused = [
        with("state", None),
        with("state", Some(&changed)),
        with("state", Some(other.expose())),
        with("code", None),
        with("code", Some("")),
        with("code", Some(&"x".repeat(5_000))),
    ];
    for url in &refused {
        let shown = browser.open(url).await;
        assert_eq!((shown.status, shown.location), (400, None), "{url}");
        assert!(shown.body.contains("Request "), "{}", shown.body);
    }
    let mut twice = back.clone();
    twice.query_pairs_mut().append_pair("state", &state);
    assert_eq!(browser.open(&twice).await.status, 400);
    // A browser without the cookie, and one with the cookie of another sign-in.
    assert_eq!(another.open(&back).await.status, 400);
    assert_eq!(provider.asked().iter().filter(|path| *path == "token").count(), 0);
    let done = browser.open(&back).await;
    let code = found(done.to(), "code").unwrap();
    assert_eq!(done.to().as_str().split('#').next(), Some(PAGE));
    assert_eq!(browser.open(&back).await.status, 400, "it comes back once");
    // The page's own secret is needed, and the code is good once.
    let stranger = Page {
        browser_token: lyceum::kernel::secret::Token::generate(
            lyceum::kernel::secret::TokenKind::SignInBrowser,
        )
        .expose()
        .to_owned(),
        ..begun.clone()
    };
    assert_eq!(
        complete(&app.anonymous(), &code, &stranger).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(
        complete(&app.anonymous(), &state, &begun).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(
        complete(&app.anonymous(), "nonsense", &begun).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(accounts_of(&provider).await, 0);
    assert_eq!(complete(&app.anonymous(), &code, &begun).await.codes(), "");
    assert_eq!(
        complete(&app.anonymous(), &code, &begun).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(accounts_of(&provider).await, 1);
}

#[tokio::test]
async fn the_cookie_is_the_servers_alone_where_that_is_reached_by_tls() {
    let provider = Provider::start().await;
    let public = "https://api.academy.example";
    let config = SignInConfig {
        public_url: Some(public.to_owned()),
        ..provider.config()
    };
    let app = TestApp::signing_in(&config).await;
    let begun = begun(&app).await;
    let path = begun.start_url.strip_prefix(public).unwrap();
    let out = Browser::new(&app).go(&format!("{PUBLIC_URL}{path}")).await;
    let cookie = &out.set_cookies[0];
    assert!(
        cookie.starts_with("__Host-lyceum-sign-in-") && cookie.ends_with("; Secure"),
        "{cookie}"
    );
    assert_eq!(
        parameter(out.to(), "redirect_uri"),
        format!("{public}/sign-in/callback")
    );
}

#[tokio::test]
async fn a_code_of_another_issuer_is_not_taken() {
    for issuer in [Some("https://evil.example"), None] {
        let (app, provider) = set_up().await;
        let mut browser = Browser::new(&app);
        let out = browser.go(&begun(&app).await.start_url).await;
        let good = provider.sign_in(out.to());
        let mut back = good.clone();
        let kept: Vec<_> = good.query_pairs().filter(|(name, _)| name != "iss").collect();
        back.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(issuer) = issuer {
            back.query_pairs_mut().append_pair("iss", issuer);
        }
        let shown = browser.open(&back).await;
        assert_eq!(
            found(shown.to(), "error").as_deref(),
            Some("provider_answer_invalid")
        );
        assert!(
            !provider.asked().contains(&"token".to_owned()),
            "the code is shown to nobody"
        );
    }
}

#[tokio::test]
async fn whoever_does_not_want_to_comes_back_with_that() {
    let (app, provider) = set_up().await;
    for (error, expected) in [
        ("access_denied", "access_denied"),
        ("server_error<script>", "provider_refused"),
    ] {
        let mut browser = Browser::new(&app);
        let out = browser.go(&begun(&app).await.start_url).await;
        let mut back = Url::parse(&parameter(out.to(), "redirect_uri")).unwrap();
        back.query_pairs_mut()
            .append_pair("state", &parameter(out.to(), "state"))
            .append_pair("error", error)
            .append_pair("error_description", "<script>");
        let shown = browser.open(&back).await;
        assert_eq!(found(shown.to(), "error").as_deref(), Some(expected));
        assert!(!shown.to().as_str().contains("script"));
        assert_eq!(browser.open(&back).await.status, 400);
    }
    assert_eq!(accounts_of(&provider).await, 0);
}

#[tokio::test]
async fn a_sign_in_takes_ten_minutes_at_most() {
    let (app, provider) = set_up().await;
    let late = TimeDelta::minutes(11);
    let first = begun(&app).await;
    app.app.clock.advance(late);
    assert_eq!(Browser::new(&app).go(&first.start_url).await.status, 400);
    let second = begun(&app).await;
    let mut browser = Browser::new(&app);
    let out = browser.go(&second.start_url).await;
    app.app.clock.advance(late);
    assert_eq!(browser.open(&provider.sign_in(out.to())).await.status, 400);
    provider.says(|says| says.claims["exp"] = json!(app.app.clock.now().timestamp() + 3_600));
    let third = begun(&app).await;
    let code = found(&provider.walk(&app, &third).await, "code").unwrap();
    app.app.clock.advance(late);
    assert_eq!(
        complete(&app.anonymous(), &code, &third).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(accounts_of(&provider).await, 0);
}

#[tokio::test]
async fn a_sign_in_leads_nowhere_but_to_pages_that_are_allowed() {
    let (app, _) = set_up().await;
    let page = format!("https://evil.example/{}", app.slug);
    let before = servers::state_of(app.org).await;
    for return_to in [
        page.as_str(),
        "https://academy.example@evil.example/",
        "https://academy.example.evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://academy.example/#x",
        "",
    ] {
        let reply = begin(&app.anonymous(), "GOOGLE", return_to).await;
        assert_eq!(reply.codes(), "INVALID", "{return_to}");
        assert_eq!(
            reply.data("/socialLoginBegin/userErrors/0/field"),
            &json!(["returnTo"])
        );
    }
    assert_eq!(servers::state_of(app.org).await, before);
    // On a development server, pages of the machine itself.
    assert_eq!(
        begin(&app.anonymous(), "GOOGLE", "http://localhost:3000/x")
            .await
            .codes(),
        ""
    );
}

#[tokio::test]
async fn a_service_that_the_server_is_not_set_up_for_is_not_there() {
    let app = TestApp::new().await;
    for service in ["LINKEDIN", "FACEBOOK"] {
        assert_eq!(begin(&app.anonymous(), service, PAGE).await.codes(), "NOT_FOUND");
    }
    for start in ["nonsense", "lyc_sis_x", "%00"] {
        let url = format!("{PUBLIC_URL}/sign-in/start/{start}");
        assert_eq!(Browser::new(&app).go(&url).await.status, 400, "{start}");
    }
}

#[tokio::test]
async fn keys_are_read_again_when_they_change_and_not_more_often_than_once_a_minute() {
    let (app, provider) = set_up().await;
    let read = |provider: &Provider| provider.asked().iter().filter(|path| *path == "jwks").count();
    let back = provider.walk(&app, &begun(&app).await).await;
    assert!(found(&back, "code").is_some());
    assert_eq!(read(&provider), 1, "what is known is remembered");
    provider.rotate();
    for _ in 0..3 {
        assert_eq!(error(&app, &provider).await, "provider_answer_invalid");
    }
    assert_eq!(read(&provider), 1);
    app.app.clock.advance(TimeDelta::seconds(61));
    let back = provider.walk(&app, &begun(&app).await).await;
    assert!(found(&back, "code").is_some(), "{back}");
    assert_eq!(read(&provider), 2);
}
