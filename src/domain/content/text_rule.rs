//! Which short texts are right.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Which texts are right. Surrounding blanks and code marks never matter, nor does how many blanks stand between words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRule {
    /// The texts that are right.
    pub accepted: Vec<String>,
    /// Whether `*` in an accepted text stands for any run of characters; `\*` is the character then.
    #[serde(default)]
    pub wildcards: bool,
    /// Whether case matters.
    #[serde(default)]
    pub case_sensitive: bool,
    /// Whether accents do not matter.
    #[serde(default)]
    pub fold_accents: bool,
}

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// This character.
    One(char),
    /// Any run of characters.
    Any,
}

impl TextRule {
    /// Whether a text is right; nothing where it is blank.
    pub fn accepts(&self, text: &str) -> Option<bool> {
        let given: Vec<char> = self.plain(text).chars().collect();
        (!given.is_empty()).then(|| {
            self.accepted
                .iter()
                .any(|accepted| matches(&self.pattern(accepted), &given))
        })
    }

    /// Says what is wrong with the rule: the field and what it must be.
    pub fn fault(&self) -> Option<(String, &'static str)> {
        let is_blank = |accepted: &String| {
            !self
                .pattern(accepted)
                .iter()
                .any(|piece| matches!(piece, Piece::One(_)))
        };
        if self.accepted.iter().all(is_blank) {
            let message = "A short text has at least one accepted answer that is not blank.";
            return Some(("accepted".to_owned(), message));
        }
        if self.accepted.len() > 100 {
            return Some((
                "accepted".to_owned(),
                "A short text has at most 100 accepted answers.",
            ));
        }
        let is_long = |accepted: &String| accepted.chars().count() > 1_000;
        if let Some(index) = self.accepted.iter().position(is_long) {
            let message = "An accepted answer has at most 1000 characters.";
            return Some((format!("accepted.{index}"), message));
        }
        let accepts_all =
            |accepted: &String| self.wildcards && is_blank(accepted) && !accepted.trim().is_empty();
        let index = self.accepted.iter().position(accepts_all)?;
        Some((format!("accepted.{index}"), "This would accept any answer."))
    }

    fn plain(&self, text: &str) -> String {
        let text = text.trim().trim_matches('`');
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = if self.case_sensitive {
            text
        } else {
            text.to_lowercase()
        };
        if self.fold_accents {
            text.nfd().filter(|c| !is_combining_mark(*c)).collect()
        } else {
            text.nfc().collect()
        }
    }

    fn pattern(&self, accepted: &str) -> Vec<Piece> {
        let plain = self.plain(accepted);
        if !self.wildcards {
            return plain.chars().map(Piece::One).collect();
        }
        let mut pieces = Vec::new();
        let mut rest = plain.chars().peekable();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '*' => Piece::Any,
                '\\' => Piece::One(rest.next_if(|next| matches!(next, '*' | '\\')).unwrap_or(c)),
                c => Piece::One(c),
            });
        }
        pieces
    }
}

/// Matches a pattern: after each run, the first place where the next piece fits. At most as many steps as pattern and text
/// have characters, multiplied.
fn matches(pattern: &[Piece], text: &[char]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on if what follows the last run does not fit: behind the run, one character further in the text.
    let mut again = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(Piece::One(c)) if *c == text[from] => {
                at += 1;
                from += 1;
            }
            Some(Piece::Any) => {
                at += 1;
                again = Some((at, from));
            }
            _ => match again {
                Some((behind, start)) => {
                    at = behind;
                    from = start + 1;
                    again = Some((behind, from));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rule(accepted: &[&str]) -> TextRule {
        TextRule {
            accepted: accepted.iter().map(ToString::to_string).collect(),
            ..TextRule::default()
        }
    }

    #[test]
    fn a_short_text_forgives_case_blanks_and_code_marks() {
        let right = rule(&["foobar::engine::run", "caf\u{e9}"]);
        for (text, expected) in [
            ("  `FooBar::engine::run` ", Some(true)),
            ("engine::run", Some(false)),
            ("CAFE\u{301}", Some(true)),
            ("cafe", Some(false)),
            (" `` ", None),
        ] {
            assert_eq!(right.accepts(text), expected, "{text}");
        }
    }

    #[test]
    fn case_and_accents_matter_as_the_rule_says() {
        let sensitive = TextRule {
            case_sensitive: true,
            ..rule(&["Vec"])
        };
        assert_eq!(
            (sensitive.accepts("Vec"), sensitive.accepts("vec")),
            (Some(true), Some(false))
        );
        let folding = TextRule {
            fold_accents: true,
            ..rule(&["Zürich"])
        };
        assert_eq!(
            (folding.accepts("zurich"), folding.accepts("zuerich")),
            (Some(true), Some(false))
        );
    }

    #[test]
    fn a_wildcard_stands_for_any_run_where_the_rule_has_wildcards() {
        let wild = |pattern: &str| TextRule {
            wildcards: true,
            ..rule(&[pattern])
        };
        for (pattern, text, expected) in [
            ("*borrow*", "the borrow checker", true),
            ("borrow*", "the borrow checker", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            (r"\*x", "*x", true),
            (r"\*x", "ax", false),
            (r"a\b", r"a\b", true),
            ("*ab", "aaab", true),
        ] {
            assert_eq!(wild(pattern).accepts(text), Some(expected), "{pattern} {text}");
        }
        assert_eq!(
            rule(&["*x"]).accepts("ax"),
            Some(false),
            "a star is a star elsewhere"
        );
        assert_eq!(rule(&["*x"]).accepts("*x"), Some(true));
    }

    #[test]
    fn a_rule_that_accepts_nothing_or_anything_is_a_fault() {
        assert!(rule(&[]).fault().is_some() && rule(&[" ", "``"]).fault().is_some());
        let anything = TextRule {
            wildcards: true,
            ..rule(&["yes", "**"])
        };
        assert_eq!(
            anything.fault().map(|(field, _)| field).as_deref(),
            Some("accepted.1")
        );
        assert_eq!(rule(&["yes", ""]).fault(), None);
    }

    /// The same, one character after the other, by the definition.
    fn by_definition(pattern: &[Piece], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Piece::Any, rest)), _) if by_definition(rest, text) => true,
            (Some((Piece::Any, _)), Some((_, behind))) => by_definition(pattern, behind),
            (Some((Piece::One(c), rest)), Some((first, behind))) => c == first && by_definition(rest, behind),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let rule = TextRule { wildcards: true, ..TextRule::default() };
            let (pattern, text) = (rule.pattern(&pattern), text.chars().collect::<Vec<_>>());
            prop_assert_eq!(matches(&pattern, &text), by_definition(&pattern, &text));
        }
    }
}
