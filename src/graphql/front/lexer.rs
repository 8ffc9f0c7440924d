//! Bounds a document while reading its tokens, before any parser sees it.
//!
//! One pass over the bytes, no recursion, no allocation, and it stops at the first bound that is exceeded. It follows
//! the lexical grammar of the GraphQL specification (October 2021, section 2.1) closely enough to know what is a
//! string, a comment and a bracket; whether the tokens make sense is the parser's business.

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

/// Checks tokens and nesting of brackets.
pub(super) fn check(source: &str, limits: &DocumentLimits) -> Result<(), Refusal> {
    check_length(source, limits)?;
    let bytes = source.as_bytes();
    let (mut at, mut tokens, mut nesting) = (0, 0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' | b',' => continue,
            0xEF if bytes[start..].starts_with("\u{FEFF}".as_bytes()) => {
                at += 2;
                continue;
            }
            b'#' => {
                at = skip(bytes, at, |byte| !matches!(byte, b'\n' | b'\r'));
                continue;
            }
            b'{' | b'[' | b'(' => nesting += 1,
            b'}' | b']' | b')' => nesting = nesting.saturating_sub(1),
            b'!' | b'$' | b'&' | b':' | b'=' | b'@' | b'|' => {}
            b'.' => at = skip(bytes, at, |byte| byte == b'.'),
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => {
                at = skip(bytes, at, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
            }
            b'0'..=b'9' | b'-' => {
                at = skip(bytes, at, |byte| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
                });
            }
            b'"' => {
                at = string_end(bytes, start).ok_or_else(|| fault("Unterminated string.", source, start))?;
            }
            _ => return Err(fault("Unexpected character.", source, start)),
        }
        tokens += 1;
        if tokens > limits.tokens {
            return Err(excess("tokens", "tokens or more", tokens, limits.tokens));
        }
        if nesting > limits.nesting {
            return Err(excess(
                "nesting",
                "levels of brackets or more",
                nesting,
                limits.nesting,
            ));
        }
    }
    Ok(())
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

fn skip(bytes: &[u8], from: usize, more: impl Fn(u8) -> bool) -> usize {
    bytes[from..]
        .iter()
        .position(|&byte| !more(byte))
        .map_or(bytes.len(), |length| from + length)
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
        for (open, close) in [("[", "]"), ("{a", "}"), ("(a:", ")"), ("{a:", "}"), ("[(", ")]")] {
            let source = format!("{{f(x:{}1{})}}", open.repeat(1_500), close.repeat(1_500));
            assert_eq!(limit_of(&source), "nesting", "{open}");
        }
        assert_eq!(limit_of(&"[".repeat(90_000)), "nesting");
        assert_eq!(
            limit_of(&format!("query($v:{}Int{}){{f}}", "[".repeat(50), "]".repeat(50))),
            "nesting"
        );
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
