//! What a learner does in an enrolment of their own begins here.

use super::model::{Enrollment, SeenEnrollment};
use super::store::find_for_write;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::EnrollmentKey;

/// An enrolment with the proof that the actor may do in it what learners do.
pub type Own<'gate> = Allowed<'gate, action::AttemptsTake, SeenEnrollment>;

/// Reads and locks an enrolment of the actor's own, in whatever state it is.
pub async fn find<'w>(write: &'w Write<'_>, key: EnrollmentKey) -> Result<Own<'w>, Stop> {
    let found = find_for_write(&write.gate, key).await?;
    write.gate.allow(found).at("enrollmentId")
}

/// Refuses what only learners do who are in the course.
pub fn refuse_unless_in(enrollment: &Enrollment) -> Result<(), Stop> {
    if enrollment.state.is_in() {
        return Ok(());
    }
    let message = format!(
        "The enrolment is {}: the learner is not in this course.",
        enrollment.state.shown()
    );
    refuse_with(Refusal::at(Code::NotEnrolled, "enrollmentId", message))
}
