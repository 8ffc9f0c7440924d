//! What the table of all mutations does with quizzes and attempts.

use super::client::Client;
use super::factory::Course;
use super::world::Row;
use serde_json::json;

/// What staff do: to a learner's enrolment in a course, to the quiz of that course, and to an attempt that is closed.
pub fn rows(owner: &Client, course: &Course, enrollment: &str, attempt: &str) -> Vec<Row> {
    let accommodation = json!({ "enrollmentId": enrollment, "quizId": course.quiz, "extraAttempts": 1 });
    let regrade =
        json!({ "courseId": course.id, "quizId": course.quiz, "dryRun": false, "reason": "A wrong key." });
    vec![
        Row::new("accommodationSet", accommodation, owner, "NOT_FOUND", "NOT_FOUND"),
        Row::new("quizRegrade", regrade, owner, "FORBIDDEN", "NOT_FOUND"),
        Row::new(
            "attemptVoid",
            json!({ "id": attempt, "reason": "A test." }),
            owner,
            "NOT_FOUND",
            "NOT_FOUND",
        ),
    ]
}
