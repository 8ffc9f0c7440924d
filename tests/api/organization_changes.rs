//! Founding, changing and deleting organisations.

use super::support::academy::Academy;
use super::support::client::{Client, Reply};
use super::support::people::{accept, invite};
use super::support::{TestApp, factory, servers};
use axum::body::Body;
use axum::http::{Method, Request, header};
use futures_util::future::join_all;
use lyceum::jobs::undertaker;
use serde_json::{Value, json};

const FIELDS: &str = "organization { id slug name version deletesAt legal { companyName address registrationNumber contactEmail } \
    settings { locale isOpen allowedOrigins aiEnabled allowsDemoUse allowsMarketingUse } viewerCan { update delete } }";

async fn send(who: &Client, verb: &str, input: Value) -> Reply {
    let document = format!(
        "mutation($input: Organization{verb}Input!) {{ organization{verb}(input: $input) {{ {FIELDS} userErrors {{ code field message }} }} }}"
    );
    who.run_with(&document, json!({ "input": input })).await
}

async fn create(who: &Client, input: Value) -> Reply {
    let document = "mutation($input: OrganizationCreateInput!) { organizationCreate(input: $input) { \
        organization { id slug name isOpen roles { slug } } member { id name role { slug } } userErrors { code field } } }";
    who.run_with(document, json!({ "input": input })).await
}

fn slug(app: &TestApp) -> String {
    format!("n{}", app.app.clock.uuid().simple())
}

#[tokio::test]
async fn anybody_who_is_signed_in_founds_an_organisation_and_owns_it() {
    let app = TestApp::new().await;
    let (_, _, token) = factory::user(&app.app).await;
    let founder = app.bearer(&token);
    let slug = slug(&app);
    let reply = create(&founder, json!({ "slug": slug, "name": "New" })).await;
    let created = reply.data("/organizationCreate");
    let roles: Vec<_> = created["organization"]["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["slug"].as_str().unwrap())
        .collect();
    assert_eq!(roles.len(), 7, "{roles:?}");
    assert_eq!(created["organization"]["slug"], json!(slug));
    assert_eq!(created["organization"]["isOpen"], json!(false));
    assert_eq!(created["member"]["role"]["slug"], json!("owner"));
    let memberships = founder
        .run("{ viewer { memberships { organization { slug } } } }")
        .await;
    assert_eq!(
        memberships.data("/viewer/memberships"),
        &json!([{ "organization": { "slug": slug } }])
    );
    let other = app.learner().await;
    let by_slug = "query($slug: String!) { organization(slug: $slug) { id } }";
    let unseen = other.run_with(by_slug, json!({ "slug": slug })).await;
    assert_eq!(unseen.data("/organization"), &Value::Null);
    for (input, code) in [
        (json!({ "slug": slug, "name": "Again" }), "TAKEN"),
        (json!({ "slug": "admin", "name": "Admin" }), "TAKEN"),
        (json!({ "slug": "No Slug", "name": "" }), "INVALID,INVALID"),
    ] {
        assert_eq!(create(&other, input).await.codes(), code);
    }
    let anonymous = create(&app.anonymous(), json!({ "slug": "x", "name": "X" })).await;
    assert_eq!(anonymous.codes(), "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_key_founds_once_however_often_it_is_sent() {
    let app = TestApp::new().await;
    let (_, _, token) = factory::user(&app.app).await;
    let founder = app.bearer(&token);
    let input = json!({ "slug": slug(&app), "name": "New", "idempotencyKey": "k1" });
    let replies = join_all((0..10).map(|_| create(&founder, input.clone()))).await;
    for reply in &replies {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        assert_eq!(reply.body["data"], replies[0].body["data"]);
    }
    let other = json!({ "slug": slug(&app), "name": "New", "idempotencyKey": "k1" });
    assert_eq!(create(&founder, other).await.codes(), "IDEMPOTENCY_MISMATCH");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_founds_twenty_and_no_more() {
    let app = TestApp::new().await;
    let (_, _, token) = factory::user(&app.app).await;
    let founder = app.bearer(&token);
    let tries = (0..24).map(|_| create(&founder, json!({ "slug": slug(&app), "name": "New" })));
    let mut codes: Vec<_> = join_all(tries).await.iter().map(Reply::codes).collect();
    codes.sort();
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 20);
    assert!(
        codes[20..].iter().all(|code| code == "LIMIT_REACHED"),
        "{codes:?}"
    );
}

#[tokio::test]
async fn name_slug_and_legal_data_change_by_who_may_update() {
    let app = TestApp::new().await;
    let (admin, learner) = (app.member("admin").await, app.learner().await);
    let other = app.elsewhere().await;
    let slug = slug(&app);
    let legal = json!({ "companyName": "New Ltd", "address": "1 Street\nTown", "registrationNumber": "HRB 1", "contactEmail": "law@new.example" });
    let input = json!({ "organizationId": app.org_id(), "name": "New", "slug": slug, "legal": legal, "expectedVersion": 1 });
    let reply = send(&admin, "Update", input.clone()).await;
    let organization = reply.data("/organizationUpdate/organization");
    assert_eq!(organization["legal"], legal);
    assert_eq!(
        (&organization["name"], &organization["slug"]),
        (&json!("New"), &json!(slug))
    );
    assert_eq!(organization["version"], 2);
    assert_eq!(
        organization["viewerCan"],
        json!({ "update": true, "delete": false })
    );
    assert_eq!(send(&admin, "Update", input).await.codes(), "VERSION_CONFLICT");
    let clear = json!({ "organizationId": app.org_id(), "legal": { "address": null } });
    let reply = send(&admin, "Update", clear).await;
    let legal = reply.data("/organizationUpdate/organization/legal");
    assert_eq!(
        (&legal["address"], &legal["companyName"]),
        (&Value::Null, &json!("New Ltd"))
    );
    let taken = json!({ "organizationId": app.org_id(), "slug": other.slug });
    assert_eq!(send(&admin, "Update", taken).await.codes(), "TAKEN");
    let bad = json!({ "organizationId": app.org_id(), "name": "", "legal": { "contactEmail": "nobody" } });
    assert_eq!(send(&admin, "Update", bad).await.codes(), "INVALID,INVALID");
    let rename = json!({ "organizationId": app.org_id(), "name": "Mine" });
    for (who, code) in [
        (&learner.client, "FORBIDDEN"),
        (&other.owner().await.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(send(who, "Update", rename.clone()).await.codes(), code);
        assert_eq!(
            send(who, "SettingsUpdate", json!({ "organizationId": app.org_id() }))
                .await
                .codes(),
            code
        );
    }
    let named = format!(
        "organizations where id = '{}' and name = 'New' and version = 3",
        app.org.0
    );
    assert_eq!(factory::count(&app, &named).await, 1);
}

#[tokio::test]
async fn settings_begin_cautious_and_change_one_by_one() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let unchanged = send(
        &owner,
        "SettingsUpdate",
        json!({ "organizationId": app.org_id() }),
    )
    .await;
    let mut expected = json!({ "locale": "en", "isOpen": false, "allowedOrigins": [], "aiEnabled": false,
        "allowsDemoUse": false, "allowsMarketingUse": false });
    let settings = "/organizationSettingsUpdate/organization/settings";
    assert_eq!(unchanged.data(settings), &expected);
    for (name, value) in [
        ("locale", json!("de-CH")),
        ("isOpen", json!(true)),
        (
            "allowedOrigins",
            json!(["https://a.example", "https://b.example"]),
        ),
        ("allowedOrigins", json!(["https://a.example"])),
        ("aiEnabled", json!(true)),
        ("allowsDemoUse", json!(true)),
        ("allowsMarketingUse", json!(true)),
    ] {
        let reply = send(
            &owner,
            "SettingsUpdate",
            json!({ "organizationId": app.org_id(), name: value }),
        )
        .await;
        expected[name] = value;
        assert_eq!(reply.data(settings), &expected);
    }
    for (name, value) in [
        ("locale", json!("English")),
        ("allowedOrigins", json!(["*"])),
        ("allowedOrigins", json!(vec!["https://a.example"; 51])),
    ] {
        let input = json!({ "organizationId": app.org_id(), name: value });
        assert_eq!(send(&owner, "SettingsUpdate", input).await.codes(), "INVALID");
    }
    let seen = app.anonymous().run_with("query($id: ID!) { organization(id: $id) { name settings { locale } legal { address } version } }",
        json!({ "id": app.org_id() })).await;
    assert_eq!(
        seen.data("/organization"),
        &json!({ "name": app.slug, "settings": null, "legal": null, "version": null })
    );
}

async fn allows(who: &Client, origin: &str) -> bool {
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/graphql")
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
        .body(Body::empty())
        .unwrap();
    let reply = who.send(preflight).await;
    assert!(
        reply
            .headers
            .get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
            .is_none()
    );
    let allowed = reply.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    assert!(allowed.is_none_or(|allowed| allowed == origin));
    allowed.is_some()
}

#[tokio::test]
async fn pages_of_the_origins_that_an_organisation_lists_may_call_the_api() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let origin = format!("https://{}.example", app.slug);
    let set = |origins: Value| {
        send(
            &owner,
            "SettingsUpdate",
            json!({ "organizationId": app.org_id(), "allowedOrigins": origins }),
        )
    };
    let anybody = app.anonymous();
    assert!(!allows(&anybody, &origin).await);
    set(json!([origin])).await;
    assert!(allows(&anybody, &origin).await);
    assert!(!allows(&anybody, "https://evil.example").await);
    assert!(!allows(&anybody, "null").await);
    set(json!([])).await;
    assert!(!allows(&anybody, &origin).await);
}

#[tokio::test]
async fn pages_of_the_machine_itself_may_call_a_development_server() {
    let anybody = TestApp::new().await.anonymous();
    for origin in [
        "http://localhost:5173",
        "http://127.0.0.1:3000",
        "http://[::1]:3000",
    ] {
        assert!(allows(&anybody, origin).await, "{origin}");
    }
    for origin in ["http://localhost.example", "http://192.168.0.7:3000", "file://"] {
        assert!(!allows(&anybody, origin).await, "{origin}");
    }
}

#[tokio::test]
async fn an_organisation_that_is_being_deleted_is_read_and_not_changed_until_that_is_taken_back() {
    let app = TestApp::new().await;
    let (owner, admin, learner) = (app.owner().await, app.member("admin").await, app.learner().await);
    let newcomer = app.elsewhere().await.learner().await;
    let token = invite(&app, &owner, &newcomer.email, "learner").await;
    let input = json!({ "organizationId": app.org_id(), "confirmSlug": app.slug });
    let wrong = json!({ "organizationId": app.org_id(), "confirmSlug": "other" });
    assert_eq!(send(&owner, "Delete", wrong).await.codes(), "INVALID");
    assert_eq!(send(&admin, "Delete", input.clone()).await.codes(), "FORBIDDEN");
    let cancel = json!({ "organizationId": app.org_id() });
    assert_eq!(
        send(&owner, "DeletionCancel", cancel.clone()).await.codes(),
        "INVALID_STATE"
    );
    let reply = send(&owner, "Delete", input.clone()).await;
    assert!(
        reply
            .data("/organizationDelete/organization/deletesAt")
            .is_string(),
        "{:#}",
        reply.body
    );
    let read = "query($id: ID!) { organization(id: $id) { name deletesAt } }";
    let read = learner.run_with(read, json!({ "id": app.org_id() })).await;
    assert!(read.data("/organization/deletesAt").is_string(), "members read");
    let create = "mutation($org: ID!) { groupCreate(input: {organizationId: $org, name: \"X\"}) { userErrors { code } } }";
    for reply in [
        owner.run_with(create, json!({ "org": app.org_id() })).await,
        send(
            &owner,
            "Update",
            json!({ "organizationId": app.org_id(), "name": "X" }),
        )
        .await,
        send(&owner, "Delete", input).await,
        accept(&newcomer, &token).await,
    ] {
        assert_eq!(reply.codes(), "ORGANIZATION_CLOSING", "{:#}", reply.body);
    }
    let preview = "query($token: String!) { invitation(token: $token) { isOpen } }";
    let preview = app.anonymous().run_with(preview, json!({ "token": token })).await;
    assert_eq!(preview.data("/invitation/isOpen"), &json!(false));
    let leave =
        "mutation($org: ID!) { membershipLeave(input: {organizationId: $org}) { userErrors { code } } }";
    assert_eq!(
        learner
            .run_with(leave, json!({ "org": app.org_id() }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        send(&admin, "DeletionCancel", cancel.clone()).await.codes(),
        "FORBIDDEN"
    );
    let reply = send(&owner, "DeletionCancel", cancel).await;
    assert_eq!(
        reply.data("/organizationDeletionCancel/organization/deletesAt"),
        &Value::Null
    );
    assert_eq!(
        owner
            .run_with(create, json!({ "org": app.org_id() }))
            .await
            .codes(),
        ""
    );
    assert_eq!(accept(&newcomer, &token).await.codes(), "");
}

#[tokio::test]
async fn when_its_time_is_over_everything_of_an_organisation_is_removed_and_nothing_of_another() {
    let app = TestApp::new().await.unlimited();
    let (gone, kept) = (Academy::found(&app, true).await, Academy::found(&app, true).await);
    let before = servers::state_of(kept.app.org).await;
    let filled = servers::state_of(gone.app.org).await;
    let tenants = "select table_name::text from information_schema.columns where table_schema = 'public' and column_name = 'org_id' \
        and table_name <> 'audit_ends'";
    for table in servers::admin().await.query(tenants, &[]).await.unwrap() {
        let table: String = table.get(0);
        assert!(
            !filled[&table].starts_with("0 rows"),
            "nothing is removed from {table}"
        );
    }
    factory::seal(&gone.app).await;
    assert_eq!(factory::count(&gone.app, "audit_ends").await, 1);
    undertaker::run_once(&app.app).await.unwrap();
    assert_eq!(
        servers::state_of(gone.app.org).await,
        filled,
        "its time is not over"
    );
    factory::change(
        &gone.app,
        "update organizations set deletes_at = now() - interval '1 second' where id = any (app_orgs())",
    )
    .await;
    let owner = gone.person("owner");
    undertaker::run_once(&app.app).await.unwrap();
    for (table, rows) in servers::state_of(gone.app.org).await {
        assert!(rows.starts_with("0 rows"), "{table} has {rows}");
    }
    assert_eq!(factory::count(&gone.app, "audit_ends").await, 0);
    assert_eq!(servers::state_of(kept.app.org).await, before);
    let seen = owner.run("{ viewer { memberships { id } } }").await;
    assert_eq!(seen.data("/viewer/memberships"), &json!([]), "the account stays");
}
