//! Attempts at quizzes: a small state machine on the database's clock.
//!
//! An attempt is open from its start until it is submitted by its learner, or, once its deadline and a short grace
//! are over, by the sweeper with what was saved. It is graded by the server from the answer keys of the revision
//! that the enrolment is pinned to; what no key can grade waits for people; an attempt whose time ran out before anything was saved
//! is abandoned, and staff may declare any void. There is
//! at most one open attempt for each enrolment and quiz, whatever two requests do at once: a unique index says so.
//!
//! Whoever starts or submits locks the enrolment first and the attempt second, so an enrolment's attempts change one
//! after the other and nobody waits in a circle; saving an answer takes a shared lock of the attempt alone, which
//! holds off its submission. Tables: `attempts`, `attempt_answers`, `accommodations`, `attempt_receipts`.

pub mod accommodations;
pub mod by_hand;
pub mod given;
#[cfg(test)]
mod given_tests;
pub mod grade;
pub mod lists;
pub mod model;
pub mod opening;
pub mod order;
pub mod overlay;
#[cfg(test)]
mod properties;
pub mod queue;
pub mod receipt;
pub mod receipts;
pub mod regrade;
pub mod regrade_store;
pub mod replay;
#[cfg(test)]
mod replay_tests;
pub mod result;
pub mod review;
pub mod rubric;
pub mod store;
pub mod submit;
pub mod take;
pub mod void;

pub use model::{Attempt, AttemptState};
