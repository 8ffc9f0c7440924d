//! `explainAccess`: the guards' own decision, in the open.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::enroll;
use super::support::people::invite;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

async fn explain(who: &Client, actor: Option<&Person>, action: &str, node: &str) -> Reply {
    let document = "query($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed permission policies reach \
        relation { own taught managed } missing } }";
    let mut input = json!({ "action": action, "nodeId": node });
    if let Some(actor) = actor {
        input["actorId"] = json!(actor.member.to_string());
    }
    who.run_with(document, json!({ "input": input })).await
}

#[tokio::test]
async fn an_answer_names_the_policies_the_reach_the_relation_and_what_is_missing() {
    let app = TestApp::new().await;
    let (author, instructor) = (app.member("author").await, app.member("instructor").await);
    let taught = factory::published_course(&app, &author, 0).await.id;
    let other = factory::published_course(&app, &author, 0).await.id;
    factory::teaches(&app, instructor.member, &taught).await;
    let reply = explain(&instructor, None, "COURSES_UPDATE", &taught).await;
    assert_eq!(
        reply.data("/explainAccess"),
        &json!({ "allowed": true, "permission": "COURSES_UPDATE", "policies": ["reach.taught"], "reach": ["TAUGHT"],
            "relation": { "own": false, "taught": true, "managed": false }, "missing": null })
    );
    let reply = explain(&instructor, None, "COURSES_UPDATE", &other).await;
    assert_eq!(reply.data("/explainAccess/allowed"), &json!(false));
    assert_eq!(
        reply.text("/explainAccess/missing"),
        "The role instructor gives courses.update with the reach taught, and the actor does not stand so to this."
    );
    let reply = explain(&instructor, None, "COURSES_PUBLISH", &taught).await;
    assert_eq!(
        reply.text("/explainAccess/missing"),
        "The role instructor does not give courses.publish."
    );
    let reply = explain(&instructor, None, "MEMBERS_MANAGE", &taught).await;
    assert_eq!(
        reply.text("/explainAccess/missing"),
        "members.manage says nothing about Course: it is about Membership."
    );
}

#[tokio::test]
async fn it_decides_what_the_mutations_decide_for_every_kind_of_thing() {
    let app = TestApp::new().await;
    let (owner, admin) = (app.owner().await, app.member("admin").await);
    let (author, manager, learner) = (
        app.member("author").await,
        app.member("manager").await,
        app.learner().await,
    );
    factory::group(&app, manager.member, &[learner.member]).await;
    let published = factory::published_course(&app, &author, 0).await.id;
    let draft = factory::draft_course(&app, &author, 0).await.id;
    let enrollment = enroll(&learner, &published).await;
    invite(&app, &owner, "a@people.example", "owner").await;
    let list = "query($org: ID!) { organization(id: $org) { invitations { nodes { id } } } }";
    let list = owner.run_with(list, json!({ "org": app.org_id() })).await;
    let invitation = list.text("/organization/invitations/nodes/0/id");
    let org = app.org_id();
    let (owner_id, learner_id) = (owner.member.to_string(), learner.member.to_string());
    for (who, action, node, allowed) in [
        (&owner, "MEMBERS_MANAGE", &owner_id, true),
        (&admin, "MEMBERS_MANAGE", &owner_id, false),
        (&admin, "MEMBERS_MANAGE", &learner_id, true),
        (&manager, "MEMBERS_READ", &learner_id, true),
        (&manager, "MEMBERS_MANAGE", &learner_id, false),
        (&learner, "MEMBERS_READ", &learner_id, true),
        (&owner, "INVITATIONS_MANAGE", &invitation.to_owned(), true),
        (&admin, "INVITATIONS_MANAGE", &invitation.to_owned(), false),
        (&manager, "INVITATIONS_MANAGE", &org, true),
        (&learner, "INVITATIONS_MANAGE", &org, false),
        (&author, "COURSES_CREATE", &org, true),
        (&manager, "COURSES_CREATE", &org, false),
        (&learner, "COURSES_READ", &published, true),
        (&author, "COURSES_READ_DRAFT", &draft, true),
        (&author, "COURSES_READ", &draft, false),
        (&learner, "ATTEMPTS_TAKE", &enrollment, true),
        (&owner, "ATTEMPTS_TAKE", &enrollment, false),
        (&owner, "LEARNING_RECORDS_READ", &enrollment, true),
        (&manager, "LEARNING_RECORDS_READ", &enrollment, true),
    ] {
        for asker in [who, &owner] {
            let reply = explain(asker, Some(who), action, node).await;
            if asker.member == owner.member || allowed {
                assert_eq!(
                    reply.data("/explainAccess/allowed"),
                    &json!(allowed),
                    "{action} {node}"
                );
            }
        }
    }
    let forbidden = explain(&admin, None, "MEMBERS_MANAGE", &owner_id).await;
    assert_eq!(
        forbidden.data("/explainAccess/policies"),
        &json!(["owners.by_owners"])
    );
    assert_eq!(
        forbidden.text("/explainAccess/missing"),
        "Forbidden by owners.by_owners."
    );
}

#[tokio::test]
async fn what_the_asker_may_not_know_of_is_null() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (learner, other) = (app.learner().await, app.learner().await);
    let draft = factory::draft_course(&app, &author, 0).await.id;
    let published = factory::published_course(&app, &author, 0).await.id;
    let enrollment = enroll(&other, &published).await;
    for node in [
        draft.as_str(),
        &enrollment,
        &other.member.to_string(),
        "crs_",
        "",
        "mod_x",
    ] {
        let reply = explain(&learner, None, "COURSES_READ", node).await;
        assert_eq!(reply.data("/explainAccess"), &Value::Null, "{node}");
    }
    let stranger = app.elsewhere().await.owner().await;
    factory::open(&app).await;
    for node in [published.as_str(), &app.org_id()] {
        let reply = explain(&stranger, None, "COURSES_READ", node).await;
        assert_eq!(reply.data("/explainAccess"), &Value::Null, "{node}");
    }
    let reply = explain(&app.anonymous(), None, "COURSES_READ", &published).await;
    assert_eq!(reply.codes(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn only_who_manages_all_members_asks_about_others() {
    let app = TestApp::new().await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let reply = explain(&author, Some(&learner), "COURSES_UPDATE", &course).await;
    assert_eq!(reply.codes(), "FORBIDDEN");
    let reply = explain(&owner, Some(&learner), "COURSES_UPDATE", &course).await;
    assert_eq!(reply.data("/explainAccess/allowed"), &json!(false));
    let stranger = app.elsewhere().await.learner().await;
    let reply = explain(&owner, Some(&stranger), "COURSES_UPDATE", &course).await;
    assert_eq!(
        reply.data("/explainAccess"),
        &Value::Null,
        "a member of another organisation is not known here"
    );
    let suspend = format!(
        "update memberships set state = 'suspended' where id = '{}'",
        author.member.id.0
    );
    factory::change(&app, &suspend).await;
    let reply = explain(&owner, Some(&author), "COURSES_UPDATE", &course).await;
    assert_eq!(
        reply.text("/explainAccess/missing"),
        "The actor is no active member, and so has no permissions."
    );
}
