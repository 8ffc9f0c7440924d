//! `Submission`: edges and lists.

use super::content::AssignmentUnit;
use super::markdown::html;
use super::record_access::SubmissionAccess;
use super::record_lists;
use super::support::operation::Ask;
use super::support::{Paged, connection::Count};
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::assets::Asset;
use crate::domain::content::Points;
use crate::domain::enrollments::Enrollment;
use crate::domain::members::Member;
use crate::domain::record_lists::Parent;
use crate::domain::submissions::lists::{FilesOf, SubmissionCountOf, SubmissionsOf};
use crate::domain::submissions::{Submission, SubmissionFilter, SubmissionState};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{EnrollmentKey, Key, SubmissionKey, UnitId, UnitKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, ID, InputObject, SimpleObject};
use std::sync::Arc;

connection!(
    SubmissionConnection,
    SubmissionEdge,
    Arc<Submission>,
    "submissions"
);

/// Which submissions a page has.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "SubmissionFilter")]
pub struct SubmissionFilterInput {
    /// Only for this assignment, by its id.
    pub unit_id: Option<ID>,
    /// Only in this state: those that are `SUBMITTED` wait to be graded.
    pub state: Option<SubmissionState>,
}

impl From<SubmissionFilterInput> for SubmissionFilter {
    fn from(input: SubmissionFilterInput) -> Self {
        // An id that names no unit matches none.
        let unit = |id: ID| UnitKey::parse(&id).map_or(UnitId(uuid::Uuid::nil()), |key| key.id);
        Self {
            unit: input.unit_id.map(unit),
            state: input.state,
        }
    }
}

/// What a criterion of a rubric earned.
#[derive(SimpleObject)]
pub struct SubmissionCriterionGrade {
    /// The criterion's key.
    pub key: String,
    /// Points that it earned.
    pub earned: Points,
}

#[ComplexObject]
impl Submission {
    /// The submission's global identifier. Cost: 1.
    pub async fn id(&self) -> SubmissionKey {
        self.key
    }

    /// The learner. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.member_key()).await?)
    }

    /// The enrolment that it belongs to. Cost: 1, batched.
    async fn enrollment(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Enrollment>> {
        Ok(ctx.fetch_one(self.enrollment_key()).await?)
    }

    /// The assignment, as it was in the revision that the enrolment was pinned to. Cost: 1, from memory.
    async fn assignment(&self, ctx: &Context<'_>) -> async_graphql::Result<AssignmentUnit> {
        let contents = &ctx.app().contents;
        let revision = contents.find(&ctx.reader(), self.revision_key()).await?;
        Ok(AssignmentUnit::find(&revision, self.unit_key()).ok_or(Error::NotFound)?)
    }

    /// The text that was handed in, as clean HTML. Cost: 5.
    async fn text_html(&self) -> async_graphql::Result<Option<String>> {
        shown(self.body.as_ref()).await
    }

    /// The files that were handed in, in their order. Cost: 1, batched.
    async fn files(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Asset>>> {
        Ok(ctx.fetch_one(FilesOf(self.key)).await?.to_vec())
    }

    /// Whether the points that pass were earned; null before it is graded. Cost: 1.
    #[graphql(name = "isPassed")]
    async fn shown_is_passed(&self) -> Option<bool> {
        (self.state == SubmissionState::Graded).then(|| self.is_passed())
    }

    /// What each criterion of the rubric earned; empty before it is graded, and where there is no rubric. Cost: 1.
    async fn rubric(&self) -> Vec<SubmissionCriterionGrade> {
        let criteria = self.criteria().into_iter();
        criteria
            .map(|(key, earned)| SubmissionCriterionGrade { key, earned })
            .collect()
    }

    /// What the learner is told, as clean HTML. Cost: 5.
    async fn feedback_html(&self) -> async_graphql::Result<Option<String>> {
        shown(self.feedback.as_ref()).await
    }

    /// Who graded it; null before. Cost: 1, batched.
    async fn graded_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.grader_key() {
            Some(key) => Ok(ctx.fetch(key).await?),
            None => Ok(None),
        }
    }

    /// What the viewer may do with the submission, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<SubmissionAccess> {
        Ok(SubmissionAccess::of(ctx, self).await?)
    }
}

async fn shown(text: Option<&String>) -> async_graphql::Result<Option<String>> {
    match text {
        Some(text) => Ok(Some(html(&text.clone().into()).await?)),
        None => Ok(None),
    }
}

/// Reads a page of what the viewer may see of the submissions in a course, batched with those of other courses.
pub async fn page_of(
    ctx: &Context<'_>,
    parent: Parent,
    filter: SubmissionFilter,
    args: PageArgs,
) -> Result<SubmissionConnection> {
    let paged = record_lists::page_of(ctx, "submissions", parent, filter, args, cursor).await?;
    Ok(paged.into())
}

/// Reads a page of what an enrolment handed in, batched with those of other enrolments. The viewer sees the enrolment.
pub async fn page_of_enrollment(
    ctx: &Context<'_>,
    enrollment: EnrollmentKey,
    args: PageArgs,
) -> Result<SubmissionConnection> {
    let list = format!("submissions of {enrollment}");
    let page = ctx.page(&args, &list)?;
    let slice = ctx.fetch_one(SubmissionsOf::new(enrollment, page)?).await?;
    let count: Count = Box::new(move |reader| {
        Box::pin(async move { Ok(reader.fetch(SubmissionCountOf(enrollment)).await?.unwrap_or(0)) })
    });
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count).into())
}

fn cursor(submission: &Arc<Submission>) -> [String; 1] {
    [submission.key.id.write()]
}
