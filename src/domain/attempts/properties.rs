//! What holds of grading for questions of every kind, drawn at random, and for answers of any shape.

use super::given::Given;
use super::grade::{Answers, grade};
use crate::domain::content::number::{NumberAnswer, NumberRule, Tolerance, Unit};
use crate::domain::content::text_rule::TextRule;
use crate::domain::content::{
    Answer, AnswerKey, AnswerKeys, ChoiceOption, GapAnswer, GapKind, GapPrompt, GapRule, PartialCredit,
    Points, QuestionKind, QuestionPrompt, Rule, Scoring,
};
use crate::kernel::ids::QuestionId;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use uuid::Uuid;

/// A question of some kind with its key, and an answer that is right.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) prompt: QuestionPrompt,
    pub(super) key: AnswerKey,
    pub(super) right: Given,
}

fn names(scope: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{scope}{n}")).collect()
}

fn options(names: &[String]) -> Vec<ChoiceOption> {
    let option = |key: &String| ChoiceOption {
        key: key.clone(),
        text: key.to_uppercase(),
    };
    names.iter().map(option).collect()
}

fn number(value: &str, unit: Option<&str>) -> NumberAnswer {
    NumberAnswer {
        value: value.to_owned(),
        unit: unit.map(str::to_owned),
    }
}

fn texts() -> TextRule {
    TextRule {
        accepted: vec!["right".to_owned()],
        ..TextRule::default()
    }
}

fn metres(tolerance: Option<Tolerance>) -> NumberRule {
    let unit = |(name, factor): (&str, &str)| Unit {
        name: name.to_owned(),
        factor: factor.to_owned(),
    };
    NumberRule {
        value: "1.5".to_owned(),
        tolerance,
        units: [("m", "1"), ("cm", "0.01")].map(unit).into(),
    }
}

fn scoring() -> impl Strategy<Value = Scoring> {
    use PartialCredit::{AllOrNothing, Proportional, RightMinusWrong};
    let policies = select(vec![AllOrNothing, Proportional, RightMinusWrong]);
    (1..=100_000_i32, policies, 0..=100_u32).prop_map(|(points, partial, percent)| Scoring {
        points: Points(points),
        partial,
        penalty: Points(points).share(i64::from(percent), 100),
    })
}

/// What a question is made of.
struct Parts {
    all: Vec<String>,
    one: String,
    some: Vec<String>,
    tolerance: Option<Tolerance>,
}

/// A prompt, a rule, and what is right by it.
type Asked = (QuestionPrompt, Rule, Given);

pub(super) fn case() -> impl Strategy<Value = Case> {
    let tolerances = [
        None,
        Some(Tolerance::Absolute("0.1".into())),
        Some(Tolerance::Relative("0.1".into())),
    ];
    let parts = (
        2..8_usize,
        any::<Index>(),
        subsequence(names("o", 8), 1..8),
        select(tolerances.to_vec()),
    );
    (0..10_usize, parts, scoring()).prop_map(|(kind, (count, one, some, tolerance), scoring)| {
        let all = names("o", count);
        let one = one.get(&all).clone();
        let some: Vec<String> = some.into_iter().filter(|key| all.contains(key)).collect();
        let some = if some.is_empty() { vec![one.clone()] } else { some };
        let parts = Parts {
            all,
            one,
            some,
            tolerance,
        };
        let (mut prompt, rule, right) = asked(kind, parts);
        prompt.scoring = scoring;
        Case {
            prompt,
            key: AnswerKey::new(rule),
            right,
        }
    })
}

fn prompt(kind: QuestionKind) -> QuestionPrompt {
    QuestionPrompt::new(kind, "Which?".to_owned())
}

fn asked(kind: usize, parts: Parts) -> Asked {
    let right = |answer| Rule::Right(vec![answer]);
    match kind {
        0 => choice(QuestionKind::SingleChoice, &parts, vec![parts.one.clone()]),
        1 => choice(QuestionKind::MultipleChoice, &parts, parts.some.clone()),
        2 => (
            prompt(QuestionKind::TrueFalse),
            right(Answer::Truth(true)),
            Given::Truth(true),
        ),
        3 => (
            prompt(QuestionKind::ShortText),
            Rule::Texts(texts()),
            Given::Text(" Right".to_owned()),
        ),
        4 => {
            let mut prompt = prompt(QuestionKind::Numeric);
            prompt.units = vec!["m".to_owned(), "cm".to_owned()];
            let given = Given::Number(number("150", Some("cm")));
            (prompt, Rule::Number(metres(parts.tolerance)), given)
        }
        5 => {
            let mut prompt = prompt(QuestionKind::Ordering);
            prompt.options = options(&parts.all);
            let right: Vec<String> = parts.all.into_iter().rev().collect();
            (prompt, Rule::Order(right.clone()), Given::Order(right))
        }
        6 => matching(parts),
        7 => cloze(&parts),
        8 => {
            let traced = |stdout: &str| (true, Some(stdout.to_owned()), None);
            let (compiles, stdout, line) = traced("1");
            let key = Answer::Tracing {
                compiles,
                stdout,
                line,
            };
            let (compiles, stdout, line) = traced("1 \n");
            let given = Given::Tracing {
                compiles,
                stdout,
                line,
            };
            (prompt(QuestionKind::ProgramTracing), right(key), given)
        }
        _ => (
            prompt(QuestionKind::Essay),
            Rule::People { sample: None },
            Given::Text("An essay.".to_owned()),
        ),
    }
}

fn choice(kind: QuestionKind, parts: &Parts, right: Vec<String>) -> Asked {
    let mut prompt = prompt(kind);
    prompt.options = options(&parts.all);
    let rule = Rule::Right(vec![Answer::Choice(right.iter().cloned().collect())]);
    let given = match kind {
        QuestionKind::SingleChoice => Given::Choice(parts.one.clone()),
        _ => Given::Choices(right),
    };
    (prompt, rule, given)
}

fn matching(parts: Parts) -> Asked {
    let stems = names("s", parts.all.len());
    let mut prompt = prompt(QuestionKind::Matching);
    prompt.options = options(&parts.all);
    prompt.stems = options(&stems);
    let pairs: Vec<_> = stems.into_iter().zip(parts.some.into_iter().cycle()).collect();
    (
        prompt,
        Rule::Pairs(pairs.iter().cloned().collect()),
        Given::Pairs(pairs),
    )
}

fn cloze(parts: &Parts) -> Asked {
    let mut prompt = prompt(QuestionKind::Cloze);
    let (mut rules, mut right) = (Vec::new(), Vec::new());
    for (n, key) in names("g", parts.all.len()).into_iter().enumerate() {
        let (kind, rule, filling) = match n % 3 {
            0 => (
                GapKind::Text,
                GapRule::Text(texts()),
                GapAnswer::Text("right".into()),
            ),
            1 => (
                GapKind::Number,
                GapRule::Number(metres(parts.tolerance.clone())),
                GapAnswer::Number(number("1.5", Some("m"))),
            ),
            _ => (
                GapKind::Choice,
                GapRule::Choice(parts.one.clone()),
                GapAnswer::Choice(parts.one.clone()),
            ),
        };
        let shown = |is_shown: bool, names: &[String]| if is_shown { names.to_vec() } else { Vec::new() };
        prompt.gaps.push(GapPrompt {
            key: key.clone(),
            kind,
            options: options(&shown(kind == GapKind::Choice, &parts.all)),
            units: shown(kind == GapKind::Number, &["m".to_owned(), "cm".to_owned()]),
        });
        rules.push((key.clone(), rule));
        right.push((key, filling));
    }
    (
        prompt,
        Rule::Gaps(rules.into_iter().collect()),
        Given::Gaps(right),
    )
}

/// A key that a question may have, or none.
fn some_key() -> impl Strategy<Value = String> {
    prop_oneof![8 => "[osg][0-7]", 1 => ".{0,4}"]
}

fn some_number() -> impl Strategy<Value = NumberAnswer> {
    let value = prop_oneof![
        "-?[0-9]{0,3}(\\.[0-9]{0,3})?(e-?[0-9]{1,3})?",
        Just("150".to_owned()),
        ".{0,6}"
    ];
    (value, select(vec![None, Some("m"), Some("cm"), Some("mile")]))
        .prop_map(|(value, unit)| number(&value, unit))
}

fn some_text() -> impl Strategy<Value = String> {
    prop_oneof![Just("right".to_owned()), ".{0,20}"]
}

/// An answer of any shape.
fn given() -> impl Strategy<Value = Given> {
    let filling = prop_oneof![
        some_text().prop_map(GapAnswer::Text),
        some_number().prop_map(GapAnswer::Number),
        some_key().prop_map(GapAnswer::Choice),
    ];
    prop_oneof![
        some_key().prop_map(Given::Choice),
        vec(some_key(), 0..8).prop_map(Given::Choices),
        any::<bool>().prop_map(Given::Truth),
        some_text().prop_map(Given::Text),
        some_number().prop_map(Given::Number),
        vec(some_key(), 0..8).prop_map(Given::Order),
        vec((some_key(), some_key()), 0..8).prop_map(Given::Pairs),
        vec((some_key(), filling), 0..8).prop_map(Given::Gaps),
        (
            any::<bool>(),
            proptest::option::of(some_text()),
            proptest::option::of(0..4_i32)
        )
            .prop_map(|(compiles, stdout, line)| Given::Tracing {
                compiles,
                stdout,
                line
            }),
    ]
}

/// An answer of the question's own kind, right in part: the right one with some of its parts changed or left out.
fn bent(case: &Case, keep: &[bool], other: &[Index]) -> Given {
    let kept = |n: usize| keep[n % keep.len()];
    let option = |n: usize| other[n % other.len()].get(&case.prompt.options).key.clone();
    match case.right.clone() {
        Given::Choices(keys) => {
            let kept = keys
                .into_iter()
                .enumerate()
                .filter(|(n, _)| kept(*n))
                .map(|(_, key)| key);
            Given::Choices(kept.chain((0..other.len()).map(option)).collect())
        }
        Given::Order(mut keys) => {
            for (n, index) in other.iter().enumerate() {
                let (a, b) = (n % keys.len(), index.index(keys.len()));
                keys.swap(a, b);
            }
            Given::Order(keys)
        }
        Given::Pairs(pairs) => {
            let changed = pairs
                .into_iter()
                .enumerate()
                .filter(|(n, _)| n % 3 != 2 || kept(*n));
            Given::Pairs(
                changed
                    .map(|(n, (stem, right))| (stem, if kept(n) { right } else { option(n) }))
                    .collect(),
            )
        }
        Given::Gaps(gaps) => Given::Gaps(
            gaps.into_iter()
                .enumerate()
                .filter(|(n, _)| kept(*n))
                .map(|(_, gap)| gap)
                .collect(),
        ),
        given => given,
    }
}

/// The same answer with its parts named in another order, as another order of the options would have led to.
fn shuffled(given: Given, by: &[Index]) -> Given {
    fn mixed<T>(mut items: Vec<T>, by: &[Index]) -> Vec<T> {
        for (n, index) in by.iter().enumerate().take(items.len()) {
            let other = index.index(items.len());
            items.swap(n, other);
        }
        items
    }
    match given {
        Given::Choices(keys) => Given::Choices(mixed(keys, by)),
        Given::Pairs(pairs) => Given::Pairs(mixed(pairs, by)),
        Given::Gaps(gaps) => Given::Gaps(mixed(gaps, by)),
        given => given,
    }
}

/// The same question with everything that may come in another order in another one.
fn reordered(prompt: &QuestionPrompt) -> QuestionPrompt {
    let mut prompt = prompt.clone();
    prompt.options.reverse();
    prompt.stems.reverse();
    prompt.gaps.reverse();
    prompt
}

fn in_bounds(scoring: &Scoring, points: Option<Points>, is_essay: bool) -> bool {
    points.map_or(is_essay, |points| {
        -scoring.penalty <= points && points <= scoring.points
    })
}

proptest! {
    #[test]
    fn a_right_answer_earns_all_points_of_every_kind(case in case()) {
        prop_assert!(case.key.suits(case.prompt.kind));
        let answer = case.right.fit(&case.prompt).unwrap();
        let is_essay = case.prompt.kind == QuestionKind::Essay;
        let expected = (!is_essay).then_some(case.prompt.scoring.points);
        prop_assert_eq!(case.key.grade(&case.prompt.scoring, &answer), expected);
    }

    #[test]
    fn an_answer_of_any_shape_is_graded_within_the_policys_bounds_or_refused_with_field_and_reason(case in case(), given in given()) {
        match given.fit(&case.prompt) {
            Ok(answer) => {
                let points = case.key.grade(&case.prompt.scoring, &answer);
                let is_essay = case.prompt.kind == QuestionKind::Essay;
                prop_assert!(in_bounds(&case.prompt.scoring, points, is_essay), "{:?}", points);
            }
            Err((field, reason)) => prop_assert!(field.starts_with("answer") && reason.ends_with('.')),
        }
    }

    #[test]
    fn an_answer_that_is_right_in_part_is_graded_within_the_policys_bounds(
        case in case(), keep in vec(any::<bool>(), 1..8), other in vec(any::<Index>(), 1..6)
    ) {
        prop_assume!(!case.prompt.options.is_empty() || case.prompt.kind == QuestionKind::Cloze);
        let answer = bent(&case, &keep, &other).fit(&case.prompt).unwrap();
        let points = case.key.grade(&case.prompt.scoring, &answer);
        prop_assert!(in_bounds(&case.prompt.scoring, points, false), "{:?}", points);
    }

    #[test]
    fn grading_does_not_depend_on_the_order_in_which_things_are_shown_or_named(
        case in case(), keep in vec(any::<bool>(), 1..8), other in vec(any::<Index>(), 1..6), by in vec(any::<Index>(), 8)
    ) {
        prop_assume!(!case.prompt.options.is_empty() || case.prompt.kind == QuestionKind::Cloze);
        let given = bent(&case, &keep, &other);
        let there = given.clone().fit(&case.prompt).unwrap();
        let here = shuffled(given, &by).fit(&reordered(&case.prompt)).unwrap();
        prop_assert_eq!(case.key.grade(&case.prompt.scoring, &there), case.key.grade(&case.prompt.scoring, &here));
    }

    #[test]
    fn an_attempt_has_between_no_points_and_all_and_the_same_when_it_is_graded_from_what_is_stored(
        cases in vec(case(), 1..6), given in vec(given(), 6)
    ) {
        let id = |n: usize| QuestionId(Uuid::from_u128(n as u128));
        let questions: Vec<_> = cases.iter().enumerate().map(|(n, case)| (id(n), case.prompt.clone())).collect();
        let keys = AnswerKeys(cases.iter().enumerate().map(|(n, case)| (id(n), case.key.clone())).collect());
        let fitted = cases.iter().zip(given).enumerate();
        let answers: Answers = fitted
            .filter_map(|(n, (case, given))| Some((id(n), given.fit(&case.prompt).ok()?)))
            .collect();
        let grading = grade(&answers, &questions, &keys).unwrap();
        let most = questions.iter().map(|(_, prompt)| prompt.scoring.points).sum::<Points>();
        prop_assert!(Points::ZERO <= grading.total() && grading.total() <= most);
        let answers = serde_json::from_value(serde_json::to_value(&answers).unwrap()).unwrap();
        let questions: Vec<_> = serde_json::from_str(&serde_json::to_string(&questions).unwrap()).unwrap();
        let keys = serde_json::from_str(&serde_json::to_string(&keys).unwrap()).unwrap();
        prop_assert_eq!(grade(&answers, &questions, &keys).unwrap(), grading);
    }
}
