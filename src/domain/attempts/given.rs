//! What a learner gives as an answer, before it is known to fit its question.

use crate::domain::content::number::{Decimal, NumberAnswer};
use crate::domain::content::{
    Answer, ChoiceOption, GapAnswer, GapKind, GapPrompt, QuestionKind, QuestionPrompt,
};
use std::collections::{BTreeMap, BTreeSet};

/// Characters that a text may have, and an essay.
pub const MOST_CHARACTERS: usize = 10_000;
const MOST_OF_ESSAY: usize = 100_000;

/// An answer as it comes from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One option.
    Choice(String),
    /// Any number of options.
    Choices(Vec<String>),
    /// Whether a statement is true.
    Truth(bool),
    /// A short text or an essay.
    Text(String),
    /// A number.
    Number(NumberAnswer),
    /// All items in order.
    Order(Vec<String>),
    /// Stems, each with an option.
    Pairs(Vec<(String, String)>),
    /// Gaps, each with what fills it.
    Gaps(Vec<(String, GapAnswer)>),
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

/// Why an answer does not fit: the input field and what it must be.
pub type Misfit = (String, String);

impl Given {
    /// Checks the answer against its question.
    pub fn fit(self, prompt: &QuestionPrompt) -> Result<Answer, Misfit> {
        use QuestionKind as Kind;
        match (prompt.kind, self) {
            (Kind::SingleChoice, Self::Choice(key)) => choice(prompt, "answer.choice", vec![key]),
            (Kind::MultipleChoice, Self::Choices(keys)) => choice(prompt, "answer.choices", keys),
            (Kind::TrueFalse, Self::Truth(is_true)) => Ok(Answer::Truth(is_true)),
            (Kind::ShortText, Self::Text(text)) => {
                check_text("answer.text", &text, MOST_CHARACTERS)?;
                Ok(Answer::Text(text))
            }
            (Kind::Essay, Self::Text(text)) => {
                check_text("answer.text", &text, MOST_OF_ESSAY)?;
                Ok(Answer::Text(text))
            }
            (Kind::Numeric, Self::Number(number)) => {
                check_number("answer.number", &number, &prompt.units)?;
                Ok(Answer::Number(number))
            }
            (Kind::Ordering, Self::Order(keys)) => order(prompt, keys),
            (Kind::Matching, Self::Pairs(pairs)) => matching(prompt, pairs),
            (Kind::Cloze, Self::Gaps(gaps)) => cloze(prompt, gaps),
            (
                Kind::ProgramTracing,
                Self::Tracing {
                    compiles,
                    stdout,
                    line,
                },
            ) => tracing(compiles, stdout, line),
            (kind, _) => misfit(
                "answer",
                format!("This question is answered by {}.", asked_for(kind)),
            ),
        }
    }
}

const fn asked_for(kind: QuestionKind) -> &'static str {
    match kind {
        QuestionKind::SingleChoice => "`choice`, the key of one option",
        QuestionKind::MultipleChoice => "`choices`, the keys of any number of options",
        QuestionKind::TrueFalse => "`isTrue`",
        QuestionKind::ShortText | QuestionKind::Essay => "`text`",
        QuestionKind::Numeric => "`number`",
        QuestionKind::Ordering => "`order`, the keys of all items",
        QuestionKind::Matching => "`pairs` of stems and options",
        QuestionKind::Cloze => "`gaps`",
        QuestionKind::ProgramTracing => "`tracing`",
    }
}

fn misfit<T>(path: impl Into<String>, message: impl Into<String>) -> Result<T, Misfit> {
    Err((path.into(), message.into()))
}

fn is_one_of(options: &[ChoiceOption], key: &str) -> bool {
    options.iter().any(|option| option.key == key)
}

fn choice(prompt: &QuestionPrompt, path: &str, keys: Vec<String>) -> Result<Answer, Misfit> {
    if keys.iter().all(|key| is_one_of(&prompt.options, key)) {
        Ok(Answer::Choice(keys.into_iter().collect()))
    } else {
        misfit(
            path,
            "The question has no such option; take the keys from its `options`.",
        )
    }
}

fn order(prompt: &QuestionPrompt, keys: Vec<String>) -> Result<Answer, Misfit> {
    let named: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    let is_whole = prompt
        .options
        .iter()
        .all(|item| named.contains(item.key.as_str()));
    if is_whole && keys.len() == prompt.options.len() {
        Ok(Answer::Order(keys))
    } else {
        misfit(
            "answer.order",
            "Name each of the question's `options` once, and nothing else.",
        )
    }
}

fn matching(prompt: &QuestionPrompt, pairs: Vec<(String, String)>) -> Result<Answer, Misfit> {
    let mut given = BTreeMap::new();
    for (index, (stem, option)) in pairs.into_iter().enumerate() {
        if !is_one_of(&prompt.stems, &stem) || given.contains_key(&stem) {
            let message = "Name a stem by its key in the question's `stems`, and none twice.";
            return misfit(format!("answer.pairs.{index}.stem"), message);
        }
        if !is_one_of(&prompt.options, &option) {
            let message = "The question has no such option; take the keys from its `options`.";
            return misfit(format!("answer.pairs.{index}.option"), message);
        }
        given.insert(stem, option);
    }
    Ok(Answer::Pairs(given))
}

fn cloze(prompt: &QuestionPrompt, gaps: Vec<(String, GapAnswer)>) -> Result<Answer, Misfit> {
    let mut given = BTreeMap::new();
    for (index, (key, filling)) in gaps.into_iter().enumerate() {
        let gap = prompt.gaps.iter().find(|gap| gap.key == key);
        let Some(gap) = gap.filter(|_| !given.contains_key(&key)) else {
            let message = "Name a gap by its key in the question's `gaps`, and none twice.";
            return misfit(format!("answer.gaps.{index}.gap"), message);
        };
        check_filling(&format!("answer.gaps.{index}.answer"), gap, &filling)?;
        given.insert(key, filling);
    }
    Ok(Answer::Gaps(given))
}

fn check_filling(path: &str, gap: &GapPrompt, filling: &GapAnswer) -> Result<(), Misfit> {
    match (gap.kind, filling) {
        (GapKind::Text, GapAnswer::Text(text)) => check_text(&format!("{path}.text"), text, MOST_CHARACTERS),
        (GapKind::Number, GapAnswer::Number(number)) => {
            check_number(&format!("{path}.number"), number, &gap.units)
        }
        (GapKind::Choice, GapAnswer::Choice(key)) if is_one_of(&gap.options, key) => Ok(()),
        (GapKind::Choice, GapAnswer::Choice(_)) => misfit(
            format!("{path}.choice"),
            "The gap has no such option; take the keys from its `options`.",
        ),
        (GapKind::Text, _) => misfit(path, "This gap is filled by `text`."),
        (GapKind::Number, _) => misfit(path, "This gap is filled by `number`."),
        (GapKind::Choice, _) => misfit(path, "This gap is filled by `choice`, the key of one option."),
    }
}

fn check_number(path: &str, number: &NumberAnswer, units: &[String]) -> Result<(), Misfit> {
    if number.value.len() > 100 || Decimal::parse(&number.value).is_none() {
        let message = "This is a decimal number of at most 40 digits, such as -1.5 or 6.02e23.";
        return misfit(format!("{path}.value"), message);
    }
    match &number.unit {
        Some(unit) if !units.contains(unit) => misfit(
            format!("{path}.unit"),
            "The question has no such unit; take one of its `units`, if it has any.",
        ),
        None if !units.is_empty() => {
            misfit(format!("{path}.unit"), "Say in which of the question's `units`.")
        }
        _ => Ok(()),
    }
}

fn tracing(compiles: bool, stdout: Option<String>, line: Option<i32>) -> Result<Answer, Misfit> {
    if let Some(stdout) = &stdout {
        check_text("answer.tracing.stdout", stdout, MOST_CHARACTERS)?;
    }
    if compiles && line.is_some() {
        return misfit(
            "answer.tracing.line",
            "A program that compiles has no line at fault.",
        );
    }
    if !compiles && stdout.is_some() {
        return misfit(
            "answer.tracing.stdout",
            "A program that does not compile prints nothing.",
        );
    }
    if line.is_some_and(|line| line < 1) {
        return misfit("answer.tracing.line", "Lines are counted from 1.");
    }
    Ok(Answer::Tracing {
        compiles,
        stdout,
        line,
    })
}

fn check_text(path: &str, text: &str, most: usize) -> Result<(), Misfit> {
    if text.chars().count() > most {
        misfit(path, format!("This has at most {most} characters."))
    } else if text.contains('\0') {
        misfit(path, "This contains the character U+0000, which cannot be kept.")
    } else {
        Ok(())
    }
}
