//! What an author's edit of a quiz changes, and what it leaves as it was.

use super::support::app::Person;
use super::support::quiz::Sitting;
use super::support::{TestApp, banks, factory};
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

#[tokio::test]
async fn a_quiz_keeps_the_questions_that_an_edit_does_not_mention_and_loses_them_to_an_empty_list() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::draft_course(&app, &author, 0).await;
    let bank = banks::bank(&app, &author).await;
    banks::question(&author, &bank, banks::short("Drawn", "x"), &[]).await;
    let before = edit(&author, &course.quiz, json!({ "questions": [word("Own?")] })).await;
    let pools = json!({ "pools": [{ "bankId": bank, "draw": 1 }] });
    let both = edit(&author, &course.quiz, pools).await;
    assert_eq!(both["questions"], before["questions"]);
    assert_eq!(both["pools"], json!([{ "draw": 1 }]));
    // A quiz of its own questions becomes one of pools alone.
    let drawn = edit(&author, &course.quiz, json!({ "questions": [] })).await;
    assert_eq!(
        (&drawn["questions"], &drawn["pools"]),
        (&json!([]), &both["pools"])
    );
    let published = banks::publish(&author, &course).await;
    assert_eq!(published.codes(), "", "{:#}", published.body);
    let sitting = Sitting::new(&app, &course).await;
    let items = sitting.started["items"].as_array().unwrap();
    let asked: Vec<_> = items.iter().map(|item| &item["text"]).collect();
    assert_eq!(asked, ["Drawn"]);
}

#[tokio::test]
async fn a_question_replaces_one_of_its_own_quiz_and_no_two_replace_the_same() {
    let app = TestApp::new().await;
    let there = app.elsewhere().await;
    let (author, stranger) = (app.member("author").await, there.member("author").await);
    let course = factory::draft_course(&app, &author, 0).await;
    let (other, foreign) = (
        factory::draft_course(&app, &author, 0).await,
        factory::draft_course(&there, &stranger, 0).await,
    );
    let own = edit(&author, &course.quiz, json!({ "questions": [word("Own?")] })).await;
    let of_other = edit(&author, &other.quiz, json!({ "questions": [word("Other?")] })).await;
    let of_foreign = edit(
        &stranger,
        &foreign.quiz,
        json!({ "questions": [word("Foreign?")] }),
    )
    .await;
    let replacing = |text: &str, id: &Value| {
        let mut question = word(text);
        question["id"] = id.clone();
        question
    };
    let own_id = &own["questions"][0]["id"];
    for (id, code) in [
        (own_id, "INVALID"),
        (&of_other["questions"][0]["id"], "NOT_FOUND"),
        (&of_foreign["questions"][0]["id"], "NOT_FOUND"),
        (&json!(course.quiz), "NOT_FOUND"),
    ] {
        let questions = json!([replacing("Again?", own_id), replacing("Moved?", id)]);
        let input = json!({ "id": course.quiz, "content": { "quiz": { "questions": questions } } });
        let reply = author.mutate("unitUpdate", &input, "unit { id }").await;
        assert_eq!(reply.codes(), code, "{:#}", reply.body);
        let path = json!(["content", "quiz", "questions", "1", "id"]);
        assert_eq!(reply.data("/unitUpdate/userErrors/0/field"), &path);
    }
    let content = json!({ "quiz": { "questions": [replacing("Copied?", own_id)] } });
    let input = json!({ "moduleId": course.module, "title": "Another", "content": content });
    let copied = author.mutate("unitCreate", &input, "unit { id }").await;
    assert_eq!(copied.codes(), "NOT_FOUND", "{:#}", copied.body);
    let kept = edit(
        &author,
        &course.quiz,
        json!({ "questions": [replacing("Own!", own_id)] }),
    )
    .await;
    assert_eq!(kept["questions"], json!([{ "id": own_id, "text": "Own!" }]));
}
