//! Apps and their tokens: made, used, rotated, revoked, refused.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::{TestApp, apps, factory, people};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, header};
use chrono::TimeDelta;
use lyceum::auth::permission::Permission;
use lyceum::cache::Shared;
use lyceum::kernel::ids::ApiTokenKey;
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};
use std::net::SocketAddr;

const APP_CREATE: &str = "mutation($input: AppCreateInput!) { appCreate(input: $input) { app { id name description createdBy { id } tokens { id } } userErrors { code field message } } }";
const TOKEN_CREATE: &str = "mutation($input: ApiTokenCreateInput!) { apiTokenCreate(input: $input) { secret \
    apiToken { id name prefix scopes expiresAt revokedAt lastUsedAt networks owner { id } app { id } } userErrors { code field message } } }";
const TOKEN_ROTATE: &str = "mutation($input: ApiTokenRotateInput!) { apiTokenRotate(input: $input) { secret apiToken { id prefix expiresAt } userErrors { code field message } } }";
const TOKEN_REVOKE: &str = "mutation($input: ApiTokenRevokeInput!) { apiTokenRevoke(input: $input) { apiToken { id revokedAt } userErrors { code field } } }";
const APPS: &str =
    "query($id: ID!) { organization(id: $id) { apps { id name tokens { id prefix lastUsedAt networks } } } }";
const COURSE_CREATE: &str = "mutation($input: CourseCreateInput!) { courseCreate(input: $input) { course { id } userErrors { code } } }";
const EVENTS: &str =
    "query($id: ID!) { organization(id: $id) { securityEvents { nodes { kind member { id } } } } }";

async fn program(app: &TestApp, owner: &Person) -> String {
    let input = json!({ "input": { "organizationId": app.org_id(), "name": "Portal", "description": "The partner's portal" } });
    let reply = owner.run_with(APP_CREATE, input).await;
    reply.text("/appCreate/app/id").to_owned()
}

async fn token(owner: &Person, program: &str, scopes: &[&str]) -> Reply {
    let input = json!({ "input": { "appId": program, "name": "Nightly sync", "scopes": scopes } });
    owner.run_with(TOKEN_CREATE, input).await
}

async fn create_course(app: &TestApp, client: &Client, slug: &str) -> Reply {
    let input = json!({ "input": { "organizationId": app.org_id(), "slug": slug, "title": "New" } });
    client.run_with(COURSE_CREATE, input).await
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_as_its_owner_and_the_audit_says_through_what() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let program = program(&app, &owner).await;
    let made = token(&owner, &program, &["COURSES_CREATE", "COURSES_READ_DRAFT"]).await;
    let (secret, shown) = (
        made.text("/apiTokenCreate/secret"),
        &made.body["data"]["apiTokenCreate"]["apiToken"],
    );
    assert!(Token::parse(TokenKind::ApiToken, secret).is_some());
    assert!(secret.starts_with(shown["prefix"].as_str().unwrap()) && secret.len() > 50);
    assert_eq!(shown["scopes"], json!(["COURSES_CREATE", "COURSES_READ_DRAFT"]));
    assert_eq!(shown["owner"]["id"], owner.member.to_string());
    let client = app.bearer(secret);
    assert_eq!(
        create_course(&app, &client, "made-by-a-program").await.codes(),
        ""
    );
    let course = "query($slug: CourseSlugInput!) { course(slug: $slug) { title } }";
    let slug = json!({ "slug": { "organization": app.slug, "course": "made-by-a-program" } });
    assert_eq!(client.run_with(course, slug).await.data("/course/title"), "New");
    let acting = client
        .run("{ viewer { actingAs { apiToken { id app { name } } } memberships { id } } }")
        .await;
    assert_eq!(acting.data("/viewer/actingAs/apiToken/id"), &shown["id"]);
    assert_eq!(
        acting.data("/viewer/memberships/0/id"),
        &json!(owner.member.to_string())
    );
    let audit = "query($id: ID!) { organization(id: $id) { auditLog(filter: {action: \"course.created\"}) { nodes { actor { id } detail } } } }";
    let audit = owner.run_with(audit, json!({ "id": app.org_id() })).await;
    let entry = &audit.data("/organization/auditLog/nodes")[0];
    assert_eq!(entry["actor"]["id"], owner.member.to_string());
    assert_eq!(entry["detail"]["through"], json!({ "apiToken": shown["id"] }));
}

#[tokio::test]
async fn a_token_sees_nothing_of_its_owners_account_nor_of_their_other_organisations() {
    let app = TestApp::new().await;
    let (owner, elsewhere) = (app.owner().await, app.elsewhere().await);
    factory::member(&app.app, elsewhere.org, owner.user, &owner.email, "owner").await;
    let client = app.bearer(&apps::token(&app, owner.member, &apps::all_scopes()).await);
    let places = client
        .run("{ viewer { memberships { organization { slug } } } }")
        .await;
    assert_eq!(
        places.data("/viewer/memberships"),
        &json!([{ "organization": { "slug": app.slug } }])
    );
    for field in [
        "id",
        "email",
        "firstName",
        "sessions { nodes { id } }",
        "securityEvents { nodes { id } }",
        "secondFactor { addedAt }",
        "steppedUpUntil",
    ] {
        let field = field.replace("addedAt", "__typename");
        let reply = client.run(&format!("{{ viewer {{ {field} }} }}")).await;
        assert_eq!(reply.codes(), "SESSION_REQUIRED", "{field}");
    }
    let org = "query($id: ID!) { organization(id: $id) { members { nodes { id } } } }";
    let reply = client.run_with(org, json!({ "id": elsewhere.org_id() })).await;
    assert_eq!(reply.data("/organization"), &Value::Null);
    assert_eq!(
        create_course(&elsewhere, &client, "there").await.codes(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn what_becomes_of_the_owner_becomes_of_the_token_at_once() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let client = app.bearer(&apps::token(&app, admin.member, &apps::all_scopes()).await);
    assert_eq!(create_course(&app, &client, "first").await.codes(), "");
    let change = "mutation($input: MembershipRoleChangeInput!) { membershipRoleChange(input: $input) { userErrors { code } } }";
    let roles = owner
        .run_with(
            "query($id: ID!) { organization(id: $id) { roles { id slug } } }",
            json!({ "id": app.org_id() }),
        )
        .await;
    let learner = roles
        .data("/organization/roles")
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["slug"] == "learner")
        .unwrap()["id"]
        .clone();
    let input = json!({ "input": { "memberId": admin.member.to_string(), "roleId": learner } });
    assert_eq!(owner.run_with(change, input).await.codes(), "");
    assert_eq!(create_course(&app, &client, "second").await.codes(), "FORBIDDEN");
    let suspend = "mutation($id: ID!) { membershipSuspend(input: {memberId: $id}) { userErrors { code } } }";
    assert_eq!(
        owner
            .run_with(suspend, json!({ "id": admin.member.to_string() }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        create_course(&app, &client, "third").await.codes(),
        "UNAUTHENTICATED"
    );
}

#[tokio::test]
async fn a_revoked_token_opens_nothing_on_any_node() {
    let shared = Shared::in_process();
    let app = TestApp::with(shared.clone()).await;
    let beside = app.beside(shared).await;
    let owner = app.owner().await;
    let program = program(&app, &owner).await;
    let made = token(&owner, &program, &["COURSES_CREATE"]).await;
    let (id, secret) = (
        made.text("/apiTokenCreate/apiToken/id"),
        made.text("/apiTokenCreate/secret"),
    );
    assert_eq!(
        create_course(&app, &beside.bearer(secret), "first").await.codes(),
        ""
    );
    let revoked = owner
        .run_with(TOKEN_REVOKE, json!({ "input": { "tokenId": id } }))
        .await;
    assert!(
        revoked.data("/apiTokenRevoke/apiToken/revokedAt").is_string(),
        "{:#}",
        revoked.body
    );
    assert_eq!(
        create_course(&app, &app.bearer(secret), "second").await.codes(),
        "UNAUTHENTICATED"
    );
    for _ in 0..100 {
        if create_course(&app, &beside.bearer(secret), "third").await.codes() == "UNAUTHENTICATED" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the other node still lets the token in");
}

#[tokio::test]
async fn a_rotated_token_has_two_secrets_for_a_while_and_keeps_its_identity() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let program = program(&app, &owner).await;
    let made = token(&owner, &program, &["COURSES_CREATE"]).await;
    let (id, former) = (
        made.text("/apiTokenCreate/apiToken/id"),
        made.text("/apiTokenCreate/secret"),
    );
    let rotate = json!({ "input": { "tokenId": id, "overlapSeconds": 60, "idempotencyKey": "once" } });
    let others = admin.run_with(TOKEN_ROTATE, rotate.clone()).await;
    assert_eq!(others.codes(), "NOT_OWNER");
    let rotated = owner.run_with(TOKEN_ROTATE, rotate.clone()).await;
    let new = rotated.text("/apiTokenRotate/secret");
    assert_eq!(rotated.text("/apiTokenRotate/apiToken/id"), id);
    assert!(new.starts_with(rotated.text("/apiTokenRotate/apiToken/prefix")) && new != former);
    let again = owner.run_with(TOKEN_ROTATE, rotate).await;
    assert_eq!(
        again.data("/apiTokenRotate/secret"),
        &Value::Null,
        "a secret is shown once"
    );
    assert_eq!(again.text("/apiTokenRotate/apiToken/id"), id);
    assert_eq!(
        create_course(&app, &app.bearer(former), "former").await.codes(),
        ""
    );
    assert_eq!(create_course(&app, &app.bearer(new), "new").await.codes(), "");
    app.app.clock.advance(TimeDelta::seconds(61));
    assert_eq!(
        create_course(&app, &app.bearer(former), "late").await.codes(),
        "UNAUTHENTICATED"
    );
    assert_eq!(create_course(&app, &app.bearer(new), "later").await.codes(), "");
}

#[tokio::test]
async fn a_token_gets_no_secret_of_one_that_does_more() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let program = apps::app(&app, owner.member).await;
    let good = app.app.clock.now() + TimeDelta::days(1);
    let token =
        async |scopes: &[Permission]| apps::token_until(&app, program, owner.member, scopes, good).await;
    let (narrow, narrow_secret) = token(&[Permission::AppsManage]).await;
    let (wide, wide_secret) = token(&apps::all_scopes()).await;
    let rotate = async |client: &Client, token: &ApiTokenKey| {
        let input = json!({ "input": { "tokenId": token.to_string() } });
        client.run_with(TOKEN_ROTATE, input).await
    };
    let before = factory::count(&app, "api_token_secrets").await;
    let refused = rotate(&app.bearer(&narrow_secret), &wide).await;
    assert_eq!(refused.codes(), "INVALID", "{:#}", refused.body);
    assert_eq!(refused.data("/apiTokenRotate/secret"), &Value::Null);
    assert_eq!(factory::count(&app, "api_token_secrets").await, before);
    for (asks, token) in [
        (&narrow_secret, &narrow),
        (&wide_secret, &narrow),
        (&wide_secret, &wide),
    ] {
        let rotated = rotate(&app.bearer(asks), token).await;
        assert_eq!(rotated.codes(), "", "{:#}", rotated.body);
        assert!(rotated.data("/apiTokenRotate/secret").is_string());
    }
    app.app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(rotate(&owner.client, &wide).await.codes(), "STEP_UP_REQUIRED");
    assert_eq!(rotate(&app.bearer(&wide_secret), &wide).await.codes(), "");
}

#[tokio::test]
async fn what_a_policy_of_the_organisation_permits_can_be_a_scope() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let keeper = app
        .member(&factory::role(&app, json!({ "apps.manage": ["all"] })).await)
        .await;
    let program = program(&app, &keeper).await;
    let refused = token(&keeper, &program, &["COURSES_CREATE"]).await;
    assert_eq!(refused.codes(), "INVALID");
    assert_eq!(factory::count(&app, "api_tokens").await, 0);
    let source =
        "@id(\"all-create\") permit (principal is Member, action == Action::\"courses.create\", resource);";
    let policies = json!({ "organizationId": app.org_id(), "source": source });
    owner.does("policiesSet", policies).await;
    let made = token(&keeper, &program, &["COURSES_CREATE"]).await;
    let client = app.bearer(made.text("/apiTokenCreate/secret"));
    assert_eq!(create_course(&app, &client, "permitted").await.codes(), "");
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_with_its_app() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let program = apps::app(&app, owner.member).await;
    let soon = app.app.clock.now() + TimeDelta::minutes(1);
    let (_, ending) =
        apps::token_until(&app, program, owner.member, &[Permission::CoursesCreate], soon).await;
    let later = soon + TimeDelta::days(1);
    let (_, lasting) =
        apps::token_until(&app, program, owner.member, &[Permission::CoursesCreate], later).await;
    assert_eq!(
        create_course(&app, &app.bearer(&ending), "first").await.codes(),
        ""
    );
    app.app.clock.advance(TimeDelta::minutes(2));
    assert_eq!(
        create_course(&app, &app.bearer(&ending), "second").await.codes(),
        "UNAUTHENTICATED"
    );
    assert_eq!(
        create_course(&app, &app.bearer(&lasting), "third").await.codes(),
        ""
    );
    let delete = "mutation($id: ID!) { appDelete(input: {appId: $id}) { appId userErrors { code } } }";
    let deleted = owner.run_with(delete, json!({ "id": program.to_string() })).await;
    assert_eq!(deleted.text("/appDelete/appId"), program.to_string());
    assert_eq!(
        create_course(&app, &app.bearer(&lasting), "fourth").await.codes(),
        "UNAUTHENTICATED"
    );
}

#[tokio::test]
async fn a_secret_is_shown_once_and_a_bad_request_makes_no_token() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let program = program(&app, &owner).await;
    let input = |scopes: &[&str], name: &str, expires_at: Option<String>| json!({ "input": { "appId": program, "name": name, "scopes": scopes, "expiresAt": expires_at, "idempotencyKey": name } });
    let past = Some((app.app.clock.now() - TimeDelta::days(1)).to_rfc3339());
    let far = Some((app.app.clock.now() + TimeDelta::days(400)).to_rfc3339());
    for (bad, field) in [
        (input(&[], "a", None), "scopes"),
        (input(&["MEMBERS_LEAVE"], "b", None), "scopes"),
        (input(&["ORG_DELETE"], "c", None), "scopes"),
        (input(&["COURSES_READ"], "", None), "idempotencyKey"),
        (input(&["COURSES_READ"], &"d".repeat(101), None), "name"),
        (input(&["COURSES_READ"], "e", past), "expiresAt"),
        (input(&["COURSES_READ"], "f", far), "expiresAt"),
    ] {
        let reply = owner.run_with(TOKEN_CREATE, bad.clone()).await;
        let error = &reply.data("/apiTokenCreate/userErrors")[0];
        assert_eq!(
            (&error["code"], &error["field"][0]),
            (&json!("INVALID"), &json!(field)),
            "{bad}"
        );
    }
    assert_eq!(
        learner
            .run_with(TOKEN_CREATE, input(&["COURSES_READ"], "g", None))
            .await
            .codes(),
        "FORBIDDEN"
    );
    let first = owner
        .run_with(TOKEN_CREATE, input(&["COURSES_READ"], "h", None))
        .await;
    let second = owner
        .run_with(TOKEN_CREATE, input(&["COURSES_READ"], "h", None))
        .await;
    assert_eq!(
        first.text("/apiTokenCreate/apiToken/id"),
        second.text("/apiTokenCreate/apiToken/id")
    );
    assert_eq!(second.data("/apiTokenCreate/secret"), &Value::Null);
    let listed = owner.run_with(APPS, json!({ "id": app.org_id() })).await;
    assert_eq!(
        listed
            .data("/organization/apps/0/tokens")
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        learner
            .run_with(APPS, json!({ "id": app.org_id() }))
            .await
            .data("/organization/apps"),
        &Value::Null
    );
    app.app.clock.advance(TimeDelta::minutes(11));
    let late = owner
        .run_with(TOKEN_CREATE, input(&["COURSES_READ"], "i", None))
        .await;
    assert_eq!(late.codes(), "STEP_UP_REQUIRED");
}

#[tokio::test]
async fn an_app_has_twenty_good_tokens_at_most() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let program = apps::app(&app, owner.member).await;
    let (good, ended) = (
        app.app.clock.now() + TimeDelta::days(1),
        app.app.clock.now() - TimeDelta::days(1),
    );
    for _ in 0..20 {
        apps::token_until(&app, program, owner.member, &[Permission::CoursesRead], good).await;
        apps::token_until(&app, program, owner.member, &[Permission::CoursesRead], ended).await;
    }
    let reply = token(&owner, &program.to_string(), &["COURSES_READ"]).await;
    assert_eq!(reply.codes(), "LIMIT_REACHED");
}

#[tokio::test]
async fn use_from_another_network_is_a_security_event_and_the_first_one_is_not() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let secret = apps::token(&app, owner.member, &[Permission::CoursesRead]).await;
    let ask = async |address: &str| {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        let body = json!({ "query": "{ viewer { __typename } }" }).to_string();
        let mut request = request.body(Body::from(body)).unwrap();
        let address = SocketAddr::new(address.parse().unwrap(), 4321);
        request.extensions_mut().insert(ConnectInfo(address));
        let reply = app.bearer(&secret).send(request).await;
        assert_eq!(reply.codes(), "");
    };
    for address in ["192.0.2.1", "192.0.2.7", "192.0.2.1"] {
        ask(address).await;
    }
    let events = async || {
        let reply = owner.run_with(EVENTS, json!({ "id": app.org_id() })).await;
        reply.data("/organization/securityEvents/nodes").clone()
    };
    assert_eq!(events().await, json!([]));
    let told = "API_TOKEN_USED_FROM_NEW_NETWORK".to_owned();
    assert!(!people::security_events(&owner).await.contains(&told));
    for address in ["198.51.100.9", "198.51.100.10", "192.0.2.2"] {
        ask(address).await;
    }
    let expected =
        json!([{ "kind": "API_TOKEN_USED_FROM_NEW_NETWORK", "member": { "id": owner.member.to_string() } }]);
    assert_eq!(events().await, expected);
    let own = people::security_events(&owner).await;
    assert_eq!(own.iter().filter(|kind| **kind == told).count(), 1);
    let logged = "outbox_events where kind = 'security.api_token_used_from_new_network'";
    assert_eq!(factory::count(&app, logged).await, 1);
    let listed = owner.run_with(APPS, json!({ "id": app.org_id() })).await;
    let shown = &listed.data("/organization/apps/0/tokens")[0];
    assert_eq!(shown["networks"], json!(["192.0.2.0/24", "198.51.100.0/24"]));
    assert!(shown["lastUsedAt"].is_string());
}
