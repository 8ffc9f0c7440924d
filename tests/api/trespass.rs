//! Tries across tenants leave a trace with everybody concerned, and no answer tells more for it.

use super::support::app::Person;
use super::support::client::Client;
use super::support::{TestApp, factory};
use apollo_compiler::Schema;
use axum::body::Body;
use axum::http::{Request, header};
use lyceum::kernel::ids::{
    AttemptId, AttemptKey, CertificateId, CertificateKey, EnrollmentId, EnrollmentKey, QuestionBankId,
    QuestionBankKey,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

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

/// Each root field that takes an identifier, with arguments that name what is of another organisation.
fn naming(here: &TestApp, course: &str) -> Vec<(&'static str, String)> {
    let (org, uuid) = (here.org, here.app.clock.uuid());
    let attempt = AttemptKey::new(org, AttemptId(uuid));
    let certificate = CertificateKey::new(org, CertificateId(uuid));
    let enrollment = EnrollmentKey::new(org, EnrollmentId(uuid));
    let bank = QuestionBankKey::new(org, QuestionBankId(uuid));
    let id = here.org_id();
    vec![
        ("attempt", format!("attempt(id: \"{attempt}\") {{ id }}")),
        (
            "attemptReplay",
            format!("attemptReplay(attemptId: \"{attempt}\") {{ __typename }}"),
        ),
        (
            "catalog",
            format!("catalog(filter: {{organization: \"{id}\"}}) {{ nodes {{ id }} }}"),
        ),
        (
            "certificate",
            format!("certificate(id: \"{certificate}\") {{ id }}"),
        ),
        ("course", format!("course(id: \"{course}\") {{ id }}")),
        ("enrollment", format!("enrollment(id: \"{enrollment}\") {{ id }}")),
        (
            "explainAccess",
            format!("explainAccess(input: {{action: COURSES_UPDATE, nodeId: \"{course}\"}}) {{ allowed }}"),
        ),
        ("node", format!("node(id: \"{course}\") {{ id }}")),
        ("nodes", format!("nodes(ids: [\"{course}\"]) {{ id }}")),
        ("organization", format!("organization(id: \"{id}\") {{ id }}")),
        (
            "policySimulate",
            format!("policySimulate(input: {{organizationId: \"{id}\"}}) {{ isComplete }}"),
        ),
        ("questionBank", format!("questionBank(id: \"{bank}\") {{ id }}")),
        (
            "questionBanks",
            format!("questionBanks(filter: {{organization: \"{id}\"}}) {{ nodes {{ id }} }}"),
        ),
        (
            "search",
            format!("search(query: \"anything\", organization: \"{id}\") {{ __typename }}"),
        ),
    ]
}

#[tokio::test]
async fn every_root_field_notes_the_identifier_of_what_is_elsewhere() {
    let (here, owner, there, _, _) = two().await;
    let course = factory::draft_course(&here, &here.member("author").await, 1)
        .await
        .id;
    let named = naming(&here, &course);
    let schema = Schema::parse(lyceum::graphql::schema::sdl(), "schema.graphql").unwrap();
    let takes_an_id = |of: &str| {
        let input = schema.get_input_object(of);
        let mut fields = input.into_iter().flat_map(|input| input.fields.values());
        of == "ID" || fields.any(|field| field.ty.inner_named_type().as_str() == "ID")
    };
    let roots = schema.get_object("Query").unwrap().fields.values();
    let roots = roots.filter(|root| {
        let mut arguments = root.arguments.iter();
        arguments.any(|argument| takes_an_id(argument.ty.inner_named_type().as_str()))
    });
    let roots: BTreeSet<_> = roots.map(|root| root.name.as_str()).collect();
    assert_eq!(
        named.iter().map(|(root, _)| *root).collect::<BTreeSet<_>>(),
        roots
    );

    let mut heard = 0;
    for (root, selection) in named {
        let person = there.learner().await;
        let reply = person.run(&format!("{{ {selection} }}")).await;
        assert_eq!(reply.codes(), "", "{root}: {:#}", reply.body);
        heard += 1;
        assert_eq!(hears(&here, &owner, heard).await.len(), heard, "{root}");
    }
    let listener = there.learner().await;
    let document = "subscription($id: ID!) { events(organizationId: $id) { type } }";
    let body = json!({ "query": document, "variables": { "id": here.org_id() } }).to_string();
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream");
    listener.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(hears(&here, &owner, heard + 1).await.len(), heard + 1);
}

#[tokio::test]
async fn to_find_nothing_in_an_academy_that_shows_itself_is_no_try() {
    let (here, owner, _, _, person) = two().await;
    factory::open(&here).await;
    let lists = "query($id: ID!) { search(query: \"nothing\", organization: $id) { __typename } \
        catalog(filter: {organization: $id}) { nodes { id } } }";
    let reply = person.run_with(lists, json!({ "id": here.org_id() })).await;
    assert_eq!(reply.data("/catalog/nodes"), &json!([]));
    // The one that is a try comes last, and alone.
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let other = here.elsewhere().await.learner().await;
    other
        .run_with(node, json!({ "id": owner.member.to_string() }))
        .await;
    assert_eq!(hears(&here, &owner, 1).await.len(), 1);
    assert_eq!(own_tries(&person).await, 0);
}
