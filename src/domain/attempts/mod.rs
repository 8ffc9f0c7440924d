//! Attempts at quizzes: a small state machine on the database's clock.
//!
//! An attempt is open from its start until it is submitted by its learner, or, once its deadline and a short grace
//! are over, by the sweeper with what was saved. It is graded by the server from the answer keys of the revision
//! that the enrolment is pinned to; what no key can grade waits for people; an attempt whose time ran out before anything was saved is abandoned. There is
//! at most one open attempt for each enrolment and quiz, whatever two requests do at once: a unique index says so.
//!
//! Whoever starts or submits locks the enrolment first and the attempt second, so an enrolment's attempts change one
//! after the other and nobody waits in a circle; saving an answer takes a shared lock of the attempt alone, which
//! holds off its submission. Tables: `attempts`, `attempt_answers`.

pub mod by_hand;
pub mod given;
#[cfg(test)]
mod given_tests;
pub mod grade;
pub mod lists;
pub mod model;
pub mod order;
#[cfg(test)]
mod properties;
pub mod review;
pub mod store;
pub mod submit;
pub mod take;

pub use model::{Attempt, AttemptState};

/// Seconds after the deadline in which a learner may still submit what was saved before it. Then the sweeper does.
pub const GRACE_SECONDS: i32 = 5;
