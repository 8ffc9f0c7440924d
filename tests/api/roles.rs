//! Roles of an organisation's own.

use super::support::client::{Client, Reply};
use super::support::people::{invite, role_id, role_of};
use super::support::{TestApp, factory};
use lyceum::auth::permission::Permission;
use serde_json::{Value, json};

const FIELDS: &str = "role { id slug name isBuiltIn version viewerCan { manage refusals { missing } } grants { permission reach } }";

async fn create(app: &TestApp, who: &Client, slug: &str, grants: Value) -> Reply {
    let document = format!(
        "mutation($input: RoleCreateInput!) {{ roleCreate(input: $input) {{ {FIELDS} userErrors {{ code field message }} }} }}"
    );
    let input = json!({ "organizationId": app.org_id(), "slug": slug, "name": "A role", "grants": grants });
    who.run_with(&document, json!({ "input": input })).await
}

async fn update(who: &Client, input: Value) -> Reply {
    let document = format!(
        "mutation($input: RoleUpdateInput!) {{ roleUpdate(input: $input) {{ {FIELDS} userErrors {{ code field }} }} }}"
    );
    who.run_with(&document, json!({ "input": input })).await
}

async fn delete(who: &Client, role: &str, replacement: Option<&str>) -> Reply {
    let document = "mutation($input: RoleDeleteInput!) { roleDelete(input: $input) { roleId userErrors { code field } } }";
    let mut input = json!({ "roleId": role });
    if let Some(replacement) = replacement {
        input["replacementRoleId"] = json!(replacement);
    }
    who.run_with(document, json!({ "input": input })).await
}

fn grant(permission: &str, reach: &str) -> Value {
    json!({ "permission": permission, "reach": [reach] })
}

async fn may_create(app: &TestApp, who: &Client) -> bool {
    let document = "query($org: ID!) { organization(id: $org) { viewerCan { createCourses } } }";
    let reply = who.run_with(document, json!({ "org": app.org_id() })).await;
    reply.data("/organization/viewerCan/createCourses") == &json!(true)
}

#[tokio::test]
async fn a_role_gives_what_it_says_and_a_change_counts_from_the_next_request_on() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let grants = json!([grant("COURSES_READ", "ALL"), grant("COURSES_CREATE", "ALL")]);
    let created = create(&app, &owner, "editor", grants).await;
    let role = created.data("/roleCreate/role").clone();
    assert_eq!(
        role,
        json!({ "id": role["id"], "slug": "editor", "name": "A role", "isBuiltIn": false, "version": 1,
            "viewerCan": { "manage": true, "refusals": [] },
            "grants": [grant("COURSES_CREATE", "ALL"), grant("COURSES_READ", "ALL")] })
    );
    let editor = app.member("editor").await;
    assert!(may_create(&app, &editor).await);
    let fewer =
        json!({ "roleId": role["id"], "grants": [grant("COURSES_READ", "ALL")], "expectedVersion": 1 });
    let updated = update(&owner, fewer.clone()).await;
    assert_eq!(updated.data("/roleUpdate/role/version"), &json!(2));
    assert_eq!(updated.data("/roleUpdate/role/name"), &json!("A role"));
    assert!(!may_create(&app, &editor).await);
    assert_eq!(update(&owner, fewer).await.codes(), "VERSION_CONFLICT");
    for action in ["role.created", "role.updated"] {
        assert_eq!(factory::audit(&app, action).await.len(), 1, "{action}");
    }
}

#[tokio::test]
async fn nobody_puts_into_a_role_what_they_do_not_hold() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let held = json!({ "roles.manage": ["all"], "members.read": ["managed"], "courses.update": ["taught"] });
    let clerk = app.member(&factory::role(&app, held).await).await;
    let above = create(&app, &owner, "above", json!([grant("COURSES_PUBLISH", "ALL")])).await;
    let above = above.text("/roleCreate/role/id").to_owned();
    let own = create(&app, &clerk, "own", json!([grant("COURSES_UPDATE", "TAUGHT")])).await;
    let own = own.text("/roleCreate/role/id").to_owned();
    for grants in [
        json!([grant("COURSES_UPDATE", "ALL")]),
        json!([grant("MEMBERS_READ", "OWN")]),
        json!([
            grant("MEMBERS_READ", "MANAGED"),
            grant("COURSES_PUBLISH", "TAUGHT")
        ]),
        json!([grant("MEMBERS_MANAGE", "OWN")]),
    ] {
        assert_eq!(
            create(&app, &clerk, "more", grants.clone()).await.codes(),
            "ROLE_NOT_ALLOWED"
        );
        let reply = update(&clerk, json!({ "roleId": own, "grants": grants })).await;
        assert_eq!(reply.codes(), "ROLE_NOT_ALLOWED");
    }
    for input in [
        json!({ "roleId": above, "name": "Mine" }),
        json!({ "roleId": above, "grants": [] }),
    ] {
        assert_eq!(
            update(&clerk, input).await.codes(),
            "ROLE_NOT_ALLOWED",
            "what is above is not theirs"
        );
    }
    assert_eq!(delete(&clerk, &above, None).await.codes(), "ROLE_NOT_ALLOWED");
    let document = "query($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed policies } }";
    let input = json!({ "action": "ROLES_MANAGE", "nodeId": above });
    let explained = clerk.run_with(document, json!({ "input": input })).await;
    assert_eq!(
        explained.data("/explainAccess"),
        &json!({ "allowed": false, "policies": ["roles.within_own"] })
    );
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&author.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(create(&app, who, "x", json!([])).await.codes(), code);
        assert_eq!(
            update(who, json!({ "roleId": own, "name": "X" })).await.codes(),
            code
        );
        assert_eq!(delete(who, &own, None).await.codes(), code);
    }
    assert_eq!(factory::count(&app, "roles where not is_built_in").await, 3);
    assert_eq!(factory::count(&app, "roles where version > 1").await, 0);
}

#[tokio::test]
async fn what_no_role_can_have_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for grants in [
        json!([grant("COURSES_CREATE", "TAUGHT")]),
        json!([grant("ATTEMPTS_TAKE", "ALL")]),
        json!([grant("MEMBERS_LEAVE", "OWN")]),
        json!([{ "permission": "COURSES_READ", "reach": [] }]),
    ] {
        assert_eq!(create(&app, &owner, "odd", grants).await.codes(), "INVALID");
    }
    assert_eq!(
        create(&app, &owner, "Odd One", json!([])).await.codes(),
        "INVALID"
    );
    assert_eq!(create(&app, &owner, "owner", json!([])).await.codes(), "TAKEN");
    for slug in ["owner", "admin", "learner"] {
        let role = role_id(&app, &owner, slug).await;
        let reply = update(&owner, json!({ "roleId": role, "grants": [] })).await;
        assert_eq!(reply.codes(), "INVALID_STATE");
        assert_eq!(delete(&owner, &role, None).await.codes(), "INVALID_STATE");
    }
    assert_eq!(factory::count(&app, "roles").await, 7);
}

#[tokio::test]
async fn every_permission_that_a_role_can_give_is_given_for_each_of_its_reaches() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for (number, permission) in Permission::ALL.iter().enumerate() {
        let words: Vec<_> = permission.reaches().words().map(str::to_uppercase).collect();
        if words.is_empty() {
            continue;
        }
        let name = permission.as_str().to_uppercase().replace('.', "_");
        let given = json!({ "permission": name, "reach": words });
        let reply = create(&app, &owner, &format!("r{number}"), json!([given])).await;
        assert_eq!(reply.data("/roleCreate/role/grants"), &json!([given]));
    }
}

#[tokio::test]
async fn a_role_in_use_is_deleted_only_for_another() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let created = create(&app, &owner, "editor", json!([grant("COURSES_CREATE", "ALL")])).await;
    let role = created.text("/roleCreate/role/id").to_owned();
    let editor = app.member("editor").await;
    invite(&app, &owner, "a@people.example", "editor").await;
    assert_eq!(delete(&owner, &role, None).await.codes(), "IN_USE");
    let elsewhere = app.elsewhere().await;
    let theirs = role_id(&elsewhere, &elsewhere.owner().await, "learner").await;
    for other in [theirs.as_str(), "rol_", &role] {
        assert_eq!(delete(&owner, &role, Some(other)).await.codes(), "NOT_FOUND");
    }
    assert!(may_create(&app, &editor).await);
    let learner = role_id(&app, &owner, "learner").await;
    let deleted = delete(&owner, &role, Some(&learner)).await;
    assert_eq!(deleted.text("/roleDelete/roleId"), role);
    assert_eq!(role_of(&owner, &editor.member.to_string()).await, "learner");
    assert!(!may_create(&app, &editor).await);
    let entries = factory::audit(&app, "role.deleted").await;
    assert_eq!(entries[0].1, json!({ "replacement": learner, "members": 1 }));
    assert_eq!(delete(&owner, &role, None).await.codes(), "NOT_FOUND");
}

#[tokio::test]
async fn deleting_a_role_raises_nobody() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let held = json!({ "roles.manage": ["all"], "members.manage": ["all"], "members.read": ["all"] });
    let clerk = app.member(&factory::role(&app, held).await).await;
    let created = create(&app, &clerk, "plain", json!([])).await;
    let role = created.text("/roleCreate/role/id").to_owned();
    let plain = app.member("plain").await;
    for above in ["owner", "admin", "author"] {
        let above = role_id(&app, &owner, above).await;
        assert_eq!(
            delete(&clerk, &role, Some(&above)).await.codes(),
            "ROLE_NOT_ALLOWED"
        );
    }
    assert_eq!(role_of(&owner, &plain.member.to_string()).await, "plain");
    let learner = role_id(&app, &owner, "learner").await;
    assert_eq!(delete(&clerk, &role, Some(&learner)).await.codes(), "");
}
