//! What somebody may want to learn next, and that they may object to being looked at for that.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{complete, enroll, statements};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const OWN: &str = "query($first: Int) { viewer { recommendations(first: $first) { course { id } reasons { kind tag course { id } } } } }";
const INTERESTS: &str = "mutation($interests: [String!]!) { interestsSet(input: {interests: $interests}) { \
    viewer { interests } userErrors { code field } } }";
const OBJECTIONS: &str = "viewer { processingObjections { purpose objectedAt withdrawnAt } recommendations { course { id } } } userErrors { code field }";

async fn tagged(app: &TestApp, author: &Person, tags: &[&str]) -> factory::Course {
    let course = factory::published_course(app, author, 1).await;
    let document = "mutation($id: ID!, $tags: [String!]) { courseUpdate(input: {id: $id, tags: $tags}) { userErrors { code } } }";
    let reply = author
        .run_with(document, json!({ "id": course.id, "tags": tags }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    course
}

async fn require(author: &Person, course: &str, other: &str) {
    let document = "mutation($id: ID!, $ids: [ID!]!) { coursePrerequisitesSet(input: {id: $id, courseIds: $ids}) { userErrors { code } } }";
    let reply = author
        .run_with(document, json!({ "id": course, "ids": [other] }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
}

async fn set(who: &Client, interests: &[&str]) -> Reply {
    who.run_with(INTERESTS, json!({ "interests": interests })).await
}

async fn recommended(who: &Client) -> Value {
    let reply = who.run_with(OWN, json!({})).await;
    reply.data("/viewer/recommendations").clone()
}

async fn object(who: &Client, mutation: &str) -> Reply {
    who.run(&format!(
        "mutation {{ {mutation}(input: {{purpose: PROFILING}}) {{ {OBJECTIONS} }} }}"
    ))
    .await
}

#[tokio::test]
async fn courses_are_recommended_for_what_somebody_wants_and_what_they_completed() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let done = tagged(&app, &author, &["rust", "systems"]).await;
    let other = tagged(&app, &author, &["rust"]).await;
    let next = tagged(&app, &author, &[]).await;
    let both = tagged(&app, &author, &["rust", "systems", "web", "gardening"]).await;
    let alike = tagged(&app, &author, &["rust"]).await;
    tagged(&app, &author, &["cooking"]).await;
    require(&author, &next.id, &done.id).await;
    assert_eq!(
        recommended(&learner).await,
        json!([]),
        "nothing is known of them yet"
    );
    complete(&app, &learner, &other).await;
    complete(&app, &learner, &done).await;
    let reply = set(&learner, &[" Web", "web", "gardening"]).await;
    assert_eq!(
        reply.data("/interestsSet/viewer/interests"),
        &json!(["gardening", "web"])
    );
    let none = Value::Null;
    let because = |kind: &str, course: &factory::Course| json!({ "kind": kind, "tag": none, "course": { "id": course.id } });
    let interest = |tag: &str| json!({ "kind": "INTEREST", "tag": tag, "course": none });
    assert_eq!(
        recommended(&learner).await,
        json!([
            { "course": { "id": both.id }, "reasons": [interest("gardening"), interest("web"), because("LIKE_COMPLETED", &done)] },
            { "course": { "id": next.id }, "reasons": [because("CONTINUES", &done)] },
            { "course": { "id": alike.id }, "reasons": [because("LIKE_COMPLETED", &done)] },
        ])
    );
    let few = learner.run_with(OWN, json!({ "first": 1 })).await;
    assert_eq!(few.data("/viewer/recommendations/0/course/id"), &json!(both.id));
    assert_eq!(few.data("/viewer/recommendations").as_array().unwrap().len(), 1);
    for first in [0, 21] {
        let reply = learner.run_with(OWN, json!({ "first": first })).await;
        assert_eq!(reply.codes(), "BAD_USER_INPUT", "{first}");
    }
    enroll(&learner, &both.id).await;
    let left = recommended(&learner).await;
    assert_eq!(left.as_array().unwrap().len(), 2, "they are in it by now: {left}");
}

#[tokio::test]
async fn while_somebody_objects_nothing_is_recommended_and_nothing_of_them_is_read() {
    let app = TestApp::new().await;
    let (author, learner, peer) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = tagged(&app, &author, &["web"]).await;
    for who in [&learner, &peer] {
        assert_eq!(set(who, &["web"]).await.codes(), "");
    }
    let document = "{ viewer { recommendations { reasons { tag } } } }";
    let (_, count) = statements(&app, &learner, document, json!({})).await;
    assert_eq!(count, 2, "the objections, the recommendations");
    let objected = object(&learner, "processingObject").await;
    assert_eq!(objected.codes(), "");
    let viewer = objected.data("/processingObject/viewer");
    assert_eq!(viewer["recommendations"], json!([]));
    let objection = &viewer["processingObjections"][0];
    assert_eq!(
        (&objection["purpose"], &objection["withdrawnAt"]),
        (&json!("PROFILING"), &Value::Null)
    );
    assert!(objection["objectedAt"].is_string());
    let (answer, count) = statements(&app, &learner, document, json!({})).await;
    assert_eq!((&answer["viewer"]["recommendations"], count), (&json!([]), 1));
    let again = object(&learner, "processingObject").await;
    assert_eq!(again.codes(), "INVALID_STATE");
    assert_eq!(
        again.data("/processingObject/userErrors/0/field"),
        &json!(["purpose"])
    );
    let of_peer = recommended(&peer).await;
    assert_eq!(
        of_peer[0]["course"]["id"],
        json!(course.id),
        "who does not object"
    );
    let withdrawn = object(&learner, "processingObjectionWithdraw").await;
    let viewer = withdrawn.data("/processingObjectionWithdraw/viewer");
    assert_eq!(viewer["recommendations"][0]["course"]["id"], json!(course.id));
    assert!(viewer["processingObjections"][0]["withdrawnAt"].is_string());
    assert_eq!(
        object(&learner, "processingObjectionWithdraw").await.codes(),
        "INVALID_STATE"
    );
    let once_more = object(&learner, "processingObject").await;
    let kept = once_more.data("/processingObject/viewer/processingObjections");
    assert_eq!(kept.as_array().unwrap().len(), 2, "the former is kept");
    assert!(kept[0]["withdrawnAt"].is_null() && kept[1]["withdrawnAt"].is_string());
    let own = "{ viewer { processingObjections { purpose } } }";
    let seen = peer.run(own).await;
    assert_eq!(seen.data("/viewer/processingObjections"), &json!([]));
}

#[tokio::test]
async fn interests_that_are_none_are_refused_and_change_nothing() {
    let app = TestApp::new().await;
    let learner = app.learner().await;
    set(&learner, &["web"]).await;
    let (long, many) = ("x".repeat(51), vec!["a"; 21]);
    for (interests, field) in [
        (vec!["web", " "], json!(["interests", "1"])),
        (vec![long.as_str()], json!(["interests", "0"])),
        (many, json!(["interests"])),
    ] {
        let reply = set(&learner, &interests).await;
        assert_eq!(reply.codes(), "INVALID", "{interests:?}");
        assert_eq!(reply.data("/interestsSet/userErrors/0/field"), &field);
    }
    let read = "{ viewer { interests } }";
    assert_eq!(learner.run(read).await.data("/viewer/interests"), &json!(["web"]));
    assert_eq!(set(&app.anonymous(), &["web"]).await.codes(), "UNAUTHENTICATED");
    let cleared = set(&learner, &[]).await;
    assert_eq!(cleared.data("/interestsSet/viewer/interests"), &json!([]));
}

#[tokio::test]
async fn only_what_the_catalogue_of_ones_own_organisations_shows_is_recommended() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let archived = tagged(&app, &author, &["web"]).await;
    let draft = factory::draft_course(&app, &author, 1).await;
    let elsewhere = app.elsewhere().await;
    factory::open(&elsewhere).await;
    tagged(&elsewhere, &elsewhere.member("author").await, &["web"]).await;
    let update =
        "mutation($id: ID!) { courseUpdate(input: {id: $id, tags: [\"web\"]}) { userErrors { code } } }";
    author.run_with(update, json!({ "id": draft.id })).await;
    set(&learner, &["web"]).await;
    assert_eq!(recommended(&learner).await[0]["course"]["id"], json!(archived.id));
    let archive = "mutation($id: ID!) { courseArchive(input: {id: $id}) { userErrors { code } } }";
    let reply = author.run_with(archive, json!({ "id": archived.id })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    assert_eq!(recommended(&learner).await, json!([]));
    set(&author, &["web"]).await;
    assert_eq!(
        recommended(&author).await,
        json!([]),
        "authors see their drafts, and join none"
    );
}

#[tokio::test]
async fn many_recommendations_cost_as_many_statements_as_one() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    set(&learner, &["web"]).await;
    let document =
        "{ viewer { recommendations { course { title } reasons { kind tag course { title } } } } }";
    let mut counted = Vec::new();
    for _ in 0..4 {
        tagged(&app, &author, &["web"]).await;
        tagged(&app, &author, &["web"]).await;
        // The first look takes the new courses into memory.
        statements(&app, &learner, document, json!({})).await;
        let (answer, count) = statements(&app, &learner, document, json!({})).await;
        counted.push((
            answer["viewer"]["recommendations"].as_array().unwrap().len(),
            count,
        ));
    }
    assert_eq!(counted, [(2, 2), (4, 2), (6, 2), (8, 2)]);
}
