//! From a book to a course.

use super::mdbook::{AnswerKey as BookKey, Book, BookUnit, Question, QuestionKind as BookKind, UnitBody};
use crate::domain::content::text_rule::TextRule;
use crate::domain::content::{Answer, AnswerKey, ChoiceOption, QuestionKind, QuestionPrompt, Rule};
use crate::domain::courses::CourseVisibility;
use crate::domain::courses::draft_units::UnitDraft;
use crate::domain::courses::import::{ImportedCourse, ImportedModule, ImportedQuestion, ImportedUnit};
use crate::domain::courses::store::NewCourse;

/// Makes a course of a book. `slug` names it in addresses and, as `mdbook:<slug>`, among imported courses.
pub fn course(book: Book, slug: &str, visibility: CourseVisibility) -> ImportedCourse {
    let course = NewCourse {
        slug: slug.to_owned(),
        title: book.title,
        summary: book.description.unwrap_or_default(),
        visibility,
        external_id: Some(format!("mdbook:{slug}")),
    };
    let modules = book.modules.into_iter().map(|module| ImportedModule {
        external_id: module.external_key,
        title: module.title,
        part: module.part,
        units: module.units.into_iter().map(unit).collect(),
    });
    ImportedCourse {
        course,
        modules: modules.collect(),
    }
}

/// Makes a slug of a title: its ASCII letters and digits, anything else a dash.
pub fn slug_of(title: &str) -> String {
    let words = title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut slug = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    slug.truncate(60);
    slug.trim_matches('-').to_owned()
}

fn unit(unit: BookUnit) -> ImportedUnit {
    let (draft, questions) = match unit.body {
        UnitBody::Text(body) => (UnitDraft::Text(body), Vec::new()),
        UnitBody::Quiz(questions) => (
            UnitDraft::Quiz(None),
            questions.into_iter().map(question).collect(),
        ),
    };
    ImportedUnit {
        external_id: unit.external_key,
        title: unit.title,
        unit: draft,
        questions,
    }
}

fn question(question: Question) -> ImportedQuestion {
    let (kind, program, options) = match question.prompt.kind {
        BookKind::SingleChoice { options } => (QuestionKind::SingleChoice, None, options),
        BookKind::MultipleChoice { options } => (QuestionKind::MultipleChoice, None, options),
        BookKind::ShortAnswer => (QuestionKind::ShortText, None, Vec::new()),
        BookKind::Tracing { program } => (QuestionKind::ProgramTracing, Some(program), Vec::new()),
    };
    let options = options.into_iter().map(|option| ChoiceOption {
        key: option.external_key,
        text: option.markdown,
    });
    let prompt = QuestionPrompt {
        program,
        options: options.collect(),
        shuffle_options: question.shuffle,
        ..QuestionPrompt::new(kind, question.prompt.markdown)
    };
    let rule = match question.key {
        BookKey::SingleChoice { correct } => Rule::Right(vec![Answer::Choice([correct].into())]),
        BookKey::MultipleChoice { correct } => {
            Rule::Right(vec![Answer::Choice(correct.into_iter().collect())])
        }
        BookKey::ShortAnswer { accepted } => Rule::Texts(TextRule {
            accepted,
            ..TextRule::default()
        }),
        BookKey::Tracing {
            does_compile,
            stdout,
            line_number,
        } => {
            let line = line_number.and_then(|line| i32::try_from(line).ok());
            Rule::Right(vec![Answer::Tracing {
                compiles: does_compile,
                stdout,
                line,
            }])
        }
    };
    ImportedQuestion {
        external_id: question.external_key,
        prompt,
        key: AnswerKey {
            explanation: question.explanation,
            ..AnswerKey::new(rule)
        },
    }
}
