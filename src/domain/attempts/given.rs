//! What a learner gives as an answer, before it is known to fit its question.

use crate::domain::content::{Answer, QuestionKind, QuestionPrompt};

/// Characters that a text may have.
pub const MOST_CHARACTERS: usize = 10_000;

/// An answer as it comes from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// One option.
    Choice(String),
    /// Any number of options.
    Choices(Vec<String>),
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

/// Why an answer does not fit: the input field and what it must be.
pub type Misfit = (&'static str, String);

impl Given {
    /// Checks the answer against its question.
    pub fn fit(self, prompt: &QuestionPrompt) -> Result<Answer, Misfit> {
        match (prompt.kind, self) {
            (QuestionKind::SingleChoice, Self::Choice(key)) => choice(prompt, "answer.choice", vec![key]),
            (QuestionKind::MultipleChoice, Self::Choices(keys)) => choice(prompt, "answer.choices", keys),
            (QuestionKind::ShortText, Self::Text(text)) => {
                check_text("answer.text", &text)?;
                Ok(Answer::Text(text))
            }
            (
                QuestionKind::ProgramTracing,
                Self::Tracing {
                    compiles,
                    stdout,
                    line,
                },
            ) => tracing(compiles, stdout, line),
            (kind, _) => Err((
                "answer",
                format!("This question is answered by {}.", asked_for(kind)),
            )),
        }
    }
}

const fn asked_for(kind: QuestionKind) -> &'static str {
    match kind {
        QuestionKind::SingleChoice => "`choice`, the key of one option",
        QuestionKind::MultipleChoice => "`choices`, the keys of any number of options",
        QuestionKind::ShortText => "`text`",
        QuestionKind::ProgramTracing => "`tracing`",
    }
}

fn choice(prompt: &QuestionPrompt, path: &'static str, keys: Vec<String>) -> Result<Answer, Misfit> {
    let exists = |key: &String| prompt.options.iter().any(|option| option.key == *key);
    if keys.iter().all(exists) {
        Ok(Answer::Choice(keys.into_iter().collect()))
    } else {
        Err((
            path,
            "The question has no such option; take the keys from its `options`.".to_owned(),
        ))
    }
}

fn tracing(compiles: bool, stdout: Option<String>, line: Option<i32>) -> Result<Answer, Misfit> {
    if let Some(stdout) = &stdout {
        check_text("answer.tracing.stdout", stdout)?;
    }
    if compiles && line.is_some() {
        return Err((
            "answer.tracing.line",
            "A program that compiles has no line at fault.".to_owned(),
        ));
    }
    if !compiles && stdout.is_some() {
        return Err((
            "answer.tracing.stdout",
            "A program that does not compile prints nothing.".to_owned(),
        ));
    }
    if line.is_some_and(|line| line < 1) {
        return Err(("answer.tracing.line", "Lines are counted from 1.".to_owned()));
    }
    Ok(Answer::Tracing {
        compiles,
        stdout,
        line,
    })
}

fn check_text(path: &'static str, text: &str) -> Result<(), Misfit> {
    if text.chars().count() > MOST_CHARACTERS {
        Err((path, format!("This has at most {MOST_CHARACTERS} characters.")))
    } else if text.contains('\0') {
        Err((
            path,
            "This contains the character U+0000, which cannot be kept.".to_owned(),
        ))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::ChoiceOption;

    fn prompt(kind: QuestionKind) -> QuestionPrompt {
        let option = |key: &str| ChoiceOption {
            key: key.into(),
            text: key.to_uppercase(),
        };
        let is_choice = matches!(kind, QuestionKind::SingleChoice | QuestionKind::MultipleChoice);
        QuestionPrompt {
            kind,
            text: "Which?".into(),
            program: None,
            options: if is_choice {
                ["a", "b"].map(option).to_vec()
            } else {
                Vec::new()
            },
            shuffle_options: false,
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

    #[test]
    fn an_answer_that_fits_its_question_is_taken() {
        use QuestionKind::{MultipleChoice, ProgramTracing, ShortText, SingleChoice};
        let longest = "é".repeat(MOST_CHARACTERS);
        let cases = [
            (SingleChoice, Given::Choice("b".into()), choice_of(&["b"])),
            (MultipleChoice, choices(&["b", "a", "b"]), choice_of(&["a", "b"])),
            (MultipleChoice, choices(&[]), choice_of(&[])),
            (ShortText, Given::Text(longest.clone()), Answer::Text(longest)),
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
        use QuestionKind::{MultipleChoice, ProgramTracing, ShortText, SingleChoice};
        let cases = [
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
}
