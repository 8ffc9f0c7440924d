//! The mutation on a course's terms.

use super::courses::Course;
use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::enrollments::terms::{self, EnrollmentPolicy};
use crate::kernel::ids::CourseKey;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};

/// What `courseEnrollmentTermsSet` takes: the terms as a whole. What is left out is without a limit.
#[derive(Clone, Debug, InputObject)]
pub struct CourseEnrollmentTermsSetInput {
    /// The course.
    pub course_id: ID,
    /// How learners come in by themselves.
    pub policy: EnrollmentPolicy,
    /// What a learner gives to join by invitation, 12 to 100 characters; with that policy alone.
    pub invitation_code: Option<String>,
    /// How many learners may be in the course at a time, 1 to 1000000.
    pub seats: Option<i32>,
    /// After how many days the course is due, 1 to 3650.
    pub due_days: Option<i32>,
    /// After how many days the learner's time is over, 1 to 3650.
    pub access_days: Option<i32>,
    /// After how many months an enrolment that is complete begins anew, 1 to 120.
    pub valid_months: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(CourseEnrollmentTermsSetInput);

payload! {
    /// What `courseEnrollmentTermsSet` answers.
    CourseEnrollmentTermsSetPayload {
        /// The course.
        course: Course,
    }
    CourseEnrollmentTermsSetUserError, CourseEnrollmentTermsSetErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutation on terms.
#[derive(Default)]
pub struct EnrollmentTermsMutation;

#[Object]
impl EnrollmentTermsMutation {
    /// Says how learners come into a course, how many, and for how long. It takes effect at once and for whom is let in from now on;
    /// enrolments that there are keep their times, and who waits for a seat keeps their place, whatever the policy becomes: withdraw those who
    /// are not to come in. Seats that there are now go to those who wait, in their order.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn course_enrollment_terms_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course, and its terms.")] input: CourseEnrollmentTermsSetInput,
    ) -> async_graphql::Result<Option<CourseEnrollmentTermsSetPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return CourseEnrollmentTermsSetPayload::refused(refusals),
        };
        let new = terms::EnrollmentTerms {
            policy: input.policy,
            invitation_code: input.invitation_code.clone(),
            seats: input.seats,
            due_days: input.due_days,
            access_days: input.access_days,
            valid_months: input.valid_months,
        };
        let done = ctx
            .operation()
            .mutate("courseEnrollmentTermsSet", course.org, &input, move |write| {
                Box::pin(async move { terms::set(write, course, &new).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseEnrollmentTermsSetPayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseEnrollmentTermsSetPayload::refused(refusals),
        }
    }
}
