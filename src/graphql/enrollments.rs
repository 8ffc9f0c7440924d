//! `Enrollment`: edges, connections, root fields and mutations.

use super::attempts::{self, AttemptConnection};
use super::content::Unit;
use super::courses::Course;
use super::progress::UnitProgress;
use super::record_lists;
use super::submissions::{self, SubmissionConnection};
use super::support::mutation::{key, signed_in};
use super::support::{Ask, Paged, connection::Count};
use crate::db::paginate::CursorValue;
use crate::domain::certificates::{Certificate, CertificateOf};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::{Enrollment, EnrollmentFilter, EnrollmentState, joining, store};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::progress::{ProgressOf, UnitProgressState};
use crate::domain::record_lists::Parent;
use crate::kernel::error::Result;
use crate::kernel::ids::{
    CourseId, CourseKey, EnrollmentKey, Key, MemberKey, OrganizationKey, UnitId, UnitKey,
};
use crate::kernel::page::PageArgs;
use crate::{connection, inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use std::collections::HashSet;
use std::sync::Arc;

connection!(
    EnrollmentConnection,
    EnrollmentEdge,
    Arc<Enrollment>,
    "enrolments"
);

/// Which enrolments a page has.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "EnrollmentFilter")]
pub struct EnrollmentFilterInput {
    /// Only in this course, by its id.
    pub course_id: Option<ID>,
    /// Only in this state.
    pub state: Option<EnrollmentState>,
}

impl From<EnrollmentFilterInput> for EnrollmentFilter {
    fn from(input: EnrollmentFilterInput) -> Self {
        // An id that names no course matches none.
        let course = |id: ID| CourseKey::parse(&id).map_or(CourseId(uuid::Uuid::nil()), |key| key.id);
        Self {
            course: input.course_id.map(course),
            state: input.state,
        }
    }
}

/// How far a learner is in a course.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct EnrollmentProgress {
    /// Units complete, of those that the course's completion rule requires. Cost: 1.
    pub units_completed: i32,
    /// Units that the course's completion rule requires. Cost: 1.
    pub unit_count: i32,
    /// Share of the required units that are complete, in whole percent, rounded down. Cost: 1.
    pub percent: i32,
}

#[ComplexObject]
impl Enrollment {
    /// The enrolment's global identifier. Cost: 1.
    pub async fn id(&self) -> EnrollmentKey {
        self.key
    }

    /// The organisation that runs the course. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.key.org)).await?)
    }

    /// The learner. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// The course, in the edition that the learner works through. Cost: 1, from memory or batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Course> {
        let row = ctx
            .app()
            .faces
            .find_of_record(&ctx.reader(), self.course_key())
            .await?;
        Ok(Course::pinned(row, self.revision_key()))
    }

    /// How far the learner is. Cost: 1.
    async fn progress(&self) -> EnrollmentProgress {
        EnrollmentProgress {
            units_completed: self.units_completed,
            unit_count: self.unit_count,
            percent: self.units_completed * 100 / self.unit_count.max(1),
        }
    }

    /// The units that the learner has been in, in the order of the course. Cost: 1, batched.
    async fn unit_progress(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<UnitProgress>> {
        let rows = ctx.fetch_one(ProgressOf(self.key)).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let revision = edition(ctx, self).await?;
        let mut rows: Vec<_> = rows.iter().cloned().collect();
        rows.sort_by_key(|row| revision.unit_position(row.unit_id));
        let show = |row| UnitProgress::new(&revision, row);
        Ok(rows.into_iter().filter_map(show).collect())
    }

    /// The first unit that is required and not complete; null once all of them are, and for who has left the course.
    /// Cost: 1, batched.
    async fn next_unit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Unit>> {
        if self.state != EnrollmentState::Active {
            return Ok(None);
        }
        let mut complete: HashSet<UnitId> = HashSet::new();
        if self.units_completed > 0 {
            let rows = ctx.fetch_one(ProgressOf(self.key)).await?;
            let done = rows
                .iter()
                .filter(|row| row.state == UnitProgressState::Completed);
            complete.extend(done.map(|row| row.unit_id));
        }
        let revision = edition(ctx, self).await?;
        let next = revision
            .required_units()
            .find(|unit| !complete.contains(&unit.id));
        Ok(next.and_then(|unit| Unit::find(&revision, UnitKey::new(revision.course, unit.id))))
    }

    /// The learner's attempts at the course's quizzes, the newest first. Cost: 1 for each row asked for, batched.
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AttemptConnection> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        Ok(attempts::page_of_enrollment(ctx, self.key, args).await?)
    }

    /// What the learner handed in for the course's assignments, the newest first. Cost: 1 for each row asked for, batched.
    async fn submissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<SubmissionConnection> {
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        Ok(submissions::page_of_enrollment(ctx, self.key, args).await?)
    }

    /// The certificate that the course was completed; null before it is. Cost: 1, batched.
    async fn certificate(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Certificate>>> {
        if self.state != EnrollmentState::Completed {
            return Ok(None);
        }
        Ok(ctx.fetch(CertificateOf(self.key)).await?)
    }
}

/// The edition that an enrolment is pinned to.
async fn edition(ctx: &Context<'_>, enrollment: &Enrollment) -> Result<SharedRevision> {
    ctx.app()
        .contents
        .find(&ctx.reader(), enrollment.revision_key())
        .await
}

/// Reads a page of what the viewer may see of the enrolments in an organisation, in a course or of a member; batched.
pub async fn page_of(
    ctx: &Context<'_>,
    parent: Parent,
    filter: EnrollmentFilter,
    args: PageArgs,
) -> Result<EnrollmentConnection> {
    let paged = record_lists::page_of(ctx, "enrollments", parent, filter, args, cursor).await?;
    Ok(paged.into())
}

/// Reads a page of the viewer's own enrolments in all of their organisations.
pub async fn page_of_viewer(
    ctx: &Context<'_>,
    filter: EnrollmentFilter,
    args: PageArgs,
) -> Result<EnrollmentConnection> {
    let list = format!("own enrollments {filter:?}");
    let page = ctx.page(&args, &list)?;
    let slice = store::list_own(&ctx.reader(), ctx.viewer(), filter, &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let viewer = viewer.clone();
        Box::pin(async move { store::count_own(&reader, &viewer, filter).await })
    });
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count).into())
}

fn cursor(enrollment: &Arc<Enrollment>) -> [String; 1] {
    [enrollment.key.id.write()]
}

/// The root fields about enrolments.
#[derive(Default)]
pub struct EnrollmentQuery;

#[Object]
impl EnrollmentQuery {
    /// Finds an enrolment by its id. Null when there is none that you may see.
    ///
    /// Requires: `learning_records.read` for the learner. Cost: 1.
    async fn enrollment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The enrolment's global identifier.")] id: ID,
    ) -> async_graphql::Result<Option<Arc<Enrollment>>> {
        match EnrollmentKey::parse(&id) {
            Some(key) => Ok(ctx.seen(key.org, store::find(&ctx.reader(), ctx.viewer(), key).await?)),
            None => Ok(None),
        }
    }
}

/// What `enroll` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollInput {
    /// The course to join.
    pub course_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `enrollmentCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EnrollmentCreateInput {
    /// The course.
    pub course_id: ID,
    /// The member who will be its learner.
    pub member_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(EnrollInput, EnrollmentCreateInput);

payload! {
    /// What `enroll` answers.
    EnrollPayload {
        /// The new enrolment.
        enrollment: Arc<Enrollment>,
    }
    EnrollUserError, EnrollErrorCode { NotFound, Invalid, NotPublished, AlreadyEnrolled, IdempotencyMismatch }
}

payload! {
    /// What `enrollmentCreate` answers.
    EnrollmentCreatePayload {
        /// The new enrolment.
        enrollment: Arc<Enrollment>,
    }
    EnrollmentCreateUserError, EnrollmentCreateErrorCode {
        NotFound, Invalid, InvalidState, NotPublished, AlreadyEnrolled, IdempotencyMismatch
    }
}

/// The mutations on enrolments.
#[derive(Default)]
pub struct EnrollmentMutation;

#[Object]
impl EnrollmentMutation {
    /// Joins a published course. The enrolment stays on the course's present edition.
    ///
    /// Requires: `enrollments.manage` for yourself. Cost: 1.
    async fn enroll(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course.")] input: EnrollInput,
    ) -> async_graphql::Result<Option<EnrollPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return EnrollPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("enroll", course.org, &input, move |write| {
                Box::pin(async move { joining::enroll(write, course).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(EnrollPayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => EnrollPayload::refused(refusals),
        }
    }

    /// Enrols a member in a published course. The enrolment stays on the course's present edition.
    ///
    /// Requires: `enrollments.manage` for the member or the course. Cost: 1.
    async fn enrollment_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course and which member.")] input: EnrollmentCreateInput,
    ) -> async_graphql::Result<Option<EnrollmentCreatePayload>> {
        signed_in(ctx)?;
        let course: Result<CourseKey, _> = key(&input.course_id, "courseId");
        let member: Result<MemberKey, _> = key(&input.member_id, "memberId");
        let (course, member) = match (course, member) {
            (Ok(course), Ok(member)) => (course, member),
            (Err(refusals), _) | (_, Err(refusals)) => return EnrollmentCreatePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("enrollmentCreate", course.org, &input, move |write| {
                Box::pin(async move { joining::create(write, course, member).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(EnrollmentCreatePayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => EnrollmentCreatePayload::refused(refusals),
        }
    }
}
