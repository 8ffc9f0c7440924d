//! Moving an enrolment to the present edition of its course: what it would do, and doing it.

use super::content::Unit;
use super::support::Ask;
use super::support::mutation::{key, show, signed_in};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::{Enrollment, EnrollmentState, store};
use crate::domain::progress::ProgressOf;
use crate::domain::revision_upgrades::{self, Plan};
use crate::kernel::error::Result;
use crate::kernel::ids::{EnrollmentKey, UnitId, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What moving an enrolment to the present edition of its course would do.
pub struct RevisionUpgrade {
    from: SharedRevision,
    to: SharedRevision,
    plan: Plan,
}

impl RevisionUpgrade {
    /// Plans it; nothing where the enrolment is not active, or on the present edition, or its course is no longer offered.
    pub async fn find(ctx: &Context<'_>, enrollment: &Enrollment) -> Result<Option<Self>> {
        if enrollment.state != EnrollmentState::Active {
            return Ok(None);
        }
        let (app, reader) = (ctx.app(), ctx.reader());
        let course = app.faces.find_of_record(&reader, enrollment.course_key()).await?;
        let present = course.revision().filter(|_| course.is_published());
        let Some(present) = present.filter(|present| *present != enrollment.revision_key()) else {
            return Ok(None);
        };
        let progress = ctx.fetch_one(ProgressOf(enrollment.key)).await?;
        let from = app.contents.find(&reader, enrollment.revision_key()).await?;
        let to = app.contents.find(&reader, present).await?;
        let plan = Plan::new(&from, &to, &progress);
        Ok(Some(Self { from, to, plan }))
    }
}

fn units(revision: &SharedRevision, ids: &[UnitId]) -> Vec<Unit> {
    let unit = |id: &UnitId| Unit::find(revision, UnitKey::new(revision.course, *id));
    ids.iter().filter_map(unit).collect()
}

/// What moving an enrolment to the present edition of its course would do. Requires: seeing the enrolment. Cost: 1.
#[Object]
impl RevisionUpgrade {
    /// The number of the edition that the enrolment is on. Cost: 1.
    async fn from_revision(&self) -> i32 {
        self.from.number
    }

    /// The number of the edition that it would move to. Cost: 1.
    async fn to_revision(&self) -> i32 {
        self.to.number
    }

    /// The units that the learner has been in and that stay, with their progress, as the other edition has them. Cost: 1.
    async fn kept(&self) -> Vec<Unit> {
        units(&self.to, &self.plan.kept)
    }

    /// The units that the learner has been in and that the other edition no longer has. Cost: 1.
    async fn lost(&self) -> Vec<Unit> {
        units(&self.from, &self.plan.lost)
    }

    /// The units that only the other edition has. Cost: 1.
    async fn added(&self) -> Vec<Unit> {
        units(&self.to, &self.plan.added)
    }

    /// How many units would be complete, of those that the other edition's completion rule counts. Cost: 1.
    async fn units_completed_after(&self) -> i32 {
        self.plan.units_completed
    }

    /// How many units that rule counts. Cost: 1.
    async fn unit_count_after(&self) -> i32 {
        self.plan.unit_count
    }

    /// Whether the course would be complete by it. Cost: 1.
    async fn completes_course(&self) -> bool {
        self.plan.completes
    }
}

/// What `enrollmentRevisionUpgrade` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentRevisionUpgradeInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// The number of the edition that you looked at in `Enrollment.revisionUpgrade`; refused when the course has another by now.
    pub expected_revision: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(EnrollmentRevisionUpgradeInput);

payload! {
    /// What `enrollmentRevisionUpgrade` answers.
    EnrollmentRevisionUpgradePayload {
        /// The enrolment as it is now.
        enrollment: Arc<Enrollment>,
        /// The identifiers of the units with progress that the course no longer has.
        lost_unit_ids: Vec<UnitKey>,
    }
    EnrollmentRevisionUpgradeUserError, EnrollmentRevisionUpgradeErrorCode {
        NotFound, Invalid, InvalidState, VersionConflict, AttemptOpen, IdempotencyMismatch
    }
}

/// The mutation that moves enrolments to other editions.
#[derive(Default)]
pub struct RevisionUpgradeMutation;

#[Object]
impl RevisionUpgradeMutation {
    /// Moves an active enrolment to the present edition of its course. The progress of units that stay is kept; that of units which are no
    /// longer there counts no more. It may complete the course. `Enrollment.revisionUpgrade` says beforehand what it would do.
    ///
    /// Requires: `enrollments.manage` for the learner, the course or yourself. Cost: 1.
    async fn enrollment_revision_upgrade(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolment.")] input: EnrollmentRevisionUpgradeInput,
    ) -> async_graphql::Result<Option<EnrollmentRevisionUpgradePayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return EnrollmentRevisionUpgradePayload::refused(refusals),
        };
        let expected = input.expected_revision;
        let done = ctx.operation().mutate(
            "enrollmentRevisionUpgrade",
            enrollment.org,
            &input,
            move |write| {
                Box::pin(async move { revision_upgrades::upgrade(write, enrollment, expected).await })
            },
        );
        let done = done.await?;
        let lost_unit_ids = done.as_ref().ok().map(|done| {
            let lost = done.lost.iter().map(|unit| UnitKey::new(done.course, *unit));
            lost.collect()
        });
        let (payload, shown) = EnrollmentRevisionUpgradePayload::of_edit(done)?;
        let reader = ctx.reader();
        let enrollment = show(shown, store::find(&reader, ctx.viewer(), enrollment)).await?;
        Ok(Some(EnrollmentRevisionUpgradePayload {
            enrollment,
            lost_unit_ids,
            ..payload
        }))
    }
}
