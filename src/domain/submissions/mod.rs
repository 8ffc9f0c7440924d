//! Submissions: what learners hand in for assignments, and the grades that people give.
//!
//! Whoever hands in or grades locks the enrolment first and the submission second, as with attempts, so what an enrolment hands in comes
//! one after the other and a grade that passes completes the unit once. At most one submission of an enrolment waits to be graded
//! for each assignment: a later one supersedes it. A grade is given once, and never has more points than there are. Tables:
//! `submissions`, `submission_assets`.

pub mod grade;
pub mod hand_in;
pub mod lists;
pub mod model;
pub mod store;

pub use lists::SubmissionFilter;
pub use model::{Submission, SubmissionState};
