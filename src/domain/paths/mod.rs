//! Learning paths: courses of an organisation that are worked through in an order, and who follows them.
//!
//! Following a path is recorded and enrols in nothing: a learner joins each course when they come to it. How far they are, and whether
//! the path is complete, is read from their enrolments whenever somebody asks. Tables: `learning_paths`, `path_courses`,
//! `path_enrollments`.

pub mod followers;
pub mod following;
pub mod lists;
pub mod model;
pub mod steps;
pub mod write;

pub use model::{LearningPath, LearningPathState, PathEnrollment};
