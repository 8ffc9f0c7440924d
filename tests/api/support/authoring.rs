//! What authors do to a published course, which learners see.

use super::client::Client;
use super::factory::Course;
use super::world::Row;
use super::{TestApp, documents};
use serde_json::json;

/// The rows of the mutations on courses, modules and units. The last ones take away what the others need.
pub fn rows(app: &TestApp, course: &Course, author: &Client) -> Vec<Row> {
    let text = json!({ "text": { "body": "A text." } });
    let (id, module, unit) = (&course.id, &course.module, &course.texts[0]);
    let inputs = [
        (
            "courseCreate",
            json!({ "organizationId": app.org_id(), "slug": "new", "title": "New" }),
        ),
        ("courseUpdate", json!({ "id": id, "title": "New" })),
        ("moduleCreate", json!({ "courseId": id, "title": "New" })),
        ("moduleUpdate", json!({ "id": module, "title": "New" })),
        ("moduleMove", json!({ "id": module, "position": 1 })),
        (
            "unitCreate",
            json!({ "moduleId": module, "title": "New", "content": text }),
        ),
        ("unitUpdate", json!({ "id": unit, "title": "New" })),
        ("unitMove", json!({ "id": unit })),
        (
            "unitReleaseSet",
            json!({ "id": unit, "rules": [{ "afterDays": 1 }] }),
        ),
        (
            "courseTranslationsSet",
            json!({ "id": id, "language": "pt", "title": "Novo", "units": [{ "unitId": unit, "text": "Um texto." }] }),
        ),
        ("coursePrerequisitesSet", json!({ "id": id, "courseIds": [] })),
        ("courseSubmitForReview", json!({ "id": id })),
        ("courseReviewDecide", json!({ "id": id, "decision": "APPROVE" })),
        (
            "courseDuplicate",
            json!({ "id": id, "slug": "copy", "title": "A copy" }),
        ),
        ("courseExport", json!({ "id": id })),
        (
            "courseImport",
            json!({ "organizationId": app.org_id(), "document": documents::bare(id).to_string() }),
        ),
        ("coursePublish", json!({ "id": id })),
        ("courseArchive", json!({ "id": id })),
        ("courseRestore", json!({ "id": id })),
        ("unitDelete", json!({ "id": unit })),
        ("moduleDelete", json!({ "id": module, "withUnits": true })),
    ];
    let row = |(mutation, input)| Row::new(mutation, input, author, "FORBIDDEN", "NOT_FOUND");
    inputs.map(row).into()
}
