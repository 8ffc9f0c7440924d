//! Which answers fit which questions.

use super::given::{Given, MOST_CHARACTERS};
use crate::domain::content::number::NumberAnswer;
use crate::domain::content::{
    Answer, ChoiceOption, GapAnswer, GapKind, GapPrompt, QuestionKind, QuestionPrompt,
};

fn prompt(kind: QuestionKind) -> QuestionPrompt {
    use QuestionKind::{Matching, MultipleChoice, Ordering, SingleChoice};
    let option = |key: &str| ChoiceOption {
        key: key.into(),
        text: key.to_uppercase(),
    };
    let is_choice = matches!(kind, SingleChoice | MultipleChoice | Ordering | Matching);
    let gap = |key: &str, kind, options: &[&str], units: &[&str]| GapPrompt {
        key: key.into(),
        kind,
        options: options.iter().map(|key| option(key)).collect(),
        units: units.iter().map(ToString::to_string).collect(),
    };
    QuestionPrompt {
        options: if is_choice {
            ["a", "b"].map(option).to_vec()
        } else {
            Vec::new()
        },
        stems: if kind == QuestionKind::Matching {
            ["s", "t"].map(option).to_vec()
        } else {
            Vec::new()
        },
        gaps: vec![
            gap("1", GapKind::Text, &[], &[]),
            gap("2", GapKind::Number, &[], &["m"]),
            gap("3", GapKind::Choice, &["x", "y"], &[]),
        ],
        units: vec!["m".into()],
        ..QuestionPrompt::new(kind, "Which?".into())
    }
}

fn choice_of(keys: &[&str]) -> Answer {
    Answer::Choice(keys.iter().map(ToString::to_string).collect())
}

fn choices(keys: &[&str]) -> Given {
    Given::Choices(keys.iter().map(ToString::to_string).collect())
}

const fn traced(compiles: bool, stdout: Option<String>, line: Option<i32>) -> Given {
    Given::Tracing {
        compiles,
        stdout,
        line,
    }
}

fn number(value: &str, unit: Option<&str>) -> NumberAnswer {
    NumberAnswer {
        value: value.into(),
        unit: unit.map(Into::into),
    }
}

fn order(keys: &[&str]) -> Given {
    Given::Order(keys.iter().map(ToString::to_string).collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Given {
    Given::Pairs(
        pairs
            .iter()
            .map(|(stem, option)| (stem.to_string(), option.to_string()))
            .collect(),
    )
}

fn gaps(gaps: &[(&str, GapAnswer)]) -> Given {
    Given::Gaps(
        gaps.iter()
            .map(|(gap, filling)| (gap.to_string(), filling.clone()))
            .collect(),
    )
}

#[test]
fn an_answer_that_fits_its_question_is_taken() {
    use QuestionKind::{
        Cloze, Essay, Matching, MultipleChoice, Numeric, Ordering, ProgramTracing, ShortText, SingleChoice,
        TrueFalse,
    };
    let filled = [
        ("3", GapAnswer::Choice("y".into())),
        ("1", GapAnswer::Text("z".into())),
    ];
    let filling = filled.clone().map(|(gap, filling)| (gap.to_owned(), filling));
    let essay = "é".repeat(10 * MOST_CHARACTERS);
    let longest = "é".repeat(MOST_CHARACTERS);
    let cases = [
        (SingleChoice, Given::Choice("b".into()), choice_of(&["b"])),
        (MultipleChoice, choices(&["b", "a", "b"]), choice_of(&["a", "b"])),
        (MultipleChoice, choices(&[]), choice_of(&[])),
        (ShortText, Given::Text(longest.clone()), Answer::Text(longest)),
        (TrueFalse, Given::Truth(false), Answer::Truth(false)),
        (Essay, Given::Text(essay.clone()), Answer::Text(essay)),
        (
            Numeric,
            Given::Number(number("1e3", Some("m"))),
            Answer::Number(number("1e3", Some("m"))),
        ),
        (
            Ordering,
            order(&["b", "a"]),
            Answer::Order(vec!["b".into(), "a".into()]),
        ),
        (
            Matching,
            pairs(&[("t", "a")]),
            Answer::Pairs([("t".into(), "a".into())].into()),
        ),
        (Cloze, gaps(&filled), Answer::Gaps(filling.into())),
        (Cloze, gaps(&[]), Answer::Gaps([].into())),
        (
            ProgramTracing,
            traced(true, Some("1".into()), None),
            Answer::Tracing {
                compiles: true,
                stdout: Some("1".into()),
                line: None,
            },
        ),
        (
            ProgramTracing,
            traced(false, None, Some(3)),
            Answer::Tracing {
                compiles: false,
                stdout: None,
                line: Some(3),
            },
        ),
    ];
    for (kind, given, expected) in cases {
        assert_eq!(given.clone().fit(&prompt(kind)), Ok(expected), "{given:?}");
    }
}

#[test]
fn an_answer_that_does_not_fit_is_refused_at_the_field_at_fault() {
    use QuestionKind::{
        Cloze, Essay, Matching, MultipleChoice, Numeric, Ordering, ProgramTracing, ShortText, SingleChoice,
        TrueFalse,
    };
    let text = |text: &str| GapAnswer::Text(text.into());
    let cases = [
        (TrueFalse, Given::Text("true".into()), "answer"),
        (
            Essay,
            Given::Text("x".repeat(10 * MOST_CHARACTERS + 1)),
            "answer.text",
        ),
        (Essay, Given::Choice("a".into()), "answer"),
        (Numeric, Given::Text("1".into()), "answer"),
        (
            Numeric,
            Given::Number(number("one", Some("m"))),
            "answer.number.value",
        ),
        (
            Numeric,
            Given::Number(number(&"1".repeat(10_000_000), Some("m"))),
            "answer.number.value",
        ),
        (
            Numeric,
            Given::Number(number("1", Some("ft"))),
            "answer.number.unit",
        ),
        (Numeric, Given::Number(number("1", None)), "answer.number.unit"),
        (Ordering, order(&["a"]), "answer.order"),
        (Ordering, order(&["a", "a"]), "answer.order"),
        (Ordering, order(&["a", "b", "a"]), "answer.order"),
        (Ordering, choices(&["a", "b"]), "answer"),
        (Matching, pairs(&[("s", "a"), ("u", "a")]), "answer.pairs.1.stem"),
        (Matching, pairs(&[("s", "a"), ("s", "b")]), "answer.pairs.1.stem"),
        (Matching, pairs(&[("s", "c")]), "answer.pairs.0.option"),
        (Matching, gaps(&[]), "answer"),
        (Cloze, pairs(&[]), "answer"),
        (Cloze, gaps(&[("4", text(""))]), "answer.gaps.0.gap"),
        (
            Cloze,
            gaps(&[("1", text("a")), ("1", text("b"))]),
            "answer.gaps.1.gap",
        ),
        (Cloze, gaps(&[("1", text("\0"))]), "answer.gaps.0.answer.text"),
        (Cloze, gaps(&[("2", text("1"))]), "answer.gaps.0.answer"),
        (
            Cloze,
            gaps(&[("2", GapAnswer::Number(number("1", None)))]),
            "answer.gaps.0.answer.number.unit",
        ),
        (
            Cloze,
            gaps(&[("3", GapAnswer::Choice("z".into()))]),
            "answer.gaps.0.answer.choice",
        ),
        (Cloze, gaps(&[("3", text("x"))]), "answer.gaps.0.answer"),
        (SingleChoice, choices(&["a"]), "answer"),
        (SingleChoice, Given::Text("a".into()), "answer"),
        (MultipleChoice, Given::Choice("a".into()), "answer"),
        (ShortText, Given::Choice("a".into()), "answer"),
        (ProgramTracing, Given::Text("1".into()), "answer"),
        (SingleChoice, Given::Choice("c".into()), "answer.choice"),
        (SingleChoice, Given::Choice("A".into()), "answer.choice"),
        (MultipleChoice, choices(&["a", "c"]), "answer.choices"),
        (
            ShortText,
            Given::Text("x".repeat(MOST_CHARACTERS + 1)),
            "answer.text",
        ),
        (ShortText, Given::Text("a\0b".into()), "answer.text"),
        (
            ProgramTracing,
            traced(true, Some("\0".into()), None),
            "answer.tracing.stdout",
        ),
        (
            ProgramTracing,
            traced(false, Some(String::new()), None),
            "answer.tracing.stdout",
        ),
        (ProgramTracing, traced(true, None, Some(1)), "answer.tracing.line"),
        (
            ProgramTracing,
            traced(false, None, Some(0)),
            "answer.tracing.line",
        ),
    ];
    for (kind, given, path) in cases {
        let (at, message) = given.clone().fit(&prompt(kind)).unwrap_err();
        assert_eq!(at, path, "{given:?}: {message}");
    }
}
