//! Who sees attempts, in which order, and when a review opens.

use super::support::app::Person;
use super::support::client::Client;
use super::support::learning::{enroll, statements};
use super::support::quiz::{self, Sitting, read};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const QUESTIONS: [&str; 4] = ["One", "Many", "Word", "Program"];

fn texts(attempt: &Value) -> Vec<&str> {
    let items = attempt["items"].as_array().unwrap();
    items.iter().map(|item| item["text"].as_str().unwrap()).collect()
}

fn options(attempt: &Value, question: &str) -> Vec<String> {
    let items = attempt["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["text"] == question).unwrap();
    let options = item["options"].as_array().unwrap();
    options
        .iter()
        .map(|option| option["text"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_review_opens_when_the_quizs_policy_says() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    for (policy, failed, passed) in [
        ("NEVER", false, false),
        ("AFTER_SUBMISSION", true, true),
        ("AFTER_PASSING", false, true),
    ] {
        let course = quiz::course(&app, &author, 0, json!({ "review": policy })).await;
        for (answered, open) in [(&QUESTIONS[..1], failed), (&QUESTIONS[..], passed)] {
            let sitting = Sitting::new(&app, &course).await;
            sitting.answer(answered).await;
            let reply = sitting.submit().await;
            assert_eq!(reply.mentions("CANARY"), open, "{policy} {answered:?}");
            let items = reply.data("/attemptSubmit/attempt/items").as_array().unwrap();
            assert!(
                items.iter().all(|item| item["review"].is_null() != open),
                "{policy}"
            );
            if open {
                let right = sitting.option("One", "right");
                let review = json!({ "isRight": true, "points": 1, "explanation": "CANARY one",
                    "right": [{ "choices": [right], "text": null, "compiles": null, "stdout": null, "line": null }] });
                assert_eq!(items[0]["review"], review);
            }
        }
    }
}

#[tokio::test]
async fn before_the_review_nothing_that_a_learner_can_ask_for_tells_what_is_right() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = quiz::course(&app, &author, 1, json!({})).await;
    let sitting = Sitting::new(&app, &course).await;
    sitting.answer(&QUESTIONS).await;
    let document = format!(
        "query($attempt: ID!, $course: ID!, $quiz: ID!, $enrollment: ID!) {{ \
         attempt(id: $attempt) {{ {} }} again: node(id: $attempt) {{ ... on Attempt {{ items {{ review {{ explanation right {{ text }} }} }} }} }} \
         course(id: $course) {{ title summary draft {{ modules {{ units {{ questions {{ answerKey {{ explanation }} }} }} }} }} \
         modules {{ units {{ title ... on TextUnit {{ body }} ... on QuizUnit {{ policy {{ review }} questionCount }} }} }} }} \
         node(id: $quiz) {{ id }} enrollment(id: $enrollment) {{ attempts {{ nodes {{ points items {{ review {{ isRight }} }} }} }} }} }}",
        quiz::ATTEMPT
    );
    let reply = sitting
        .learner
        .run_with(
            &document,
            json!({ "attempt": sitting.attempt, "course": course.id, "quiz": course.quiz, "enrollment": sitting.enrollment }),
        )
        .await;
    assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
    assert!(!reply.mentions("CANARY"), "{:#}", reply.body);
    assert!(!reply.mentions("isRight\":true") && !reply.mentions("isRight\":false"));
    assert_eq!(reply.data("/attempt/points"), &json!(null));
    let instructor = app.member("instructor").await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let seen = read(&instructor, &sitting.attempt).await.to_string();
    assert!(
        !seen.contains("CANARY"),
        "the review is closed to everybody: authors have the draft"
    );
}

#[tokio::test]
async fn each_attempt_has_an_order_of_its_own_and_keeps_it() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({ "shuffleQuestions": true })).await;
    let mut orders = std::collections::HashSet::new();
    let mut keys = std::collections::HashSet::new();
    for _ in 0..8 {
        let sitting = Sitting::new(&app, &course).await;
        let own = (texts(&sitting.started), options(&sitting.started, "One"));
        let again = sitting.read().await;
        assert_eq!((texts(&again), options(&again, "One")), own);
        let staff = read(&owner, &sitting.attempt).await;
        assert_eq!(
            texts(&staff),
            QUESTIONS,
            "staff see the author's order while it is open"
        );
        assert_eq!(options(&staff, "One"), ["right", "wrong", "false", "bad"]);
        sitting.submit().await;
        let staff = read(&owner, &sitting.attempt).await;
        assert_eq!(
            (texts(&staff), options(&staff, "One")),
            own,
            "and the learner's afterwards"
        );
        keys.insert(sitting.option("One", "right").to_string());
        orders.insert(format!("{own:?}"));
    }
    assert!(orders.len() > 4, "{orders:?}");
    assert_eq!(keys.len(), 1, "an option's key is the same wherever it stands");
    let key = keys.into_iter().next().unwrap();
    assert!(
        key.len() == 14 && !key.contains("o1"),
        "and does not tell where: {key}"
    );
}

#[tokio::test]
async fn attempts_are_seen_by_those_whom_learning_records_reach() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let (course, other) = (
        quiz::course(&app, &author, 0, json!({})).await,
        quiz::course(&app, &author, 0, json!({})).await,
    );
    let sitting = Sitting::new(&app, &course).await;
    let elsewhere = Sitting::new(&app, &other).await;
    sitting.answer(&["Word"]).await;
    let (owner, teacher, manager) = (
        app.owner().await,
        app.member("instructor").await,
        app.member("manager").await,
    );
    let (other_teacher, other_manager) = (app.member("instructor").await, app.member("manager").await);
    factory::teaches(&app, teacher.member, &course.id).await;
    factory::teaches(&app, other_teacher.member, &other.id).await;
    factory::group(&app, manager.member, &[sitting.learner.member]).await;
    factory::group(&app, other_manager.member, &[elsewhere.learner.member]).await;
    let stranger = app.elsewhere().await.owner().await;
    let anonymous = app.anonymous();
    let cases: [(&Client, bool, &str); 9] = [
        (&sitting.learner.client, true, "the learner"),
        (&owner.client, true, "an owner"),
        (&teacher.client, true, "who teaches the course"),
        (&manager.client, true, "who manages the learner"),
        (&elsewhere.learner.client, false, "another learner"),
        (&other_teacher.client, false, "who teaches another course"),
        (&other_manager.client, false, "who manages other learners"),
        (&stranger.client, false, "another academy's owner"),
        (&anonymous, false, "nobody"),
    ];
    let document = "query($id: ID!, $org: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } \
        organization: node(id: $org) { ... on Organization { attempts(first: 50) { totalCount nodes { id } } } } }";
    for (who, sees, name) in cases {
        let attempt = read(who, &sitting.attempt).await;
        assert_eq!(!attempt.is_null(), sees, "{name}");
        let reply = who
            .run_with(document, json!({ "id": sitting.attempt, "org": app.org_id() }))
            .await;
        assert_eq!(reply.data("/node").is_null(), !sees, "{name}");
        assert_eq!(reply.data("/nodes/0").is_null(), !sees, "{name}");
        assert_eq!(reply.mentions(&sitting.attempt), sees, "{name}: {:#}", reply.body);
        if sees {
            assert_eq!(attempt["items"][2]["answer"]["text"], " MUT ", "{name}");
        }
        let page = reply.data("/organization");
        if let Some(page) = page.get("attempts") {
            assert_eq!(
                page["totalCount"],
                page["nodes"].as_array().unwrap().len(),
                "{name}"
            );
        }
    }
}

const LIST: &str = "query($org: ID!, $filter: AttemptFilter, $first: Int, $after: String, $last: Int, $before: String) { \
    node(id: $org) { ... on Organization { attempts(filter: $filter, first: $first, after: $after, last: $last, before: $before) { \
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } nodes { id } } } } }";

async fn listed(app: &TestApp, who: &Person, variables: Value) -> (Vec<Value>, Value) {
    let mut variables = variables;
    variables["org"] = json!(app.org_id());
    let reply = who.run_with(LIST, variables).await;
    let nodes = reply.data("/node/attempts/nodes").as_array().unwrap();
    let ids = nodes.iter().map(|node| node["id"].clone()).collect();
    (ids, reply.data("/node/attempts").clone())
}

#[tokio::test]
async fn attempts_are_listed_the_newest_first_by_course_and_state() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let (course, other) = (
        quiz::course(&app, &author, 0, json!({})).await,
        quiz::course(&app, &author, 0, json!({})).await,
    );
    let mut ids = Vec::new();
    for course in [&course, &other, &course, &course] {
        ids.push(Sitting::new(&app, course).await);
    }
    ids[0].submit().await;
    let id = |n: usize| json!(ids[n].attempt);
    let filters = [
        (json!({}), vec![id(3), id(2), id(1), id(0)]),
        (json!({ "courseId": course.id }), vec![id(3), id(2), id(0)]),
        (json!({ "state": "GRADED" }), vec![id(0)]),
        (
            json!({ "courseId": course.id, "state": "IN_PROGRESS" }),
            vec![id(3), id(2)],
        ),
        (json!({ "courseId": "crs_" }), vec![]),
    ];
    for (filter, expected) in filters {
        let (found, page) = listed(&app, &owner, json!({ "filter": filter })).await;
        assert_eq!(found, expected, "{filter}");
        assert_eq!(page["totalCount"], expected.len(), "{filter}");
    }
    let (front, page) = listed(&app, &owner, json!({ "first": 3 })).await;
    assert_eq!(front, [id(3), id(2), id(1)]);
    let (rest, last) = listed(
        &app,
        &owner,
        json!({ "first": 3, "after": page["pageInfo"]["endCursor"] }),
    )
    .await;
    assert_eq!(
        (rest, &last["pageInfo"]["hasNextPage"]),
        (vec![id(0)], &json!(false))
    );
    let (back, _) = listed(
        &app,
        &owner,
        json!({ "last": 2, "before": last["pageInfo"]["startCursor"] }),
    )
    .await;
    assert_eq!(back, [id(2), id(1)]);
}

#[tokio::test]
async fn the_attempts_of_many_enrolments_cost_one_statement() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let course = quiz::course(&app, &author, 0, json!({})).await;
    let document = "query($org: ID!) { node(id: $org) { ... on Organization { enrollments(first: 50) { nodes { id \
        attempts(first: 2) { totalCount pageInfo { hasNextPage } nodes { number items { answer { text } review { isRight } } } } } } } } }";
    let mut counted = Vec::new();
    for _ in 0..2 {
        for taken in 0..3 {
            let learner = app.learner().await;
            let enrollment = enroll(&learner, &course.id).await;
            for _ in 0..=taken {
                let started = quiz::start(&learner, &enrollment, &course.quiz).await;
                quiz::submit(&learner, started.text("/attemptStart/attempt/id")).await;
            }
        }
        let (data, cost) = statements(&app, &owner, document, json!({ "org": app.org_id() })).await;
        let enrollments = data["node"]["enrollments"]["nodes"].as_array().unwrap();
        let shown = |enrollment: &Value| {
            let attempts = &enrollment["attempts"];
            let numbers: Vec<_> = attempts["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|node| node["number"].clone())
                .collect();
            json!([
                attempts["totalCount"],
                attempts["pageInfo"]["hasNextPage"],
                numbers
            ])
        };
        let newest: Vec<_> = enrollments.iter().take(3).map(shown).collect();
        assert_eq!(
            newest,
            [
                json!([3, true, [3, 2]]),
                json!([2, false, [2, 1]]),
                json!([1, false, [1]])
            ]
        );
        counted.push((enrollments.len(), cost));
    }
    // The organisation, its enrolments, their attempts, the counts, saved answers, answer keys, points.
    assert_eq!(counted, [(3, 7), (6, 7)]);
}
