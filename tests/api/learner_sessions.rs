//! A backend that acts for learners: by what its own system calls them, as learners and as nothing more.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::world_units::assignment;
use super::support::{TestApp, apps, factory, uploads};
use chrono::TimeDelta;
use lyceum::auth::permission::Permission;
use serde_json::{Value, json};

const PROVISION: &str = "mutation($input: MembershipProvisionInput!) { membershipProvision(input: $input) { member { id name email externalId role { slug } } userErrors { code field } } }";
const UPDATE: &str = "mutation($input: MembershipUpdateInput!) { membershipUpdate(input: $input) { member { externalId version } userErrors { code field } } }";
const OPEN: &str = "mutation($input: LearnerSessionCreateInput!) { learnerSessionCreate(input: $input) { token session { id expiresAt member { id } budget } userErrors { code field message } } }";
const REVOKE: &str = "mutation($id: ID!) { learnerSessionRevoke(input: {sessionId: $id}) { session { revokedAt } userErrors { code field } } }";
const ENROLL: &str =
    "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id } userErrors { code } } }";
const ME: &str =
    "{ viewer { memberships { id externalId } actingAs { appName apiToken { id } learnerSession { id } } } }";

/// An app of the test's organisation that may open sessions: its owner, and what it asks through.
async fn backend(app: &TestApp) -> (Person, Client) {
    let owner = app.owner().await;
    let scopes = [
        Permission::LearnerSessionsCreate,
        Permission::MembersManage,
        Permission::MembersRead,
    ];
    let token = apps::token(app, owner.member, &scopes).await;
    let client = app.bearer(&token);
    (owner, client)
}

async fn open(app: &TestApp, backend: &Client, more: Value) -> Reply {
    let mut input = json!({ "organizationId": app.org_id() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    backend.run_with(OPEN, json!({ "input": input })).await
}

async fn provision(app: &TestApp, backend: &Client, external_id: &str) -> Reply {
    let input = json!({ "organizationId": app.org_id(), "externalId": external_id, "firstName": "Ada", "lastName": "Lovelace" });
    backend.run_with(PROVISION, json!({ "input": input })).await
}

#[tokio::test]
async fn a_partners_learner_learns_without_ever_signing_in() {
    let app = TestApp::new().await;
    let (owner, backend) = backend(&app).await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let made = provision(&app, &backend, "crm-4711").await;
    let member = made.data("/membershipProvision/member").clone();
    assert_eq!(
        (&member["name"], &member["role"]["slug"]),
        (&json!("Ada Lovelace"), &json!("learner"))
    );
    assert!(
        member["email"]
            .as_str()
            .unwrap()
            .ends_with("@provisioned.invalid")
    );
    let opened = open(&app, &backend, json!({ "externalId": "crm-4711" })).await;
    assert_eq!(
        opened.data("/learnerSessionCreate/session/member/id"),
        &member["id"]
    );
    let learner = app.bearer(opened.text("/learnerSessionCreate/token"));
    let me = learner.run(ME).await;
    assert_eq!(
        me.data("/viewer/memberships"),
        &json!([{ "id": member["id"], "externalId": "crm-4711" }])
    );
    let session = opened.data("/learnerSessionCreate/session/id");
    let acting = json!({ "appName": "Backend", "apiToken": null, "learnerSession": { "id": session } });
    assert_eq!(me.data("/viewer/actingAs"), &acting);
    let joined = learner.run_with(ENROLL, json!({ "id": course.id })).await;
    let enrollment = joined.text("/enroll/enrollment/id");
    let enrolled = owner
        .run_with(
            "query($id: ID!) { enrollment(id: $id) { member { id } } }",
            json!({ "id": enrollment }),
        )
        .await;
    assert_eq!(enrolled.data("/enrollment/member/id"), &member["id"]);
    let audit = "query($id: ID!) { organization(id: $id) { auditLog(first: 1, filter: {action: \"enrollment.created\"}) { nodes { actor { id } detail } } } }";
    let audit = owner.run_with(audit, json!({ "id": app.org_id() })).await;
    let entry = &audit.data("/organization/auditLog/nodes")[0];
    assert_eq!(entry["actor"]["id"], member["id"]);
    assert_eq!(&entry["detail"]["through"]["learnerSession"], session);
    assert!(entry["detail"]["through"]["apiToken"].is_string(), "{entry:#}");
    let account = learner.run("{ viewer { email } }").await;
    assert_eq!(account.codes(), "SESSION_REQUIRED");
}

#[tokio::test]
async fn an_external_id_is_unique_and_can_be_given_and_taken() {
    let app = TestApp::new().await;
    let (_, backend) = backend(&app).await;
    let learner = app.learner().await;
    let update = async |external_id: Value| {
        let input = json!({ "memberId": learner.member.to_string(), "externalId": external_id });
        backend.run_with(UPDATE, json!({ "input": input })).await
    };
    assert_eq!(
        update(json!("hr-1"))
            .await
            .data("/membershipUpdate/member/externalId"),
        "hr-1"
    );
    assert_eq!(provision(&app, &backend, "hr-1").await.codes(), "TAKEN");
    assert_eq!(provision(&app, &backend, "hr-2").await.codes(), "");
    assert_eq!(update(json!("hr-2")).await.codes(), "TAKEN");
    assert_eq!(update(json!("")).await.codes(), "INVALID");
    assert_eq!(
        update(Value::Null)
            .await
            .data("/membershipUpdate/member/externalId"),
        &Value::Null
    );
    assert_eq!(provision(&app, &backend, "hr-1").await.codes(), "");
    // Elsewhere it is another's.
    let elsewhere = app.elsewhere().await;
    let (_, there) = self::backend(&elsewhere).await;
    assert_eq!(provision(&elsewhere, &there, "hr-1").await.codes(), "");
    assert_eq!(
        open(&elsewhere, &backend, json!({ "externalId": "hr-1" }))
            .await
            .codes(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn whoever_the_learner_is_the_session_is_a_learners_and_of_this_organisation_alone() {
    let app = TestApp::new().await;
    let (owner, backend) = backend(&app).await;
    let opened = open(&app, &backend, json!({ "memberId": owner.member.to_string() })).await;
    let as_owner = app.bearer(opened.text("/learnerSessionCreate/token"));
    let create = "mutation($id: ID!) { courseCreate(input: {organizationId: $id, slug: \"new\", title: \"New\"}) { userErrors { code } } }";
    assert_eq!(
        as_owner
            .run_with(create, json!({ "id": app.org_id() }))
            .await
            .codes(),
        "FORBIDDEN"
    );
    app.learner().await;
    let members = "query($id: ID!) { organization(id: $id) { members { nodes { id } } apps { id } invitations { nodes { id } } } }";
    let seen = as_owner.run_with(members, json!({ "id": app.org_id() })).await;
    assert_eq!(
        seen.data("/organization/members/nodes"),
        &json!([{ "id": owner.member.to_string() }])
    );
    assert_eq!(seen.data("/organization/apps"), &Value::Null);
    assert_eq!(seen.data("/organization/invitations"), &Value::Null);
    let elsewhere = app.elsewhere().await;
    factory::member(&app.app, elsewhere.org, owner.user, &owner.email, "owner").await;
    assert_eq!(
        as_owner
            .run_with(create, json!({ "id": elsewhere.org_id() }))
            .await
            .codes(),
        "NOT_FOUND"
    );
    // A session opens no other session.
    assert_eq!(
        open(&app, &as_owner, json!({ "memberId": owner.member.to_string() }))
            .await
            .codes(),
        "API_TOKEN_REQUIRED"
    );
}

#[tokio::test]
async fn only_an_app_opens_sessions_and_only_for_members_who_are_active() {
    let app = TestApp::new().await;
    let (owner, backend) = backend(&app).await;
    let learner = app.learner().await;
    let of = json!({ "memberId": learner.member.to_string() });
    assert_eq!(open(&app, &owner, of.clone()).await.codes(), "API_TOKEN_REQUIRED");
    assert_eq!(
        open(&app, &app.anonymous(), of.clone()).await.codes(),
        "UNAUTHENTICATED"
    );
    let scoped_out = app.bearer(&apps::token(&app, owner.member, &[Permission::MembersManage]).await);
    assert_eq!(open(&app, &scoped_out, of.clone()).await.codes(), "FORBIDDEN");
    let stranger = app.elsewhere().await.learner().await;
    for (bad, code) in [
        (json!({}), "INVALID"),
        (json!({ "externalId": "nobody" }), "NOT_FOUND"),
        (json!({ "memberId": stranger.member.to_string() }), "NOT_FOUND"),
        (json!({ "memberId": "nonsense" }), "NOT_FOUND"),
        (
            json!({ "memberId": learner.member.to_string(), "externalId": "x" }),
            "INVALID",
        ),
        (
            json!({ "memberId": learner.member.to_string(), "ttlSeconds": 0 }),
            "INVALID",
        ),
        (
            json!({ "memberId": learner.member.to_string(), "ttlSeconds": 43_201 }),
            "INVALID",
        ),
    ] {
        assert_eq!(open(&app, &backend, bad.clone()).await.codes(), code, "{bad}");
    }
    let suspend = "mutation($id: ID!) { membershipSuspend(input: {memberId: $id}) { userErrors { code } } }";
    let opened = open(&app, &backend, of.clone()).await;
    let session = app.bearer(opened.text("/learnerSessionCreate/token"));
    assert_eq!(session.run(ME).await.codes(), "");
    owner
        .run_with(suspend, json!({ "id": learner.member.to_string() }))
        .await;
    assert_eq!(session.run(ME).await.codes(), "UNAUTHENTICATED");
    assert_eq!(open(&app, &backend, of).await.codes(), "NOT_FOUND");
}

#[tokio::test]
async fn a_session_ends_with_its_time_when_revoked_and_with_what_opened_it() {
    let app = TestApp::new().await;
    let (owner, backend) = backend(&app).await;
    let learner = app.learner().await;
    let of = json!({ "memberId": learner.member.to_string(), "ttlSeconds": 60 });
    let opened = open(&app, &backend, of.clone()).await;
    let session = app.bearer(opened.text("/learnerSessionCreate/token"));
    assert_eq!(session.run(ME).await.codes(), "");
    app.app.clock.advance(TimeDelta::seconds(61));
    assert_eq!(session.run(ME).await.codes(), "UNAUTHENTICATED");
    let opened = open(&app, &backend, of.clone()).await;
    let session = app.bearer(opened.text("/learnerSessionCreate/token"));
    assert_eq!(session.run(ME).await.codes(), "");
    let id = json!({ "id": opened.text("/learnerSessionCreate/session/id") });
    assert_eq!(session.run_with(REVOKE, id.clone()).await.codes(), "FORBIDDEN");
    assert!(
        owner
            .run_with(REVOKE, id)
            .await
            .data("/learnerSessionRevoke/session/revokedAt")
            .is_string()
    );
    assert_eq!(session.run(ME).await.codes(), "UNAUTHENTICATED");
    // The owner of the app's token loses what it takes to open sessions.
    let second = app.owner().await;
    let opened = open(&app, &backend, of).await;
    let session = app.bearer(opened.text("/learnerSessionCreate/token"));
    assert_eq!(session.run(ME).await.codes(), "");
    let change = "mutation($input: MembershipRoleChangeInput!) { membershipRoleChange(input: $input) { userErrors { code } } }";
    let role = super::support::people::role_id(&app, &second, "author").await;
    let input = json!({ "input": { "memberId": owner.member.to_string(), "roleId": role } });
    assert_eq!(second.run_with(change, input).await.codes(), "");
    assert_eq!(session.run(ME).await.codes(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn each_app_has_pages_of_the_sessions_that_its_tokens_opened() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let until = app.app.clock.now() + TimeDelta::hours(1);
    let scopes = [Permission::LearnerSessionsCreate];
    let mut ids = Vec::new();
    let mut opened = Vec::new();
    for sessions in [3, 2, 0] {
        let program = apps::app(&app, owner.member).await;
        let (one, _) = apps::token_until(&app, program, owner.member, &scopes, until).await;
        let (other, _) = apps::token_until(&app, program, owner.member, &scopes, until).await;
        let mut newest_first = Vec::new();
        for token in [one, other, one].into_iter().take(sessions) {
            let session = apps::learner_session(&app, token, learner.member).await;
            newest_first.insert(0, session.to_string());
        }
        ids.push(program.to_string());
        opened.push(newest_first);
    }
    let document = "query($ids: [ID!]!, $first: Int, $last: Int, $after: String) { nodes(ids: $ids) { ... on App { \
        learnerSessions(first: $first, last: $last, after: $after) { totalCount nodes { id } pageInfo { endCursor } } } } }";
    let shown = |list: &Value| -> Vec<String> {
        let nodes = list["nodes"].as_array().unwrap().iter();
        let ids = nodes.map(|node| node["id"].as_str().unwrap().to_owned());
        ids.collect()
    };
    for (size, most) in [("first", 2), ("last", 100)] {
        let reply = owner.run_with(document, json!({ "ids": ids, size: most })).await;
        for (at, opened) in opened.iter().enumerate() {
            let list = &reply.data("/nodes")[at]["learnerSessions"];
            assert_eq!(shown(list), opened[..opened.len().min(most)]);
            assert_eq!(list["totalCount"], opened.len());
        }
    }
    let first = json!({ "ids": [ids[0]], "first": 2 });
    let first = owner.run_with(document, first).await;
    let after = first.text("/nodes/0/learnerSessions/pageInfo/endCursor");
    let rest = json!({ "ids": [ids[0]], "after": after });
    let rest = owner.run_with(document, rest).await;
    assert_eq!(shown(rest.data("/nodes/0/learnerSessions")), opened[0][2..]);
    let clerk = factory::role(&app, json!({ "apps.manage": ["all"] })).await;
    let clerk = app.member(&clerk).await;
    let reply = clerk.run_with(document, json!({ "ids": ids })).await;
    assert_eq!(reply.data("/nodes/0/learnerSessions"), &Value::Null);
}

#[tokio::test]
async fn a_partners_learner_uploads_files_and_hands_them_in() {
    let app = TestApp::new().await;
    let (_, backend) = backend(&app).await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let unit = factory::unit(&author, &course.module, "To do", assignment(json!({}))).await;
    factory::publish(&author, &course.id).await;
    provision(&app, &backend, "crm-1").await;
    let opened = open(&app, &backend, json!({ "externalId": "crm-1" })).await;
    let learner = app.bearer(opened.text("/learnerSessionCreate/token"));
    let joined = learner.run_with(ENROLL, json!({ "id": course.id })).await;
    let file = uploads::picture(&app, &learner).await;
    let work =
        json!({ "enrollmentId": joined.text("/enroll/enrollment/id"), "unitId": unit, "assetIds": [file] });
    let reply = learner
        .mutate("submissionCreate", &work, "submission { state files { id } }")
        .await;
    assert_eq!(
        reply.data("/submissionCreate/submission"),
        &json!({ "state": "SUBMITTED", "files": [{ "id": file }] }),
        "{:#}",
        reply.body
    );
    let audit = "query($id: ID!) { organization(id: $id) { auditLog(first: 1) { nodes { id } } } }";
    let audit = learner.run_with(audit, json!({ "id": app.org_id() })).await;
    assert_eq!(audit.data("/organization/auditLog"), &Value::Null);
}
