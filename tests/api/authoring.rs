//! What authors do before learners come.

use super::support::{TestApp, factory};
use serde_json::json;

const CREATE: &str = "mutation($org: ID!, $slug: String!, $key: String) { courseCreate(input: {organizationId: $org, slug: $slug, \
    title: \"A course\", idempotencyKey: $key}) { course { id title state } userErrors { code field message } } }";

#[tokio::test]
async fn an_author_creates_edits_and_publishes_a_course() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 2).await;
    let document = "query($id: ID!) { course(id: $id) { title state modules { id } draft { version modules { title units { title kind \
        questions { text options { key } answerKey { right { choice text } explanation } } } } } } }";
    let before = author.run_with(document, json!({ "id": course.id })).await;
    assert_eq!(before.text("/course/state"), "DRAFT");
    assert_eq!(
        before.data("/course/modules"),
        &json!([]),
        "nothing is published yet"
    );
    let question = "/course/draft/modules/0/units/2/questions/0";
    assert_eq!(
        before.data(&format!("{question}/answerKey/right")),
        &json!([{ "choice": [before.data(&format!("{question}/options/1/key"))], "text": null }])
    );

    let publish = "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { state revision { number } modules { units { id } } } userErrors { code } } }";
    let published = author.run_with(publish, json!({ "id": course.id })).await;
    assert_eq!(published.text("/coursePublish/course/state"), "PUBLISHED");
    assert_eq!(published.data("/coursePublish/course/revision/number"), &json!(1));
    let units: Vec<_> = course
        .texts
        .iter()
        .chain([&course.quiz])
        .map(|id| json!({ "id": id }))
        .collect();
    assert_eq!(
        published.data("/coursePublish/course/modules/0/units"),
        &json!(units),
        "a unit's identity survives publishing"
    );
}

#[tokio::test]
async fn what_authors_edit_reaches_nobody_before_it_is_published() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let edit = "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"CANARY\", summary: \"CANARY\"}) { course { draft { title } } userErrors { code } } }";
    assert_eq!(
        author
            .run_with(edit, json!({ "id": course.id }))
            .await
            .text("/courseUpdate/course/draft/title"),
        "CANARY"
    );
    factory::unit(
        &author,
        &course.module,
        "CANARY",
        json!({ "text": { "body": "CANARY" } }),
    )
    .await;
    let read = "query($id: ID!) { course(id: $id) { title summary draft { title } modules { title units { title ... on TextUnit { body } } } } \
        catalog { nodes { title summary } } }";
    let seen = learner.run_with(read, json!({ "id": course.id })).await;
    assert_eq!(seen.text("/course/title"), "A course");
    assert_eq!(seen.data("/course/draft"), &json!(null));
    assert!(!seen.mentions("CANARY"), "{:#}", seen.body);
}

#[tokio::test]
async fn a_malformed_or_taken_slug_is_refused_and_nothing_is_stored() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let org = app.org_id();
    for slug in ["", "-a", "a-", "A", "a b", "ä", &"a".repeat(64)] {
        let reply = author.run_with(CREATE, json!({ "org": org, "slug": slug })).await;
        assert_eq!(reply.codes(), "INVALID", "{slug}");
        assert_eq!(reply.data("/courseCreate/userErrors/0/field"), &json!(["slug"]));
    }
    assert_eq!(
        author
            .run_with(CREATE, json!({ "org": org, "slug": "rust" }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        author
            .run_with(CREATE, json!({ "org": org, "slug": "rust" }))
            .await
            .codes(),
        "TAKEN"
    );
}

#[tokio::test]
async fn the_same_request_twice_creates_one_course() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let variables = json!({ "org": app.org_id(), "slug": "once", "key": "k1" });
    let first = author.run_with(CREATE, variables.clone()).await;
    let second = author.run_with(CREATE, variables).await;
    assert_eq!(
        first.text("/courseCreate/course/id"),
        second.text("/courseCreate/course/id")
    );
    let other = author
        .run_with(
            CREATE,
            json!({ "org": app.org_id(), "slug": "other", "key": "k1" }),
        )
        .await;
    assert_eq!(other.codes(), "IDEMPOTENCY_MISMATCH");
    let at_once = (0..8).map(|_| {
        author.run_with(
            CREATE,
            json!({ "org": app.org_id(), "slug": "many", "key": "k2" }),
        )
    });
    let replies = futures_util::future::join_all(at_once).await;
    let ids: std::collections::HashSet<_> = replies
        .iter()
        .map(|reply| reply.text("/courseCreate/course/id"))
        .collect();
    assert_eq!(ids.len(), 1, "eight requests at once have one effect");
}

#[tokio::test]
async fn who_may_not_author_is_refused_and_changes_nothing() {
    let app = TestApp::new().await;
    let (author, learner, stranger) = (
        app.member("author").await,
        app.learner().await,
        app.elsewhere().await.owner().await,
    );
    let course = factory::draft_course(&app, &author, 1).await;
    let published = factory::published_course(&app, &author, 1).await;
    let publish = "mutation($id: ID!) { coursePublish(input: {id: $id}) { userErrors { code } } }";
    assert_eq!(
        learner
            .run_with(publish, json!({ "id": course.id }))
            .await
            .codes(),
        "NOT_FOUND",
        "a draft is unseen"
    );
    assert_eq!(
        learner
            .run_with(publish, json!({ "id": published.id }))
            .await
            .codes(),
        "FORBIDDEN",
        "a published course is seen"
    );
    assert_eq!(
        stranger
            .run_with(publish, json!({ "id": published.id }))
            .await
            .codes(),
        "NOT_FOUND"
    );
    assert_eq!(
        app.anonymous()
            .run_with(publish, json!({ "id": published.id }))
            .await
            .codes(),
        "UNAUTHENTICATED"
    );
    let state = author
        .run_with(
            "query($id: ID!) { course(id: $id) { revision { number } } }",
            json!({ "id": published.id }),
        )
        .await;
    assert_eq!(state.data("/course/revision/number"), &json!(1));
}

#[tokio::test]
async fn an_instructor_edits_the_courses_they_teach_and_no_others() {
    let app = TestApp::new().await;
    let (author, instructor) = (app.member("author").await, app.member("instructor").await);
    let (taught, other) = (
        factory::draft_course(&app, &author, 1).await,
        factory::draft_course(&app, &author, 1).await,
    );
    factory::teaches(&app, instructor.member, &taught.id).await;
    let edit = "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Edited\"}) { course { draft { title } viewerCan { update publish } } userErrors { code } } }";
    let edited = instructor.run_with(edit, json!({ "id": taught.id })).await;
    assert_eq!(
        edited.data("/courseUpdate/course/viewerCan"),
        &json!({ "update": true, "publish": false })
    );
    assert_eq!(
        instructor.run_with(edit, json!({ "id": other.id })).await.codes(),
        "NOT_FOUND"
    );
}

#[tokio::test]
async fn an_edit_on_an_old_version_is_refused() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    let edit = "mutation($id: ID!, $version: Int) { courseUpdate(input: {id: $id, title: \"Mine\", expectedVersion: $version}) \
        { course { draft { version } } userErrors { code } } }";
    let version = author
        .run_with(edit, json!({ "id": course.id }))
        .await
        .data("/courseUpdate/course/draft/version")
        .as_i64()
        .unwrap();
    assert_eq!(
        author
            .run_with(edit, json!({ "id": course.id, "version": version }))
            .await
            .codes(),
        ""
    );
    assert_eq!(
        author
            .run_with(edit, json!({ "id": course.id, "version": version }))
            .await
            .codes(),
        "VERSION_CONFLICT"
    );
}

#[tokio::test]
async fn modules_move_and_units_are_placed_where_they_are_asked_to_be() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 1).await;
    let create = "mutation($id: ID!, $title: String!, $at: Int) { moduleCreate(input: {courseId: $id, title: $title, position: $at}) \
        { module { id position } userErrors { code } } }";
    let second = author
        .run_with(create, json!({ "id": course.id, "title": "Second", "at": null }))
        .await;
    assert_eq!(second.data("/moduleCreate/module/position"), &json!(1));
    author
        .run_with(create, json!({ "id": course.id, "title": "Zeroth", "at": 0 }))
        .await
        .data("/moduleCreate/module/id");
    assert_eq!(
        author
            .run_with(create, json!({ "id": course.id, "title": "Far", "at": 9 }))
            .await
            .codes(),
        "INVALID"
    );
    let shift = "mutation($id: ID!, $at: Int!) { moduleMove(input: {id: $id, position: $at}) { module { position } userErrors { code } } }";
    let id = second.text("/moduleCreate/module/id");
    assert_eq!(
        author
            .run_with(shift, json!({ "id": id, "at": 0 }))
            .await
            .data("/moduleMove/module/position"),
        &json!(0)
    );
    assert_eq!(
        author.run_with(shift, json!({ "id": id, "at": 3 })).await.codes(),
        "INVALID"
    );
    let titles = author
        .run_with(
            "query($id: ID!) { course(id: $id) { draft { modules { title } } } }",
            json!({ "id": course.id }),
        )
        .await;
    assert_eq!(
        titles.data("/course/draft/modules"),
        &json!([{ "title": "Second" }, { "title": "Zeroth" }, { "title": "A module" }])
    );
}

#[tokio::test]
async fn an_empty_draft_and_a_quiz_without_questions_cannot_be_published() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let empty = author
        .run_with(CREATE, json!({ "org": app.org_id(), "slug": "empty" }))
        .await;
    let publish =
        "mutation($id: ID!) { coursePublish(input: {id: $id}) { userErrors { code field message } } }";
    let id = empty.text("/courseCreate/course/id");
    assert_eq!(
        author.run_with(publish, json!({ "id": id })).await.codes(),
        "NOTHING_TO_PUBLISH"
    );
    let course = factory::draft_course(&app, &author, 0).await;
    factory::unit(
        &author,
        &course.module,
        "Bare",
        json!({ "quiz": { "questions": [] } }),
    )
    .await;
    let bare = author.run_with(publish, json!({ "id": course.id })).await;
    assert_eq!(
        bare.data("/coursePublish/userErrors"),
        &json!([{ "code": "NOTHING_TO_PUBLISH", "field": ["id"], "message": "The quiz “Bare” has no questions." }])
    );
    let state = author
        .run_with(
            "query($id: ID!) { course(id: $id) { state } }",
            json!({ "id": course.id }),
        )
        .await;
    assert_eq!(state.text("/course/state"), "DRAFT");
}

#[tokio::test]
async fn a_question_that_no_answer_can_get_right_is_refused_and_names_itself() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let option = |text: &str, right: bool| json!({ "text": text, "isRight": right });
    let sound = json!({ "text": "Which word?", "answer": { "shortText": { "accepted": ["mut"] } } });
    let create = "mutation($module: ID!, $questions: [QuestionInput!]!) { unitCreate(input: {moduleId: $module, title: \"A quiz\", \
        content: { quiz: { questions: $questions } }}) { unit { id } userErrors { code field } } }";
    for (answer, kind, field) in [
        (json!([option("one", true)]), "singleChoice", "options"),
        (
            json!([option("one", false), option("two", false)]),
            "singleChoice",
            "options",
        ),
        (
            json!([option("one", true), option("two", true)]),
            "singleChoice",
            "options",
        ),
        (
            json!([option("one", false), option("two", false)]),
            "multipleChoice",
            "options",
        ),
        (json!([]), "shortText", "accepted"),
        (json!([" "]), "shortText", "accepted"),
    ] {
        let answer = json!({ kind: { field: answer } });
        let questions = json!([sound, { "text": "Which?", "answer": answer }]);
        let reply = author
            .run_with(create, json!({ "module": course.module, "questions": questions }))
            .await;
        assert_eq!(reply.codes(), "INVALID", "{questions}");
        assert_eq!(
            reply.data("/unitCreate/userErrors/0/field"),
            &json!(["content", "quiz", "questions", "1", "answer", kind, field])
        );
    }
    assert_eq!(
        factory::count(&app, "draft_units where title = 'A quiz'").await,
        1,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_course_that_is_complete_by_its_quizzes_needs_one() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let created = author
        .run_with(CREATE, json!({ "org": app.org_id(), "slug": "reading" }))
        .await;
    let course = created.text("/courseCreate/course/id").to_owned();
    let module = author
        .run_with(
            "mutation($id: ID!) { moduleCreate(input: {courseId: $id, title: \"A module\"}) { module { id } userErrors { code } } }",
            json!({ "id": course }),
        )
        .await;
    let module = module.text("/moduleCreate/module/id").to_owned();
    factory::unit(&author, &module, "A text", json!({ "text": { "body": "Read." } })).await;
    let rule = "mutation($id: ID!) { courseUpdate(input: {id: $id, completionRule: QUIZZES_PASSED}) { userErrors { code } } }";
    assert_eq!(author.run_with(rule, json!({ "id": course })).await.codes(), "");
    let publish = "mutation($id: ID!) { coursePublish(input: {id: $id}) { userErrors { code } } }";
    assert_eq!(
        author.run_with(publish, json!({ "id": course })).await.codes(),
        "NOTHING_TO_PUBLISH"
    );
}
