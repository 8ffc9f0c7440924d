//! Nobody raises themselves, or anybody else, above what they hold.

use super::support::app::Person;
use super::support::people::{role_id, role_of, send};
use super::support::{TestApp, factory};
use chrono::TimeDelta;
use lyceum::auth::roles::BUILT_IN;
use serde_json::{Value, json};

/// Whether one role's grants have everything that another's have, read plainly.
fn covers(own: &Value, other: &Value) -> bool {
    let words = |grants: &Value, name: &str| grants[name].as_array().cloned().unwrap_or_default();
    other.as_object().unwrap().keys().all(|name| {
        let own = words(own, name);
        let holds = |word: &Value| own.contains(word) || own.contains(&json!("all"));
        words(other, name).iter().all(holds)
    })
}

/// The grants of a role that manages members, on top of others.
fn managing(mut grants: Value, reach: &str) -> Value {
    for permission in ["members.read", "members.manage", "invitations.manage"] {
        grants[permission] = json!([reach]);
    }
    grants
}

async fn give(who: &Person, member: &str, role: &str) -> String {
    let document = "mutation($member: ID!, $role: ID!) { membershipRoleChange(input: {memberId: $member, roleId: $role}) { \
        userErrors { code field } } }";
    let reply = who
        .run_with(document, json!({ "member": member, "role": role }))
        .await;
    reply.codes()
}

async fn explained(who: &Person, action: &str, node: &str, role: &str) -> (bool, Value) {
    let document = "query($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed policies } }";
    let input = json!({ "action": action, "nodeId": node, "roleId": role });
    let reply = who.run_with(document, json!({ "input": input })).await;
    let decision = reply.data("/explainAccess");
    (
        decision["allowed"].as_bool().unwrap(),
        decision["policies"].clone(),
    )
}

#[tokio::test]
async fn whoever_manages_members_gives_no_role_that_has_more_than_their_own() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for held in BUILT_IN {
        let grants = managing(held.grants(), "all");
        let slug = factory::role(&app, grants.clone()).await;
        let manager = app.member(&slug).await;
        let myself = manager.member.to_string();
        for given in BUILT_IN {
            let role = role_id(&app, &owner, given.slug).await;
            // Operators get theirs by a grant, and from nobody.
            let given_out = !["owner", "support"].contains(&given.slug);
            let may = given.slug == "learner" || given_out && covers(&grants, &given.grants());
            let about = format!("{} as {}", held.slug, given.slug);
            let other = app.learner().await.member.to_string();
            let code = match (may, given.slug) {
                (true, _) => "",
                (false, "owner") => "FORBIDDEN",
                (false, _) => "ROLE_NOT_ALLOWED",
            };
            assert_eq!(give(&manager, &other, &role).await, code, "{about}");
            let expected = if may { given.slug } else { "learner" };
            assert_eq!(role_of(&owner, &other).await, expected, "{about}");

            let row = json!([{ "email": format!("{}@people.example", app.app.clock.uuid().simple()), "roleId": role }]);
            let sent = send(&app, &manager, row).await;
            let code = if may { "" } else { "ROLE_NOT_ALLOWED" };
            assert_eq!(sent.codes(), code, "{about}");

            for (action, node) in [("MEMBERS_MANAGE", &other), ("INVITATIONS_MANAGE", &app.org_id())] {
                let (allowed, policies) = explained(&manager, action, node, &role).await;
                assert_eq!(allowed, may, "{about}: {action}");
                let names = policies.to_string().contains("roles.within_own");
                let exceeds =
                    given.slug == "support" || given.slug != "learner" && !covers(&grants, &given.grants());
                assert_eq!(names, exceeds, "{about}: {action} {policies}");
            }
            if !may {
                let code = give(&manager, &myself, &role).await;
                assert!(
                    ["ROLE_NOT_ALLOWED", "FORBIDDEN"].contains(&code.as_str()),
                    "{about}"
                );
                assert_eq!(role_of(&owner, &myself).await, json!(slug), "{about}");
            }
        }
    }
}

#[tokio::test]
async fn whoever_manages_some_members_gives_the_learners_role_alone() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let author = BUILT_IN.iter().find(|role| role.slug == "author").unwrap();
    let slug = factory::role(&app, managing(author.grants(), "managed")).await;
    let lead = app.member(&slug).await;
    let (above, inside) = (app.member("author").await, app.learner().await);
    factory::group(&app, lead.member, &[above.member, inside.member]).await;
    let (above, inside) = (above.member.to_string(), inside.member.to_string());
    let [same, learner] = [
        role_id(&app, &owner, "instructor").await,
        role_id(&app, &owner, "learner").await,
    ];
    assert_eq!(give(&lead, &inside, &same).await, "ROLE_NOT_ALLOWED");
    assert_eq!(role_of(&owner, &inside).await, "learner");
    assert_eq!(give(&lead, &inside, &learner).await, "");
    assert_eq!(give(&lead, &above, &learner).await, "FORBIDDEN");
    assert_eq!(role_of(&owner, &above).await, "author");
}

#[tokio::test]
async fn a_role_that_is_above_ones_own_is_not_restored_either() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let slug = factory::role(&app, managing(json!({}), "all")).await;
    let manager = app.member(&slug).await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let restore = "mutation($id: ID!) { membershipRestore(input: {memberId: $id}) { member { state } userErrors { code } } }";
    let can = "query($id: ID!) { node(id: $id) { ... on Member { state viewerCan { restore } } } }";
    for (person, code, may) in [(&author, "ROLE_NOT_ALLOWED", false), (&learner, "", true)] {
        let suspend = format!(
            "update memberships set state = 'suspended' where id = '{}'",
            person.member.id.0
        );
        factory::change(&app, &suspend).await;
        let id = json!({ "id": person.member.to_string() });
        let seen = manager.run_with(can, id.clone()).await;
        assert_eq!(seen.data("/node/viewerCan/restore"), &json!(may));
        assert_eq!(manager.run_with(restore, id.clone()).await.codes(), code);
        let seen = owner.run_with(can, id).await;
        assert_eq!(seen.text("/node/state"), if may { "ACTIVE" } else { "SUSPENDED" });
    }
}

const HIRING: &str = "@id(\"hiring\") permit (principal is Member, action == Action::\"members.manage\", resource) \
    when { principal.role == \"learner\" };";
const CALM: &str = "@id(\"calm\") forbid (principal is Member, action in [Action::\"org.update\", Action::\"sso.manage\"], resource);";

#[tokio::test]
async fn whoever_manages_policies_gives_nothing_by_them_that_they_do_not_hold() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let slug = factory::role(
        &app,
        json!({ "policies.manage": ["all"], "courses.create": ["all"] }),
    )
    .await;
    let manager = app.member(&slug).await;
    let set = async |who: &Person, source: &str| {
        let input = json!({ "organizationId": app.org_id(), "source": source });
        who.mutate("policiesSet", &input, "").await
    };
    for action in [
        "members.manage",
        "courses.publish",
        "org.update",
        "sso.manage",
        "support.grant.approve",
        "attempts.take",
        "org.delete",
    ] {
        let source = format!("@id(\"more\") permit (principal, action == Action::\"{action}\", resource);");
        let refused = set(&manager, &source).await;
        assert_eq!(refused.codes(), "ROLE_NOT_ALLOWED", "{action}");
        let error = refused.data("/policiesSet/userErrors/0");
        assert_eq!(error["field"], json!(["source"]));
        assert!(error["message"].as_str().unwrap().contains(action), "{error}");
    }
    assert_eq!(factory::count(&app, "policy_revisions").await, 0);

    let both = format!("{HIRING}\n{CALM}");
    assert_eq!(set(&owner, &both).await.codes(), "");
    let own = "@id(\"own\") permit (principal, action == Action::\"courses.create\", resource);";
    let (hires_more, calms_less) = (
        HIRING.replace("== \"learner\"", "!= \"author\""),
        CALM.replace(", Action::\"sso.manage\"", ""),
    );
    for (source, code) in [
        // What is stored is not theirs to widen, and a forbid that is gone or says less widens.
        (format!("{HIRING}\n{own}"), "ROLE_NOT_ALLOWED"),
        (format!("{HIRING}\n{calms_less}"), "ROLE_NOT_ALLOWED"),
        (format!("{hires_more}\n{CALM}"), "ROLE_NOT_ALLOWED"),
        (String::new(), "ROLE_NOT_ALLOWED"),
        // What stays as it is, what they hold, and what takes away, they may write.
        (format!("{both}\n{own}"), ""),
        (
            format!(
                "{CALM}\n@id(\"less\") forbid (principal, action == Action::\"courses.publish\", resource);"
            ),
            "",
        ),
    ] {
        let reply = set(&manager, &source).await;
        assert_eq!(reply.codes(), code, "{source}: {:#}", reply.body);
    }
    assert_eq!(factory::count(&app, "policy_revisions").await, 3);
    assert_eq!(set(&manager, CALM).await.codes(), "ROLE_NOT_ALLOWED");
    assert_eq!(set(&owner, "").await.codes(), "");
}

#[tokio::test]
async fn policies_are_written_by_who_has_just_shown_who_they_are() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let input = json!({ "organizationId": app.org_id(), "source": CALM });
    app.app.clock.advance(TimeDelta::minutes(11));
    let late = owner.mutate("policiesSet", &input, "").await;
    assert_eq!(late.codes(), "STEP_UP_REQUIRED");
    assert_eq!(factory::count(&app, "policy_revisions").await, 0);
}
