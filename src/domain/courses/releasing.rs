//! What authors say about the order in which things are done: rules of units, prerequisites of courses.

use super::arranging::unit;
use super::authoring::{UnitIds, edit, editable, modules};
use super::drafts::{DraftUnit, DraftUnitsOf, UnitKind};
use super::model::{Course, SeenCourse};
use super::store::find_for_write;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::{course_prerequisites, courses, draft_units, enrollments};
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::ReleaseRule;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{CourseId, CourseKey, MemberKey, OrgId, UnitId, UnitKey};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::{HashMap, HashSet};

/// Rules that a unit may have, and prerequisites that a course may have.
pub const MOST_RULES: usize = 10;

/// Says when a unit of the next revision opens; always where there are no rules.
pub async fn set_rules(
    write: &Write<'_>,
    key: UnitKey,
    rules: &[ReleaseRule],
    expected: Option<i32>,
) -> Result<UnitIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let row = unit(write, key).await?;
    refuse_unless_current("expectedVersion", expected, row.version)?;
    let units = all_units(write, key.course).await?;
    let kinds: HashMap<UnitId, UnitKind> = units.iter().map(|(id, unit)| (*id, unit.kind)).collect();
    refuse_all(faults_of_rules(rules, &kinds).into_iter().map(Some))?;
    let waits_for = |id: UnitId| {
        let own = units.get(&id).map(DraftUnit::release_rules).unwrap_or_default();
        units_in(if id == key.id { rules } else { &own })
    };
    let title = |id: UnitId| units.get(&id).map(|unit| unit.title.as_str());
    let message = fault_of_circle([key.id], waits_for, title);
    refuse_all([message.map(|message| Refusal::at(Code::Invalid, "rules", message))])?;
    edit(write, &course, None).await?;
    diesel::update(draft_units::table.find((key.course.org.0, key.id.0)))
        .set((
            draft_units::version.eq(draft_units::version + 1),
            draft_units::release_rules.eq(json!(rules)),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("unit.release_set", key, json!({ "rules": rules.len() }));
    Ok((key.course, key.id))
}

/// Refuses to take units away that others wait for.
pub async fn refuse_if_awaited(write: &Write<'_>, course: CourseKey, gone: &[UnitId]) -> Result<(), Stop> {
    let units = all_units(write, course).await?;
    let waits = |unit: &&DraftUnit| {
        let rules = unit.release_rules();
        !gone.contains(&unit.key.id)
            && rules
                .iter()
                .filter_map(ReleaseRule::unit)
                .any(|id| gone.contains(&id))
    };
    let waiting = units.values().find(waits);
    let refusal = |unit: &DraftUnit| {
        let message = format!(
            "The unit “{}” waits for it: change its rules with `unitReleaseSet` first.",
            unit.title
        );
        Refusal::at(Code::InUse, "id", message)
    };
    refuse_all([waiting.map(refusal)])
}

async fn all_units(write: &Write<'_>, course: CourseKey) -> Result<HashMap<UnitId, DraftUnit>, Stop> {
    let modules = modules(write, course).await?;
    let keys: Vec<_> = modules.iter().map(|module| DraftUnitsOf(module.key)).collect();
    let units = DraftUnitsOf::load_many(&keys, write.gate.conn()).await?;
    let units = units.values().flat_map(|units| units.iter().cloned());
    Ok(units.map(|unit| (unit.key.id, unit)).collect())
}

/// Says what is wrong with the rules of a unit, in a draft whose units are of these kinds.
pub(super) fn faults_of_rules(rules: &[ReleaseRule], kinds: &HashMap<UnitId, UnitKind>) -> Vec<Refusal> {
    let faults = rules.iter().enumerate();
    let faults = faults.filter_map(|(index, rule)| fault(index, rule, kinds));
    let many = (rules.len() > MOST_RULES).then(|| {
        let message = format!("A unit has at most {MOST_RULES} rules.");
        Refusal::at(Code::Invalid, "rules", message)
    });
    faults.chain(many).collect()
}

fn fault(index: usize, rule: &ReleaseRule, kinds: &HashMap<UnitId, UnitKind>) -> Option<Refusal> {
    let at = |code, field: &str, message: &str| {
        Some(Refusal::at(code, &format!("rules.{index}.{field}"), message))
    };
    match rule {
        ReleaseRule::AfterUnit(unit) if !kinds.contains_key(unit) => at(
            Code::NotFound,
            "afterUnit",
            "The course's draft has no such unit.",
        ),
        ReleaseRule::AfterScore { quiz, .. } if kinds.get(quiz) != Some(&UnitKind::Quiz) => at(
            Code::NotFound,
            "afterScore.quizId",
            "The course's draft has no such quiz.",
        ),
        ReleaseRule::AfterScore { percent, .. } if !(1..=100).contains(percent) => at(
            Code::Invalid,
            "afterScore.percent",
            "The share is between 1 and 100 percent.",
        ),
        ReleaseRule::AfterDays(days) if !(1..=3_650).contains(days) => at(
            Code::Invalid,
            "afterDays",
            "The number of days is between 1 and 3650.",
        ),
        _ => None,
    }
}

/// The units that rules are about.
pub(super) fn units_in(rules: &[ReleaseRule]) -> Vec<UnitId> {
    rules.iter().filter_map(ReleaseRule::unit).collect()
}

/// Says which units would wait for each other, on a way from one of these.
pub(super) fn fault_of_circle<'t>(
    starts: impl IntoIterator<Item = UnitId>,
    waits_for: impl Fn(UnitId) -> Vec<UnitId>,
    title: impl Fn(UnitId) -> Option<&'t str>,
) -> Option<String> {
    let circle = circle(starts, waits_for)?;
    let titles: Vec<&str> = circle.into_iter().filter_map(title).collect();
    Some(format!(
        "The units would wait for each other: {}.",
        titles.join(" → ")
    ))
}

/// Finds a way that comes back to where it began, from one of these on; each thing is looked at once.
fn circle<Id: Copy + Eq + std::hash::Hash>(
    starts: impl IntoIterator<Item = Id>,
    next: impl Fn(Id) -> Vec<Id>,
) -> Option<Vec<Id>> {
    let mut seen = HashSet::new();
    for start in starts {
        if !seen.insert(start) {
            continue;
        }
        let (mut way, mut ahead) = (vec![start], vec![next(start)]);
        while let Some(ids) = ahead.last_mut() {
            let Some(id) = ids.pop() else {
                ahead.pop();
                way.pop();
                continue;
            };
            if seen.insert(id) {
                way.push(id);
                ahead.push(next(id));
            } else if let Some(begin) = way.iter().position(|on| *on == id) {
                way.push(id);
                return Some(way.split_off(begin));
            }
        }
    }
    None
}

/// Says which courses have to be completed before a learner can join one; takes effect at once.
pub async fn set_prerequisites(
    write: &Write<'_>,
    key: CourseKey,
    required: &[CourseKey],
) -> Result<CourseKey, Stop> {
    let mut conn = write.gate.conn();
    // Prerequisites make one graph of all courses: it is changed by one at a time in an organisation, who holds no course yet.
    Statement::<Bool>::new(
        "select pg_advisory_xact_lock(hashtextextended('prerequisites' || ?::text, 0)) is null",
    )
    .bind::<SqlUuid, _>(key.org)
    .execute(&mut conn)
    .await?;
    let _ = editable(write, key, "id").await?;
    let many = required.len() > MOST_RULES;
    let message = format!("A course has at most {MOST_RULES} prerequisites.");
    refuse_all([many.then(|| Refusal::at(Code::Invalid, "courseIds", message))])?;
    for (index, other) in required.iter().enumerate() {
        let path = format!("courseIds.{index}");
        let found = find_for_write(&write.gate, *other).await?;
        let _: Allowed<'_, action::CoursesRead, SeenCourse> = write.gate.allow(found).at(&path)?;
    }
    let edges: Vec<(CourseId, CourseId)> = course_prerequisites::table
        .filter(course_prerequisites::org_id.eq(key.org))
        .filter(course_prerequisites::course_id.ne(key.id))
        .select((course_prerequisites::course_id, course_prerequisites::required_id))
        .load(&mut conn)
        .await?;
    let next = |id: CourseId| -> Vec<CourseId> {
        if id == key.id {
            return required.iter().map(|course| course.id).collect();
        }
        edges
            .iter()
            .filter(|(course, _)| *course == id)
            .map(|(_, required)| *required)
            .collect()
    };
    if circle([key.id], next).is_some() {
        let message = "The courses would wait for each other: one of these needs this course first.";
        return refuse_with(Refusal::at(Code::Invalid, "courseIds", message));
    }
    let of_course = course_prerequisites::org_id
        .eq(key.org)
        .and(course_prerequisites::course_id.eq(key.id));
    diesel::delete(course_prerequisites::table.filter(of_course))
        .execute(&mut conn)
        .await?;
    Statement::<()>::new(
        "insert into course_prerequisites (org_id, course_id, required_id) select ?, ?, unnest(?) on conflict do nothing",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Array<SqlUuid>, _>(required.iter().map(|course| course.id).collect::<Vec<_>>())
    .execute(&mut conn)
    .await?;
    write.happened(
        "course.prerequisites_set",
        key,
        json!({ "courses": required.len() }),
    );
    Ok(key)
}

/// The courses that have to be completed before a course, in the order of their titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PrerequisitesOf(pub CourseKey);

impl Batch for PrerequisitesOf {
    type Value = std::sync::Arc<Vec<Course>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<CourseId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(CourseId, Course)> = course_prerequisites::table
            .inner_join(
                courses::table.on(courses::org_id
                    .eq(course_prerequisites::org_id)
                    .and(courses::id.eq(course_prerequisites::required_id))),
            )
            .filter(course_prerequisites::org_id.eq_any(orgs))
            .filter(course_prerequisites::course_id.eq_any(ids))
            .order_by((courses::title, courses::id))
            .select((course_prerequisites::course_id, Course::as_select()))
            .load(&mut conn)
            .await?;
        let mut lists: HashMap<Self, Vec<Course>> = HashMap::new();
        for (course, required) in rows {
            lists
                .entry(Self(CourseKey::new(required.key.org, course)))
                .or_default()
                .push(required);
        }
        Ok(lists
            .into_iter()
            .map(|(key, list)| (key, std::sync::Arc::new(list)))
            .collect())
    }
}

/// The titles of the courses that a learner has still to complete before they can join another. What was completed in a former cycle counts:
/// only what is complete is begun anew.
pub async fn missing(course: CourseKey, learner: MemberKey, mut conn: Conn<'_>) -> QueryResult<Vec<String>> {
    let complete = diesel::dsl::exists(
        enrollments::table
            .filter(enrollments::org_id.eq(course_prerequisites::org_id))
            .filter(enrollments::course_id.eq(course_prerequisites::required_id))
            .filter(enrollments::member_id.eq(learner.id))
            .filter(
                enrollments::completed_at
                    .is_not_null()
                    .or(enrollments::cycle.gt(1)),
            ),
    );
    course_prerequisites::table
        .inner_join(
            courses::table.on(courses::org_id
                .eq(course_prerequisites::org_id)
                .and(courses::id.eq(course_prerequisites::required_id))),
        )
        .filter(course_prerequisites::org_id.eq(course.org))
        .filter(course_prerequisites::course_id.eq(course.id))
        .filter(diesel::dsl::not(complete))
        .order_by((courses::title, courses::id))
        .select(courses::title)
        .load(&mut conn)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(edges: &[(u8, u8)]) -> Option<Vec<u8>> {
        let next = |from: u8| -> Vec<u8> {
            let ways = edges.iter().filter(|edge| edge.0 == from);
            ways.map(|edge| edge.1).collect()
        };
        circle(0..10, next)
    }

    #[test]
    fn a_circle_is_found_wherever_it_is_and_a_long_way_is_none() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[(0, 1), (0, 2), (1, 3), (2, 3)]), None);
        assert_eq!(found(&[(1, 1)]), Some(vec![1, 1]));
        assert_eq!(found(&[(0, 1), (1, 2), (2, 3), (3, 1)]), Some(vec![1, 2, 3, 1]));
        assert_eq!(found(&[(9, 4), (4, 9), (0, 5), (5, 4)]), Some(vec![4, 9, 4]));
        let next = |from: u32| -> Vec<u32> { (from + 1..100_000).take(1).collect() };
        assert_eq!(circle(0..100_000, next), None);
    }
}
