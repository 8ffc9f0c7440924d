//! Whether a learner may go into a unit, and what is missing.

use super::releasing::UnitReleaseRule;
use super::support::operation::Ask;
use crate::domain::content::ReleaseRule;
use crate::domain::content::release::opens_at;
use crate::domain::enrollments::release::AchievedIn;
use crate::domain::enrollments::store::EnrollmentIn;
use crate::kernel::error::Result;
use crate::kernel::ids::CourseKey;
use async_graphql::{Context, Enum, SimpleObject};
use chrono::{DateTime, Utc};

/// Whether you may go into a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UnitAccessState {
    /// You may.
    Open,
    /// Something has to hold first.
    Locked,
}

/// Whether you may go into a unit: see what it is made of, start its attempts, hand in for it, record progress in it. What a unit is called,
/// and that it is there, is as visible as its course.
#[derive(Clone, Debug, SimpleObject)]
pub struct UnitAccess {
    /// Whether you may. Open to everybody where the unit has no rules; to whoever is no learner of the course it is locked
    /// by all that it has. Cost: 1.
    pub state: UnitAccessState,
    /// The rules that do not hold yet. Cost: 1.
    pub blocked_by: Vec<UnitReleaseRule>,
    /// When the rules that wait for a time will hold; null where none does. Cost: 1.
    pub opens_at: Option<DateTime<Utc>>,
}

impl UnitAccess {
    /// Whether the viewer may go into a unit of a course that has these rules.
    pub async fn of(ctx: &Context<'_>, course: CourseKey, rules: &[ReleaseRule]) -> Result<Self> {
        if rules.is_empty() {
            return Ok(Self {
                state: UnitAccessState::Open,
                blocked_by: Vec::new(),
                opens_at: None,
            });
        }
        let enrollment = match ctx.viewer().in_org(course.org) {
            Some(standing) => ctx.fetch(EnrollmentIn(course, standing.member)).await?,
            None => None,
        };
        let enrollment = enrollment.filter(|enrollment| enrollment.state.is_in());
        let blocking = match &enrollment {
            Some(enrollment) => {
                let achieved = ctx.fetch_one(AchievedIn(enrollment.key)).await?;
                achieved.blocking(rules, enrollment.begun_at(), enrollment.read_at)
            }
            None => rules.to_vec(),
        };
        let state = if blocking.is_empty() {
            UnitAccessState::Open
        } else {
            UnitAccessState::Locked
        };
        Ok(Self {
            state,
            opens_at: opens_at(&blocking, enrollment.map(|enrollment| enrollment.begun_at())),
            blocked_by: blocking
                .iter()
                .map(|rule| UnitReleaseRule::show(course, rule))
                .collect(),
        })
    }
}
