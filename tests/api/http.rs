//! The endpoint as HTTP sees it.

use super::support::TestApp;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

#[tokio::test]
async fn a_wrong_token_is_401_and_no_token_is_nobody() {
    let app = TestApp::new().await;
    let forged = app
        .bearer("lyc_ses_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .run("{ __typename }")
        .await;
    assert_eq!(
        (forged.status, forged.codes().as_str()),
        (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED")
    );
    assert_eq!(app.anonymous().run("{ __typename }").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_answer_carries_its_request_id_and_cost() {
    let app = TestApp::new().await;
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-request-id", "mine-1");
    let reply = app
        .anonymous()
        .send(
            request
                .body(Body::from(json!({ "query": "{ __typename }" }).to_string()))
                .unwrap(),
        )
        .await;
    assert_eq!(reply.headers["x-request-id"], "mine-1");
    assert_eq!(reply.body["extensions"]["requestId"], "mine-1");
    assert_eq!(reply.body["extensions"]["cost"]["requested"], 1);
    assert!(reply.headers.contains_key("ratelimit-remaining"));
}

#[tokio::test]
async fn a_mutation_by_get_or_by_a_form_is_refused() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let get = owner
        .send(
            Request::get("/graphql?query=mutation%7B__typename%7D")
                .body(Body::empty())
                .unwrap(),
        )
        .await;
    assert_eq!(
        (get.status, get.headers[header::ALLOW].to_str().unwrap()),
        (StatusCode::METHOD_NOT_ALLOWED, "POST")
    );
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let request = Request::post("/graphql").header(header::CONTENT_TYPE, kind);
        let reply = owner
            .send(
                request
                    .body(Body::from(r#"{"query":"mutation{__typename}"}"#))
                    .unwrap(),
            )
            .await;
        assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
}

#[tokio::test]
async fn introspection_takes_a_token() {
    let app = TestApp::new().await;
    let document = "{ __schema { queryType { name } } }";
    assert_eq!(app.anonymous().run(document).await.codes(), "UNAUTHENTICATED");
    assert_eq!(
        app.learner()
            .await
            .run(document)
            .await
            .text("/__schema/queryType/name"),
        "Query"
    );
}

#[tokio::test]
async fn no_answer_to_bad_input_shows_anything_of_the_inside() {
    let app = TestApp::new().await;
    let owner = app.owner().await;
    let documents = [
        "{",
        "{ nope }",
        "{ course(id: 1.5) { id } }",
        "{ course { id } }",
        "{ course(id: \"crs_%\") { id } }",
        "query($a: Int!) { catalog(first: $a) { totalCount } }",
        "{ catalog(first: 99999999999) { totalCount } }",
        "{ catalog(after: \"\\u0000\") { totalCount } }",
        "{ catalog(query: \"\\uD83D\\uDE00\") { totalCount } }",
        "{ node(id: \"' or 1=1\") { id } nodes(ids: [\"x\", \"\"]) { id } }",
    ];
    for document in documents {
        let reply = owner.run(document).await;
        assert!(reply.status.as_u16() < 500, "{document}: {:#}", reply.body);
        assert!(!reply.codes().contains("NO CODE"), "{document}: {:#}", reply.body);
        for word in [
            "diesel", "postgres", "panicked", "src/", "unwrap", "SELECT", "Error {",
        ] {
            assert!(!reply.mentions(word), "{document}: {:#}", reply.body);
        }
    }
}

#[tokio::test]
async fn the_header_idempotency_key_is_that_of_the_only_root_field() {
    let app = TestApp::new().await;
    let author = app.member("author").await;
    let create = |alias: &str, more: &str| {
        format!(
            "{alias}: courseCreate(input: {{ organizationId: \"{}\", slug: \"only-one\", title: \"One\"{more} }}) {{ course {{ id }} \
             userErrors {{ code field }} }}",
            app.org_id()
        )
    };
    let send = async |document: String, key: &[u8]| {
        let request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key);
        let body = json!({ "query": format!("mutation {{ {document} }}") }).to_string();
        author.send(request.body(Body::from(body)).unwrap()).await
    };
    let (first, second) = (
        send(create("a", ""), b"k1").await,
        send(create("a", ""), b"k1").await,
    );
    assert_eq!(first.codes(), "");
    assert_eq!(first.data("/a/course/id"), second.data("/a/course/id"));
    assert_eq!(
        send(create("a", ""), b"k2").await.codes(),
        "TAKEN",
        "another key is another request"
    );
    let same = send(create("a", ", idempotencyKey: \"k3\""), b"k3").await;
    assert_eq!(same.codes(), "TAKEN");
    let other = send(create("a", ", idempotencyKey: \"k4\""), b"k5").await;
    assert_eq!(other.codes(), "INVALID");
    assert_eq!(send(create("a", ""), b"").await.codes(), "INVALID");
    let both = create("a", "") + " " + &create("b", "");
    for (document, key) in [(both, b"k6".as_slice()), (create("a", ""), b"\xff".as_slice())] {
        let refused = send(document, key).await;
        assert_eq!(
            (refused.status, refused.codes().as_str()),
            (StatusCode::BAD_REQUEST, "BAD_REQUEST")
        );
    }
    let courses = super::support::factory::count(&app, "courses where slug = 'only-one'").await;
    assert_eq!(courses, 1);
}
