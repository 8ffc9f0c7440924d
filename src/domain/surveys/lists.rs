//! Surveys and what was answered, as they are read.

use super::model::{Survey, SurveyResponse};
use crate::db::schema::{survey_participants, survey_responses, surveys};
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::{IdRange, groups};
use crate::kernel::ids::{
    CourseId, CourseKey, MemberId, OrgId, SurveyId, SurveyKey, SurveyResponseId, SurveyResponseKey,
};
use crate::kernel::page::{Page, Slice};
use crate::record_lists;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// The surveys of a course, in whatever state, the oldest first. There are few, so one is found among all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SurveysOf(pub CourseKey);

impl Batch for SurveysOf {
    type Value = Arc<Vec<Arc<Survey>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<Survey> = Survey::query()
            .filter(surveys::org_id.eq_any(orgs).and(surveys::course_id.eq_any(ids)))
            .order_by(surveys::id)
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, Vec<Arc<Survey>>> = HashMap::new();
        for row in rows {
            found.entry(Self(row.key.course)).or_default().push(Arc::new(row));
        }
        let shared = |(key, rows)| (key, Arc::new(rows));
        Ok(found.into_iter().map(shared).collect())
    }
}

/// Whether a member has answered a survey: present if so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Participated(pub SurveyKey, pub MemberId);

impl Batch for Participated {
    type Value = ();

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, ()>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.course.org).collect();
        let ids: Vec<SurveyId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(OrgId, CourseId, SurveyId, MemberId)> = survey_participants::table
            .filter(survey_participants::org_id.eq_any(orgs))
            .filter(survey_participants::member_id.eq_any(members))
            .filter(survey_participants::survey_id.eq_any(ids))
            .select((
                survey_participants::org_id,
                survey_participants::course_id,
                survey_participants::survey_id,
                survey_participants::member_id,
            ))
            .load(&mut conn)
            .await?;
        let key = |(org, course, survey, member)| {
            let survey = SurveyKey::new(CourseKey::new(org, course), survey);
            (Self(survey, member), ())
        };
        Ok(rows.into_iter().map(key).collect())
    }
}

/// What a member answered to a survey; nothing of an anonymous one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponseOf(pub SurveyKey, pub MemberId);

impl Batch for ResponseOf {
    type Value = Arc<SurveyResponse>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.course.org).collect();
        let ids: Vec<SurveyId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<SurveyResponse> = SurveyResponse::query()
            .filter(survey_responses::org_id.eq_any(orgs))
            .filter(survey_responses::member_id.eq_any(members))
            .filter(survey_responses::survey_id.eq_any(ids))
            .load(&mut conn)
            .await?;
        let key = |row: SurveyResponse| Some((Self(row.survey_key(), row.member_key()?.id), Arc::new(row)));
        Ok(rows.into_iter().filter_map(key).collect())
    }
}

impl Batch for SurveyResponseKey {
    type Value = Arc<SurveyResponse>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SurveyResponseId>) =
            keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<SurveyResponse> = SurveyResponse::query()
            .filter(
                survey_responses::org_id
                    .eq_any(orgs)
                    .and(survey_responses::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// How many have answered a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResponsesOf(pub SurveyKey);

impl Batch for ResponsesOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SurveyId>) =
            keys.iter().map(|key| (key.0.course.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, CourseId, SurveyId, i64)> = Statement::<(SqlUuid, SqlUuid, SqlUuid, BigInt)>::new(
            "select r.org_id, r.course_id, r.survey_id, count(*) from unnest(?, ?) as k (org_id, id) \
             join survey_responses r on r.org_id = k.org_id and r.survey_id = k.id group by r.org_id, r.course_id, r.survey_id",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let count =
            |(org, course, survey, count)| (Self(SurveyKey::new(CourseKey::new(org, course), survey)), count);
        Ok(rows.into_iter().map(count).collect())
    }
}

/// A page of what was answered to a survey. The newest first; of an anonymous one in no order, which is the same each time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResponsePage {
    /// The survey.
    pub survey: SurveyKey,
    /// Which page.
    pub page: Page,
    /// Between which identifiers it lies.
    pub range: IdRange,
}

type Columns = <SurveyResponse as Selectable<Pg>>::SelectExpression;
type ColumnTypes = SqlTypeOf<Columns>;

impl Batch for ResponsePage {
    type Value = Slice<Arc<SurveyResponse>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| key.page.clone()) {
            let Self { page, range, .. } = keys[0];
            let (orgs, ids): (Vec<OrgId>, Vec<SurveyId>) = keys
                .iter()
                .map(|key| (key.survey.course.org, key.survey.id))
                .unzip();
            let sql = if page.backward {
                record_lists!(@page survey_responses, ".survey_id", "asc")
            } else {
                record_lists!(@page survey_responses, ".survey_id", "desc")
            };
            let rows: Vec<SurveyResponse> = Statement::<ColumnTypes>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<ColumnTypes, _>(<SurveyResponse as Selectable<Pg>>::construct_selection())
                .bind::<Bool, _>(true)
                .bind::<SqlUuid, _>(range.above)
                .bind::<SqlUuid, _>(range.below)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<SurveyKey, Vec<Arc<SurveyResponse>>> = HashMap::new();
            for row in rows {
                pages.entry(row.survey_key()).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.survey).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}
