//! What learners do, for tests of what comes of it.

use super::app::{Person, TestApp};
use super::client::Reply;
use lyceum::auth::allowed::Allowed;
use lyceum::auth::permission::action;
use lyceum::domain::enrollments::{SeenEnrollment, complete_units, store};
use lyceum::domain::mutate::{At, by_system};
use lyceum::graphql::front::DocumentLimits;
use lyceum::graphql::schema::Api;
use lyceum::kernel::ids::{EnrollmentKey, Key, UnitKey};
use lyceum::kernel::origin::Origin;
use serde_json::{Value, json};
use uuid::Uuid;

/// Joins a course; returns the enrolment's identifier.
pub async fn enroll(learner: &Person, course: &str) -> String {
    let reply = learner
        .run_with(
            "mutation($id: ID!) { enroll(input: {courseId: $id}) { enrollment { id } userErrors { code message } } }",
            json!({ "id": course }),
        )
        .await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/enroll/enrollment/id").to_owned()
}

/// Sends a mutation about an enrolment; its answer has the enrolment's state.
pub async fn act(who: &super::client::Client, mutation: &str, enrollment: &str, more: Value) -> Reply {
    let mut input = json!({ "enrollmentId": enrollment });
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    who.mutate(mutation, &input, "enrollment { id state cycle }")
        .await
}

/// Asks to join a course.
pub async fn try_to_enroll(learner: &super::client::Client, course: &str, code: Option<&str>) -> Reply {
    let document = "mutation($id: ID!, $code: String) { enroll(input: {courseId: $id, invitationCode: $code}) { \
        enrollment { id state waitlistPosition dueAt expiresAt } userErrors { code field message } } }";
    learner
        .run_with(document, json!({ "id": course, "code": code }))
        .await
}

/// Sets a course's terms.
pub async fn set_terms(author: &super::client::Client, course: &str, terms: Value) -> Reply {
    let mut input = json!({ "courseId": course, "policy": "OPEN" });
    input
        .as_object_mut()
        .unwrap()
        .extend(terms.as_object().unwrap().clone());
    let document = "mutation($input: CourseEnrollmentTermsSetInput!) { courseEnrollmentTermsSet(input: $input) { course { enrollmentTerms { \
        policy invitationCode seats seatsTaken waiting dueDays accessDays validMonths } } userErrors { code field message } } }";
    author.run_with(document, json!({ "input": input })).await
}

/// Reads an enrolment's state, as somebody sees it.
pub async fn state(who: &super::client::Client, enrollment: &str) -> String {
    let reply = who
        .run_with(
            "query($id: ID!) { enrollment(id: $id) { state } }",
            json!({ "id": enrollment }),
        )
        .await;
    reply.text("/enrollment/state").to_owned()
}

/// How many audit entries and events an organisation has of a kind.
pub async fn happened(app: &TestApp, kind: &str) -> (i64, i64) {
    let count = async |table: &str| super::factory::count(app, &format!("{table} = '{kind}'")).await;
    (
        count("audit_entries where action").await,
        count("outbox_events where kind").await,
    )
}

/// An event of a device, at a second of a day.
pub fn event(unit: &str, state: &str, second: u32) -> Value {
    json!({ "eventId": uuid(), "unitId": unit, "state": state, "seconds": 10, "position": second,
        "at": format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60) })
}

/// An event that a device notes now.
pub fn event_now(app: &TestApp, unit: &str, state: &str) -> Value {
    let mut event = event(unit, state, 0);
    event["at"] = json!(app.app.clock.now());
    event
}

/// A new UUID.
#[expect(clippy::disallowed_methods, reason = "a device makes its own")]
pub fn uuid() -> String {
    Uuid::now_v7().to_string()
}

/// Sends events of an enrolment.
pub async fn record(who: &super::client::Client, enrollment: &str, events: &[Value]) -> Reply {
    who.run_with(
        "mutation($id: ID!, $events: [ProgressEventInput!]!) { progressRecord(input: {enrollmentId: $id, events: $events}) { \
         recorded ignored enrollment { state progress { unitsCompleted unitCount percent } nextUnit { id } certificate { id code } } \
         userErrors { code field message } } }",
        json!({ "id": enrollment, "events": events }),
    )
    .await
}

/// Reads texts to their end.
pub async fn read(who: &Person, enrollment: &str, texts: &[String]) -> Reply {
    let events: Vec<_> = texts.iter().map(|unit| event(unit, "COMPLETED", 1)).collect();
    let reply = record(who, enrollment, &events).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply
}

/// Marks a quiz as passed, as a graded attempt does; returns whether a certificate was issued.
pub async fn pass(app: &TestApp, enrollment: &str, quiz: &str) -> bool {
    let enrollment = EnrollmentKey::parse(enrollment).unwrap();
    let quiz = UnitKey::parse(quiz).unwrap();
    let done = by_system(&app.app, app.org, "pass", move |write| {
        Box::pin(async move {
            let found = store::find_for_write(&write.gate, enrollment).await?;
            let enrollment: Allowed<'_, action::AttemptsTake, SeenEnrollment> =
                write.gate.allow(found).at("enrollmentId")?;
            let key = enrollment.enrollment.revision_key();
            let revision = write.app.contents.find_for_write(write.gate.conn(), key).await?;
            let done = complete_units(write, &enrollment, &revision, &[quiz.id]).await?;
            Ok(done.certificate.is_some())
        })
    });
    done.await.unwrap().unwrap()
}

/// Completes a course of texts and a quiz: the learner's enrolment.
pub async fn complete(app: &TestApp, learner: &Person, course: &super::factory::Course) -> String {
    let enrollment = enroll(learner, &course.id).await;
    if !course.texts.is_empty() {
        read(learner, &enrollment, &course.texts).await;
    }
    assert!(pass(app, &enrollment, &course.quiz).await);
    enrollment
}

/// Runs a document behind the router and counts its data statements.
pub async fn statements(app: &TestApp, who: &Person, document: &str, variables: Value) -> (Value, u32) {
    let api = Api::new(app.app.clone(), DocumentLimits::default()).unwrap();
    let session = super::factory::open_session(&app.app, who.user).await;
    let viewer = app
        .app
        .viewer(session.token.expose(), &Origin::default())
        .await
        .unwrap();
    let prepared = api.front.prepare(document).unwrap();
    let Value::Object(variables) = variables else {
        panic!("variables are an object")
    };
    let admitted = prepared.operation(None).unwrap().admit(variables).unwrap();
    let (response, statements) = api.execute(viewer, admitted, "test", &Origin::default()).await;
    assert!(response.errors.is_empty(), "{:?}", response.errors);
    (response.data.into_json().unwrap(), statements)
}
