//! What happens when there is not enough to go round: connections, locks, time, Redis.

use super::faults::OPERATIONS;
use super::support::faulty::{Asked, By, DOORS, Faulty, Operation, POOL, assert_is_typed};
use super::support::{TestApp, factory, quiz, servers};
use diesel::sql_types::{Integer, Text, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use futures_util::future::{join, join_all, try_join_all};
use lyceum::cache::Shared;
use lyceum::config::{DatabaseConfig, HttpConfig};
use lyceum::db::pool::Statements;
use lyceum::db::{Scope, Statement, Tx};
use lyceum::dev::redis::PrivateRedis;
use lyceum::domain::mutate::{Stop, Write, by_system};
use lyceum::kernel::error::Error;
use lyceum::kernel::ids::{CourseKey, Key};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Barrier;

const MANY_FIELDS: Operation = Operation {
    name: "many fields",
    by: By::Author,
    document: "query($id: ID!) { a: course(id: $id) { title } b: catalog { totalCount } c: catalog(first: 1) { totalCount } \
        d: catalog(first: 2) { totalCount } e: catalog(first: 3) { totalCount } f: catalog(first: 4) { totalCount } }",
    variables: |faulty, _| Box::pin(async { json!({ "id": faulty.course.id }) }),
    effects: None,
};

const UPDATE: Operation = Operation {
    name: "courseUpdate",
    by: By::Author,
    document: "mutation($id: ID!, $key: String!) { courseUpdate(input: {id: $id, title: $key, idempotencyKey: $key}) { \
        course { draft { title } } userErrors { code } } }",
    variables: |faulty, key| Box::pin(async move { json!({ "id": faulty.course.id, "key": key }) }),
    effects: Some("select count(*) from course_drafts where title = request.key"),
};

const TWO_WRITES: Operation = Operation {
    name: "two writes in one document",
    by: By::Author,
    document: "mutation($id: ID!, $key: String!) { a: courseUpdate(input: {id: $id, title: \"A\"}) { course { draft { title } } userErrors { code } } \
        b: courseUpdate(input: {id: $id, title: $key, idempotencyKey: $key}) { course { draft { title } } userErrors { code } } }",
    variables: UPDATE.variables,
    effects: UPDATE.effects,
};

/// Takes connections away from a node's operations until they are dropped.
async fn hold(faulty: &Faulty, connections: usize) -> Vec<Tx> {
    let (nobody, statements) = (Scope::default(), Statements::default());
    try_join_all((0..connections).map(|_| Tx::begin(&faulty.node.app.db, &nobody, &statements)))
        .await
        .unwrap()
}

/// Asserts that a request is refused, after it waited as long as it may and not much longer.
async fn assert_waits_in_vain(faulty: &Faulty, asked: &Asked, wait: Duration) {
    let since = Instant::now();
    let reply = faulty.ask(asked).await;
    let took = since.elapsed();
    assert_is_typed(&reply, &asked.key);
    assert!(
        wait <= took && took < wait * 2,
        "{}: {took:?}",
        asked.operation.name
    );
    assert_eq!(faulty.traces(asked).await, [0; 3]);
}

#[tokio::test]
async fn more_requests_than_connections_wait_their_turn() {
    let faulty = Faulty::new().await;
    let asked = join_all((0..30).map(|_| faulty.prepare(&MANY_FIELDS))).await;
    for reply in join_all(asked.iter().map(|asked| faulty.ask(asked))).await {
        assert_eq!(reply.codes(), "", "{:#}", reply.body);
    }
    faulty.assert_is_sound().await;
}

#[tokio::test]
async fn a_request_that_gets_no_connection_says_so_when_its_wait_is_over() {
    let faulty = Faulty::new().await;
    let (query, write) = (faulty.prepare(&MANY_FIELDS).await, faulty.prepare(&UPDATE).await);
    faulty.ask_again(&query).await;
    let held = hold(&faulty, POOL).await;
    for asked in [&query, &write] {
        assert_waits_in_vain(&faulty, asked, Faulty::POOL_WAIT).await;
    }
    drop(held);
    for asked in [&query, &write] {
        faulty.ask_again(asked).await;
    }
    faulty.assert_is_sound().await;
}

#[tokio::test]
async fn a_new_viewer_who_gets_no_door_is_answered_503_when_the_wait_is_over() {
    let app = TestApp::new().await;
    let config = DatabaseConfig {
        door_pool_size: DOORS,
        pool_wait_ms: 500,
        statement_timeout_ms: 10_000,
        lock_timeout_ms: 10_000,
        ..servers::database_config()
    };
    let node = app
        .another_node(&config, HttpConfig::default(), Shared::in_process())
        .await;
    let newcomer = app.learner().await.client.at(node.routes());
    let (admin, lock) = (servers::admin().await, app.org.0);
    let hold = format!("select pg_advisory_lock(hashtextextended('{lock}', 0))");
    admin.batch_execute(&hold).await.unwrap();
    let wait = || {
        let wait = Statement::<Integer>::new("select 1 from pg_advisory_xact_lock(hashtextextended(?, 0))");
        node.app.db.door::<_, i32>(wait.bind::<Text, _>(lock.to_string()))
    };
    let refused = async {
        let since = Instant::now();
        let reply = newcomer.run("{ catalog { totalCount } }").await;
        assert!(since.elapsed() < Faulty::POOL_WAIT * 2);
        admin
            .batch_execute("select pg_advisory_unlock_all()")
            .await
            .unwrap();
        reply
    };
    let (waited, reply) = join(try_join_all((0..DOORS).map(|_| wait())), refused).await;
    waited.unwrap();
    assert_eq!(
        (reply.status.as_u16(), reply.codes().as_str()),
        (503, "UNAVAILABLE")
    );
    assert_eq!(newcomer.run("{ catalog { totalCount } }").await.codes(), "");
}

#[tokio::test]
async fn an_operation_needs_one_connection_and_never_two() {
    let faulty = Faulty::new().await;
    let held = hold(&faulty, POOL - 1).await;
    for operation in OPERATIONS.iter().chain([&TWO_WRITES]) {
        let asked = faulty.prepare(operation).await;
        let reply = faulty.ask(&asked).await;
        assert_eq!(reply.codes(), "", "{}: {:#}", operation.name, reply.body);
    }
    drop(held);
}

#[tokio::test]
async fn a_key_that_is_sent_many_times_at_once_has_one_effect() {
    let faulty = Faulty::new().await;
    for operation in OPERATIONS.iter().filter(|operation| operation.effects.is_some()) {
        let success = faulty.traces_of_success(operation).await;
        let asked = faulty.prepare(operation).await;
        let replies = join_all((0..POOL * 4).map(|_| faulty.ask(&asked))).await;
        for reply in &replies {
            assert_eq!(reply.codes(), "", "{}: {:#}", operation.name, reply.body);
            assert_eq!(reply.body["data"], replies[0].body["data"]);
        }
        assert_eq!(faulty.traces(&asked).await[0], success[0], "{}", operation.name);
        assert_eq!(faulty.traces(&asked).await[2], 1, "{}", operation.name);
    }
    faulty.assert_is_sound().await;
}

#[tokio::test]
async fn a_row_that_somebody_else_holds_is_waited_for_only_so_long() {
    let faulty = Faulty::new().await;
    let id = CourseKey::parse(&faulty.course.id).unwrap().id.0.to_string();
    for table in ["courses", "course_drafts"] {
        let column = if table == "courses" { "id" } else { "course_id" };
        let asked = faulty.prepare(&UPDATE).await;
        faulty.ask_again(&faulty.prepare(&UPDATE).await).await;
        faulty.admin.batch_execute("begin").await.unwrap();
        let lock = format!("select from {table} where {column} = $1::text::uuid for update");
        faulty.admin.query(&lock, &[&id]).await.unwrap();
        let reply = faulty.ask(&asked).await;
        assert_is_typed(&reply, &asked.key);
        faulty.admin.batch_execute("rollback").await.unwrap();
        assert_eq!(faulty.traces(&asked).await, [0; 3]);
        faulty.ask_again(&asked).await;
    }
    faulty.assert_is_sound().await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = factory::published_course(&app, &author, 0).await;
    let config = DatabaseConfig {
        statement_timeout_ms: 300,
        lock_timeout_ms: 5_000,
        ..servers::database_config()
    };
    let node = app
        .another_node(&config, HttpConfig::default(), Shared::in_process())
        .await;
    let admin = servers::admin().await;
    admin.batch_execute("begin").await.unwrap();
    let id = CourseKey::parse(&course.id).unwrap().id.0.to_string();
    admin
        .query("select from courses where id = $1::text::uuid for update", &[&id])
        .await
        .unwrap();
    let since = Instant::now();
    let edit =
        "mutation($id: ID!) { courseUpdate(input: {id: $id, title: \"Late\"}) { userErrors { code } } }";
    let reply = author
        .client
        .at(node.routes())
        .run_with(edit, json!({ "id": course.id }))
        .await;
    assert_eq!(reply.codes(), "UNAVAILABLE", "{:#}", reply.body);
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
}

/// Gives a course another working title, inside a write.
async fn retitle(write: &Write<'_>, course: CourseKey, title: &str) -> Result<(), Stop> {
    let update = Statement::<Untyped>::new("update courses set title = ? where org_id = ? and id = ?");
    let update = update.bind::<Text, _>(title.to_owned());
    let update = update.bind::<Uuid, _>(course.org).bind::<Uuid, _>(course.id);
    update.execute(&mut write.gate.conn()).await?;
    write.happened("course.retitled", course, json!({}));
    Ok(())
}

async fn titles(app: &TestApp, courses: [CourseKey; 2]) -> Vec<String> {
    let admin = servers::admin().await;
    let mut titles = Vec::new();
    for course in courses {
        let (sql, id) = (
            "select title from courses where id = $1::text::uuid",
            course.id.0.to_string(),
        );
        titles.push(admin.query_one(sql, &[&id]).await.unwrap().get(0));
        assert_eq!(course.org, app.org);
    }
    titles
}

#[tokio::test]
async fn of_two_writes_that_wait_for_each_other_one_is_done_and_one_is_undone() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let one = CourseKey::parse(&factory::draft_course(&app, &author, 0).await.id).unwrap();
    let two = CourseKey::parse(&factory::draft_course(&app, &author, 0).await.id).unwrap();
    let both_hold_one = Arc::new(Barrier::new(2));
    let write = |first, second, title: &'static str| {
        let both_hold_one = both_hold_one.clone();
        by_system(&app.app, app.org, "retitle", move |write| {
            Box::pin(async move {
                retitle(write, first, title).await?;
                both_hold_one.wait().await;
                retitle(write, second, title).await
            })
        })
    };
    let (left, right) = join(write(one, two, "Left"), write(two, one, "Right")).await;
    let done = match (&left, &right) {
        (Ok(Ok(())), Err(Error::Unavailable)) => "Left",
        (Err(Error::Unavailable), Ok(Ok(()))) => "Right",
        other => panic!("{other:?}"),
    };
    assert_eq!(titles(&app, [one, two]).await, [done, done]);
    assert_eq!(quiz::happened(&app, "course.retitled").await, 2);
}

#[tokio::test]
async fn a_write_that_panics_is_undone_at_once() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let course = CourseKey::parse(&factory::draft_course(&app, &author, 0).await.id).unwrap();
    let panics = by_system(&app.app, app.org, "retitle", move |write| {
        Box::pin(async move {
            retitle(write, course, "Never").await?;
            assert!(write.user.is_some(), "a system write fails here on purpose");
            Ok(())
        })
    });
    assert!(matches!(panics.await, Err(Error::Internal(_))));
    let again = by_system(&app.app, app.org, "retitle", move |write| {
        Box::pin(async move { retitle(write, course, "Again").await })
    });
    let since = Instant::now();
    again.await.unwrap().unwrap();
    assert!(
        since.elapsed() < Duration::from_secs(1),
        "the lock was still held"
    );
    assert_eq!(titles(&app, [course, course]).await, ["Again", "Again"]);
    assert_eq!(quiz::happened(&app, "course.retitled").await, 1);
}

#[tokio::test]
async fn a_redis_that_stalls_or_stops_costs_a_moment_and_no_answer() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("redis");
    let redis = PrivateRedis::start(&folder).await.unwrap();
    let faulty = Faulty::with(Shared::through_redis(&redis.url()).unwrap()).await;
    let every_operation = async |state: &str| {
        let since = Instant::now();
        for operation in OPERATIONS {
            let success = faulty.traces_of_success(operation).await;
            for _ in 0..3 {
                let asked = faulty.prepare(operation).await;
                let reply = faulty.ask(&asked).await;
                assert_eq!(reply.codes(), "", "{state}, {}: {:#}", operation.name, reply.body);
                assert_eq!(
                    faulty.traces(&asked).await,
                    success,
                    "{state}, {}",
                    operation.name
                );
            }
        }
        println!("{state}: {:?}", since.elapsed());
        assert!(
            since.elapsed() < Duration::from_secs(8),
            "{state}: {:?}",
            since.elapsed()
        );
    };
    every_operation("Redis answers").await;
    redis.pause().await.unwrap();
    every_operation("Redis stalls").await;
    redis.resume().await.unwrap();
    every_operation("Redis goes on").await;
    redis.stop().await.unwrap();
    every_operation("Redis is gone").await;
    let redis = PrivateRedis::start(&folder).await.unwrap();
    every_operation("Redis is back, empty").await;
    redis.stop().await.unwrap();
    faulty.assert_is_sound().await;
}
