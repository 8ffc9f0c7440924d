//! `enrollBulk`: many learners at once.

use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::bulk::ErrorPolicy;
use crate::domain::enrollments::candidates::Whom;
use crate::domain::enrollments::joining::{EnrolledRow, NewLearner, enroll_many};
use crate::domain::enrollments::{Enrollment, store};
use crate::kernel::email::address;
use crate::kernel::ids::{CourseKey, Key, MemberKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use std::sync::Arc;

/// Who is to be a learner: give one of `memberId`, `externalId` and `email`.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollBulkRowInput {
    /// The member, by identifier.
    pub member_id: Option<ID>,
    /// The member, by your own name for them.
    pub external_id: Option<String>,
    /// The member, by the address under which the organisation knows them.
    pub email: Option<String>,
    /// Until when the course is to be complete; by the course's terms where this is left out.
    pub due_at: Option<DateTime<Utc>>,
    /// Until when the learner may work through the course; by the course's terms where this is left out.
    pub expires_at: Option<DateTime<Utc>>,
    /// Your own name for this row, given back with its result.
    pub client_key: Option<String>,
}

/// What `enrollBulk` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollBulkInput {
    /// The course.
    pub course_id: ID,
    /// Whom to enrol: 1 to 250.
    pub rows: Vec<EnrollBulkRowInput>,
    /// What becomes of the other rows where some cannot be done.
    #[graphql(default)]
    pub error_policy: ErrorPolicy,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(EnrollBulkInput);

/// What became of one row of `enrollBulk`.
#[derive(Clone, Debug, SimpleObject)]
pub struct EnrollBulkResult {
    /// Your own name for the row.
    pub client_key: Option<String>,
    /// Which row of the input, from 0.
    pub index: i32,
    /// The enrolment: its state says whether the learner is in or waits for a seat. Null where the row was refused.
    pub enrollment: Option<Arc<Enrollment>>,
    /// What to correct in the row; empty when the member was enrolled.
    pub user_errors: Vec<EnrollBulkUserError>,
}

payload! {
    /// What `enrollBulk` answers.
    EnrollBulkPayload {
        /// One for each row of the input, in its order; null where nobody was enrolled.
        results: Vec<EnrollBulkResult>,
    }
    EnrollBulkUserError, EnrollBulkErrorCode {
        NotFound, Invalid, InvalidState, Taken, NotPublished, AlreadyEnrolled, IdempotencyMismatch
    }
}

impl EnrollBulkRowInput {
    /// Whom the row names; nobody where it names two or none.
    fn whom(&self) -> Whom {
        match (&self.member_id, &self.external_id, &self.email) {
            (Some(id), None, None) => MemberKey::parse(id).map_or(Whom::Nobody, Whom::Member),
            (None, Some(id), None) => Whom::ExternalId(id.clone()),
            (None, None, Some(email)) => address(email).map_or(Whom::Nobody, Whom::Email),
            _ => Whom::Nobody,
        }
    }
}

/// The mutation on many enrolments.
#[derive(Default)]
pub struct EnrollmentBulkMutation;

#[Object]
impl EnrollmentBulkMutation {
    /// Enrols up to 250 members in a published course, in one transaction, as `enrollmentCreate` does one. Seats go to the rows in their
    /// order; who gets none waits. With `REJECT_ALL` nobody is enrolled unless everybody can be, with `REJECT_ROWS` those are who can.
    ///
    /// Requires: `enrollments.manage` for each member or the course, more than for yourself. Cost: 1.
    async fn enroll_bulk(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course and which members.")] input: EnrollBulkInput,
    ) -> async_graphql::Result<Option<EnrollBulkPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return EnrollBulkPayload::refused(refusals),
        };
        let rows = input.rows.iter().map(|row| NewLearner {
            whom: row.whom(),
            due_at: row.due_at,
            expires_at: row.expires_at,
        });
        let (rows, policy): (Vec<_>, _) = (rows.collect(), input.error_policy);
        let done = ctx
            .operation()
            .mutate("enrollBulk", course.org, &input, move |write| {
                Box::pin(async move { enroll_many(write, course, &rows, policy).await })
            });
        match done.await? {
            Ok(rows) => {
                let rows = rows.into_iter().zip(&input.rows).enumerate();
                let results = rows.map(|(index, (row, given))| result(ctx, index, row, given));
                Ok(Some(EnrollBulkPayload {
                    results: Some(try_join_all(results).await?),
                    ..Default::default()
                }))
            }
            Err(refusals) => EnrollBulkPayload::refused(refusals),
        }
    }
}

async fn result(
    ctx: &Context<'_>,
    index: usize,
    row: EnrolledRow,
    given: &EnrollBulkRowInput,
) -> async_graphql::Result<EnrollBulkResult> {
    let enrollment = match row.enrollment {
        Some(key) => store::find(&ctx.reader(), ctx.viewer(), key).await?,
        None => None,
    };
    let refused = EnrollBulkPayload::refused(row.refusals)?;
    Ok(EnrollBulkResult {
        client_key: given.client_key.clone(),
        index: i32::try_from(index).unwrap_or(i32::MAX),
        enrollment,
        user_errors: refused.map(|payload| payload.user_errors).unwrap_or_default(),
    })
}
