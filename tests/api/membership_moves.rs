//! Suspending, restoring, removing and leaving: by whom, out of which state, and what ends with it.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::enroll;
use super::support::people::{accept, invite, role_id, role_of};
use super::support::{TestApp, apps, factory};
use futures_util::future::join_all;
use lyceum::cache::Shared;
use lyceum::dev::redis::PrivateRedis;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const COUNT: &str = "query($org: ID!, $state: MemberState) { organization(id: $org) { members(filter: {state: $state}) { totalCount } } }";

async fn make(who: &Client, verb: &str, member: &Person, more: Value) -> Reply {
    let document = format!(
        "mutation($input: Membership{verb}Input!) {{ membership{verb}(input: $input) {{ \
         member {{ id state version viewerCan {{ changeRole suspend restore remove }} }} userErrors {{ code field message }} }} }}"
    );
    let mut input = json!({ "memberId": member.member.to_string() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.run_with(&document, json!({ "input": input })).await
}

async fn leave(app: &TestApp, who: &Client) -> Reply {
    let document = "mutation($org: ID!) { membershipLeave(input: {organizationId: $org}) { memberId userErrors { code } } }";
    who.run_with(document, json!({ "org": app.org_id() })).await
}

async fn state(who: &Person, member: &Person) -> Value {
    let document = "query($id: ID!) { node(id: $id) { ... on Member { state } } }";
    let reply = who
        .run_with(document, json!({ "id": member.member.to_string() }))
        .await;
    reply.data("/node/state").clone()
}

async fn sees(app: &TestApp, who: &Client) -> bool {
    let document = "query($org: ID!) { organization(id: $org) { id } }";
    let reply = who.run_with(document, json!({ "org": app.org_id() })).await;
    !reply.data("/organization").is_null()
}

#[tokio::test]
async fn a_suspended_member_may_nothing_until_they_are_restored() {
    let app = TestApp::new().await;
    let (admin, learner) = (app.member("admin").await, app.learner().await);
    assert!(sees(&app, &learner).await);
    let reply = make(&admin, "Suspend", &learner, json!({ "expectedVersion": 1 })).await;
    assert_eq!(
        reply.data("/membershipSuspend/member"),
        &json!({ "id": learner.member.to_string(), "state": "SUSPENDED", "version": 2,
            "viewerCan": { "changeRole": true, "suspend": false, "restore": true, "remove": true } })
    );
    assert!(!sees(&app, &learner).await, "access ends with the next request");
    assert_eq!(leave(&app, &learner).await.codes(), "NOT_FOUND");
    let memberships = learner.run("{ viewer { memberships { id } } }").await;
    assert_eq!(memberships.data("/viewer/memberships"), &json!([]));
    let reply = make(&admin, "Restore", &learner, json!({})).await;
    assert_eq!(
        reply.data("/membershipRestore/member/state"),
        &json!("ACTIVE"),
        "{:#}",
        reply.body
    );
    assert!(sees(&app, &learner).await);
    for (action, from) in [("member.suspended", "active"), ("member.restored", "suspended")] {
        let entries = factory::audit(&app, action).await;
        assert_eq!(entries, [(learner.member.to_string(), json!({ "from": from }))]);
    }
}

#[tokio::test]
async fn a_removed_member_leaves_groups_and_teaching_and_comes_back_by_an_invitation_as_the_same() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let member = app.member("instructor").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    factory::teaches(&app, member.member, &course).await;
    factory::group(&app, member.member, &[author.member]).await;
    let enrollment = enroll(&member, &course).await;
    let reply = make(&owner, "Remove", &member, json!({})).await;
    assert_eq!(reply.data("/membershipRemove/member/state"), &json!("REMOVED"));
    assert!(!sees(&app, &member).await);
    let id = member.member.id.0;
    for table in ["group_members", "course_instructors"] {
        assert_eq!(
            factory::count(&app, &format!("{table} where member_id = '{id}'")).await,
            0
        );
    }
    let record = owner
        .run_with(
            "query($id: ID!) { node(id: $id) { id } }",
            json!({ "id": enrollment }),
        )
        .await;
    assert!(!record.data("/node").is_null(), "their records stay");
    for (filter, count) in [(Value::Null, 2), (json!("REMOVED"), 1), (json!("ACTIVE"), 2)] {
        let variables = json!({ "org": app.org_id(), "state": filter });
        let list = owner.run_with(COUNT, variables).await;
        assert_eq!(list.data("/organization/members/totalCount"), &json!(count));
    }
    for verb in ["Suspend", "Restore", "Remove"] {
        let reply = make(&owner, verb, &member, json!({})).await;
        assert_eq!(reply.codes(), "INVALID_STATE", "{verb}");
        assert!(reply.mentions("The member is REMOVED"), "{:#}", reply.body);
    }
    let token = invite(&app, &owner, &member.email, "learner").await;
    let joined = accept(&member, &token).await;
    assert_eq!(joined.codes(), "", "{:#}", joined.body);
    assert_eq!(
        joined.text("/invitationAccept/member/id"),
        member.member.to_string()
    );
    assert_eq!(joined.text("/invitationAccept/member/role/slug"), "learner");
    assert!(sees(&app, &member).await);
}

#[tokio::test]
async fn an_invitation_does_not_restore_who_is_suspended() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let member = app.learner().await;
    make(&owner, "Remove", &member, json!({})).await;
    let token = invite(&app, &owner, &member.email, "learner").await;
    let suspend = format!(
        "update memberships set state = 'suspended' where id = '{}'",
        member.member.id.0
    );
    factory::change(&app, &suspend).await;
    assert_eq!(accept(&member, &token).await.codes(), "ALREADY_MEMBER");
    assert_eq!(state(&owner, &member).await, "SUSPENDED");
}

#[tokio::test]
async fn everybody_leaves_by_themselves_but_the_last_owner() {
    let app = TestApp::new().await;
    let (first, second) = (app.owner().await, app.owner().await);
    for role in ["admin", "author", "instructor", "manager", "learner"] {
        let person = app.member(role).await;
        let left = leave(&app, &person).await;
        assert_eq!(left.text("/membershipLeave/memberId"), person.member.to_string());
        assert!(!sees(&app, &person).await);
        assert_eq!(state(&first, &person).await, "REMOVED");
    }
    let bare = app.member(&factory::role(&app, json!({})).await).await;
    assert_eq!(leave(&app, &bare).await.codes(), "", "no role has to give it");
    assert_eq!(leave(&app, &second).await.codes(), "");
    let reply = leave(&app, &first).await;
    assert_eq!(reply.codes(), "LAST_OWNER");
    assert!(sees(&app, &first).await);
    assert_eq!(factory::audit(&app, "member.left").await.len(), 7);
}

#[tokio::test]
async fn who_may_not_manage_a_member_moves_nobody() {
    let app = TestApp::new().await;
    let (owner, admin, manager) = (
        app.owner().await,
        app.member("admin").await,
        app.member("manager").await,
    );
    let (inside, outside) = (app.learner().await, app.learner().await);
    factory::group(&app, manager.member, &[inside.member]).await;
    let stranger = app.elsewhere().await.owner().await;
    for verb in ["Suspend", "Remove"] {
        for (who, target, code) in [
            (&manager.client, &inside, "FORBIDDEN"),
            (&manager.client, &outside, "NOT_FOUND"),
            (&inside.client, &inside, "FORBIDDEN"),
            (&inside.client, &outside, "NOT_FOUND"),
            (&admin.client, &owner, "FORBIDDEN"),
            (&admin.client, &admin, "INVALID"),
            (&owner.client, &owner, "INVALID"),
            (&stranger.client, &inside, "NOT_FOUND"),
            (&app.anonymous(), &inside, "UNAUTHENTICATED"),
        ] {
            let reply = make(who, verb, target, json!({})).await;
            assert_eq!(reply.codes(), code, "{verb}: {:#}", reply.body);
            assert_eq!(state(&owner, target).await, "ACTIVE");
        }
        let reply = make(&owner, verb, &inside, json!({ "expectedVersion": 7 })).await;
        assert_eq!(reply.codes(), "VERSION_CONFLICT");
    }
    assert_eq!(
        make(&owner, "Restore", &inside, json!({})).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(
        factory::count(&app, "audit_entries where action like 'member.%'").await,
        0
    );
}

#[tokio::test]
async fn the_same_key_moves_once() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let key = json!({ "idempotencyKey": "k1" });
    for _ in 0..2 {
        let reply = make(&owner, "Suspend", &learner, key.clone()).await;
        assert_eq!(reply.data("/membershipSuspend/member/version"), &json!(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn downgrades_suspensions_removals_and_leaves_at_once_leave_an_active_owner() {
    let app = TestApp::new().await;
    let owners = [app.owner().await, app.owner().await, app.owner().await];
    let learner = role_id(&app, &owners[0], "learner").await;
    let document = "mutation($member: ID!, $role: ID!) { membershipRoleChange(input: {memberId: $member, roleId: $role}) { \
        userErrors { code } } }";
    let moves = (0..60).map(|number| {
        let (app, owners, learner) = (&app, &owners, &learner);
        let (who, target) = (&owners[number % 3], &owners[number / 3 % 3]);
        async move {
            match number % 5 {
                0 => leave(app, who).await,
                1 => make(who, "Suspend", target, json!({})).await,
                2 => make(who, "Remove", target, json!({})).await,
                _ => {
                    let variables = json!({ "member": target.member.to_string(), "role": learner });
                    who.run_with(document, variables).await
                }
            }
        }
    });
    for reply in join_all(moves).await {
        let codes = reply.codes();
        let known = [
            "",
            "LAST_OWNER",
            "FORBIDDEN",
            "NOT_FOUND",
            "INVALID",
            "INVALID_STATE",
        ];
        assert!(known.contains(&codes.as_str()), "{:#}", reply.body);
    }
    let left = "memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id where r.slug = 'owner' and m.state = 'active'";
    assert_eq!(factory::count(&app, left).await, 1);
}

#[tokio::test]
async fn the_database_itself_keeps_the_last_owner() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for change in [
        "state = 'suspended'",
        "state = 'removed'",
        "role_id = (select id from roles where slug = 'learner')",
    ] {
        let sql = format!(
            "update memberships set {change} where id = '{}'",
            owner.member.id.0
        );
        assert!(factory::is_refused(&app, &sql).await, "{change}");
    }
    for sql in [
        "update roles set slug = 'former' where slug = 'owner'",
        "update roles set grants = '{}' where slug = 'owner'",
        "delete from memberships",
    ] {
        assert!(factory::is_refused(&app, sql).await, "{sql}");
    }
}

#[tokio::test]
async fn a_suspension_ends_access_on_another_node_within_a_second() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis-suspension");
    let redis = PrivateRedis::start(&folder).await.unwrap();
    let shared = || Shared::through_redis(&redis.url()).unwrap();
    let app = TestApp::with(shared()).await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let there = learner.at(app.beside(shared()).await.routes());
    assert!(sees(&app, &there).await, "the other node knows the standing");
    assert_eq!(make(&owner, "Suspend", &learner, json!({})).await.codes(), "");
    let since = Instant::now();
    while sees(&app, &there).await {
        assert!(
            since.elapsed() < Duration::from_secs(1),
            "the other node still lets them in"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_tokens_of_who_goes_stay_void_when_they_come_back() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for way in ["Remove", "Leave"] {
        let member = app.member("admin").await;
        let secret = apps::token(&app, member.member, &apps::all_scopes()).await;
        assert!(sees(&app, &app.bearer(&secret)).await);
        let gone = match way {
            "Remove" => make(&owner, "Remove", &member, json!({})).await,
            _ => leave(&app, &member).await,
        };
        assert_eq!(gone.codes(), "", "{way}: {:#}", gone.body);
        let token = invite(&app, &owner, &member.email, "admin").await;
        assert_eq!(accept(&member, &token).await.codes(), "", "{way}");
        assert!(sees(&app, &member).await, "{way}");
        let reply = app.bearer(&secret).run("{ __typename }").await;
        assert_eq!(reply.status, 401, "{way}");
    }
}

#[tokio::test]
async fn nobody_takes_anything_from_somebody_above_them() {
    let app = TestApp::new().await;
    let (owner, admin, learner) = (app.owner().await, app.member("admin").await, app.learner().await);
    let grants = json!({ "members.read": ["all"], "members.manage": ["all"] });
    let manager = app.member(&factory::role(&app, grants).await).await;
    let lesser = role_id(&app, &owner, "learner").await;
    for (verb, more) in [
        ("Suspend", json!({})),
        ("Remove", json!({})),
        ("RoleChange", json!({ "roleId": lesser })),
    ] {
        let reply = make(&manager, verb, &admin, more).await;
        assert_eq!(reply.codes(), "FORBIDDEN", "{verb}: {:#}", reply.body);
        assert_eq!(state(&owner, &admin).await, "ACTIVE", "{verb}");
        assert_eq!(
            role_of(&owner, &admin.member.to_string()).await,
            "admin",
            "{verb}"
        );
    }
    let can =
        "query($id: ID!) { node(id: $id) { ... on Member { viewerCan { changeRole suspend remove } } } }";
    for (person, may) in [(&admin, false), (&learner, true)] {
        let seen = manager
            .run_with(can, json!({ "id": person.member.to_string() }))
            .await;
        let expected = json!({ "changeRole": may, "suspend": may, "remove": may });
        assert_eq!(seen.data("/node/viewerCan"), &expected);
    }
    assert_eq!(make(&manager, "Suspend", &learner, json!({})).await.codes(), "");
}
