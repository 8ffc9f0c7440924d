//! What an academy has so that statistics say something and rules hold somebody up: classmates, rules of release, a decided review.

use super::academy::Academy;
use super::factory;
use lyceum::kernel::ids::{CourseKey, Key};
use serde_json::json;

/// With the owner and the learner these are the fewest of whom a statistic is shown.
const CLASSMATES: usize = 3;

impl Academy {
    /// Lets a unit wait for everything that units can wait for.
    pub async fn release(&self, unit: &str, text: &str, quiz: &str) {
        let rules = json!([{ "onDate": "2090-01-01T00:00:00Z" }, { "afterDays": 3650 }, { "afterUnit": text },
            { "afterScore": { "quizId": quiz, "percent": 50 } }]);
        let input = json!({ "id": unit, "rules": rules });
        self.change(
            "unitReleaseSet",
            "UnitReleaseSetInput",
            "unit { id }",
            input,
            "/unit/id",
        )
        .await;
    }

    /// Lets somebody decide about the draft that was handed in.
    pub async fn decide(&self) {
        let document = "mutation($input: CourseReviewDecideInput!) { courseReviewDecide(input: $input) { userErrors { code message } } }";
        let note = format!("{}-drafts-review-note", self.hidden);
        let input = json!({ "id": self.course, "decision": "REQUEST_CHANGES", "note": note });
        let reply = self
            .person("admin")
            .run_with(document, json!({ "input": input }))
            .await;
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }

    /// A course of one text that nobody is in, for who has completed another: it is there to be recommended.
    pub async fn further(&self, after: &str) {
        let (author, word) = (self.person("author"), format!("{}-more", self.hidden));
        let text = |of: &str| format!("{word}-courses-{of}");
        let course = json!({ "organizationId": self.app.org_id(), "slug": text("slug"), "title": text("title"), "summary": text("summary"),
            "visibility": "MEMBERS" });
        let course = self
            .change(
                "courseCreate",
                "CourseCreateInput",
                "course { id }",
                course,
                "/course/id",
            )
            .await;
        let module = json!({ "courseId": course, "title": text("module") });
        let module = self
            .change(
                "moduleCreate",
                "ModuleCreateInput",
                "module { id }",
                module,
                "/module/id",
            )
            .await;
        factory::unit(
            author,
            &module,
            &text("unit"),
            json!({ "text": { "body": text("body") } }),
        )
        .await;
        factory::publish(author, &course).await;
        let tags = json!({ "id": course, "tags": [text("tag").to_lowercase()] });
        self.change(
            "courseUpdate",
            "CourseUpdateInput",
            "course { id }",
            tags,
            "/course/id",
        )
        .await;
        self.require(&course, after).await;
    }

    /// Classmates of a course, who have answered its quizzes otherwise than each other. They come last in every list.
    pub async fn classmates(&self, course: &str) {
        let (hidden, course) = (&self.hidden, CourseKey::parse(course).unwrap().id.0);
        for number in 1..=CLASSMATES {
            let member = self.app.member("learner").await.member.id.0;
            let own = &self.app.org.0.simple().to_string()[21..];
            let last = format!("00000000-0000-4000-8000-{own}{number}");
            self.sql(&format!(
                "update memberships set name = '{hidden}-memberships-name-z{number}' where id = '{member}'; \
                 insert into enrollments (org_id, id, course_id, member_id, revision_id, state, source, unit_count) \
                 select org_id, '{last}', id, '{member}', revision_id, 'active', 'staff', unit_count from courses where id = '{course}'; \
                 insert into unit_progress (org_id, enrollment_id, unit_id, state) \
                 select org_id, '{last}', id, 'started' from draft_units where course_id = '{course}'; \
                 insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, seed, submitted_at, \
                 points, max_points, pass_points) \
                 select e.org_id, e.id, e.id, u.id, e.course_id, e.revision_id, e.member_id, 1, 'graded', 45, now(), {number}, 5, 3 \
                 from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id \
                 where e.id = '{last}' and u.quiz->>'review' = 'after_passing'; \
                 insert into attempt_answers (org_id, attempt_id, question_id, answer, points) \
                 select a.org_id, a.id, q.id, '{{\"choice\": [\"o1\"]}}', {number} % 2 \
                 from attempts a join draft_questions q on q.org_id = a.org_id and q.unit_id = a.unit_id \
                 where a.id = '{last}' and q.position = 0"
            ))
            .await;
        }
    }
}
