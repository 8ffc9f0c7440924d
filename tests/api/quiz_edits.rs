//! What an author's edit of a quiz changes, and what it leaves as it was.

use super::support::app::Person;
use super::support::{TestApp, factory};
use serde_json::{Value, json};

const SHOWN: &str = "unit { policy { maxAttempts review passPercent } questions { id text } pools { draw } }";

/// Edits a quiz, and answers what the draft has then.
async fn edit(author: &Person, unit: &str, quiz: Value) -> Value {
    let input = json!({ "id": unit, "content": { "quiz": quiz } });
    let reply = author.mutate("unitUpdate", &input, SHOWN).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.data("/unitUpdate/unit").clone()
}

fn word(text: &str) -> Value {
    json!({ "text": text, "answer": { "shortText": { "accepted": ["x"] } } })
}

#[tokio::test]
async fn a_quiz_is_taken_as_before_when_only_its_questions_are_edited() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let exam = json!({ "policy": { "maxAttempts": 1, "review": "NEVER", "passPercent": 80 }, "questions": [word("Teh?")] });
    edit(&author, &course.quiz, exam).await;
    let mended = edit(&author, &course.quiz, json!({ "questions": [word("The?")] })).await;
    assert_eq!(
        mended["policy"],
        json!({ "maxAttempts": 1, "review": "NEVER", "passPercent": 80 })
    );
    assert_eq!(mended["questions"][0]["text"], "The?");
    // A policy is set as a whole.
    let policy = json!({ "policy": { "maxAttempts": 2 }, "questions": [word("The?")] });
    let set = edit(&author, &course.quiz, policy).await;
    assert_eq!(
        set["policy"],
        json!({ "maxAttempts": 2, "review": "AFTER_SUBMISSION", "passPercent": 60 })
    );
}
