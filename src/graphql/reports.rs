//! Reports: how far a learner is, what is still to be learned, and when a course is complete.

use super::content::{Module, Unit};
use super::support::Ask;
use crate::domain::content::CompletionRule;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::Enrollment;
use crate::domain::progress::{ProgressOf, UnitProgressState};
use crate::domain::reports::{Score, SecondsOf};
use crate::kernel::ids::{EnrollmentKey, ModuleKey, RevisionKey, UnitId, UnitKey};
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// How far a learner is in a course.
#[derive(Clone, Copy, Debug)]
pub struct EnrollmentProgress {
    key: EnrollmentKey,
    revision: RevisionKey,
    units_completed: i32,
    unit_count: i32,
    last_activity_at: Option<DateTime<Utc>>,
}

impl From<&Enrollment> for EnrollmentProgress {
    fn from(enrollment: &Enrollment) -> Self {
        Self {
            key: enrollment.key,
            revision: enrollment.revision_key(),
            units_completed: enrollment.units_completed,
            unit_count: enrollment.unit_count,
            last_activity_at: enrollment.last_activity_at,
        }
    }
}

/// How far a learner is in a module of a course.
#[derive(Clone, SimpleObject)]
pub struct ModuleProgress {
    /// The module, in the learner's edition. Cost: 1.
    pub module: Module,
    /// Units complete, of those that the course's completion rule counts. Cost: 1.
    pub units_completed: i32,
    /// Units that the course's completion rule counts. Cost: 1.
    pub unit_count: i32,
    /// Seconds that the learner has spent in the module. Cost: 1.
    pub seconds: i64,
}

/// How far a learner is in a course. Requires: seeing the enrolment. Cost: 1.
#[Object]
impl EnrollmentProgress {
    /// Units complete, of those that the course's completion rule counts. Cost: 1.
    async fn units_completed(&self) -> i32 {
        self.units_completed
    }

    /// Units that the course's completion rule counts. Cost: 1.
    async fn unit_count(&self) -> i32 {
        self.unit_count
    }

    /// Share of those units that are complete, in whole percent, rounded down. Cost: 1.
    async fn percent(&self) -> i32 {
        self.units_completed * 100 / self.unit_count.max(1)
    }

    /// Seconds that the learner has spent in this cycle. Cost: 1, batched.
    async fn seconds(&self, ctx: &Context<'_>) -> async_graphql::Result<i64> {
        Ok(ctx.fetch(SecondsOf(self.key)).await?.unwrap_or_default())
    }

    /// When something that the learner did was last reported; null before the first time. Cost: 1.
    async fn last_activity_at(&self) -> Option<DateTime<Utc>> {
        self.last_activity_at
    }

    /// How far the learner is in each module, in their order. Cost: 1, batched.
    async fn modules(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<ModuleProgress>> {
        let rows = ctx.fetch_one(ProgressOf(self.key)).await?;
        let rows: HashMap<UnitId, _> = rows.iter().map(|row| (row.unit_id, row)).collect();
        let revision = ctx.app().contents.find(&ctx.reader(), self.revision).await?;
        let modules = Module::all(&revision).into_iter().zip(&revision.content.modules);
        let progress = modules.map(|(module, content)| {
            let mut progress = ModuleProgress {
                module,
                units_completed: 0,
                unit_count: 0,
                seconds: 0,
            };
            for unit in &content.units {
                let row = rows.get(&unit.id);
                progress.seconds += row.map_or(0, |row| i64::from(row.seconds));
                if revision.counts(unit) {
                    progress.unit_count += 1;
                    let is_complete = row.is_some_and(|row| row.state == UnitProgressState::Completed);
                    progress.units_completed += i32::from(is_complete);
                }
            }
            progress
        });
        Ok(progress.collect())
    }
}

/// How well the quizzes of a module were answered.
#[derive(Clone, SimpleObject)]
pub struct KnowledgeGap {
    /// The module. Cost: 1.
    pub module: Module,
    /// Share of the points that were earned at its quizzes, in whole percent, rounded down; by each learner's best attempts. Cost: 1.
    pub score: i32,
}

/// The modules in whose quizzes points were missed, the weakest first.
pub fn gaps(revision: &SharedRevision, scores: &[Score]) -> Vec<KnowledgeGap> {
    let mut sums: HashMap<usize, (i64, i64)> = HashMap::new();
    for score in scores {
        if let Some((module, _)) = revision.unit_position(score.unit) {
            let (points, most) = sums.entry(module).or_default();
            *points += score.points;
            *most += score.most;
        }
    }
    let mut sums: Vec<_> = sums
        .into_iter()
        .filter(|(_, (points, most))| points < most)
        .map(|(module, (points, most))| (points * 100 / most, module))
        .collect();
    sums.sort_unstable();
    let gap = |(score, module): (i64, usize)| {
        let key = ModuleKey::new(revision.course, revision.content.modules[module].id);
        Module::find(revision, key).map(|module| KnowledgeGap {
            module,
            score: i32::try_from(score).unwrap_or_default(),
        })
    };
    sums.into_iter().filter_map(gap).collect()
}

/// When an enrolment in an edition of a course is complete.
pub struct CourseCompletion(pub SharedRevision);

/// When an enrolment in an edition of a course is complete. Requires: seeing the course. Cost: 1.
#[Object]
impl CourseCompletion {
    /// By which rule. Cost: 1.
    async fn rule(&self) -> CompletionRule {
        self.0.content.completion_rule
    }

    /// Which share of the units it takes, in percent, where the rule is `MINIMUM_PERCENT`; null otherwise. Cost: 1.
    async fn percent(&self) -> Option<i32> {
        let is_share = self.0.content.completion_rule == CompletionRule::MinimumPercent;
        self.0.content.completion_percent.filter(|_| is_share)
    }

    /// The units that the rule counts, in the order of the course. Cost: 1.
    async fn units(&self) -> Vec<Unit> {
        let unit = |id| Unit::find(&self.0, UnitKey::new(self.0.course, id));
        self.0.required_ids().into_iter().filter_map(unit).collect()
    }

    /// How many of them complete an enrolment. Cost: 1.
    async fn units_needed(&self) -> i32 {
        self.0.units_needed()
    }
}
