//! `Attempt`: edges, lists, root field.

use super::attempt_items::AttemptItem;
use super::content::QuizUnit;
use super::receipts::AttemptReceipt;
use super::record_access::AttemptAccess;
use super::record_lists;
use super::support::operation::Ask;
use super::support::{Paged, connection::Count};
use crate::auth::permission::Permission;
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::attempts::lists::{self, AttemptCountOf, AttemptFilter, AttemptsOf, SecondsLeft};
use crate::domain::attempts::queue::{QueueOf, QueuePage};
use crate::domain::attempts::{Attempt, AttemptState};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::Enrollment;
use crate::domain::members::Member;
use crate::domain::record_lists::Parent;
use crate::domain::visibility::View;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AttemptKey, CourseId, CourseKey, EnrollmentKey, Key, MemberKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, Object};
use std::sync::Arc;

connection!(AttemptConnection, AttemptEdge, Arc<Attempt>, "attempts");

/// Which attempts a page has.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "AttemptFilter")]
pub struct AttemptFilterInput {
    /// Only at quizzes of this course, by its id.
    pub course_id: Option<ID>,
    /// Only in this state.
    pub state: Option<AttemptState>,
}

impl From<AttemptFilterInput> for AttemptFilter {
    fn from(input: AttemptFilterInput) -> Self {
        // An id that names no course matches none.
        let course = |id: ID| CourseKey::parse(&id).map_or(CourseId(uuid::Uuid::nil()), |key| key.id);
        Self {
            course: input.course_id.map(course),
            state: input.state,
        }
    }
}

impl Attempt {
    async fn revision(&self, ctx: &Context<'_>) -> Result<SharedRevision> {
        ctx.app().contents.find(&ctx.reader(), self.revision_key()).await
    }

    /// Whether the viewer is the learner whose attempt this is.
    fn is_mine(&self, ctx: &Context<'_>) -> bool {
        ctx.viewer()
            .in_org(self.key.org)
            .is_some_and(|standing| standing.member == self.member_id)
    }
}

#[ComplexObject]
impl Attempt {
    /// The attempt's global identifier. Cost: 1.
    pub async fn id(&self) -> AttemptKey {
        self.key
    }

    /// The learner. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx
            .fetch_one(MemberKey::new(self.key.org, self.member_id))
            .await?)
    }

    /// The enrolment that it belongs to. Cost: 1, batched.
    async fn enrollment(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Enrollment>> {
        Ok(ctx.fetch_one(self.enrollment_key()).await?)
    }

    /// Whether the points that pass were earned; null while the attempt is open or waits to be graded. Cost: 1.
    #[graphql(name = "isPassed")]
    async fn shown_is_passed(&self) -> Option<bool> {
        matches!(self.state, AttemptState::Graded | AttemptState::Abandoned).then(|| self.is_passed())
    }

    /// Seconds until the deadline by the server's clock, 0 once it is over; null where there is no deadline or the
    /// attempt is closed. Cost: 1, batched.
    async fn seconds_left(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i32>> {
        if self.state != AttemptState::InProgress || self.deadline_at.is_none() {
            return Ok(None);
        }
        Ok(ctx.fetch(SecondsLeft(self.key)).await?)
    }

    /// The quiz, as it was in the revision that the enrolment was pinned to. Cost: 1, from memory.
    async fn quiz(&self, ctx: &Context<'_>) -> async_graphql::Result<QuizUnit> {
        let revision = self.revision(ctx).await?;
        Ok(QuizUnit::find(&revision, self.unit_key()).ok_or(Error::NotFound)?)
    }

    /// The questions, at most 1000, in the attempt's own order: each attempt may show questions and options in another,
    /// and this one always in the same. While the attempt is open, everybody but its learner sees the author's order.
    ///
    /// Cost: 1, from memory.
    async fn items(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<AttemptItem>> {
        let revision = self.revision(ctx).await?;
        let in_own_order = self.state != AttemptState::InProgress || self.is_mine(ctx);
        Ok(AttemptItem::all(self, &revision, in_own_order))
    }

    /// The newest receipt of the attempt; null while it is open. Cost: 1, batched.
    async fn receipt(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<AttemptReceipt>> {
        Ok(AttemptReceipt::all(ctx, self).await?.pop())
    }

    /// All receipts of the attempt, the first first: one for each grade that it had. Cost: 1, batched.
    async fn receipts(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<AttemptReceipt>> {
        Ok(AttemptReceipt::all(ctx, self).await?)
    }

    /// What the viewer may do with the attempt, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<AttemptAccess> {
        Ok(AttemptAccess::of(ctx, self).await?)
    }
}

/// Reads a page of what the viewer may see of the attempts in an organisation, in a course or of a member; batched.
pub async fn page_of(
    ctx: &Context<'_>,
    parent: Parent,
    filter: AttemptFilter,
    args: PageArgs,
) -> Result<AttemptConnection> {
    let paged = record_lists::page_of(ctx, "attempts", parent, filter, args, cursor).await?;
    Ok(paged.into())
}

/// Reads a page of the attempts in a course or in an organisation that the viewer may grade and that wait for it; batched.
pub async fn queue_of(ctx: &Context<'_>, parent: Parent, args: PageArgs) -> Result<AttemptConnection> {
    let list = format!("attempts to grade of {parent:?}");
    let page = ctx.page(&args, &list)?;
    let Some(view) = View::of(ctx.viewer(), parent.org(), Permission::AttemptsGrade) else {
        let none: Count = Box::new(|_| Box::pin(async { Ok(0) }));
        let slice = page.slice(Vec::new());
        return Ok(Paged::new(&ctx.app().keyring, &list, slice, queued, none).into());
    };
    let queue = QueueOf { parent, view };
    let slice = ctx.fetch_one(QueuePage(queue, page)).await?;
    let count: Count =
        Box::new(move |reader| Box::pin(async move { Ok(reader.fetch(queue).await?.unwrap_or_default()) }));
    Ok(Paged::new(&ctx.app().keyring, &list, slice, queued, count).into())
}

fn queued(attempt: &Arc<Attempt>) -> [String; 2] {
    let submitted = attempt.submitted_at.unwrap_or(attempt.started_at);
    [submitted.write(), attempt.key.id.write()]
}

/// Reads a page of the viewer's own attempts in all of their organisations.
pub async fn page_of_viewer(
    ctx: &Context<'_>,
    filter: AttemptFilter,
    args: PageArgs,
) -> Result<AttemptConnection> {
    let list = format!("own attempts {filter:?}");
    let page = ctx.page(&args, &list)?;
    let slice = lists::list_own(&ctx.reader(), ctx.viewer(), filter, &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let viewer = viewer.clone();
        Box::pin(async move { lists::count_own(&reader, &viewer, filter).await })
    });
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count).into())
}

/// Reads a page of an enrolment's attempts, batched with those of other enrolments. The viewer sees the enrolment.
pub async fn page_of_enrollment(
    ctx: &Context<'_>,
    enrollment: EnrollmentKey,
    args: PageArgs,
) -> Result<AttemptConnection> {
    let list = format!("attempts of {enrollment}");
    let page = ctx.page(&args, &list)?;
    let slice = ctx.fetch_one(AttemptsOf::new(enrollment, page)?).await?;
    let count: Count = Box::new(move |reader| {
        Box::pin(async move { Ok(reader.fetch(AttemptCountOf(enrollment)).await?.unwrap_or(0)) })
    });
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count).into())
}

fn cursor(attempt: &Arc<Attempt>) -> [String; 1] {
    [attempt.key.id.write()]
}

/// The root field about attempts.
#[derive(Default)]
pub struct AttemptQuery;

#[Object]
impl AttemptQuery {
    /// Finds an attempt; null when there is none that you may see.
    ///
    /// Requires: your own attempt, or `learning_records.read` that reaches its learner. Cost: 1.
    async fn attempt(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The attempt's global identifier.")] id: ID,
    ) -> async_graphql::Result<Option<Arc<Attempt>>> {
        match AttemptKey::parse(&id) {
            Some(key) => Ok(ctx.seen(key.org, lists::find(&ctx.reader(), ctx.viewer(), key).await?)),
            None => Ok(None),
        }
    }
}
