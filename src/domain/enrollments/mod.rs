//! Enrolments: a learner's place in a course.
//!
//! An enrolment is pinned to the revision that was current when it was made, and counts the units that this revision's
//! completion rule requires. The lock of its row orders everything that changes the learner's progress: whoever
//! completes a unit holds it, so a course is completed once and its certificate issued once. Table: `enrollments`.

pub mod completion;
pub mod joining;
pub mod model;
pub mod store;

pub use completion::{Completion, complete_units};
pub use model::{Enrollment, EnrollmentSource, EnrollmentState, SeenEnrollment};
pub use store::EnrollmentFilter;
