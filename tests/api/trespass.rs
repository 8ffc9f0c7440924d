//! Tries across tenants leave a trace with everybody concerned, and no answer tells more for it.

use super::support::app::Person;
use super::support::client::Client;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const OF_PERSON: &str = "{ viewer { securityEvents(first: 100) { nodes { kind } } } }";
const OF_ORGANIZATION: &str = "query($id: ID!) { organization(id: $id) { securityEvents(first: 100) { nodes { kind member { id } } } } }";

/// The members named by the tries that an organisation sees.
async fn tries(app: &TestApp, owner: &Client) -> Vec<Value> {
    let reply = owner
        .run_with(OF_ORGANIZATION, json!({ "id": app.org_id() }))
        .await;
    let nodes = reply
        .data("/organization/securityEvents/nodes")
        .as_array()
        .unwrap();
    let tries = nodes.iter().filter(|node| node["kind"] == "CROSS_TENANT_ATTEMPT");
    tries.map(|node| node["member"].clone()).collect()
}

async fn own_tries(person: &Client) -> usize {
    let reply = person.run(OF_PERSON).await;
    let nodes = reply
        .data("/viewer/securityEvents/nodes")
        .as_array()
        .unwrap()
        .clone();
    nodes
        .iter()
        .filter(|node| node["kind"] == "CROSS_TENANT_ATTEMPT")
        .count()
}

/// Waits until an organisation has heard of as many tries.
async fn hears(app: &TestApp, owner: &Client, expected: usize) -> Vec<Value> {
    for _ in 0..100 {
        let tries = tries(app, owner).await;
        if tries.len() >= expected {
            return tries;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} does not hear of it", app.slug);
}

async fn two() -> (TestApp, Person, TestApp, Person, Person) {
    let here = TestApp::new().await;
    let there = here.elsewhere().await;
    let (owner, other) = (here.owner().await, there.owner().await);
    let person = there.learner().await;
    (here, owner, there, other, person)
}

#[tokio::test]
async fn who_names_what_is_of_another_organisation_is_noted_in_three_places() {
    let (here, owner, there, other, person) = two().await;
    let course = factory::draft_course(&here, &here.member("author").await, 1).await;
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let reply = person.run_with(node, json!({ "id": course.id })).await;
    assert_eq!(
        (reply.codes(), reply.data("/node")),
        (String::new(), &Value::Null)
    );
    assert_eq!(
        hears(&here, &owner, 1).await,
        [Value::Null],
        "no stranger is named"
    );
    assert_eq!(
        hears(&there, &other, 1).await,
        [json!({ "id": person.member.to_string() })]
    );
    assert_eq!(own_tries(&person).await, 1);
    // Again, and by a mutation: it is told once in a while.
    let rename =
        "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Mine\"}) { userErrors { code } } }";
    for _ in 0..3 {
        assert_eq!(
            person.run_with(rename, json!({ "id": course.id })).await.codes(),
            "NOT_FOUND"
        );
        person
            .run_with(node, json!({ "id": owner.member.to_string() }))
            .await;
    }
    // Somebody else's try is another one, and comes after those.
    let second = there.learner().await;
    second.run_with(rename, json!({ "id": course.id })).await;
    assert_eq!(hears(&here, &owner, 2).await.len(), 2);
    assert_eq!(own_tries(&person).await, 1);
}

#[tokio::test]
async fn what_is_public_or_ones_own_or_nothing_at_all_is_no_try() {
    let (here, owner, _, _, person) = two().await;
    factory::open(&here).await;
    let course = factory::published_course(&here, &here.member("author").await, 1).await;
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let own = person.member.to_string();
    for id in [
        course.id.as_str(),
        &here.org_id(),
        &own,
        "crs_nonsense",
        "nonsense",
        "",
    ] {
        person.run_with(node, json!({ "id": id })).await;
    }
    here.anonymous()
        .run_with(node, json!({ "id": owner.member.to_string() }))
        .await;
    // The one that is a try comes last, and alone.
    person
        .run_with(node, json!({ "id": owner.member.to_string() }))
        .await;
    assert_eq!(hears(&here, &owner, 1).await.len(), 1);
    assert_eq!(own_tries(&person).await, 1);
}
