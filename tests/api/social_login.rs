//! Signing in by services that anybody may sign in by, and linking them.

use super::support::app::PASSWORD;
use super::support::browser::{
    self, Browser, PAGE, Page, begin, begin_link, complete, complete_link, found, page,
};
use super::support::client::{Client, Reply};
use super::support::people::{has_events, security_events};
use super::support::provider::Provider;
use super::support::{TestApp, factors, factory, servers};
use chrono::TimeDelta;
use lyceum::auth::sign_in::account;
use serde_json::{Value, json};

/// A node with a provider, and somebody whom the provider means.
async fn set_up() -> (TestApp, Provider, String, String) {
    let provider = Provider::start().await;
    let app = TestApp::signing_in(&provider.config()).await;
    let subject = app.app.clock.uuid().simple().to_string();
    let email = format!("{subject}@people.example");
    provider.is(&subject, &email, true);
    (app, provider, subject, email)
}

/// Goes as far as the code.
async fn arrive(app: &TestApp, provider: &Provider, service: &str) -> (String, Page) {
    let page = page(&begin(&app.anonymous(), service, PAGE).await, "socialLoginBegin");
    let back = provider.walk(app, &page).await;
    let code = found(&back, "code").unwrap_or_else(|| panic!("no code in {back}"));
    (code, page)
}

/// Signs in by a service, saying how old one is: what the page is answered.
async fn sign_in_at(app: &TestApp, provider: &Provider, age: &str) -> Reply {
    let (code, page) = arrive(app, provider, "GOOGLE").await;
    let input = json!({ "code": code, "browserToken": page.browser_token, "ageAttestation": age });
    let answer = "token viewer { ageAttestedAt }";
    app.anonymous()
        .mutate("socialLoginComplete", &input, answer)
        .await
}

/// Signs in by a service: what the page is answered.
async fn sign_in(app: &TestApp, provider: &Provider, service: &str) -> Reply {
    let (code, page) = arrive(app, provider, service).await;
    complete(&app.anonymous(), &code, &page).await
}

async fn accounts_of(email: &str) -> i64 {
    let admin = servers::admin().await;
    let count = "select count(*) from users where email = $1";
    admin.query_one(count, &[&email]).await.unwrap().get(0)
}

async fn links_of(client: &Client) -> Vec<Value> {
    let reply = client
        .run("{ viewer { identities { id provider email createdAt lastUsedAt } } }")
        .await;
    reply.data("/viewer/identities").as_array().unwrap().clone()
}

#[tokio::test]
async fn who_is_new_gets_an_account_and_signs_in_to_it_again() {
    let (app, provider, _, email) = set_up().await;
    let first = sign_in(&app, &provider, "GOOGLE").await;
    assert_eq!(first.codes(), "", "{:#}", first.body);
    let person = app.bearer(first.text("/socialLoginComplete/token"));
    let account = "{ viewer { id email firstName lastName emailVerifiedAt identities { provider email } } }";
    let reply = person.run(account).await;
    assert_eq!(reply.text("/viewer/email"), email);
    assert_eq!(reply.text("/viewer/firstName"), "Ada");
    assert_eq!(reply.text("/viewer/lastName"), "Lovelace");
    assert!(reply.data("/viewer/emailVerifiedAt").is_string());
    assert_eq!(
        reply.data("/viewer/identities"),
        &json!([{ "provider": "GOOGLE", "email": email }])
    );
    let id = reply.text("/viewer/id").to_owned();
    let again = sign_in(&app, &provider, "GOOGLE").await;
    let again = app.bearer(again.text("/socialLoginComplete/token"));
    assert_eq!(again.run(account).await.text("/viewer/id"), id);
    assert_eq!(accounts_of(&email).await, 1);
    has_events(&again, &["SIGNED_IN_BY_PROVIDER", "IDENTITY_LINKED"]).await;
}

#[tokio::test]
async fn who_is_new_may_say_how_old_they_are_and_has_no_account_under_13() {
    let (app, provider, _, email) = set_up().await;
    let reply = sign_in_at(&app, &provider, "UNDER_13").await;
    assert_eq!(reply.codes(), "UNDER_AGE");
    assert_eq!(
        reply.data("/socialLoginComplete/userErrors/0/field"),
        &json!(["ageAttestation"])
    );
    assert_eq!(accounts_of(&email).await, 0);
    let reply = sign_in_at(&app, &provider, "AT_LEAST_13").await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    assert!(
        reply
            .data("/socialLoginComplete/viewer/ageAttestedAt")
            .is_string()
    );
    // Another sign-in changes nothing of it, and who is not asked has said nothing.
    let first = reply.text("/socialLoginComplete/viewer/ageAttestedAt").to_owned();
    app.app.clock.advance(TimeDelta::minutes(5));
    let again = sign_in(&app, &provider, "GOOGLE").await;
    let again = app.bearer(again.text("/socialLoginComplete/token"));
    let attested = "{ viewer { ageAttestedAt } }";
    assert_eq!(again.run(attested).await.text("/viewer/ageAttestedAt"), first);
    let other = app.app.clock.uuid().simple().to_string();
    provider.is(&other, &format!("{other}@people.example"), true);
    let unasked = sign_in(&app, &provider, "GOOGLE").await;
    let unasked = app.bearer(unasked.text("/socialLoginComplete/token"));
    assert!(
        unasked
            .run(attested)
            .await
            .data("/viewer/ageAttestedAt")
            .is_null()
    );
}

#[tokio::test]
async fn a_child_whose_guardian_has_not_consented_is_let_in_by_no_provider() {
    let (app, provider, _, email) = set_up().await;
    let input = json!({ "firstName": "Ada", "lastName": "Lovelace", "email": email, "password": PASSWORD, "ageAttestation": "UNDER_13",
        "guardianEmail": format!("parent-of-{email}") });
    app.anonymous().does("register", input).await;
    let found = account(&app.app.db, &email).await.unwrap();
    let user = found.unwrap().user_id.0.to_string();
    let own = |statement: &str| format!("set local app.\"user\" = '{user}'; {statement}");
    factory::sql(&app, &own("update users set email_verified_at = now()")).await;
    let refused = sign_in(&app, &provider, "GOOGLE").await;
    assert_eq!(refused.codes(), "GUARDIAN_CONSENT_REQUIRED");
    assert_eq!(refused.data("/socialLoginComplete/token"), &Value::Null);
    let links = "select count(*) from identities where user_id::text = $1";
    let admin = servers::admin().await;
    let links: i64 = admin.query_one(links, &[&user]).await.unwrap().get(0);
    assert_eq!(links, 0, "nothing is linked");
    factory::sql(&app, &own("update guardian_consents set given_at = now()")).await;
    let entered = sign_in_at(&app, &provider, "UNDER_13").await;
    assert_eq!(entered.codes(), "", "{:#}", entered.body);
    assert!(entered.text("/socialLoginComplete/token").starts_with("lyc_"));
}

#[tokio::test]
async fn an_account_without_a_password_is_signed_in_to_by_none() {
    let (app, provider, _, email) = set_up().await;
    assert_eq!(sign_in(&app, &provider, "GOOGLE").await.codes(), "");
    let login =
        "mutation($input: LoginInput!) { login(input: $input) { token userErrors { code message } } }";
    let mut answers = Vec::new();
    for (email, password) in [
        (email.as_str(), PASSWORD),
        (email.as_str(), "none"),
        (email.as_str(), ""),
        ("nobody@people.example", "none"),
    ] {
        let input = json!({ "input": { "email": email, "password": password } });
        let reply = app.anonymous().run_with(login, input).await;
        assert_eq!(reply.codes(), "WRONG_CREDENTIALS", "{password:?}");
        answers.push(reply.data("").clone());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn the_account_of_an_address_is_linked_where_both_sides_have_seen_that_it_is_theirs() {
    let (app, provider, subject, _) = set_up().await;
    let learner = app.learner().await;
    provider.is(&subject, &learner.email, true);
    let reply = sign_in(&app, &provider, "GOOGLE").await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let linked = links_of(&learner).await;
    assert_eq!(linked[0]["provider"], "GOOGLE");
    has_events(&learner, &["IDENTITY_LINKED", "SIGNED_IN_BY_PROVIDER"]).await;
}

#[tokio::test]
async fn an_unverified_address_never_links() {
    let (app, provider, subject, _) = set_up().await;
    let learner = app.learner().await;
    let unverified = app.learner().await;
    let unverify = format!(
        "set local app.\"user\" = '{}'; update users set email_verified_at = null",
        unverified.user.0
    );
    factory::sql(&app, &unverify).await;
    // The provider has not seen it, this server has not, and Facebook does not say.
    for (service, person, verified) in [
        ("GOOGLE", &learner, false),
        ("GOOGLE", &unverified, true),
        ("FACEBOOK", &learner, true),
    ] {
        provider.is(&subject, &person.email, verified);
        let before = servers::state_of(app.org).await;
        let reply = sign_in(&app, &provider, service).await;
        assert_eq!(reply.codes(), "LINK_REQUIRED", "{service}");
        assert!(reply.data("/socialLoginComplete/token").is_null());
        assert_eq!(servers::state_of(app.org).await, before);
    }
    // Nor does one that is not told at all.
    provider.says(|says| says.claims = json!({ "sub": subject }));
    assert_eq!(sign_in(&app, &provider, "GOOGLE").await.codes(), "LINK_REQUIRED");
}

#[tokio::test]
async fn facebook_makes_accounts_whose_addresses_are_still_to_be_verified() {
    let (app, provider, _, email) = set_up().await;
    let reply = sign_in(&app, &provider, "FACEBOOK").await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let person = app.bearer(reply.text("/socialLoginComplete/token"));
    let reply = person
        .run("{ viewer { email emailVerifiedAt identities { provider } } }")
        .await;
    assert_eq!(reply.text("/viewer/email"), email);
    assert!(reply.data("/viewer/emailVerifiedAt").is_null());
    assert_eq!(
        reply.data("/viewer/identities"),
        &json!([{ "provider": "FACEBOOK" }])
    );
}

#[tokio::test]
async fn linkedin_is_asked_without_what_it_refuses() {
    let (app, provider, _, _) = set_up().await;
    provider.says(|says| says.claims["nonce"] = Value::Null);
    let reply = sign_in(&app, &provider, "LINKEDIN").await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    provider.says(|says| says.claims["nonce"] = json!("another"));
    let page = page(
        &begin(&app.anonymous(), "LINKEDIN", PAGE).await,
        "socialLoginBegin",
    );
    let back = provider.walk(&app, &page).await;
    assert_eq!(found(&back, "error").as_deref(), Some("provider_answer_invalid"));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_as_after_a_password() {
    let (app, provider, subject, _) = set_up().await;
    let learner = app.learner().await;
    let (authenticator, _) = factors::enrol(&app, &learner).await;
    provider.is(&subject, &learner.email, true);
    let reply = sign_in(&app, &provider, "GOOGLE").await;
    assert!(reply.data("/socialLoginComplete/token").is_null());
    let verify =
        "mutation($input: LoginVerifyInput!) { loginVerify(input: $input) { token userErrors { code } } }";
    let input = json!({ "challenge": reply.text("/socialLoginComplete/challenge"), "totpCode": authenticator.code(&app) });
    let reply = app.anonymous().run_with(verify, json!({ "input": input })).await;
    assert!(reply.data("/loginVerify/token").is_string(), "{:#}", reply.body);
}

#[tokio::test]
async fn a_service_is_linked_by_whoever_began_it_and_unlinked_again() {
    let (app, provider, _, _) = set_up().await;
    let (learner, other) = (app.learner().await, app.learner().await);
    let begun = page(&begin_link(&learner, "GOOGLE").await, "identityLink");
    let back = provider.walk(&app, &begun).await;
    let code = found(&back, "code").unwrap();
    let before = servers::state_of(app.org).await;
    // Neither somebody else nor a sign-in gets anything of it.
    assert_eq!(
        complete_link(&other, &code, &begun).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(
        complete(&app.anonymous(), &code, &begun).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(servers::state_of(app.org).await, before);
    let reply = complete_link(&learner, &code, &begun).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    let id = reply.text("/identityLinkComplete/identity/id").to_owned();
    assert_eq!(
        complete_link(&learner, &code, &begun).await.codes(),
        "INVALID_TOKEN"
    );
    let signed_in = sign_in(&app, &provider, "GOOGLE").await;
    let again = app.bearer(signed_in.text("/socialLoginComplete/token"));
    let viewer = |client: Client| async move {
        client
            .run("{ viewer { id } }")
            .await
            .text("/viewer/id")
            .to_owned()
    };
    assert_eq!(viewer(again).await, viewer(learner.client.clone()).await);
    // The same identity is nobody else's.
    let begun = page(&begin_link(&other, "GOOGLE").await, "identityLink");
    let code = found(&provider.walk(&app, &begun).await, "code").unwrap();
    assert_eq!(complete_link(&other, &code, &begun).await.codes(), "TAKEN");
    assert!(links_of(&other).await.is_empty());
    let unlink = "mutation($id: ID!) { identityUnlink(input: {id: $id}) { userErrors { code } } }";
    assert_eq!(
        other.run_with(unlink, json!({ "id": id })).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(links_of(&learner).await.len(), 1);
    assert_eq!(learner.run_with(unlink, json!({ "id": id })).await.codes(), "");
    assert!(links_of(&learner).await.is_empty());
    let events = security_events(&learner).await;
    assert!(events.contains(&"IDENTITY_UNLINKED".to_owned()), "{events:?}");
    // What is linked no more signs in no more: the address belongs to nobody, so it makes an account of its own.
    let reply = sign_in(&app, &provider, "GOOGLE").await;
    let another = app.bearer(reply.text("/socialLoginComplete/token"));
    assert_ne!(viewer(another).await, viewer(learner.client.clone()).await);
}

#[tokio::test]
async fn linking_and_unlinking_take_a_fresh_proof() {
    let (app, ..) = set_up().await;
    let learner = app.learner().await;
    app.app.clock.advance(TimeDelta::minutes(11));
    // That the session is in use is noted.
    learner.run("{ viewer { id } }").await;
    let before = servers::state_of(app.org).await;
    assert_eq!(begin_link(&learner, "GOOGLE").await.codes(), "STEP_UP_REQUIRED");
    let unlink =
        "mutation { identityUnlink(input: {id: \"idn_AAAAAAAAAAAAAAAAAAAAAA\"}) { userErrors { code } } }";
    assert_eq!(learner.run(unlink).await.codes(), "STEP_UP_REQUIRED");
    assert_eq!(servers::state_of(app.org).await, before);
}

#[tokio::test]
async fn nobody_unlinks_their_only_way_in() {
    let (app, provider, _, _) = set_up().await;
    let reply = sign_in(&app, &provider, "GOOGLE").await;
    let person = app.bearer(reply.text("/socialLoginComplete/token"));
    let id = links_of(&person).await[0]["id"].clone();
    let unlink = "mutation($id: ID!) { identityUnlink(input: {id: $id}) { userErrors { code } } }";
    assert_eq!(
        person.run_with(unlink, json!({ "id": id })).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(links_of(&person).await.len(), 1);
    let set =
        "mutation { passwordChange(input: {newPassword: \"lange nacht im hafen\"}) { userErrors { code } } }";
    assert_eq!(person.run(set).await.codes(), "");
    assert_eq!(person.run_with(unlink, json!({ "id": id })).await.codes(), "");
}

#[tokio::test]
async fn a_reset_of_an_address_that_was_never_verified_unlinks_who_was_there_before() {
    let (app, provider, _, email) = set_up().await;
    let squatter = sign_in(&app, &provider, "FACEBOOK").await;
    let squatter = app.bearer(squatter.text("/socialLoginComplete/token"));
    let id = squatter
        .run("{ viewer { id } }")
        .await
        .text("/viewer/id")
        .to_owned();
    let user = lyceum::kernel::ids::Key::parse(&id)
        .map(|key: lyceum::kernel::ids::UserKey| key.0)
        .unwrap();
    let token = lyceum::kernel::secret::Token::generate(lyceum::kernel::secret::TokenKind::PasswordReset);
    factory::sql(
        &app,
        &format!(
            "set local app.\"user\" = '{user}'; insert into account_tokens (id, user_id, purpose, email, token_hash, expires_at) \
             values (gen_random_uuid(), '{user}', 'reset_password', '{email}', sha256('{}'), now() + interval '1 day')",
            token.expose(),
            user = user.0
        ),
    )
    .await;
    let reset =
        "mutation($input: PasswordResetInput!) { passwordReset(input: $input) { userErrors { code } } }";
    let input = json!({ "token": token.expose(), "newPassword": "lange nacht im hafen" });
    assert_eq!(
        app.anonymous()
            .run_with(reset, json!({ "input": input }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        sign_in(&app, &provider, "FACEBOOK").await.codes(),
        "LINK_REQUIRED"
    );
}

#[tokio::test]
async fn two_sign_ins_in_one_browser_do_not_meet() {
    let (app, provider, _, _) = set_up().await;
    let first = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
    let second = page(&begin(&app.anonymous(), "GOOGLE", PAGE).await, "socialLoginBegin");
    let mut browser = Browser::new(&app);
    let first_out = browser.go(&first.start_url).await;
    let second_out = browser.go(&second.start_url).await;
    let back = browser.open(&provider.sign_in(first_out.to())).await;
    let code = found(back.to(), "code").unwrap();
    assert_eq!(
        complete(&app.anonymous(), &code, &second).await.codes(),
        "INVALID_TOKEN"
    );
    assert_eq!(complete(&app.anonymous(), &code, &first).await.codes(), "");
    let back = browser.open(&provider.sign_in(second_out.to())).await;
    let code = found(back.to(), "code").unwrap();
    assert_eq!(complete(&app.anonymous(), &code, &second).await.codes(), "");
    assert_eq!(
        browser.cookies[browser::PUBLIC_URL].len(),
        0,
        "cookies are forgotten"
    );
}
