//! An organisation with a few of everything that there are lists of, or with many.

use super::app::Person;
use super::factory::{self, Course};
use super::world_units::assignment;
use super::{TestApp, apps};
use chrono::TimeDelta;
use lyceum::kernel::ids::{CourseKey, Key, OrgId, UnitKey};
use serde_json::json;

const PARENTS: &str = "query($id: ID!) { questionBanks { nodes { id } } organization(id: $id) { apps { id } courses { nodes { id surveys { id } } } \
    enrollments { nodes { id } } groups { nodes { id } } members { nodes { id } } paths { nodes { id } } } }";

/// An organisation with lists.
pub struct Crowd {
    /// The organisation, and the node that it is on.
    pub app: TestApp,
    /// Its owner, who reads everything.
    pub owner: Person,
    /// A learner, who has something in each list of their own.
    pub learner: Person,
}

impl Crowd {
    /// Makes one with so many of everything.
    pub async fn new(size: usize) -> Self {
        let app = TestApp::new().await.unlimited();
        let owner = app.owner().await;
        let course = factory::draft_course(&app, &owner, 1).await;
        let work = factory::unit(&owner, &course.module, "Work", assignment(json!({}))).await;
        factory::publish(&owner, &course.id).await;
        let learner = app.learner().await;
        for _ in 1..size {
            app.learner().await;
        }
        factory::sql(&app, &of_courses(app.org, &course, &work, size)).await;
        factory::sql(&app, &of_organization(&owner, size)).await;
        let program = apps::app(&app, owner.member).await;
        let until = app.app.clock.now() + TimeDelta::hours(1);
        let (token, _) = apps::token_until(&app, program, owner.member, &apps::all_scopes(), until).await;
        for _ in 0..size {
            apps::app(&app, owner.member).await;
            apps::learner_session(&app, token, learner.member).await;
            factory::open_session(&app.app, learner.user).await;
            let noted = "insert into security_events (id, user_id, kind) select gen_random_uuid(), user_id, 'signed_in' from sessions limit 1";
            let noted = format!("set local app.\"user\" = '{}'; {noted}", learner.user.0);
            factory::sql(&app, &noted).await;
        }
        let linked = format!(
            "insert into account_links (org_id, id, email, organization_name, proposed_by, expires_at) \
             values ('{}', gen_random_uuid(), '{}', 'An academy', '{}', now() + interval '1 day')",
            app.org.0, learner.email, owner.member.id.0
        );
        factory::sql(&app, &linked).await;
        factory::seal(&app).await;
        Self { app, owner, learner }
    }

    /// The identifiers of what has lists of its own.
    pub async fn parents(&self) -> Vec<String> {
        let reply = self
            .owner
            .run_with(PARENTS, json!({ "id": self.app.org_id() }))
            .await;
        let organization = reply.data("/organization").as_object().unwrap();
        let mut lists: Vec<_> = organization.values().collect();
        lists.push(reply.data("/questionBanks"));
        let rows = lists.into_iter().flat_map(|list| {
            let nodes = list.get("nodes").unwrap_or(list);
            nodes.as_array().unwrap()
        });
        let with_surveys = rows.flat_map(|row| {
            let surveys = row["surveys"].as_array().into_iter().flatten();
            std::iter::once(row).chain(surveys)
        });
        with_surveys
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Courses, and what everybody does in them.
fn of_courses(org: OrgId, course: &Course, work: &str, size: usize) -> String {
    let (org, id) = (org.0, CourseKey::parse(&course.id).unwrap().id.0);
    let units = [&course.texts[0], &course.quiz, work];
    let [text, quiz, work] = units.map(|unit| UnitKey::parse(unit).unwrap().id.0);
    format!(
        "insert into courses (org_id, id, slug, visibility, title, summary) \
         select '{org}', gen_random_uuid(), 'copy-' || n, 'public', 'Copy ' || n, '' from generate_series(2, {size}) n; \
         insert into course_drafts (org_id, course_id, title, summary) select org_id, id, title, summary from courses where slug like 'copy-%'; \
         insert into course_revisions select c.org_id, gen_random_uuid(), c.id, 1, r.format, r.content, r.published_by \
         from courses c join course_revisions r on r.org_id = c.org_id and r.course_id = '{id}' where c.slug like 'copy-%'; \
         update courses c set state = 'published', revision_id = r.id, revision_number = 1, published_at = now() \
         from course_revisions r where r.org_id = c.org_id and r.course_id = c.id and c.slug like 'copy-%'; \
         insert into enrollments (org_id, id, course_id, member_id, revision_id, source, state, unit_count, units_completed) \
         select c.org_id, gen_random_uuid(), c.id, m.id, c.revision_id, 'staff', 'active', 2, 1 \
         from courses c join memberships m on m.org_id = c.org_id join roles r on r.org_id = m.org_id and r.id = m.role_id and r.slug = 'learner'; \
         insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, code_hash, code_generation, \
         holder_name, course_title, organization_name) select org_id, gen_random_uuid(), id, course_id, member_id, revision_id, \
         sha256(id::text::bytea), 1, 'A holder', 'A course', 'An academy' from enrollments; \
         insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, seed, submitted_at, points, \
         max_points, pass_points) select org_id, gen_random_uuid(), id, '{quiz}', course_id, revision_id, member_id, n, \
         case when n % 2 = 0 then 'graded' else 'needs_grading' end, n, now(), case when n % 2 = 0 then 1 end, 2, 1 \
         from enrollments, generate_series(1, {size}) n; \
         insert into submissions (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, body, max_points, pass_points) \
         select org_id, gen_random_uuid(), id, '{work}', course_id, revision_id, member_id, n, case n when {size} then 'submitted' else 'superseded' end, \
         'Work.', 10, 5 \
         from enrollments, generate_series(1, {size}) n; \
         insert into bookmarks (org_id, id, enrollment_id, course_id, member_id, unit_id, note) \
         select org_id, gen_random_uuid(), id, course_id, member_id, '{text}', 'A note' from enrollments; \
         insert into course_reviews (org_id, id, enrollment_id, course_id, member_id, stars, text) \
         select org_id, gen_random_uuid(), id, course_id, member_id, 4, 'Good.' from enrollments; \
         insert into surveys (org_id, id, course_id, title, description, questions, audience, is_anonymous, state, opened_at) \
         select c.org_id, gen_random_uuid(), c.id, 'Survey ' || n, '', '[{{\"number\": 1, \"kind\": \"rating\", \"text\": \"So?\", \"options\": [], \"is_required\": true}}]', \
         'everybody', false, 'open', now() from courses c, generate_series(1, {size}) n where c.org_id = '{org}'; \
         insert into survey_participants (org_id, survey_id, course_id, enrollment_id, member_id) \
         select e.org_id, s.id, s.course_id, e.id, e.member_id from surveys s join enrollments e on e.org_id = s.org_id and e.course_id = s.course_id \
         where s.title = 'Survey 1'; \
         insert into survey_responses (org_id, id, survey_id, course_id, enrollment_id, member_id, submitted_at, answers) \
         select org_id, gen_random_uuid(), survey_id, course_id, enrollment_id, member_id, now(), '[{{\"question\": 1, \"rating\": 4}}]' \
         from survey_participants; \
         insert into learning_paths (org_id, id, title, state, published_at) \
         select '{org}', gen_random_uuid(), 'Path ' || n, 'published', now() from generate_series(1, {size}) n; \
         insert into path_courses (org_id, path_id, course_id, is_required, position) \
         select l.org_id, l.id, c.id, true, row_number() over (partition by l.id) from learning_paths l join courses c on c.org_id = l.org_id; \
         insert into path_enrollments (org_id, id, path_id, member_id, source) \
         select l.org_id, gen_random_uuid(), l.id, m.member_id, 'self' \
         from learning_paths l join (select distinct org_id, member_id from enrollments) m on m.org_id = l.org_id"
    )
}

/// What its staff keeps, and what the service notes.
fn of_organization(owner: &Person, size: usize) -> String {
    let (org, owner, user) = (owner.member.org.0, owner.member.id.0, owner.user.0);
    format!(
        "insert into groups (org_id, id, name) select '{org}', gen_random_uuid(), 'Group ' || n from generate_series(1, {size}) n; \
         insert into group_members (org_id, group_id, member_id, is_manager) \
         select g.org_id, g.id, m.id, m.id = '{owner}' from groups g join memberships m on m.org_id = g.org_id; \
         insert into organization_domains (org_id, id, domain) select '{org}', gen_random_uuid(), 'n' || n || '.example' from generate_series(1, {size}) n; \
         insert into account_links (org_id, id, email, organization_name, proposed_by, expires_at) \
         select '{org}', gen_random_uuid(), n || '@n1.example', 'An academy', '{owner}', now() + interval '1 day' from generate_series(1, {size}) n; \
         insert into audit_entries (org_id, id, actor_id, action, target, detail, request_id) \
         select '{org}', gen_random_uuid(), '{owner}', 'course.updated', '', '{{}}', 'r' from generate_series(1, {size}); \
         insert into invitations (org_id, id, email, role_id, token_hash, invited_by, expires_at) \
         select r.org_id, gen_random_uuid(), n || '@people.example', r.id, sha256((r.id::text || n)::bytea), '{owner}', now() + interval '1 day' \
         from roles r, generate_series(1, {size}) n where r.slug = 'learner'; \
         insert into member_exports (org_id, id, member_id, made_by, document, expires_at) \
         select '{org}', gen_random_uuid(), '{owner}', '{owner}', '{{}}', now() + interval '1 day' from generate_series(1, {size}); \
         insert into policy_revisions (org_id, id, number, source, author_id) \
         select '{org}', gen_random_uuid(), n, '', '{owner}' from generate_series(1, {size}) n; \
         insert into organization_security_events (org_id, kind, member_id) \
         select '{org}', 'signed_in', '{owner}' from generate_series(1, {size}); \
         insert into support_grants (org_id, id, operator_id, operator_name, reason, permissions, hours, state, requested_at, decided_by, decided_at) \
         select '{org}', gen_random_uuid(), '{user}', 'An operator', 'A reason of ten letters.', '{{courses.read}}', 24, 'declined', now(), '{owner}', now() \
         from generate_series(1, {size}); \
         insert into question_banks (org_id, id, name) select '{org}', gen_random_uuid(), 'Bank ' || n from generate_series(1, {size}) n; \
         insert into bank_questions (org_id, id, bank_id) select org_id, gen_random_uuid(), id from question_banks, generate_series(1, {size}); \
         insert into bank_question_versions (org_id, question_id, number, prompt, answer_key, created_by) \
         select org_id, id, 1, '{{\"kind\": \"true_false\", \"text\": \"So?\", \"program\": null, \"options\": []}}', '{{\"truth\": {{\"is_true\": true}}}}', \
         '{owner}' from bank_questions"
    )
}
