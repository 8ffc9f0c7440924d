//! What happens when something breaks in the middle: clients leave, connections are cut, servers fall silent.
//!
//! Each operation of the table is broken at each of its steps in turn. Whatever happens, the node serves on, no
//! transaction and no scope outlives its request, a mutation is done wholly or not at all, and a client that sends the
//! same request again gets what it asked for, once.

use super::support::TestApp;
use super::support::app::PASSWORD;
use super::support::faulty::{By, Faulty, Operation, assert_is_typed};
use super::support::proxy::Fault;
use super::support::{learning, quiz};
use diesel_async::RunQueryDsl;
use lyceum::db::pool::Statements;
use lyceum::db::{Batch, Conn, Reader, Scope};
use serde_json::json;
use std::collections::HashMap;
use std::pin::pin;
use std::task::Poll;

/// The operations that everything here is tried on.
pub const OPERATIONS: &[Operation] = &[
    Operation {
        name: "a query that reads SQL",
        by: By::Author,
        document: "query($id: ID!) { course(id: $id) { title draft { modules { title units { title questions { text } } } } } \
            catalog(first: 5) { totalCount nodes { title organization { name } } } }",
        variables: |faulty, _| Box::pin(async { json!({ "id": faulty.course.id }) }),
        effects: None,
    },
    Operation {
        name: "a query from the cache",
        by: By::Learner,
        document: "query($id: ID!) { course(id: $id) { title modules { title units { title } } } }",
        variables: |faulty, _| Box::pin(async { json!({ "id": faulty.course.id }) }),
        effects: None,
    },
    Operation {
        name: "courseCreate",
        by: By::Author,
        document: "mutation($org: ID!, $key: String!) { courseCreate(input: {organizationId: $org, slug: $key, title: \"A course\", \
            idempotencyKey: $key}) { course { id title draft { version } } userErrors { code } } }",
        variables: |faulty, key| Box::pin(async move { json!({ "org": faulty.sound.org_id(), "key": key }) }),
        effects: Some("select count(*) from courses where slug = request.key"),
    },
    Operation {
        name: "progressRecord",
        by: By::Learner,
        document: "mutation($input: ProgressRecordInput!) { progressRecord(input: $input) { recorded userErrors { code } } }",
        variables: |faulty, key| {
            Box::pin(async move {
                let mut event = learning::event(&faulty.course.texts[0], "STARTED", 1);
                event["eventId"] = json!(key);
                json!({ "input": { "enrollmentId": faulty.enrollment, "events": [event], "idempotencyKey": key } })
            })
        },
        effects: Some("select count(*) from progress_events where event_id = request.key::uuid"),
    },
    Operation {
        name: "attemptSubmit",
        by: By::Learner,
        document: "mutation($id: ID!, $key: String!) { attemptSubmit(input: {attemptId: $id, idempotencyKey: $key}) { \
            attempt { id state points } userErrors { code } } }",
        variables: |faulty, key| {
            Box::pin(async move {
                let started = quiz::start(&faulty.learner, &faulty.enrollment, &faulty.course.quiz).await;
                json!({ "id": started.text("/attemptStart/attempt/id"), "key": key })
            })
        },
        effects: Some(
            "select count(*) from outbox_events where kind = 'attempt.graded' and subject = request.id",
        ),
    },
    Operation {
        name: "login",
        by: By::Nobody,
        document: "mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { \
            viewer { email memberships { name role { name } } } userErrors { code } } }",
        variables: |faulty, _| {
            Box::pin(async { json!({ "email": faulty.learner.email, "password": PASSWORD }) })
        },
        effects: None,
    },
];

/// Polls a future so many times and drops it; `None` if it was not done by then.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        let poll = future.as_mut().poll(context).map(Some);
        left -= 1;
        if poll.is_pending() && left == 0 {
            return Poll::Ready(None);
        }
        poll
    })
    .await
}

#[tokio::test]
async fn a_request_that_is_dropped_anywhere_leaves_nothing_behind() {
    let faulty = Faulty::new().await;
    for operation in OPERATIONS {
        let success = faulty.traces_of_success(operation).await;
        for polls in 1.. {
            let asked = faulty.prepare(operation).await;
            let answered = dropped_after(polls, faulty.ask(&asked)).await;
            faulty.assert_is_sound().await;
            // Its client is gone, but what it asked for is done: nobody can drop a mutation's transaction.
            let at = format!("{} dropped after {polls} polls", operation.name);
            assert_eq!(faulty.traces(&asked).await, success, "{at}");
            faulty.ask_again(&asked).await;
            assert_eq!(faulty.traces(&asked).await, success, "{at}, sent again");
            if let Some(reply) = answered {
                assert_eq!(reply.codes(), "", "{:#}", reply.body);
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_new_viewer_that_is_dropped_anywhere_can_ask_again() {
    let faulty = Faulty::new().await;
    for polls in 1.. {
        // Nobody has asked with this token before, so that the first thing it does is look for its session.
        let newcomer = faulty.sound.learner().await.client.at(faulty.node.routes());
        let document = "query($id: ID!) { course(id: $id) { title } }";
        let ask = || newcomer.run_with(document, json!({ "id": faulty.course.id }));
        let answered = dropped_after(polls, ask()).await;
        faulty.assert_is_sound().await;
        assert_eq!(ask().await.text("/course/title"), "A course");
        if answered.is_some() {
            break;
        }
    }
}

/// Breaks an operation at one of its steps. Tells whether it has that many.
async fn break_at(faulty: &Faulty, operation: &'static Operation, fault: Fault, step: usize) -> bool {
    let at = format!("{}, {fault:?} at step {step}", operation.name);
    let success = faulty.traces_of_success(operation).await;
    let asked = faulty.prepare(operation).await;
    faulty.proxy.strike(fault, step).await;
    let reply = faulty.ask(&asked).await;
    let came = faulty.proxy.heal().await;
    if reply.codes().is_empty() {
        assert_eq!(faulty.traces(&asked).await, success, "{at}");
    } else {
        assert!(came, "{at}: {:#}", reply.body);
        assert_is_typed(&reply, &asked.key);
    }
    faulty.assert_is_sound().await;
    let traces = faulty.traces(&asked).await;
    assert!(
        traces == success || traces == [0; 3],
        "{at} was done by half: {traces:?}"
    );
    faulty.ask_again(&asked).await;
    assert_eq!(faulty.traces(&asked).await, success, "{at}, sent again");
    came
}

/// Breaks all operations at each of their steps.
async fn break_everywhere(fault: Fault) {
    // Silence is waited out, so several nodes wait at once.
    let mut nodes = Vec::new();
    for _ in 0..if fault.is_silent() { 8 } else { 1 } {
        nodes.push(Faulty::new().await);
    }
    for operation in OPERATIONS {
        for first in (1..).step_by(nodes.len()) {
            let steps = nodes.iter().zip(first..);
            let broken = steps.map(|(node, step)| break_at(node, operation, fault, step));
            if !futures_util::future::join_all(broken).await.contains(&true) {
                break;
            }
        }
    }
}

macro_rules! broken_at_every_step {
    ($($test:ident: $fault:expr;)+) => {$(
        #[tokio::test]
        async fn $test() {
            break_everywhere($fault).await;
        }
    )+};
}

broken_at_every_step! {
    connections_that_are_cut_before_a_step_cost_one_answer: Fault::CutOnTheWay;
    connections_that_are_cut_after_a_step_cost_one_answer: Fault::CutOnTheWayBack;
    server_processes_that_are_killed_cost_one_answer: Fault::Killed;
    a_network_that_falls_silent_costs_one_answer_in_time: Fault::Silent;
    a_server_that_falls_silent_costs_one_answer_in_time: Fault::SilentOnTheWayBack;
}

#[tokio::test]
async fn a_database_out_of_reach_is_said_soon_and_forgotten_when_it_is_back() {
    let faulty = Faulty::new().await;
    for operation in OPERATIONS {
        faulty.traces_of_success(operation).await;
        let asked = faulty.prepare(operation).await;
        faulty.proxy.shut();
        for _ in 0..3 {
            let reply = faulty.ask(&asked).await;
            if !reply.codes().is_empty() {
                assert_is_typed(&reply, &asked.key);
                assert_eq!(faulty.traces(&asked).await, [0; 3]);
            }
        }
        faulty.proxy.heal().await;
        faulty.ask_again(&asked).await;
        faulty.assert_is_sound().await;
    }
}

/// Waits for a moment, then stands for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Slow(u32);

impl Batch for Slow {
    type Value = u32;
    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> diesel::QueryResult<HashMap<Self, u32>> {
        diesel::sql_query("select pg_sleep(0.01)")
            .execute(&mut conn)
            .await?;
        Ok(keys.iter().map(|key| (*key, key.0)).collect())
    }
}

#[tokio::test]
async fn a_batch_outlives_the_one_who_loads_it() {
    let app = TestApp::new().await;
    for polls in 1.. {
        let reader = Reader::new(app.app.db.clone(), Scope::default(), Statements::default());
        let first = dropped_after(polls, reader.fetch(Slow(1)));
        let (first, second) = futures_util::future::join(first, reader.fetch(Slow(2))).await;
        assert_eq!(
            second.unwrap(),
            Some(2),
            "the first was dropped after {polls} polls"
        );
        if first.is_some() {
            break;
        }
    }
}
