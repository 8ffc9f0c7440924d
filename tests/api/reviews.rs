//! What learners say of courses, and who reads it.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{act, enroll, happened, set_terms, statements};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const SET: &str = "mutation($id: ID!, $stars: Int!, $text: String!) { reviewSet(input: {enrollmentId: $id, stars: $stars, text: $text}) { \
    review { id stars text isOwn hiddenReason } userErrors { code field } } }";
const REMOVE: &str = "mutation($id: ID!) { reviewRemove(input: {enrollmentId: $id}) { enrollment { id } userErrors { code field } } }";
const HIDE: &str = "mutation($id: ID!, $reason: String!) { reviewHide(input: {reviewId: $id, reason: $reason}) { review { hiddenReason hiddenAt } \
    userErrors { code field } } }";
const SHOW: &str = "mutation($id: ID!) { reviewShow(input: {reviewId: $id}) { review { hiddenReason } userErrors { code } } }";
const READ: &str = "query($id: ID!) { course(id: $id) { rating { average count } reviews(first: 50) { totalCount \
    nodes { id stars text isOwn hiddenReason member { id } } } } }";

async fn set(who: &Client, enrollment: &str, stars: i32, text: &str) -> Reply {
    who.run_with(SET, json!({ "id": enrollment, "stars": stars, "text": text }))
        .await
}

async fn texts(who: &Client, course: &str) -> Vec<Value> {
    let reply = who.run_with(READ, json!({ "id": course })).await;
    let nodes = reply.data("/course/reviews/nodes").as_array().unwrap().clone();
    assert_eq!(reply.data("/course/reviews/totalCount"), &json!(nodes.len()));
    nodes.into_iter().map(|node| node["text"].clone()).collect()
}

#[tokio::test]
async fn learners_say_what_they_think_once_and_may_think_again() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let (one, other) = (app.learner().await, app.learner().await);
    let (first, second) = (enroll(&one, &course.id).await, enroll(&other, &course.id).await);
    let seen = one.run_with(READ, json!({ "id": course.id })).await;
    assert_eq!(seen.data("/course/rating"), &Value::Null);
    set(&one, &first, 1, "Too short.").await;
    let reply = set(&one, &first, 3, "Short.").await;
    assert_eq!(
        reply.data("/reviewSet/review/isOwn"),
        &json!(true),
        "{:#}",
        reply.body
    );
    set(&other, &second, 4, "Good.").await;
    let seen = one.run_with(READ, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/rating"),
        &json!({ "average": 3.5, "count": 2 })
    );
    assert_eq!(texts(&one, &course.id).await, ["Good.", "Short."]);
    assert_eq!(
        seen.data("/course/reviews/nodes/0/member"),
        &Value::Null,
        "learners know of no other members"
    );
    let seen = owner.run_with(READ, json!({ "id": course.id })).await;
    assert_eq!(
        seen.text("/course/reviews/nodes/0/member/id"),
        other.member.to_string()
    );
    assert_eq!(one.run_with(REMOVE, json!({ "id": first })).await.codes(), "");
    assert_eq!(
        one.run_with(REMOVE, json!({ "id": first })).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(texts(&owner, &course.id).await, ["Good."]);
    assert_eq!(happened(&app, "review.set").await, (3, 3));
    assert_eq!(happened(&app, "review.removed").await, (1, 1));
}

#[tokio::test]
async fn only_who_is_in_a_course_reviews_it_and_for_themselves() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let (learner, peer, owner) = (app.learner().await, app.learner().await, app.owner().await);
    set_terms(&author, &course.id, json!({ "policy": "APPROVAL" })).await;
    let enrollment = enroll(&learner, &course.id).await;
    assert_eq!(
        set(&learner, &enrollment, 5, "").await.codes(),
        "NOT_ENROLLED",
        "asking is not being in it"
    );
    act(&owner, "enrollmentApprove", &enrollment, json!({})).await;
    let stranger = app.elsewhere().await.owner().await;
    for (who, code) in [
        (&owner.client, "FORBIDDEN"),
        (&peer.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(set(who, &enrollment, 5, "").await.codes(), code);
        assert_eq!(
            who.run_with(REMOVE, json!({ "id": enrollment })).await.codes(),
            code
        );
    }
    for (stars, text, field) in [
        (0, "", "stars"),
        (6, "", "stars"),
        (5, &*"x".repeat(5_001), "text"),
    ] {
        let reply = set(&learner, &enrollment, stars, text).await;
        assert_eq!(reply.codes(), "INVALID");
        assert_eq!(reply.data("/reviewSet/userErrors/0/field"), &json!([field]));
    }
    assert_eq!(factory::count(&app, "course_reviews").await, 0);
}

#[tokio::test]
async fn staff_hides_a_review_with_a_reason_and_shows_it_again() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let (learner, peer) = (app.learner().await, app.learner().await);
    let (instructor, other) = (app.member("instructor").await, app.member("instructor").await);
    factory::teaches(&app, instructor.member, &course.id).await;
    let enrollment = enroll(&learner, &course.id).await;
    let reply = set(&learner, &enrollment, 1, "RUDE-CANARY").await;
    let review = reply.text("/reviewSet/review/id").to_owned();
    set(&peer, &enroll(&peer, &course.id).await, 5, "Fine.").await;
    let stranger = app.elsewhere().await.owner().await;
    let hide = |reason: &str| json!({ "id": review, "reason": reason });
    for (who, code) in [
        (&learner.client, "FORBIDDEN"),
        (&other.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        assert_eq!(who.run_with(HIDE, hide("Rude.")).await.codes(), code);
        assert_eq!(who.run_with(SHOW, json!({ "id": review })).await.codes(), code);
    }
    for reason in ["", &"x".repeat(1_001)] {
        assert_eq!(instructor.run_with(HIDE, hide(reason)).await.codes(), "INVALID");
    }
    assert_eq!(texts(&peer, &course.id).await.len(), 2, "nothing was hidden");
    assert_eq!(instructor.run_with(HIDE, hide("Rude.")).await.codes(), "");
    let node = "query($id: ID!) { node(id: $id) { ... on CourseReview { text hiddenReason } } }";
    for (who, sees) in [
        (&instructor, true),
        (&author, true),
        (&learner, true),
        (&peer, false),
        (&other, false),
    ] {
        let who: &Person = who;
        assert_eq!(texts(who, &course.id).await.len(), 1 + usize::from(sees));
        let reply = who.run_with(node, json!({ "id": review })).await;
        assert_eq!(reply.mentions("RUDE-CANARY"), sees, "{:#}", reply.body);
    }
    let seen = peer.run_with(READ, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/rating"),
        &json!({ "average": 5.0, "count": 1 })
    );
    let again = set(&learner, &enrollment, 2, "RUDE-CANARY again").await;
    assert_eq!(
        again.text("/reviewSet/review/hiddenReason"),
        "Rude.",
        "it stays hidden"
    );
    assert_eq!(author.run_with(SHOW, json!({ "id": review })).await.codes(), "");
    assert_eq!(texts(&peer, &course.id).await.len(), 2);
    assert_eq!(happened(&app, "review.hidden").await, (1, 1));
    assert_eq!(happened(&app, "review.shown").await, (1, 1));
}

#[tokio::test]
async fn outsiders_read_no_review_not_even_of_a_public_course() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let learner = app.learner().await;
    let reply = set(&learner, &enroll(&learner, &course.id).await, 5, "REVIEW-CANARY").await;
    let review = reply.text("/reviewSet/review/id").to_owned();
    factory::open(&app).await;
    let stranger = app.elsewhere().await.owner().await;
    for outsider in [&stranger.client, &app.anonymous()] {
        let seen = outsider.run_with(READ, json!({ "id": course.id })).await;
        assert_eq!(
            seen.data("/course"),
            &json!({ "rating": null, "reviews": { "totalCount": 0, "nodes": [] } })
        );
        let found = outsider
            .run_with(
                "query($id: ID!) { node(id: $id) { id } }",
                json!({ "id": review }),
            )
            .await;
        assert_eq!(found.data("/node"), &Value::Null);
    }
}

#[tokio::test]
async fn the_reviews_of_many_courses_cost_as_many_statements_as_those_of_one() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let document = "query($org: ID!) { catalog(filter: {organization: $org}, first: 50) { nodes { rating { average } \
        reviews(first: 5) { totalCount nodes { stars member { name } } } } } }";
    let mut counts = Vec::new();
    for _ in 0..5 {
        let course = factory::published_course(&app, &author, 0).await;
        set(&learner, &enroll(&learner, &course.id).await, 5, "").await;
        let (data, count) = statements(&app, &learner, document, json!({ "org": app.org_id() })).await;
        counts.push(count);
        assert_eq!(data["catalog"]["nodes"].as_array().unwrap().len(), counts.len());
    }
    assert_eq!(
        (counts[0], counts[4]),
        (6, 6),
        "courses; whether they are taught, ratings, reviews, numbers and members of all: {counts:?}"
    );
}
