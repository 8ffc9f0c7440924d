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

impl TextRule {
    /// Whether a text is right; nothing where it is blank.
    pub fn accepts(&self, text: &str) -> Option<bool> {
        let given = self.plain(text);
        (!given.is_empty()).then(|| {
            self.accepted
                .iter()
                .any(|accepted| matches(&self.pattern(accepted), &given))
        })
    }

    /// Says what is wrong with the rule: the field and what it must be.
    pub fn fault(&self) -> Option<(String, &'static str)> {
        let is_blank = |accepted: &String| self.pattern(accepted).iter().all(String::is_empty);
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

    /// The literal texts of a pattern, between which any run of characters stands; just one where it has no wildcards.
    fn pattern(&self, accepted: &str) -> Vec<String> {
        let plain = self.plain(accepted);
        if !self.wildcards {
            return vec![plain];
        }
        let (mut literals, mut literal) = (Vec::new(), String::new());
        let mut rest = plain.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '*' => literals.push(std::mem::take(&mut literal)),
                '\\' => literal.push(rest.next_if(|next| matches!(next, '*' | '\\')).unwrap_or(c)),
                c => literal.push(c),
            }
        }
        literals.push(literal);
        literals
    }
}

/// Matches a pattern: the text begins with the first literal and ends with the last, and has the others in between, each taken where it
/// comes first behind the one before. At most as many steps, but for a factor, as pattern and text have characters together: each
/// search goes on where the last one ended, and takes linear time.
fn matches(pattern: &[String], text: &str) -> bool {
    let [first, others @ ..] = pattern else {
        return false;
    };
    let Some((last, between)) = others.split_last() else {
        return text == first;
    };
    let inner = text.strip_prefix(first.as_str());
    let Some(mut rest) = inner.and_then(|rest| rest.strip_suffix(last.as_str())) else {
        return false;
    };
    for literal in between {
        let Some(at) = rest.find(literal.as_str()) else {
            return false;
        };
        rest = &rest[at + literal.len()..];
    }
    true
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

    #[test]
    fn many_long_patterns_that_nearly_match_a_long_text_are_told_from_those_that_do() {
        let nearly = format!("*{}b", "a".repeat(998));
        let within = format!("*{}b*", "a".repeat(997));
        let pairs = "a*".repeat(500);
        let mut hardest = TextRule {
            wildcards: true,
            ..rule(&[])
        };
        hardest.accepted = [nearly, within].into_iter().cycle().take(100).collect();
        assert_eq!(hardest.fault(), None);
        let text = "a".repeat(10_000);
        assert_eq!(hardest.accepts(&text), Some(false));
        assert_eq!(hardest.accepts(&format!("{text}b")), Some(true));
        assert_eq!(hardest.accepts(&format!("{text}bc")), Some(true));
        hardest.accepted = vec![format!("{pairs}b"); 100];
        assert_eq!(hardest.accepts(&text), Some(false));
        hardest.accepted.push(pairs);
        assert_eq!(hardest.accepts(&text), Some(true));
    }

    /// The same, one character after the other, by the definition.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) if by_definition(rest, text) => true,
            (Some(('*', _)), Some((_, behind))) => by_definition(pattern, behind),
            (Some((c, rest)), Some((first, behind))) => c == first && by_definition(rest, behind),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[ab*]{0,8}", text in "[ab]{0,10}") {
            let rule = TextRule { wildcards: true, ..TextRule::default() };
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = by_definition(&chars(&pattern), &chars(&text));
            prop_assert_eq!(matches(&rule.pattern(&pattern), &text), expected);
        }
    }
}
