//! Setting up an organisation's own provider.

use super::support::browser::{PAGE, begin_sso};
use super::support::provider::Provider;
use super::support::sso::{Place, connect};
use super::support::{TestApp, apps, factory, servers};
use chrono::TimeDelta;
use lyceum::auth::permission::Permission;
use serde_json::json;

#[tokio::test]
async fn a_connection_is_set_by_who_manages_it_after_a_fresh_proof_and_its_secret_is_never_shown() {
    let place = Place::new().await;
    let elsewhere = place.app.elsewhere().await;
    for (who, expected) in [
        (place.app.member("author").await.client, "FORBIDDEN"),
        (place.app.learner().await.client, "FORBIDDEN"),
        (elsewhere.owner().await.client, "NOT_FOUND"),
        (place.app.anonymous(), "UNAUTHENTICATED"),
    ] {
        let evil = Provider::start().await;
        let before = servers::state_of(place.app.org).await;
        assert_eq!(
            connect(&place.app, &who, &evil, json!({})).await.codes(),
            expected
        );
        assert_eq!(servers::state_of(place.app.org).await, before);
        assert_eq!(
            evil.asked(),
            Vec::<String>::new(),
            "nobody else lets the server call"
        );
        let read = "query($org: ID!) { organization(id: $org) { ssoConnection { id } } }";
        let reply = who.run_with(read, json!({ "org": place.app.org_id() })).await;
        assert!(!reply.mentions("sso_"), "{:#}", reply.body);
    }
    let program = apps::token(&place.app, place.owner.member, &[Permission::SsoManage]).await;
    let reply = connect(
        &place.app,
        &place.app.bearer(&program),
        &place.provider,
        json!({}),
    )
    .await;
    assert_eq!(reply.codes(), "SESSION_REQUIRED");
    let admin = place.app.member("admin").await;
    let everything = "query($org: ID!) { organization(id: $org) { viewerCan { manageSso } \
        ssoConnection { id issuer clientId isEnabled lockedFields createdAt updatedAt version organization { id } } } }";
    let reply = admin
        .run_with(everything, json!({ "org": place.app.org_id() }))
        .await;
    assert_eq!(reply.text("/organization/ssoConnection/clientId"), "academy");
    assert!(!reply.mentions("secret"));
    place.app.app.clock.advance(TimeDelta::minutes(11));
    let before = servers::state_of(place.app.org).await;
    assert_eq!(
        connect(&place.app, &admin, &place.provider, json!({}))
            .await
            .codes(),
        "STEP_UP_REQUIRED"
    );
    assert_eq!(servers::state_of(place.app.org).await, before);
    let stored = servers::admin().await;
    let sealed: Vec<u8> = stored
        .query_one(
            "select client_secret from sso_connections where org_id::text = $1",
            &[&place.app.org.0.to_string()],
        )
        .await
        .unwrap()
        .get(0);
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
}

#[tokio::test]
async fn a_provider_that_does_not_describe_itself_is_not_saved() {
    let app = TestApp::new().await;
    let (owner, provider) = (app.owner().await, Provider::start().await);
    let before = servers::state_of(app.org).await;
    let issuers = [
        "https://10.0.0.1",
        "https://169.254.169.254",
        "http://example.com",
        "http://127.0.0.1:9",
        "javascript:alert(1)",
        "nonsense",
        "",
    ];
    for issuer in issuers {
        let reply = connect(&app, &owner, &provider, json!({ "issuer": issuer })).await;
        assert_eq!(reply.codes(), "PROVIDER_UNAVAILABLE", "{issuer}");
        assert_eq!(
            reply.data("/ssoConnectionSet/userErrors/0/field"),
            &json!(["issuer"])
        );
    }
    provider.says(|says| says.description = json!({ "issuer": "https://another.example" }));
    assert_eq!(
        connect(&app, &owner, &provider, json!({})).await.codes(),
        "PROVIDER_UNAVAILABLE"
    );
    provider.says(|says| says.description = json!({}));
    for bad in [
        json!({ "clientId": "" }),
        json!({ "clientSecret": "" }),
        json!({ "clientSecret": null }),
        json!({ "clientId": "a\nb" }),
    ] {
        assert_eq!(
            connect(&app, &owner, &provider, bad.clone()).await.codes(),
            "INVALID",
            "{bad}"
        );
    }
    assert_eq!(servers::state_of(app.org).await, before);
    assert_eq!(
        begin_sso(&app.anonymous(), &app.slug, PAGE).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(
        begin_sso(&app.anonymous(), "nowhere-at-all", PAGE).await.codes(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn another_client_secret_under_the_same_idempotency_key_is_another_request() {
    let place = Place::new().await;
    let set = |secret| {
        let more = json!({ "clientSecret": secret, "idempotencyKey": "k" });
        connect(&place.app, &place.owner, &place.provider, more)
    };
    assert_eq!(set("secret").await.codes(), "");
    let before = servers::state_of(place.app.org).await;
    assert_eq!(set("secret").await.codes(), "", "the same request");
    assert_eq!(set("another secret").await.codes(), "IDEMPOTENCY_MISMATCH");
    assert_eq!(servers::state_of(place.app.org).await, before);
}

#[tokio::test]
async fn another_issuer_means_other_people() {
    let place = Place::new().await;
    let first = place.person().await;
    let another = Provider::start().await;
    another.is(&place.subject, "another@people.example", true);
    assert_eq!(
        connect(&place.app, &place.owner, &another, json!({}))
            .await
            .codes(),
        ""
    );
    assert_eq!(first.run("{ viewer { memberships { id } } }").await.status, 401);
    let moved = Place {
        app: place.app,
        provider: another,
        owner: place.owner,
        subject: place.subject,
    };
    let before = moved.members().await;
    assert_eq!(moved.sign_in().await.codes(), "");
    assert_eq!(moved.members().await, before + 1);
}

#[tokio::test]
async fn a_sign_in_leads_back_to_pages_of_the_organisation_too() {
    let place = Place::new().await;
    let portal = format!("https://{}.portal.example", place.app.slug);
    let to = format!("{portal}/signed-in");
    assert_eq!(
        begin_sso(&place.app.anonymous(), &place.app.slug, &to)
            .await
            .codes(),
        "INVALID"
    );
    let insert = format!(
        "insert into organization_origins values ('{}', '{portal}')",
        place.app.org.0
    );
    factory::sql(&place.app, &insert).await;
    assert_eq!(
        begin_sso(&place.app.anonymous(), &place.app.slug, &to)
            .await
            .codes(),
        ""
    );
    // They are no other organisation's.
    let elsewhere = place.app.elsewhere().await;
    let owner = elsewhere.owner().await;
    assert_eq!(
        connect(&elsewhere, &owner, &place.provider, json!({}))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        begin_sso(&elsewhere.anonymous(), &elsewhere.slug, &to)
            .await
            .codes(),
        "INVALID"
    );
}
