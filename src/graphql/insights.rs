//! What a course's authors learn from how it is worked through.

use super::content::Unit;
use super::support::operation::Ask;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::insights::{
    self, EDITIONS_AT_ONCE, ItemTotals, SMALLEST_GROUP, Totals, UnitTotals, Worths,
};
use crate::kernel::error::Result;
use crate::kernel::ids::{QuestionKey, RevisionKey, UnitKey};
use async_graphql::{Context, Object, SimpleObject};
use futures_util::future::try_join_all;

/// How a course is worked through.
pub struct CourseInsights {
    revision: SharedRevision,
    totals: Totals,
}

/// How a unit is worked through.
#[derive(SimpleObject)]
pub struct UnitInsight {
    /// The unit, in the current revision. Cost: 1.
    pub unit: Unit,
    /// Learners who have been in it. Cost: 1.
    pub started: Option<i32>,
    /// How many of those have completed it. Cost: 1.
    pub completed: Option<i32>,
    /// Learners who have not completed the course and have come no further than here: many of them say that the unit, or
    /// the one behind it, wants work. Cost: 1.
    pub stopped: Option<i32>,
}

/// How a question is answered.
#[derive(SimpleObject)]
pub struct ItemInsight {
    /// The question's identifier. Cost: 1.
    pub question_id: QuestionKey,
    /// What is asked, Markdown. Cost: 1.
    pub text: String,
    /// The quiz that has it. Cost: 1.
    pub unit: Unit,
    /// Learners who have answered it. Cost: 1.
    pub learners: Option<i32>,
    /// The share that an answer earns on average of what the question was worth in its attempt, from 0 to 1: low for a hard question.
    /// Cost: 1.
    pub facility: Option<f64>,
    /// How that share goes with the one of the attempt's other questions, from -1 to 1. Near 0 it tells nobody apart; below 0
    /// those who know more get it wrong, so look at its key. Null where all answers earned the same. Cost: 1.
    pub discrimination: Option<f64>,
}

impl CourseInsights {
    /// Reads the totals of a course. The caller has made sure that the viewer may read its learning records.
    pub async fn find(ctx: &Context<'_>, revision: SharedRevision) -> Result<Self> {
        let course = revision.course;
        let totals = ctx.reader().run(|conn| insights::totals(course, conn)).await?;
        Ok(Self { revision, totals })
    }
}

/// How a course is worked through: what to revise, and where. What was counted among fewer than five learners is null, so that
/// nobody is read out of a statistic; of five who were in a unit, the one who stopped there is counted.
///
/// Requires: `learning_records.read` for the whole course. Cost: 1.
#[Object]
impl CourseInsights {
    /// Learners below which a number is null. Cost: 1.
    async fn smallest_group(&self) -> i32 {
        i32::try_from(SMALLEST_GROUP).unwrap_or(i32::MAX)
    }

    /// Learners who are or were in the course and have not left it. Cost: 1.
    async fn learners(&self) -> Option<i32> {
        shown(self.totals.learners, self.totals.learners)
    }

    /// The share of them who have completed the course, from 0 to 1. Cost: 1.
    async fn completion_rate(&self) -> Option<f64> {
        let learners = shown(self.totals.learners, self.totals.learners)?;
        let completed = i32::try_from(self.totals.completed).ok()?;
        Some(f64::from(completed) / f64::from(learners))
    }

    /// The units of the current revision in order, with who has been in them and who stopped there; at most the first 2000.
    ///
    /// Cost: 200; one SQL statement.
    async fn units(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<UnitInsight>> {
        let revision = &self.revision;
        let counted = ctx
            .reader()
            .run(|conn| insights::units(revision.course, revision, conn))
            .await?;
        let insight = |unit: &crate::domain::content::UnitContent| {
            let UnitTotals {
                started,
                completed,
                stopped,
            } = counted.get(&unit.id).copied().unwrap_or_default();
            Some(UnitInsight {
                unit: Unit::find(revision, UnitKey::new(revision.course, unit.id))?,
                started: shown(started, started),
                completed: shown(completed, started),
                stopped: shown(stopped, started),
            })
        };
        Ok(revision.units().take(2_000).filter_map(insight).collect())
    }

    /// The questions of the current revision in order, of each quiz its own and then those that it draws from, as they were answered in the
    /// newest 10000 graded attempts; at most the first 2000.
    ///
    /// Cost: 200; one SQL statement, and at least one for each twenty editions of those attempts that are not in memory.
    async fn items(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ItemInsight>> {
        let revision = &self.revision;
        let course = revision.course;
        let answers = ctx.reader().run(|conn| insights::items(course, conn)).await?;
        let (contents, reader) = (&ctx.app().contents, &ctx.reader());
        let mut worths = Worths::new();
        for editions in insights::editions(&answers).chunks(EDITIONS_AT_ONCE) {
            let keys = editions.iter().map(|id| RevisionKey::new(course.org, *id));
            for edition in try_join_all(keys.map(|key| contents.find(reader, key))).await? {
                worths.extend(insights::worths(&edition));
            }
        }
        let answered = insights::item_totals(&answers, &worths);
        let questions = revision.units().flat_map(|unit| {
            revision
                .questions(unit.id)
                .map(move |question| (unit.id, question))
        });
        let mut items = Vec::new();
        for (quiz, (id, prompt)) in questions.take(2_000) {
            let Some(unit) = Unit::find(revision, UnitKey::new(course, quiz)) else {
                continue;
            };
            let totals = answered
                .get(&(quiz, *id))
                .filter(|totals| totals.learners >= SMALLEST_GROUP);
            items.push(ItemInsight {
                question_id: QuestionKey::new(course, *id),
                text: prompt.text.clone(),
                unit,
                learners: totals.and_then(|totals| i32::try_from(totals.learners).ok()),
                facility: totals.map(ItemTotals::facility),
                discrimination: totals.and_then(ItemTotals::discrimination),
            });
        }
        Ok(items)
    }
}

/// A number that is of so many learners; nothing where they are too few.
fn shown(number: i64, learners: i64) -> Option<i32> {
    (learners >= SMALLEST_GROUP).then(|| i32::try_from(number).unwrap_or(i32::MAX))
}
