//! Surveys of a course, and the rows of their mutations.

use super::app::Person;
use super::client::{Client, Reply};
use super::world::Row;
use super::{TestApp, factory, learning};
use lyceum::kernel::ids::MemberKey;
use serde_json::{Value, json};

const READ: &str = "query($id: ID!) { course(id: $id) { surveys { id title state isAnonymous viewerHasResponded viewerResponse { id } responseCount \
    results { answerCount average choices { choice text count } question { number } } \
    responses(first: 50) { totalCount nodes { id submittedAt member { id } answers { question rating choices text } } } } } }";
const WAITING: &str = "query($id: ID!) { enrollment(id: $id) { waitingSurveys { id } } }";

/// Sends one of the mutations on surveys.
pub async fn send(who: &Client, mutation: &str, input: &Value) -> Reply {
    let answer = if mutation == "surveyDelete" {
        "course { id }"
    } else {
        "survey { id title description state version audience isAnonymous questions { number kind text options isRequired } }"
    };
    who.mutate(mutation, input, answer).await
}

/// A question of each kind; the last need not be answered.
pub fn questions() -> Value {
    json!([
        { "kind": "RATING", "text": "How was it?" },
        { "kind": "SINGLE_CHOICE", "text": "How long?", "options": ["Too short", "Right", "Too long"] },
        { "kind": "MULTIPLE_CHOICE", "text": "What helped?", "options": ["Texts", "Quizzes"] },
        { "kind": "TEXT", "text": "What else?", "isRequired": false },
    ])
}

/// Answers to all but the last.
pub fn answers(rating: i32, length: i32) -> Value {
    json!([
        { "question": 1, "rating": rating },
        { "question": 2, "choices": [length] },
        { "question": 3, "choices": [2, 1] },
    ])
}

/// A new survey of a course, a draft; its identifier.
pub async fn draft(author: &Client, course: &str, more: Value) -> String {
    let mut input = json!({ "courseId": course, "title": "A survey", "questions": questions() });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let reply = send(author, "surveyCreate", &input).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/surveyCreate/survey/id").to_owned()
}

/// A new survey of a course that learners answer; its identifier.
pub async fn opened(author: &Client, course: &str, more: Value) -> String {
    let survey = draft(author, course, more).await;
    let reply = send(author, "surveyOpen", &json!({ "id": survey })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    survey
}

/// Answers a survey.
pub async fn respond(who: &Client, enrollment: &str, survey: &str, answers: &Value) -> Reply {
    let input = json!({ "enrollmentId": enrollment, "surveyId": survey, "answers": answers });
    send(who, "surveyRespond", &input).await
}

/// The surveys of a course, as somebody sees them.
pub async fn seen(who: &Client, course: &str) -> Vec<Value> {
    let reply = who.run_with(READ, json!({ "id": course })).await;
    reply.data("/course/surveys").as_array().unwrap().clone()
}

/// How many surveys wait for the answer of whom an enrolment is.
pub async fn waiting(who: &Client, enrollment: &str) -> usize {
    let reply = who.run_with(WAITING, json!({ "id": enrollment })).await;
    reply.data("/enrollment/waitingSurveys").as_array().unwrap().len()
}

/// Learners of a course with their enrolments.
pub async fn learners(app: &TestApp, course: &str, count: usize) -> Vec<(Person, String)> {
    let mut learners = Vec::new();
    for _ in 0..count {
        let learner = app.learner().await;
        let enrollment = learning::enroll(&learner, course).await;
        learners.push((learner, enrollment));
    }
    learners
}

/// A survey to open, one to answer, and who will.
pub struct Surveys {
    author: Client,
    course: String,
    draft: String,
    open: String,
    learner: (Client, String),
}

impl Surveys {
    /// Makes them.
    pub async fn new(app: &TestApp, author: &Person) -> Self {
        let course = factory::published_course(app, author, 0).await.id;
        let learner = app.learner().await;
        let enrollment = learning::enroll(&learner, &course).await;
        Self {
            author: author.client.clone(),
            draft: draft(author, &course, json!({})).await,
            open: opened(author, &course, json!({})).await,
            learner: (learner.client, enrollment),
            course,
        }
    }

    /// The rows, in an order in which everything can be done.
    pub fn rows(&self) -> Vec<Row> {
        let (learner, enrollment) = &self.learner;
        let authors = |mutation, input| Row::new(mutation, input, &self.author, "FORBIDDEN", "NOT_FOUND");
        let (draft, open) = (json!({ "id": self.draft }), json!({ "id": self.open }));
        let response = json!({ "enrollmentId": enrollment, "surveyId": self.open, "answers": answers(4, 2) });
        vec![
            authors("surveyCreate", json!({ "courseId": self.course, "title": "New" })),
            authors("surveyUpdate", json!({ "id": self.draft, "title": "Other" })),
            authors("surveyOpen", draft.clone()),
            Row::new("surveyRespond", response, learner, "NOT_FOUND", "NOT_FOUND"),
            authors("surveyClose", open),
            authors("surveyDelete", draft),
        ]
    }
}

/// Three surveys of each course in which the owner learns, with a word in everything that people write: one that the owner and the learner have
/// answered, one that waits for them, one that is closed.
pub fn of_academy(word: &str, owner: MemberKey, learner: MemberKey) -> String {
    let (owner, learner) = (owner.id.0, learner.id.0);
    format!(
        "insert into surveys (org_id, id, course_id, title, description, questions, audience, is_anonymous, state, opened_at, closed_at) \
         select e.org_id, gen_random_uuid(), e.course_id, '{word}-surveys-title-' || s.name, '{word}-surveys-description', \
         '[{{\"number\": 1, \"kind\": \"rating\", \"text\": \"{word}-surveys-question\", \"options\": [], \"is_required\": true}}, \
         {{\"number\": 2, \"kind\": \"single_choice\", \"text\": \"{word}-surveys-choice\", \"options\": [\"{word}-surveys-option\", \"Other\"], \
         \"is_required\": true}}, {{\"number\": 3, \"kind\": \"text\", \"text\": \"{word}-surveys-words\", \"options\": [], \"is_required\": false}}]', \
         'everybody', false, s.state, now(), case s.state when 'closed' then now() end \
         from enrollments e cross join (values ('answered', 'open'), ('waiting', 'open'), ('over', 'closed')) as s (name, state) \
         where e.member_id = '{owner}' and e.state in ('active', 'completed'); \
         insert into survey_participants (org_id, survey_id, course_id, enrollment_id, member_id) \
         select e.org_id, s.id, e.course_id, e.id, e.member_id from enrollments e join surveys s on s.org_id = e.org_id and s.course_id = e.course_id \
         and s.title like '%-answered' where e.member_id in ('{owner}', '{learner}'); \
         insert into survey_responses (org_id, id, survey_id, course_id, enrollment_id, member_id, submitted_at, answers) \
         select p.org_id, gen_random_uuid(), p.survey_id, p.course_id, p.enrollment_id, p.member_id, now(), \
         '[{{\"question\": 1, \"rating\": 4}}, {{\"question\": 2, \"choices\": [1]}}, {{\"question\": 3, \"text\": \"{word}-surveys-text\"}}]' \
         from survey_participants p where p.member_id in ('{owner}', '{learner}');"
    )
}
