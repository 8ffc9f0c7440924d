//! What the staff of a course does with its surveys.

use super::lists::{ResponsesOf, SurveysOf};
use super::model::{Survey, SurveyState};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::Statement;
use crate::db::schema::{survey_participants, survey_responses, surveys};
use crate::domain::content::survey::MOST_SURVEYS;
use crate::domain::content::{SurveyAudience, SurveyContent, SurveyQuestion};
use crate::domain::courses::authoring::{editable, load};
use crate::domain::courses::drafts::MayUpdate;
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, SurveyId, SurveyKey};
use diesel::dsl::now;
use diesel::prelude::*;
use diesel::sql_types::{Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// What `surveyUpdate` changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct SurveyChanges {
    /// Its title.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it asks, all of it.
    pub questions: Option<Vec<SurveyQuestion>>,
    /// Whom it asks.
    pub audience: Option<SurveyAudience>,
    /// Whether nobody learns who answered what.
    pub is_anonymous: Option<bool>,
}

/// Creates a survey, which is a draft.
pub async fn create(
    write: &Write<'_>,
    course: CourseKey,
    content: &SurveyContent,
) -> Result<SurveyKey, Stop> {
    let editable = editable(write, course, "courseId").await?;
    refuse_all(content.faults())?;
    let present = load(write, SurveysOf(course))
        .await?
        .map_or(0, |surveys| surveys.len());
    if present >= MOST_SURVEYS {
        let message = format!("A course has at most {MOST_SURVEYS} surveys; delete one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "courseId", message));
    }
    make(write, &editable, course, content).await
}

/// Makes the surveys of a course that was imported, drafts all of them. Who read them has looked for faults.
pub async fn restore(write: &Write<'_>, course: CourseKey, surveys: &[SurveyContent]) -> Result<(), Stop> {
    if surveys.is_empty() {
        return Ok(());
    }
    let editable = editable(write, course, "organizationId").await?;
    for content in surveys {
        make(write, &editable, course, content).await?;
    }
    Ok(())
}

/// Gives the copy of a course surveys like those of the original, drafts all of them. Whoever may edit the original made the copy.
pub async fn duplicate(write: &Write<'_>, original: CourseKey, copy: CourseKey) -> Result<(), Stop> {
    let editable = editable(write, original, "id").await?;
    for survey in load(write, SurveysOf(original))
        .await?
        .iter()
        .flat_map(|surveys| surveys.iter())
    {
        make(write, &editable, copy, &survey.content()).await?;
    }
    Ok(())
}

async fn make(
    write: &Write<'_>,
    by: &MayUpdate<'_>,
    course: CourseKey,
    content: &SurveyContent,
) -> Result<SurveyKey, Stop> {
    let key = SurveyKey::new(course, SurveyId(write.app.clock.uuid()));
    insert(write, by, key, content).await?;
    write.happened("survey.created", key, json!({}));
    Ok(key)
}

async fn insert(
    write: &Write<'_>,
    _: &MayUpdate<'_>,
    key: SurveyKey,
    content: &SurveyContent,
) -> Result<(), Stop> {
    diesel::insert_into(surveys::table)
        .values((
            surveys::org_id.eq(key.course.org),
            surveys::id.eq(key.id),
            surveys::course_id.eq(key.course.id),
            surveys::title.eq(&content.title),
            surveys::description.eq(&content.description),
            surveys::questions.eq(serde_json::to_value(&content.questions).map_err(Error::internal)?),
            surveys::audience.eq(content.audience),
            surveys::is_anonymous.eq(content.is_anonymous),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    Ok(())
}

/// Reads a survey that its course's staff may edit. The course is locked, and with it who else would edit one of its surveys.
async fn find<'w>(write: &'w Write<'_>, key: SurveyKey) -> Result<(MayUpdate<'w>, Survey), Stop> {
    let editable = editable(write, key.course, "id").await?;
    let row = Survey::query().filter(surveys::org_id.eq(key.course.org).and(surveys::id.eq(key.id)));
    let row = row
        .filter(surveys::course_id.eq(key.course.id))
        .for_no_key_update();
    let found: Option<Survey> = row.first(&mut write.gate.conn()).await.optional()?;
    match found {
        Some(survey) => Ok((editable, survey)),
        None => refuse_with(Refusal::not_found("id")),
    }
}

fn refuse_unless(
    survey: &Survey,
    state: SurveyState,
    what: &str,
    to: Option<SurveyState>,
) -> Result<(), Stop> {
    if survey.state == state {
        return Ok(());
    }
    let present = survey.state.as_str().to_uppercase();
    let message = format!("The survey is {present}: {what}.");
    refuse_with(survey.state.refuse("id", message, to))
}

/// Edits a draft.
pub async fn update(
    write: &Write<'_>,
    key: SurveyKey,
    changes: &SurveyChanges,
    expected: Option<i32>,
) -> Result<SurveyKey, Stop> {
    let (editable, survey) = find(write, key).await?;
    refuse_unless_current("expectedVersion", expected, survey.version)?;
    refuse_unless(&survey, SurveyState::Draft, "only a draft can be edited", None)?;
    let former = survey.content();
    let content = SurveyContent {
        title: changes.title.clone().unwrap_or(former.title),
        description: changes.description.clone().unwrap_or(former.description),
        questions: changes.questions.clone().unwrap_or(former.questions),
        audience: changes.audience.unwrap_or(former.audience),
        is_anonymous: changes.is_anonymous.unwrap_or(former.is_anonymous),
    };
    refuse_all(content.faults())?;
    rewrite(write, &editable, key, &content).await?;
    write.happened("survey.updated", key, json!({}));
    Ok(key)
}

async fn rewrite(
    write: &Write<'_>,
    _: &MayUpdate<'_>,
    key: SurveyKey,
    content: &SurveyContent,
) -> Result<(), Stop> {
    diesel::update(surveys::table.find((key.course.org, key.id)))
        .set((
            surveys::title.eq(&content.title),
            surveys::description.eq(&content.description),
            surveys::questions.eq(serde_json::to_value(&content.questions).map_err(Error::internal)?),
            surveys::audience.eq(content.audience),
            surveys::is_anonymous.eq(content.is_anonymous),
            surveys::version.eq(surveys::version + 1),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    Ok(())
}

/// Lets learners answer a survey.
pub async fn open(write: &Write<'_>, key: SurveyKey, expected: Option<i32>) -> Result<SurveyKey, Stop> {
    let (editable, survey) = find(write, key).await?;
    refuse_unless_current("expectedVersion", expected, survey.version)?;
    refuse_unless(
        &survey,
        SurveyState::Draft,
        "only a draft can be opened",
        Some(SurveyState::Open),
    )?;
    if survey.asked().is_empty() {
        let message = "The survey asks nothing yet: give it a question first.";
        return refuse_with(Refusal::at(Code::Invalid, "id", message));
    }
    move_to(write, &editable, key, SurveyState::Open).await?;
    write.happened("survey.opened", key, json!({}));
    Ok(key)
}

/// Ends a survey. It stays closed: what an anonymous one came to has been looked at since.
pub async fn close(write: &Write<'_>, key: SurveyKey) -> Result<SurveyKey, Stop> {
    let (editable, survey) = find(write, key).await?;
    refuse_unless(
        &survey,
        SurveyState::Open,
        "only an open one can be closed",
        Some(SurveyState::Closed),
    )?;
    move_to(write, &editable, key, SurveyState::Closed).await?;
    if survey.is_anonymous {
        shuffle(write, &editable, key).await?;
    }
    write.happened("survey.closed", key, json!({}));
    Ok(key)
}

async fn move_to(
    write: &Write<'_>,
    _: &MayUpdate<'_>,
    key: SurveyKey,
    state: SurveyState,
) -> QueryResult<()> {
    let row = diesel::update(surveys::table.find((key.course.org, key.id)));
    let next = (
        surveys::state.eq(state),
        surveys::version.eq(surveys::version + 1),
    );
    let conn = &mut write.gate.conn();
    if state == SurveyState::Open {
        row.set((next, surveys::opened_at.eq(now))).execute(conn).await?;
    } else {
        row.set((next, surveys::closed_at.eq(now))).execute(conn).await?;
    }
    Ok(())
}

/// Writes the answers to an anonymous survey anew, in no order: PostgreSQL notes with each row which transaction wrote it, and so does the
/// audit.
async fn shuffle(write: &Write<'_>, _: &MayUpdate<'_>, key: SurveyKey) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "with former as (delete from survey_responses where org_id = ? and survey_id = ? returning org_id, survey_id, course_id, answers) \
         insert into survey_responses (org_id, id, survey_id, course_id, answers) \
         select org_id, gen_random_uuid(), survey_id, course_id, answers from former order by random()",
    )
    .bind::<SqlUuid, _>(key.course.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await
    .map(|_| ())
}

/// Deletes a survey with all that was answered to it. What was answered takes who may read it.
pub async fn delete(write: &Write<'_>, key: SurveyKey, expected: Option<i32>) -> Result<CourseKey, Stop> {
    let (editable, survey) = find(write, key).await?;
    refuse_unless_current("expectedVersion", expected, survey.version)?;
    let answered = load(write, ResponsesOf(key)).await?.unwrap_or_default();
    let relation = Relation {
        taught: editable.taught,
        ..Relation::default()
    };
    let records = Facts::of(Kind::Enrollment, key.course.org).related(relation);
    if answered > 0
        && !write
            .gate
            .decide(Permission::LearningRecordsRead, records)
            .allowed
    {
        let message = "It has been answered: who may read the answers deletes them, and you may close it.";
        return refuse_with(Refusal::at(Code::InUse, "id", message));
    }
    let responses = remove(write, &editable, key).await?;
    write.happened("survey.deleted", key, json!({ "responses": responses }));
    Ok(key.course)
}

async fn remove(write: &Write<'_>, _: &MayUpdate<'_>, key: SurveyKey) -> QueryResult<usize> {
    let (org, conn) = (key.course.org, write.gate.conn());
    let responses = survey_responses::table
        .filter(survey_responses::org_id.eq(org))
        .filter(survey_responses::survey_id.eq(key.id));
    let removed = diesel::delete(responses).execute(&mut &*conn).await?;
    let participants = survey_participants::table
        .filter(survey_participants::org_id.eq(org))
        .filter(survey_participants::survey_id.eq(key.id));
    diesel::delete(participants).execute(&mut &*conn).await?;
    diesel::delete(surveys::table.find((org, key.id)))
        .execute(&mut &*conn)
        .await?;
    Ok(removed)
}
