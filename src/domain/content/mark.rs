//! How an answer is graded by its key.

use super::answer::{Answer, GapAnswer};
use super::key::{AnswerKey, GapRule, Rule};
use super::points::Points;
use super::scoring::{Scoring, Share};
use std::collections::{BTreeMap, BTreeSet};

impl AnswerKey {
    /// Points for an answer: nothing where people grade it. An answer of another kind than the question's is wrong.
    pub fn grade(&self, scoring: &Scoring, answer: &Answer) -> Option<Points> {
        let share = match (&self.rule, answer) {
            (Rule::People { .. }, Answer::Text(text)) if !text.trim().is_empty() => return None,
            (Rule::People { .. }, Answer::Text(_)) => Share::whole(None),
            (Rule::Right(right), answer) => {
                let earned = right.iter().map(|right| scoring.earned(compared(right, answer)));
                return Some(
                    earned
                        .max()
                        .unwrap_or_else(|| scoring.earned(Share::whole(Some(false)))),
                );
            }
            (Rule::Texts(rule), Answer::Text(text)) => Share::whole(rule.accepts(text)),
            (Rule::Number(rule), Answer::Number(number)) => Share::whole(rule.accepts(number)),
            (Rule::Order(right), Answer::Order(given)) => in_order(right, given),
            (Rule::Pairs(right), Answer::Pairs(given)) => Share::of_parts(
                right
                    .iter()
                    .map(|(stem, option)| given.get(stem).map(|given| given == option)),
            ),
            (Rule::Gaps(rules), Answer::Gaps(given)) => filled(rules, given),
            _ => Share::whole(Some(false)),
        };
        Some(scoring.earned(share))
    }
}

/// How much of an answer is as in one that is right.
fn compared(right: &Answer, given: &Answer) -> Share {
    match (right, given) {
        (Answer::Choice(right), Answer::Choice(given)) => chosen(right, given),
        (Answer::Tracing { .. }, Answer::Tracing { .. }) => Share::whole(Some(traced_alike(right, given))),
        (right, given) => Share::whole(Some(right == given)),
    }
}

fn chosen(right: &BTreeSet<String>, given: &BTreeSet<String>) -> Share {
    let count = |keys: usize| u32::try_from(keys).unwrap_or(u32::MAX);
    if right.is_empty() {
        return Share::whole(Some(given.is_empty()));
    }
    Share {
        right: count(right.intersection(given).count()),
        wrong: count(given.difference(right).count()),
        of: count(right.len()),
    }
}

/// An item is right where it stands in the place that it belongs in.
fn in_order(right: &[String], given: &[String]) -> Share {
    Share::of_parts(
        right
            .iter()
            .zip(0..)
            .map(|(item, place): (_, usize)| given.get(place).map(|given| given == item)),
    )
}

fn filled(rules: &BTreeMap<String, GapRule>, given: &BTreeMap<String, GapAnswer>) -> Share {
    let is_right = |(gap, rule): (&String, &GapRule)| match (rule, given.get(gap)?) {
        (GapRule::Text(rule), GapAnswer::Text(text)) => rule.accepts(text),
        (GapRule::Number(rule), GapAnswer::Number(number)) => rule.accepts(number),
        (GapRule::Choice(right), GapAnswer::Choice(given)) => Some(right == given),
        _ => Some(false),
    };
    Share::of_parts(rules.iter().map(is_right))
}

/// What a program prints compares without blanks at line ends.
fn traced_alike(right: &Answer, given: &Answer) -> bool {
    let (
        Answer::Tracing {
            compiles: is_compiled,
            stdout: printed,
            line: at_fault,
        },
        Answer::Tracing {
            compiles,
            stdout,
            line,
        },
    ) = (right, given)
    else {
        return false;
    };
    match (is_compiled, compiles) {
        (true, true) => lines(printed.as_deref()) == lines(stdout.as_deref()),
        (false, false) => at_fault.is_none() || at_fault == line,
        _ => false,
    }
}

fn lines(text: Option<&str>) -> Vec<&str> {
    text.unwrap_or_default()
        .trim()
        .lines()
        .map(str::trim_end)
        .collect()
}
