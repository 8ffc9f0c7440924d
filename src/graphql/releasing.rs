//! In which order things are done: rules of units, prerequisites of courses.

use super::courses::Course;
use super::drafts::DraftUnit;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::content::ReleaseRule;
use crate::domain::courses::releasing;
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{CourseKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, Enum, ID, InputObject, Object, OneofObject, Result, SimpleObject};
use chrono::{DateTime, Utc};

/// What a rule waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum UnitReleaseKind {
    /// Another unit is complete.
    AfterUnit,
    /// An attempt at a quiz earned a share of its points.
    AfterScore,
    /// A time has come.
    OnDate,
    /// So many days have passed since the learner was enrolled, or began the course anew.
    AfterDays,
}

/// A condition of a unit; all of a unit's have to hold before a learner may go into it.
#[derive(Clone, Debug, SimpleObject)]
pub struct UnitReleaseRule {
    /// What it waits for. Cost: 1.
    pub kind: UnitReleaseKind,
    /// The unit or the quiz that it is about; null in rules of time. Cost: 1.
    pub unit_id: Option<UnitKey>,
    /// The share of the points that is needed, in percent; null in other rules than `AFTER_SCORE`. Cost: 1.
    pub percent: Option<i32>,
    /// The time; null in other rules than `ON_DATE`. Cost: 1.
    pub date: Option<DateTime<Utc>>,
    /// Days of 24 hours; null in other rules than `AFTER_DAYS`. Cost: 1.
    pub days: Option<i32>,
}

impl UnitReleaseRule {
    /// Shows a rule of a unit of this course.
    pub fn show(course: CourseKey, rule: &ReleaseRule) -> Self {
        let kind = match rule {
            ReleaseRule::AfterUnit(_) => UnitReleaseKind::AfterUnit,
            ReleaseRule::AfterScore { .. } => UnitReleaseKind::AfterScore,
            ReleaseRule::OnDate(_) => UnitReleaseKind::OnDate,
            ReleaseRule::AfterDays(_) => UnitReleaseKind::AfterDays,
        };
        let mut shown = Self {
            kind,
            unit_id: rule.unit().map(|unit| UnitKey::new(course, unit)),
            percent: None,
            date: None,
            days: None,
        };
        match rule {
            ReleaseRule::AfterUnit(_) => {}
            ReleaseRule::AfterScore { percent, .. } => shown.percent = Some(*percent),
            ReleaseRule::OnDate(at) => shown.date = Some(*at),
            ReleaseRule::AfterDays(days) => shown.days = Some(*days),
        }
        shown
    }
}

/// A condition of a unit: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum UnitReleaseRuleInput {
    /// This unit of the course is complete.
    AfterUnit(ID),
    /// An attempt at a quiz of the course earned a share of its points.
    AfterScore(AfterScoreInput),
    /// It is this time or later.
    OnDate(DateTime<Utc>),
    /// So many days, of 24 hours each, have passed since the learner was enrolled, or began the course anew; 1 to 3650.
    AfterDays(i32),
}

/// A share of a quiz's points.
#[derive(Clone, Debug, InputObject)]
pub struct AfterScoreInput {
    /// The quiz.
    pub quiz_id: ID,
    /// The share of its points, in percent, 1 to 100.
    pub percent: i32,
}

/// What `unitReleaseSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct UnitReleaseSetInput {
    /// The unit.
    pub id: ID,
    /// What has to hold, all of it, at most 10; nothing lets everybody in. These replace the unit's rules.
    pub rules: Vec<UnitReleaseRuleInput>,
    /// The unit's version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `coursePrerequisitesSet` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CoursePrerequisitesSetInput {
    /// The course.
    pub id: ID,
    /// The courses of the same organisation that learners complete before, at most 10. These replace the former ones.
    pub course_ids: Vec<ID>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(UnitReleaseSetInput, CoursePrerequisitesSetInput);

payload! {
    /// What `unitReleaseSet` answers.
    UnitReleaseSetPayload {
        /// The unit of the draft; with `VERSION_CONFLICT`, as it stands without your edit.
        unit: DraftUnit,
    }
    UnitReleaseSetUserError, UnitReleaseSetErrorCode { NotFound, Invalid, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `coursePrerequisitesSet` answers.
    CoursePrerequisitesSetPayload {
        /// The course.
        course: Course,
    }
    CoursePrerequisitesSetUserError, CoursePrerequisitesSetErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// The mutations on the order in which things are done.
#[derive(Default)]
pub struct ReleasingMutation;

#[Object]
impl ReleasingMutation {
    /// Says what has to hold before a learner may go into a unit, from the next revision on.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn unit_release_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which unit, and its rules.")] input: UnitReleaseSetInput,
    ) -> Result<Option<UnitReleaseSetPayload>> {
        signed_in(ctx)?;
        let unit: Result<UnitKey, _> = key(&input.id, "id");
        let (unit, rules) = match (unit, rules(&input)) {
            (Ok(unit), Ok(rules)) => (unit, rules),
            (Err(refusals), _) | (_, Err(refusals)) => return UnitReleaseSetPayload::refused(refusals),
        };
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("unitReleaseSet", unit.course.org, &input, move |write| {
                Box::pin(async move { releasing::set_rules(write, unit, &rules, expected).await })
            });
        let (payload, shown) = UnitReleaseSetPayload::of_edit(done.await?)?;
        let unit = show(shown, DraftUnit::find(ctx, unit)).await?;
        Ok(Some(UnitReleaseSetPayload { unit, ..payload }))
    }

    /// Says which courses a learner completes before they can join one; takes effect at once. What was completed once counts, also where it is
    /// begun anew. The staff may enrol learners who have not.
    ///
    /// Requires: `courses.update` on the course, and seeing the others. Cost: 1.
    async fn course_prerequisites_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course, and what comes before it.")] input: CoursePrerequisitesSetInput,
    ) -> Result<Option<CoursePrerequisitesSetPayload>> {
        signed_in(ctx)?;
        let course: Result<CourseKey, _> = key(&input.id, "id");
        let ids = input.course_ids.iter().enumerate();
        let required: Result<Vec<CourseKey>, _> = ids
            .map(|(index, id)| key(id, &format!("courseIds.{index}")))
            .collect();
        let (course, required) = match (course, required) {
            (Ok(course), Ok(required)) => (course, required),
            (Err(refusals), _) | (_, Err(refusals)) => {
                return CoursePrerequisitesSetPayload::refused(refusals);
            }
        };
        let done = ctx
            .operation()
            .mutate("coursePrerequisitesSet", course.org, &input, move |write| {
                Box::pin(async move { releasing::set_prerequisites(write, course, &required).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CoursePrerequisitesSetPayload {
                course: Course::find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => CoursePrerequisitesSetPayload::refused(refusals),
        }
    }
}

/// Reads the rules of an input. What belongs to another course is none of this one's units.
fn rules(input: &UnitReleaseSetInput) -> Result<Vec<ReleaseRule>, Vec<Refusal>> {
    let course = key::<UnitKey>(&input.id, "id")?.course;
    let unit = |id: &ID, path: String| match key::<UnitKey>(id, &path)? {
        unit if unit.course == course => Ok(unit.id),
        _ => Err(vec![Refusal::not_found(&path)]),
    };
    let read = |(index, rule): (usize, &UnitReleaseRuleInput)| match rule {
        UnitReleaseRuleInput::AfterUnit(id) => Ok(ReleaseRule::AfterUnit(unit(
            id,
            format!("rules.{index}.afterUnit"),
        )?)),
        UnitReleaseRuleInput::AfterScore(score) => Ok(ReleaseRule::AfterScore {
            quiz: unit(&score.quiz_id, format!("rules.{index}.afterScore.quizId"))?,
            percent: score.percent,
        }),
        UnitReleaseRuleInput::OnDate(at) => Ok(ReleaseRule::OnDate(*at)),
        UnitReleaseRuleInput::AfterDays(days) => Ok(ReleaseRule::AfterDays(*days)),
    };
    input.rules.iter().enumerate().map(read).collect()
}
