//! `EnrollmentTerms`: how learners come into a course, how many, and for how long.

use super::support::Ask;
use crate::domain::enrollments::terms::{self, CrowdOf, EnrollmentPolicy, TermsOf};
use crate::kernel::error::Result;
use crate::kernel::ids::CourseKey;
use async_graphql::{Context, Object};

/// The terms of a course.
pub struct EnrollmentTerms {
    course: CourseKey,
    terms: terms::EnrollmentTerms,
    /// Whether the viewer may set them.
    may_set: bool,
}

impl EnrollmentTerms {
    /// Reads a course's terms for a viewer who sees the course.
    pub async fn find(ctx: &Context<'_>, course: CourseKey, may_set: bool) -> Result<Self> {
        let terms = ctx.fetch(TermsOf(course)).await?;
        let terms = terms.map(|terms| (*terms).clone()).unwrap_or_default();
        Ok(Self {
            course,
            terms,
            may_set,
        })
    }

    /// How many are in the course and how many wait; nothing for outsiders.
    async fn crowd(&self, ctx: &Context<'_>) -> Result<Option<(i64, i64)>> {
        if ctx.viewer().in_org(self.course.org).is_none() {
            return Ok(None);
        }
        Ok(Some(ctx.fetch(CrowdOf(self.course)).await?.unwrap_or_default()))
    }
}

/// How learners come into a course, how many, and for how long. Requires: seeing the course. Cost: 1.
#[Object]
impl EnrollmentTerms {
    /// How learners come in by themselves. Cost: 1.
    async fn policy(&self) -> EnrollmentPolicy {
        self.terms.policy
    }

    /// What a learner gives to join by invitation; null where it takes none, and for who may not set it.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn invitation_code(&self) -> Option<&str> {
        self.terms.invitation_code.as_deref().filter(|_| self.may_set)
    }

    /// How many learners may be in the course at a time, those counted who have completed it; null for any number. Cost: 1.
    async fn seats(&self) -> Option<i32> {
        self.terms.seats
    }

    /// How many seats are taken; null for outsiders. Cost: 1, batched.
    async fn seats_taken(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i64>> {
        Ok(self.crowd(ctx).await?.map(|(taken, _)| taken))
    }

    /// How many wait for a seat; null for outsiders. Cost: 1, batched.
    async fn waiting(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i64>> {
        Ok(self.crowd(ctx).await?.map(|(_, waiting)| waiting))
    }

    /// After how many days the course is due; null where it never is. Cost: 1.
    async fn due_days(&self) -> Option<i32> {
        self.terms.due_days
    }

    /// After how many days the learner's time is over, unless the course is complete; null where it never is. Cost: 1.
    async fn access_days(&self) -> Option<i32> {
        self.terms.access_days
    }

    /// How many months what was learned holds: then the enrolment begins anew by itself, in its next cycle. Null where it holds for
    /// good. Cost: 1.
    async fn valid_months(&self) -> Option<i32> {
        self.terms.valid_months
    }
}
