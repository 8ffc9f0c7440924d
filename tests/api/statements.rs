//! How many SQL statements an answer takes: as many for a hundred rows as for one, for sixteen clients as for one.

use super::support::app::Person;
use super::support::factory::Course;
use super::support::{TestApp, factory, servers};
use axum::body::Body;
use axum::http::{Request, header};
use futures_util::future::join_all;
use lyceum::cache::Shared;
use lyceum::config::HttpConfig;
use lyceum::kernel::ids::{CourseKey, Key};
use serde_json::{Value, json};

/// What a page of a user interface asks for.
struct Operation {
    name: &'static str,
    document: &'static str,
    /// Statements of a node's first answer.
    cold: u64,
    /// Statements of all others.
    warm: u64,
}

/// The operations that are sent most, each with the variables `$org` and `$course`.
const OPERATIONS: &[Operation] = &[
    Operation {
        name: "a page of the catalogue: the page, its length, the organisations",
        document: "query($org: ID!) { catalog(filter: {organization: $org}, first: 50) { totalCount pageInfo { hasNextPage endCursor } \
            nodes { id slug title summary unitCount publishedAt organization { name } } } }",
        cold: 3,
        warm: 3,
    },
    Operation {
        name: "an outline: the course and its revision, then nothing",
        document: "query($course: ID!) { course(id: $course) { title summary state unitCount revision { number } \
            modules { id title part units { id title position ... on QuizUnit { questionCount policy { passPercent } } } } } }",
        cold: 2,
        warm: 0,
    },
];

const CLIENTS: usize = 16;

/// An organisation with a course of so many texts, so many courses like it, and sixteen learners.
async fn academy(app: TestApp, texts: usize, courses: usize) -> (TestApp, Vec<Person>, Course) {
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, texts).await;
    copy(&app, &course, courses).await;
    let mut learners = Vec::new();
    for _ in 0..CLIENTS {
        learners.push(app.learner().await);
    }
    (app, learners, course)
}

async fn copy(app: &TestApp, course: &Course, count: usize) {
    let (org, id) = (app.org.0, CourseKey::parse(&course.id).unwrap().id.0);
    let statements = format!(
        "begin; set local app.orgs = '{{{org}}}'; \
         insert into courses (org_id, id, slug, visibility, title, summary) \
         select '{org}', gen_random_uuid(), 'copy-' || n, 'public', 'Copy ' || n, '' from generate_series(1, {count}) n; \
         insert into course_revisions select c.org_id, gen_random_uuid(), c.id, 1, r.format, r.content, r.published_by \
         from courses c join course_revisions r on r.org_id = c.org_id and r.course_id = '{id}' where c.slug like 'copy-%'; \
         update courses c set state = 'published', revision_id = r.id, revision_number = 1, published_at = now() \
         from course_revisions r where r.org_id = c.org_id and r.course_id = c.id and c.slug like 'copy-%'; commit"
    );
    servers::serving().await.batch_execute(&statements).await.unwrap();
}

fn variables(app: &TestApp, course: &Course, document: &str) -> Value {
    let mut variables = json!({});
    for (name, value) in [("org", app.org_id()), ("course", course.id.clone())] {
        if document.contains(&format!("${name}:")) {
            variables[name] = json!(value);
        }
    }
    variables
}

#[tokio::test]
async fn an_answer_takes_as_many_statements_for_many_rows_as_for_few() {
    for (texts, courses) in [(1, 0), (12, 60)] {
        let (app, learners, course) = academy(TestApp::new().await, texts, courses).await;
        for Operation {
            name,
            document,
            cold,
            warm,
        } in OPERATIONS
        {
            let variables = variables(&app, &course, document);
            let ask = |routes: &axum::Router| {
                let asked = learners.iter().map(|learner| learner.at(routes.clone()));
                let variables = &variables;
                asked
                    .map(async move |client| client.run_with(document, variables.clone()).await.statements())
                    .collect::<Vec<_>>()
            };
            let fresh = app.beside(Shared::in_process()).await.routes();
            let first = ask(&fresh).into_iter().next().unwrap().await;
            assert_eq!(first, *cold, "{name}, {courses} courses, the first answer");
            for round in 0..3 {
                let counts = join_all(ask(&fresh)).await;
                assert_eq!(
                    counts, [*warm; CLIENTS],
                    "{name}, {courses} courses, round {round}"
                );
            }
            let fresh = app.beside(Shared::in_process()).await.routes();
            let counts = join_all(ask(&fresh)).await;
            assert!(
                counts.iter().all(|count| count <= cold),
                "{name}, sixteen at once on a new node: {counts:?}"
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
    let (app, learners, course) = academy(TestApp::on(&config, Shared::in_process()).await, 1, 0).await;
    for Operation { document, .. } in OPERATIONS {
        let document = document.replace("title summary", "title summary viewerCan { update }");
        for _ in 0..200 {
            learners[0]
                .run_with(&document, variables(&app, &course, &document))
                .await
                .statements();
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
        // Of an array PostgreSQL plans for the length that it has, as long as that is cheaper than a plan for ten.
        let most = if query.contains("= ANY($") {
            calls + 4
        } else {
            calls / 10
        };
        assert!(plans <= most, "{plans} plans for {calls} calls of {query}");
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
