//! `Accommodation`: what a learner is given beyond what a quiz gives everybody.

use super::content::QuizUnit;
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question, Relation};
use crate::domain::attempts::accommodations::{self, AccommodationsOf, Given};
use crate::domain::courses::store::Taught;
use crate::domain::enrollments::{Enrollment, store};
use crate::domain::members::Member;
use crate::kernel::error::Result;
use crate::kernel::ids::{EnrollmentKey, MemberKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What a learner is given in one quiz of an enrolment, or in all that have none of their own.
pub struct Accommodation {
    row: Arc<accommodations::Accommodation>,
    quiz: Option<QuizUnit>,
    enrollment: Enrollment,
}

impl Accommodation {
    /// The accommodations of an enrolment that the viewer sees.
    pub async fn all(ctx: &Context<'_>, enrollment: &Enrollment) -> Result<Vec<Self>> {
        let rows = ctx
            .fetch(AccommodationsOf(enrollment.key))
            .await?
            .unwrap_or_default();
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let key = enrollment.revision_key();
        let revision = ctx.app().contents.find(&ctx.reader(), key).await?;
        let shown = |row: &Arc<accommodations::Accommodation>| {
            let key = row.unit_id.map(|id| UnitKey::new(enrollment.course_key(), id));
            Self {
                row: row.clone(),
                quiz: key.and_then(|key| QuizUnit::find(&revision, key)),
                enrollment: enrollment.clone(),
            }
        };
        Ok(rows.iter().map(shown).collect())
    }

    /// Whether the viewer may know why: the learner, and who may set it.
    async fn tells_why(&self, ctx: &Context<'_>) -> Result<bool> {
        let enrollment = &self.enrollment;
        let Some(standing) = ctx.viewer().in_org(enrollment.key.org) else {
            return Ok(false);
        };
        if standing.member == enrollment.member_id {
            return Ok(true);
        }
        let taught = ctx
            .fetch(Taught(enrollment.course_key(), standing.member))
            .await?
            .is_some();
        let facts = Facts::of(Kind::Enrollment, enrollment.key.org).related(Relation {
            taught,
            ..Relation::default()
        });
        let permission = Permission::AccommodationsManage;
        Ok(ctx
            .app()
            .policies
            .decide(standing, Question { permission, facts })
            .allowed)
    }
}

/// What a learner is given beyond what a quiz gives everybody. It is read when an attempt starts.
///
/// Requires: seeing the enrolment. Cost: 1.
#[Object]
impl Accommodation {
    /// The quiz; null where it is for every quiz of the enrolment that has none of its own. Cost: 1, from memory.
    async fn quiz(&self) -> Option<QuizUnit> {
        self.quiz.clone()
    }

    /// Time beyond the quiz's limit, in percent of it. Cost: 1.
    async fn extra_time_percent(&self) -> i32 {
        self.row.extra_time_percent
    }

    /// Attempts beyond those of the quiz. Cost: 1.
    async fn extra_attempts(&self) -> i32 {
        self.row.extra_attempts
    }

    /// Why, for the learner and for who may set it; null for everybody else. Cost: 1, batched.
    async fn reason(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        match self.row.reason.as_deref() {
            Some(reason) if self.tells_why(ctx).await? => Ok(Some(reason)),
            _ => Ok(None),
        }
    }

    /// Who set it; null for who may not see them. Cost: 1, batched.
    async fn set_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        Ok(super::members::find(ctx, MemberKey::new(self.row.org_id, self.row.set_by)).await?)
    }

    /// When it was set. Cost: 1.
    async fn set_at(&self) -> DateTime<Utc> {
        self.row.set_at
    }
}

/// What `accommodationSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccommodationSetInput {
    /// The learner's enrolment.
    pub enrollment_id: ID,
    /// The quiz, of the edition that the enrolment is pinned to; every quiz that has none of its own where this is left out.
    pub quiz_id: Option<ID>,
    /// Time beyond the quiz's limit, in percent of it: 0 to 400.
    #[graphql(default)]
    pub extra_time_percent: i32,
    /// Attempts beyond those of the quiz: 0 to 100.
    #[graphql(default)]
    pub extra_attempts: i32,
    /// Why, 1 to 2000 characters. The learner and who may set accommodations read it, and nobody else.
    pub reason: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(AccommodationSetInput);

payload! {
    /// What `accommodationSet` answers.
    AccommodationSetPayload {
        /// The enrolment.
        enrollment: Arc<Enrollment>,
    }
    AccommodationSetUserError, AccommodationSetErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutation about accommodations.
#[derive(Default)]
pub struct AccommodationMutation;

#[Object]
impl AccommodationMutation {
    /// Gives a learner more time and more attempts than a quiz gives everybody, over what they were given before; nothing more
    /// takes it away. It is read when an attempt starts: the deadline of one that is open stays. No deadline is later than the
    /// quiz's `closesAt`.
    ///
    /// Requires: `accommodations.manage` that reaches the enrolment. Cost: 1.
    async fn accommodation_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which learner is given what.")] input: AccommodationSetInput,
    ) -> async_graphql::Result<Option<AccommodationSetPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return AccommodationSetPayload::refused(refusals),
        };
        let quiz = match input
            .quiz_id
            .as_ref()
            .map(|id| key::<UnitKey>(id, "quizId"))
            .transpose()
        {
            Ok(quiz) => quiz,
            Err(refusals) => return AccommodationSetPayload::refused(refusals),
        };
        let given = Given {
            quiz,
            extra_time_percent: input.extra_time_percent,
            extra_attempts: input.extra_attempts,
            reason: input.reason.clone(),
        };
        let done = ctx
            .operation()
            .mutate("accommodationSet", enrollment.org, &input, move |write| {
                Box::pin(async move { accommodations::set(write, enrollment, &given).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AccommodationSetPayload {
                enrollment: store::find(&ctx.reader(), ctx.viewer(), key).await?,
                ..Default::default()
            })),
            Err(refusals) => AccommodationSetPayload::refused(refusals),
        }
    }
}
