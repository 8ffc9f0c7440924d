//! What learners keep for themselves.

use super::support::client::{Client, Reply};
use super::support::learning::{act, enroll, happened, statements};
use super::support::{TestApp, factory};
use serde_json::json;

const SET: &str = "mutation($enrollment: ID!, $unit: ID!, $note: String!) { bookmarkSet(input: {enrollmentId: $enrollment, unitId: $unit, note: $note}) { \
    enrollment { bookmarks { note unit { id } } } userErrors { code field message } } }";
const REMOVE: &str = "mutation($enrollment: ID!, $unit: ID!) { bookmarkRemove(input: {enrollmentId: $enrollment, unitId: $unit}) { \
    enrollment { bookmarks { note } } userErrors { code field } } }";
const OWN: &str = "query($first: Int, $after: String) { viewer { bookmarks(first: $first, after: $after) { totalCount \
    pageInfo { hasNextPage endCursor } nodes { note unit { id } enrollment { id } } } } }";

async fn set(who: &Client, enrollment: &str, unit: &str, note: &str) -> Reply {
    let variables = json!({ "enrollment": enrollment, "unit": unit, "note": note });
    who.run_with(SET, variables).await
}

async fn remove(who: &Client, enrollment: &str, unit: &str) -> Reply {
    who.run_with(REMOVE, json!({ "enrollment": enrollment, "unit": unit }))
        .await
}

#[tokio::test]
async fn a_learner_keeps_units_with_notes() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 2).await;
    let enrollment = enroll(&learner, &course.id).await;
    let reply = set(&learner, &enrollment, &course.texts[0], "first").await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    set(&learner, &enrollment, &course.quiz, "").await;
    let reply = set(&learner, &enrollment, &course.texts[0], "better").await;
    assert_eq!(
        reply.data("/bookmarkSet/enrollment/bookmarks"),
        &json!([{ "note": "", "unit": { "id": course.quiz } }, { "note": "better", "unit": { "id": course.texts[0] } }])
    );
    let own = learner.run_with(OWN, json!({ "first": 1 })).await;
    assert_eq!(own.data("/viewer/bookmarks/totalCount"), &json!(2));
    assert_eq!(
        own.data("/viewer/bookmarks/nodes"),
        &json!([{ "note": "", "unit": { "id": course.quiz }, "enrollment": { "id": enrollment } }])
    );
    let cursor = own.text("/viewer/bookmarks/pageInfo/endCursor");
    let next = learner
        .run_with(OWN, json!({ "first": 1, "after": cursor }))
        .await;
    assert_eq!(next.data("/viewer/bookmarks/nodes/0/note"), &json!("better"));
    assert_eq!(next.data("/viewer/bookmarks/pageInfo/hasNextPage"), &json!(false));
    let reply = remove(&learner, &enrollment, &course.quiz).await;
    assert_eq!(
        reply.data("/bookmarkRemove/enrollment/bookmarks"),
        &json!([{ "note": "better" }])
    );
    assert_eq!(
        remove(&learner, &enrollment, &course.quiz).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(happened(&app, "bookmark.set").await, (3, 3));
    assert_eq!(happened(&app, "bookmark.removed").await, (1, 1));
    act(&learner, "enrollmentWithdraw", &enrollment, json!({})).await;
    assert_eq!(
        set(&learner, &enrollment, &course.texts[1], "").await.codes(),
        "NOT_ENROLLED"
    );
    assert_eq!(
        remove(&learner, &enrollment, &course.texts[0]).await.codes(),
        "",
        "what is mine I remove"
    );
}

#[tokio::test]
async fn nobody_else_reads_or_writes_a_bookmark() {
    let app = TestApp::new().await;
    let (author, learner, owner) = (app.member("author").await, app.learner().await, app.owner().await);
    let (course, other) = (
        factory::published_course(&app, &author, 1).await,
        factory::published_course(&app, &author, 1).await,
    );
    let enrollment = enroll(&learner, &course.id).await;
    set(&learner, &enrollment, &course.texts[0], "NOTE-CANARY").await;
    let instructor = app.member("instructor").await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let stranger = app.elsewhere().await.owner().await;
    let (peer, anonymous) = (app.learner().await, app.anonymous());
    let read = "query($id: ID!) { enrollment(id: $id) { bookmarks { note } } viewer { bookmarks(first: 9) { totalCount nodes { note } } } }";
    for (who, code) in [
        (&owner.client, "FORBIDDEN"),
        (&instructor.client, "FORBIDDEN"),
        (&peer.client, "NOT_FOUND"),
        (&stranger.client, "NOT_FOUND"),
        (&anonymous, "UNAUTHENTICATED"),
    ] {
        assert_eq!(set(who, &enrollment, &course.texts[0], "x").await.codes(), code);
        assert_eq!(remove(who, &enrollment, &course.texts[0]).await.codes(), code);
        let seen = who.run_with(read, json!({ "id": enrollment })).await;
        assert!(!seen.mentions("NOTE-CANARY"), "{:#}", seen.body);
    }
    for (unit, note, code, field) in [
        (&other.texts[0], "", "NOT_FOUND", "unitId"),
        (&course.module, "", "NOT_FOUND", "unitId"),
        (&course.texts[0], &*"x".repeat(2_001), "INVALID", "note"),
    ] {
        let reply = set(&learner, &enrollment, unit, note).await;
        assert_eq!(reply.codes(), code);
        assert_eq!(reply.data("/bookmarkSet/userErrors/0/field"), &json!([field]));
    }
    let seen = learner.run_with(read, json!({ "id": enrollment })).await;
    assert_eq!(
        seen.data("/enrollment/bookmarks"),
        &json!([{ "note": "NOTE-CANARY" }])
    );
    assert_eq!(seen.data("/viewer/bookmarks/totalCount"), &json!(1));
}

#[tokio::test]
async fn a_page_of_bookmarks_costs_the_same_for_one_and_for_many() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let document = "{ viewer { bookmarks(first: 50) { totalCount nodes { note unit { title } enrollment { state } } } \
        enrollments(first: 50) { nodes { bookmarks { note } } } } }";
    let mut counts = Vec::new();
    for _ in 0..5 {
        let course = factory::published_course(&app, &author, 2).await;
        let enrollment = enroll(&learner, &course.id).await;
        for unit in &course.texts {
            set(&learner, &enrollment, unit, "").await;
        }
        let (data, count) = statements(&app, &learner, document, json!({})).await;
        counts.push(count);
        assert_eq!(data["viewer"]["bookmarks"]["totalCount"], json!(counts.len() * 2));
    }
    assert_eq!(
        (counts[0], counts[4]),
        (5, 5),
        "bookmarks, their number, enrolments twice, bookmarks of those: {counts:?}"
    );
}

#[tokio::test]
async fn who_is_anonymised_leaves_no_bookmark_behind_and_no_word_of_a_review() {
    let app = TestApp::new().await;
    let (author, learner, owner) = (app.member("author").await, app.learner().await, app.owner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let enrollment = enroll(&learner, &course.id).await;
    set(&learner, &enrollment, &course.texts[0], "NOTE-CANARY").await;
    let review = "mutation($id: ID!) { reviewSet(input: {enrollmentId: $id, stars: 4, text: \"REVIEW-CANARY\"}) { userErrors { code } } }";
    assert_eq!(
        learner
            .run_with(review, json!({ "id": enrollment }))
            .await
            .codes(),
        ""
    );
    let offboard = "mutation($input: MembershipOffboardInput!) { membershipOffboard(input: $input) { memberExport { document } userErrors { code message } } }";
    let member = learner.member.to_string();
    let input = |policy: &str| json!({ "input": { "memberId": member, "policy": policy } });
    let exported = owner.run_with(offboard, input("EXPORT")).await;
    assert!(exported.mentions("REVIEW-CANARY"), "{:#}", exported.body);
    assert!(
        !exported.mentions("NOTE-CANARY"),
        "a note is nobody's but the learner's"
    );
    assert_eq!(owner.run_with(offboard, input("ANONYMISE")).await.codes(), "");
    assert_eq!(factory::count(&app, "bookmarks").await, 0);
    assert_eq!(
        factory::count(&app, "course_reviews where text = '' and stars = 4").await,
        1
    );
    assert_eq!(happened(&app, "member.offboarded").await, (2, 2));
    let rating = "query($id: ID!) { course(id: $id) { rating { average count } reviews(first: 5) { nodes { stars text } } } }";
    let seen = owner.run_with(rating, json!({ "id": course.id })).await;
    assert_eq!(
        seen.data("/course/rating"),
        &json!({ "average": 4.0, "count": 1 })
    );
    assert_eq!(
        seen.data("/course/reviews/nodes"),
        &json!([{ "stars": 4, "text": "" }])
    );
}
