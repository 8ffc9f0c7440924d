//! What has to hold before a learner may go into a unit.

use crate::kernel::ids::UnitId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// One condition of a unit; all of a unit's have to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseRule {
    /// That unit is complete.
    AfterUnit(UnitId),
    /// An attempt at that quiz earned this share of its points.
    AfterScore {
        /// The quiz.
        quiz: UnitId,
        /// Percent of the points, 1 to 100.
        percent: i32,
    },
    /// It is this time or later.
    OnDate(DateTime<Utc>),
    /// So many times 24 hours have passed since the learner was enrolled, or began the course anew.
    AfterDays(i32),
}

impl ReleaseRule {
    /// The unit that the rule is about.
    pub const fn unit(&self) -> Option<UnitId> {
        match self {
            Self::AfterUnit(unit) | Self::AfterScore { quiz: unit, .. } => Some(*unit),
            Self::OnDate(_) | Self::AfterDays(_) => None,
        }
    }

    /// The same rule about another unit; one that is about none stays.
    #[must_use]
    pub const fn about(self, unit: UnitId) -> Self {
        match self {
            Self::AfterUnit(_) => Self::AfterUnit(unit),
            Self::AfterScore { percent, .. } => Self::AfterScore { quiz: unit, percent },
            Self::OnDate(_) | Self::AfterDays(_) => self,
        }
    }
}

/// What a learner has done that rules look at.
#[derive(Clone, Debug, Default)]
pub struct Achieved {
    /// The units that are complete.
    pub complete: HashSet<UnitId>,
    /// The best share of the points of each quiz that was graded, in whole percent, rounded down.
    pub best_percent: HashMap<UnitId, i32>,
}

impl Achieved {
    /// The rules that do not hold at a time for somebody who started at another.
    pub fn blocking(
        &self,
        rules: &[ReleaseRule],
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Vec<ReleaseRule> {
        let holds = |rule: &ReleaseRule| match rule {
            ReleaseRule::AfterUnit(unit) => self.complete.contains(unit),
            ReleaseRule::AfterScore { quiz, percent } => {
                self.best_percent.get(quiz).is_some_and(|best| best >= percent)
            }
            ReleaseRule::OnDate(at) => now >= *at,
            ReleaseRule::AfterDays(days) => now >= started_at + TimeDelta::days(i64::from(*days)),
        };
        rules.iter().copied().filter(|rule| !holds(rule)).collect()
    }
}

/// When the rules that wait for a time let a unit open at the earliest; nothing where none does.
pub fn opens_at(rules: &[ReleaseRule], started_at: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let time = |rule: &ReleaseRule| match rule {
        ReleaseRule::OnDate(at) => Some(*at),
        ReleaseRule::AfterDays(days) => started_at.map(|at| at + TimeDelta::days(i64::from(*days))),
        ReleaseRule::AfterUnit(_) | ReleaseRule::AfterScore { .. } => None,
    };
    rules.iter().filter_map(time).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_unit_opens_once_all_its_rules_hold() {
        let unit = |n| UnitId(Uuid::from_u128(n));
        let enrolled: DateTime<Utc> = "2026-03-28T12:00:00Z".parse().unwrap();
        let date = "2026-03-29T01:00:00Z".parse().unwrap();
        let rules = [
            ReleaseRule::AfterUnit(unit(1)),
            ReleaseRule::AfterScore {
                quiz: unit(2),
                percent: 70,
            },
            ReleaseRule::OnDate(date),
            ReleaseRule::AfterDays(1),
        ];
        let mut achieved = Achieved::default();
        assert_eq!(achieved.blocking(&rules, enrolled, enrolled), rules);
        achieved.complete.insert(unit(1));
        achieved.best_percent.insert(unit(2), 69);
        assert_eq!(
            achieved.blocking(&rules, enrolled, date),
            [rules[1], rules[3]],
            "a day is 24 hours, also when clocks change in between"
        );
        achieved.best_percent.insert(unit(2), 70);
        let opens = opens_at(&rules, Some(enrolled)).unwrap();
        assert_eq!(opens, enrolled + TimeDelta::days(1));
        assert_eq!(
            achieved.blocking(&rules, enrolled, opens - TimeDelta::seconds(1)),
            [rules[3]]
        );
        assert_eq!(achieved.blocking(&rules, enrolled, opens), []);
        assert_eq!(opens_at(&rules[..2], Some(enrolled)), None);
    }
}
