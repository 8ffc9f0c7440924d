//! Quizzes, and learners who sit at them.

use super::app::{Person, TestApp};
use super::client::{Client, Reply};
use super::{factory, learning};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use lyceum::db::pool::Statements;
use lyceum::db::schema::{attempts, enrollments, outbox_events};
use lyceum::db::{Scope, Statement, Tx};
use lyceum::domain::attempts::AttemptState;
use lyceum::kernel::ids::{AttemptKey, EnrollmentKey, Key};
use serde_json::{Value, json};

/// What a test reads of an attempt.
pub const ATTEMPT: &str = "id number state deadlineAt submittedAt submittedAutomatically points maxPoints passPoints isPassed \
    secondsLeft quiz { id } enrollment { id } items { questionId kind text program options { key text } \
    answer { choices text tracing { compiles stdout line } version } \
    review { isRight points right { choices text compiles stdout line } explanation } }";

/// A published course of one quiz, and of texts before it. Its questions: `One` is answered by `right` and not by
/// `wrong`, `Many` by `a` and `b` and not by `c`, `Word` by `mut`, `Program` by the output 42. Every explanation and the
/// review of each begins with CANARY.
pub async fn course(app: &TestApp, author: &Person, texts: usize, policy: Value) -> factory::Course {
    let option = |text: &str, is_right: bool| json!({ "text": text, "isRight": is_right });
    let questions = json!([
        { "text": "One", "explanation": "CANARY one", "answer": { "singleChoice": {
            "options": [option("right", true), option("wrong", false), option("false", false), option("bad", false)] } } },
        { "text": "Many", "explanation": "CANARY many", "answer": { "multipleChoice": {
            "options": [option("a", true), option("b", true), option("c", false)] } } },
        { "text": "Word", "explanation": "CANARY word", "answer": { "shortText": { "accepted": ["mut"] } } },
        { "text": "Program", "explanation": "CANARY program", "answer": { "programTracing": {
            "program": "fn main() {}", "compiles": true, "stdout": "42" } } },
    ]);
    course_of(app, author, texts, policy, questions).await
}

/// A published course of one quiz with these questions.
pub async fn course_of(
    app: &TestApp,
    author: &Person,
    texts: usize,
    policy: Value,
    questions: Value,
) -> factory::Course {
    let course = factory::draft_course(app, author, texts).await;
    let mut whole = json!({ "passPercent": 60, "shuffleQuestions": false, "review": "AFTER_SUBMISSION" });
    let whole_policy = whole.as_object_mut().unwrap();
    whole_policy.extend(policy.as_object().unwrap().clone());
    let edit = "mutation($id: ID!, $quiz: QuizContentInput!) { unitUpdate(input: {id: $id, content: {quiz: $quiz}}) { \
        unit { id } userErrors { code message } } }";
    let quiz = json!({ "policy": whole, "questions": questions });
    let reply = author
        .run_with(edit, json!({ "id": course.quiz, "quiz": quiz }))
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    factory::publish(author, &course.id).await;
    course
}

/// A submitted attempt at a quiz of one essay, which waits to be graded.
pub async fn essay(app: &TestApp, author: &Person) -> Sitting {
    let questions = json!([{ "text": "Essay", "answer": { "essay": {} } }]);
    let course = course_of(app, author, 0, json!({}), questions).await;
    let sitting = Sitting::new(app, &course).await;
    let reply = sitting.save("Essay", json!({ "text": "An essay." })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    assert_eq!(sitting.submit().await.codes(), "");
    sitting
}

/// Asks for a new attempt.
pub async fn start(who: &Client, enrollment: &str, quiz: &str) -> Reply {
    let document = format!(
        "mutation($input: AttemptStartInput!) {{ attemptStart(input: $input) {{ attempt {{ {ATTEMPT} }} userErrors {{ code field }} }} }}"
    );
    let input = json!({ "enrollmentId": enrollment, "quizId": quiz });
    who.run_with(&document, json!({ "input": input })).await
}

/// Sends an answer.
pub async fn save(
    who: &Client,
    attempt: &str,
    question: &str,
    answer: Value,
    expected: Option<i32>,
) -> Reply {
    let document = "mutation($input: AttemptAnswerSaveInput!) { attemptAnswerSave(input: $input) { \
        answer { choices text tracing { compiles stdout line } version } attempt { id state } userErrors { code field } } }";
    let input = json!({ "attemptId": attempt, "questionId": question, "answer": answer, "expectedVersion": expected });
    who.run_with(document, json!({ "input": input })).await
}

/// Submits an attempt.
pub async fn submit(who: &Client, attempt: &str) -> Reply {
    let document = format!(
        "mutation($id: ID!) {{ attemptSubmit(input: {{attemptId: $id}}) {{ attempt {{ {ATTEMPT} }} userErrors {{ code field }} }} }}"
    );
    who.run_with(&document, json!({ "id": attempt })).await
}

/// Reads an attempt: null where the asker may not see it.
pub async fn read(who: &Client, attempt: &str) -> Value {
    let document = format!("query($id: ID!) {{ attempt(id: $id) {{ {ATTEMPT} }} }}");
    who.run_with(&document, json!({ "id": attempt }))
        .await
        .data("/attempt")
        .clone()
}

/// A learner with an open attempt.
pub struct Sitting {
    /// The learner.
    pub learner: Person,
    /// The enrolment's identifier.
    pub enrollment: String,
    /// The quiz's identifier.
    pub quiz: String,
    /// The attempt's identifier.
    pub attempt: String,
    /// The attempt as it was answered at its start.
    pub started: Value,
}

impl Sitting {
    /// A new learner who joins a course and starts its quiz.
    pub async fn new(app: &TestApp, course: &factory::Course) -> Self {
        let learner = app.learner().await;
        let enrollment = learning::enroll(&learner, &course.id).await;
        Self::of(learner, enrollment, course.quiz.clone()).await
    }

    /// A learner who starts a quiz.
    pub async fn of(learner: Person, enrollment: String, quiz: String) -> Self {
        let reply = start(&learner, &enrollment, &quiz).await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
        let started = reply.data("/attemptStart/attempt").clone();
        let attempt = started["id"].as_str().unwrap().to_owned();
        Self {
            learner,
            enrollment,
            quiz,
            attempt,
            started,
        }
    }

    /// The item of a question, as it was at the start.
    pub fn item(&self, question: &str) -> &Value {
        let items = self.started["items"].as_array().unwrap();
        items.iter().find(|item| item["text"] == question).unwrap()
    }

    /// The identifier of a question.
    pub fn question(&self, question: &str) -> &str {
        self.item(question)["questionId"].as_str().unwrap()
    }

    /// The key of an option.
    pub fn option(&self, question: &str, text: &str) -> &Value {
        let options = self.item(question)["options"].as_array().unwrap();
        &options.iter().find(|option| option["text"] == text).unwrap()["key"]
    }

    /// The right answer to a question of [`course`].
    pub fn right(&self, question: &str) -> Value {
        match question {
            "One" => json!({ "choice": self.option("One", "right") }),
            "Many" => json!({ "choices": [self.option("Many", "b"), self.option("Many", "a")] }),
            "Word" => json!({ "text": " MUT " }),
            "Program" => json!({ "tracing": { "compiles": true, "stdout": "42\n" } }),
            other => panic!("no question {other}"),
        }
    }

    /// Saves an answer.
    pub async fn save(&self, question: &str, answer: Value) -> Reply {
        save(
            &self.learner,
            &self.attempt,
            self.question(question),
            answer,
            None,
        )
        .await
    }

    /// Saves the right answers to these questions.
    pub async fn answer(&self, questions: &[&str]) {
        for question in questions {
            let reply = self.save(question, self.right(question)).await;
            assert_eq!(reply.codes(), "", "{:#}", reply.body);
        }
    }

    /// Submits the attempt.
    pub async fn submit(&self) -> Reply {
        submit(&self.learner, &self.attempt).await
    }

    /// The attempt as its learner sees it.
    pub async fn read(&self) -> Value {
        read(&self.learner, &self.attempt).await
    }

    /// Makes the sweeper close the attempt although its deadline is to come.
    pub async fn overdue_before_its_deadline(&self, app: &TestApp) {
        let id = AttemptKey::parse(&self.attempt).unwrap().id.0;
        let sql = format!("update attempts set overdue_at = clock_timestamp() where id = '{id}'");
        factory::sql(app, &sql).await;
    }

    /// Moves the attempt's deadline to so many seconds from now, with a grace of 5 seconds behind it.
    pub async fn deadline_in(&self, app: &TestApp, seconds: i32) {
        let key = AttemptKey::parse(&self.attempt).unwrap();
        let tx = begin(app).await;
        let moved = Statement::<diesel::sql_types::Untyped>::new(
            "update attempts set deadline_at = m.moment, overdue_at = m.moment + interval '5 seconds' \
             from (select clock_timestamp() + make_interval(secs => ?) as moment) m where org_id = ? and id = ?",
        )
        .bind::<diesel::sql_types::Double, _>(f64::from(seconds))
        .bind::<diesel::sql_types::Uuid, _>(key.org)
        .bind::<diesel::sql_types::Uuid, _>(key.id)
        .execute(&mut tx.conn())
        .await;
        assert_eq!(moved.unwrap(), 1);
        tx.commit().await.unwrap();
    }
}

async fn begin(app: &TestApp) -> Tx {
    Tx::begin(&app.app.db, &Scope::one(None, app.org), &Statements::default())
        .await
        .unwrap()
}

/// Withdraws an enrolment.
pub async fn withdraw(app: &TestApp, enrollment: &str) {
    let key = EnrollmentKey::parse(enrollment).unwrap();
    let tx = begin(app).await;
    let withdrawn = diesel::update(enrollments::table.find((key.org.0, key.id.0)))
        .set(enrollments::state.eq("withdrawn"))
        .execute(&mut tx.conn())
        .await;
    assert_eq!(withdrawn.unwrap(), 1);
    tx.commit().await.unwrap();
}

/// How many attempts the organisation has in each state.
pub async fn states(app: &TestApp) -> Vec<(AttemptState, i64)> {
    let tx = begin(app).await;
    attempts::table
        .filter(attempts::org_id.eq(app.org))
        .group_by(attempts::state)
        .select((attempts::state, diesel::dsl::count_star()))
        .order_by(attempts::state)
        .load(&mut tx.conn())
        .await
        .unwrap()
}

/// How often something has happened in the organisation.
pub async fn happened(app: &TestApp, kind: &str) -> i64 {
    let tx = begin(app).await;
    outbox_events::table
        .filter(
            outbox_events::org_id
                .eq(app.org)
                .and(outbox_events::kind.eq(kind)),
        )
        .count()
        .get_result(&mut tx.conn())
        .await
        .unwrap()
}
