//! What authors are told of the difference between two editions.

use super::support::app::Person;
use super::support::client::Reply;
use super::support::{TestApp, banks, factory};
use serde_json::{Value, json};

const DIFF: &str = "query($id: ID!, $from: Int, $to: Int) { course(id: $id) { revisionDiff(from: $from, to: $to) { from to isEmpty changeCount \
    changes { subject id title kind fields { field before after } } } } }";

async fn diff(person: &Person, course: &str, from: Option<i32>, to: Option<i32>) -> Reply {
    person
        .run_with(DIFF, json!({ "id": course, "from": from, "to": to }))
        .await
}

/// The changes in short: subject, title, kind, names of fields.
fn short(reply: &Reply) -> Vec<String> {
    let changes = reply.data("/course/revisionDiff/changes").as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |change: &Value| {
        let fields = change["fields"].as_array().unwrap().iter();
        let fields: Vec<String> = fields.map(|field| text(&field["field"])).collect();
        let line = format!(
            "{} {} {} {}",
            text(&change["subject"]),
            text(&change["title"]),
            text(&change["kind"]),
            fields.join(" ")
        );
        line.trim_end().to_owned()
    };
    changes.iter().map(line).collect()
}

#[tokio::test]
async fn an_author_sees_what_the_next_publication_would_change() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 2).await;
    let none = diff(&author, &course.id, None, None).await;
    assert_eq!(none.data("/course/revisionDiff/isEmpty"), &json!(true));

    let edits = "mutation($course: ID!, $first: ID!, $second: ID!, $quiz: ID!) { \
        courseUpdate(input: {id: $course, title: \"Another\"}) { userErrors { code } } \
        moduleCreate(input: {courseId: $course, title: \"More\"}) { userErrors { code } } \
        unitMove(input: {id: $first}) { userErrors { code } } \
        b: unitUpdate(input: {id: $second, content: {text: {body: \"Rewritten\"}}}) { userErrors { code } } \
        a: unitUpdate(input: {id: $quiz, content: {quiz: {policy: {passPercent: 80}}}}) { userErrors { code } } }";
    let edited = author
        .run_with(
            edits,
            json!({ "course": course.id, "first": course.texts[0], "second": course.texts[1], "quiz": course.quiz }),
        )
        .await;
    assert_eq!(edited.codes(), "");
    let now = diff(&author, &course.id, None, None).await;
    assert_eq!(
        short(&now),
        [
            "COURSE Another CHANGED title",
            "MODULE More ADDED",
            "UNIT Text 1 CHANGED body",
            "UNIT A quiz CHANGED policy",
            "UNIT Text 0 MOVED",
        ]
    );
    let title = now.data("/course/revisionDiff/changes/0/fields/0");
    assert_eq!(
        title,
        &json!({ "field": "title", "before": "A course", "after": "Another" })
    );
    assert_eq!(now.data("/course/revisionDiff/changeCount"), &json!(5));
}

#[tokio::test]
async fn two_revisions_differ_by_what_was_removed_and_by_what_is_right() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 1).await;
    let questions =
        "query($id: ID!) { course(id: $id) { draft { modules { units { questions { id } } } } } }";
    let known = author.run_with(questions, json!({ "id": course.id })).await;
    let first = known.text("/course/draft/modules/0/units/1/questions/0/id");
    let question = json!({ "id": first, "text": "Which?", "answer": { "singleChoice": { "options": [
        { "text": "one", "isRight": true }, { "text": "two", "isRight": false }] } } });
    let edits = "mutation($text: ID!, $quiz: ID!, $questions: [QuestionInput!]!, $course: ID!) { unitDelete(input: {id: $text}) { userErrors { code } } \
        unitUpdate(input: {id: $quiz, content: {quiz: {questions: $questions}}}) { userErrors { code message } } \
        coursePublish(input: {id: $course}) { userErrors { code } } }";
    let edited = author
        .run_with(
            edits,
            json!({ "text": course.texts[0], "quiz": course.quiz, "questions": [question], "course": course.id }),
        )
        .await;
    assert_eq!(edited.codes(), "");
    let between = diff(&author, &course.id, Some(1), Some(2)).await;
    assert_eq!(between.data("/course/revisionDiff/to"), &json!(2));
    let lines = short(&between);
    assert!(
        lines.iter().any(|line| line.starts_with("UNIT Text 0 REMOVED")),
        "{lines:?}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("QUESTION Which? CHANGED") && line.ends_with("answerKey")),
        "{lines:?}"
    );
    let back = diff(&author, &course.id, Some(2), Some(1)).await;
    assert!(
        short(&back).iter().any(|line| line == "UNIT Text 0 ADDED"),
        "{:?}",
        short(&back)
    );
    let nothing = diff(&author, &course.id, Some(1), Some(7)).await;
    assert_eq!(nothing.data("/course/revisionDiff"), &json!(null));
}

#[tokio::test]
async fn whoever_may_not_read_drafts_sees_no_difference() {
    let app = TestApp::new().await;
    let (author, learner) = (app.member("author").await, app.learner().await);
    let course = factory::published_course(&app, &author, 1).await;
    let seen = diff(&learner, &course.id, None, None).await;
    assert_eq!(seen.data("/course/revisionDiff"), &json!(null));
}

#[tokio::test]
async fn a_question_of_a_bank_differs_as_one_of_the_quizs_own_does() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let bank = banks::bank(&app, &author).await;
    let reworded = banks::question(&author, &bank, banks::short("Drawn", "x"), &[]).await;
    let corrected = banks::question(&author, &bank, banks::short("Kept", "x"), &[]).await;
    let course = banks::draft(&app, &author, json!([{ "bankId": bank, "draw": 1 }])).await;
    factory::publish(&author, &course.id).await;
    for (id, question) in [
        (reworded, banks::short("Drawn now", "x")),
        (corrected, banks::short("Kept", "y")),
    ] {
        author
            .does("questionUpdate", json!({ "id": id, "question": question }))
            .await;
    }
    banks::question(&author, &bank, banks::short("Added", "x"), &[]).await;
    let mut lines = short(&diff(&author, &course.id, None, None).await);
    lines.retain(|line| line.starts_with("QUESTION"));
    lines.sort();
    let expected = [
        "QUESTION Added ADDED",
        "QUESTION Drawn now CHANGED text",
        "QUESTION Kept CHANGED answerKey",
    ];
    assert_eq!(lines, expected);
    factory::publish(&author, &course.id).await;
    let reverse = diff(&author, &course.id, Some(2), Some(1)).await;
    assert!(
        short(&reverse).contains(&"QUESTION Added REMOVED".to_owned()),
        "{:?}",
        short(&reverse)
    );
}
