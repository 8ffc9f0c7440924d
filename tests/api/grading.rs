//! Who is told what waits to be graded, and grades by criteria.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::learning::{self, statements};
use super::support::quiz::{self, Sitting};
use super::support::world_units::{assignment, hand_in};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

async fn essays(app: &TestApp, author: &Person, count: usize) -> (factory::Course, Vec<Sitting>) {
    let questions = json!([{ "text": "Essay", "answer": { "essay": {} } }]);
    let course = quiz::course_of(app, author, 0, json!({}), questions).await;
    let mut sittings = Vec::new();
    for _ in 0..count {
        let sitting = Sitting::new(app, &course).await;
        sitting.save("Essay", json!({ "text": "An essay." })).await;
        assert_eq!(sitting.submit().await.codes(), "");
        sittings.push(sitting);
    }
    (course, sittings)
}

async fn queue(who: &Client, course: &str, page: Value) -> Value {
    let document = "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { course(id: $id) { \
        gradingQueue(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id state } \
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
    let mut variables = json!({ "id": course });
    variables
        .as_object_mut()
        .unwrap()
        .extend(page.as_object().unwrap().clone());
    let reply = who.run_with(document, variables).await;
    assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
    reply.data("/course/gradingQueue").clone()
}

fn ids(page: &Value) -> Vec<&str> {
    page["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn what_waits_is_queued_the_oldest_first_and_pages_forth_and_back() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let teacher = app.member("instructor").await;
    let (course, sittings) = essays(&app, &author, 5).await;
    factory::teaches(&app, teacher.member, &course.id).await;
    let expected: Vec<_> = sittings.iter().map(|sitting| sitting.attempt.as_str()).collect();
    let all = queue(&teacher, &course.id, json!({})).await;
    assert_eq!(ids(&all), expected);
    assert_eq!(all["totalCount"], 5);
    let first = queue(&teacher, &course.id, json!({ "first": 2 })).await;
    let second = queue(
        &teacher,
        &course.id,
        json!({ "first": 2, "after": first["pageInfo"]["endCursor"] }),
    )
    .await;
    let last = queue(
        &teacher,
        &course.id,
        json!({ "first": 2, "after": second["pageInfo"]["endCursor"] }),
    )
    .await;
    assert_eq!([ids(&first), ids(&second), ids(&last)].concat(), expected);
    assert_eq!(
        (
            &second["pageInfo"]["hasNextPage"],
            &last["pageInfo"]["hasNextPage"]
        ),
        (&json!(true), &json!(false))
    );
    let back = queue(
        &teacher,
        &course.id,
        json!({ "last": 2, "before": last["pageInfo"]["startCursor"] }),
    )
    .await;
    assert_eq!(ids(&back), ids(&second));
    let document =
        "mutation($input: AttemptGradeInput!) { attemptGrade(input: $input) { userErrors { code } } }";
    let items = json!([{ "questionId": sittings[0].question("Essay"), "points": 1 }]);
    let input = json!({ "attemptId": sittings[0].attempt, "items": items });
    assert_eq!(
        teacher
            .run_with(document, json!({ "input": input }))
            .await
            .codes(),
        ""
    );
    assert_eq!(ids(&queue(&teacher, &course.id, json!({})).await), expected[1..]);
}

#[tokio::test]
async fn nobody_is_told_of_what_they_may_not_grade() {
    let app = TestApp::new().await;
    let (owner, author, manager) = (
        app.owner().await,
        app.member("author").await,
        app.member("manager").await,
    );
    let (course, sittings) = essays(&app, &author, 1).await;
    factory::group(&app, manager.member, &[sittings[0].learner.member]).await;
    assert_eq!(queue(&owner, &course.id, json!({})).await["totalCount"], 1);
    for who in [
        &author,
        &manager,
        &app.member("instructor").await,
        &sittings[0].learner,
    ] {
        let page = queue(who, &course.id, json!({})).await;
        assert_eq!((ids(&page), &page["totalCount"]), (vec![], &json!(0)));
    }
}

#[tokio::test]
async fn the_queues_of_many_courses_cost_as_many_statements_as_that_of_one() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let document = "query($id: ID!) { organization(id: $id) { courses(first: 50) { nodes { gradingQueue(first: 10) { totalCount nodes { state } } } } } }";
    let mut counted = Vec::new();
    for _ in 0..2 {
        essays(&app, &author, 2).await;
        essays(&app, &author, 1).await;
        let (answer, count) = statements(&app, &owner, document, json!({ "id": app.org_id() })).await;
        let courses = answer["organization"]["courses"]["nodes"].as_array().unwrap();
        assert!(
            courses
                .iter()
                .all(|course| course["gradingQueue"]["totalCount"] != 0),
            "{answer}"
        );
        counted.push(count);
    }
    // The organisation, its courses, a page of each queue, their counts.
    assert_eq!(counted, [4, 4]);
}

async fn queue_of_all(app: &TestApp, who: &Client, page: Value) -> Value {
    let document = "query($id: ID!, $first: Int, $after: String) { organization(id: $id) { \
        gradingQueue(first: $first, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }";
    let mut variables = json!({ "id": app.org_id() });
    variables
        .as_object_mut()
        .unwrap()
        .extend(page.as_object().unwrap().clone());
    let reply = who.run_with(document, variables).await;
    assert!(reply.body.get("errors").is_none(), "{:#}", reply.body);
    reply.data("/organization")["gradingQueue"].clone()
}

#[tokio::test]
async fn what_waits_in_all_courses_is_one_queue_as_far_as_its_reader_may_grade() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let (teacher, bystander) = (app.member("instructor").await, app.member("instructor").await);
    let (first, of_first) = essays(&app, &author, 2).await;
    let (_, of_second) = essays(&app, &author, 1).await;
    factory::teaches(&app, teacher.member, &first.id).await;
    let later = Sitting::new(&app, &first).await;
    later.save("Essay", json!({ "text": "An essay." })).await;
    assert_eq!(later.submit().await.codes(), "");
    let [one, two, three] =
        [&of_first[0], &of_first[1], &of_second[0]].map(|sitting| sitting.attempt.as_str());
    let four = later.attempt.as_str();
    let all = queue_of_all(&app, &owner, json!({})).await;
    assert_eq!(
        (ids(&all), &all["totalCount"]),
        (vec![one, two, three, four], &json!(4))
    );
    let page = queue_of_all(&app, &owner, json!({ "first": 3 })).await;
    let cursor = &page["pageInfo"]["endCursor"];
    let rest = queue_of_all(&app, &owner, json!({ "first": 3, "after": cursor })).await;
    assert_eq!([ids(&page), ids(&rest)].concat(), [one, two, three, four]);
    assert_eq!(rest["pageInfo"]["hasNextPage"], json!(false));
    let taught = queue_of_all(&app, &teacher, json!({})).await;
    assert_eq!(
        (ids(&taught), &taught["totalCount"]),
        (vec![one, two, four], &json!(3))
    );
    let none = queue_of_all(&app, &bystander, json!({})).await;
    assert_eq!((ids(&none), &none["totalCount"]), (vec![], &json!(0)));
    let stranger = app.elsewhere().await.owner().await;
    for who in [&author.client, &later.learner.client, &stranger.client] {
        assert_eq!(queue_of_all(&app, who, json!({})).await, Value::Null);
    }
    let document = "query($id: ID!) { organization(id: $id) { gradingQueue(first: 10) { totalCount nodes { state } } } }";
    let (_, count) = statements(&app, &owner, document, json!({ "id": app.org_id() })).await;
    assert_eq!(count, 3, "the organisation, a page, its count");
}

#[tokio::test]
async fn what_was_handed_in_in_all_courses_is_one_list_as_far_as_its_reader_sees_it() {
    let app = TestApp::new().await;
    let (owner, author, learner) = (app.owner().await, app.member("author").await, app.learner().await);
    let teacher = app.member("instructor").await;
    let mut handed_in = Vec::new();
    for taught in [true, false] {
        let course = factory::draft_course(&app, &author, 0).await;
        let work = factory::unit(&author, &course.module, "Work", assignment(json!({}))).await;
        factory::publish(&author, &course.id).await;
        if taught {
            factory::teaches(&app, teacher.member, &course.id).await;
        }
        let enrollment = learning::enroll(&learner, &course.id).await;
        hand_in(&learner, &enrollment, &work).await;
        handed_in.insert(0, hand_in(&learner, &enrollment, &work).await);
    }
    let document = "query($id: ID!) { organization(id: $id) { submissions(filter: {state: SUBMITTED}) { totalCount nodes { id } } } }";
    let seen = async |who: &Client| {
        let reply = who.run_with(document, json!({ "id": app.org_id() })).await;
        reply.data("/organization")["submissions"].clone()
    };
    for (who, expected) in [
        (&owner, handed_in.clone()),
        (&learner, handed_in.clone()),
        (&teacher, handed_in[1..].to_vec()),
    ] {
        let page = seen(who).await;
        assert_eq!(
            (ids(&page), &page["totalCount"]),
            (
                expected.iter().map(String::as_str).collect(),
                &json!(expected.len())
            )
        );
    }
    let stranger = app.elsewhere().await.owner().await;
    assert_eq!(seen(&stranger).await, Value::Null);
    let (_, count) = statements(&app, &owner, document, json!({ "id": app.org_id() })).await;
    assert_eq!(count, 3, "the organisation, a page, its count");
}

async fn grade(who: &Client, sitting: &Sitting, item: Value) -> Reply {
    let document = "mutation($input: AttemptGradeInput!) { attemptGrade(input: $input) { attempt { state points items { \
        review { points feedback criteria { key points feedback } } } } userErrors { code field } } }";
    let mut said = json!({ "questionId": sitting.question("Essay") });
    said.as_object_mut()
        .unwrap()
        .extend(item.as_object().unwrap().clone());
    who.run_with(
        document,
        json!({ "input": { "attemptId": sitting.attempt, "items": [said] } }),
    )
    .await
}

/// A submitted essay that is graded by two criteria of three and two points, with their keys.
async fn by_criteria(app: &TestApp, review: &str) -> (Sitting, [String; 2]) {
    let author = app.member("author").await;
    let rubric = json!([{ "title": "Argument", "points": 3 }, { "title": "Language", "points": 2 }]);
    let questions = json!([{ "text": "Essay", "points": 5, "answer": { "essay": { "rubric": rubric } } }]);
    let course = quiz::course_of(app, &author, 0, json!({ "review": review }), questions).await;
    let sitting = Sitting::new(app, &course).await;
    sitting.save("Essay", json!({ "text": "An essay." })).await;
    let document = "query($id: ID!) { attempt(id: $id) { items { rubric { key title maxPoints } } } }";
    let reply = sitting
        .learner
        .run_with(document, json!({ "id": sitting.attempt }))
        .await;
    let rubric = reply.data("/attempt/items/0/rubric").clone();
    assert_eq!(
        (
            &rubric[0]["title"],
            &rubric[0]["maxPoints"],
            &rubric[1]["maxPoints"]
        ),
        (&json!("Argument"), &json!(3), &json!(2))
    );
    assert_eq!(sitting.submit().await.codes(), "");
    let keys = [0, 1].map(|n| rubric[n]["key"].as_str().unwrap().to_owned());
    (sitting, keys)
}

#[tokio::test]
async fn an_essay_is_graded_by_its_criteria_and_the_learner_is_told_when_review_opens() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for (review, told) in [("AFTER_SUBMISSION", true), ("NEVER", false)] {
        let (sitting, [argument, language]) = by_criteria(&app, review).await;
        let criteria = json!([{ "key": language, "points": 1.5, "feedback": "CANARY" }, { "key": argument, "points": 2, "feedback": null }]);
        let reply = grade(
            &owner,
            &sitting,
            json!({ "criteria": criteria, "feedback": "CANARY in all" }),
        )
        .await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        assert_eq!(reply.data("/attemptGrade/attempt/points"), &json!(3.5));
        let document = "query($id: ID!) { attempt(id: $id) { points items { review { points feedback criteria { key points feedback } } } } }";
        let reply = sitting
            .learner
            .run_with(document, json!({ "id": sitting.attempt }))
            .await;
        assert_eq!(reply.mentions("CANARY"), told);
        if told {
            let review = json!({ "points": 3.5, "feedback": "CANARY in all", "criteria": criteria });
            assert_eq!(reply.data("/attempt/items/0/review"), &review);
        }
    }
}

#[tokio::test]
async fn a_grade_that_is_not_by_the_rubric_is_refused_at_its_field() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let (sitting, [argument, language]) = by_criteria(&app, "AFTER_SUBMISSION").await;
    let one = |key: &str, points: f64| json!({ "key": key, "points": points });
    let both = json!([one(&argument, 2.0), one(&language, 1.0)]);
    for (item, field) in [
        (json!({ "points": 3 }), json!(["criteria"])),
        (json!({ "criteria": [one(&argument, 1.0)] }), json!(["criteria"])),
        (
            json!({ "criteria": [one(&argument, 1.0), one(&argument, 1.0)] }),
            json!(["criteria", "1", "key"]),
        ),
        (
            json!({ "criteria": [one(&argument, 1.0), one("other", 1.0)] }),
            json!(["criteria", "1", "key"]),
        ),
        (
            json!({ "criteria": [one(&argument, 3.01), one(&language, 1.0)] }),
            json!(["criteria", "0", "points"]),
        ),
        (
            json!({ "criteria": [one(&argument, -1.0), one(&language, 1.0)] }),
            json!(["criteria", "0", "points"]),
        ),
        (json!({ "criteria": both, "points": 4 }), json!(["points"])),
    ] {
        let reply = grade(&owner, &sitting, item.clone()).await;
        assert_eq!(reply.codes(), "INVALID", "{item}");
        let path = [
            vec![json!("items"), json!("0")],
            field.as_array().unwrap().clone(),
        ]
        .concat();
        assert_eq!(
            reply.data("/attemptGrade/userErrors/0/field"),
            &json!(path),
            "{item}"
        );
    }
    assert_eq!(sitting.read().await["state"], "NEEDS_GRADING");
    let whole = quiz::essay(&app, &app.member("author").await).await;
    let reply = grade(&owner, &whole, json!({ "criteria": [one("any", 1.0)] })).await;
    assert_eq!(
        reply.data("/attemptGrade/userErrors/0/field"),
        &json!(["items", "0", "criteria"])
    );
    let reply = grade(&owner, &whole, json!({})).await;
    assert_eq!(
        reply.data("/attemptGrade/userErrors/0/field"),
        &json!(["items", "0", "points"])
    );
    assert_eq!(
        grade(&owner, &sitting, json!({ "criteria": both, "points": 3 }))
            .await
            .codes(),
        ""
    );
}

#[tokio::test]
async fn a_rubric_that_does_not_come_to_its_points_is_refused() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code field } } }";
    for rubric in [
        json!([{ "title": "A", "points": 1 }]),
        json!([{ "title": "A", "points": 2 }, { "title": "A", "points": 3 }]),
        json!([{ "title": "A", "points": 5 }, { "title": "B", "points": 0 }]),
        json!([{ "title": " ", "points": 5 }]),
    ] {
        let questions =
            json!([{ "text": "Essay", "points": 5, "answer": { "essay": { "rubric": rubric } } }]);
        let reply = author
            .run_with(
                edit,
                json!({ "id": course.quiz, "quiz": { "questions": questions } }),
            )
            .await;
        assert_eq!(reply.codes(), "INVALID", "{rubric}");
        let field = json!(["content", "quiz", "questions", "0", "answer", "essay", "rubric"]);
        assert_eq!(reply.data("/unitUpdate/userErrors/0/field"), &field);
    }
}
