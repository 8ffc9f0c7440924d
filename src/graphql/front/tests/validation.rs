//! What the specification's section 5 refuses, above all what the engine's own validation lets through.

use super::*;

#[test]
fn invalid_documents_are_refused() {
    let bench = Bench::new();
    for source in [
        // Directives.
        "{ course(id: 1) { id @unknown } }",
        "{ course(id: 1) { id @skip } }",
        "{ course(id: 1) { id @skip(if: null) } }",
        "{ course(id: 1) { id @skip(if: true) @skip(if: false) } }",
        "query @skip(if: true) { course(id: 1) { id } }",
        "{ course(id: 1) { id @deprecated } }",
        "{ course(id: 1) { id @include(if: true, unless: false) } }",
        // Selections.
        "{ nope }",
        "{ course(id: 1) }",
        "{ course(id: 1) { id { x } } }",
        "{ __typename { x } }",
        "{ course(id: 1) { a: id a: title } }",
        "{ a: course(id: 1) { id } a: course(id: 2) { id } }",
        "{ a: echo(many: [1]) a: echo(many: [1, 2]) }",
        "{ nodes(ids: \"a\") { ... on Person { name } } }",
        "{ node(id: 1) { level } }",
        "{ ...F } fragment F on Nope { id }",
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ... on Query { ...F } }",
        "{ ...F }",
        "{ course(id: 1) { id } } fragment F on Course { id }",
        "{ course(id: 1) { id } } fragment F on Course { id } fragment F on Course { title }",
        "query A { __typename } query A { __typename }",
        "query A { __typename } { __typename }",
        "subscription { changes { id } other: changes { id } }",
        "subscription { __typename }",
        "type T { id: ID }",
        "extend type Query { x: Int } { x }",
        // Values.
        "{ course }",
        "{ course(id: null) { id } }",
        "{ course(id: \"1\") { id } }",
        "{ course(id: 1.0) { id } }",
        "{ course(id: 2147483648) { id } }",
        "{ course(id: -2147483649) { id } }",
        "{ course(id: 1, id: 2) { id } }",
        "{ course(id: 1, nope: 2) { id } }",
        "{ echo(level: NOPE) }",
        "{ echo(level: \"BASIC\") }",
        "{ echo(flag: 1) }",
        "{ echo(text: 1) }",
        "{ echo(float: 1e999) }",
        "{ echo(id: 1.5) }",
        "{ echo(many: [1, \"2\"]) }",
        "{ echo(filter: { nope: 1 }) }",
        "{ echo(filter: { exact: 1, exact: 2 }) }",
        "{ echo(any: { a: [{ b: 1, b: 2 }] }) }",
        "{ echo(filter: { least: null }) }",
        "mutation { save(input: { title: \"x\" }) { count } }",
        "{ echo(text: \"\\u{110000}\") }",
        "{ echo(text: \"\\uD83D\") }",
        "{ echo(which: {}) }",
        "{ echo(which: { id: 1, slug: \"a\" }) }",
        "{ echo(which: { id: null }) }",
        // Variables.
        "query($v: Nope) { echo(text: $v) }",
        "query($v: Course) { echo(text: $v) }",
        "query($v: Int, $v: Int) { echo(int: $v) }",
        "query($v: Int) { __typename }",
        "{ echo(int: $v) }",
        "{ echo(any: { a: [$v] }) }",
        "query($v: Int = \"x\") { echo(int: $v) }",
        "query($v: Int! = null) { echo(int: $v) }",
        "query($v: Int) { course(id: $v) { id } }",
        "query($v: Int = null) { course(id: $v) { id } }",
        "query($v: String!) { course(id: $v) { id } }",
        "query($v: [Int!]!) { echo(int: $v) }",
        "query($v: Int) { echo(many: $v) }",
        "query($v: Int) { echo(many: [$v]) }",
        "query($v: [Int]) { echo(many: $v) }",
        "query($v: [[Int!]!]) { echo(many: [$v]) }",
        "mutation($v: Int) { save(input: { id: $v }) { count } }",
        "query($v: ID) { echo(which: { id: $v }) }",
        "query A($v: Int!) { ...F } query B($v: Int) { ...F } fragment F on Query { course(id: $v) { id } }",
        "query A($v: Int!) { ...F } query B { ...F } fragment F on Query { course(id: $v) { id } }",
        "query($v: String) { course(id: 1) { id @skip(if: $v) } }",
        "query($v: Boolean) { course(id: 1) { id @skip(if: $v) } }",
        "query($v: Int @unknown) { echo(int: $v) }",
    ] {
        let refusal = bench.refusal(source, json!({}));
        let expected = [Code::GraphqlValidationFailed, Code::GraphqlParseFailed];
        assert!(expected.contains(&refusal.code), "{source}: {refusal}");
    }
}

#[test]
fn what_is_no_graphql_is_a_parse_error() {
    let bench = Bench::new();
    for source in [
        "",
        "   ",
        "# only a comment",
        "{",
        "{ }",
        "query () { a }",
        "{ a(b: ) }",
        "{ a } }",
        "{ ... on }",
        "nope",
    ] {
        assert_eq!(
            bench.front.prepare(source).map(|_| ()).unwrap_err().code,
            Code::GraphqlParseFailed,
            "{source}"
        );
    }
}

#[test]
fn refusals_tell_the_place_and_never_the_document() {
    let bench = Bench::new();
    let refusal = bench
        .front
        .prepare("query Q {\n  course(id: 1) {\n    nope\n  }\n}")
        .unwrap_err();
    assert_eq!(
        refusal.faults[0].message,
        "Type `Course` does not have a field `nope`."
    );
    assert_eq!(
        serde_json::to_value(refusal.errors()).unwrap()[0]["locations"],
        json!([{"line": 3, "column": 5}])
    );
    let name = "x".repeat(50_000);
    for source in [
        format!("{{ {name} }}"),
        format!("{{ ...{name} }}"),
        format!("query(${name}: Int) {{ __typename }}"),
        format!("{{ course({name}: 1) {{ id }} }}"),
        format!("{{ echo(level: {name}) }}"),
        format!("{{ echo(text: {name}) }}"),
        format!("{{ echo(int: \"{name}\") }}"),
        format!("{{ echo(filter: {{ {name}: 1 }}) }}"),
        format!("{{ course(id: 1) {{ id @{name} }} }}"),
        format!(
            "{{ ... @defer(label: \"{name}\") {{ __typename }} ... @defer(label: \"{name}\") {{ __typename }} }}"
        ),
        format!("{{ ...F }} fragment F on {name} {{ id }}"),
        format!("{name} {{ id }}"),
        format!("{{ a(b: \"{name}"),
        format!("{{ {name}: course(id: 1) {{ id }} {name}: course(id: 2) {{ id }} }}"),
    ] {
        let refusal = bench.front.prepare(&source).map(|_| ()).expect_err("refused");
        let told = serde_json::to_string(&refusal.errors()).unwrap();
        assert!(told.len() < 2_000, "{} bytes told: {}", told.len(), &told[..200]);
    }
}

#[test]
fn suggestions_are_not_made() {
    let refusal = Bench::new()
        .front
        .prepare("{ cours(id: 1) { titel } }")
        .unwrap_err();
    assert!(!refusal.to_string().contains("course"), "{refusal}");
}

#[test]
fn operations_are_found_by_name() {
    let bench = Bench::new();
    let prepared = bench
        .front
        .prepare("query A { __typename } mutation B { tick { count } }")
        .unwrap();
    assert_eq!(
        prepared.operation(Some("B")).unwrap().kind(),
        super::super::Kind::Mutation
    );
    for name in [None, Some("C"), Some("")] {
        let refusal = prepared.operation(name).map(|_| ()).unwrap_err();
        assert_eq!(refusal.code, Code::OperationResolutionFailure);
    }
    let single = bench.front.prepare("query A { __typename }").unwrap();
    assert_eq!(single.operation(None).unwrap().name(), Some("A"));
    assert!(single.operation(Some("B")).is_err());
}

#[test]
fn a_document_is_prepared_once_and_so_is_its_refusal() {
    let bench = Bench::new();
    let source = "{ __typename }";
    let first = bench.front.prepare(source).unwrap();
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &bench.front.prepare(source).unwrap()
    ));
    assert!(std::sync::Arc::ptr_eq(
        &first,
        &bench.front.recall(first.hash()).unwrap()
    ));
    assert_eq!(
        bench.front.prepare("{ nope }").unwrap_err(),
        bench.front.prepare("{ nope }").unwrap_err()
    );
}
