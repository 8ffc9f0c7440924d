//! What a quiz draws from banks in each attempt: as its author says it, and as it is frozen with the course.

use super::bank_writes::fault_of_tags;
use super::drafts::{DraftUnit, MayUpdate};
use crate::db::schema::{draft_units, question_banks};
use crate::db::{Conn, Statement};
use crate::domain::content::compiled::PoolContent;
use crate::domain::content::points::MOST;
use crate::domain::content::{AnswerKey, AnswerKeys, Points, QuestionPrompt};
use crate::domain::mutate::{Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrgId, QuestionBankId, QuestionId, UnitId};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::HashSet;

/// Pools that a quiz may have, and questions that all of them may draw from.
const MOST_POOLS: usize = 20;
pub(super) const MOST_DRAWN_FROM: usize = 500;

/// What is drawn from a bank in each attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// The bank.
    pub bank: QuestionBankId,
    /// How many questions.
    pub draw: i32,
    /// What each is worth, so that all attempts can earn the same.
    pub points: Points,
    /// Only those that have all of these tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl DraftUnit {
    /// What a quiz unit draws beside its own questions.
    pub fn drawn(&self) -> Vec<Pool> {
        let read = |pools: &Value| serde_json::from_value(pools.clone()).ok();
        self.pools.as_ref().and_then(read).unwrap_or_default()
    }
}

/// Says what is wrong with the pools of a quiz.
pub(super) fn fault_of_pools(pools: &[Pool]) -> Option<Refusal> {
    let path = "content.quiz.pools";
    if pools.len() > MOST_POOLS {
        let message = format!("A quiz has at most {MOST_POOLS} pools.");
        return Some(Refusal::at(Code::Invalid, path, message));
    }
    pools.iter().enumerate().find_map(|(index, pool)| {
        let at = |field: &str, message| {
            Some(Refusal::at(
                Code::Invalid,
                &format!("{path}.{index}.{field}"),
                message,
            ))
        };
        if !(1..=500).contains(&pool.draw) {
            return at("draw", "A pool draws between 1 and 500 questions.");
        }
        if pool.points <= Points::ZERO || pool.points > MOST {
            return at("points", "A question earns between 0.01 and 1000 points.");
        }
        fault_of_tags(&format!("{path}.{index}.tags"), &pool.tags)
    })
}

/// Puts pools in the place of a draft quiz's. Every bank is one of the organisation's that is not archived.
pub(super) async fn replace(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    unit: UnitId,
    pools: &[Pool],
) -> Result<(), Stop> {
    let key = course.course.key;
    let banks: Vec<QuestionBankId> = pools.iter().map(|pool| pool.bank).collect();
    let known: Vec<QuestionBankId> = question_banks::table
        .filter(
            question_banks::org_id
                .eq(key.org)
                .and(question_banks::id.eq_any(&banks)),
        )
        .filter(question_banks::archived_at.is_null())
        .select(question_banks::id)
        .load(&mut conn)
        .await?;
    if let Some(index) = banks.iter().position(|bank| !known.contains(bank)) {
        return refuse_with(Refusal::not_found(&format!("content.quiz.pools.{index}.bankId")));
    }
    let stored = (!pools.is_empty()).then(|| serde_json::to_value(pools).unwrap_or_default());
    diesel::update(draft_units::table.find((key.org.0, unit.0)))
        .filter(draft_units::course_id.eq(key.id))
        .set(draft_units::pools.eq(stored))
        .execute(&mut conn)
        .await?;
    Ok(())
}

/// Freezes what a quiz draws from: the newest versions of the questions that its pools mean, each in the first pool that
/// means it.
pub(super) async fn freeze(
    conn: Conn<'_>,
    org: OrgId,
    unit: &DraftUnit,
    keys: &mut AnswerKeys,
) -> Result<Vec<PoolContent>, Stop> {
    let mut frozen = Vec::new();
    let mut seen: HashSet<QuestionId> = HashSet::new();
    for (index, pool) in unit.drawn().into_iter().enumerate() {
        let room = MOST_DRAWN_FROM.saturating_sub(seen.len());
        let mut questions = Vec::new();
        for (id, mut prompt, key) in candidates(conn, org, &pool).await? {
            if !seen.insert(id) {
                continue;
            }
            if !prompt.rubric.is_empty() && prompt.scoring.points != pool.points {
                let message = format!(
                    "The pool {} of the quiz “{}” would change what the criteria of “{}” come to.",
                    index + 1,
                    unit.title,
                    shortened(&prompt.text)
                );
                return refuse_with(Refusal::at(Code::NothingToPublish, "id", message));
            }
            prompt.scoring.points = pool.points;
            prompt.scoring.penalty = prompt.scoring.penalty.min(pool.points);
            keys.0.insert(id, key);
            questions.push((id, prompt));
        }
        if questions.len() > room {
            let message = format!(
                "The pools of the quiz “{}” draw from more than {MOST_DRAWN_FROM} questions; narrow them by tags.",
                unit.title
            );
            return refuse_with(Refusal::at(Code::LimitReached, "id", message));
        }
        let draw = usize::try_from(pool.draw).unwrap_or_default();
        if questions.len() < draw {
            let message = format!(
                "The pool {} of the quiz “{}” draws {draw} questions and has {}.",
                index + 1,
                unit.title,
                questions.len()
            );
            return refuse_with(Refusal::at(Code::NothingToPublish, "id", message));
        }
        frozen.push(PoolContent {
            draw,
            points: pool.points,
            questions,
        });
    }
    Ok(frozen)
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

type Candidate = (QuestionId, QuestionPrompt, AnswerKey);

/// The questions that a pool means, one more than may be drawn from at most.
async fn candidates(mut conn: Conn<'_>, org: OrgId, pool: &Pool) -> Result<Vec<Candidate>> {
    let rows: Vec<(QuestionId, Value, Value)> = Statement::<(SqlUuid, Jsonb, Jsonb)>::new(
        "select q.id, v.prompt, v.answer_key from bank_questions q \
         join question_banks b on b.org_id = q.org_id and b.id = q.bank_id and b.archived_at is null \
         join bank_question_versions v on v.org_id = q.org_id and v.question_id = q.id and v.number = q.number \
         where q.org_id = ? and q.bank_id = ? and q.retired_at is null and q.tags @> ? order by q.id limit ?",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(pool.bank)
    .bind::<Array<Text>, _>(pool.tags.clone())
    .bind::<BigInt, _>(i64::try_from(MOST_DRAWN_FROM).unwrap_or(i64::MAX) + 1)
    .load(&mut conn)
    .await?;
    let candidate = |(id, prompt, key): (QuestionId, Value, Value)| {
        let prompt = serde_json::from_value(prompt).map_err(Error::internal)?;
        Ok((id, prompt, serde_json::from_value(key).map_err(Error::internal)?))
    };
    rows.into_iter().map(candidate).collect()
}
