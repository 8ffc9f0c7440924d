//! `Enrollment`: edges, connections, root fields and mutations.

use super::accommodations::Accommodation;
use super::attempts::{self, AttemptConnection};
use super::content::Unit;
use super::courses::Course;
use super::progress::UnitProgress;
use super::quiz_results::QuizResult;
use super::record_access::EnrollmentAccess;
use super::record_lists;
use super::reports::{EnrollmentProgress, KnowledgeGap, gaps};
use super::revision_upgrades::RevisionUpgrade;
use super::submissions::{self, SubmissionConnection};
use super::support::{Ask, Paged, connection::Count};
use super::surveys;
use super::tag_gaps;
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::bookmarks::{Bookmark, BookmarksOf};
use crate::domain::certificates::{Certificate, CertificateOf};
use crate::domain::content::UnitContent;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::release::Achieved;
use crate::domain::enrollments::cycles::{CyclesOf, EnrollmentCycle};
use crate::domain::enrollments::release::AchievedIn;
use crate::domain::enrollments::store::PlaceOf;
use crate::domain::enrollments::{Enrollment, EnrollmentFilter, EnrollmentState, store};
use crate::domain::members::Member;
use crate::domain::organizations::Organization;
use crate::domain::progress::{ProgressOf, UnitProgressState};
use crate::domain::record_lists::{Parent, Seen};
use crate::domain::refusal::State;
use crate::domain::reports::ScoresOf;
use crate::domain::surveys::Survey;
use crate::domain::tag_gaps::TagGap;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, CourseKey, EnrollmentKey, Key, OrganizationKey, UnitKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
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
    /// Only those that should be complete by now and are not.
    #[graphql(default)]
    pub is_overdue: bool,
    /// Only those of active learners of whom nothing was reported since.
    pub inactive_since: Option<DateTime<Utc>>,
}

impl From<EnrollmentFilterInput> for EnrollmentFilter {
    fn from(input: EnrollmentFilterInput) -> Self {
        // An id that names no course matches none.
        let course = |id: ID| CourseKey::parse(&id).map_or(CourseId(uuid::Uuid::nil()), |key| key.id);
        Self {
            course: input.course_id.map(course),
            state: input.state,
            is_overdue: input.is_overdue,
            inactive_since: input.inactive_since,
        }
    }
}

/// Which enrolments a page of a progress report has.
#[derive(Clone, Copy, Debug, Default, InputObject)]
pub struct ProgressReportFilter {
    /// Only in this state.
    pub state: Option<EnrollmentState>,
    /// Only those that should be complete by now and are not.
    #[graphql(default)]
    pub is_overdue: bool,
    /// Only those of active learners of whom nothing was reported since.
    pub inactive_since: Option<DateTime<Utc>>,
}

impl From<ProgressReportFilter> for EnrollmentFilter {
    fn from(input: ProgressReportFilter) -> Self {
        Self {
            course: None,
            state: input.state,
            is_overdue: input.is_overdue,
            inactive_since: input.inactive_since,
        }
    }
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

    /// Who decided about the learner's request; null where nobody did, and where you may not know of them. Cost: 1, batched.
    #[graphql(name = "decidedBy")]
    async fn shown_decider(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        let view = View::of(ctx.viewer(), self.key.org, Permission::MembersRead);
        match self.decider().zip(view) {
            Some((key, view)) => Ok(ctx.fetch(Seen { key, view }).await?),
            None => Ok(None),
        }
    }

    /// The learner's place on the waiting list, from 1; null for who does not wait. Cost: 1, batched.
    async fn waitlist_position(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i64>> {
        if self.state != EnrollmentState::Waitlisted {
            return Ok(None);
        }
        Ok(ctx.fetch(PlaceOf(self.key)).await?)
    }

    /// Whether the course should be complete by now and is not. Cost: 1.
    async fn is_overdue(&self) -> bool {
        self.is_past_due()
    }

    /// The states that may follow the present one, by whoever may do that. Cost: 1.
    async fn allowed_moves(&self) -> &[EnrollmentState] {
        self.state.next()
    }

    /// What the learner's former cycles came to, the first first; empty in the first cycle. Cost: 1, batched.
    async fn former_cycles(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<EnrollmentCycle>> {
        if self.cycle == 1 {
            return Ok(Vec::new());
        }
        let cycles = ctx.fetch(CyclesOf(self.key)).await?;
        Ok(cycles.map(|cycles| cycles.to_vec()).unwrap_or_default())
    }

    /// How far the learner is. Cost: 1.
    async fn progress(&self) -> EnrollmentProgress {
        EnrollmentProgress::from(self)
    }

    /// The modules in whose quizzes the learner missed points in this cycle, the weakest first, by the best attempt at each quiz. Cost: 1,
    /// batched.
    async fn knowledge_gaps(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<KnowledgeGap>> {
        match ctx.fetch(ScoresOf(self.key)).await? {
            Some(scores) => Ok(gaps(&edition(ctx, self).await?, &scores)),
            None => Ok(Vec::new()),
        }
    }

    /// The tags of questions from banks at which the learner missed points in this cycle, the weakest first, at most 100: by the
    /// answers in the best attempt at each quiz, as far as the quiz's review is open, and by the questions' tags as they are now.
    /// Questions that are not from a bank have no tags. Cost: 1, batched.
    async fn tag_gaps(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TagGap>> {
        Ok(tag_gaps::of_enrollment(ctx, self.key).await?)
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

    /// The surveys of the course that wait for your answer; none for anybody but the learner, at most 50. Cost: 1, batched.
    async fn waiting_surveys(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Survey>>> {
        Ok(surveys::waiting(ctx, self).await?)
    }

    /// The first unit that is required, not complete and not locked for the learner; null once all of them are complete or locked, and
    /// for who has left the course. Cost: 1, batched.
    async fn next_unit(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Unit>> {
        if self.state != EnrollmentState::Active {
            return Ok(None);
        }
        let revision = edition(ctx, self).await?;
        let achieved = achieved(ctx, self, &revision).await?;
        let is_next = |unit: &&UnitContent| {
            let blocking = achieved.blocking(&unit.release, self.begun_at(), self.read_at);
            !achieved.complete.contains(&unit.id) && blocking.is_empty()
        };
        let next = revision.required_units().find(is_next);
        Ok(next.and_then(|unit| Unit::find(&revision, UnitKey::new(revision.course, unit.id))))
    }

    /// The units of the course that you keep, the newest first, at most 500; empty for everybody but the learner. Cost: 1, batched.
    async fn bookmarks(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Bookmark>>> {
        match ctx.viewer().in_org(self.key.org) {
            Some(standing) if standing.member == self.member_id => {
                let bookmarks = ctx.fetch(BookmarksOf(self.key, standing.member)).await?;
                Ok(bookmarks.map(|bookmarks| bookmarks.to_vec()).unwrap_or_default())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// What moving to the course's present edition would do; null for who is on it, is not active, or whose course is no longer
    /// offered. Cost: 1, batched.
    async fn revision_upgrade(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<RevisionUpgrade>> {
        Ok(RevisionUpgrade::find(ctx, self).await?)
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
        let args = PageArgs::new(first, after, last, before);
        Ok(attempts::page_of_enrollment(ctx, self.key, args).await?)
    }

    /// How the learner stands in the quizzes of their edition of the course, in its order: one result for each. Cost: 1, batched.
    async fn quiz_results(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only in this quiz.")] quiz_id: Option<ID>,
    ) -> async_graphql::Result<Vec<QuizResult>> {
        let only = match quiz_id.map(|id| UnitKey::parse(&id)) {
            None => None,
            Some(Some(quiz)) => Some(quiz),
            // An id that names no quiz matches none.
            Some(None) => return Ok(Vec::new()),
        };
        Ok(QuizResult::all(ctx, self, only).await?)
    }

    /// What the learner is given beyond what quizzes give everybody: one for all quizzes at most, and one for each. Cost: 1,
    /// batched.
    async fn accommodations(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Accommodation>> {
        Ok(Accommodation::all(ctx, self).await?)
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
        let args = PageArgs::new(first, after, last, before);
        Ok(submissions::page_of_enrollment(ctx, self.key, args).await?)
    }

    /// The certificate that the course was completed, of the last time that it was; null before the first. Cost: 1, batched.
    async fn certificate(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Certificate>>> {
        if self.completed_at.is_none() && self.cycle == 1 {
            return Ok(None);
        }
        Ok(ctx.fetch(CertificateOf(self.key)).await?)
    }

    /// What the viewer may do with the enrolment, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<EnrollmentAccess> {
        Ok(EnrollmentAccess::of(ctx, self).await?)
    }
}

/// What the learner of an enrolment has done: all that rules look at where the edition has some, else which units are complete.
async fn achieved(
    ctx: &Context<'_>,
    enrollment: &Enrollment,
    revision: &SharedRevision,
) -> Result<Arc<Achieved>> {
    if revision.required_units().any(|unit| !unit.release.is_empty()) {
        return ctx.fetch_one(AchievedIn(enrollment.key)).await;
    }
    let mut achieved = Achieved::default();
    if enrollment.units_completed > 0 {
        let rows = ctx.fetch_one(ProgressOf(enrollment.key)).await?;
        let done = rows
            .iter()
            .filter(|row| row.state == UnitProgressState::Completed);
        achieved.complete.extend(done.map(|row| row.unit_id));
    }
    Ok(Arc::new(achieved))
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
