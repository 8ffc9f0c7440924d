//! An academy with a word of its own in everything that people write, so that a text seen where it should not be tells
//! where it comes from.

use super::harvest::Harvest;
use super::{TestApp, app::Person};
use super::{academy_units, delivery, factory};
use lyceum::domain::certificates::CertificateCode;
use lyceum::kernel::ids::{
    AttemptId, AttemptKey, CertificateId, CertificateKey, CourseKey, Key, QuestionBankId, QuestionBankKey,
};
use lyceum::kernel::secret::{Token, TokenKind};
use serde_json::{Value, json};

/// The academy, its people, and its three words.
pub struct Academy {
    /// The node and the organisation.
    pub app: TestApp,
    /// Stands in what an open academy shows to everybody.
    pub shown: String,
    /// Stands in everything else.
    pub hidden: String,
    /// Stands in what is right, and why.
    pub key: String,
    /// One person for each role, the mightiest first; the owner is enrolled and has passed.
    pub people: Vec<(&'static str, Person)>,
    /// The identifier of the course that everybody may find if the academy is open.
    pub course: String,
    /// An attempt without an essay: few can be computed anew, and a walk does not try all.
    replayed: AttemptKey,
    /// The tokens of its invitations.
    tokens: Vec<Token>,
}

/// The roles, one person each.
const INVITATIONS: [&str; 3] = ["pending", "accepted", "revoked"];
const ROLES: [&str; 6] = ["owner", "admin", "author", "instructor", "manager", "learner"];

impl Academy {
    /// Founds an academy on this node.
    pub async fn found(on: &TestApp, is_open: bool) -> Self {
        let app = on.elsewhere().await;
        let random = app.app.clock.uuid().simple().to_string();
        let word = |kind: &str| format!("{kind}{}", &random[20..]);
        let mut people = Vec::new();
        for role in ROLES {
            people.push((role, app.member(role).await));
        }
        let mut academy = Self {
            replayed: AttemptKey::new(app.org, AttemptId(app.app.clock.uuid())),
            app,
            shown: word("shown"),
            hidden: word("hidden"),
            key: word("key"),
            people,
            course: String::new(),
            tokens: INVITATIONS
                .map(|_| Token::generate(TokenKind::Invitation))
                .to_vec(),
        };
        academy.name(is_open).await;
        academy.banks().await;
        let asset = academy.upload().await;
        let shown = academy.shown.clone();
        academy.course = academy.course(&shown, "PUBLIC", &asset).await;
        let hidden = academy.hidden.clone();
        let second = academy.course(&hidden, "MEMBERS", &asset).await;
        academy.require(&academy.course, &second).await;
        academy.teach(&second).await;
        academy.decide().await;
        academy.record().await;
        academy.classmates(&second).await;
        academy.hand_in(&asset).await;
        academy.further(&second).await;
        academy.operate().await;
        academy
    }

    /// The person with a role.
    pub fn person(&self, role: &str) -> &Person {
        &self.people.iter().find(|(name, _)| *name == role).unwrap().1
    }

    /// All three words.
    pub fn words(&self) -> [&str; 3] {
        [&self.shown, &self.hidden, &self.key]
    }

    /// What is handed out once and found by no reading, or not among the first of its kind.
    pub fn secrets(&self) -> Harvest {
        let tokens = self
            .tokens
            .iter()
            .map(|token| token.expose().to_owned())
            .collect();
        Harvest {
            ids: [self.replayed.to_string()].into(),
            texts: [("InvitationsSendResult.token".to_owned(), tokens)].into(),
            ..Harvest::default()
        }
    }

    /// Runs statements in this organisation's scope.
    pub async fn sql(&self, statements: &str) {
        factory::sql(&self.app, statements).await;
    }

    async fn name(&self, is_open: bool) {
        let (org, shown, hidden) = (self.app.org.0, &self.shown, &self.hidden);
        self.sql(&format!(
            "update organizations set name = '{shown}-organizations-name', slug = '{shown}-organizations-slug', is_open = {is_open}; \
             update roles set name = '{hidden}-roles-name' || slug; \
             insert into roles values ('{org}', gen_random_uuid(), '{hidden}-roles-slug', '{hidden}-roles-name', false, '{{\"{hidden}-roles-grants\": [\"all\"]}}')",
        ))
        .await;
        // A text without a policy, one that is none, and the one that holds.
        let mended = format!("// {hidden}-policies-none");
        let broken = format!("{hidden}-policies-broken");
        let holds = format!(
            "@id(\"{hidden}-policies-owners\") forbid (principal, action == Action::\"members.manage\", resource) when {{ resource.isOwner }}; \
             @id(\"{hidden}-policies-authors\") forbid (principal is Member, action in [Action::\"courses.create\", Action::\"courses.publish\"], \
             resource) when {{ principal.isOwner }};"
        );
        for (number, source) in (1..).zip([mended, broken, holds]) {
            self.sql(&format!(
                "insert into policy_revisions (org_id, id, number, source, author_id) values ('{org}', gen_random_uuid(), {number}, '{source}', '{}')",
                self.person("owner").member.id.0
            ))
            .await;
        }
        for (role, person) in &self.people {
            self.sql(&format!(
                "update memberships set name = '{hidden}-memberships-name-{role}', email = '{hidden}-memberships-email-{role}@people.example' \
                 where id = '{}'; set local app.\"user\" = '{}'; \
                 update users set first_name = '{hidden}-users-first-{role}', last_name = '{hidden}-users-last-{role}', password_hash = '{hidden}-users-password', \
                 email = '{hidden}-users-email-{role}@people.example', age_attested_at = now(); \
                 update sessions set user_agent = '{hidden}-sessions-agent-{role}', network = '{hidden}-sessions-network'; \
                 insert into security_events (id, user_id, kind, session_id, user_agent, network) \
                 select gen_random_uuid(), user_id, 'signed_in', id, '{hidden}-events-agent', '{hidden}-events-network' from sessions; \
                 insert into organization_security_events (org_id, kind, member_id) \
                 select org_id, 'signed_in', id from memberships where user_id = (select app_user()); \
                 insert into identities (id, user_id, provider, issuer, subject, email) select gen_random_uuid(), user_id, 'google', \
                 '{hidden}-identities-issuer', '{hidden}-identities-subject-{role}', '{hidden}-identities-email' from sessions; \
                 insert into interests select user_id, '{{{hidden}-more-courses-tag}}' from sessions; \
                 insert into profile_details select user_id, k.detail, k.value, 'members' from sessions, (values ('bio', '{hidden}-profiles-bio'), \
                 ('education', '{hidden}-profiles-education'), ('experience', '{hidden}-profiles-experience'), ('goals', '{hidden}-profiles-goals'), \
                 ('phone', '+431234567'), ('avatar_url', 'https://{hidden}.example/picture'), ('company', '{hidden}-profiles-company'), \
                 ('job_title', '{hidden}-profiles-job'), ('username', '{hidden}-{role}'), ('country', 'AT')) k (detail, value); \
                 insert into processing_objections (id, user_id, purpose, withdrawn_at) select gen_random_uuid(), user_id, 'profiling', now() from sessions; \
                 insert into guardian_consents (user_id, email, expires_at, given_at) select user_id, '{hidden}-consents-email', now(), now() from sessions; \
                 insert into totp_factors (user_id, secret, confirmed_at) select user_id, sha512('x'), now() from sessions; \
                 insert into mails (id, user_id, template, recipient, detail, failed_at) select gen_random_uuid(), user_id, 'security_notice', \
                 '{hidden}-mails-recipient', '{{\"what\": \"{hidden}-mails-detail\"}}', now() from sessions; \
                 insert into account_tokens (id, user_id, purpose, email, token_hash, expires_at) select gen_random_uuid(), user_id, \
                 'verify_email', '{hidden}-tokens-email', sha256(convert_to(user_id::text, 'UTF8')), now() from sessions; \
                 insert into account_idempotency_records select user_id, '{hidden}-idempotency-mutation', '{hidden}-idempotency-key', \
                 sha256('{hidden}'), '{{\"done\": \"{hidden}-idempotency-outcome\"}}' from sessions",
                person.member.id.0, person.user.0
            ))
            .await;
        }
    }

    /// Writes and publishes a course, then goes on with its draft.
    async fn course(&self, word: &str, visibility: &str, asset: &str) -> String {
        let (author, hidden) = (self.person("author"), &self.hidden);
        let course = self
            .change(
                "courseCreate",
                "CourseCreateInput",
                "course { id }",
                json!({ "organizationId": self.app.org_id(), "slug": format!("{word}-courses-slug"), "title": format!("{word}-courses-title"),
                    "summary": format!("{word}-courses-summary"), "visibility": visibility, "externalId": format!("{word}-courses-external"),
                    "idempotencyKey": format!("{hidden}-{word}-idempotency-key") }),
                "/course/id",
            )
            .await;
        let module = self
            .change(
                "moduleCreate",
                "ModuleCreateInput",
                "module { id }",
                json!({ "courseId": course, "title": format!("{word}-modules-title"), "part": format!("{word}-modules-part") }),
                "/module/id",
            )
            .await;
        let unit = |kind: &str| format!("{word}-units-title-{kind}");
        let text = factory::unit(
            author,
            &module,
            &unit("text"),
            json!({ "text": { "body": format!("{word}-units-body of {word}-courses-title") } }),
        )
        .await;
        self.change(
            "courseTranslationsSet",
            "CourseTranslationsSetInput",
            "draft { languages }",
            academy_units::translations(word, [&course, &module, &text]),
            "/draft/languages/0",
        )
        .await;
        let mut last = String::new();
        for (kind, content) in academy_units::contents(word, asset) {
            last = factory::unit(author, &module, &unit(kind), json!({ kind: content })).await;
        }
        // Reviewed at once, and not before it is passed.
        let mut quiz = String::new();
        for review in ["AFTER_SUBMISSION", "AFTER_PASSING"] {
            quiz = factory::unit(
                author,
                &module,
                &unit("quiz"),
                json!({ "quiz": self.quiz(review) }),
            )
            .await;
        }
        self.release(&last, &text, &quiz).await;
        let id = CourseKey::parse(&course).unwrap().id.0;
        self.sql(&format!(
            "update draft_modules set external_id = '{hidden}-modules-external' where course_id = '{id}'; \
             update draft_units set external_id = '{hidden}-units-external' || position where course_id = '{id}'; \
             update draft_questions q set external_id = '{hidden}-questions-external' || q.position \
             from draft_units u where u.org_id = q.org_id and u.id = q.unit_id and u.course_id = '{id}'",
        ))
        .await;
        self.change(
            "coursePublish",
            "CoursePublishInput",
            "course { id }",
            json!({ "id": course }),
            "/course/id",
        )
        .await;
        let edit = json!({ "id": course, "title": format!("{hidden}-drafts-title"), "summary": format!("{hidden}-drafts-summary"),
            "tags": [format!("{word}-courses-tag").to_lowercase()] });
        self.change(
            "courseUpdate",
            "CourseUpdateInput",
            "course { id }",
            edit,
            "/course/id",
        )
        .await;
        let review = json!({ "id": course, "note": format!("{hidden}-drafts-review-note") });
        self.change(
            "courseSubmitForReview",
            "CourseSubmitForReviewInput",
            "course { id }",
            review,
            "/course/id",
        )
        .await;
        course
    }

    /// Lets a course come after another.
    pub async fn require(&self, course: &str, other: &str) {
        let (mutation, input) = ("coursePrerequisitesSet", "CoursePrerequisitesSetInput");
        let courses = json!({ "id": course, "courseIds": [other] });
        self.change(mutation, input, "course { id }", courses, "/course/id")
            .await;
    }

    fn quiz(&self, review: &str) -> Value {
        let (hidden, key) = (&self.hidden, &self.key);
        let options = |right: [bool; 2]| {
            let option = |(i, right): (usize, bool)| json!({ "text": format!("{hidden}-options-text-{i}"), "isRight": right });
            right.into_iter().enumerate().map(option).collect::<Vec<_>>()
        };
        let question = |answer: Value| json!({ "text": format!("{hidden}-questions-text"), "explanation": format!("{key}-questions-explanation"), "answer": answer });
        let texts = |kind: &str| [0, 1].map(|n| format!("{hidden}-{kind}-text-{n}"));
        let units = json!([{ "name": format!("{hidden}-units-name"), "factor": "1" }]);
        let number =
            |tolerance: &str| json!({ "value": "1.5", "tolerance": { tolerance: "0.1" }, "units": units });
        let gap = |key: &str, answer: Value| json!({ "key": key, "answer": answer });
        let accepted = json!({ "accepted": [format!("{key}-gaps-accepted")] });
        let mut cloze = question(json!({ "cloze": { "gaps": [gap("a", json!({ "text": accepted })),
            gap("b", json!({ "number": number("relative") })), gap("c", json!({ "choice": { "options": options([false, true]) } }))] } }));
        cloze["text"] = json!(format!("{hidden}-questions-text [[a]] [[b]] [[c]]"));
        json!({
            "policy": { "review": review, "passPercent": 50, "maxAttempts": 9, "timeLimitSeconds": 3600, "shuffleQuestions": true,
                "cooldownSeconds": 60, "opensAt": "2020-01-01T00:00:00Z", "closesAt": "2099-01-01T00:00:00Z" },
            "pools": [{ "bankId": self.bank().to_string(), "draw": 1, "tags": [format!("{hidden}-banks-tag")] }],
            "questions": [
                question(json!({ "singleChoice": { "options": options([false, true]) } })),
                question(json!({ "multipleChoice": { "options": options([true, true]) } })),
                question(json!({ "shortText": { "accepted": [format!("{key}-questions-accepted")] } })),
                question(json!({ "programTracing": { "program": format!("{hidden}-questions-program"), "compiles": true, "stdout": format!("{key}-questions-stdout") } })),
                question(json!({ "programTracing": { "program": format!("{hidden}-questions-program"), "compiles": false, "line": 7 } })),
                question(json!({ "trueFalse": { "isTrue": true, "feedbackIfFalse": format!("{key}-questions-feedback") } })),
                question(json!({ "numeric": number("absolute") })),
                question(json!({ "ordering": { "items": texts("items") } })),
                question(json!({ "matching": { "pairs": texts("stems").map(|stem| json!({ "stem": stem, "option": stem })) } })),
                cloze,
                question(json!({ "essay": { "sample": format!("{key}-questions-sample"),
                    "rubric": [{ "title": format!("{hidden}-rubric-title"), "points": 1 }] } })),
            ],
        })
    }

    /// A bank of two questions, one of them retired, from which quizzes draw, and one that is archived.
    async fn banks(&self) {
        let (hidden, key, org) = (&self.hidden, &self.key, self.app.org.0);
        let (bank, author) = (self.bank().id.0, self.person("author").member.id.0);
        let named = |text: &str| json!([{ "key": "o1", "text": format!("{hidden}-banks-{text}") }]);
        let prompt = json!({ "kind": "short_text", "text": format!("{hidden}-banks-text"), "program": format!("{hidden}-banks-program"),
            "options": named("option"), "stems": named("stem"), "gaps": [{ "key": "a", "kind": "text" }], "units": [format!("{hidden}-banks-unit")],
            "rubric": [{ "key": "c1", "title": format!("{hidden}-banks-criterion"), "max_points": 100 }] });
        let answer = json!({ "texts": { "accepted": [format!("{key}-banks-accepted")] }, "explanation": format!("{key}-banks-explanation") });
        self.sql(&format!(
            "insert into question_banks (org_id, id, name, description, archived_at) values \
             ('{org}', '{bank}', '{hidden}-banks-name', '{hidden}-banks-description', null), \
             ('{org}', gen_random_uuid(), '{hidden}-banks-archived', '{hidden}-banks-description', now()); \
             insert into bank_questions (org_id, id, bank_id, tags, retired_at) select org_id, gen_random_uuid(), id, '{{{hidden}-banks-tag}}', \
             case n when 2 then now() end from question_banks, generate_series(1, 2) n; \
             insert into bank_question_versions (org_id, question_id, number, prompt, answer_key, created_by) \
             select q.org_id, q.id, 1, '{prompt}', '{answer}', '{author}' from bank_questions q",
        ))
        .await;
    }

    /// The bank that quizzes draw from: it has the organisation's own number.
    fn bank(&self) -> QuestionBankKey {
        QuestionBankKey::new(self.app.org, QuestionBankId(self.app.org.0))
    }

    /// Does something as the author; gives what the answer has at a place.
    pub async fn change(
        &self,
        mutation: &str,
        input: &str,
        select: &str,
        value: Value,
        pointer: &str,
    ) -> String {
        let document = format!(
            "mutation($input: {input}!) {{ {mutation}(input: $input) {{ {select} userErrors {{ code message }} }} }}"
        );
        let reply = self
            .person("author")
            .run_with(&document, json!({ "input": value }))
            .await;
        assert_eq!(reply.codes(), "", "{mutation}: {:#}", reply.body);
        reply.text(&format!("/{mutation}{pointer}")).to_owned()
    }

    /// Groups, teaching and invitations.
    async fn teach(&self, course: &str) {
        let (org, hidden) = (self.app.org.0, &self.hidden);
        factory::teaches(&self.app, self.person("instructor").member, course).await;
        let group = factory::group(
            &self.app,
            self.person("manager").member,
            &[self.person("learner").member],
        )
        .await;
        self.sql(&format!(
            "update groups set name = '{hidden}-groups-name' where id = '{}'",
            group.0
        ))
        .await;
        for (state, token) in INVITATIONS.iter().zip(&self.tokens) {
            let accepted_by = if *state == "accepted" {
                format!("'{}'", self.person("learner").member.id.0)
            } else {
                "null".to_owned()
            };
            self.sql(&format!(
                "insert into invitations (org_id, id, email, role_id, state, token_hash, invited_by, expires_at, accepted_by) \
                 select '{org}', gen_random_uuid(), '{hidden}-invitations-email-{state}@people.example', r.id, '{state}', \
                 sha256('{}'), '{}', now() + interval '1 day', {accepted_by} from roles r where r.slug = 'learner'",
                token.expose(),
                self.person("owner").member.id.0
            ))
            .await;
        }
    }

    /// What learners did: the owner has passed everything and has certificates, one of them revoked; the learner has
    /// failed the quiz that is reviewed when it is passed, and sits at every quiz.
    async fn record(&self) {
        let (hidden, owner, learner) = (
            &self.hidden,
            self.person("owner").member.id.0,
            self.person("learner").member.id.0,
        );
        let (course, replayed) = (CourseKey::parse(&self.course).unwrap().id.0, self.replayed.id.0);
        self.sql(&format!(
            "insert into enrollments (org_id, id, course_id, member_id, revision_id, state, source, unit_count, units_completed, completed_at) \
             select c.org_id, gen_random_uuid(), c.id, m.id, c.revision_id, case when m.id = '{owner}' then 'completed' else 'active' end, 'staff', \
             c.unit_count, case when m.id = '{owner}' then c.unit_count else 1 end, case when m.id = '{owner}' then now() end \
             from courses c cross join memberships m where m.org_id = c.org_id and m.id in ('{owner}', '{learner}'); \
             insert into unit_progress (org_id, enrollment_id, unit_id, state, seconds, position, position_at, completed_at, watched) \
             select e.org_id, e.id, u.id, case when e.completed_at is null then 'started' else 'completed' end, 60, 7, now(), e.completed_at, '{{[0, 60)}}' \
             from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id; \
             insert into progress_events select org_id, id, gen_random_uuid() from enrollments; \
             insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, seed, deadline_at, \
             submitted_at, points, max_points, pass_points) \
             select e.org_id, case when e.completed_at is null and e.course_id = '{course}' then '{replayed}'::uuid else gen_random_uuid() end, \
             e.id, u.id, e.course_id, e.revision_id, e.member_id, 1, 'graded', 42, now() + interval '1 hour', \
             now(), case when e.completed_at is null then 0 else 5 end, 5, 3 \
             from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id and u.kind = 'quiz' \
             where e.completed_at is not null or u.quiz->>'review' = 'after_passing'; \
             insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, seed, deadline_at, max_points, pass_points) \
             select e.org_id, gen_random_uuid(), e.id, u.id, e.course_id, e.revision_id, e.member_id, 2, 43, now() + interval '1 hour', 5, 3 \
             from enrollments e join draft_units u on u.org_id = e.org_id and u.course_id = e.course_id and u.kind = 'quiz'; \
             insert into attempts (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, state, seed, submitted_at, \
             max_points, pass_points, voided_at, voided_by, void_reason) \
             select org_id, gen_random_uuid(), enrollment_id, unit_id, course_id, revision_id, member_id, 3, 'voided', 44, now(), 5, 3, now(), '{owner}', \
             '{hidden}-attempts-void' from attempts where number = 2; \
             update attempts set overdue_at = deadline_at + interval '1 minute'; \
             insert into accommodations (org_id, id, enrollment_id, unit_id, extra_time_percent, extra_attempts, reason, set_by) \
             select org_id, gen_random_uuid(), enrollment_id, case number when 2 then unit_id end, 10, 1, '{hidden}-accommodations-reason', '{owner}' from attempts on conflict do nothing; \
             insert into attempt_receipts (org_id, attempt_id, number, kind, document, grading, hash, signature, key_id, issued_at, points, points_before, \
             keys_revision_id, issued_by, reason) select org_id, id, 1, 'regraded', '{hidden}-receipts-document', '{hidden}-receipts-grading', \
             sha256('x'), sha512('x'), '{hidden}-receipts-key', now(), points, 0, revision_id, '{owner}', '{hidden}-receipts-reason' \
             from attempts where state = 'graded'; \
             insert into attempt_answers (org_id, attempt_id, question_id, answer, points, feedback, criteria) \
             select a.org_id, a.id, q.id, case q.position when 0 then '{{\"choice\": [\"o2\"]}}'::jsonb when 1 then '{{\"choice\": [\"o1\"]}}' \
             when 2 then '{{\"text\": \"{hidden}-answers-text\"}}' \
             when 3 then '{{\"tracing\": {{\"compiles\": true, \"stdout\": \"{hidden}-answers-stdout\", \"line\": null}}}}' \
             when 4 then '{{\"tracing\": {{\"compiles\": false, \"stdout\": null, \"line\": 7}}}}' \
             when 5 then '{{\"truth\": true}}' when 6 then '{{\"number\": {{\"value\": \"1\", \"unit\": \"{hidden}-units-name\"}}}}' \
             when 7 then '{{\"order\": [\"o1\", \"o2\"]}}' when 8 then '{{\"pairs\": {{\"s1\": \"o1\"}}}}' \
             when 9 then '{{\"gaps\": {{\"a\": {{\"text\": \"{hidden}-answers-gap\"}}, \"b\": {{\"number\": {{\"value\": \"1\"}}}}, \"c\": {{\"choice\": \"o1\"}}}}}}' \
             else '{{\"text\": \"{hidden}-answers-essay\"}}' end, \
             case when a.state = 'graded' then 1 end, case when a.state = 'graded' then '{hidden}-answers-feedback' end, \
             case when a.state = 'graded' then '[{{\"key\": \"{hidden}-criteria-key\", \"points\": 1, \"feedback\": \"{hidden}-criteria-feedback\"}}]'::jsonb end \
             from attempts a join draft_questions q on q.org_id = a.org_id and q.unit_id = a.unit_id \
             where q.position <> 10 or a.member_id = '{owner}'; \
             insert into attempt_answers (org_id, attempt_id, question_id, answer, points) \
             select a.org_id, a.id, q.id, '{{\"text\": \"{hidden}-answers-text\"}}', 1 from attempts a join bank_questions q \
             on q.org_id = a.org_id and q.bank_id = a.org_id and q.retired_at is null where a.state = 'graded'; \
             update attempts a set cycle = 2 from courses c where c.org_id = a.org_id and c.id = a.course_id \
             and c.visibility = 'members' and a.member_id = '{owner}' and a.state = 'graded'",
        ))
        .await;
        let (of_owner, of_learner) = (self.person("owner").member, self.person("learner").member);
        self.sql(&delivery::of_academy(hidden, of_owner, of_learner))
            .await;
        for (visibility, revoked) in [
            ("public", "null, null".to_owned()),
            ("members", format!("now(), '{hidden}-certificates-reason'")),
        ] {
            let key = CertificateKey::new(self.app.org, CertificateId(self.app.app.clock.uuid()));
            let (code, generation) = CertificateCode::issue(&self.app.app.keyring, key);
            let code = code.to_string().replace('-', "");
            self.sql(&format!(
                "insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, code_hash, code_generation, \
                 holder_name, course_title, organization_name, revoked_at, revocation_reason) \
                 select e.org_id, '{}', e.id, e.course_id, e.member_id, e.revision_id, sha256('{code}'), {generation}, \
                 '{hidden}-certificates-holder', '{hidden}-certificates-title', '{hidden}-certificates-organization', {revoked} \
                 from enrollments e join courses c on c.org_id = e.org_id and c.id = e.course_id \
                 where e.completed_at is not null and c.visibility = '{visibility}'",
                key.id.0
            ))
            .await;
        }
    }
}
