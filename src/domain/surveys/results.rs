//! What the answers to a survey come to.

use super::model::{Survey, SurveyState};
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::{SurveyQuestion, SurveyQuestionKind};
use crate::domain::insights::SMALLEST_GROUP;
use crate::kernel::ids::{CourseId, CourseKey, OrgId, SurveyId, SurveyKey};
use async_graphql::SimpleObject;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Whether what was answered is shown. Of an anonymous survey only when it is closed: whoever looked before and after an answer would know it.
pub fn are_shown(survey: &Survey, responses: i64) -> bool {
    !survey.is_anonymous || survey.state == SurveyState::Closed && responses >= SMALLEST_GROUP
}

/// How often each number was chosen in each question of a survey; 0 stands for answering it at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountsOf(pub SurveyKey);

impl Batch for CountsOf {
    type Value = Arc<BTreeMap<(i32, i32), i64>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SurveyId>) =
            keys.iter().map(|key| (key.0.course.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, CourseId, SurveyId, i32, i32, i64)> =
            Statement::<(SqlUuid, SqlUuid, SqlUuid, Integer, Integer, BigInt)>::new(
                "select r.org_id, r.course_id, r.survey_id, (a.value ->> 'question')::integer, coalesce(c.choice, 0), count(*) \
                 from unnest(?, ?) as k (org_id, id) join survey_responses r on r.org_id = k.org_id and r.survey_id = k.id \
                 cross join lateral jsonb_array_elements(r.answers) a cross join lateral ( \
                    select null::integer as choice union all select (a.value ->> 'rating')::integer where a.value -> 'rating' is not null \
                    union all select o.value::integer from jsonb_array_elements_text(coalesce(a.value -> 'choices', '[]')) o) c \
                 group by 1, 2, 3, 4, 5",
            )
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(ids)
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, BTreeMap<(i32, i32), i64>> = HashMap::new();
        for (org, course, survey, question, choice, count) in rows {
            let key = Self(SurveyKey::new(CourseKey::new(org, course), survey));
            found.entry(key).or_default().insert((question, choice), count);
        }
        let shared = |(key, counts)| (key, Arc::new(counts));
        Ok(found.into_iter().map(shared).collect())
    }
}

/// How often something was chosen. Cost: 1.
#[derive(Clone, Debug, PartialEq, Eq, SimpleObject)]
pub struct SurveyChoiceCount {
    /// The rating, or the option's number. Cost: 1.
    pub choice: i32,
    /// The option's text; null for a rating. Cost: 1.
    pub text: Option<String>,
    /// By how many it was chosen. Cost: 1.
    pub count: i64,
}

/// What the answers to a question come to. Cost: 1.
#[derive(Clone, Debug, PartialEq, SimpleObject)]
pub struct SurveyQuestionResult {
    /// The question. Cost: 1.
    pub question: SurveyQuestion,
    /// How many have answered it. Cost: 1.
    pub answer_count: i64,
    /// The rating on average, 1 to 5; null for other kinds, and before the first answer. Cost: 1.
    pub average: Option<f64>,
    /// How often each rating or option was chosen, all of them in order; empty for texts. Cost: 1.
    pub choices: Vec<SurveyChoiceCount>,
}

/// Puts the counts of a survey beside its questions.
pub fn of_questions(survey: &Survey, counts: &BTreeMap<(i32, i32), i64>) -> Vec<SurveyQuestionResult> {
    let count = |question: i32, choice: i32| counts.get(&(question, choice)).copied().unwrap_or_default();
    let result = |question: SurveyQuestion| {
        let answer_count = count(question.number, 0);
        let choice = |choice: i32| SurveyChoiceCount {
            choice,
            text: usize::try_from(choice - 1)
                .ok()
                .and_then(|index| question.options.get(index).cloned()),
            count: count(question.number, choice),
        };
        let choices: Vec<_> = question.choices().map(choice).collect();
        let average = (question.kind == SurveyQuestionKind::Rating)
            .then(|| average(&choices))
            .flatten();
        SurveyQuestionResult {
            question,
            answer_count,
            average,
            choices,
        }
    };
    survey.asked().into_iter().map(result).collect()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an average of fewer ratings than a float counts exactly"
)]
fn average(ratings: &[SurveyChoiceCount]) -> Option<f64> {
    let answers: i64 = ratings.iter().map(|rating| rating.count).sum();
    let sum: i64 = ratings
        .iter()
        .map(|rating| rating.count * i64::from(rating.choice))
        .sum();
    (answers > 0).then(|| sum as f64 / answers as f64)
}
