//! Nodes that share a Redis, and what becomes of their answers when it stalls or ends.

use super::support::app::Person;
use super::support::factory::Course;
use super::support::{TestApp, factory};
use futures_util::future::join_all;
use lyceum::cache::Shared;
use lyceum::dev::redis::PrivateRedis;
use redis::AsyncCommands;
use serde_json::json;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const OUTLINE: &str = "query($id: ID!) { course(id: $id) { title modules { title units { title } } } }";

/// Redis for one test, in a folder of its own.
async fn redis(name: &str) -> PrivateRedis {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("redis-{name}"));
    PrivateRedis::start(&folder).await.unwrap()
}

fn shared(redis: &PrivateRedis) -> Shared {
    Shared::through_redis(&redis.url()).unwrap()
}

async fn course(app: &TestApp, author: &Person, title: &str) -> Course {
    let course = factory::draft_course(app, author, 1).await;
    publish(author, &course, title).await;
    course
}

async fn publish(author: &Person, course: &Course, title: &str) {
    let document = "mutation($id: ID!, $title: String!) { courseUpdate(input: {id: $id, title: $title}) { userErrors { code } } \
        coursePublish(input: {id: $id}) { userErrors { code } } }";
    let reply = author
        .run_with(document, json!({ "id": course.id, "title": title }))
        .await;
    assert_eq!(reply.codes(), "");
}

#[tokio::test]
async fn a_second_node_finds_a_published_course_in_redis() {
    let redis = redis("second").await;
    let app = TestApp::with(shared(&redis)).await;
    let author = app.member("author").await;
    let course = course(&app, &author, "Shared").await;
    let variables = json!({ "id": course.id });
    author
        .run_with(OUTLINE, variables.clone())
        .await
        .data("/course/modules");
    let second = author
        .at(app.beside(shared(&redis)).await.routes())
        .run_with(OUTLINE, variables.clone())
        .await;
    assert_eq!(
        second.statements(),
        1,
        "the course's face; its content comes from Redis"
    );
    let alone = author
        .at(app.beside(Shared::in_process()).await.routes())
        .run_with(OUTLINE, variables)
        .await;
    assert_eq!(alone.statements(), 2, "both come from PostgreSQL");
    assert_eq!(second.body["data"], alone.body["data"]);
}

#[tokio::test]
async fn a_value_under_another_key_is_not_taken() {
    let redis = redis("mixed").await;
    let app = TestApp::with(shared(&redis)).await;
    let author = app.member("author").await;
    let (first, second) = (
        course(&app, &author, "First").await,
        course(&app, &author, "Second").await,
    );
    for course in [&first, &second] {
        author
            .run_with(OUTLINE, json!({ "id": course.id }))
            .await
            .data("/course");
    }
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = connection.keys("lyceum:*:revision:*").await.unwrap();
    assert_eq!(keys.len(), 2);
    let values: [String; 2] = [
        connection.get(&keys[0]).await.unwrap(),
        connection.get(&keys[1]).await.unwrap(),
    ];
    let renamed = |value: &str, key: &str| format!("{key}\n{}", value.split_once('\n').unwrap().1);
    // The whole value of the other key; then its body alone, under the right name; then what is no value at all.
    let swaps = [
        [values[1].clone(), values[0].clone()],
        [renamed(&values[1], &keys[0]), renamed(&values[0], &keys[1])],
        [format!("{}\n{{}}", keys[0]), String::new()],
    ];
    for swap in swaps {
        for (key, value) in keys.iter().zip(swap) {
            let () = connection.set(key, value).await.unwrap();
        }
        let client = author.at(app.beside(shared(&redis)).await.routes());
        for (course, title) in [(&first, "First"), (&second, "Second")] {
            let document = "query($id: ID!) { course(id: $id) { title revision { number } modules { id } } }";
            let reply = client.run_with(document, json!({ "id": course.id })).await;
            assert_eq!(reply.text("/course/title"), title);
            assert_eq!(
                reply.data("/course/modules/0/id"),
                &json!(course.module),
                "{title}"
            );
        }
    }
}

#[tokio::test]
async fn a_republished_course_is_seen_on_the_other_node_within_a_second() {
    let redis = redis("bus").await;
    let app = TestApp::with(shared(&redis)).await;
    let author = app.member("author").await;
    let course = course(&app, &author, "Before").await;
    let other = author.at(app.beside(shared(&redis)).await.routes());
    let title = async || {
        let reply = other.run_with(OUTLINE, json!({ "id": course.id })).await;
        reply.text("/course/title").to_owned()
    };
    // The other node listens once it has remembered a course for longer than it takes to subscribe.
    while other
        .run_with(OUTLINE, json!({ "id": course.id }))
        .await
        .statements()
        > 0
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for round in 0..5 {
        let new = format!("After {round}");
        publish(&author, &course, &new).await;
        let published = Instant::now();
        while title().await != new {
            assert!(published.elapsed() < Duration::from_secs(1), "round {round}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_redis_stalls_and_ends() {
    let redis = redis("stall").await;
    let app = TestApp::with(shared(&redis)).await;
    let author = app.member("author").await;
    let course = course(&app, &author, "There").await;
    let (ends, url) = (AtomicBool::new(false), redis.url());
    let traffic = join_all((0..8).map(async |_| {
        let (mut answers, mut slowest) = (0, Duration::ZERO);
        while !ends.load(Ordering::Relaxed) {
            // A new node each time has nothing in memory, so it asks Redis for content too.
            let node = app.beside(Shared::through_redis(&url).unwrap()).await;
            for _ in 0..5 {
                let started = Instant::now();
                let reply = author
                    .at(node.routes())
                    .run_with(OUTLINE, json!({ "id": course.id }))
                    .await;
                slowest = slowest.max(started.elapsed());
                assert_eq!(
                    (reply.status.as_u16(), reply.text("/course/title")),
                    (200, "There")
                );
                answers += 1;
            }
        }
        (answers, slowest)
    }));
    let trouble = async {
        let moment = Duration::from_millis(1_500);
        tokio::time::sleep(moment).await;
        redis.pause().await.unwrap();
        tokio::time::sleep(moment).await;
        redis.resume().await.unwrap();
        tokio::time::sleep(moment / 3).await;
        redis.pause().await.unwrap();
        tokio::time::sleep(moment / 3).await;
        redis.stop().await.unwrap();
        tokio::time::sleep(moment).await;
        ends.store(true, Ordering::Relaxed);
    };
    let (traffic, ()) = tokio::join!(traffic, trouble);
    let answers: u32 = traffic.iter().map(|(answers, _)| answers).sum();
    let slowest = traffic.iter().map(|(_, slowest)| *slowest).max().unwrap();
    assert!(answers > 40, "{answers} answers");
    assert!(
        slowest < Duration::from_secs(5),
        "the slowest answer took {slowest:?}"
    );
}
