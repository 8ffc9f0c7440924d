//! Literals and variables arrive as the specification's input coercion says (sections 3 and 6.1.2).

use super::*;

/// Walks over the lines of a table with `|` between its columns.
fn table<const COLUMNS: usize>(text: &str) -> impl Iterator<Item = [&str; COLUMNS]> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| {
        let columns: Vec<_> = line.splitn(COLUMNS, '|').map(str::trim).collect();
        columns.try_into().expect("each line has all columns")
    })
}

fn json_of(text: &str) -> Json {
    serde_json::from_str(text).expect(text)
}

async fn echo(bench: &Bench, source: &str, variables: Json) -> String {
    let response = bench.execute(source, variables).await;
    assert_eq!(response.errors, [], "{source}");
    response.data.into_json().unwrap()["echo"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn literals_arrive_coerced() {
    let bench = Bench::new();
    let cases = r#"
        text: "\uD83D\uDE00 \u{1F600} é \u00e9 \""   | text=😀 😀 é é "
        text: """ a \""" b """                       | text= a """ b
        int: -0                                      | int=0
        int: null                                    | int=null
        float: -0                                    | float=-0.0
        float: 3                                     | float=3.0
        float: 1e3                                   | float=1000.0
        id: 99999999999999999999                     | id=99999999999999999999
        many: 1                                      | many=[1]
        deep: 1                                      | deep=[[1]]
        deep: [[1], [2, 3]]                          | deep=[[1], [2, 3]]
        level: EXPERT                                | expert=true
        which: { id: 7 }                             | which=id 7
        filter: {}                                   | least=3 exact=None
        any: { a: [1, 2.5, true, null, "x", Y] }     | any={"a":[1,2.5,true,null,"x","Y"]}
    "#;
    for [argument, expected] in table(cases) {
        let said = echo(&bench, &format!("{{ echo({argument}) }}"), json!({})).await;
        assert_eq!(said.trim(), expected, "{argument}");
    }
}

#[tokio::test]
async fn variables_arrive_coerced_and_absent_ones_leave_no_trace() {
    let bench = Bench::new();
    let cases = r#"
        Int       | int: $v                       | {}                       |
        Int       | int: $v                       | {"v": null}              | int=null
        Int       | int: $v                       | {"v": 1.0}               | int=1
        Int = 5   | int: $v                       | {}                       | int=5
        Int = 5   | int: $v                       | {"v": null}              | int=null
        Int       | size: $v                      | {}                       |
        Int!      | size: $v                      | {"v": 4}                 | size=4
        Float     | float: $v                     | {"v": 3}                 | float=3.0
        ID        | id: $v                        | {"v": 7}                 | id=7
        Level     | level: $v                     | {"v": "EXPERT"}          | expert=true
        [Int!]    | many: $v                      | {"v": 7}                 | many=[7]
        Int!      | many: [1, $v]                 | {"v": 7}                 | many=[1, 7]
        Int       | filter: {exact: $v, least: 1} | {}                       | least=1 exact=None
        Int       | filter: {exact: 1, least: $v} | {}                       | least=3 exact=Some(1)
        Filter    | filter: $v                    | {"v": {"exact": 2}}      | least=3 exact=Some(2)
        Which     | which: $v                     | {"v": {"slug": "a"}}     | which=slug a
        ID!       | which: {id: $v}               | {"v": "a"}               | which=id a
        JSON      | any: $v                       | {"v": {"a b": [1]}}      | any={"a b":[1]}
        Int       | any: {a: $v, b: [$v]}         | {"v": 1}                 | any={"a":1,"b":[1]}
        Int       | any: {a: $v, b: [$v]}         | {}                       | any={"b":[null]}
        Boolean!  | flag: $v                      | {"v": true, "unused": 1} | flag=true
    "#;
    for [ty, argument, variables, expected] in table(cases) {
        let source = format!("query($v: {ty}) {{ echo({argument}) }}");
        assert_eq!(
            echo(&bench, &source, json_of(variables)).await,
            expected,
            "{source} with {variables}"
        );
    }
}

#[test]
fn variables_that_do_not_fit_are_bad_user_input() {
    let bench = Bench::new();
    let cases = r#"
        Int!      | int    | {}                              | `$v` must be given: it has the type `Int!`.
        Int!      | int    | {"v": null}                     | `$v` must not be null.
        Int       | int    | {"v": "1"}                      | `$v` must be a 32-bit integer.
        Int       | int    | {"v": 1.5}                      | `$v` must be a 32-bit integer.
        Int       | int    | {"v": 2147483648}               | `$v` must be a 32-bit integer.
        Int       | int    | {"v": true}                     | `$v` must be a 32-bit integer.
        Float     | float  | {"v": "1"}                      | `$v` must be a number.
        String    | text   | {"v": 1}                        | `$v` must be a string.
        String    | text   | {"v": "a\u0000b"}               | `$v` must not contain NUL.
        Boolean   | flag   | {"v": 1}                        | `$v` must be true or false.
        ID        | id     | {"v": 1.5}                      | `$v` must be a string or an integer.
        Level     | level  | {"v": "NOPE"}                   | `$v` must be a value of the enum `Level`.
        Level     | level  | {"v": 1}                        | `$v` must be a value of the enum `Level`.
        [Int!]    | many   | {"v": [1, null]}                | `$v[1]` must not be null.
        [[Int!]!] | deep   | {"v": [[1], ["x"]]}             | `$v[1][0]` must be a 32-bit integer.
        Filter    | filter | {"v": 1}                        | `$v` must be an object of the type `Filter`.
        Filter    | filter | {"v": {"x": 1}}                 | `$v` has a field `x` that `Filter` does not have.
        Filter    | filter | {"v": {"not": {"least": null}}} | `$v.not.least` must not be null.
        Filter    | filter | {"v": {"words": ["\u0000"]}}    | `$v.words[0]` must not contain NUL.
        Which     | which  | {"v": {}}                       | `$v` must have exactly one field, which is not null.
        Which     | which  | {"v": {"id": 1, "slug": "a"}}   | `$v` must have exactly one field, which is not null.
        Which     | which  | {"v": {"id": null}}             | `$v` must have exactly one field, which is not null.
        JSON      | any    | {"v": {"a": ["\u0000"]}}        | `$v` must not contain NUL.
        JSON      | any    | {"v": {"\u0000": 1}}            | `$v` must not contain NUL.
    "#;
    for [ty, argument, variables, message] in table(cases) {
        let source = format!("query($v: {ty}) {{ echo({argument}: $v) }}");
        let refusal = bench.refusal(&source, json_of(variables));
        assert_eq!(refusal.code, Code::BadUserInput);
        assert_eq!(refusal.faults[0].message, format!("The variable {message}"));
        assert!(refusal.faults[0].location.is_some());
    }
    let source = "mutation($v: SaveInput!) { save(input: $v) { count } }";
    let refusal = bench.refusal(source, json!({"v": {}}));
    assert_eq!(
        refusal.faults[0].message,
        "The variable `$v` must have the field `id`."
    );
    let refusal = bench.refusal("query($a: Int!, $b: Int!) { echo(int: $a, size: $b) }", json!({}));
    assert_eq!(refusal.faults.len(), 2);
}

#[test]
fn strings_with_nul_are_bad_user_input() {
    let bench = Bench::new();
    for source in [
        r#"{ echo(text: "a\u0000b") }"#,
        r#"{ echo(text: "a\u{0}b") }"#,
        r#"{ echo(filter: { words: ["\u0000"] }) }"#,
        r#"{ echo(any: { a: ["\u0000"] }) }"#,
        r#"query($v: String = "\u0000") { echo(text: $v) }"#,
    ] {
        assert_eq!(
            bench.refusal(source, json!({})).code,
            Code::BadUserInput,
            "{source}"
        );
    }
}

#[test]
fn a_custom_scalar_is_checked_when_a_check_is_given() {
    let check: super::super::ScalarCheck = |value| match value {
        async_graphql::Value::Object(_) => Ok(()),
        _ => Err("an object"),
    };
    let front = Front::new(&schema::engine().sdl(), DocumentLimits::default()).unwrap();
    let front = front.with_scalar("JSON", check);
    let refusal = front.prepare("{ echo(any: 1) }").map(|_| ()).unwrap_err();
    assert_eq!(
        refusal.faults[0].message,
        "A value of the type `JSON` must be an object."
    );
    assert!(front.prepare("{ echo(any: { a: 1 }) }").is_ok());
    let prepared = front.prepare("query($v: JSON) { echo(any: $v) }").unwrap();
    let operation = prepared.operation(None).unwrap();
    let admit = |value: Json| operation.admit(Map::from_iter([("v".to_owned(), value)]));
    assert!(admit(json!({})).is_ok());
    assert_eq!(
        admit(json!(1)).unwrap_err().faults[0].message,
        "The variable `$v` must be an object."
    );
}

#[test]
fn the_nesting_of_variables_is_bounded() {
    let bench = Bench::new();
    let source = "query($v: JSON) { echo(any: $v) }";
    let wrap = |value, level| {
        if level % 2 == 0 {
            json!([value])
        } else {
            json!({"a": value})
        }
    };
    let nested = |levels: u32| (0..levels).fold(json!(1), wrap);
    assert!(bench.admit(source, json!({"v": nested(40)})).is_ok());
    let refusal = bench.refusal(source, json!({"v": nested(41)}));
    assert_eq!(refusal.excess.unwrap().limit, "variableNesting");
}
