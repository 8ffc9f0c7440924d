//! Files and work that there is something to do with: the rows of their mutations.

use super::app::Person;
use super::world::Row;
use super::{TestApp, factory, learning, uploads};
use serde_json::{Value, json};

/// A learner with an upload that waits to be completed, and two assignments: one to hand in for, one with something to grade.
pub struct Work {
    learner: Person,
    enrollment: String,
    assignment: String,
    submission: String,
    pending: String,
}

/// An assignment that takes anything: ten points, five pass.
pub fn assignment(more: Value) -> Value {
    let mut assignment = json!({ "instructions": "Do **it**.", "maxPoints": 10, "passPoints": 5, "accepts": ["TEXT", "LINK", "FILES"],
        "maxFiles": 2 });
    let Value::Object(more) = more else {
        panic!("no fields: {more}")
    };
    assignment.as_object_mut().unwrap().extend(more);
    json!({ "assignment": assignment })
}

/// Hands a text in; returns the submission's identifier.
pub async fn hand_in(who: &Person, enrollment: &str, unit: &str) -> String {
    let document = "mutation($input: SubmissionCreateInput!) { submissionCreate(input: $input) { submission { id } userErrors { code } } }";
    let input = json!({ "enrollmentId": enrollment, "unitId": unit, "text": "My work." });
    let reply = who.run_with(document, json!({ "input": input })).await;
    assert_eq!(reply.codes(), "", "{:#}", reply.body);
    reply.text("/submissionCreate/submission/id").to_owned()
}

impl Work {
    /// Makes them.
    pub async fn new(app: &TestApp, author: &Person) -> Self {
        let course = factory::draft_course(app, author, 0).await;
        let mut units = Vec::new();
        for title in ["To do", "Done"] {
            units.push(factory::unit(author, &course.module, title, assignment(json!({}))).await);
        }
        factory::publish(author, &course.id).await;
        let learner = app.learner().await;
        let enrollment = learning::enroll(&learner, &course.id).await;
        let submission = hand_in(&learner, &enrollment, &units[1]).await;
        let begun = uploads::begin(app, &learner, "a.png", "image/png", uploads::PICTURE.len()).await;
        uploads::put(app, begun.text("/assetUploadCreate/upload/url"), uploads::PICTURE).await;
        Self {
            assignment: units.swap_remove(0),
            pending: begun.text("/assetUploadCreate/asset/id").to_owned(),
            learner,
            enrollment,
            submission,
        }
    }

    /// The rows of their mutations.
    pub fn rows(&self, app: &TestApp, owner: &Person) -> Vec<Row> {
        let upload = json!({ "organizationId": app.org_id(), "fileName": "b.png", "mediaType": "image/png", "bytes": 5 });
        let work = json!({ "enrollmentId": self.enrollment, "unitId": self.assignment, "text": "My work." });
        let grade = json!({ "id": self.submission, "points": 5 });
        vec![
            // Every member uploads.
            Row::new("assetUploadCreate", upload, &self.learner, "", "NOT_FOUND"),
            Row::new(
                "assetUploadComplete",
                json!({ "id": self.pending }),
                &self.learner,
                "NOT_FOUND",
                "NOT_FOUND",
            ),
            Row::new("submissionCreate", work, &self.learner, "NOT_FOUND", "NOT_FOUND"),
            Row::new("submissionGrade", grade, owner, "NOT_FOUND", "NOT_FOUND"),
        ]
    }
}
