//! The units of an academy that are neither texts nor quizzes, the files that they show, and what learners hand in.

use super::academy::Academy;
use super::uploads;
use serde_json::{Value, json};

/// The contents of units of each kind, by their kind.
pub fn contents(word: &str, asset: &str) -> Vec<(&'static str, Value)> {
    let text = |of: &str| format!("{word}-materials-{of} ![shown](asset:{asset})");
    let url = |of: &str| format!("https://{word}.example/{of}");
    let criterion = json!({ "key": "clarity", "title": format!("{word}-rubric-title"), "description": format!("{word}-rubric-description"),
        "points": 10 });
    let assignment = |due: Value| {
        json!({ "instructions": text("instructions"), "maxPoints": 10, "passPoints": 5, "due": due, "accepts": ["TEXT", "LINK", "FILES"],
            "maxFiles": 3, "maxSubmissions": 9, "rubric": [criterion.clone()] })
    };
    vec![
        (
            "video",
            json!({ "source": { "url": url("video") }, "durationSeconds": 60, "transcript": text("transcript"),
                "captions": [{ "language": "en", "source": { "url": url("captions") } }] }),
        ),
        ("video", json!({ "source": { "assetId": asset } })),
        ("file", json!({ "assetId": asset, "description": text("file") })),
        ("link", json!({ "url": url("link"), "description": text("link") })),
        (
            "live",
            json!({ "startsAt": "2030-01-01T10:00:00Z", "endsAt": "2030-01-01T11:00:00Z", "joinUrl": url("join"), "description": text("live") }),
        ),
        ("assignment", assignment(json!({ "daysAfterEnrollment": 7 }))),
        ("assignment", assignment(json!({ "at": "2030-01-01T10:00:00Z" }))),
    ]
}

/// The translations of a course, a module and a unit.
pub fn translations(word: &str, [course, module, unit]: [&String; 3]) -> Value {
    let text = |of: &str| format!("{word}-translations-{of}");
    json!({ "id": course, "language": "pt", "title": text("title"), "summary": text("summary"),
        "modules": [{ "moduleId": module, "title": text("module") }],
        "units": [{ "unitId": unit, "title": text("unit"), "text": text("text") }] })
}

impl Academy {
    /// A file that the author has uploaded; the owner has begun an upload too, and another was not taken.
    pub async fn upload(&self) -> String {
        let (hidden, owner) = (&self.hidden, self.person("owner").member);
        for (state, rejection, completed) in [("pending", "null", "null"), ("rejected", "'program'", "now()")]
        {
            self.sql(&format!(
                "insert into assets (org_id, id, state, file_name, declared_type, bytes, rejection, uploaded_by, completed_at) values ('{}', \
                 gen_random_uuid(), '{state}', '{hidden}-assets-name', '{hidden}-assets-declared', 5, {rejection}, '{}', {completed})",
                owner.org.0, owner.id.0
            ))
            .await;
        }
        uploads::asset(&self.app, self.person("author").member, hidden).await
    }

    /// What the learners of every course handed in for each of its assignments: graded, and waiting.
    pub async fn hand_in(&self, asset: &str) {
        let (hidden, owner) = (&self.hidden, self.person("owner").member.id.0);
        let asset = lyceum::kernel::ids::Key::parse(asset).map(|key: lyceum::kernel::ids::AssetKey| key.id.0);
        self.sql(&format!(
            "insert into submissions (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, body, link, due_at, \
             points, max_points, pass_points, rubric, feedback, graded_by, graded_at) \
             select e.org_id, gen_random_uuid(), e.id, u.id, e.course_id, e.revision_id, e.member_id, s.number, s.state, \
             '{hidden}-submissions-text', 'https://{hidden}.example', now(), case when s.state = 'graded' then 500 end, 1000, 500, \
             case when s.state = 'graded' then '{{\"{hidden}-rubric-key\": 500}}'::jsonb end, \
             case when s.state = 'graded' then '{hidden}-submissions-feedback' end, \
             case when s.state = 'graded' then '{owner}'::uuid end, case when s.state = 'graded' then now() end \
             from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id and u.kind = 'assignment' \
             cross join (values (1, 'graded'), (2, 'submitted')) s (number, state); \
             insert into submission_assets (org_id, submission_id, asset_id, position) select org_id, id, '{}', 0 from submissions; \
             insert into submission_assets (org_id, submission_id, asset_id, position) \
             select s.org_id, s.id, a.id, 1 from submissions s join assets a on a.org_id = s.org_id and a.state = 'rejected'",
            asset.unwrap()
        ))
        .await;
    }
}
