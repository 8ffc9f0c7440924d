//! Which questions a regrade is about: those that the present edition still asks.

use super::support::app::Person;
use super::support::client::{Client, Reply};
use super::support::quiz::{self, Sitting};
use super::support::{TestApp, factory};
use serde_json::{Value, json};

async fn regrade(who: &Client, course: &factory::Course) -> Reply {
    let input = json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "The key was wrong." });
    who.mutate("quizRegrade", &input, "regrade { changedCount }")
        .await
}

/// Gives the questions of a course's quiz other contents, and publishes.
async fn edit(author: &Person, course: &factory::Course, mut questions: Value) {
    let document = "query($id: ID!) { course(id: $id) { draft { modules { units { questions { id } } } } } }";
    let reply = author.run_with(document, json!({ "id": course.id })).await;
    let ids = reply.data("/course/draft/modules/0/units/0/questions").clone();
    for (place, question) in questions.as_array_mut().unwrap().iter_mut().enumerate() {
        question["id"] = ids[place]["id"].clone();
    }
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code message } } }";
    let quiz = json!({ "questions": questions });
    let reply = author
        .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    factory::publish(author, &course.id).await;
}

#[tokio::test]
async fn a_question_that_is_reworded_is_another_one_and_keeps_its_grade() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let asked = |statement: &str, is_true: bool, unit: &str, program: &str, word: &str| {
        let units = json!([{ "name": unit, "factor": "1" }]);
        let traced =
            json!({ "program": program, "compiles": true, "stdout": if is_true { "42" } else { "7" } });
        json!([
            { "text": statement, "answer": { "trueFalse": { "isTrue": is_true } } },
            { "text": "How long?", "answer": { "numeric": { "value": "1", "units": units } } },
            { "text": "What is printed?", "answer": { "programTracing": traced } },
            { "text": "Word", "answer": { "shortText": { "accepted": [word] } } },
        ])
    };
    let questions = asked("X is safe.", true, "m", "fn main() { a() }", "let");
    let course = quiz::course_of(&app, &author, 0, json!({}), questions).await;
    let sitting = Sitting::new(&app, &course).await;
    for (question, answer) in [
        ("X is safe.", json!({ "isTrue": true })),
        ("How long?", json!({ "number": { "value": "1", "unit": "m" } })),
        (
            "What is printed?",
            json!({ "tracing": { "compiles": true, "stdout": "42" } }),
        ),
        ("Word", json!({ "text": "mut" })),
    ] {
        let reply = sitting.save(question, answer).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    sitting.submit().await;
    assert_eq!(sitting.read().await["points"], 3);
    let reworded = asked("X is unsafe.", false, "metre", "fn main() { b() }", "mut");
    edit(&author, &course, reworded).await;
    let reply = regrade(&owner, &course).await;
    assert_eq!(
        reply.data("/quizRegrade/regrade/changedCount"),
        &json!(1),
        "{:#}",
        reply.body
    );
    let attempt = sitting.read().await;
    assert_eq!(
        attempt["points"], 4,
        "the word is right now, and the others are as right as they were"
    );
    let reviews = attempt["items"].as_array().unwrap().iter();
    assert!(
        reviews
            .map(|item| &item["review"])
            .all(|review| review["isRight"] == true)
    );
}

#[tokio::test]
async fn a_regrade_takes_back_nothing_that_one_before_has_corrected() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let asked = |first: &str, right: [&str; 2]| {
        let answer = |right: &str| json!({ "shortText": { "accepted": [right] } });
        json!([
            { "text": first, "answer": answer(right[0]) },
            { "text": "Second", "answer": answer(right[1]) },
        ])
    };
    let course = quiz::course_of(&app, &author, 0, json!({}), asked("First", ["a", "a"])).await;
    let mut sittings = Vec::new();
    for answers in [["b", "b"], ["x", "b"]] {
        let sitting = Sitting::new(&app, &course).await;
        for (question, answer) in ["First", "Second"].into_iter().zip(answers) {
            let reply = sitting.save(question, json!({ "text": answer })).await;
            assert_eq!(reply.codes(), "", "{:#}", reply.body);
        }
        sitting.submit().await;
        sittings.push(sitting);
    }
    for (first, right, changed, points) in [
        ("First", ["b", "a"], 1, [1, 0]),
        ("First, reworded", ["c", "b"], 2, [2, 1]),
        ("First, reworded", ["c", "b"], 0, [2, 1]),
    ] {
        edit(&author, &course, asked(first, right)).await;
        let reply = regrade(&owner, &course).await;
        assert_eq!(
            reply.data("/quizRegrade/regrade/changedCount"),
            &json!(changed),
            "{:#}",
            reply.body
        );
        for (sitting, points) in sittings.iter().zip(points) {
            let attempt = sitting.read().await;
            assert_eq!(attempt["points"], points);
            assert_eq!(attempt["items"][0]["review"]["right"][0]["text"], "b");
            let again = "query($id: ID!) { attemptReplay(attemptId: $id) { matches differences { path } } }";
            let reply = owner.run_with(again, json!({ "id": sitting.attempt })).await;
            assert_eq!(
                reply.data("/attemptReplay/matches"),
                &json!(true),
                "{:#}",
                reply.body
            );
        }
    }
}

#[tokio::test]
async fn what_a_person_gave_for_a_blank_essay_stays_and_a_replay_comes_to_the_same() {
    let app = TestApp::new().await;
    let (owner, author) = (app.owner().await, app.member("author").await);
    let asked = |word: &str| {
        json!([
            { "text": "Essay", "points": 5, "answer": { "essay": {} } },
            { "text": "Word", "answer": { "shortText": { "accepted": [word] } } },
        ])
    };
    let course = quiz::course_of(&app, &author, 0, json!({}), asked("let")).await;
    let sitting = Sitting::new(&app, &course).await;
    for (question, answer) in [("Essay", " "), ("Word", "mut")] {
        let reply = sitting.save(question, json!({ "text": answer })).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    let reply = sitting.submit().await;
    assert_eq!(reply.text("/attemptSubmit/attempt/state"), "GRADED");
    let items = json!([{ "questionId": sitting.question("Essay"), "points": 3 }]);
    let input =
        json!({ "attemptId": sitting.attempt, "items": items, "reason": "It was handed in on paper." });
    owner.does("attemptGrade", input).await;
    for points in [3, 4] {
        if points == 4 {
            edit(&author, &course, asked("mut")).await;
            let reply = regrade(&owner, &course).await;
            assert_eq!(
                reply.data("/quizRegrade/regrade/changedCount"),
                &json!(1),
                "{:#}",
                reply.body
            );
        }
        assert_eq!(sitting.read().await["points"], points);
        let again = "query($id: ID!) { attemptReplay(attemptId: $id) { matches grade recomputed } }";
        let reply = owner.run_with(again, json!({ "id": sitting.attempt })).await;
        assert_eq!(
            reply.data("/attemptReplay"),
            &json!({ "matches": true, "grade": points, "recomputed": points })
        );
    }
}
