//! Quiz files of mdbook-quiz, read into questions.
//!
//! The format: <https://github.com/cognitive-engineering-lab/mdbook-quiz#quiz-schema>. A field that Lyceum has
//! no place for is reported; a question that breaks the format is a fault, and every question is looked at.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::book::{AnswerKey, AnswerOption, MAX_KEY, Question, QuestionKind, QuestionPrompt};
use super::fields::{Fields, with_fields};
use super::report::{Broken, Place, Skipped};

/// Most questions of one quiz.
const MAX_QUESTIONS: usize = 500;
const TRACING_PROMPT: &str = "Does this program compile? If it does, write what it prints.";

/// The questions of a quiz file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Quiz {
    /// The questions, each with the place where it begins.
    pub questions: Vec<(Place, Question)>,
    /// Fields without a place in Lyceum.
    pub skipped: Vec<Skipped>,
}

/// Reads the quiz `text` of `file`, a path from the book's folder.
///
/// `suffix` is appended to the keys of the questions: empty when the quiz first occurs in the book.
pub(super) fn parse(file: &str, text: &str, suffix: &str) -> Result<Quiz, Vec<Broken>> {
    with_fields(file, text, |fields| {
        let one = |fault: Broken| vec![fault];
        let tables = fields.tables("questions").map_err(one)?;
        if tables.is_empty() {
            return Err(one(fields
                .place()
                .broken("has no questions; begin each with `[[questions]]`")));
        }
        if tables.len() > MAX_QUESTIONS {
            return Err(one(fields
                .place()
                .broken(format!("has more than {MAX_QUESTIONS} questions"))));
        }
        let shared = fields.table("multipart").map_err(one)?;
        let mut quiz = Quiz {
            questions: Vec::new(),
            skipped: Vec::new(),
        };
        let mut broken = Vec::new();
        for (table, number) in tables.into_iter().zip(1..) {
            let question = table.and_then(|table| {
                let position = format!("{file}:{number}");
                let question = read_question(&table, shared.as_ref(), &position, suffix, &mut quiz.skipped)?;
                Ok((table.place(), question))
            });
            match question {
                Ok(question) => quiz.questions.push(question),
                Err(fault) => broken.push(fault),
            }
        }
        report_unread(&fields, &mut quiz.skipped);
        if let Some(shared) = &shared {
            for (what, place) in shared.unread() {
                let reason = "shared by no question, left out".to_owned();
                quiz.skipped.push(Skipped { place, what, reason });
            }
        }
        if broken.is_empty() { Ok(quiz) } else { Err(broken) }
    })
}

fn read_question(
    table: &Fields,
    shared: Option<&Fields>,
    position: &str,
    suffix: &str,
    skipped: &mut Vec<Skipped>,
) -> Result<Question, Broken> {
    let id = table.text("id")?;
    let external_key = format!("{}{suffix}", id.as_deref().unwrap_or(position));
    if id.is_some_and(|id| id.trim().is_empty()) || external_key.chars().count() > MAX_KEY {
        let reason = format!("the id of a question has 1 to {MAX_KEY} characters");
        return Err(table.place_of("id").broken(reason));
    }
    let kind = table.required_text("type")?;
    let (prompt, answer) = (table.required_table("prompt")?, table.required_table("answer")?);
    let asked = match kind.as_str() {
        "MultipleChoice" => choice(&prompt, &answer, &external_key)?,
        "ShortAnswer" => short_answer(&prompt, &answer)?,
        "Tracing" => tracing(&prompt, &answer)?,
        _ => {
            let reason = format!("unknown type `{kind}`: MultipleChoice, ShortAnswer and Tracing are known");
            return Err(table.place_of("type").broken(reason));
        }
    };
    let markdown = match shared_text(table, shared)? {
        Some(shared) => format!("{shared}\n\n{}", asked.markdown),
        None => asked.markdown,
    };
    let explanation = table
        .text("context")?
        .map(|text| trimmed(&text))
        .filter(|text| !text.is_empty());
    for fields in [table, &prompt, &answer] {
        report_unread(fields, skipped);
    }
    Ok(Question {
        external_key,
        prompt: QuestionPrompt {
            markdown,
            kind: asked.kind,
        },
        key: asked.key,
        explanation,
        shuffle: asked.shuffle,
    })
}

/// What the three types of questions have in common once read.
struct Asked {
    markdown: String,
    kind: QuestionKind,
    key: AnswerKey,
    shuffle: bool,
}

fn shared_text(table: &Fields, shared: Option<&Fields>) -> Result<Option<String>, Broken> {
    let Some(name) = table.text("multipart")? else {
        return Ok(None);
    };
    let text = shared.map(|shared| shared.text(&name)).transpose()?.flatten();
    match text {
        Some(text) => Ok(Some(trimmed(&text))),
        None => Err(table
            .place_of("multipart")
            .broken(format!("`[multipart]` has no text named `{name}`"))),
    }
}

fn choice(prompt: &Fields, answer: &Fields, question_key: &str) -> Result<Asked, Broken> {
    let markdown = trimmed(&prompt.required_text("prompt")?);
    let several = answer.is_list("answer");
    let correct = if several {
        answer.texts("answer")?
    } else {
        vec![answer.required_text("answer")?]
    };
    if correct.is_empty() {
        return Err(answer
            .place_of("answer")
            .broken("`answer.answer` names no correct option"));
    }
    let distractors = prompt.texts("distractors")?;
    let option = |text: &String| AnswerOption {
        external_key: option_key(question_key, &trimmed(text)),
        markdown: trimmed(text),
    };
    let correct: Vec<_> = correct.iter().map(option).collect();
    let mut options: Vec<_> = distractors.iter().map(option).collect();
    let mut seen = HashSet::new();
    for option in correct.iter().chain(&options) {
        if option.markdown.is_empty() {
            return Err(prompt.place().broken("an option is blank"));
        }
        if !seen.insert(&option.external_key) {
            let reason = format!("two options read alike: {}", first_line(&option.markdown));
            return Err(prompt.place().broken(reason));
        }
    }
    drop(seen);
    let is_sorted = prompt.boolean("sortAnswers")?.unwrap_or(false);
    let index = prompt.number("answerIndex")?;
    let at = index.map_or(0, |index| index as usize);
    if at > options.len() {
        let reason = format!("`answerIndex` {at} is beyond the {} distractors", options.len());
        return Err(prompt.place_of("answerIndex").broken(reason));
    }
    let correct_keys: HashSet<_> = correct.iter().map(|option| option.external_key.clone()).collect();
    options.splice(at..at, correct);
    if index.is_none() {
        if is_sorted {
            options.sort_by(|a, b| a.markdown.cmp(&b.markdown));
        } else {
            options.sort_by(|a, b| a.external_key.cmp(&b.external_key));
        }
    }
    let keys = options.iter().map(|option| option.external_key.clone());
    let mut correct: Vec<_> = keys.filter(|key| correct_keys.contains(key)).collect();
    let (kind, key) = if several {
        (
            QuestionKind::MultipleChoice { options },
            AnswerKey::MultipleChoice { correct },
        )
    } else {
        (
            QuestionKind::SingleChoice { options },
            AnswerKey::SingleChoice {
                correct: correct.remove(0),
            },
        )
    };
    Ok(Asked {
        markdown,
        kind,
        key,
        shuffle: index.is_none() && !is_sorted,
    })
}

fn short_answer(prompt: &Fields, answer: &Fields) -> Result<Asked, Broken> {
    let markdown = trimmed(&prompt.required_text("prompt")?);
    let mut accepted = vec![answer.required_text("answer")?.trim().to_owned()];
    for text in answer.texts("alternatives")? {
        let text = text.trim().to_owned();
        if !text.is_empty() && !accepted.contains(&text) {
            accepted.push(text);
        }
    }
    let (kind, key) = (QuestionKind::ShortAnswer, AnswerKey::ShortAnswer { accepted });
    Ok(Asked {
        markdown,
        kind,
        key,
        shuffle: false,
    })
}

fn tracing(prompt: &Fields, answer: &Fields) -> Result<Asked, Broken> {
    let program = prompt.required_text("program")?.trim_matches('\n').to_owned();
    let does_compile = answer.boolean("doesCompile")?;
    let does_compile =
        does_compile.ok_or_else(|| answer.place().broken("`answer.doesCompile` is missing"))?;
    // A field that contradicts `doesCompile` is not asked for and so reported.
    let stdout = if does_compile {
        answer.text("stdout")?
    } else {
        None
    };
    let line_number = if does_compile {
        None
    } else {
        answer.number("lineNumber")?
    };
    let lines = program.lines().count();
    if line_number.is_some_and(|line| line == 0 || line as usize > lines) {
        let reason = format!("`answer.lineNumber` is no line of the program, which has {lines}");
        return Err(answer.place_of("lineNumber").broken(reason));
    }
    Ok(Asked {
        markdown: TRACING_PROMPT.to_owned(),
        kind: QuestionKind::Tracing { program },
        key: AnswerKey::Tracing {
            does_compile,
            stdout,
            line_number,
        },
        shuffle: false,
    })
}

fn report_unread(fields: &Fields, skipped: &mut Vec<Skipped>) {
    for (what, place) in fields.unread() {
        let reason = "has no meaning here, left out".to_owned();
        skipped.push(Skipped {
            place,
            what: format!("field `{what}`"),
            reason,
        });
    }
}

fn option_key(question_key: &str, text: &str) -> String {
    let hash = Sha256::new()
        .chain_update(question_key)
        .chain_update([0])
        .chain_update(text)
        .finalize();
    hex::encode(&hash[..6])
}

/// The text without blank lines around it; the indent of its first line, which may mean code, stays.
fn trimmed(text: &str) -> String {
    text.trim_start_matches('\n').trim_end().to_owned()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
#[path = "quiz_tests.rs"]
mod tests;
