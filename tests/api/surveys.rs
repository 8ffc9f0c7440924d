//! Surveys: what a course's staff asks, and who may what with it.

use super::support::learning::{act, enroll, happened, set_terms, statements};
use super::support::operators::{let_in, operator};
use super::support::surveys::{answers, draft, learners, opened, questions, respond, seen, send, waiting};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

#[tokio::test]
async fn a_survey_is_edited_as_a_draft_then_open_then_closed() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    let survey = draft(&author, &course, json!({ "questions": [] })).await;
    let id = json!({ "id": survey });
    let early = respond(learner, enrollment, &survey, &answers(1, 1)).await;
    assert_eq!(early.codes(), "NOT_FOUND", "nobody knows of a draft");
    assert_eq!(seen(learner, &course).await.len(), 0);
    assert_eq!(send(&author, "surveyClose", &id).await.codes(), "INVALID_STATE");
    assert_eq!(
        send(&author, "surveyOpen", &id).await.codes(),
        "INVALID",
        "it asks nothing"
    );
    let edit = json!({ "id": survey, "title": "Other", "questions": questions(), "audience": "COMPLETED", "expectedVersion": 1 });
    let edited = send(&author, "surveyUpdate", &edit).await;
    assert_eq!(
        edited.data("/surveyUpdate/survey/version"),
        &json!(2),
        "{:#}",
        edited.body
    );
    let stale = send(&author, "surveyUpdate", &edit).await;
    assert_eq!(stale.codes(), "VERSION_CONFLICT");
    assert_eq!(stale.text("/surveyUpdate/survey/title"), "Other");
    let stale = send(
        &author,
        "surveyOpen",
        &json!({ "id": survey, "expectedVersion": 1 }),
    )
    .await;
    assert_eq!(stale.codes(), "VERSION_CONFLICT");
    assert_eq!(send(&author, "surveyOpen", &id).await.codes(), "");
    let late = send(&author, "surveyUpdate", &json!({ "id": survey, "title": "Late" })).await;
    assert_eq!(late.codes(), "INVALID_STATE");
    assert_eq!(send(&author, "surveyOpen", &id).await.codes(), "INVALID_STATE");
    let too_early = respond(learner, enrollment, &survey, &answers(1, 1)).await;
    assert_eq!(
        too_early.codes(),
        "INVALID_STATE",
        "it asks who has completed the course"
    );
    assert_eq!(waiting(learner, enrollment).await, 0);
    assert_eq!(send(&author, "surveyClose", &id).await.codes(), "");
    assert_eq!(send(&author, "surveyClose", &id).await.codes(), "INVALID_STATE");
    let closed = respond(learner, enrollment, &survey, &answers(1, 1)).await;
    assert_eq!(closed.codes(), "INVALID_STATE");
    assert_eq!(factory::count(&app, "survey_participants").await, 0);
    assert_eq!(send(&author, "surveyDelete", &id).await.codes(), "");
    assert_eq!(factory::count(&app, "surveys").await, 0);
    for kind in ["created", "updated", "opened", "closed", "deleted"] {
        assert_eq!(happened(&app, &format!("survey.{kind}")).await, (1, 1), "{kind}");
    }
}

#[tokio::test]
async fn questions_that_cannot_be_asked_are_refused_with_their_place() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let choice = |options: Value| json!([{ "kind": "SINGLE_CHOICE", "text": "Which?", "options": options }]);
    let many: Vec<_> = (0..21).map(|n| n.to_string()).collect();
    let questions: Vec<_> = (0..51)
        .map(|_| json!({ "kind": "RATING", "text": "So?" }))
        .collect();
    let cases = [
        (json!({ "title": "" }), json!(["title"])),
        (
            json!({ "description": "x".repeat(2_001) }),
            json!(["description"]),
        ),
        (json!({ "questions": questions }), json!(["questions"])),
        (
            json!({ "questions": [{ "kind": "TEXT", "text": " " }] }),
            json!(["questions", "0", "text"]),
        ),
        (
            json!({ "questions": [{ "kind": "RATING", "text": "So?", "options": ["A", "B"] }] }),
            json!(["questions", "0", "options"]),
        ),
        (
            json!({ "questions": choice(json!(["A"])) }),
            json!(["questions", "0", "options"]),
        ),
        (
            json!({ "questions": choice(json!(["A", "A"])) }),
            json!(["questions", "0", "options"]),
        ),
        (
            json!({ "questions": choice(json!(many)) }),
            json!(["questions", "0", "options"]),
        ),
        (
            json!({ "questions": choice(json!(["A", ""])) }),
            json!(["questions", "0", "options", "1"]),
        ),
    ];
    for (more, field) in cases {
        let mut input = json!({ "courseId": course, "title": "A survey" });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let reply = send(&author, "surveyCreate", &input).await;
        assert_eq!(reply.codes(), "INVALID", "{more}");
        assert_eq!(reply.data("/surveyCreate/userErrors/0/field"), &field, "{more}");
    }
    assert_eq!(factory::count(&app, "surveys").await, 0);
}

#[tokio::test]
async fn only_a_courses_staff_writes_its_surveys_and_only_its_learners_answer() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let (instructor, other) = (app.member("instructor").await, app.member("instructor").await);
    factory::teaches(&app, instructor.member, &course).await;
    let inside = learners(&app, &course, 1).await;
    let (learner, enrollment) = &inside[0];
    let survey = opened(&instructor, &course, json!({})).await;
    respond(learner, enrollment, &survey, &answers(2, 2)).await;
    let (peer, stranger) = (app.learner().await, app.elsewhere().await.owner().await);
    for (who, sees) in [
        (&author, true),
        (&instructor, true),
        (&owner, true),
        (learner, true),
        (&other, false),
        (&peer, false),
    ] {
        assert_eq!(seen(who, &course).await.len(), usize::from(sees), "{sees}");
    }
    for (who, reads) in [
        (&author, false),
        (&instructor, true),
        (&owner, true),
        (learner, false),
    ] {
        let survey = &seen(who, &course).await[0];
        assert_eq!(survey["results"].is_array(), reads, "{survey:#}");
        assert_eq!(survey["responses"]["totalCount"], i32::from(reads));
    }
    let node = "query($id: ID!) { node(id: $id) { id } }";
    let response = seen(&owner, &course).await[0]["responses"]["nodes"][0]["id"].clone();
    for (who, sees) in [
        (&owner.client, [true, true]),
        (&learner.client, [true, true]),
        (&author.client, [true, false]),
        (&peer.client, [false, false]),
        (&stranger.client, [false, false]),
        (&app.anonymous(), [false, false]),
    ] {
        for (id, sees) in [json!(survey), response.clone()].into_iter().zip(sees) {
            let found = who.run_with(node, json!({ "id": id })).await;
            assert_eq!(found.data("/node").is_object(), sees, "{id}");
        }
    }
    for (who, code) in [
        (&learner.client, "FORBIDDEN"),
        (&other.client, "FORBIDDEN"),
        (&stranger.client, "NOT_FOUND"),
        (&app.anonymous(), "UNAUTHENTICATED"),
    ] {
        for mutation in ["surveyUpdate", "surveyOpen", "surveyClose", "surveyDelete"] {
            assert_eq!(
                send(who, mutation, &json!({ "id": survey })).await.codes(),
                code,
                "{mutation}"
            );
        }
        let new = json!({ "courseId": course, "title": "New" });
        assert_eq!(send(who, "surveyCreate", &new).await.codes(), code);
    }
    set_terms(&author, &course, json!({ "policy": "APPROVAL" })).await;
    let asking = enroll(&peer, &course).await;
    assert_eq!(
        respond(&peer, &asking, &survey, &answers(1, 1)).await.codes(),
        "NOT_ENROLLED"
    );
    let elsewhere = factory::published_course(&app, &author, 0).await.id;
    let there = enroll(&peer, &elsewhere).await;
    assert_eq!(
        respond(&peer, &there, &survey, &answers(1, 1)).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(
        respond(&peer, enrollment, &survey, &answers(1, 1)).await.codes(),
        "NOT_FOUND"
    );
    assert_eq!(
        respond(&owner, enrollment, &survey, &answers(1, 1)).await.codes(),
        "FORBIDDEN"
    );
    act(learner, "enrollmentWithdraw", enrollment, json!({})).await;
    assert_eq!(
        seen(learner, &course).await.len(),
        0,
        "who has left is asked nothing"
    );
    assert_eq!(factory::count(&app, "survey_responses").await, 1);
}

#[tokio::test]
async fn under_a_grant_that_names_learning_records_survey_results_are_read_and_no_manager_of_a_group_reads_them()
 {
    let app = TestApp::new().await;
    let (author, owner, manager) = (
        app.member("author").await,
        app.owner().await,
        app.member("manager").await,
    );
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    factory::group(&app, manager.member, &[learner.member]).await;
    let survey = opened(&author, &course, json!({})).await;
    respond(learner, enrollment, &survey, &answers(2, 2)).await;
    let (editor, reader) = (operator(&app).await, operator(&app).await);
    let_in(&app, &owner, &editor, &["COURSES_READ", "COURSES_UPDATE"]).await;
    let_in(&app, &owner, &reader, &["COURSES_READ", "LEARNING_RECORDS_READ"]).await;
    let none = "query($id: ID!) { course(id: $id) { surveys { id } } }";
    let outside = operator(&app).await.run_with(none, json!({ "id": course })).await;
    assert_eq!(outside.data("/course"), &Value::Null);
    for (who, sees, reads) in [
        (&manager.client, false, false),
        (&editor.client, true, false),
        (&reader.client, true, true),
    ] {
        let surveys = seen(who, &course).await;
        assert_eq!(surveys.len(), usize::from(sees));
        if let Some(survey) = surveys.first() {
            assert_eq!(survey["results"].is_array(), reads);
            assert_eq!(survey["responses"]["totalCount"], i32::from(reads));
        }
    }
    for (who, code) in [(&reader.client, "FORBIDDEN"), (&editor.client, "")] {
        assert_eq!(
            send(who, "surveyClose", &json!({ "id": survey })).await.codes(),
            code
        );
    }
}

#[tokio::test]
async fn what_was_answered_is_deleted_by_who_may_read_it() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let course = factory::published_course(&app, &author, 0).await.id;
    let learners = learners(&app, &course, 1).await;
    let (learner, enrollment) = &learners[0];
    let survey = opened(&author, &course, json!({})).await;
    respond(learner, enrollment, &survey, &answers(2, 2)).await;
    let id = json!({ "id": survey });
    assert_eq!(send(&author, "surveyDelete", &id).await.codes(), "IN_USE");
    let stale = json!({ "id": survey, "expectedVersion": 1 });
    assert_eq!(
        send(&owner, "surveyDelete", &stale).await.codes(),
        "VERSION_CONFLICT"
    );
    assert_eq!(factory::count(&app, "survey_responses").await, 1);
    assert_eq!(send(&owner, "surveyDelete", &id).await.codes(), "");
    assert_eq!(factory::count(&app, "survey_responses").await, 0);
}

#[tokio::test]
async fn the_copy_of_a_course_asks_the_same_once_somebody_opens_it() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    draft(&author, &course, json!({ "title": "First", "questions": [] })).await;
    opened(
        &author,
        &course,
        json!({ "title": "Second", "isAnonymous": true }),
    )
    .await;
    let duplicate = "mutation($id: ID!) { courseDuplicate(input: {id: $id, slug: \"copy\", title: \"A copy\"}) { course { id \
        surveys { title state isAnonymous questions { number } } } userErrors { code } } }";
    let copied = author.run_with(duplicate, json!({ "id": course })).await;
    let asked = [1, 2, 3, 4].map(|number| json!({ "number": number }));
    assert_eq!(
        copied.data("/courseDuplicate/course/surveys"),
        &json!([
            { "title": "First", "state": "DRAFT", "isAnonymous": false, "questions": [] },
            { "title": "Second", "state": "DRAFT", "isAnonymous": true, "questions": asked },
        ]),
        "{:#}",
        copied.body
    );
    assert_eq!(seen(&author, &course).await[1]["state"], "OPEN");
}

#[tokio::test]
async fn a_course_has_at_most_fifty_surveys() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await.id;
    let survey = draft(&author, &course, json!({})).await;
    let copies = "insert into surveys (org_id, id, course_id, title, description, questions, audience, is_anonymous) \
        select org_id, gen_random_uuid(), course_id, title, description, questions, audience, is_anonymous from surveys, generate_series(1, 49)";
    factory::change(&app, copies).await;
    let new = json!({ "courseId": course, "title": "One more" });
    assert_eq!(send(&author, "surveyCreate", &new).await.codes(), "LIMIT_REACHED");
    assert_eq!(
        send(&author, "surveyDelete", &json!({ "id": survey }))
            .await
            .codes(),
        ""
    );
    assert_eq!(send(&author, "surveyCreate", &new).await.codes(), "");
}

#[tokio::test]
async fn the_surveys_of_many_courses_cost_as_many_statements_as_those_of_one() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let document = "{ viewer { enrollments(first: 50) { nodes { waitingSurveys { id viewerHasResponded } course { surveys { results { answerCount } \
        responses(first: 5) { nodes { id member { id } } } } } } } } }";
    let mut counts = Vec::new();
    for _ in 0..3 {
        let course = factory::published_course(&app, &author, 0).await.id;
        let enrollment = enroll(&owner, &course).await;
        let survey = opened(&author, &course, json!({})).await;
        respond(&owner, &enrollment, &survey, &answers(4, 2)).await;
        opened(&author, &course, json!({})).await;
        let (_, count) = statements(&app, &owner, document, json!({})).await;
        counts.push(count);
    }
    assert_eq!(counts[1], counts[2], "{counts:?}");
}
