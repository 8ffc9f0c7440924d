//! Giving members other roles: by whom, to whom, and never without an owner left.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::people::{role_id, role_of};
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use lyceum::kernel::ids::RoleKey;
use serde_json::{Value, json};

async fn change(who: &Client, member: &Person, role: &str, more: Value) -> Reply {
    let document = "mutation($input: MembershipRoleChangeInput!) { membershipRoleChange(input: $input) { \
        member { id version role { slug } viewerCan { changeRole } } userErrors { code field } } }";
    let mut input = json!({ "memberId": member.member.to_string(), "roleId": role });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(document, json!({ "input": input })).await
}

#[tokio::test]
async fn an_administrator_gives_a_role_and_it_counts_from_the_next_request_on() {
    let app = TestApp::new().await;
    let (admin, learner) = (app.member("admin").await, app.learner().await);
    let author = role_id(&app, &admin, "author").await;
    let may = "query($org: ID!) { organization(id: $org) { viewerCan { createCourses } } }";
    let org = json!({ "org": app.org_id() });
    let before = learner.run_with(may, org.clone()).await;
    assert_eq!(
        before.data("/organization/viewerCan/createCourses"),
        &json!(false)
    );
    let reply = change(&admin, &learner, &author, json!({ "expectedVersion": 1 })).await;
    assert_eq!(
        reply.data("/membershipRoleChange"),
        &json!({ "member": { "id": learner.member.to_string(), "version": 2, "role": { "slug": "author" },
            "viewerCan": { "changeRole": true } }, "userErrors": [] })
    );
    let after = learner.run_with(may, org).await;
    assert_eq!(after.data("/organization/viewerCan/createCourses"), &json!(true));
    let again = change(&admin, &learner, &author, json!({})).await;
    assert_eq!(
        again.data("/membershipRoleChange/member/version"),
        &json!(2),
        "the role that they have changes nothing"
    );
}

#[tokio::test]
async fn a_change_on_an_old_version_is_refused_and_a_replay_is_not_a_change() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let [author, manager] = [
        role_id(&app, &owner, "author").await,
        role_id(&app, &owner, "manager").await,
    ];
    let key = json!({ "expectedVersion": 1, "idempotencyKey": "k1" });
    for _ in 0..2 {
        let reply = change(&owner, &learner, &author, key.clone()).await;
        assert_eq!(
            reply.data("/membershipRoleChange/member/version"),
            &json!(2),
            "{:#}",
            reply.body
        );
    }
    let reply = change(&owner, &learner, &manager, json!({ "expectedVersion": 1 })).await;
    assert_eq!(reply.codes(), "VERSION_CONFLICT");
    let reply = change(&owner, &learner, &manager, key).await;
    assert_eq!(reply.codes(), "IDEMPOTENCY_MISMATCH");
    assert_eq!(role_of(&owner, &learner.member.to_string()).await, "author");
}

#[tokio::test]
async fn who_may_not_manage_members_changes_nothing() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let manager = app.member("manager").await;
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let admin = role_id(&app, &owner, "admin").await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, target, code) in [
        (&manager.client, &inside, "FORBIDDEN"),
        (&manager.client, &outside, "NOT_FOUND"),
        (&inside.client, &inside, "FORBIDDEN"),
        (&inside.client, &owner, "NOT_FOUND"),
        (&stranger.client, &inside, "NOT_FOUND"),
        (&app.anonymous(), &inside, "UNAUTHENTICATED"),
    ] {
        let reply = change(who, target, &admin, json!({})).await;
        assert_eq!(reply.codes(), code, "{:#}", reply.body);
    }
    for person in [&inside, &outside] {
        assert_eq!(role_of(&owner, &person.member.to_string()).await, "learner");
    }
}

#[tokio::test]
async fn ids_of_nothing_and_of_elsewhere_are_not_found() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let elsewhere = app.elsewhere().await;
    let (their_owner, their_learner) = (elsewhere.owner().await, elsewhere.learner().await);
    let theirs = role_id(&elsewhere, &their_owner, "author").await;
    let ours = role_id(&app, &owner, "author").await;
    for (target, role, field) in [
        (&learner, theirs.as_str(), "roleId"),
        (&learner, "rol_", "roleId"),
        (&learner, &learner.member.to_string(), "roleId"),
    ] {
        let reply = change(&owner, target, role, json!({})).await;
        assert_eq!(reply.codes(), "NOT_FOUND");
        assert_eq!(
            reply.data("/membershipRoleChange/userErrors/0/field"),
            &json!([field])
        );
    }
    assert_eq!(
        change(&owner, &their_learner, &ours, json!({})).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(role_of(&owner, &learner.member.to_string()).await, "learner");
    assert_eq!(
        role_of(&their_owner, &their_learner.member.to_string()).await,
        "learner"
    );
}

#[tokio::test]
async fn only_an_owner_makes_and_unmakes_owners() {
    let app = TestApp::new().await;
    let (first, second) = (app.owner().await, app.owner().await);
    let (admin, learner) = (app.member("admin").await, app.learner().await);
    let [owner_role, learner_role] = [
        role_id(&app, &first, "owner").await,
        role_id(&app, &first, "learner").await,
    ];
    for (target, role) in [
        (&learner, &owner_role),
        (&admin, &owner_role),
        (&second, &learner_role),
    ] {
        assert_eq!(change(&admin, target, role, json!({})).await.codes(), "FORBIDDEN");
    }
    let can = "query($id: ID!) { node(id: $id) { ... on Member { viewerCan { changeRole } } } }";
    for (target, expected) in [(&second, false), (&learner, true)] {
        let reply = admin
            .run_with(can, json!({ "id": target.member.to_string() }))
            .await;
        assert_eq!(reply.data("/node/viewerCan/changeRole"), &json!(expected));
    }
    assert_eq!(change(&first, &learner, &owner_role, json!({})).await.codes(), "");
    assert_eq!(
        change(&learner, &first, &learner_role, json!({})).await.codes(),
        "",
        "the new owner may"
    );
    assert_eq!(role_of(&second, &first.member.to_string()).await, "learner");
    assert_eq!(role_of(&second, &second.member.to_string()).await, "owner");
}

#[tokio::test]
async fn the_last_owner_stays_one() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let suspended = app.owner().await;
    let suspend = format!(
        "update memberships set state = 'suspended' where id = '{}'",
        suspended.member.id.0
    );
    factory::change(&app, &suspend).await;
    let learner = role_id(&app, &owner, "learner").await;
    let reply = change(&owner, &owner, &learner, json!({ "idempotencyKey": "k1" })).await;
    assert_eq!(reply.codes(), "LAST_OWNER");
    assert_eq!(role_of(&owner, &owner.member.to_string()).await, "owner");
    assert_eq!(
        change(&owner, &owner, &learner, json!({ "idempotencyKey": "k1" }))
            .await
            .codes(),
        "LAST_OWNER"
    );
}

#[tokio::test]
async fn whoever_manages_some_members_makes_learners_of_them_and_nothing_else() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let slug = factory::role(
        &app,
        json!({ "members.read": ["managed"], "members.manage": ["managed"] }),
    )
    .await;
    let lead = app.member(&slug).await;
    let (author, inside) = (app.member("author").await, app.learner().await);
    factory::group(&app, lead.member, &[author.member, inside.member]).await;
    for role in ["admin", "author"] {
        let role = role_id(&app, &owner, role).await;
        let reply = change(&lead, &inside, &role, json!({})).await;
        assert_eq!(reply.codes(), "ROLE_NOT_ALLOWED");
    }
    let learner = role_id(&app, &owner, "learner").await;
    assert_eq!(change(&lead, &inside, &learner, json!({})).await.codes(), "");
    assert_eq!(role_of(&owner, &inside.member.to_string()).await, "learner");
    assert_eq!(
        change(&lead, &author, &learner, json!({})).await.codes(),
        "FORBIDDEN",
        "an author is above who manages some members"
    );
    assert_eq!(role_of(&owner, &author.member.to_string()).await, "author");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_downgrades_of_two_owners_by_each_other_leave_one() {
    let app = TestApp::new().await;
    let (a, b, witness) = (app.owner().await, app.owner().await, app.member("admin").await);
    let learner = role_id(&app, &a, "learner").await;
    let changes = (0..50).map(|number| {
        let (who, target) = match number % 4 {
            0 => (&a, &b),
            1 => (&b, &a),
            2 => (&a, &a),
            _ => (&b, &b),
        };
        change(who, target, &learner, json!({}))
    });
    let replies = join_all(changes).await;
    for reply in &replies {
        // Whoever is a learner by now may not any more, and does not see the other; nobody is told to try again.
        assert!(
            ["", "LAST_OWNER", "FORBIDDEN", "NOT_FOUND"].contains(&reply.codes().as_str()),
            "{:#}",
            reply.body
        );
    }
    let mut roles = [
        role_of(&witness, &a.member.to_string()).await,
        role_of(&witness, &b.member.to_string()).await,
    ];
    roles.sort_by_key(Value::to_string);
    assert_eq!(roles, ["learner", "owner"]);
}

#[tokio::test]
async fn a_change_is_in_the_audit_by_reference_only() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let author = role_id(&app, &owner, "author").await;
    change(&owner, &learner, &author, json!({})).await;
    let entries = factory::audit(&app, "member.role_changed").await;
    let [(target, detail)] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    assert_eq!(*target, learner.member.to_string());
    assert_eq!(detail["to"], json!(author));
    assert!(detail["from"].as_str().unwrap().starts_with("rol_"));
    assert!(<RoleKey as lyceum::kernel::ids::Key>::parse(detail["to"].as_str().unwrap()).is_some());
}
