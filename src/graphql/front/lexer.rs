//! Bounds a document while reading its tokens, before any parser sees it.
//!
//! One pass over the bytes, no recursion, and it stops at the first bound that is exceeded. It follows the
//! lexical grammar of the GraphQL specification (October 2021, section 2.1) closely enough to know what is a
//! string, a comment and a bracket. Whether the tokens make sense is the parser's business, save for what the
//! parser overlooks: an argument or input field without a value.

use super::{Code, DocumentLimits, Refusal, position::Lines};

/// Checks the length.
pub(super) fn check_length(source: &str, limits: &DocumentLimits) -> Result<(), Refusal> {
    if source.len() > limits.document_bytes {
        return Err(excess(
            "documentBytes",
            "bytes of document",
            source.len(),
            limits.document_bytes,
        ));
    }
    Ok(())
}

/// Checks tokens, nesting and pairing of brackets, and that no argument lacks its value.
pub(super) fn check(source: &str, limits: &DocumentLimits) -> Result<(), Refusal> {
    check_length(source, limits)?;
    let mut open = Vec::new();
    let mut named = false;
    let (mut tokens, mut previous) = (0, b' ');
    for token in (Tokens {
        bytes: source.as_bytes(),
        at: 0,
    }) {
        let Token { start, first } = token.map_err(|(start, message)| fault(message, source, start))?;
        if named && first != b':' {
            let message = "Expected `:` after the name of an argument or input field.";
            return Err(fault(message, source, start));
        }
        // In parentheses, lists apart, a name is an argument's or an input field's unless what stands before
        // it says that it is a value, a type, a variable or a directive.
        let is_name = first.is_ascii_alphabetic() || first == b'_';
        let is_key = open.contains(&b')') && open.last() != Some(&b']');
        named = is_name && is_key && !matches!(previous, b':' | b'=' | b'$' | b'@');
        match first {
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'(' => open.push(b')'),
            b'}' | b']' | b')' if open.pop() != Some(first) => {
                return Err(fault("This bracket closes none.", source, start));
            }
            _ => {}
        }
        previous = first;
        tokens += 1;
        if tokens > limits.tokens {
            return Err(excess("tokens", "tokens or more", tokens, limits.tokens));
        }
        if open.len() > limits.nesting {
            let (asked, allowed) = (open.len(), limits.nesting);
            return Err(excess("nesting", "levels of brackets or more", asked, allowed));
        }
    }
    Ok(())
}

/// A token by its place and its first byte, which tells what kind it is.
struct Token {
    start: usize,
    first: u8,
}

/// Walks over the tokens of a document.
struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, (usize, &'static str)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (bytes, start) = (self.bytes, self.at);
            let first = *bytes.get(start)?;
            self.at += 1;
            match first {
                b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
                0xEF if bytes[start..].starts_with("\u{FEFF}".as_bytes()) => {
                    self.at += 2;
                    continue;
                }
                b'#' => {
                    self.skip(|byte| !matches!(byte, b'\n' | b'\r'));
                    continue;
                }
                b'{' | b'[' | b'(' | b'}' | b']' | b')' | b'!' | b'$' | b'&' | b':' | b'=' | b'@' | b'|' => {}
                b'.' => self.skip(|byte| byte == b'.'),
                b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                    self.skip(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
                }
                b'0'..=b'9' | b'-' => {
                    self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'));
                }
                b'"' => match string_end(bytes, start) {
                    Some(end) => self.at = end,
                    None => return Some(Err((start, "Unterminated string."))),
                },
                _ => return Some(Err((start, "Unexpected character."))),
            }
            return Some(Ok(Token { start, first }));
        }
    }
}

impl Tokens<'_> {
    fn skip(&mut self, more: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|&byte| !more(byte)).unwrap_or(rest.len());
    }
}

fn excess(limit: &'static str, of: &str, asked: usize, allowed: usize) -> Refusal {
    Refusal::limit(limit, of, asked as u64, allowed as u64)
}

fn fault(message: &str, source: &str, offset: usize) -> Refusal {
    Refusal::at(
        Code::GraphqlParseFailed,
        message,
        Some(Lines::new(source).position(offset)),
    )
}

/// Finds the offset behind a string or block string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes[start..].starts_with(b"\"\"\"") {
        let mut at = start + 3;
        loop {
            at += bytes.get(at..)?.iter().position(|&byte| byte == b'"')?;
            if bytes[at..].starts_with(b"\"\"\"") {
                if bytes[at - 1] != b'\\' {
                    return Some(at + 3);
                }
                at += 3;
            } else {
                at += 1;
            }
        }
    }
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> Refusal {
        check(source, &DocumentLimits::default()).expect_err("must be refused")
    }

    fn limit_of(source: &str) -> &'static str {
        refused(source).excess.expect("a limit").limit
    }

    #[test]
    fn an_ordinary_document_passes() {
        let source = r#"
            # a comment { [ (
            query Q($a: [Int!]! = [1, 2], $b: String = "}{][)(") @d { a(x: """ " \""" [[ """) ...F b: c }
            fragment F on T { f(y: -1.5e+3, z: "\"\\") }
        "#;
        assert_eq!(check(source, &DocumentLimits::default()), Ok(()));
        assert_eq!(check("\u{FEFF}{a}", &DocumentLimits::default()), Ok(()));
    }

    #[test]
    fn brackets_of_every_kind_are_bounded() {
        for (open, close) in [("[", "]"), ("(a:", ")"), ("{a:", "}"), ("[(", ")]")] {
            let source = format!("{{f(x:{}1{})}}", open.repeat(1_500), close.repeat(1_500));
            assert_eq!(limit_of(&source), "nesting", "{open}");
        }
        assert_eq!(limit_of(&"[".repeat(90_000)), "nesting");
        assert_eq!(limit_of(&"{a".repeat(1_500)), "nesting");
        assert_eq!(
            limit_of(&format!("query($v:{}Int{}){{f}}", "[".repeat(50), "]".repeat(50))),
            "nesting"
        );
    }

    #[test]
    fn brackets_close_what_is_open() {
        for source in ["{ a } }", "{ a(b: [1}) }", "}"] {
            assert_eq!(refused(source).code, Code::GraphqlParseFailed, "{source}");
        }
    }

    #[test]
    fn an_argument_or_input_field_without_a_value_is_refused() {
        for source in [
            "{ a(b) }",
            "{ a(b c: 1) }",
            "{ a(c: 1 b) }",
            "{ a @d(b b: true) }",
            "query($v: Int = 1 v) { a }",
            "{ a(b: { c }) }",
            "{ a(b: [{ c d: 1 }]) }",
        ] {
            let refusal = refused(source);
            assert_eq!(
                refusal.faults[0].message, "Expected `:` after the name of an argument or input field.",
                "{source}"
            );
        }
        let source = "query($a: [Int!] = [A] @d(x: B) $b: T = C @e) { a(b: C d: $e f: { g: H } i: [J] k: \"l\" m: 1) }";
        assert_eq!(check(source, &DocumentLimits::default()), Ok(()));
    }

    #[test]
    fn brackets_within_strings_and_comments_do_not_count() {
        let source = format!(
            "{{ f(x: \"{0}\", y: \"\"\"{0}\"\"\") }} # {0}",
            "[".repeat(20_000)
        );
        assert_eq!(check(&source, &DocumentLimits::default()), Ok(()));
    }

    #[test]
    fn tokens_and_bytes_are_bounded() {
        assert_eq!(
            limit_of(&format!("{{ f(x: [{}]) }}", "1 ".repeat(45_000))),
            "tokens"
        );
        assert_eq!(limit_of(&"a".repeat(100_001)), "documentBytes");
        assert_eq!(check(&"#".repeat(100_000), &DocumentLimits::default()), Ok(()));
        assert_eq!(check(&",".repeat(100_000), &DocumentLimits::default()), Ok(()));
    }

    #[test]
    fn unterminated_strings_and_foreign_characters_are_refused_with_their_place() {
        for source in [
            "{\n f(x: \"abc\n\")}",
            "{\n f(x: \"abc",
            "{\n f(x: \"abc\\",
            "{\n f(x: \"\"\"abc",
            "{\n f(x: ?",
        ] {
            let refusal = refused(source);
            assert_eq!(refusal.code, Code::GraphqlParseFailed);
            let place = refusal.faults[0].location.expect("a place");
            assert_eq!((place.line, place.column), (2, 7), "{source:?}");
        }
        assert_eq!(refused("{ a\u{0} }").code, Code::GraphqlParseFailed);
    }
}
