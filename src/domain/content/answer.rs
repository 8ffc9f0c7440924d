//! Answers, answer keys, and how one is graded by the other.

use crate::kernel::ids::QuestionId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a learner answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The keys of the chosen options: one for a single choice.
    Choice(BTreeSet<String>),
    /// A short text.
    Text(String),
    /// A traced program.
    Tracing {
        /// Whether it compiles.
        compiles: bool,
        /// What it prints, if it compiles.
        stdout: Option<String>,
        /// The first line at fault, if it does not.
        line: Option<i32>,
    },
}

/// What is right, and why. Never part of what a learner's request can reach before review opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerKey {
    /// The right answers: any one of them earns the point.
    pub right: Vec<Answer>,
    /// Why, Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
}

/// The answer keys of a revision, by question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerKeys(pub BTreeMap<QuestionId, AnswerKey>);

impl AnswerKey {
    /// Points for an answer: one for a right one, none otherwise. Texts compare without case, surrounding blanks
    /// and code marks; what a program prints compares without blanks at line ends.
    pub fn grade(&self, answer: &Answer) -> i32 {
        i32::from(self.right.iter().any(|right| matches(right, answer)))
    }
}

fn matches(right: &Answer, given: &Answer) -> bool {
    match (right, given) {
        (Answer::Choice(right), Answer::Choice(given)) => right == given,
        (Answer::Text(right), Answer::Text(given)) => plain(right) == plain(given),
        (
            Answer::Tracing {
                compiles: true,
                stdout: right,
                ..
            },
            Answer::Tracing {
                compiles: true,
                stdout: given,
                ..
            },
        ) => lines(right.as_deref()) == lines(given.as_deref()),
        (
            Answer::Tracing {
                compiles: false,
                line: right,
                ..
            },
            Answer::Tracing {
                compiles: false,
                line: given,
                ..
            },
        ) => right.is_none() || right == given,
        _ => false,
    }
}

fn plain(text: &str) -> String {
    text.trim()
        .trim_matches('`')
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

fn lines(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default()
        .trim()
        .lines()
        .map(str::trim_end)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(keys: &[&str]) -> Answer {
        Answer::Choice(keys.iter().map(ToString::to_string).collect())
    }

    fn key(right: Answer) -> AnswerKey {
        AnswerKey {
            right: vec![right],
            explanation: None,
        }
    }

    #[test]
    fn a_choice_earns_its_point_only_when_it_is_exactly_right() {
        let right = key(choice(&["a", "c"]));
        assert_eq!(right.grade(&choice(&["c", "a"])), 1);
        for wrong in [
            choice(&["a"]),
            choice(&["a", "b", "c"]),
            choice(&[]),
            Answer::Text("a".into()),
        ] {
            assert_eq!(right.grade(&wrong), 0, "{wrong:?}");
        }
    }

    #[test]
    fn a_short_text_forgives_case_blanks_and_code_marks() {
        let right = key(Answer::Text("foobar::engine::run".into()));
        assert_eq!(right.grade(&Answer::Text("  `FooBar::engine::run` ".into())), 1);
        assert_eq!(right.grade(&Answer::Text("engine::run".into())), 0);
    }

    #[test]
    fn a_traced_program_is_right_by_its_output_or_its_line() {
        let prints = key(Answer::Tracing {
            compiles: true,
            stdout: Some("1\n2".into()),
            line: None,
        });
        assert_eq!(
            prints.grade(&Answer::Tracing {
                compiles: true,
                stdout: Some("1 \n2\n".into()),
                line: None
            }),
            1
        );
        assert_eq!(
            prints.grade(&Answer::Tracing {
                compiles: false,
                stdout: None,
                line: Some(1)
            }),
            0
        );
        let fails = key(Answer::Tracing {
            compiles: false,
            stdout: None,
            line: Some(8),
        });
        assert_eq!(
            fails.grade(&Answer::Tracing {
                compiles: false,
                stdout: None,
                line: Some(8)
            }),
            1
        );
        assert_eq!(
            fails.grade(&Answer::Tracing {
                compiles: false,
                stdout: None,
                line: Some(7)
            }),
            0
        );
    }
}
