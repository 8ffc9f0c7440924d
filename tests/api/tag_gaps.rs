//! What learners have still to learn, by what the questions of banks are about.

use super::support::app::Person;
use super::support::banks::{self, bank, publish, question, send, short};
use super::support::client::Client;
use super::support::learning::statements;
use super::support::quiz::Sitting;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const OF_LEARNER: &str = "query($id: ID!) { enrollment(id: $id) { tagGaps { tag score answered } } }";
const OF_COURSE: &str = "query($id: ID!) { course(id: $id) { tagGaps { tag score answered } } }";

async fn gaps(who: &Client, sitting: &Sitting) -> Value {
    let reply = who
        .run_with(OF_LEARNER, json!({ "id": sitting.enrollment }))
        .await;
    reply.data("/enrollment/tagGaps").clone()
}

async fn gaps_of(who: &Client, course: &factory::Course) -> Value {
    let reply = who.run_with(OF_COURSE, json!({ "id": course.id })).await;
    reply.data("/course")["tagGaps"].clone()
}

/// A published course whose quiz has the question `Own` and all of a bank's: `Loops` and `Both`, which are about loops, and
/// `Types`, which as `Both` is about types. With the identifiers of the three.
async fn course(app: &TestApp, author: &Person, review: Option<&str>) -> (factory::Course, [String; 3]) {
    let bank = bank(app, author).await;
    let loops = question(author, &bank, short("Loops", "yes"), &["loops"]).await;
    let both = question(author, &bank, short("Both", "yes"), &["loops", "types"]).await;
    let types = question(author, &bank, short("Types", "yes"), &["types"]).await;
    let course = banks::draft(app, author, json!([{ "bankId": bank, "draw": 3, "points": 2 }])).await;
    if let Some(review) = review {
        let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { userErrors { code } } }";
        let policy = json!({ "passPercent": 50, "review": review });
        let quiz = json!({ "policy": policy, "questions": [short("Own", "own")],
            "pools": [{ "bankId": bank, "draw": 3, "points": 2 }] });
        let reply = author
            .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
            .await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    assert_eq!(publish(author, &course).await.codes(), "");
    (course, [loops, both, types])
}

/// A new learner who gives these answers.
async fn sat(app: &TestApp, course: &factory::Course, answers: &[(&str, &str)]) -> Sitting {
    let sitting = Sitting::new(app, course).await;
    for (text, answer) in answers {
        assert_eq!(sitting.save(text, json!({ "text": answer })).await.codes(), "");
    }
    assert_eq!(sitting.submit().await.codes(), "");
    sitting
}

#[tokio::test]
async fn a_learner_is_told_the_tags_of_which_they_know_least() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let (course, [loops, ..]) = course(&app, &author, None).await;
    let sitting = sat(
        &app,
        &course,
        &[("Own", "no"), ("Loops", "yes"), ("Both", "no"), ("Types", "no")],
    )
    .await;
    let expected = json!([
        { "tag": "types", "score": 0, "answered": 2 },
        { "tag": "loops", "score": 50, "answered": 2 },
    ]);
    assert_eq!(gaps(&sitting.learner, &sitting).await, expected);
    assert_eq!(gaps(&owner, &sitting).await, expected);
    let retagged = json!({ "id": loops, "tags": ["iteration"] });
    assert_eq!(send(&author, "questionUpdate", &retagged).await.codes(), "");
    assert_eq!(
        gaps(&sitting.learner, &sitting).await,
        json!([
            { "tag": "loops", "score": 0, "answered": 1 },
            { "tag": "types", "score": 0, "answered": 2 },
        ]),
        "tags are those of now, and what is known is no gap"
    );
    let other = sat(&app, &course, &[("Own", "no"), ("Types", "yes")]).await;
    assert_eq!(
        gaps(&other.learner, &other).await,
        json!([]),
        "questions of the quiz's own have no tags, and what was left out tells nothing"
    );
}

#[tokio::test]
async fn nothing_is_told_by_tag_while_the_review_is_not_open() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let all = ["Own", "Loops", "Both", "Types"];
    for (review, answer, is_told) in [
        ("NEVER", "no", false),
        ("AFTER_PASSING", "no", false),
        ("AFTER_PASSING", "yes", true),
        ("AFTER_SUBMISSION", "no", true),
    ] {
        let (course, _) = course(&app, &author, Some(review)).await;
        let answers: Vec<_> = all
            .iter()
            .map(|text| (*text, if *text == "Types" { "no" } else { answer }))
            .collect();
        let sitting = sat(&app, &course, &answers).await;
        for who in [&sitting.learner, &owner] {
            let told = gaps(who, &sitting).await != json!([]);
            assert_eq!(told, is_told, "{review} {answer}");
        }
    }
}

#[tokio::test]
async fn the_gaps_of_a_course_are_of_five_learners_or_more() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let (instructor, bystander) = (app.member("instructor").await, app.member("instructor").await);
    let (course, _) = course(&app, &author, Some("NEVER")).await;
    factory::teaches(&app, instructor.member, &course.id).await;
    let mut learners = Vec::new();
    for number in 0..5 {
        assert_eq!(gaps_of(&owner, &course).await, json!([]), "{number}");
        let right = if number < 2 { "yes" } else { "no" };
        let answers = [("Loops", right), ("Types", "no")];
        learners.push(sat(&app, &course, &answers[..if number < 4 { 2 } else { 1 }]).await);
    }
    let expected = json!([{ "tag": "loops", "score": 40, "answered": 5 }]);
    for who in [&owner, &instructor] {
        assert_eq!(
            gaps_of(who, &course).await,
            expected,
            "four have said something about types"
        );
    }
    assert_eq!(gaps_of(&bystander, &course).await, json!([]));
    let stranger = app.elsewhere().await.owner().await;
    for who in [&learners[0].learner, &author, &stranger] {
        assert_eq!(gaps_of(who, &course).await, Value::Null);
    }
}

#[tokio::test]
async fn the_gaps_of_many_learners_cost_as_many_statements_as_those_of_one() {
    let app = TestApp::new().await;
    let (author, owner) = (app.member("author").await, app.owner().await);
    let (course, _) = course(&app, &author, None).await;
    let document = "query($id: ID!) { course(id: $id) { progressReport(first: 50) { nodes { tagGaps { tag score } } } } }";
    let mut counts = Vec::new();
    for _ in 0..3 {
        sat(&app, &course, &[("Loops", "no"), ("Both", "no")]).await;
        let (data, count) = statements(&app, &owner, document, json!({ "id": course.id })).await;
        let nodes = data["course"]["progressReport"]["nodes"].as_array().unwrap();
        assert!(nodes.iter().all(|node| node["tagGaps"] != json!([])), "{data}");
        counts.push(count);
    }
    assert_eq!((counts[1], counts[2]), (2, 2), "enrolments, answers: {counts:?}");
}
