//! The endpoint of a server that really listens.

use super::support::TestApp;
use super::support::browser::http;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::process::Command;

/// What one request may take, in the best of three tries: the machine may be busy.
const PATIENCE: Duration = Duration::from_millis(500);

async fn listen(app: &TestApp) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = app.routes();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}/graphql")
}

#[tokio::test]
async fn the_audits_of_graphql_over_http_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let has_package = folder.join("playground/node_modules/graphql-http").exists();
    if !has_package || Command::new("node").arg("--version").output().await.is_err() {
        eprintln!(
            "note: the audits of GraphQL over HTTP did not run; they need node and `npm ci` in playground"
        );
        return;
    }
    let app = TestApp::new().await;
    let script = folder.join("tests/audits/graphql_http.mjs");
    let mut audit = Command::new("node");
    audit.arg(script).arg(listen(&app).await);
    audit.env("AUDIT_TOKEN", app.learner().await.token().unwrap());
    let output = audit.output().await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let outcome: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["failures"], json!([]), "{outcome:#}");
    assert_eq!((&outcome["passed"], &outcome["total"]), (&json!(61), &json!(61)));
}

/// Documents made to cost more to read than to send.
fn hostile() -> Vec<(&'static str, Value)> {
    let many = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    let document = |text: String| json!({ "query": text });
    let deep = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    vec![
        (
            "fragments that fan out",
            document(format!(
                "{{ ...F0 }} {} fragment F30 on Query {{ __typename }}",
                many(30, &|at| format!(
                    "fragment F{at} on Query {{ ...F{n} ...F{n} }} ",
                    n = at + 1
                )),
            )),
        ),
        (
            "a cycle of fragments",
            document("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }".into()),
        ),
        ("deep selections", document("{ a ".repeat(20_000))),
        (
            "deep lists",
            document(format!(
                "{{ nodes(ids: {}1{}) {{ id }} }}",
                "[".repeat(20_000),
                "]".repeat(20_000)
            )),
        ),
        (
            "many aliases",
            document(format!(
                "{{ {} }}",
                many(2_000, &|at| format!("a{at}: __typename "))
            )),
        ),
        (
            "many directives",
            document(format!("{{ __typename {} }}", "@skip(if: false) ".repeat(5_000))),
        ),
        (
            "many conflicting fields",
            document(format!(
                "{{ {} }}",
                many(1_000, &|at| format!("a: node(id: \"{at}\") {{ id }} "))
            )),
        ),
        (
            "many operations",
            document(many(5_000, &|at| format!("query Q{at} {{ __typename }} "))),
        ),
        (
            "a wide introspection",
            document(format!(
                "{{ __schema {{ types {{ {} }} }} }}",
                "fields { type { ofType { fields { type { name } } } } } ".repeat(200)
            )),
        ),
        (
            "a circular introspection",
            document(format!(
                "{{ __schema {{ types {} name {} }} }}",
                "{ fields { type ".repeat(60),
                "} }".repeat(60)
            )),
        ),
        ("a long comment", document("#".repeat(1_000_000))),
        (
            "a long string",
            document(format!(
                "{{ node(id: \"{}\") {{ id }} }}",
                "\\u00e9".repeat(100_000)
            )),
        ),
        (
            "variables that nest",
            json!({ "query": "query($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": { "i": deep(100) } }),
        ),
        (
            "many ids",
            json!({ "query": "query($i: [ID!]!) { nodes(ids: $i) { id } }", "variables": { "i": vec!["x"; 100_000] } }),
        ),
    ]
}

#[tokio::test]
async fn a_hostile_document_is_answered_at_once_and_the_server_goes_on() {
    let app = TestApp::new().await;
    let (url, http, token) = (
        listen(&app).await,
        http().build().unwrap(),
        app.learner().await.token().unwrap().to_owned(),
    );
    let ask = async |body: String| {
        let request = http
            .post(&url)
            .header("content-type", "application/json")
            .bearer_auth(&token)
            .body(body);
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        (
            status,
            serde_json::from_str::<Value>(&reply.text().await.unwrap()).unwrap(),
        )
    };
    let mut bodies: Vec<_> = hostile()
        .into_iter()
        .map(|(what, body)| (what, body.to_string()))
        .collect();
    bodies.push(("a body of brackets", "[".repeat(1_000_000)));
    bodies.push((
        "variables of brackets",
        format!(
            "{{\"query\":\"{{__typename}}\",\"variables\":{}",
            "{\"a\":".repeat(150_000)
        ),
    ));
    bodies.push((
        "a body too long",
        format!("{{\"query\":\"{}\"}}", " ".repeat(3_000_000)),
    ));
    for (what, body) in bodies {
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let started = Instant::now();
            let (status, reply) = ask(body.clone()).await;
            best = best.min(started.elapsed());
            assert!(status < 500, "{what}: {status}");
            assert!(
                reply["errors"][0]["extensions"]["code"].is_string(),
                "{what} is refused: {reply:#}"
            );
            if best < PATIENCE {
                break;
            }
        }
        assert!(best < PATIENCE, "{what} took {best:?}");
        let (status, reply) = ask(json!({ "query": "{ __typename }" }).to_string()).await;
        assert_eq!(
            (status, &reply["data"]["__typename"]),
            (200, &json!("Query")),
            "after {what}"
        );
    }
}
