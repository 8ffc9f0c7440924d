//! What a viewer may do with learning records: an enrolment, an attempt, a submission.

use super::course_access::is_taught;
use super::support::operation::Ask;
use super::support::{AccessRefusal, Verdicts};
use crate::auth::org_policies::OwnPolicies;
use crate::auth::permission::{Permission, Reach};
use crate::auth::policy::{Facts, Kind, Relation};
use crate::domain::attempts::{Attempt, AttemptState};
use crate::domain::enrollments::{Enrollment, EnrollmentState};
use crate::domain::members::model::RelationTo;
use crate::domain::submissions::{Submission, SubmissionState};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, MemberKey, OrgId};
use async_graphql::{Context, SimpleObject};

/// What the viewer may do with an enrolment, in the state in which it is. Seats, times and what else a course asks for, the mutations
/// say.
#[derive(Clone, Debug, SimpleObject)]
#[expect(clippy::struct_excessive_bools, reason = "what one may do, each by itself")]
pub struct EnrollmentAccess {
    /// Whether the viewer may work through the course in it: report progress, take quizzes, hand in. Cost: 1.
    pub learn: bool,
    /// Whether the viewer may approve or decline the learner's request. Cost: 1.
    pub decide: bool,
    /// Whether the viewer may give the learner other times. Cost: 1.
    pub extend: bool,
    /// Whether the viewer may let the learner begin the course anew. Cost: 1.
    pub reopen: bool,
    /// Whether the viewer may take the learner out of the course, or off its waiting list, or take the request back. Cost: 1.
    pub withdraw: bool,
    /// Whether the viewer may give the learner more time and more attempts than quizzes do. Cost: 1.
    pub accommodate: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// What the viewer may do with an attempt, in the state in which it is. Times, and where its enrolment stands, the mutations look at.
#[derive(Clone, Debug, SimpleObject)]
pub struct AttemptAccess {
    /// Whether the viewer may go on with it and submit it. Cost: 1.
    pub take: bool,
    /// Whether the viewer may grade its essays, or grade them anew. Cost: 1.
    pub grade: bool,
    /// Whether the viewer may declare it void. Cost: 1.
    pub void: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// What the viewer may do with a submission, in the state in which it is.
#[derive(Clone, Debug, SimpleObject)]
pub struct SubmissionAccess {
    /// Whether the viewer may grade it, or grade it anew. Cost: 1.
    pub grade: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// What is done with learning records.
const PERMISSIONS: &[Permission] = &[
    Permission::AccommodationsManage,
    Permission::AttemptsGrade,
    Permission::AttemptsTake,
    Permission::AttemptsVoid,
    Permission::EnrollmentsManage,
];

/// How the viewer stands to a learning record, as far as the reach of their role, or a policy of the organisation's own, makes it
/// matter.
async fn relation(ctx: &Context<'_>, course: CourseKey, member: MemberKey) -> Result<Relation> {
    let Some(standing) = ctx.viewer().in_org(course.org) else {
        return Ok(Relation::default());
    };
    let reaches = PERMISSIONS.iter().map(|permission| standing.reach(*permission));
    let reach = reaches.fold(Reach::NONE, Reach::or);
    let any = !matches!(standing.own_policies(), OwnPolicies::None);
    let actor = standing.member;
    let managed = (any || reach.managed)
        && ctx
            .fetch(RelationTo { member, actor })
            .await?
            .is_some_and(|relation| relation.managed);
    Ok(Relation {
        own: standing.key() == member,
        taught: (any || reach.taught) && is_taught(ctx, course).await?,
        managed,
    })
}

/// Whether the viewer may do something that is about a record and about its enrolment.
fn may_both(verdicts: &mut Verdicts<'_>, permission: Permission, kind: Kind, enrollment: Facts) -> bool {
    let record = Facts { kind, ..enrollment };
    verdicts.may(permission, record) && verdicts.may(permission, enrollment)
}

fn enrollment_of(org: OrgId, relation: Relation) -> Facts {
    Facts::of(Kind::Enrollment, org).related(relation)
}

impl EnrollmentAccess {
    /// What the viewer may do with an enrolment.
    pub async fn of(ctx: &Context<'_>, enrollment: &Enrollment) -> Result<Self> {
        use EnrollmentState::{Active, Completed, Expired, Requested, Waitlisted};
        let (org, state) = (enrollment.key.org, enrollment.state);
        let relation = relation(ctx, enrollment.course_key(), enrollment.member_key()).await?;
        let facts = enrollment_of(org, relation);
        // Nobody decides about their own.
        let others = facts.related(relation.of_others());
        let mut verdicts = Verdicts::of(ctx, org);
        let learns = verdicts.may(Permission::AttemptsTake, facts);
        let withdraws = verdicts.may(Permission::EnrollmentsManage, facts);
        let decides = verdicts.may(Permission::EnrollmentsManage, others);
        Ok(Self {
            learn: learns && state.is_in(),
            decide: decides && state == Requested,
            extend: decides && matches!(state, Active | Expired),
            reopen: decides && state == Completed,
            withdraw: withdraws && matches!(state, Requested | Waitlisted | Active),
            accommodate: verdicts.may(Permission::AccommodationsManage, facts),
            refusals: verdicts.refusals(),
        })
    }
}

impl AttemptAccess {
    /// What the viewer may do with an attempt.
    pub async fn of(ctx: &Context<'_>, attempt: &Attempt) -> Result<Self> {
        use AttemptState::{Graded, InProgress, NeedsGrading, Voided};
        let (org, state) = (attempt.key.org, attempt.state);
        let learner = MemberKey::new(org, attempt.member_id);
        let relation = relation(ctx, attempt.unit_key().course, learner).await?;
        let enrollment = enrollment_of(org, relation);
        let mut verdicts = Verdicts::of(ctx, org);
        let mut may = |permission| may_both(&mut verdicts, permission, Kind::Attempt, enrollment);
        let takes = may(Permission::AttemptsTake);
        let grades = may(Permission::AttemptsGrade);
        let voids = may(Permission::AttemptsVoid);
        Ok(Self {
            take: takes && state == InProgress,
            grade: grades && matches!(state, NeedsGrading | Graded),
            void: voids && state != Voided,
            refusals: verdicts.refusals(),
        })
    }
}

impl SubmissionAccess {
    /// What the viewer may do with a submission.
    pub async fn of(ctx: &Context<'_>, submission: &Submission) -> Result<Self> {
        use SubmissionState::{Graded, Submitted};
        let org = submission.key.org;
        let relation = relation(ctx, submission.unit_key().course, submission.member_key()).await?;
        let enrollment = enrollment_of(org, relation);
        let mut verdicts = Verdicts::of(ctx, org);
        let grades = may_both(
            &mut verdicts,
            Permission::AttemptsGrade,
            Kind::Submission,
            enrollment,
        );
        Ok(Self {
            grade: grades && matches!(submission.state, Submitted | Graded),
            refusals: verdicts.refusals(),
        })
    }
}
