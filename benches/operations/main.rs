//! How many requests per second a node answers, how soon, and what that costs.
//!
//! It starts a private PostgreSQL that syncs every commit, fills it with the academy of [`academy`], starts the release
//! build of the program on it, and puts each operation under load over loopback HTTP with one client and with sixteen. All
//! share the machine's processors, so the figures compare builds with each other rather than promise anything.
//! `LYCEUM_BENCH_SECONDS` is how long each measurement takes; 3 by default. The node's memory has a peak, since the whole run
//! is its load: about a minute. At last it does once what is large: [`sizes`].

mod academy;
mod client;
mod content;
mod documents;
mod node;
mod sizes;

use academy::{Academy, Learner};
use client::{Connection, request};
use documents::{
    CATALOG, DASHBOARD, MEMBERS, OUTLINE, PROGRESS, SAVE, SEARCH, START, SUBMIT, VERIFY, VIEWER,
};
use lyceum::db::migrate::migrate;
use lyceum::dev::cluster::{Cluster, ClusterOptions};
use lyceum::kernel::clock::Clock;
use node::Node;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const DATABASE: &str = "lyceum_bench";
const CLIENTS: [usize; 2] = [1, 16];
const MIB: u64 = 1 << 20;

/// An operation under load.
struct Operation {
    name: &'static str,
    /// What every answer contains.
    sign: &'static str,
    /// The n-th request; none when there is nothing left to do.
    request: fn(&Academy, usize) -> Option<Vec<u8>>,
}

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "viewer, nothing of them",
        sign: "\"__typename\":\"Viewer\"",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            Some(request(Some(&learner.token), VIEWER, &json!({})))
        },
    },
    Operation {
        name: "catalogue, 20 courses",
        sign: "\"endCursor\":\"",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            Some(request(
                Some(&learner.token),
                CATALOG,
                &json!({ "org": academy.organization }),
            ))
        },
    },
    Operation {
        name: "search, 1 course of 200",
        sign: "\"title\":\"Course ",
        request: |academy, n| {
            let words = format!("course {:03}", n % academy.courses.len());
            Some(search(academy, n, &words))
        },
    },
    Operation {
        name: "search, 20 of 5,000 texts",
        sign: "**emphasis**",
        request: |academy, n| Some(search(academy, n, "emphasis")),
    },
    Operation {
        name: "outline, 5 × 6 units",
        sign: "\"title\":\"Quiz of module 4\"",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            let course = &academy.courses[n % academy.courses.len()];
            Some(request(Some(&learner.token), OUTLINE, &json!({ "id": course })))
        },
    },
    Operation {
        name: "dashboard, 10 enrolments",
        sign: "\"nextUnit\":{",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            Some(request(Some(&learner.token), DASHBOARD, &json!({})))
        },
    },
    Operation {
        name: "members, 50 × 5 enrolments",
        sign: "\"courseTitle\":\"Course",
        request: |academy, _| {
            Some(request(
                Some(&academy.owner),
                MEMBERS,
                &json!({ "org": academy.organization }),
            ))
        },
    },
    Operation {
        name: "verification by code",
        sign: "\"state\":\"VALID\"",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            Some(request(None, VERIFY, &json!({ "code": learner.code })))
        },
    },
    Operation {
        name: "progressRecord",
        sign: "\"],\"userErrors\":[]",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            let (enrollment, unit) = &learner.enrollment;
            let event = json!({ "eventId": Clock::default().uuid(), "unitId": unit, "state": "STARTED", "seconds": 5, "position": n,
                "at": "2026-01-01T00:00:00Z" });
            let input = json!({ "enrollmentId": enrollment, "events": [event] });
            Some(request(
                Some(&learner.token),
                PROGRESS,
                &json!({ "input": input }),
            ))
        },
    },
    Operation {
        name: "progressRecord, 100 events",
        sign: "\"],\"userErrors\":[]",
        request: |academy, n| {
            let learner = &academy.learners[n % academy.learners.len()];
            let (enrollment, unit) = &learner.enrollment;
            let event = |second: usize| {
                json!({ "eventId": Clock::default().uuid(), "unitId": unit, "state": "STARTED", "seconds": 1,
                "position": second, "at": "2026-01-01T00:00:00Z" })
            };
            let events: Vec<_> = (0..100).map(event).collect();
            let input = json!({ "enrollmentId": enrollment, "events": events });
            Some(request(
                Some(&learner.token),
                PROGRESS,
                &json!({ "input": input }),
            ))
        },
    },
    Operation {
        name: "attemptStart, 5 questions",
        sign: "\"state\":\"IN_PROGRESS\"",
        request: |academy, n| start(academy, n, |learner| &learner.quizzes),
    },
    Operation {
        name: "attemptStart, 50 questions",
        sign: "\"state\":\"IN_PROGRESS\"",
        request: |academy, n| start(academy, n, |learner| &learner.long_quizzes),
    },
    Operation {
        name: "attemptAnswerSave, of 5",
        sign: "\"version\":",
        request: |academy, n| Some(save(academy, n, |learner| &learner.attempts)),
    },
    Operation {
        name: "attemptAnswerSave, of 50",
        sign: "\"version\":",
        request: |academy, n| Some(save(academy, n, |learner| &learner.long_attempts)),
    },
    Operation {
        name: "attemptSubmit, 50 questions",
        sign: "\"points\":50,\"isPassed\":true},\"userErrors\":[]",
        request: |academy, n| submit(academy, n, |learner| &learner.long_attempts),
    },
    Operation {
        name: "attemptSubmit, 5 questions",
        sign: "\"points\":5,\"isPassed\":true},\"userErrors\":[]",
        request: |academy, n| submit(academy, n, |learner| &learner.attempts),
    },
];

fn search(academy: &Academy, n: usize, words: &str) -> Vec<u8> {
    let learner = &academy.learners[n % academy.learners.len()];
    let variables = json!({ "org": academy.organization, "words": words });
    request(Some(&learner.token), SEARCH, &variables)
}

/// What the n-th request is about: the learners take turns, each with the next of theirs.
type Of = fn(&Learner) -> &[(String, String)];

fn start(academy: &Academy, n: usize, of: Of) -> Option<Vec<u8>> {
    let learner = &academy.learners[n % academy.learners.len()];
    let (enrollment, quiz) = of(learner).get(n / academy.learners.len())?;
    let input = json!({ "enrollmentId": enrollment, "quizId": quiz });
    Some(request(Some(&learner.token), START, &json!({ "input": input })))
}

fn save(academy: &Academy, n: usize, of: Of) -> Vec<u8> {
    let learner = &academy.learners[n % academy.learners.len()];
    let attempts = of(learner);
    let (attempt, question) = &attempts[n / academy.learners.len() % attempts.len()];
    let input = json!({ "attemptId": attempt, "questionId": question, "answer": { "choice": "o2" } });
    request(Some(&learner.token), SAVE, &json!({ "input": input }))
}

fn submit(academy: &Academy, n: usize, of: Of) -> Option<Vec<u8>> {
    let learner = &academy.learners[n % academy.learners.len()];
    let (attempt, _) = of(learner).get(n / academy.learners.len())?;
    Some(request(Some(&learner.token), SUBMIT, &json!({ "id": attempt })))
}

/// What was measured of one operation at one number of clients.
struct Measured {
    microseconds: Vec<u32>,
    bytes: usize,
    took: Duration,
}

impl Measured {
    fn percentile(&self, percent: usize) -> f64 {
        let place = self.microseconds.len() * percent / 100;
        let place = place.min(self.microseconds.len().saturating_sub(1));
        self.microseconds
            .get(place)
            .map_or(f64::NAN, |value| f64::from(*value) / 1_000.0)
    }
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> anyhow::Result<()> {
    let started = Instant::now();
    let cluster = Cluster::start(ClusterOptions {
        data_dir: Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench"),
        durable: true,
        max_connections: 50,
    })
    .await?;
    let admin = academy::admin(&cluster.admin_url("postgres")).await?;
    admin
        .batch_execute(&format!("drop database if exists {DATABASE} with (force)"))
        .await?;
    cluster.create_database(DATABASE).await?;
    migrate(&cluster.owner_url(DATABASE)).await?;
    let academy = academy::fill(&cluster.admin_url(DATABASE)).await?;
    let node = Node::start(&cluster.app_url(DATABASE))?;
    println!(
        "The academy was made in {:.1} s.",
        started.elapsed().as_secs_f64()
    );
    let (idle, _) = node.memory()?;

    println!(
        "{:<28} {:>7} {:>9} {:>8} {:>8} {:>11} {:>8} {:>8} {:>9}",
        "operation", "clients", "req/s", "p50 ms", "p99 ms", "statements", "blocks", "bytes", "node µs"
    );
    let admin = academy::admin(&cluster.admin_url(DATABASE)).await?;
    let seconds = seconds();
    for operation in OPERATIONS.iter().filter(|operation| is_wanted(operation.name)) {
        let next = AtomicUsize::new(0);
        load(
            operation,
            &academy,
            node.address,
            2,
            &next,
            Duration::from_millis(700),
        )?;
        for clients in CLIENTS {
            let ((statements, blocks), processor) = (academy::work(&admin).await?, node.processor()?);
            let measured = load(operation, &academy, node.address, clients, &next, seconds)?;
            let requests = f64::from(u32::try_from(measured.microseconds.len())?);
            let now = academy::work(&admin).await?;
            println!(
                "{:<28} {:>7} {:>9.0} {:>8.2} {:>8.2} {:>11.2} {:>8.0} {:>8.0} {:>9.0}",
                operation.name,
                clients,
                requests / measured.took.as_secs_f64(),
                measured.percentile(50),
                measured.percentile(99),
                (now.0 - statements) / requests,
                (now.1 - blocks) / requests,
                f64::from(u32::try_from(measured.bytes)?) / requests,
                (node.processor()? - processor) * 1e6 / requests,
            );
        }
    }
    let (now, most) = node.memory()?;
    println!(
        "The node's memory: {} MiB at its start, {} MiB now, {} MiB at most.",
        idle / MIB,
        now / MIB,
        most / MIB
    );
    if is_wanted("sizes") {
        sizes::measure(&admin, &academy, &node).await?;
    }
    drop(node);
    cluster.stop().await
}

/// Puts an operation under load.
fn load(
    operation: &Operation,
    academy: &Academy,
    server: SocketAddr,
    clients: usize,
    next: &AtomicUsize,
    time: Duration,
) -> anyhow::Result<Measured> {
    let started = Instant::now();
    let one = || -> anyhow::Result<(Vec<u32>, usize)> {
        let mut connection = Connection::open(server)?;
        let (mut microseconds, mut bytes) = (Vec::new(), 0);
        while started.elapsed() < time {
            let Some(request) = (operation.request)(academy, next.fetch_add(1, Ordering::Relaxed)) else {
                break;
            };
            let sent = Instant::now();
            let answer = connection.ask(&request)?;
            microseconds.push(u32::try_from(sent.elapsed().as_micros())?);
            anyhow::ensure!(answer.contains(operation.sign), "{}: {answer}", operation.name);
            bytes += answer.len();
        }
        Ok((microseconds, bytes))
    };
    let parts = thread::scope(|scope| {
        let threads: Vec<_> = (0..clients).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a client panicked")))
            })
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    let took = started.elapsed();
    let bytes = parts.iter().map(|(_, bytes)| bytes).sum();
    let mut microseconds: Vec<u32> = parts
        .into_iter()
        .flat_map(|(microseconds, _)| microseconds)
        .collect();
    microseconds.sort_unstable();
    Ok(Measured {
        microseconds,
        bytes,
        took,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark has no configuration of its own"
)]
fn seconds() -> Duration {
    let seconds = std::env::var("LYCEUM_BENCH_SECONDS").ok();
    Duration::from_secs(seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(3))
}

/// Whether an operation is among those that the command line names; all are if it names none.
fn is_wanted(name: &str) -> bool {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}
