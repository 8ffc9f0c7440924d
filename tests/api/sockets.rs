//! The sub-protocol `graphql-transport-ws`, over sockets: its messages, its close codes, its limits.

use super::support::socket::{Heard, Socket, listen};
use super::support::{TestApp, factory};
use lyceum::config::HttpConfig;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

const EVENTS: &str = "subscription($id: ID!) { events(organizationId: $id) { type } }";
const INIT: &str = r#"{"type":"connection_init"}"#;

async fn node() -> (TestApp, SocketAddr) {
    let app = TestApp::new().await;
    let address = listen(app.routes()).await;
    (app, address)
}

/// How a connection ends on which these texts are sent.
async fn ends(address: SocketAddr, texts: &[&str]) -> u16 {
    let mut socket = Socket::open(address).await;
    for text in texts {
        socket.send_frame(Message::text(*text)).await;
    }
    socket.closed().await
}

#[tokio::test]
async fn a_query_and_a_mutation_are_executed_over_a_socket() {
    let (app, address) = node().await;
    let owner = app.owner().await;
    let mut socket = Socket::of(address, owner.token()).await;
    socket
        .subscribe(
            "q",
            "query Q($id: ID!) { organization(id: $id) { slug } }",
            json!({ "id": app.org_id() }),
        )
        .await;
    let answer = socket.message().await;
    assert_eq!(answer["payload"]["data"]["organization"]["slug"], json!(app.slug));
    assert!(answer["payload"]["extensions"]["cost"]["requested"].as_u64() > Some(0));
    assert_eq!(socket.message().await, json!({ "id": "q", "type": "complete" }));
    let input = json!({ "input": { "organizationId": app.org_id(), "slug": "over-a-socket", "title": "New", "idempotencyKey": "once" } });
    let document = "mutation($input: CourseCreateInput!) { courseCreate(input: $input) { course { id } userErrors { code } } }";
    let mut made = Vec::new();
    // The id is free again once the operation is complete.
    for _ in 0..2 {
        socket.subscribe("m", document, input.clone()).await;
        made.push(socket.next("m", "/courseCreate/course/id").await);
        assert_eq!(socket.message().await["type"], "complete");
    }
    assert_eq!(made[0], made[1], "sent twice, done once");
    assert_eq!(
        factory::count(&app, "courses where slug = 'over-a-socket'").await,
        1
    );
}

#[tokio::test]
async fn who_speaks_out_of_turn_is_cut_off_with_the_code_of_the_protocol() {
    let (app, address) = node().await;
    let subscribe = format!(
        r#"{{"id":"1","type":"subscribe","payload":{{"query":"{EVENTS}","variables":{{"id":"{}"}}}}}}"#,
        app.org_id()
    );
    assert_eq!(
        ends(address, &[&subscribe]).await,
        4401,
        "an operation before the beginning"
    );
    assert_eq!(ends(address, &[INIT, INIT]).await, 4429, "a beginning again");
    for text in [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"type":"start","id":"1","payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"connection_init","payload":null}"#,
        r#"{"type":"subscribe","id":"","payload":{"query":"{ __typename }"}}"#,
        r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
    ] {
        assert_eq!(ends(address, &[INIT, text]).await, 4400, "{text}");
        assert_eq!(ends(address, &[text]).await, 4400, "{text}, before the beginning");
    }
    let mut socket = Socket::of(address, None).await;
    socket.send_frame(Message::binary(INIT)).await;
    assert_eq!(socket.closed().await, 4400, "bytes");
    let owner = app.owner().await;
    let mut socket = Socket::of(address, owner.token()).await;
    for _ in 0..2 {
        socket.send_frame(Message::text(subscribe.as_str())).await;
    }
    let closed = socket.hear().await;
    assert_eq!(
        closed,
        Heard::Closed(4409, "Subscriber for 1 already exists".into())
    );
}

#[tokio::test]
async fn who_never_says_who_they_are_is_cut_off_in_time() {
    let app = TestApp::new().await;
    let config = HttpConfig {
        socket_init_timeout_ms: 300,
        ..HttpConfig::default()
    };
    let address = listen(app.routes_with(config)).await;
    assert_eq!(ends(address, &[]).await, 4408);
    assert_eq!(ends(address, &[r#"{"type":"ping"}"#]).await, 4408);
    let mut socket = Socket::of(address, None).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    socket.settle().await;
}

#[tokio::test]
async fn only_this_protocol_is_spoken() {
    let (_, address) = node().await;
    let mut socket = Socket::open_with(address, &[]).await.unwrap();
    assert_eq!(socket.closed().await, 4406);
    // Its former namesake is not chosen, which its clients do not take.
    let former = [("sec-websocket-protocol", "graphql-ws")];
    assert_eq!(Socket::open_with(address, &former).await.err(), Some(101));
    let both = [("sec-websocket-protocol", "graphql-ws, graphql-transport-ws")];
    let mut socket = Socket::open_with(address, &both).await.unwrap();
    socket.send(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.message().await["type"], "connection_ack");
}

#[tokio::test]
async fn a_ping_is_answered_with_what_it_carries_and_a_complete_with_nothing() {
    let (app, address) = node().await;
    let mut socket = Socket::open(address).await;
    socket
        .send(json!({ "type": "ping", "payload": { "n": [1, "é"] } }))
        .await;
    assert_eq!(
        socket.message().await,
        json!({ "type": "pong", "payload": { "n": [1, "é"] } })
    );
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.message().await, json!({ "type": "pong" }));
    socket.send(json!({ "type": "pong" })).await;
    let owner = app.owner().await;
    let mut socket = Socket::of(address, owner.token()).await;
    socket.subscribe("1", EVENTS, json!({ "id": app.org_id() })).await;
    socket.send(json!({ "id": "1", "type": "complete" })).await;
    socket.send(json!({ "id": "unknown", "type": "complete" })).await;
    // The next thing that is said is of another operation, and the id is free.
    socket.subscribe("1", "{ __typename }", json!({})).await;
    assert_eq!(socket.next("1", "/__typename").await, "Query");
}

#[tokio::test]
async fn what_is_wrong_with_an_operation_is_told_in_an_error_and_the_connection_goes_on() {
    let (app, address) = node().await;
    let learner = app.learner().await;
    let mut socket = Socket::of(address, learner.token()).await;
    let org = json!({ "id": app.org_id() });
    let elsewhere = json!({ "id": app.elsewhere().await.org_id() });
    for (document, variables, code) in [
        ("{ nothing }", json!({}), "GRAPHQL_VALIDATION_FAILED"),
        ("{", json!({}), "GRAPHQL_PARSE_FAILED"),
        (EVENTS, json!({}), "BAD_USER_INPUT"),
        (EVENTS, elsewhere, "NOT_FOUND"),
        (EVENTS, json!({ "id": "nonsense" }), "NOT_FOUND"),
        (
            "subscription($id: ID!) { events(organizationId: $id, after: \"x\") { type } }",
            org.clone(),
            "BAD_USER_INPUT",
        ),
        (
            "subscription($id: ID!) { events(organizationId: $id, types: []) { type } }",
            org.clone(),
            "BAD_USER_INPUT",
        ),
        (
            "subscription($id: ID!) { events(organizationId: $id, types: [\"x.y\"]) { type } }",
            org.clone(),
            "BAD_USER_INPUT",
        ),
        (
            "subscription($id: ID!) { events(organizationId: $id, types: [\"member.\"]) { type } }",
            org.clone(),
            "FORBIDDEN",
        ),
        (
            "subscription($id: ID!) { a: events(organizationId: $id) { type } b: events(organizationId: $id) { type } }",
            org,
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ] {
        socket.subscribe("1", document, variables).await;
        assert_eq!(socket.refused("1").await, code, "{document}");
    }
    let mut nobody = Socket::of(address, None).await;
    nobody.subscribe("1", EVENTS, json!({ "id": app.org_id() })).await;
    assert_eq!(nobody.refused("1").await, "UNAUTHENTICATED");
    nobody
        .subscribe("1", "{ __schema { queryType { name } } }", json!({}))
        .await;
    assert_eq!(nobody.refused("1").await, "UNAUTHENTICATED");
    nobody.settle().await;
}

#[tokio::test]
async fn a_credential_that_opens_nothing_closes_the_connection_wherever_it_stands() {
    let (app, address) = node().await;
    let owner = app.owner().await;
    let good = format!("Bearer {}", owner.token().unwrap());
    let altered = format!("{good}x");
    for (header, payload, closes) in [
        (Some(good.as_str()), json!({}), false),
        (None, json!({ "Authorization": good }), false),
        (Some(altered.as_str()), json!({ "authorization": good }), false),
        (Some(altered.as_str()), json!({}), true),
        (None, json!({ "authorization": altered }), true),
        (None, json!({ "authorization": owner.token() }), true),
        (None, json!({ "authorization": "" }), true),
        (None, json!({ "authorization": 7 }), true),
    ] {
        let mut headers = vec![("sec-websocket-protocol", "graphql-transport-ws")];
        headers.extend(header.map(|header| ("authorization", header)));
        let mut socket = Socket::open_with(address, &headers).await.unwrap();
        socket
            .send(json!({ "type": "connection_init", "payload": payload }))
            .await;
        if closes {
            assert_eq!(
                socket.hear().await,
                Heard::Closed(
                    4403,
                    if payload["authorization"] == 7 {
                        "`authorization` is a text."
                    } else {
                        "Forbidden"
                    }
                    .into()
                )
            );
        } else {
            assert_eq!(socket.message().await["type"], "connection_ack");
            socket.subscribe("1", "{ viewer { id } }", json!({})).await;
            assert!(socket.next("1", "/viewer/id").await.is_string());
        }
    }
}

#[tokio::test]
async fn pages_open_a_socket_only_where_they_may_call_the_api() {
    let app = TestApp::new().await;
    let config = HttpConfig {
        allowed_origins: vec!["https://academy.example".into()],
        ..HttpConfig::default()
    };
    factory::sql(
        &app,
        &format!(
            "insert into organization_origins values ('{}', 'https://{}.example')",
            app.org.0, app.slug
        ),
    )
    .await;
    let address = listen(app.routes_with(config)).await;
    let own = format!("http://{address}");
    let listed = format!("https://{}.example", app.slug);
    for (origin, expected) in [
        (Some("https://academy.example"), None),
        (Some(listed.as_str()), None),
        (Some(own.as_str()), None),
        (None, None),
        (Some("https://evil.example"), Some(403)),
        (Some("http://academy.example"), Some(403)),
        (Some("null"), Some(403)),
    ] {
        let mut headers = vec![("sec-websocket-protocol", "graphql-transport-ws")];
        headers.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(
            Socket::open_with(address, &headers).await.err(),
            expected,
            "{origin:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_has_fifty_operations_and_messages_of_64_kilobytes() {
    let (app, address) = node().await;
    let owner = app.owner().await;
    let mut socket = Socket::of(address, owner.token()).await;
    for n in 0..50 {
        socket
            .subscribe(&n.to_string(), EVENTS, json!({ "id": app.org_id() }))
            .await;
    }
    socket
        .subscribe("one more", EVENTS, json!({ "id": app.org_id() }))
        .await;
    let refused = socket.message().await;
    assert_eq!(
        (&refused["id"], &refused["type"]),
        (&json!("one more"), &json!("error"))
    );
    let extensions = &refused["payload"][0]["extensions"];
    assert_eq!(
        extensions,
        &json!({ "code": "LIMIT_EXCEEDED", "limit": "operations", "asked": 51, "allowed": 50 })
    );
    socket.send(json!({ "id": "0", "type": "complete" })).await;
    socket.settle().await;
    let fits = json!({ "type": "ping", "payload": { "x": "x".repeat(65_000) } });
    socket.send(fits.clone()).await;
    assert_eq!(socket.message().await["payload"], fits["payload"]);
    socket.send_frame(Message::text(" ".repeat(65_537))).await;
    assert_eq!(socket.closed().await, 1009);
}

#[tokio::test]
async fn bytes_that_are_no_frames_end_their_connection_and_nothing_else() {
    let (app, address) = node().await;
    let owner = app.owner().await;
    let mut beside = Socket::of(address, owner.token()).await;
    // Frames of a client are masked; here with zeros.
    for (what, bytes) in [
        ("no mask", &[0x81, 2, b'h', b'i'][..]),
        ("a text that is none", &[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]),
        ("a frame of no kind", &[0x83, 0x80, 0, 0, 0, 0]),
        ("the rest of nothing", &[0x80, 0x81, 0, 0, 0, 0, b'x']),
        ("a bit that nobody agreed on", &[0xc1, 0x81, 0, 0, 0, 0, b'x']),
        ("a ping in pieces", &[0x09, 0x80, 0, 0, 0, 0]),
        (
            "a frame of exabytes",
            &[
                0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
            ],
        ),
        ("another protocol", b"GET / HTTP/1.1\r\n\r\n"),
    ] {
        let mut socket = Socket::of(address, owner.token()).await;
        socket.send_bytes(bytes).await;
        let code = socket.closed().await;
        assert!([0, 1002, 1009].contains(&code), "{what}: {code}");
        beside.settle().await;
    }
    // A text may come in pieces, each within the bound and all together not.
    let mut socket = Socket::of(address, owner.token()).await;
    let piece = |first: u8| [&[first, 0xfe, 0xea, 0x60, 0, 0, 0, 0][..], &vec![b' '; 60_000]].concat();
    socket.send_bytes(&[piece(0x01), piece(0x00)].concat()).await;
    assert_eq!(socket.closed().await, 1009);
    beside.settle().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let app = TestApp::new().await;
    let config = HttpConfig {
        streams_per_address: 2,
        ..HttpConfig::default()
    };
    let address = listen(app.routes_with(config)).await;
    let first = Socket::of(address, None).await;
    let _second = Socket::of(address, None).await;
    let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
    assert_eq!(Socket::open_with(address, &protocol).await.err(), Some(503));
    drop(first);
    // It is noticed that the first is gone, sooner or later.
    let mut tries = 0;
    while let Err(status) = Socket::open_with(address, &protocol).await {
        assert_eq!(status, 503);
        tries += 1;
        assert!(tries < 200, "the place is not free again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_operations_cost_is_taken_from_the_same_bucket_as_requests() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let config = HttpConfig {
        bucket_capacity: 30,
        bucket_per_second: 1,
        ..HttpConfig::default()
    };
    let address = listen(app.routes_with(config)).await;
    let mut socket = Socket::of(address, owner.token()).await;
    let mut granted = 0;
    let refusal: Value = loop {
        socket
            .subscribe("1", "{ viewer { id firstName lastName email } }", json!({}))
            .await;
        let message = socket.message().await;
        if message["type"] == "error" {
            break message;
        }
        assert_eq!(socket.message().await["type"], "complete");
        granted += 1;
        assert!(granted < 30);
    };
    let extensions = &refusal["payload"][0]["extensions"];
    assert_eq!(extensions["code"], "RATE_LIMITED");
    assert!(extensions["retryAfter"].as_u64() > Some(0) && granted > 2);
}

#[tokio::test]
async fn a_node_that_ends_says_so_and_takes_nobody_in() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let (routes, streams) = app.routes_with_streams();
    let address = listen(routes).await;
    let mut socket = Socket::of(address, owner.token()).await;
    socket.subscribe("1", EVENTS, json!({ "id": app.org_id() })).await;
    socket.settle().await;
    let ending = streams.clone();
    let ended = tokio::spawn(async move { ending.end(Duration::from_secs(20)).await });
    assert_eq!(socket.closed().await, 1001);
    drop(socket);
    ended.await.unwrap();
    assert_eq!(streams.count(), 0);
    let protocol = [("sec-websocket-protocol", "graphql-transport-ws")];
    assert_eq!(Socket::open_with(address, &protocol).await.err(), Some(503));
}
