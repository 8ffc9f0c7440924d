//! The tree that a book becomes: modules of units, units of text or questions.
//!
//! Invariants: everything has an external key that follows from paths and ids in the book and not from other
//! content, so that importing a book again updates what is there; keys are unique in the book. Titles are of
//! 1 to [`MAX_TITLE`] characters, keys of 1 to [`MAX_KEY`], texts of at most [`MAX_BODY`].

use super::report::Report;

/// Most characters of a title of a module, part or unit; a longer one is cut, ending in "…".
pub const MAX_TITLE: usize = 200;
/// Most characters of an external key.
pub const MAX_KEY: usize = 255;
/// Most characters of the text of a unit.
pub const MAX_BODY: usize = 1_000_000;

/// A book as a course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// `book.title` of `book.toml`, else the first heading of `SUMMARY.md`, else the name of the folder.
    pub title: String,
    /// `book.authors`.
    pub authors: Vec<String>,
    /// `book.language`, a BCP 47 tag.
    pub language: Option<String>,
    /// `book.description`.
    pub description: Option<String>,
    /// The modules in reading order; each has at least one unit.
    pub modules: Vec<BookModule>,
    /// What was imported and what was not.
    pub report: Report,
}

/// A numbered chapter with everything below it, or a run of chapters outside the numbered list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookModule {
    /// Path of the chapter from the folder of `SUMMARY.md`; `draft:` and the title for a chapter without a
    /// file; `prefix` or `suffix` for a run of chapters outside the list.
    pub external_key: String,
    /// Title in plain text.
    pub title: String,
    /// The heading of `SUMMARY.md` under which it stands.
    pub part: Option<String>,
    /// The units in reading order.
    pub units: Vec<BookUnit>,
}

/// A piece of a chapter: text, or a quiz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookUnit {
    /// Of a text: path of the chapter from the folder of `SUMMARY.md`, `#` and how many quizzes stand before
    /// it in the chapter, plus one. Of a quiz: path of its file from the book's folder.
    pub external_key: String,
    /// Title in plain text.
    pub title: String,
    /// What the learner gets.
    pub body: UnitBody,
}

/// The content of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnitBody {
    /// Markdown source, not to be trusted: it may contain HTML.
    Text(String),
    /// The questions in the order of the quiz file; at least one.
    Quiz(Vec<Question>),
}

/// A question, what the learner sees apart from what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The `id` in the quiz file; without one, the path of the file, `:` and the number of the question.
    pub external_key: String,
    /// What the learner sees.
    pub prompt: QuestionPrompt,
    /// What is right; of the same variant as the kind of the prompt.
    pub key: AnswerKey,
    /// Markdown source of why it is right.
    pub explanation: Option<String>,
    /// Whether the options are shown in an order of chance; false where the order means something.
    pub shuffle: bool,
}

/// What the learner sees of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionPrompt {
    /// Markdown source; begins with the text that several questions share, if there is one.
    pub markdown: String,
    /// How it is answered.
    pub kind: QuestionKind,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionKind {
    /// By choosing the one right option.
    SingleChoice {
        /// What there is to choose.
        options: Vec<AnswerOption>,
    },
    /// By choosing every right option and no other.
    MultipleChoice {
        /// What there is to choose.
        options: Vec<AnswerOption>,
    },
    /// By writing a word or a line.
    ShortAnswer,
    /// By telling whether a program compiles and what it prints.
    Tracing {
        /// Source of the program, in Rust.
        program: String,
    },
}

/// Something to choose.
///
/// Options that are shuffled are listed by their keys, so that their order tells nothing of what is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerOption {
    /// Hash of the question's key and the text: 12 hexadecimal digits.
    pub external_key: String,
    /// Markdown source.
    pub markdown: String,
}

/// What is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerKey {
    /// Key of [`QuestionKind::SingleChoice`].
    SingleChoice {
        /// External key of the right option.
        correct: String,
    },
    /// Key of [`QuestionKind::MultipleChoice`].
    MultipleChoice {
        /// External keys of the right options; at least one, in the order of the options.
        correct: Vec<String>,
    },
    /// Key of [`QuestionKind::ShortAnswer`].
    ShortAnswer {
        /// Right answers without white space around them; at least one, the first being the one to show.
        accepted: Vec<String>,
    },
    /// Key of [`QuestionKind::Tracing`].
    Tracing {
        /// Whether the compiler accepts the program.
        does_compile: bool,
        /// What the program prints; none if it does not compile.
        stdout: Option<String>,
        /// Line of the program, from 1, that the compiler refuses; none if it compiles.
        line_number: Option<u32>,
    },
}

/// `title` in at most [`MAX_TITLE`] characters.
pub(super) fn cut_title(title: &str) -> String {
    match title.char_indices().nth(MAX_TITLE) {
        None => title.to_owned(),
        Some(_) => title.chars().take(MAX_TITLE - 1).chain(['…']).collect(),
    }
}
