//! GraphQL over Server-Sent Events, and the clients that others wrote.

use super::support::app::Person;
use super::support::socket::{Sequencing, listen, listeners};
use super::support::{TestApp, factory};
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use lyceum::config::HttpConfig;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tower::ServiceExt;

const EVENTS: &str =
    "subscription($id: ID!, $after: String) { events(organizationId: $id, after: $after) { type cursor } }";

/// An open event stream.
struct Stream {
    status: StatusCode,
    content_type: String,
    chunks: axum::body::BodyDataStream,
    rest: String,
}

/// One event: its name and its data.
type Told = (String, Value);

impl Stream {
    async fn open(routes: axum::Router, request: Request<Body>) -> Self {
        let response = routes.oneshot(request).await.unwrap();
        Self {
            status: response.status(),
            content_type: response.headers()[header::CONTENT_TYPE]
                .to_str()
                .unwrap()
                .to_owned(),
            chunks: response.into_body().into_data_stream(),
            rest: String::new(),
        }
    }

    /// The next event that is none of those that say nothing; nothing at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            while let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                if block == ":" {
                    continue;
                }
                let (event, data) = block.split_once('\n').unwrap();
                let data = data.strip_prefix("data:").unwrap().trim_start();
                let data = if data.is_empty() {
                    Value::Null
                } else {
                    serde_json::from_str(data).unwrap()
                };
                return Some((event.strip_prefix("event: ").unwrap().to_owned(), data));
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.chunks.next())
                .await
                .unwrap()?;
            self.rest.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    /// All events until the end.
    async fn all(mut self) -> Vec<Told> {
        let mut all = Vec::new();
        while let Some(told) = self.next().await {
            all.push(told);
        }
        all
    }
}

fn post(who: Option<&Person>, document: &str, variables: &Value) -> Request<Body> {
    let mut request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "text/event-stream");
    if let Some(token) = who.and_then(|who| who.token()) {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = json!({ "query": document, "variables": variables }).to_string();
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_subscription_is_told_in_events_and_goes_on_behind_the_last_one() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let _sequencing = Sequencing::begin(&app).await;
    let mut variables = json!({ "id": app.org_id() });
    let mut stream = Stream::open(app.routes(), post(Some(&owner), EVENTS, &variables)).await;
    assert_eq!(
        (stream.status, stream.content_type.as_str()),
        (StatusCode::OK, "text/event-stream; charset=utf-8")
    );
    listeners(&app, 1).await;
    factory::draft_course(&app, &owner, 0).await;
    let (event, data) = stream.next().await.unwrap();
    assert_eq!(
        (event.as_str(), &data["data"]["events"]["type"]),
        ("next", &json!("course.created"))
    );
    assert!(data["extensions"]["requestId"].is_string() && data["extensions"]["cost"]["remaining"].is_u64());
    // Who goes away is no listener any more.
    drop(stream);
    listeners(&app, 0).await;
    variables["after"] = data["data"]["events"]["cursor"].clone();
    let mut stream = Stream::open(app.routes(), post(Some(&owner), EVENTS, &variables)).await;
    let (_, data) = stream.next().await.unwrap();
    assert_eq!(data["data"]["events"]["type"], "module.created");
}

#[tokio::test]
async fn a_query_is_one_event_by_post_and_by_get_and_a_mutation_is_none_by_get() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let one = |answer: Vec<Told>| {
        let [(next, data), (complete, nothing)] = answer.try_into().unwrap();
        assert_eq!(
            (next.as_str(), complete.as_str(), nothing),
            ("next", "complete", Value::Null)
        );
        data
    };
    let query = "{ viewer { memberships { organization { slug } } } }";
    let data = one(Stream::open(app.routes(), post(Some(&owner), query, &json!({})))
        .await
        .all()
        .await);
    assert_eq!(
        data["data"]["viewer"]["memberships"][0]["organization"]["slug"],
        json!(app.slug)
    );
    let get = |query: &str| {
        let request = Request::get(format!("/graphql?query={query}"));
        request
            .header(header::ACCEPT, "text/event-stream")
            .body(Body::empty())
            .unwrap()
    };
    let data = one(Stream::open(app.routes(), get("%7B__typename%7D"))
        .await
        .all()
        .await);
    assert_eq!(data["data"]["__typename"], "Query");
    let refused = Stream::open(app.routes(), get("mutation%7B__typename%7D")).await;
    assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
    let subscription = get(&format!(
        "subscription%7Bevents(organizationId:%22{}%22)%7Btype%7D%7D",
        app.org_id()
    ));
    let data = one(Stream::open(app.routes(), subscription).await.all().await);
    assert_eq!(data["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn what_is_wrong_is_told_in_an_event_or_by_a_status_where_http_has_one() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    for (document, variables, code) in [
        ("{ nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        (
            "subscription { events(organizationId: 1.5) { type } }",
            json!({}),
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (
            EVENTS,
            json!({ "id": app.elsewhere().await.org_id() }),
            "NOT_FOUND",
        ),
    ] {
        let stream = Stream::open(app.routes(), post(Some(&owner), document, &variables)).await;
        assert_eq!(stream.status, StatusCode::OK);
        let told = stream.all().await;
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0].1["errors"][0]["extensions"]["code"], code);
        assert_eq!((told[0].1.get("data"), told[1].0.as_str()), (None, "complete"));
    }
    let variables = json!({ "id": app.org_id() });
    let mut request = post(None, EVENTS, &variables);
    request
        .headers_mut()
        .insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    assert_eq!(
        Stream::open(app.routes(), request).await.status,
        StatusCode::UNAUTHORIZED
    );
    let mut request = post(Some(&owner), EVENTS, &variables);
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(
        Stream::open(app.routes(), request).await.status,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    let mut request = post(Some(&owner), EVENTS, &variables);
    request
        .headers_mut()
        .insert(header::ACCEPT, "application/json".parse().unwrap());
    assert_eq!(
        Stream::open(app.routes(), request).await.status,
        StatusCode::NOT_ACCEPTABLE
    );
    let mut request = post(Some(&owner), "{ __typename }", &json!({}));
    request.headers_mut().insert(
        header::ACCEPT,
        "text/event-stream, application/json".parse().unwrap(),
    );
    let response = app.routes().oneshot(request).await.unwrap();
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/json; charset=utf-8",
        "one answer needs no stream"
    );
    to_bytes(response.into_body(), 10_000).await.unwrap();
}

#[tokio::test]
async fn a_stream_ends_with_the_session_and_with_the_node() {
    let app = TestApp::new().await;
    let member = app.member("admin").await;
    let variables = json!({ "id": app.org_id() });
    let stream = Stream::open(app.routes(), post(Some(&member), EVENTS, &variables)).await;
    listeners(&app, 1).await;
    member
        .run("mutation { sessionRevoke(input: {}) { userErrors { code } } }")
        .await;
    let told = stream.all().await;
    assert_eq!(told[0].1["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!((told.len(), told[1].0.as_str()), (2, "complete"));
    // That the session was ended lies behind whoever listens from now on.
    factory::seal(&app).await;
    let owner = app.owner().await;
    let (routes, streams) = app.routes_with_streams();
    let stream = Stream::open(routes.clone(), post(Some(&owner), EVENTS, &variables)).await;
    listeners(&app, 1).await;
    let ending = tokio::spawn(async move { streams.end(Duration::from_secs(20)).await });
    assert_eq!(
        stream.all().await,
        [],
        "without a last word, so that the client comes back"
    );
    ending.await.unwrap();
    let refused = Stream::open(routes, post(Some(&owner), EVENTS, &variables)).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn clients_of_others_listen_over_both_transports_and_come_back_behind_the_last_event() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let packages =
        ["graphql-ws", "graphql-sse", "ws"].map(|name| folder.join("playground/node_modules").join(name));
    let has_packages = packages.iter().all(|package| package.exists());
    if !has_packages || Command::new("node").arg("--version").output().await.is_err() {
        eprintln!("note: other clients did not listen; they need node and `npm ci` in playground");
        return;
    }
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let _sequencing = Sequencing::begin(&app).await;
    let address = listen(app.routes_with(HttpConfig::default())).await;
    for transport in ["ws", "sse"] {
        let mut client = Command::new("node");
        client.arg(folder.join("tests/audits/listeners.mjs"));
        client.args([transport, &format!("{address}/graphql"), &app.org_id()]);
        client.env("AUDIT_TOKEN", owner.token().unwrap());
        client.stdout(std::process::Stdio::piped()).kill_on_drop(true);
        let mut client = client.spawn().unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let mut line = async || -> Value {
            let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line())
                .await
                .unwrap();
            serde_json::from_str(&line.unwrap().expect("the client says something")).unwrap()
        };
        assert_eq!(line().await, json!({ "query": app.slug }), "{transport}");
        assert_eq!(
            line().await,
            json!({ "refused": "GRAPHQL_VALIDATION_FAILED" }),
            "{transport}"
        );
        for listening in ["first", "second"] {
            if listening == "first" {
                listeners(&app, 1).await;
                factory::draft_course(&app, &owner, 0).await;
            }
            // One event, then the client goes, and comes back for the next one.
            let kind = if listening == "first" {
                "course.created"
            } else {
                "module.created"
            };
            assert_eq!(line().await, json!({ "event": kind }), "{transport}");
        }
        assert!(client.wait().await.unwrap().success());
        listeners(&app, 0).await;
    }
}
