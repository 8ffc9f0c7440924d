//! Courses: identity, state and published face; the draft that authors edit; publication.
//!
//! A course row shows what is published; before the first publication it shows the working title that it was created
//! with. What an author edits lives in the draft tables and reaches a reader only through [`publish`], which freezes
//! it into a numbered revision. Tables: `courses`, `course_drafts`, `draft_modules`, `draft_units`,
//! `draft_unit_assets`, `draft_questions`, `draft_translations`, `question_banks`, `bank_questions`, `bank_question_versions`,
//! `course_prerequisites`, `course_revisions`, `revision_answer_keys`, `revision_assets`, `published_texts`, `course_instructors`.

pub mod arranging;
pub mod authoring;
pub mod bank_writes;
pub mod banks;
pub mod demands;
pub mod diff;
pub mod document;
pub mod draft_units;
pub mod drafts;
pub mod duplicate;
pub mod export;
pub mod faces;
pub mod import;
pub mod importing;
pub mod model;
pub mod pools;
pub mod publish;
pub mod published_texts;
pub mod question_faults;
pub mod releasing;
mod renaming;
pub mod reviews;
pub mod store;
pub mod thaw;
pub mod translations;
pub mod tree;
pub mod unit_faults;

pub use faces::Faces;
pub use model::{Course, CourseState, CourseVisibility};
