//! Documents made to cost more to read than to send. Each is answered or refused in little time; the bound
//! that each meets is named.

use std::time::{Duration, Instant};

use super::*;

/// What any document within the byte limit may take, in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 100 });

fn meets(bench: &Bench, source: &str) -> Option<&'static str> {
    let started = Instant::now();
    let outcome = bench.admit(source, json!({}));
    let elapsed = started.elapsed();
    assert!(
        elapsed < PATIENCE,
        "{elapsed:?} for {}…",
        source.chars().take(80).collect::<String>()
    );
    outcome
        .err()
        .and_then(|refusal| refusal.excess)
        .map(|excess| excess.limit)
}

fn fan_out(count: usize, width: usize, end: &str) -> String {
    let spread = |at: usize| {
        format!("a: __typename ...F{at} ")
            .repeat(width)
            .replace("a: __typename ", "")
    };
    let fragment = |at: usize| match at + 1 {
        next if next < count => format!("fragment F{at} on Query {{ {} }} ", spread(next)),
        _ => format!("fragment F{at} on Query {{ {end} }} "),
    };
    format!("{{ ...F0 }} {}", (0..count).map(fragment).collect::<String>())
}

#[test]
fn fragments_that_fan_out_meet_the_bound_on_nodes() {
    let bench = Bench::new();
    for end in [
        "__typename",
        "course(id: 1) { id }",
        "__schema { queryType { name } }",
    ] {
        for count in [12, 24, 36] {
            assert_eq!(
                meets(&bench, &fan_out(count, 2, end)),
                Some("nodes"),
                "{count} ending in {end}"
            );
        }
    }
    assert_eq!(meets(&bench, &fan_out(4, 13, "__typename")), Some("nodes"));
    assert_eq!(meets(&bench, &fan_out(3, 13, "__typename")), Some("rootFields"));
    assert_eq!(meets(&bench, &fan_out(5, 2, "__typename")), None);
}

#[test]
fn every_shape_meets_its_bound() {
    let bench = Bench::new();
    let many = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    for (limit, source) in [
        (
            "nesting",
            format!("{{ nope(x: {}1{}) }}", "[".repeat(1_500), "]".repeat(1_500)),
        ),
        (
            "nesting",
            format!("{{ nope(x: {}1{}) }}", "{a:".repeat(1_500), "}".repeat(1_500)),
        ),
        (
            "nesting",
            format!("{{ a @skip(if: {}1{}) }}", "[".repeat(20_000), "]".repeat(20_000)),
        ),
        (
            "nesting",
            format!(
                "query($v: Int = {}1{}) {{ a }}",
                "[".repeat(20_000),
                "]".repeat(20_000)
            ),
        ),
        (
            "nesting",
            format!(
                "query($v: {}Int{}) {{ a }}",
                "[".repeat(20_000),
                "]".repeat(20_000)
            ),
        ),
        ("nesting", "{ a ".repeat(20_000)),
        ("nesting", "(".repeat(100_000)),
        ("tokens", format!("{{ echo(many: [{}]) }}", "1,".repeat(40_000))),
        (
            "tokens",
            format!("{{ {} }}", many(3_000, &|at| format!("a{at}: __typename "))),
        ),
        ("tokens", format!("{{ a {} }}", "@d ".repeat(30_000))),
        ("tokens", format!("{{ a {} }}", "!".repeat(90_000))),
        ("tokens", many(3_000, &|at| format!("query Q{at} {{ a }} "))),
        (
            "aliases",
            format!(
                "{{ course(id: 1) {{ {} }} }}",
                many(600, &|at| format!("a{at}: id "))
            ),
        ),
        ("directives", format!("{{ a {} }}", "@d ".repeat(900))),
        ("operations", many(300, &|at| format!("query Q{at} {{ a }} "))),
        (
            "fragments",
            format!(
                "{{ a }} {}",
                many(200, &|at| format!("fragment F{at} on Query {{ a }} "))
            ),
        ),
        ("documentBytes", "#".repeat(1_000_000)),
    ] {
        assert_eq!(meets(&bench, &source), Some(limit), "{}…", &source[..60]);
    }
}

#[test]
fn what_meets_no_bound_is_still_quick() {
    let bench = Bench::new();
    let many = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    for source in [
        "#".repeat(100_000),
        format!("{{ __typename }} #{}", "é".repeat(40_000)),
        ",".repeat(100_000),
        "\n".repeat(100_000),
        format!("{{ echo(text: \"{}\") }}", "a".repeat(99_000)),
        format!("{{ echo(text: \"{}\") }}", "\\n".repeat(49_000)),
        format!("{{ echo(text: \"{}\") }}", "\\u00e9".repeat(16_000)),
        format!("{{ echo(text: \"\"\"{}\"\"\") }}", "\n  a".repeat(20_000)),
        format!("{{ echo(text: \"\"\"{}\"\"\") }}", "\\\"\"\"".repeat(20_000)),
        format!("{{ echo(text: \"{}", "a".repeat(99_000)),
        format!("{{ echo(text: \"\"\"{}", "a".repeat(99_000)),
        format!("{{ echo(text: \"\"\"{}", "\\\"\"\"".repeat(20_000)),
        format!("{{ {} }}", "a".repeat(99_000)),
        format!("{{ {} }}", "nope ".repeat(1_900)),
        format!("{{ {} }}", "echo ".repeat(1_900)),
        format!(
            "{{ {} }}",
            many(1_900, &|at| format!("nope{at}{} ", " ".repeat(40)))
        ),
        format!("{{ echo(many: [{}]) }}", "1,".repeat(1_900)),
        format!("{{ echo(many: [{}]) }}", "x,".repeat(1_900)),
        format!("{{ echo(any: {{ {} }}) }}", many(600, &|at| format!("a{at}: 1 "))),
        format!("{{ echo(any: {{ {} }}) }}", "a: 1 ".repeat(600)),
        format!("{{ echo({}) }}", "int: 1 ".repeat(600)),
        format!("{{ echo({}) }}", many(600, &|at| format!("x{at}: 1 "))),
        format!("query({}) {{ a }}", many(480, &|at| format!("$v{at}: Int "))),
        format!("query({}) {{ a }}", "$v: Int ".repeat(480)),
        format!("query($v: Int) {{ {} }}", many(300, &|_| "echo(int: $v) ".into())),
        format!(
            "query({}) {{ a }}",
            many(200, &|at| format!("$v{at}: [[[[Int]]]] = [[[[1]]]] "))
        ),
        format!("{{ {} }}", "...F ".repeat(900)),
        format!("{{ {} }} fragment F on Query {{ a }}", "...F ".repeat(900)),
        format!(
            "{{ course(id: 1) {{ {} }} }}",
            "... on Course { id } ".repeat(300)
        ),
        format!(
            "{{ node(id: 1) {{ {} }} }}",
            "... on Found { ... on Node { id } } ".repeat(150)
        ),
        format!(
            "{{ node(id: 1) {{ {} }} }}",
            "... on Course { units { nodes { course { id } } } } ".repeat(90)
        ),
        format!(
            "{{ ...F }} {}",
            many(39, &|at| format!(
                "fragment F{at} on Query {{ ...F{} }} ",
                (at + 1) % 39
            ))
        ),
        format!("{}{}", "{ a ".repeat(39), "} ".repeat(39)),
        format!("{{ {} }}", "course(id: 1) { ".repeat(30) + &"} ".repeat(30)),
        format!(
            "{{ node(id: 1) {{ {} }} }}",
            many(18, &|_| "... on Found { ... on Node { ".into()) + "id" + &"} ".repeat(36)
        ),
    ] {
        meets(&bench, &source);
    }
}

#[test]
fn literals_that_grow_with_the_spreads_of_a_fragment_meet_a_bound() {
    let source = |count: usize| {
        let spreads: Vec<_> = (0..count)
            .map(|at| format!("a{at}: course(id: 1) {{ ...F }}"))
            .collect();
        let literal = "a".repeat(90_000);
        format!(
            "{{ {} }} fragment F on Course {{ note(text: \"{literal}\") }}",
            spreads.join(" ")
        )
    };
    assert_eq!(meets(&Bench::new(), &source(4)), None);
    assert_eq!(meets(&Bench::new(), &source(5)), Some("documentBytes"));
}

#[test]
fn a_deep_answer_needs_no_deep_stack() {
    // The deepest that passes, on the smallest stack that a runtime gives its threads.
    let source = format!(
        "{{ node(id: 1) {{ {} id {} }} }}",
        "... on Found { ... on Node { ".repeat(18),
        "} } ".repeat(18)
    );
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let admitted = thread.spawn(move || {
        Bench::new()
            .admit(&source, json!({}))
            .map(|admitted| admitted.cost)
    });
    assert_eq!(admitted.unwrap().join().unwrap(), Ok(2));
}

mod random {
    use super::*;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static BENCH: LazyLock<Bench> = LazyLock::new(Bench::new);

    fn tokens() -> impl Strategy<Value = String> {
        let words = [
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ":",
            "=",
            "!",
            "$",
            "@",
            "...",
            "|",
            "&",
            "query",
            "mutation",
            "subscription",
            "fragment",
            "on",
            "F",
            "G",
            "v",
            "Query",
            "Course",
            "Node",
            "Found",
            "Int",
            "String",
            "course",
            "courses",
            "node",
            "nodes",
            "echo",
            "id",
            "title",
            "first",
            "text",
            "if",
            "skip",
            "include",
            "true",
            "null",
            "1",
            "-1",
            "2147483648",
            "1.5",
            "\"a\"",
            "\"\"\"b\"\"\"",
            "\"",
            "#",
            "\n",
            "\\",
            "é",
            "__typename",
            "__schema",
        ];
        prop::collection::vec(prop::sample::select(words.to_vec()), 0..120).prop_map(|words| words.join(" "))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            meets(&BENCH, &String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn soups_of_tokens_never_panic(soup in tokens()) {
            meets(&BENCH, &soup);
        }

        #[test]
        fn soups_within_a_frame_never_panic(soup in tokens()) {
            meets(&BENCH, &format!("{{ course(id: 1) {{ id {soup} }} }}"));
            meets(&BENCH, &format!("{{ echo(any: [{soup}]) }}"));
            meets(&BENCH, &format!("query($v: Int = 1, $w: [ID!]) {{ node(id: 1) {{ id }} {soup} }}"));
        }
    }
}
