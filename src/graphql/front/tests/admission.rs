//! What an operation costs, and what it may not ask for.

use super::*;

#[test]
fn cost_counts_rows_times_fields() {
    let bench = Bench::new();
    for (source, cost) in [
        ("{ __typename }", 1),
        ("{ course(id: 1) { id title } }", 3),
        // The default page has 20 rows.
        ("{ courses { id } }", 1 + 20),
        ("{ courses(first: 3) { id title } }", 1 + 3 * 2),
        ("{ courses(last: 3, first: null) { id title } }", 1 + 3 * 2),
        // A connection's lists do not multiply again.
        (
            "{ course(id: 1) { units(first: 10) { nodes { id } totalCount } } }",
            2 + 10 * 3,
        ),
        (
            "{ course(id: 1) { units(first: 10) { edges { cursor node { id } } } } }",
            2 + 10 * 4,
        ),
        (
            "{ courses(first: 10) { units(first: 10) { nodes { id } } } }",
            1 + 10 * (1 + 10 * 2),
        ),
        ("{ nodes(ids: [1, 2, 3]) { id } }", 1 + 3),
        ("{ nodes(ids: 1) { id } }", 1 + 1),
        ("{ nodes(ids: []) { id } }", 1 + 1),
        // A list that nothing bounds counts five times.
        ("{ maybes { id } }", 1 + 5),
        ("{ course(id: 1) { tags } }", 2),
        // The worst of the possible types.
        (
            "{ node(id: 1) { id ... on Course { title level } ... on Unit { title } } }",
            1 + 1 + 2,
        ),
        (
            "{ node(id: 1) { ... on Node { id } ... on Course { title } ... on Unit { course { id } } } }",
            1 + 1 + 2,
        ),
        (
            "{ search { ... on Node { id } ... on Course { id title } ... on Person { name } } }",
            1 + 5 * 3,
        ),
        ("{ node(id: 1) { __typename } }", 2),
        // Merged fields count once, skipped ones not at all.
        ("{ course(id: 1) { id } course(id: 1) { id title } }", 3),
        ("{ course(id: 1) { id title @skip(if: true) } }", 2),
        // Fragments count where they are spread.
        (
            "{ a: course(id: 1) { ...F } b: course(id: 1) { ...F } } fragment F on Course { id title }",
            6,
        ),
    ] {
        assert_eq!(bench.cost(source), cost, "{source}");
    }
    let source = "query($n: Int, $ids: [ID!]!) { courses(first: $n) { id } nodes(ids: $ids) { id } }";
    assert_eq!(
        bench
            .admit(source, json!({"n": 7, "ids": ["a", "b"]}))
            .unwrap()
            .cost,
        1 + 7 + 1 + 2
    );
    assert_eq!(
        bench.admit(source, json!({"ids": "a"})).unwrap().cost,
        1 + 20 + 1 + 1
    );
}

#[test]
fn page_sizes_beyond_their_bounds_are_bad_user_input() {
    let bench = Bench::new();
    for (asked, message) in [
        ("first: 500", "`first` must be between 1 and 100; asked 500."),
        ("first: 0", "`first` must be between 1 and 100; asked 0."),
        ("first: -5000", "`first` must be between 1 and 100; asked -5000."),
        ("last: 101", "`last` must be between 1 and 100; asked 101."),
        (
            "first: 2147483647",
            "`first` must be between 1 and 100; asked 2147483647.",
        ),
        ("first: 1, last: 1", "Give `first` or `last`, not both."),
    ] {
        let refusal = bench.refusal(&format!("{{ courses({asked}) {{ id }} }}"), json!({}));
        assert_eq!(
            (refusal.code, refusal.faults[0].message.as_str()),
            (Code::BadUserInput, message)
        );
    }
    let source = "query($n: Int) { course(id: 1) { units(first: $n) { nodes { id } } } }";
    assert_eq!(bench.refusal(source, json!({"n": -1})).code, Code::BadUserInput);
    let ids = json!({"ids": vec!["a"; 101]});
    let refusal = bench.refusal("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids);
    assert_eq!(
        refusal.faults[0].message,
        "`ids` must have at most 100 entries; asked 101."
    );
}

#[test]
fn costs_beyond_the_bound_are_refused_and_never_wrap() {
    let bench = Bench::new();
    let nested = |levels: usize| {
        let open = "units(first: 100) { nodes { course { ".repeat(levels);
        format!("{{ course(id: 1) {{ {open} id {} }} }}", "} } } ".repeat(levels))
    };
    assert!(bench.admit(&nested(1), json!({})).is_ok());
    let refusal = bench.refusal(&nested(3), json!({}));
    let excess = refusal.excess.unwrap();
    assert_eq!((excess.limit, excess.allowed), ("cost", 50_000));
    assert!(excess.asked > 1_000_000);
}

/// Repeats what a template has between angle brackets, with its number in the place of `#`.
fn repeat(template: &str, count: usize) -> String {
    let parts = template.split(['<', '>']).enumerate();
    let repeated = parts.map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => (0..count)
            .map(|number| part.replace('#', &number.to_string()))
            .collect(),
    });
    repeated.collect()
}

#[test]
fn every_count_is_bounded() {
    let bench = Bench::new();
    for (limit, most, template) in [
        ("rootFields", 5, "mutation { <t#: tick { count } > }"),
        ("rootFields", 20, "{ <a#: __typename > }"),
        ("aliases", 30, "{ course(id: 1) { <a#: id > } }"),
        ("aliases", 5, "{ <s#: __schema { queryType { name } } > }"),
        (
            "directives",
            50,
            "{ course(id: 1) { id <... @skip(if: true) { id } > } }",
        ),
        (
            "directives",
            50,
            "{ course(id: 1) { <...F @skip(if: true) > } } fragment F on Course { id }",
        ),
        (
            "fragments",
            40,
            "{ course(id: 1) { <...F# > } } <fragment F# on Course { id } >",
        ),
        ("nesting", 39, "{ <... { > __typename <} > }"),
        (
            "depth",
            5,
            "{ course(id: 1) { <owner { favourite { > id <} } > } }",
        ),
        (
            "introspectionDepth",
            17,
            "{ __schema { queryType { <ofType { > name <} > } } }",
        ),
    ] {
        let passes = bench.admit(&repeat(template, most), json!({}));
        assert_eq!(passes.map(|_| ()), Ok(()), "{template} {most} times");
        let refusal = bench.refusal(&repeat(template, most + 1), json!({}));
        assert_eq!(
            refusal.excess.map(|excess| excess.limit),
            Some(limit),
            "{template}: {:?}",
            refusal.faults
        );
    }
    assert!(
        bench
            .front
            .prepare(&repeat("<query Q# { __typename } >", 10))
            .is_ok()
    );
}

#[test]
fn directives_count_wherever_they_stand() {
    let bench = Bench::new();
    for template in [
        "query <@d > { __typename }",
        "query($v: Int <@d >) { __typename }",
        "{ __typename <@d > }",
        "{ ... <@d > { __typename } }",
        "{ ...F <@d > } fragment F on Query { __typename }",
        "{ ...F } fragment F on Query <@d > { __typename }",
    ] {
        let refusal = bench.refusal(&repeat(template, 51), json!({}));
        assert_eq!(
            refusal.excess.map(|excess| excess.limit),
            Some("directives"),
            "{template}"
        );
    }
}

#[test]
fn nesting_and_operations_are_bounded_across_definitions() {
    let bench = Bench::new();
    let chain = |length: usize| {
        let link = |at: usize| format!("fragment F{at} on Query {{ ... {{ ...F{} }} }} ", at + 1);
        let links: String = (0..length).map(link).collect();
        format!("{{ ...F0 }} {links} fragment F{length} on Query {{ __typename }}")
    };
    assert!(bench.admit(&chain(18), json!({})).is_ok());
    for (limit, source) in [
        ("nesting", chain(30)),
        ("operations", repeat("<query Q# { __typename } >", 11)),
    ] {
        assert_eq!(
            bench
                .refusal(&source, json!({}))
                .excess
                .map(|excess| excess.limit),
            Some(limit)
        );
    }
}

#[test]
fn introspection_does_not_walk_in_circles() {
    let bench = Bench::new();
    for circle in [
        "{ __schema { types { fields { type { fields { name } } } } } }",
        "{ __type(name: \"Node\") { possibleTypes { interfaces { possibleTypes { name } } } } }",
        "{ __schema { ...S } } fragment S on __Schema { types { ...T } } fragment T on __Type { fields { type { ...U } } }
         fragment U on __Type { fields { name } }",
    ] {
        assert_eq!(bench.refusal(circle, json!({})).code, Code::GraphqlValidationFailed);
    }
}
