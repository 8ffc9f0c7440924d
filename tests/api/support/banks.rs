//! Banks of questions.

use super::app::{Person, TestApp};
use super::client::{Client, Reply};
use super::factory;
use serde_json::{Value, json};

/// A question that a short text answers.
pub fn short(text: &str, right: &str) -> Value {
    json!({ "text": text, "answer": { "shortText": { "accepted": [right] } } })
}

/// Sends one of the mutations on banks and their questions.
pub async fn send(who: &Client, mutation: &str, input: &Value) -> Reply {
    let answer = if mutation.starts_with("questionBank") {
        "bank { id name version archivedAt }"
    } else {
        "question { id number tags retiredAt current { text } }"
    };
    who.mutate(mutation, input, answer).await
}

/// A new bank of the organisation; its identifier.
pub async fn bank(app: &TestApp, author: &Person) -> String {
    let input = json!({ "organizationId": app.org_id(), "name": "Bank" });
    let reply = send(author, "questionBankCreate", &input).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/questionBankCreate/bank/id").to_owned()
}

/// A new question in a bank; its identifier.
pub async fn question(author: &Person, bank: &str, question: Value, tags: &[&str]) -> String {
    let input = json!({ "bankId": bank, "question": question, "tags": tags });
    let reply = send(author, "questionCreate", &input).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/questionCreate/question/id").to_owned()
}

/// A draft course of one quiz that has one question of its own, `Own`, and draws from pools beside it.
pub async fn draft(app: &TestApp, author: &Person, pools: Value) -> factory::Course {
    let course = factory::draft_course(app, author, 0).await;
    let reply = set(author, &course, pools).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    course
}

/// Gives the quiz of a draft course these pools.
pub async fn set(author: &Person, course: &factory::Course, pools: Value) -> Reply {
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { \
        unit { pools { bankId draw pointsEach tags } } userErrors { code field message } } }";
    let policy = json!({ "passPercent": 50, "shuffleQuestions": true });
    let quiz = json!({ "policy": policy, "questions": [short("Own", "own")], "pools": pools });
    author
        .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
        .await
}

/// Publishes, whatever comes of it.
pub async fn publish(author: &Person, course: &factory::Course) -> Reply {
    let document = "mutation($id: ID!) { coursePublish(input: {id: $id}) { course { revision { number } } userErrors { code field message } } }";
    author.run_with(document, json!({ "id": course.id })).await
}
