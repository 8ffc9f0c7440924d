//! Answers are completed as the specification's sections 6.4 and 7.2.2 ask for; what graphql-js answers to
//! the same documents over the same schema is the reference.

use super::*;

#[tokio::test]
async fn fields_come_in_the_order_of_the_document() {
    let bench = Bench::new();
    for (source, expected) in [
        (
            "{ course(id: 2) { slow title id } }",
            r#"{"course":{"slow":"slow","title":"Rust","id":"C2"}}"#,
        ),
        (
            "{ a: course(id: 2) { slow } b: __typename }",
            r#"{"a":{"slow":"slow"},"b":"Query"}"#,
        ),
        (
            "{ node(id: \"C2\") { ... on Course { slow } title ... on Node { id } } }",
            r#"{"node":{"slow":"slow","title":"Rust","id":"C2"}}"#,
        ),
        (
            "{ course(id: 2) { id owner { name } id ...F } } fragment F on Course { slow owner { favourite { id } } }",
            r#"{"course":{"id":"C2","owner":{"name":"Ada","favourite":{"id":"C2"}},"slow":"slow"}}"#,
        ),
    ] {
        assert_eq!(bench.data(source, json!({})).await, expected, "{source}");
    }
}

#[tokio::test]
async fn a_failed_field_is_null_and_a_non_null_one_lifts_null() {
    let bench = Bench::new();
    for (source, expected) in [
        (
            "{ course(id: 1) { title flaky id } }",
            r#"{"course":{"title":"Rust","flaky":null,"id":"C1"}}"#,
        ),
        ("{ course(id: 1) { title strict id } }", r#"{"course":null}"#),
        (
            "{ course(id: 1) { strict } other: course(id: 2) { id } }",
            r#"{"course":null,"other":{"id":"C2"}}"#,
        ),
        ("{ must(id: 1) { strict } course(id: 2) { id } }", "null"),
        (
            "{ maybes { id strict } }",
            r#"{"maybes":[null,null,{"id":"C2","strict":2}]}"#,
        ),
        ("{ courses { id strict } }", "null"),
        (
            "{ courses { id flaky } }",
            r#"{"courses":[{"id":"C0","flaky":0},{"id":"C1","flaky":null}]}"#,
        ),
        (
            "{ course(id: 2) { units(first: 1) { nodes { strict } } } }",
            r#"{"course":null}"#,
        ),
        (
            "{ course(id: 1) { a: title owner { favourite { strict } } } }",
            r#"{"course":{"a":"Rust","owner":null}}"#,
        ),
        (
            "{ course(id: 3) { x: flaky y: flaky } }",
            r#"{"course":{"x":null,"y":null}}"#,
        ),
    ] {
        let response = bench.execute(source, json!({})).await;
        assert!(!response.errors.is_empty(), "{source}");
        assert_eq!(
            serde_json::to_string(&response.data).unwrap(),
            expected,
            "{source}"
        );
    }
}

#[tokio::test]
async fn abstract_types_are_completed_by_their_run_time_type() {
    let bench = Bench::new();
    for (source, expected) in [
        // Every selected field fails: the type is still known.
        (
            "{ node(id: \"U1\") { ... on Unit { strict } ... on Course { flaky } } }",
            r#"{"node":null}"#,
        ),
        (
            "{ node(id: \"C1\") { ... on Unit { strict } ... on Course { flaky } } }",
            r#"{"node":{"flaky":null}}"#,
        ),
        // Nothing is selected for the type: an empty object, not null.
        ("{ node(id: \"C1\") { ... on Unit { title } } }", r#"{"node":{}}"#),
        (
            "{ node(id: \"C1\") { __typename ... on Unit { title } } }",
            r#"{"node":{"__typename":"Course"}}"#,
        ),
        (
            "{ node(id: \"C1\") { t: __typename ...N } } fragment N on Node { id }",
            r#"{"node":{"t":"Course","id":"C1"}}"#,
        ),
        (
            "{ search { ... on Node { id } ... on Person { name } } }",
            r#"{"search":[{"id":"C1"},{"name":"Bo"}]}"#,
        ),
        (
            "{ search { __typename } }",
            r#"{"search":[{"__typename":"Course"},{"__typename":"Person"}]}"#,
        ),
        (
            "{ node(id: \"C2\") { ... on Found { ... on Course { title } } } }",
            r#"{"node":{"title":"Rust"}}"#,
        ),
        (
            "{ course(id: 2) { ... on Found { ... on Node { title } } } }",
            r#"{"course":{"title":"Rust"}}"#,
        ),
        (
            "{ nodes(ids: [\"a\", \"b\"]) { id ... on Unit { strict } } }",
            r#"{"nodes":[null,null]}"#,
        ),
    ] {
        assert_eq!(bench.data(source, json!({})).await, expected, "{source}");
    }
}

#[tokio::test]
async fn conditions_are_decided_with_the_defaults_of_their_variables() {
    let bench = Bench::new();
    let source = "query($on: Boolean = true, $off: Boolean! = false) {
        course(id: 2) { id @skip(if: $on) title @include(if: $on) ... @include(if: $off) { slow } }
    }";
    assert_eq!(
        bench.data(source, json!({})).await,
        r#"{"course":{"title":"Rust"}}"#
    );
    let given = json!({"on": false, "off": true});
    assert_eq!(
        bench.data(source, given).await,
        r#"{"course":{"id":"C2","slow":"slow"}}"#
    );
    let nothing = "query($no: Boolean!) { course(id: 2) { id @include(if: $no) } must(id: 1) { ... @skip(if: true) { id } } }";
    assert_eq!(
        bench.data(nothing, json!({"no": false})).await,
        r#"{"course":{},"must":{}}"#
    );
    assert_eq!(
        bench
            .data("{ course(id: 2) @skip(if: true) { id } }", json!({}))
            .await,
        "{}"
    );
}

#[tokio::test]
async fn a_failed_mutation_does_not_blank_another() {
    let source = "mutation { a: save(input: {id: 1}) { count } b: save(input: {id: 0}) { count } }";
    let response = Bench::new().execute(source, json!({})).await;
    assert_eq!(response.errors.len(), 1);
    assert_eq!(
        serde_json::to_string(&response.data).unwrap(),
        r#"{"a":{"count":1},"b":null}"#
    );
}

#[tokio::test]
async fn fields_of_the_same_key_are_merged_so_a_mutation_runs_once() {
    let source = "mutation { tick { count } ...M } fragment M on Mutation { tick { name count } other: tick { count } }";
    let data = Bench::new().data(source, json!({})).await;
    assert_eq!(data, r#"{"tick":{"count":1,"name":"tick"},"other":{"count":2}}"#);
}

#[tokio::test]
async fn each_event_of_a_subscription_is_completed() {
    use async_graphql::futures_util::StreamExt;
    let bench = Bench::new();
    let source = "subscription { ...S } fragment S on Subscriptions { changes { slow flaky } }";
    let admitted = bench.admit(source, json!({})).unwrap();
    let events = bench
        .engine
        .execute_stream(admitted.request)
        .map(|event| admitted.completion.complete(event));
    let events: Vec<String> = events
        .map(|event| serde_json::to_string(&event.data).unwrap())
        .collect()
        .await;
    assert_eq!(
        events,
        [
            r#"{"changes":{"slow":"slow","flaky":null}}"#,
            r#"{"changes":{"slow":"slow","flaky":2}}"#
        ]
    );
}

#[tokio::test]
async fn the_standard_introspection_query_passes_and_answers_fully() {
    let source = include_str!("introspection.graphql");
    let bench = Bench::new();
    let prepared = bench.front.prepare(source).unwrap();
    assert!(prepared.operation(None).unwrap().is_introspection());
    let response = bench.execute(source, json!({})).await;
    assert_eq!(response.errors, []);
    let data = response.data.into_json().unwrap();
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    let types = data["__schema"]["types"].as_array().unwrap();
    let which = types.iter().find(|ty| ty["name"] == "Which").unwrap();
    assert_eq!(which["isOneOf"], true);
    let stamp = types.iter().find(|ty| ty["name"] == "Stamp").unwrap();
    assert_eq!(stamp["specifiedByURL"], "https://example.org/stamp");
    let course = types.iter().find(|ty| ty["name"] == "Course").unwrap();
    let fields = course["fields"].as_array().unwrap();
    let name = fields.iter().find(|field| field["name"] == "name").unwrap();
    assert_eq!(name["deprecationReason"], "Use title.");
    assert!(
        !bench
            .front
            .prepare("{ __typename }")
            .unwrap()
            .operation(None)
            .unwrap()
            .is_introspection()
    );
}
