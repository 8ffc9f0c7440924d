//! Enrolments: a learner's place in a course.
//!
//! An enrolment is pinned to the revision that was current when it became active, and counts the units that this revision's
//! completion rule counts. The lock of its row orders everything that changes the learner's progress: whoever
//! completes a unit holds it, so a course is completed once and its certificate issued once. Which state follows which is said
//! in one place (`EnrollmentState::next`). Tables: `enrollments`, `enrollment_cycles`, `enrollment_terms`.

pub mod candidates;
pub mod completion;
pub mod cycles;
pub mod joining;
pub mod memberships;
pub mod model;
pub mod moves;
pub mod own;
pub mod release;
pub mod seats;
pub mod store;
pub mod terms;

pub use completion::{Completion, complete_units};
pub use model::{Enrollment, EnrollmentSource, EnrollmentState, SeenEnrollment};
pub use store::EnrollmentFilter;
