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
    let faults = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| fault(index, rule, &units));
    refuse_all(faults)?;
    let many = rules.len() > MOST_RULES;
    let message = format!("A unit has at most {MOST_RULES} rules.");
    refuse_all([many.then(|| Refusal::at(Code::Invalid, "rules", message))])?;
    if let Some(circle) = circle(key.id, rules, &units) {
        let titles: Vec<&str> = circle
            .iter()
            .filter_map(|id| Some(units.get(id)?.title.as_str()))
            .collect();
        let message = format!("The units would wait for each other: {}.", titles.join(" → "));
        return refuse_with(Refusal::at(Code::Invalid, "rules", message));
    }
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

fn fault(index: usize, rule: &ReleaseRule, units: &HashMap<UnitId, DraftUnit>) -> Option<Refusal> {
    let at = |code, field: &str, message: &str| {
        Some(Refusal::at(code, &format!("rules.{index}.{field}"), message))
    };
    match rule {
        ReleaseRule::AfterUnit(unit) if !units.contains_key(unit) => at(
            Code::NotFound,
            "afterUnit",
            "The course's draft has no such unit.",
        ),
        ReleaseRule::AfterScore { quiz, .. }
            if units.get(quiz).is_none_or(|unit| unit.kind != UnitKind::Quiz) =>
        {
            at(
                Code::NotFound,
                "afterScore.quizId",
                "The course's draft has no such quiz.",
            )
        }
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

/// Finds a way from a unit back to itself, along what each waits for.
fn circle(start: UnitId, rules: &[ReleaseRule], units: &HashMap<UnitId, DraftUnit>) -> Option<Vec<UnitId>> {
    let waits_for = |id: UnitId| -> Vec<UnitId> {
        let own = units.get(&id).map(DraftUnit::release_rules).unwrap_or_default();
        let rules = if id == start { rules.to_vec() } else { own };
        rules.iter().filter_map(ReleaseRule::unit).collect()
    };
    way_back(start, waits_for)
}

/// Finds a way from something back to itself.
fn way_back<Id: Copy + Eq + std::hash::Hash>(start: Id, next: impl Fn(Id) -> Vec<Id>) -> Option<Vec<Id>> {
    let mut seen = HashSet::new();
    let mut ways = vec![vec![start]];
    while let Some(way) = ways.pop() {
        for id in next(*way.last()?) {
            let longer = [way.as_slice(), &[id]].concat();
            if id == start {
                return Some(longer);
            }
            if seen.insert(id) {
                ways.push(longer);
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
    if way_back(key.id, next).is_some() {
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

/// The titles of the courses that a learner has still to complete before they can join another.
pub async fn missing(course: CourseKey, learner: MemberKey, mut conn: Conn<'_>) -> QueryResult<Vec<String>> {
    let complete = diesel::dsl::exists(
        enrollments::table
            .filter(enrollments::org_id.eq(course_prerequisites::org_id))
            .filter(enrollments::course_id.eq(course_prerequisites::required_id))
            .filter(enrollments::member_id.eq(learner.id))
            .filter(enrollments::completed_at.is_not_null()),
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
