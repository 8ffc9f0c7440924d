//! The audit: what it shows and to whom, and that a changed, removed or moved entry is found.

use super::support::client::{Client, Reply};
use super::support::{TestApp, factory, servers};
use lyceum::domain::audit::{Anchor, Broken, verify};
use serde_json::{Value, json};

async fn log(app: &TestApp, who: &Client, filter: Value) -> Reply {
    let document = "query($org: ID!, $filter: AuditFilter) { organization(id: $org) { auditLog(first: 50, filter: $filter) { totalCount \
        nodes { id sequence at action target detail requestId seal actor { id } organization { id } } } } }";
    who.run_with(document, json!({ "org": app.org_id(), "filter": filter }))
        .await
}

fn actions(reply: &Reply) -> Vec<String> {
    let nodes = reply.data("/organization/auditLog/nodes").as_array().unwrap();
    let action = |node: &Value| node["action"].as_str().unwrap().to_owned();
    nodes.iter().map(action).collect()
}

#[tokio::test]
async fn what_was_done_is_shown_newest_first_with_who_did_it_and_by_which_request() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::published_course(&app, &author, 1).await.id;
    factory::seal(&app).await;
    let all = log(&app, &owner, json!({})).await;
    assert_eq!(actions(&all)[0], "course.published");
    let first = all.data("/organization/auditLog/nodes/0");
    assert_eq!(first["target"], course.as_str());
    assert_eq!(first["actor"]["id"], author.member.to_string());
    assert_eq!(first["organization"]["id"], app.org_id());
    assert_eq!(first["seal"].as_str().unwrap().len(), 64);
    assert_eq!(
        first["sequence"],
        all.data("/organization/auditLog/totalCount").to_string()
    );
    assert!(!first["requestId"].as_str().unwrap().is_empty());
    let node = "query($id: ID!) { node(id: $id) { ... on AuditEntry { action } } }";
    let node = owner.run_with(node, json!({ "id": first["id"] })).await;
    assert_eq!(node.data("/node/action"), "course.published");
}

#[tokio::test]
async fn filters_narrow_the_log_and_what_is_foreign_matches_nothing() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = factory::published_course(&app, &author, 1).await.id;
    let of = async |filter: Value| actions(&log(&app, &owner, filter).await);
    assert_eq!(
        of(json!({ "action": "course.published" })).await,
        ["course.published"]
    );
    assert_eq!(
        of(json!({ "action": "course." })).await,
        ["course.published", "course.created"]
    );
    assert_eq!(of(json!({ "action": "%." })).await, Vec::<String>::new());
    assert_eq!(
        of(json!({ "targetId": course })).await,
        ["course.published", "course.created"]
    );
    assert_eq!(
        of(json!({ "actorId": owner.member.to_string() })).await,
        Vec::<String>::new()
    );
    assert!(of(json!({ "actorId": author.member.to_string() })).await.len() > 2);
    assert_eq!(
        of(json!({ "until": "2020-01-01T00:00:00Z" })).await,
        Vec::<String>::new()
    );
    assert!(of(json!({ "since": "2020-01-01T00:00:00Z" })).await.len() > 2);
    let stranger = app.elsewhere().await.owner().await;
    assert_eq!(
        of(json!({ "actorId": stranger.member.to_string() })).await,
        Vec::<String>::new()
    );
    let theirs = log(&app, &stranger, json!({})).await;
    assert_eq!(theirs.data("/organization"), &Value::Null);
}

#[tokio::test]
async fn everybody_sees_what_they_did_themselves_and_only_who_may_sees_the_rest() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await.id;
    super::support::learning::enroll(&learner, &course).await;
    assert_eq!(
        actions(&log(&app, &learner, json!({})).await),
        ["enrollment.created"]
    );
    let admin = app.member("admin").await;
    assert!(actions(&log(&app, &admin, json!({})).await).contains(&"course.published".to_owned()));
    let blind = app.member(&factory::role(&app, json!({})).await).await;
    let log = log(&app, &blind, json!({})).await;
    assert_eq!(log.data("/organization/auditLog"), &Value::Null);
}

#[tokio::test]
async fn the_serving_role_can_neither_change_nor_remove_an_entry() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    factory::published_course(&app, &author, 0).await;
    for statement in [
        "update audit_entries set action = 'nothing'",
        "delete from audit_entries",
        "truncate audit_entries",
        "insert into audit_ends select org_id, 1, seal from audit_entries",
        "update audit_ends set sequence = 1",
        "delete from audit_ends",
    ] {
        let refused = factory::try_sql(&app, statement).await.unwrap_err();
        assert!(refused.contains("permission denied"), "{statement}: {refused}");
    }
}

/// Does what only a superuser can, to the organisation's own entries.
async fn tamper(app: &TestApp, statement: &str) {
    let admin = servers::admin().await;
    let ours = format!(
        "create temp view ours as select * from audit_entries where org_id = '{}'",
        app.org.0
    );
    admin
        .batch_execute(&format!("{ours}; {statement}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_changed_a_removed_and_a_moved_entry_are_found_at_their_place() {
    for (tampering, found) in [
        (
            "update ours set action = 'nothing.happened' where sequence = 2",
            Broken::Changed(2),
        ),
        (
            "update ours set detail = '{\"a\": 1}' where sequence = 3",
            Broken::Changed(3),
        ),
        (
            "update ours set actor_id = null where sequence = 1",
            Broken::Changed(1),
        ),
        ("delete from ours where sequence = 2", Broken::Removed(2)),
        ("delete from ours where sequence = 1", Broken::Removed(1)),
        (
            "update ours set sequence = -sequence where sequence in (2, 3); \
            update ours set sequence = 5 + sequence where sequence < 0",
            Broken::Changed(2),
        ),
        ("delete from ours where sequence > 2", Broken::Rewritten(4)),
        ("delete from ours where sequence > 3", Broken::Removed(4)),
    ] {
        let app = TestApp::new().await;
        let author = app.member("author").await;
        factory::published_course(&app, &author, 1).await;
        factory::seal(&app).await;
        let whole = verify(&app.app.db, app.org, None).await.unwrap();
        assert_eq!(whole.broken, None);
        assert!(whole.entries >= 4, "{whole:?}");
        let end = whole.end.clone().unwrap();
        assert_eq!(end.to_string().parse(), Ok(end.clone()));
        assert_eq!(verify(&app.app.db, app.org, Some(&end)).await.unwrap(), whole);
        let fourth = if found == Broken::Rewritten(4) {
            Some(Anchor {
                sequence: 4,
                seal: end.seal.clone(),
            })
        } else {
            None
        };
        tamper(&app, tampering).await;
        let verified = verify(&app.app.db, app.org, fourth.as_ref()).await.unwrap();
        assert_eq!(verified.broken, Some(found), "{tampering}");
    }
}

#[tokio::test]
async fn entries_that_are_cut_off_the_end_stay_missing_whatever_comes_after_them() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    factory::published_course(&app, &author, 1).await;
    factory::seal(&app).await;
    tamper(&app, "delete from ours where sequence > 2").await;
    let cut = verify(&app.app.db, app.org, None).await.unwrap();
    assert_eq!((cut.entries, cut.broken), (2, Some(Broken::Removed(3))));
    factory::published_course(&app, &author, 1).await;
    factory::seal(&app).await;
    assert!(factory::count(&app, "audit_entries where sequence > 4").await > 0);
    let cut = verify(&app.app.db, app.org, None).await.unwrap();
    assert_eq!((cut.entries, cut.broken), (2, Some(Broken::Removed(3))));
}
