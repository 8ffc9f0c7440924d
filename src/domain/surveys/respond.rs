//! Answering a survey, as a learner of its course, once.

use super::answers::{GivenAnswer, SurveyAnswer, read};
use super::model::{Survey, SurveyState};
use crate::db::schema::surveys;
use crate::db::{Conn, Statement};
use crate::domain::enrollments::own::{self, Own};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{EnrollmentKey, SurveyKey, SurveyResponseId};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Jsonb, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};

/// Answers a survey of the course of an enrolment.
pub async fn respond(
    write: &Write<'_>,
    enrollment: EnrollmentKey,
    key: SurveyKey,
    given: &[GivenAnswer],
) -> Result<SurveyKey, Stop> {
    let own = own::find(write, enrollment).await?;
    let row = &own.enrollment;
    own::refuse_unless_in(row)?;
    // Shared by all who answer at once; who closes the survey waits for them.
    let survey = Survey::query()
        .filter(surveys::org_id.eq(key.course.org).and(surveys::id.eq(key.id)))
        .filter(surveys::course_id.eq(row.course_id))
        .filter(surveys::state.ne(SurveyState::Draft))
        .for_share();
    let survey: Option<Survey> = survey.first(&mut write.gate.conn()).await.optional()?;
    let Some(survey) = survey.filter(|survey| survey.key == key) else {
        return refuse_with(Refusal::not_found("surveyId"));
    };
    if !survey.asks(row) {
        let message = match survey.state {
            SurveyState::Open => "The survey asks who has completed the course.",
            _ => "The survey is CLOSED: nobody answers it any more.",
        };
        return refuse_with(survey.state.refuse("surveyId", message, None));
    }
    let answers = read(&survey.asked(), given).map_err(Stop::Refused)?;
    let id = SurveyResponseId(write.app.clock.uuid());
    if !insert(&own, write.gate.conn(), &survey, id, &answers).await? {
        let message = "You have answered this survey already; each learner does once.";
        return refuse_with(Refusal::at(Code::InvalidState, "surveyId", message));
    }
    write.happened("survey.responded", key, json!({}));
    Ok(key)
}

/// Stores that the learner has answered, and apart from it what; nothing where they have already. An identifier sorts by the time of its
/// making, so an anonymous answer gets another.
async fn insert(
    own: &Own<'_>,
    mut conn: Conn<'_>,
    survey: &Survey,
    id: SurveyResponseId,
    answers: &[SurveyAnswer],
) -> Result<bool, Error> {
    let row = &own.enrollment;
    let answers: Value = serde_json::to_value(answers).map_err(Error::internal)?;
    let written = Statement::<Untyped>::new(
        "with named as (select ?::boolean as is_named), participant as ( \
         insert into survey_participants (org_id, survey_id, course_id, enrollment_id, member_id) values (?, ?, ?, ?, ?) \
         on conflict do nothing returning org_id, survey_id, course_id, enrollment_id, member_id) \
         insert into survey_responses (org_id, id, survey_id, course_id, enrollment_id, member_id, submitted_at, answers) \
         select p.org_id, case when n.is_named then ?::uuid else gen_random_uuid() end, p.survey_id, p.course_id, case when n.is_named then p.enrollment_id end, \
         case when n.is_named then p.member_id end, case when n.is_named then now() end, ? from participant p cross join named n",
    )
    .bind::<Bool, _>(!survey.is_anonymous)
    .bind::<SqlUuid, _>(row.key.org)
    .bind::<SqlUuid, _>(survey.key.id)
    .bind::<SqlUuid, _>(row.course_id)
    .bind::<SqlUuid, _>(row.key.id)
    .bind::<SqlUuid, _>(row.member_id)
    .bind::<SqlUuid, _>(id)
    .bind::<Jsonb, _>(answers)
    .execute(&mut conn)
    .await?;
    Ok(written == 1)
}
