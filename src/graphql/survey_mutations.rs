//! The mutations on surveys.

use super::courses::Course;
use super::support::Ask;
use super::support::mutation::{key, show, signed_in};
use super::surveys::find;
use crate::domain::content::{SurveyAudience, SurveyContent, SurveyQuestion, SurveyQuestionKind};
use crate::domain::refusal::Refusal;
use crate::domain::surveys::answers::GivenAnswer;
use crate::domain::surveys::write::{self, SurveyChanges};
use crate::domain::surveys::{Survey, respond};
use crate::kernel::ids::{CourseKey, EnrollmentKey, SurveyKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;

/// A question of a survey.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyQuestionInput {
    /// How it is answered.
    pub kind: SurveyQuestionKind,
    /// What is asked, plain text, 1 to 1000 characters.
    pub text: String,
    /// What can be chosen: 2 to 20 different options of 1 to 200 characters for a choice, none for a rating or a text.
    #[graphql(default)]
    pub options: Vec<String>,
    /// Whether the survey is answered only with this question.
    #[graphql(default = true)]
    pub is_required: bool,
}

/// What `surveyCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyCreateInput {
    /// The course whose learners it asks.
    pub course_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it is for, plain text, at most 2000 characters.
    #[graphql(default)]
    pub description: String,
    /// What it asks, in order; at most 50 questions.
    #[graphql(default)]
    pub questions: Vec<SurveyQuestionInput>,
    /// Which learners of the course it asks.
    #[graphql(default_with = "SurveyAudience::Everybody")]
    pub audience: SurveyAudience,
    /// Whether nobody learns who answered what.
    #[graphql(default)]
    pub is_anonymous: bool,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `surveyUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyUpdateInput {
    /// The survey, a draft.
    pub id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// What it is for, plain text, at most 2000 characters.
    pub description: Option<String>,
    /// What it asks, in the place of all that it asks now; at most 50 questions.
    pub questions: Option<Vec<SurveyQuestionInput>>,
    /// Which learners of the course it asks.
    pub audience: Option<SurveyAudience>,
    /// Whether nobody learns who answered what.
    pub is_anonymous: Option<bool>,
    /// The version that this edit was made on; refused when the survey has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `surveyOpen` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyOpenInput {
    /// The survey, a draft.
    pub id: ID,
    /// The version that you have seen; refused when the survey has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `surveyClose` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyCloseInput {
    /// The survey, an open one.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `surveyDelete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyDeleteInput {
    /// The survey.
    pub id: ID,
    /// The version that you have seen; refused when the survey has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What is answered to a question: `rating`, `choices` or `text`, the one that the question's kind asks for.
#[derive(Clone, InputObject)]
pub struct SurveyAnswerInput {
    /// The question's number in the survey.
    pub question: i32,
    /// For a rating: 1 to 5.
    pub rating: Option<i32>,
    /// For a choice: the numbers of the chosen options, from 1.
    pub choices: Option<Vec<i32>>,
    /// For a text: plain text, 1 to 5000 characters.
    pub text: Option<String>,
}

/// Tells nothing: what identifies a request is kept with who sent it, and must not tell what they answered.
impl std::fmt::Debug for SurveyAnswerInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SurveyAnswerInput")
    }
}

/// What `surveyRespond` takes.
#[derive(Clone, Debug, InputObject)]
pub struct SurveyRespondInput {
    /// Your enrolment in the course.
    pub enrollment_id: ID,
    /// A survey of the course, an open one.
    pub survey_id: ID,
    /// Your answers, at least one, each question once; those that are required have to be among them.
    pub answers: Vec<SurveyAnswerInput>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. What you answer is not compared: nothing of it is
    /// kept with the key.
    pub idempotency_key: Option<String>,
}

inputs!(
    SurveyCreateInput,
    SurveyUpdateInput,
    SurveyOpenInput,
    SurveyCloseInput,
    SurveyDeleteInput,
    SurveyRespondInput,
);

payload! {
    /// What `surveyCreate` answers.
    SurveyCreatePayload {
        /// The new survey, a draft.
        survey: Arc<Survey>,
    }
    SurveyCreateUserError, SurveyCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `surveyUpdate` answers.
    SurveyUpdatePayload {
        /// The survey; with `VERSION_CONFLICT`, as it stands without your edit.
        survey: Arc<Survey>,
    }
    SurveyUpdateUserError, SurveyUpdateErrorCode { NotFound, Invalid, InvalidState, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `surveyOpen` answers.
    SurveyOpenPayload {
        /// The survey; with `VERSION_CONFLICT`, as it stands.
        survey: Arc<Survey>,
    }
    SurveyOpenUserError, SurveyOpenErrorCode { NotFound, Invalid, InvalidState, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `surveyClose` answers.
    SurveyClosePayload {
        /// The survey.
        survey: Arc<Survey>,
    }
    SurveyCloseUserError, SurveyCloseErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `surveyDelete` answers.
    SurveyDeletePayload {
        /// The course that the survey was of.
        course: Course,
        /// With `VERSION_CONFLICT`, the survey as it stands.
        survey: Arc<Survey>,
    }
    SurveyDeleteUserError, SurveyDeleteErrorCode { NotFound, Invalid, InUse, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `surveyRespond` answers.
    SurveyRespondPayload {
        /// The survey.
        survey: Arc<Survey>,
    }
    SurveyRespondUserError, SurveyRespondErrorCode { NotFound, Invalid, InvalidState, NotEnrolled, IdempotencyMismatch }
}

/// Numbers the questions of an input.
fn numbered(questions: &[SurveyQuestionInput]) -> Vec<SurveyQuestion> {
    let question = |(number, input): (i32, &SurveyQuestionInput)| SurveyQuestion {
        number,
        kind: input.kind,
        text: input.text.clone(),
        options: input.options.clone(),
        is_required: input.is_required,
    };
    (1..).zip(questions).map(question).collect()
}

fn given(answer: &SurveyAnswerInput) -> GivenAnswer {
    GivenAnswer {
        question: answer.question,
        rating: answer.rating,
        choices: answer.choices.clone(),
        text: answer.text.clone(),
    }
}

fn keys(enrollment: &ID, survey: &ID) -> std::result::Result<(EnrollmentKey, SurveyKey), Vec<Refusal>> {
    Ok((key(enrollment, "enrollmentId")?, key(survey, "surveyId")?))
}

/// The mutations on surveys.
#[derive(Default)]
pub struct SurveyMutation;

#[Object]
impl SurveyMutation {
    /// Creates a survey of a course, a draft: nobody but its staff sees it before `surveyOpen`. A course has up to 50.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn survey_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new survey.")] input: SurveyCreateInput,
    ) -> Result<Option<SurveyCreatePayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.course_id, "courseId") {
            Ok(key) => key,
            Err(refusals) => return SurveyCreatePayload::refused(refusals),
        };
        let content = SurveyContent {
            title: input.title.clone(),
            description: input.description.clone(),
            questions: numbered(&input.questions),
            audience: input.audience,
            is_anonymous: input.is_anonymous,
        };
        let done = ctx
            .operation()
            .mutate("surveyCreate", course.org, &input, move |write| {
                Box::pin(async move { write::create(write, course, &content).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SurveyCreatePayload {
                survey: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SurveyCreatePayload::refused(refusals),
        }
    }

    /// Edits a survey that is a draft. Once learners answer it, it stays as it is.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn survey_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: SurveyUpdateInput,
    ) -> Result<Option<SurveyUpdatePayload>> {
        signed_in(ctx)?;
        let survey: SurveyKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return SurveyUpdatePayload::refused(refusals),
        };
        let changes = SurveyChanges {
            title: input.title.clone(),
            description: input.description.clone(),
            questions: input.questions.as_deref().map(numbered),
            audience: input.audience,
            is_anonymous: input.is_anonymous,
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("surveyUpdate", survey.course.org, &input, move |write| {
                Box::pin(async move { write::update(write, survey, &changes, expected).await })
            });
        let (payload, shown) = SurveyUpdatePayload::of_edit(done.await?)?;
        let survey = show(shown, find(ctx, survey)).await?;
        Ok(Some(SurveyUpdatePayload { survey, ..payload }))
    }

    /// Opens a survey: the learners of its course whom it asks see it among `Enrollment.waitingSurveys` and answer it.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn survey_open(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which survey.")] input: SurveyOpenInput,
    ) -> Result<Option<SurveyOpenPayload>> {
        signed_in(ctx)?;
        let survey: SurveyKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return SurveyOpenPayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("surveyOpen", survey.course.org, &input, move |write| {
                Box::pin(async move { write::open(write, survey, expected).await })
            });
        let (payload, shown) = SurveyOpenPayload::of_edit(done.await?)?;
        let survey = show(shown, find(ctx, survey)).await?;
        Ok(Some(SurveyOpenPayload { survey, ..payload }))
    }

    /// Closes a survey for good: nobody answers it any more, and what an anonymous one came to is shown.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn survey_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which survey.")] input: SurveyCloseInput,
    ) -> Result<Option<SurveyClosePayload>> {
        signed_in(ctx)?;
        let survey: SurveyKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return SurveyClosePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("surveyClose", survey.course.org, &input, move |write| {
                Box::pin(async move { write::close(write, survey).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SurveyClosePayload {
                survey: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SurveyClosePayload::refused(refusals),
        }
    }

    /// Deletes a survey with all that was answered to it, in whatever state it is.
    ///
    /// Requires: `courses.update`, and `learning_records.read` for the whole course once it has been answered. Cost: 1.
    async fn survey_delete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which survey.")] input: SurveyDeleteInput,
    ) -> Result<Option<SurveyDeletePayload>> {
        signed_in(ctx)?;
        let survey: SurveyKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return SurveyDeletePayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("surveyDelete", survey.course.org, &input, move |write| {
                Box::pin(async move { write::delete(write, survey, expected).await })
            });
        let done = done.await?;
        let course = show(done.is_ok(), Course::find(ctx, survey.course)).await?;
        let (payload, shown) = SurveyDeletePayload::of_edit(done)?;
        let survey = show(shown, find(ctx, survey)).await?;
        Ok(Some(SurveyDeletePayload {
            course,
            survey,
            ..payload
        }))
    }

    /// Answers a survey, once: there is no second answer, and no way back. Of an anonymous survey it is stored that you have answered, and apart from
    /// that what was answered, without you and without the time.
    ///
    /// Requires: `attempts.take` for yourself. Cost: 1.
    async fn survey_respond(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Your answers.")] input: SurveyRespondInput,
    ) -> Result<Option<SurveyRespondPayload>> {
        signed_in(ctx)?;
        let (enrollment, survey) = match keys(&input.enrollment_id, &input.survey_id) {
            Ok(keys) => keys,
            Err(refusals) => return SurveyRespondPayload::refused(refusals),
        };
        let given: Vec<GivenAnswer> = input.answers.iter().map(given).collect();
        let done = ctx
            .operation()
            .mutate("surveyRespond", enrollment.org, &input, move |write| {
                Box::pin(async move { respond::respond(write, enrollment, survey, &given).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(SurveyRespondPayload {
                survey: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => SurveyRespondPayload::refused(refusals),
        }
    }
}
