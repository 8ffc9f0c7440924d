//! `Survey` and `SurveyResponse`: fields, edges, connection.

use super::course_access::{facts, is_editable, is_taught, reads_all_records};
use super::courses::Course;
use super::support::connection::Count;
use super::support::{AccessRefusal, Ask, Paged, Verdicts};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::connection;
use crate::domain::content::SurveyQuestion;
use crate::domain::enrollments::Enrollment;
use crate::domain::enrollments::store::EnrollmentIn;
use crate::domain::members::Member;
use crate::domain::record_lists::{IdRange, Seen};
use crate::domain::surveys::answers::SurveyAnswer;
use crate::domain::surveys::lists::{Participated, ResponseOf, ResponsePage, ResponsesOf, SurveysOf};
use crate::domain::surveys::results::{CountsOf, SurveyQuestionResult, are_shown, of_questions};
use crate::domain::surveys::{Survey, SurveyResponse, SurveyState};
use crate::domain::visibility::{View, sees_own};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, SurveyKey, SurveyResponseKey};
use crate::kernel::page::PageArgs;
use async_graphql::{ComplexObject, Context, SimpleObject};
use futures_util::future::try_join_all;
use std::sync::Arc;

connection!(
    SurveyResponseConnection,
    SurveyResponseEdge,
    Arc<SurveyResponse>,
    "responses"
);

/// What the viewer may do with a survey, in the state in which it is.
#[derive(Clone, Debug, SimpleObject)]
pub struct SurveyAccess {
    /// Whether the viewer may edit and open it. Cost: 1.
    pub update: bool,
    /// Whether the viewer may close it. Cost: 1.
    pub close: bool,
    /// Whether the viewer may delete it. Cost: 1.
    pub delete: bool,
    /// Why not, where it is for want of a permission. Cost: 1.
    pub refusals: Vec<AccessRefusal>,
}

/// How a viewer stands to a course's surveys.
struct Sight {
    writes: bool,
    reads: bool,
    own: Option<Arc<Enrollment>>,
}

impl Sight {
    async fn of(ctx: &Context<'_>, key: CourseKey) -> Result<Self> {
        let own = match sees_own(ctx.viewer(), key.org) {
            Some(member) => ctx.fetch(EnrollmentIn(key, member)).await?,
            None => None,
        };
        let own = own.filter(|enrollment| enrollment.state.is_or_was_in());
        Ok(Self {
            writes: is_editable(ctx, key).await?,
            reads: reads_all_records(ctx, key).await?,
            own,
        })
    }

    fn has(&self, survey: &Survey) -> bool {
        match survey.state {
            SurveyState::Draft => self.writes,
            SurveyState::Open | SurveyState::Closed => self.writes || self.reads || self.own.is_some(),
        }
    }
}

/// The surveys of a course that the viewer sees, the oldest first.
pub async fn of_course(ctx: &Context<'_>, course: CourseKey) -> Result<Vec<Arc<Survey>>> {
    let sight = Sight::of(ctx, course).await?;
    let surveys = ctx.fetch(SurveysOf(course)).await?.unwrap_or_default();
    Ok(surveys
        .iter()
        .filter(|survey| sight.has(survey))
        .cloned()
        .collect())
}

/// Finds a survey that the viewer sees.
pub async fn find(ctx: &Context<'_>, key: SurveyKey) -> Result<Option<Arc<Survey>>> {
    let surveys = of_course(ctx, key.course).await?;
    Ok(surveys.into_iter().find(|survey| survey.key == key))
}

/// Finds a response that the viewer sees: their own, or one that is shown of a survey whose answers they read.
pub async fn find_response(ctx: &Context<'_>, key: SurveyResponseKey) -> Result<Option<Arc<SurveyResponse>>> {
    let Some(response) = ctx.fetch(key).await? else {
        return Ok(None);
    };
    let own = sees_own(ctx.viewer(), key.org);
    if own.is_some() && response.member_key().map(|member| member.id) == own {
        return Ok(Some(response));
    }
    let is_shown = match find(ctx, response.survey_key()).await? {
        Some(survey) => survey.shows_answers(ctx).await?,
        None => false,
    };
    Ok(is_shown.then_some(response))
}

/// The surveys that ask the learner of an enrolment now and that they have not answered; none for anybody else.
pub async fn waiting(ctx: &Context<'_>, enrollment: &Enrollment) -> Result<Vec<Arc<Survey>>> {
    if sees_own(ctx.viewer(), enrollment.key.org) != Some(enrollment.member_id) {
        return Ok(Vec::new());
    }
    let surveys = ctx
        .fetch(SurveysOf(enrollment.course_key()))
        .await?
        .unwrap_or_default();
    let asking = surveys.iter().filter(|survey| survey.asks(enrollment));
    let unanswered = asking.map(async |survey| -> Result<Option<Arc<Survey>>> {
        let answered = ctx.fetch(Participated(survey.key, enrollment.member_id)).await?;
        Ok(answered.is_none().then(|| survey.clone()))
    });
    let waiting = try_join_all(unanswered).await?;
    Ok(waiting.into_iter().flatten().collect())
}

impl Survey {
    /// Whether the viewer reads what is answered to it, now.
    async fn shows_answers(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(reads_all_records(ctx, self.key.course).await? && are_shown(self, self.count(ctx).await?))
    }

    async fn count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(ctx.fetch(ResponsesOf(self.key)).await?.unwrap_or_default())
    }
}

#[ComplexObject]
impl Survey {
    /// The survey's global identifier. Cost: 1.
    pub async fn id(&self) -> SurveyKey {
        self.key
    }

    /// The course whose learners it asks; null where you no longer see it. Cost: 1, batched.
    async fn course(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Course>> {
        Ok(Course::find(ctx, self.key.course).await?)
    }

    /// What it asks, in order; at most 50. Cost: 1.
    #[graphql(name = "questions")]
    async fn asked_questions(&self) -> Vec<SurveyQuestion> {
        self.asked()
    }

    /// What the viewer may do with the survey, decided by the same policies that guard the mutations. Cost: 1, batched.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<SurveyAccess> {
        let course = self.key.course;
        let taught = is_taught(ctx, course).await?;
        let is_answered = self.count(ctx).await? > 0;
        let records = Facts::of(Kind::Enrollment, course.org).related(Relation {
            taught,
            ..Relation::default()
        });
        let mut verdicts = Verdicts::of(ctx, course.org);
        let edits = verdicts.may(Permission::CoursesUpdate, facts(course, taught));
        // Who does not edit it is not told either whether anybody has answered.
        let delete = edits && (!is_answered || verdicts.may(Permission::LearningRecordsRead, records));
        Ok(SurveyAccess {
            update: edits && self.state == SurveyState::Draft,
            close: edits && self.state == SurveyState::Open,
            delete,
            refusals: verdicts.refusals(),
        })
    }

    /// Whether you have answered it. Cost: 1, batched.
    async fn viewer_has_responded(&self, ctx: &Context<'_>) -> async_graphql::Result<bool> {
        Ok(match sees_own(ctx.viewer(), self.key.course.org) {
            Some(member) => ctx.fetch(Participated(self.key, member)).await?.is_some(),
            None => false,
        })
    }

    /// What you answered; null before, and always where the survey is anonymous. Cost: 1, batched.
    async fn viewer_response(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<SurveyResponse>>> {
        Ok(match sees_own(ctx.viewer(), self.key.course.org) {
            Some(member) => ctx.fetch(ResponseOf(self.key, member)).await?,
            None => None,
        })
    }

    /// How many have answered it; null for who may not read what was answered.
    ///
    /// Requires: `learning_records.read` for the whole course. Cost: 1, batched.
    async fn response_count(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<i64>> {
        if reads_all_records(ctx, self.key.course).await? {
            return Ok(Some(self.count(ctx).await?));
        }
        Ok(None)
    }

    /// What the answers come to, question by question. Of an anonymous survey null until it is closed, and then with fewer than five
    /// responses: nobody is to be read out of it. Null for who may not read what was answered.
    ///
    /// Requires: `learning_records.read` for the whole course. Cost: 100, batched.
    async fn results(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Vec<SurveyQuestionResult>>> {
        if !self.shows_answers(ctx).await? {
            return Ok(None);
        }
        let counts = ctx.fetch(CountsOf(self.key)).await?.unwrap_or_default();
        Ok(Some(of_questions(self, &counts)))
    }

    /// What was answered, by whom it was: the newest first, of an anonymous survey in no order. None where `results` is null.
    ///
    /// Requires: `learning_records.read` for the whole course. Cost: 1 for each row asked for; batched.
    async fn responses(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<SurveyResponseConnection> {
        let survey = self.key;
        let name = format!("responses {survey:?}");
        let page = ctx.page(&PageArgs::new(first, after, last, before), &name)?;
        let keyring = &ctx.app().keyring;
        let cursor = |response: &Arc<SurveyResponse>| [response.key.id.0.to_string()];
        if !self.shows_answers(ctx).await? {
            let none: Count = Box::new(|_| Box::pin(async { Ok(0) }));
            return Ok(Paged::new(keyring, &name, page.slice(Vec::new()), cursor, none).into());
        }
        let range = IdRange::of(&page)?;
        let slice = ctx.fetch_one(ResponsePage { survey, page, range }).await?;
        let count: Count = Box::new(move |reader| {
            Box::pin(async move { Ok(reader.fetch(ResponsesOf(survey)).await?.unwrap_or_default()) })
        });
        Ok(Paged::new(keyring, &name, slice, cursor, count).into())
    }
}

#[ComplexObject]
impl SurveyResponse {
    /// The response's global identifier. Cost: 1.
    pub async fn id(&self) -> SurveyResponseKey {
        self.key
    }

    /// The survey. Cost: 1, batched.
    async fn survey(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Survey>> {
        let surveys = ctx
            .fetch(SurveysOf(self.survey_key().course))
            .await?
            .unwrap_or_default();
        let found = surveys.iter().find(|survey| survey.key == self.survey_key());
        Ok(found.cloned().ok_or(Error::NotFound)?)
    }

    /// Who answered; null where it is nobody's, or you may not know of them. Cost: 1, batched.
    async fn member(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        let view = View::of(ctx.viewer(), self.key.org, Permission::MembersRead);
        match self.member_key().zip(view) {
            Some((key, view)) => Ok(ctx.fetch(Seen { key, view }).await?),
            None => Ok(None),
        }
    }

    /// What was answered, in the order of the questions, of those that were. Cost: 1.
    #[graphql(name = "answers")]
    async fn given_answers(&self) -> Vec<SurveyAnswer> {
        self.given()
    }
}
