//! Books written for [mdBook](https://rust-lang.github.io/mdBook/), read from a folder into a tree of
//! modules, units and questions. Files in, a tree out: nothing else is touched.
//!
//! What becomes of what:
//!
//! | In the book | In Lyceum |
//! |---|---|
//! | a numbered chapter of the first level with those below it | a module; its own text is the first unit |
//! | prefix or suffix chapters that follow each other | one module, see [`read`] |
//! | a heading in `SUMMARY.md` | the `part` of the modules below it |
//! | a chapter file | a text unit; one more after each quiz in it |
//! | `{{#quiz file}}` (mdbook-quiz) | a quiz unit with the questions of the file |
//! | `{{#include …}}`, `{{#rustdoc_include …}}`, `{{#playground …}}` | the lines of the file, or a note |
//! | chapters without a file, images, other preprocessors | named in the [`Report`] |

mod book;
mod chapter;
mod directive;
mod expand;
mod fields;
mod folder;
mod quiz;
mod reader;
mod report;
mod summary;
#[cfg(test)]
mod testing;

pub use book::{
    AnswerKey, AnswerOption, Book, BookModule, BookUnit, MAX_BODY, MAX_KEY, MAX_TITLE, Question,
    QuestionKind, QuestionPrompt, UnitBody,
};
pub use reader::read;
pub use report::{Broken, BrokenBook, Place, Report, Skipped};
