//! An organisation's enrolments in every state, and the rows of the mutations that move them.

use super::app::Person;
use super::client::Client;
use super::world::Row;
use super::{TestApp, factory, learning, paths, surveys};
use lyceum::kernel::ids::MemberKey;
use serde_json::{Value, json};

/// A course that is joined on request, with enrolments to be moved.
pub struct Delivery {
    course: factory::Course,
    author: Client,
    /// Two requests, one on an edition that is not the present one, one that is complete.
    enrollments: [String; 4],
    /// Who is in no course yet.
    newcomer: Person,
    /// A unit of another course.
    unit: String,
    /// A learner of it with an enrolment, and a review of another's.
    reader: (Client, String, String),
    paths: paths::Paths,
    surveys: surveys::Surveys,
}

impl Delivery {
    /// Makes one.
    pub async fn new(app: &TestApp, author: &Person, owner: &Person) -> Self {
        let course = factory::published_course(app, author, 1).await;
        let (asking, unwanted) = (app.learner().await, app.learner().await);
        let outdated = learning::enroll(author, &course.id).await;
        factory::publish(author, &course.id).await;
        let complete = learning::enroll(owner, &course.id).await;
        learning::read(owner, &complete, &course.texts).await;
        learning::pass(app, &complete, &course.quiz).await;
        learning::set_terms(author, &course.id, json!({ "policy": "APPROVAL" })).await;
        let requests = [
            learning::enroll(&asking, &course.id).await,
            learning::enroll(&unwanted, &course.id).await,
        ];
        let [first, second] = requests;
        let read = factory::published_course(app, author, 1).await;
        let (reader, critic) = (app.learner().await, app.learner().await);
        let enrollment = learning::enroll(&reader, &read.id).await;
        let review = "mutation($id: ID!) { reviewSet(input: {enrollmentId: $id, stars: 1}) { review { id } userErrors { code } } }";
        let reviewed = learning::enroll(&critic, &read.id).await;
        let review = critic.run_with(review, json!({ "id": reviewed })).await;
        let review = review.text("/reviewSet/review/id").to_owned();
        Self {
            course,
            author: author.client.clone(),
            enrollments: [first, second, outdated, complete],
            newcomer: app.learner().await,
            unit: read.texts[0].clone(),
            reader: (reader.client.clone(), enrollment, review),
            paths: paths::Paths::new(app, author).await,
            surveys: surveys::Surveys::new(app, author).await,
        }
    }

    /// The rows, in an order in which everything can be done.
    pub fn rows(&self, owner: &Person) -> Vec<Row> {
        let [asking, unwanted, outdated, complete] = &self.enrollments;
        let about = |mutation, enrollment: &String, more: Value| {
            let mut input = json!({ "enrollmentId": enrollment });
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            Row::new(mutation, input, owner, "NOT_FOUND", "NOT_FOUND")
        };
        let (reader, enrollment, review) = &self.reader;
        let own = |mutation, more: Value| {
            let row = about(mutation, enrollment, more);
            Row {
                able: reader.clone(),
                ..row
            }
        };
        let moderated = |mutation, input| Row::new(mutation, input, &self.author, "FORBIDDEN", "NOT_FOUND");
        let rows = json!([{ "memberId": self.newcomer.member.to_string() }]);
        let bulk = json!({ "courseId": self.course.id, "rows": rows });
        let terms = json!({ "courseId": self.course.id, "policy": "OPEN", "seats": 9 });
        let mut table = vec![
            about("enrollmentApprove", asking, json!({})),
            about("enrollmentDecline", unwanted, json!({})),
            about(
                "enrollmentExtend",
                asking,
                json!({ "dueAt": "2999-01-01T00:00:00Z" }),
            ),
            about("enrollmentRevisionUpgrade", outdated, json!({})),
            about("enrollmentReopen", complete, json!({})),
            about("enrollmentWithdraw", asking, json!({})),
            own("bookmarkSet", json!({ "unitId": self.unit, "note": "A note" })),
            own("bookmarkRemove", json!({ "unitId": self.unit })),
            own("reviewSet", json!({ "stars": 5 })),
            own("reviewRemove", json!({})),
            moderated("reviewHide", json!({ "reviewId": review, "reason": "Why not." })),
            moderated("reviewShow", json!({ "reviewId": review })),
            Row::new("enrollBulk", bulk, owner, "NOT_FOUND", "NOT_FOUND"),
            Row::new(
                "courseEnrollmentTermsSet",
                terms,
                &self.author,
                "FORBIDDEN",
                "NOT_FOUND",
            ),
        ];
        table.extend(self.paths.rows());
        table.extend(self.surveys.rows());
        table
    }
}

/// What there is of an academy's enrolments beside progress and attempts, with a word in everything that people write: terms, a request
/// that was declined and one that waits, a former cycle, bookmarks and reviews, learning paths.
pub fn of_academy(word: &str, owner: MemberKey, learner: MemberKey) -> String {
    let paths = paths::of_academy(word, owner);
    let surveys = surveys::of_academy(word, owner, learner);
    let (owner, learner) = (owner.id.0, learner.id.0);
    format!(
        "insert into enrollment_terms (org_id, course_id, policy, invitation_code, seats, due_days, access_days, valid_months) \
         select org_id, id, 'invitation', '{word}-terms-code', 9, 9, 9, 9 from courses where org_id = any (app_orgs()); \
         update enrollments set cycle = case when state = 'completed' then 2 else 1 end, due_at = now() + interval '9 days', expires_at = now() + interval '10 days', requested_at = now(), \
         decided_by = '{owner}', last_activity_at = now(), renews_at = case when state = 'completed' then now() + interval '1 year' end; \
         insert into enrollment_cycles select org_id, id, 1, revision_id, unit_count, unit_count, 60, now() from enrollments where cycle = 2; \
         insert into enrollments (org_id, id, course_id, member_id, revision_id, state, source, unit_count, requested_at, decided_by, decline_reason) \
         select c.org_id, gen_random_uuid(), c.id, m.id, c.revision_id, s.state, 'self', c.unit_count, now(), '{owner}', s.reason \
         from courses c join memberships m on m.org_id = c.org_id and m.id not in ('{owner}', '{learner}') join roles r on r.org_id = m.org_id \
         and r.id = m.role_id join (values ('author', 'declined', '{word}-enrollments-reason'), ('manager', 'waitlisted', null)) as s (slug, state, reason) \
         on s.slug = r.slug; \
         update course_drafts set completion_percent = 50; \
         insert into course_revisions (org_id, id, course_id, number, format, content, published_by) \
         select r.org_id, gen_random_uuid(), r.course_id, 2, 3, replace(replace(r.content, '\"completion_rule\":\"all_units\"', \
         '\"completion_rule\":\"minimum_percent\",\"completion_percent\":50'), u.id::text, '00000000-0000-7000-8000-000000000009'), r.published_by \
         from course_revisions r join courses c on c.org_id = r.org_id and c.id = r.course_id and c.visibility = 'members' \
         join draft_units u on u.org_id = r.org_id and u.course_id = r.course_id and u.kind = 'text' where r.number = 1; \
         insert into revision_answer_keys select r.org_id, r.id, k.answer_keys from course_revisions r \
         join course_revisions f on f.org_id = r.org_id and f.course_id = r.course_id and f.number = 1 \
         join revision_answer_keys k on k.org_id = f.org_id and k.revision_id = f.id where r.number = 2; \
         update enrollments e set revision_id = r.id from course_revisions r where r.org_id = e.org_id and r.course_id = e.course_id \
         and r.number = 2 and e.member_id = '{learner}'; \
         insert into unit_progress (org_id, enrollment_id, unit_id, state, seconds) select e.org_id, e.id, '00000000-0000-7000-8000-000000000009', \
         'started', 60 from enrollments e join course_revisions r on r.org_id = e.org_id and r.id = e.revision_id and r.number = 2; \
         insert into bookmarks (org_id, id, enrollment_id, course_id, member_id, unit_id, note) \
         select e.org_id, gen_random_uuid(), e.id, e.course_id, e.member_id, u.id, '{word}-bookmarks-note' \
         from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id and u.kind = 'text' \
         where e.member_id in ('{owner}', '{learner}'); \
         insert into course_reviews (org_id, id, enrollment_id, course_id, member_id, stars, text, hidden_at, hidden_by, hidden_reason) \
         select e.org_id, gen_random_uuid(), e.id, e.course_id, e.member_id, 4, '{word}-reviews-text', h.at, h.by, h.reason \
         from enrollments e join (values ('{owner}'::uuid, now(), '{owner}'::uuid, '{word}-reviews-reason'), ('{learner}', null, null, null)) \
         as h (member, at, by, reason) on h.member = e.member_id; {paths} {surveys}"
    )
}
