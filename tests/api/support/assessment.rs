//! What the table of all mutations does with quizzes, attempts and banks of questions.

use super::app::Person;
use super::client::Client;
use super::factory::Course;
use super::quiz::Sitting;
use super::world::Row;
use super::{TestApp, banks};
use serde_json::{Value, json};

/// A bank with a question, and who may write in it.
pub struct Bank {
    author: Client,
    org: String,
    id: String,
    question: String,
}

impl Bank {
    /// Makes one.
    pub async fn new(app: &TestApp, author: &Person) -> Self {
        let id = banks::bank(app, author).await;
        let question = banks::question(author, &id, banks::short("Q", "x"), &[]).await;
        Self {
            author: author.client.clone(),
            org: app.org_id(),
            id,
            question,
        }
    }

    /// What authors do with banks, which learners do not see, in an order in which everything can be done.
    pub fn rows(&self) -> Vec<Row> {
        let row = |mutation, input: Value| Row::new(mutation, input, &self.author, "NOT_FOUND", "NOT_FOUND");
        let create = json!({ "organizationId": self.org, "name": "New" });
        vec![
            Row::new(
                "questionBankCreate",
                create,
                &self.author,
                "FORBIDDEN",
                "NOT_FOUND",
            ),
            row("questionBankUpdate", json!({ "id": self.id, "name": "New" })),
            row(
                "questionCreate",
                json!({ "bankId": self.id, "question": banks::short("New", "x") }),
            ),
            row(
                "questionUpdate",
                json!({ "id": self.question, "question": banks::short("New", "x") }),
            ),
            row("questionRetire", json!({ "id": self.question })),
            row("questionBankArchive", json!({ "id": self.id })),
        ]
    }
}

/// What staff do: to the attempt at an essay, to a learner's enrolment in a course, and to the quiz of that course.
pub fn rows(owner: &Client, course: &Course, enrollment: &str, essay: &Sitting) -> Vec<Row> {
    let item = json!({ "questionId": essay.question("Essay"), "points": 1 });
    let grade = json!({ "attemptId": essay.attempt, "items": [item] });
    let accommodation = json!({ "enrollmentId": enrollment, "quizId": course.quiz, "extraAttempts": 1 });
    let regrade =
        json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "A wrong key." });
    let void = json!({ "id": essay.attempt, "reason": "A test." });
    let of_records = |mutation, input| Row::new(mutation, input, owner, "NOT_FOUND", "NOT_FOUND");
    vec![
        of_records("attemptGrade", grade),
        of_records("accommodationSet", accommodation),
        of_records("attemptVoid", void),
        Row::new("quizRegrade", regrade, owner, "FORBIDDEN", "NOT_FOUND"),
    ]
}
