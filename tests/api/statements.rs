//! How many SQL statements an answer takes: as many for a hundred rows as for one, for sixteen clients as for one.

use super::support::app::Person;
use super::support::factory::Course;
use super::support::{TestApp, apps, factory, servers};
use axum::body::Body;
use axum::http::{Request, header};
use futures_util::future::join_all;
use lyceum::auth::permission::Permission;
use lyceum::cache::Shared;
use lyceum::config::HttpConfig;
use lyceum::domain::certificates::CertificateCode;
use lyceum::kernel::ids::{CertificateId, CertificateKey, CourseKey, Key};
use serde_json::{Value, json};

/// What a page of a user interface asks for.
struct Operation {
    name: &'static str,
    document: &'static str,
    who: Who,
    /// Statements of a node's first answer.
    cold: u64,
    /// Statements of all others.
    warm: u64,
}

/// Who sends an operation.
#[derive(PartialEq)]
enum Who {
    Learners,
    Owners,
    Nobody,
}

/// The operations that are sent most, with the variables `$org`, `$course` and `$code`.
const OPERATIONS: &[Operation] = &[
    Operation {
        name: "a page of the catalogue: the page, its length, the organisations",
        document: "query($org: ID!) { catalog(filter: {organization: $org}, first: 50) { totalCount pageInfo { hasNextPage endCursor } \
            nodes { id slug title summary unitCount publishedAt organization { name } } } }",
        who: Who::Learners,
        cold: 3,
        warm: 3,
    },
    Operation {
        name: "an outline: the course and its revision, then nothing",
        document: "query($course: ID!) { course(id: $course) { title summary state unitCount revision { number } \
            modules { id title part units { id title position ... on QuizUnit { questionCount policy { passPercent } } } } } }",
        who: Who::Learners,
        cold: 2,
        warm: 0,
    },
    Operation {
        name: "an outline in another language: the course and its revision, then nothing",
        document: "query($course: ID!) { course(id: $course) { localized(languages: [\"pt-BR\", \"de\"]) { title titleLanguage text } \
            modules { localized(languages: \"pt-BR\") { title } units { localized(languages: \"pt-BR\") { title titleLanguage } } } } }",
        who: Who::Learners,
        cold: 2,
        warm: 0,
    },
    Operation {
        name: "a search: what is found; at first the courses and their revisions",
        document: "query($org: ID!) { search(query: \"about or read\", organization: $org, first: 50) { ... on CourseHit { excerpt course { title } } \
            ... on UnitHit { excerpt unit { id title } course { title } } ... on PathHit { excerpt path { title } } } }",
        who: Who::Learners,
        cold: 3,
        warm: 1,
    },
    Operation {
        name: "a learner's dashboard: person, enrolments, their number, progress, organisations, certificates; at first courses and revisions",
        document: "{ viewer { firstName enrollments(first: 50) { totalCount nodes { id state course { title organization { name } } \
            progress { percent } nextUnit { id title } certificate { id } } } } }",
        who: Who::Learners,
        cold: 8,
        warm: 6,
    },
    Operation {
        name: "members with what they learn: organisation, members, roles, who is in which group, groups, enrolments, certificates, three numbers; \
            at first courses",
        document: "query($org: ID!) { organization(id: $org) { members(first: 50) { totalCount nodes { name email role { name } groups { name } \
            enrollments(first: 20) { totalCount nodes { state progress { percent } course { title } } } \
            certificates(first: 20) { totalCount nodes { courseTitle issuedAt } } } } } }",
        who: Who::Owners,
        cold: 11,
        warm: 10,
    },
    Operation {
        name: "groups with their members: organisation, groups, members, two numbers",
        document: "query($org: ID!) { organization(id: $org) { groups(first: 50) { totalCount nodes { name \
            members(first: 20) { totalCount nodes { name email } } } } } }",
        who: Who::Owners,
        cold: 5,
        warm: 5,
    },
    Operation {
        name: "apps with the sessions that they opened: organisation, apps, sessions, their numbers, members",
        document: "query($org: ID!) { organization(id: $org) { apps { name \
            learnerSessions(first: 20) { totalCount nodes { createdAt member { name } } } } } }",
        who: Who::Owners,
        cold: 5,
        warm: 5,
    },
    Operation {
        name: "domains and linked accounts: organisation, domains, links, two numbers, members",
        document: "query($org: ID!) { organization(id: $org) { domains(first: 50) { totalCount nodes { domain state } } \
            accountLinks(first: 50) { totalCount nodes { email state proposedBy { name } } } } }",
        who: Who::Owners,
        cold: 6,
        warm: 6,
    },
    Operation {
        name: "what there is to grade: submissions, their number, members, files; at first the course",
        document: "query($course: ID!) { course(id: $course) { submissions(first: 50, filter: {state: SUBMITTED}) { totalCount \
            nodes { number isLate member { name } files { fileName url } } } } }",
        who: Who::Owners,
        cold: 5,
        warm: 4,
    },
    Operation {
        name: "what members handed in: organisation, members, enrolments, submissions, their numbers",
        document: "query($org: ID!) { organization(id: $org) { members(first: 50) { nodes { name enrollments(first: 20) { nodes { \
            submissions(first: 5) { totalCount nodes { number state points } } } } } } } }",
        who: Who::Owners,
        cold: 5,
        warm: 5,
    },
    Operation {
        name: "the verification of a certificate: one look-up through a door, which is not counted",
        document: "query($code: String!) { verifyCertificate(code: $code) { state holderName courseTitle organizationName issuedAt } }",
        who: Who::Nobody,
        cold: 0,
        warm: 0,
    },
];

const CLIENTS: usize = 16;

/// How much there is of everything.
#[derive(Clone, Copy, Debug)]
struct Size {
    texts: usize,
    copies: usize,
    members: usize,
}

const SMALL: Size = Size {
    texts: 1,
    copies: 1,
    members: 0,
};
const LARGE: Size = Size {
    texts: 12,
    copies: 40,
    members: 20,
};

/// An organisation with a course, courses like it, and sixteen learners who are enrolled in all of them and have a
/// certificate of the first; with groups that everybody is in, and apps that opened a session for everybody.
struct Academy {
    app: TestApp,
    course: Course,
    code: String,
    learners: Vec<Person>,
    owner: Person,
}

impl Academy {
    async fn found(app: TestApp, size: Size) -> Self {
        let owner = app.owner().await;
        let course = factory::published_course(&app, &owner, size.texts).await;
        let mut learners = Vec::new();
        for _ in 0..CLIENTS + size.members {
            learners.push(app.learner().await);
        }
        let (org, id) = (app.org.0, CourseKey::parse(&course.id).unwrap().id.0);
        let key = CertificateKey::new(app.org, CertificateId(app.app.clock.uuid()));
        let (code, generation) = CertificateCode::issue(&app.app.keyring, key);
        let plain = code.to_string().replace('-', "");
        let statements = format!(
            "insert into courses (org_id, id, slug, visibility, title, summary) \
             select '{org}', gen_random_uuid(), 'copy-' || n, 'public', 'Copy ' || n, '' from generate_series(1, {copies}) n; \
             insert into course_revisions select c.org_id, gen_random_uuid(), c.id, 1, r.format, r.content, r.published_by \
             from courses c join course_revisions r on r.org_id = c.org_id and r.course_id = '{id}' where c.slug like 'copy-%'; \
             update courses c set state = 'published', revision_id = r.id, revision_number = 1, published_at = now() \
             from course_revisions r where r.org_id = c.org_id and r.course_id = c.id and c.slug like 'copy-%'; \
             insert into published_texts (org_id, course_id, node_id, language, is_translation, title, body) \
             select c.org_id, c.id, case t.node_id when t.course_id then c.id else t.node_id end, t.language, false, t.title, t.body \
             from courses c join published_texts t on t.org_id = c.org_id and t.course_id = '{id}' where c.slug like 'copy-%'; \
             insert into enrollments (org_id, id, course_id, member_id, revision_id, source, state, unit_count, units_completed, completed_at) \
             select c.org_id, gen_random_uuid(), c.id, m.id, c.revision_id, 'staff', case when c.id = '{id}' then 'completed' else 'active' end, \
             9, 1, case when c.id = '{id}' then now() end \
             from courses c join memberships m on m.org_id = c.org_id join roles r on r.org_id = m.org_id and r.id = m.role_id and r.slug = 'learner'; \
             insert into certificates (org_id, id, enrollment_id, course_id, member_id, revision_id, code_hash, code_generation, \
             holder_name, course_title, organization_name) \
             select org_id, case when row_number() over () = 1 then '{certificate}' else gen_random_uuid() end, id, course_id, member_id, revision_id, \
             case when row_number() over () = 1 then sha256('{plain}') else sha256(id::text::bytea) end, {generation}, 'A holder', 'A course', 'An academy' \
             from enrollments where org_id = '{org}' and completed_at is not null; \
             insert into assets (org_id, id, state, file_name, declared_type, media_type, bytes, sha256, object_id, uploaded_by, completed_at) \
             values ('{org}', '{id}', 'ready', 'a', 'a/b', 'a/b', 5, sha256('x'), gen_random_uuid(), '{owner}', now()); \
             insert into submissions (org_id, id, enrollment_id, unit_id, course_id, revision_id, member_id, number, body, max_points, pass_points) \
             select org_id, gen_random_uuid(), id, id, course_id, revision_id, member_id, 1, 'Work.', 10, 5 from enrollments; \
             insert into submission_assets (org_id, submission_id, asset_id, position) select org_id, id, '{id}', 0 from submissions; \
             insert into organization_domains (org_id, id, domain) select '{org}', gen_random_uuid(), 'n' || n || '.example' from generate_series(1, {copies}) n; \
             insert into account_links (org_id, id, email, organization_name, proposed_by, expires_at) \
             select m.org_id, gen_random_uuid(), n || '@n1.example', 'An academy', m.id, now() + interval '1 day' \
             from memberships m cross join generate_series(1, {copies}) n where m.id = '{owner}'; \
             insert into groups (org_id, id, name) select '{org}', gen_random_uuid(), 'Group ' || n from generate_series(1, {copies}) n; \
             insert into group_members (org_id, group_id, member_id) \
             select g.org_id, g.id, m.id from groups g join memberships m on m.org_id = g.org_id; \
             insert into apps (org_id, id, name, created_by) select '{org}', gen_random_uuid(), 'App ' || n, '{owner}' from generate_series(1, {copies}) n; \
             insert into api_tokens (org_id, id, app_id, owner_id, name, prefix, scopes, expires_at) \
             select org_id, id, id, created_by, 'Token', 'a prefix', '{{learner_sessions.create}}', now() + interval '1 hour' from apps; \
             insert into learner_sessions (org_id, id, member_id, token_id, token_hash, expires_at) \
             select t.org_id, gen_random_uuid(), m.id, t.id, sha256((t.id::text || m.id)::bytea), t.expires_at \
             from api_tokens t join memberships m on m.org_id = t.org_id",
            owner = owner.member.id.0,
            copies = size.copies,
            certificate = key.id.0,
        );
        factory::sql(&app, &statements).await;
        learners.truncate(CLIENTS);
        let code = code.to_string();
        Self {
            app,
            course,
            code,
            learners,
            owner,
        }
    }

    fn variables(&self, document: &str) -> Value {
        let mut variables = json!({});
        let known = [
            ("org", self.app.org_id()),
            ("course", self.course.id.clone()),
            ("code", self.code.clone()),
        ];
        for (name, value) in known {
            if document.contains(&format!("${name}:")) {
                variables[name] = json!(value);
            }
        }
        variables
    }

    /// Asks once for each of sixteen clients; gives the counts of statements.
    async fn ask(&self, operation: &Operation, routes: &axum::Router, clients: usize) -> Vec<u64> {
        // Each in a task of its own, as connections are.
        let asked = (0..clients).map(|at| {
            let client = match operation.who {
                Who::Learners => self.learners[at].client.clone(),
                Who::Owners => self.owner.client.clone(),
                Who::Nobody => self.app.anonymous(),
            };
            let (client, document) = (client.at(routes.clone()), operation.document);
            let variables = self.variables(document);
            tokio::spawn(async move { client.run_with(document, variables).await.statements() })
        });
        join_all(asked).await.into_iter().map(Result::unwrap).collect()
    }

    /// Asks a node; gives it, and the counts of statements.
    ///
    /// What is awaited side by side, statements or what others read into memory, may come apart on a busy machine, and then what
    /// follows from each is asked apart too. So counts that do not fit are taken again, so many times at most.
    async fn ask_until(
        &self,
        operation: &Operation,
        clients: usize,
        fits: impl Fn(u64) -> bool,
        most: usize,
        node: impl AsyncFn() -> axum::Router,
    ) -> (axum::Router, Vec<u64>) {
        let mut tries = 0;
        loop {
            let node = node().await;
            let counts = self.ask(operation, &node, clients).await;
            tries += 1;
            if tries == most || counts.iter().all(|count| fits(*count)) {
                return (node, counts);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_takes_as_many_statements_for_many_rows_as_for_few() {
    for size in [SMALL, LARGE] {
        let academy = Academy::found(TestApp::new().await, size).await;
        for operation in OPERATIONS {
            let Operation { name, cold, warm, .. } = operation;
            let new_node = async || academy.app.beside(Shared::in_process()).await.routes();
            let is_cold = |count| count == *cold;
            let (node, first) = academy.ask_until(operation, 1, is_cold, 5, new_node).await;
            assert_eq!(first, [*cold], "{name}, {size:?}, the first answer");
            for round in 0..3 {
                let same_node = async || node.clone();
                let is_warm = |count| count == *warm;
                let (_, counts) = academy.ask_until(operation, CLIENTS, is_warm, 2, same_node).await;
                assert_eq!(counts, [*warm; CLIENTS], "{name}, {size:?}, round {round}");
            }
            let are_few = |count| count <= cold + 1;
            let (_, counts) = academy.ask_until(operation, CLIENTS, are_few, 5, new_node).await;
            assert!(
                counts.iter().all(|count| are_few(*count)),
                "{name}, {size:?}, sixteen at once on a new node: {counts:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_statement_is_planned_a_few_times_only() {
    let database = "lyceum_test_plans";
    let mut config = servers::database_of_its_own(database).await;
    // Each connection plans for itself: five times for the values, once for all.
    config.pool_size = 2;
    let academy = Academy::found(TestApp::on(&config, Shared::in_process()).await, SMALL).await;
    for operation in OPERATIONS {
        for _ in 0..200 {
            academy.ask(operation, &academy.app.routes(), 1).await;
        }
    }
    let sql = "select s.query, s.calls, s.plans from pg_stat_statements s join pg_database d on d.oid = s.dbid \
        where d.datname = $1 and s.calls >= 200";
    let statements = servers::admin().await.query(sql, &[&database]).await.unwrap();
    let reads: Vec<_> = statements
        .iter()
        .map(|row| {
            (
                row.get::<_, String>(0),
                row.get::<_, i64>(1),
                row.get::<_, i64>(2),
            )
        })
        .filter(|(query, ..)| query.to_lowercase().starts_with("select"))
        .collect();
    assert!(reads.len() >= 3, "{statements:?}");
    for (query, calls, plans) in reads {
        assert!(plans * 10 <= calls, "{plans} plans for {calls} calls of {query}");
    }
}

/// Counted are connections, not the statements of an operation: who somebody is, is asked through a door before it begins.
#[tokio::test]
async fn who_asks_again_for_nothing_costs_the_database_nothing() {
    let app = TestApp::new().await;
    let (owner, learner) = (app.owner().await, app.learner().await);
    let scopes = [Permission::LearnerSessionsCreate];
    let backend = app.bearer(&apps::token(&app, owner.member, &scopes).await);
    let of = json!({ "organizationId": app.org_id(), "memberId": learner.member.to_string() });
    let opened = backend.mutate("learnerSessionCreate", &of, "token").await;
    let learner_session = app.bearer(opened.text("/learnerSessionCreate/token"));
    let token = app.bearer(&apps::token(&app, owner.member, &scopes).await);
    for (what, who) in [
        ("a session", &learner.client),
        ("an app's token", &token),
        ("a learner's session", &learner_session),
    ] {
        let ask = async || {
            let before = app.app.db.times_taken();
            let reply = who.run("{ viewer { __typename } }").await;
            assert_eq!(reply.text("/viewer/__typename"), "Viewer", "{what}");
            assert_eq!(reply.statements(), 0, "{what}");
            app.app.db.times_taken() - before
        };
        assert!(ask().await > 0, "{what}: at first the standing is read");
        for _ in 0..3 {
            assert_eq!(ask().await, 0, "{what}");
        }
    }
}

#[tokio::test]
async fn answers_are_not_traced_unless_a_setting_says_so() {
    let app = TestApp::new().await;
    for (trace, shown) in [(false, &Value::Null), (true, &json!({ "statements": 0 }))] {
        let config = HttpConfig {
            trace,
            ..HttpConfig::default()
        };
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, "application/json");
        let request = request
            .body(Body::from(r#"{"query": "{ __typename }"}"#))
            .unwrap();
        let reply = app.anonymous().at(app.routes_with(config)).send(request).await;
        assert_eq!(&reply.body["extensions"]["trace"], shown);
    }
    assert!(!HttpConfig::default().trace);
}
