//! What was saved in an attempt, and what was right: two readings that share nothing.
//!
//! Saved answers are read without their points, so nothing that comes of them tells what was right. Answer keys are
//! read by [`Review::find`] alone, and only where the quiz's policy has opened the review for the attempt.

use super::model::Attempt;
use super::overlay::laid_over;
use super::rubric::CriterionGrade;
use crate::db::schema::{attempt_answers, revision_answer_keys};
use crate::db::{Batch, Conn, Reader, Statement};
use crate::domain::app::App;
use crate::domain::content::{
    Answer, AnswerKey, AnswerKeys, Points, QuestionPrompt, QuizPolicy, ReviewPolicy,
};
use crate::kernel::error::Result;
use crate::kernel::ids::{AttemptId, AttemptKey, OrgId, QuestionId, RevisionId, RevisionKey, UnitKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// An answer as it is saved.
#[derive(Clone, Debug)]
pub struct SavedAnswer {
    /// The answer.
    pub answer: Answer,
    /// 1 for the first, counting up.
    pub version: i32,
    /// When this version was saved.
    pub saved_at: DateTime<Utc>,
}

/// The saved answers of an attempt, by question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SavedIn(pub AttemptKey);

impl Batch for SavedIn {
    type Value = Arc<HashMap<QuestionId, SavedAnswer>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<AttemptId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, AttemptId, QuestionId, Value, i32, DateTime<Utc>)> = attempt_answers::table
            .filter(
                attempt_answers::org_id
                    .eq_any(orgs)
                    .and(attempt_answers::attempt_id.eq_any(ids)),
            )
            .select((
                attempt_answers::org_id,
                attempt_answers::attempt_id,
                attempt_answers::question_id,
                attempt_answers::answer,
                attempt_answers::version,
                attempt_answers::saved_at,
            ))
            .load(&mut conn)
            .await?;
        let mut saved: HashMap<Self, HashMap<QuestionId, SavedAnswer>> = HashMap::new();
        for (org, attempt, question, answer, version, saved_at) in rows {
            let answer = serde_json::from_value(answer).map_err(unreadable)?;
            let answer = SavedAnswer {
                answer,
                version,
                saved_at,
            };
            saved
                .entry(Self(AttemptKey::new(org, attempt)))
                .or_default()
                .insert(question, answer);
        }
        Ok(saved
            .into_iter()
            .map(|(key, answers)| (key, Arc::new(answers)))
            .collect())
    }
}

/// The answer keys of a revision. Made by [`Review::find`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KeysOf(RevisionKey);

impl Batch for KeysOf {
    type Value = Arc<AnswerKeys>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<RevisionId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, RevisionId, String)> = revision_answer_keys::table
            .filter(
                revision_answer_keys::org_id
                    .eq_any(orgs)
                    .and(revision_answer_keys::revision_id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        let read = |(org, id, keys): (OrgId, RevisionId, String)| {
            let keys = serde_json::from_str(&keys).map_err(unreadable)?;
            Ok((Self(RevisionKey::new(org, id)), Arc::new(keys)))
        };
        rows.into_iter().map(read).collect()
    }
}

/// How an attempt is graded. Made by [`Review::find`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct GradesOf(AttemptKey);

/// The revisions whose answer keys regrades have applied to an attempt, the first first, and what each of its answers earned.
#[derive(Debug)]
struct Grades {
    applied: Vec<RevisionId>,
    of: HashMap<QuestionId, Grade>,
}

/// The points of an answer, and what people said of it, as a whole and by criteria.
type Grade = (Points, Option<String>, Vec<CriterionGrade>);
type GradeRow = (
    (OrgId, AttemptId, Vec<RevisionId>),
    (Option<QuestionId>, Option<Points>, Option<String>, Option<Value>),
);
type GradeTypes = (
    (SqlUuid, SqlUuid, Array<SqlUuid>),
    (
        Nullable<SqlUuid>,
        Nullable<Integer>,
        Nullable<Text>,
        Nullable<Jsonb>,
    ),
);

impl Batch for GradesOf {
    type Value = Arc<Grades>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<AttemptId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<GradeRow> = Statement::<GradeTypes>::new(
            "select a.org_id, a.id, a.keys_revisions, s.question_id, s.points, s.feedback, s.criteria \
             from attempts a left join attempt_answers s on s.org_id = a.org_id and s.attempt_id = a.id and s.points is not null \
             where a.org_id = any (?) and a.id = any (?)",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let mut grades: HashMap<Self, Grades> = HashMap::new();
        for ((org, attempt, applied), (question, points, feedback, criteria)) in rows {
            let own = grades
                .entry(Self(AttemptKey::new(org, attempt)))
                .or_insert_with(|| Grades {
                    applied,
                    of: HashMap::new(),
                });
            let Some((question, points)) = question.zip(points) else {
                continue;
            };
            let criteria = criteria
                .map(serde_json::from_value)
                .transpose()
                .map_err(unreadable)?;
            own.of
                .insert(question, (points, feedback, criteria.unwrap_or_default()));
        }
        Ok(grades
            .into_iter()
            .map(|(key, grades)| (key, Arc::new(grades)))
            .collect())
    }
}

fn unreadable(error: serde_json::Error) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(error))
}

/// An instant: present if it is past by the database's clock, which deadlines go by too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Past(DateTime<Utc>);

impl Batch for Past {
    type Value = ();

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, ()>> {
        let past: Vec<DateTime<Utc>> =
            Statement::<Timestamptz>::new("select i from unnest(?) as i where i <= clock_timestamp()")
                .bind::<Array<Timestamptz>, _>(keys.iter().map(|key| key.0).collect::<Vec<_>>())
                .load(&mut conn)
                .await?;
        Ok(past.into_iter().map(|instant| (Self(instant), ())).collect())
    }
}

/// When a quiz that was taken by this policy is closed to everybody: at the later `closesAt` of the policy and of the course's current revision,
/// in which others sit. Never while one of them has none; by its own date where the current revision no longer has
/// the quiz. Editions between the two, in which learners may still sit, are not asked.
pub async fn closes(
    app: &App,
    reader: &Reader,
    quiz: UnitKey,
    policy: &QuizPolicy,
) -> Result<Option<DateTime<Utc>>> {
    let Some(closes) = policy.closes_at else {
        return Ok(None);
    };
    let course = reader.fetch(quiz.course).await?;
    let Some(current) = course.and_then(|course| course.revision()) else {
        return Ok(Some(closes));
    };
    let current = app.contents.find(reader, current).await?;
    Ok(match current.quiz(quiz.id) {
        Some((policy, _)) => policy.closes_at.map(|others| others.max(closes)),
        None => Some(closes),
    })
}

/// Whether the review of an attempt is open.
pub async fn is_open(app: &App, reader: &Reader, attempt: &Attempt, policy: &QuizPolicy) -> Result<bool> {
    let is_closed = policy.review == ReviewPolicy::AfterClosing
        && match closes(app, reader, attempt.unit_key(), policy).await? {
            Some(closes) => reader.fetch(Past(closes)).await?.is_some(),
            None => false,
        };
    Ok(attempt.is_reviewable(policy.review, is_closed))
}

/// What a review tells of one question.
#[derive(Clone, Debug)]
pub struct Review {
    /// Points that the saved answer earned; none without one.
    pub points: Points,
    /// What people said of the saved answer.
    pub feedback: Option<String>,
    /// What they said by each criterion.
    pub criteria: Vec<CriterionGrade>,
    /// What is right, and why.
    pub key: AnswerKey,
}

impl Review {
    /// Reviews one question of an attempt; nothing, and nothing is read, while its review is not open.
    pub async fn find(
        app: &App,
        reader: &Reader,
        attempt: &Attempt,
        policy: &QuizPolicy,
        (question, prompt): (QuestionId, &QuestionPrompt),
    ) -> Result<Option<Self>> {
        if !is_open(app, reader, attempt, policy).await? {
            return Ok(None);
        }
        let Some(grades) = reader.fetch(GradesOf(attempt.key)).await? else {
            return Ok(None);
        };
        let Some(key) = key_of(app, reader, attempt, &grades.applied, (question, prompt)).await? else {
            return Ok(None);
        };
        let (points, feedback, criteria) = grades.of.get(&question).cloned().unwrap_or_default();
        Ok(Some(Self {
            points,
            feedback,
            criteria,
            key,
        }))
    }
}

/// What is right by the newest of the applied revisions that asks the same question; else by the attempt's own.
async fn key_of(
    app: &App,
    reader: &Reader,
    attempt: &Attempt,
    applied: &[RevisionId],
    (question, prompt): (QuestionId, &QuestionPrompt),
) -> Result<Option<AnswerKey>> {
    let keys = reader.fetch(KeysOf(attempt.revision_key())).await?;
    let mut key = keys.and_then(|keys| keys.0.get(&question).cloned());
    for id in applied {
        let later = RevisionKey::new(attempt.key.org, *id);
        let keys = reader.fetch(KeysOf(later)).await?;
        let revision = app.contents.find(reader, later).await?;
        let asked = revision
            .questions(attempt.unit_id)
            .find(|(id, _)| *id == question)
            .map(|(_, prompt)| prompt);
        let corrected = keys.as_deref().and_then(|keys| keys.0.get(&question));
        key = laid_over(prompt, key.as_ref(), asked.zip(corrected)).cloned();
    }
    Ok(key)
}
