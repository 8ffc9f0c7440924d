//! What becomes of courses as a whole: reviews, the archive, copies.

use super::support::app::Person;
use super::support::client::Reply;
use super::support::{TestApp, banks, factory};
use serde_json::{Value, json};

async fn hand_in(person: &Person, course: &str) -> Reply {
    let document = "mutation($id: ID!) { courseSubmitForReview(input: {id: $id, note: \"Look at the quiz.\"}) { course { state draft { version \
        review { state version isCurrent note requestedBy { id } decidedBy { id } } } } userErrors { code message } } }";
    person.run_with(document, json!({ "id": course })).await
}

async fn decide(person: &Person, course: &str, decision: &str) -> Reply {
    let document = "mutation($id: ID!, $decision: ReviewDecision!) { courseReviewDecide(input: {id: $id, decision: $decision}) \
        { course { state draft { review { state note decidedBy { id } } } } userErrors { code message } } }";
    person
        .run_with(document, json!({ "id": course, "decision": decision }))
        .await
}

async fn publish(person: &Person, course: &str) -> Reply {
    let document = "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { state draft { review { state } } } userErrors { code } } }";
    person.run_with(document, json!({ "id": course })).await
}

async fn edit(person: &Person, course: &str, changes: Value) -> Reply {
    let mut input = changes;
    input["id"] = json!(course);
    let document = "mutation($input: CourseUpdateInput!) { courseUpdate(input: $input) { course { draft { requiresReview version } } userErrors { code } } }";
    person.run_with(document, json!({ "input": input })).await
}

async fn state(person: &Person, course: &str) -> String {
    let document = "query($id: ID!) { course(id: $id) { state } }";
    person
        .run_with(document, json!({ "id": course }))
        .await
        .text("/course/state")
        .to_owned()
}

#[tokio::test]
async fn a_course_that_requires_review_is_published_once_somebody_else_approved_it() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let course = factory::draft_course(&app, &one, 1).await.id;
    assert_eq!(
        edit(&one, &course, json!({ "requiresReview": true }))
            .await
            .codes(),
        ""
    );
    assert_eq!(publish(&one, &course).await.codes(), "REVIEW_REQUIRED");
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "INVALID_STATE");

    let handed_in = hand_in(&one, &course).await;
    assert_eq!(handed_in.text("/courseSubmitForReview/course/state"), "IN_REVIEW");
    let review = handed_in.data("/courseSubmitForReview/course/draft/review");
    assert_eq!(
        (&review["state"], &review["isCurrent"], &review["note"]),
        (&json!("REQUESTED"), &json!(true), &json!("Look at the quiz."))
    );
    assert_eq!(review["requestedBy"]["id"], one.member.to_string());
    assert_eq!(publish(&one, &course).await.codes(), "REVIEW_REQUIRED");
    assert_eq!(decide(&one, &course, "APPROVE").await.codes(), "OWN_WORK");

    let approved = decide(&two, &course, "APPROVE").await;
    let review = approved.data("/courseReviewDecide/course/draft/review");
    assert_eq!(review["state"], "APPROVED");
    assert_eq!(review["decidedBy"]["id"], two.member.to_string());
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "INVALID_STATE");
    let published = publish(&one, &course).await;
    assert_eq!(
        published.data("/coursePublish/course"),
        &json!({ "state": "PUBLISHED", "draft": { "review": null } })
    );
}

#[tokio::test]
async fn an_edit_leaves_an_approval_behind() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let course = factory::draft_course(&app, &one, 1).await.id;
    edit(&one, &course, json!({ "requiresReview": true })).await;
    hand_in(&one, &course).await;
    edit(&one, &course, json!({ "title": "Sneaked in" })).await;
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "INVALID_STATE");
    hand_in(&one, &course).await;
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "");
    edit(&one, &course, json!({ "title": "Sneaked in later" })).await;
    assert_eq!(publish(&one, &course).await.codes(), "REVIEW_REQUIRED");
    assert_eq!(state(&one, &course).await, "IN_REVIEW");
}

#[tokio::test]
async fn an_edit_in_a_bank_that_a_quiz_draws_from_leaves_an_approval_behind() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let bank = banks::bank(&app, &one).await;
    let drawn = banks::question(&one, &bank, banks::short("Drawn", "right"), &[]).await;
    let pools = json!([{ "bankId": bank, "draw": 1 }]);
    let course = banks::draft(&app, &one, pools).await.id;
    edit(&one, &course, json!({ "requiresReview": true })).await;
    let correct = async |right: &str| {
        let question = banks::short("Drawn", right);
        let input = json!({ "id": drawn, "question": question });
        one.does("questionUpdate", input).await;
    };
    assert_eq!(hand_in(&one, &course).await.codes(), "");
    correct("sneaked in").await;
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "INVALID_STATE");
    let asked = decide(&two, &course, "REQUEST_CHANGES").await;
    assert_eq!(asked.codes(), "", "changes are asked for of what was edited too");
    assert_eq!(hand_in(&one, &course).await.codes(), "");
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "");
    correct("sneaked in later").await;
    assert_eq!(publish(&one, &course).await.codes(), "REVIEW_REQUIRED");
    assert_eq!(state(&one, &course).await, "IN_REVIEW");
    assert_eq!(hand_in(&one, &course).await.codes(), "");
    assert_eq!(decide(&two, &course, "APPROVE").await.codes(), "");
    assert_eq!(publish(&one, &course).await.codes(), "");
}

#[tokio::test]
async fn a_draft_that_needs_changes_goes_back_to_its_author() {
    let app = TestApp::new().await;
    let (one, two) = (app.member("author").await, app.member("author").await);
    let course = factory::draft_course(&app, &one, 1).await.id;
    hand_in(&one, &course).await;
    let back = decide(&two, &course, "REQUEST_CHANGES").await;
    assert_eq!(back.text("/courseReviewDecide/course/state"), "DRAFT");
    assert_eq!(
        back.text("/courseReviewDecide/course/draft/review/state"),
        "CHANGES_REQUESTED"
    );
    let empty = "mutation($org: ID!) { courseCreate(input: {organizationId: $org, slug: \"empty\", title: \"Empty\"}) { course { id } } }";
    let empty = one.run_with(empty, json!({ "org": app.org_id() })).await;
    assert_eq!(
        hand_in(&one, empty.text("/courseCreate/course/id")).await.codes(),
        "NOTHING_TO_PUBLISH"
    );
    assert_eq!(publish(&one, &course).await.codes(), "", "no review is required");
}

#[tokio::test]
async fn an_instructor_hands_in_what_they_teach_and_decides_nothing() {
    let app = TestApp::new().await;
    let (author, instructor) = (app.member("author").await, app.member("instructor").await);
    let course = factory::draft_course(&app, &author, 1).await.id;
    factory::teaches(&app, instructor.member, &course).await;
    assert_eq!(hand_in(&instructor, &course).await.codes(), "");
    assert_eq!(decide(&instructor, &course, "APPROVE").await.codes(), "FORBIDDEN");
    let lax = edit(&instructor, &course, json!({ "requiresReview": false })).await;
    assert_eq!(lax.codes(), "FORBIDDEN");
}

#[tokio::test]
async fn an_archived_course_takes_nobody_and_takes_nothing_from_its_learners() {
    let app = TestApp::new().await;
    let (author, learner, late) = (
        app.member("author").await,
        app.learner().await,
        app.learner().await,
    );
    let course = factory::published_course(&app, &author, 1).await;
    let enroll =
        "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id } userErrors { code } } }";
    let enrolled = learner.run_with(enroll, json!({ "id": course.id })).await;
    let archive =
        "mutation($id: ID!) { courseArchive(input: {id: $id}) { course { state } userErrors { code } } }";
    let archived = author.run_with(archive, json!({ "id": course.id })).await;
    assert_eq!(archived.text("/courseArchive/course/state"), "ARCHIVED");
    assert_eq!(
        author.run_with(archive, json!({ "id": course.id })).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(publish(&author, &course.id).await.codes(), "INVALID_STATE");
    assert_eq!(hand_in(&author, &course.id).await.codes(), "INVALID_STATE");
    assert_eq!(
        late.run_with(enroll, json!({ "id": course.id })).await.codes(),
        "NOT_FOUND"
    );
    let read = "query($id: ID!, $course: ID!, $org: ID!) { enrollment(id: $id) { course { title modules { units { id } } } } course(id: $course) { id } \
        catalog(filter: {organization: $org}) { nodes { id } } }";
    let enrollment = enrolled.text("/enroll/enrollment/id");
    let seen = learner
        .run_with(
            read,
            json!({ "id": enrollment, "course": course.id, "org": app.org_id() }),
        )
        .await;
    assert_eq!(seen.data("/course"), &json!(null));
    assert_eq!(seen.data("/catalog/nodes"), &json!([]));
    let units = seen
        .data("/enrollment/course/modules/0/units")
        .as_array()
        .unwrap();
    assert_eq!(units.len(), 2);

    let restore =
        "mutation($id: ID!) { courseRestore(input: {id: $id}) { course { state } userErrors { code } } }";
    let restored = author.run_with(restore, json!({ "id": course.id })).await;
    assert_eq!(restored.text("/courseRestore/course/state"), "PUBLISHED");
    assert_eq!(
        author.run_with(restore, json!({ "id": course.id })).await.codes(),
        "INVALID_STATE"
    );
    assert_eq!(
        late.run_with(enroll, json!({ "id": course.id })).await.codes(),
        ""
    );
}

#[tokio::test]
async fn a_copy_has_all_of_a_draft_and_identities_of_its_own() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 2).await;
    edit(&author, &course.id, json!({ "completionRule": "QUIZZES_PASSED" })).await;
    let duplicate = "mutation($id: ID!, $slug: String!) { courseDuplicate(input: {id: $id, slug: $slug, title: \"A copy\"}) \
        { course { id slug title state draft { title version } } userErrors { code field } } }";
    let copied = author
        .run_with(duplicate, json!({ "id": course.id, "slug": "copy" }))
        .await;
    let copy = copied.text("/courseDuplicate/course/id");
    assert_eq!(
        copied.data("/courseDuplicate/course"),
        &json!({ "id": copy, "slug": "copy", "title": "A copy", "state": "DRAFT", "draft": { "title": "A copy", "version": 1 } })
    );
    let again = author
        .run_with(duplicate, json!({ "id": course.id, "slug": "copy" }))
        .await;
    assert_eq!(again.codes(), "TAKEN");

    let tree = "query($id: ID!) { course(id: $id) { draft { summary completionRule modules { title units { title kind body policy { passPercent } \
        questions { text options { text } answerKey { right { text } } } } } } } }";
    let original = author.run_with(tree, json!({ "id": course.id })).await;
    let twin = author.run_with(tree, json!({ "id": copy })).await;
    assert_eq!(original.body["data"], twin.body["data"]);
    let ids =
        "query($id: ID!) { course(id: $id) { draft { modules { id units { id questions { id } } } } } }";
    let original = author.run_with(ids, json!({ "id": course.id })).await;
    let twin = author.run_with(ids, json!({ "id": copy })).await;
    let flat = |reply: &Reply| -> Vec<String> {
        let text = reply.body["data"].to_string();
        text.split('"')
            .filter(|part| part.contains('_'))
            .map(str::to_owned)
            .collect()
    };
    let (original, twin) = (flat(&original), flat(&twin));
    assert!(original.len() > 4 && original.len() == twin.len());
    assert!(twin.iter().all(|id| !original.contains(id)));
    assert_eq!(publish(&author, copy).await.codes(), "");
}
