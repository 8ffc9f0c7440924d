//! The order of a draft: places between neighbours, moves, removals.
//!
//! A position is a number between those of its neighbours, so a move writes one row. Only when a gap is used up, after
//! some fifty insertions at one spot, are the siblings numbered anew. Whoever edits a draft holds its course's row, so
//! no two of them look for a place at the same time.

use super::authoring::{ModuleIds, UnitIds, edit, editable, load, modules};
use super::drafts::{DraftModule, DraftUnit, DraftUnitsOf, MayUpdate};
use super::releasing::refuse_if_awaited;
use crate::db::schema::{draft_modules, draft_units};
use crate::db::{Conn, Statement};
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{ModuleId, ModuleKey, UnitId, UnitKey};
use diesel::prelude::*;
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Modules that a course may have, and units that a module may have.
pub const MOST_CHILDREN: usize = 500;

/// The distance between neighbours that nothing was put between.
const STEP: f64 = 1024.0;

/// Where among its siblings something is to stand.
#[derive(Clone, Copy, Debug)]
pub enum Place<Id> {
    /// Behind all others.
    End,
    /// At this index, from 0; what stands there and behind moves on.
    At(i32),
    /// Right behind this sibling, wherever that is by now.
    After(Id),
}

impl<Id: PartialEq> Place<Id> {
    /// The index among these siblings.
    pub fn index(&self, siblings: &[Id]) -> Result<usize, Stop> {
        let full = siblings.len() >= MOST_CHILDREN;
        let room = || format!("There is room for {MOST_CHILDREN} and no more.");
        refuse_all([full.then(|| Refusal::at(Code::Invalid, "position", room()))])?;
        match self {
            Self::End => Ok(siblings.len()),
            Self::At(index) => match usize::try_from(*index) {
                Ok(index) if index <= siblings.len() => Ok(index),
                _ => {
                    let message = format!("The position is between 0 and {}.", siblings.len());
                    refuse_with(Refusal::at(Code::Invalid, "position", message))
                }
            },
            Self::After(id) => match siblings.iter().position(|sibling| sibling == id) {
                Some(index) => Ok(index + 1),
                None => refuse_with(Refusal::not_found("after")),
            },
        }
    }
}

/// A number between the neighbours of an index; none where their gap is used up.
fn between(positions: &[f64], index: usize) -> Option<f64> {
    let before = index.checked_sub(1).and_then(|index| positions.get(index));
    match (before, positions.get(index)) {
        (None, None) => Some(0.0),
        (Some(before), None) => Some(before + STEP),
        (None, Some(after)) => Some(after - STEP),
        (Some(before), Some(after)) => {
            let middle = f64::midpoint(*before, *after);
            (*before < middle && middle < *after).then_some(middle)
        }
    }
}

/// Finds a free place for a module, numbering the modules anew where there is none.
pub async fn place_module(
    course: &MayUpdate<'_>,
    mut conn: Conn<'_>,
    siblings: &[&DraftModule],
    place: Place<ModuleId>,
) -> Result<f64, Stop> {
    let ids: Vec<_> = siblings.iter().map(|module| module.key.id).collect();
    let positions: Vec<_> = siblings.iter().map(|module| module.position).collect();
    let index = place.index(&ids)?;
    if let Some(position) = between(&positions, index) {
        return Ok(position);
    }
    let key = course.course.key;
    Statement::<()>::new(
        "update draft_modules m set position = n.place from ( \
            select id, 1024.0 * row_number() over (order by position) as place \
            from draft_modules where org_id = ? and course_id = ? \
        ) n where m.org_id = ? and m.id = n.id",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .execute(&mut conn)
    .await?;
    let row = draft_modules::table.find((key.org.0, ids[index].0));
    let after: f64 = row.select(draft_modules::position).first(&mut conn).await?;
    Ok(after - STEP / 2.0)
}

/// Finds a free place for a unit in a module, numbering the module's units anew where there is none.
pub async fn place_unit(
    module: ModuleKey,
    mut conn: Conn<'_>,
    siblings: &[&DraftUnit],
    place: Place<UnitId>,
) -> Result<f64, Stop> {
    let ids: Vec<_> = siblings.iter().map(|unit| unit.key.id).collect();
    let positions: Vec<_> = siblings.iter().map(|unit| unit.position).collect();
    let index = place.index(&ids)?;
    if let Some(position) = between(&positions, index) {
        return Ok(position);
    }
    let org = module.course.org;
    Statement::<()>::new(
        "update draft_units u set position = n.place from ( \
            select id, 1024.0 * row_number() over (order by position) as place \
            from draft_units where org_id = ? and module_id = ? \
        ) n where u.org_id = ? and u.id = n.id",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<SqlUuid, _>(module.id)
    .bind::<SqlUuid, _>(org)
    .execute(&mut conn)
    .await?;
    let row = draft_units::table.find((org.0, ids[index].0));
    let after: f64 = row.select(draft_units::position).first(&mut conn).await?;
    Ok(after - STEP / 2.0)
}

/// What `moduleUpdate` changes; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ModuleChanges {
    /// The title.
    pub title: Option<String>,
    /// The part that the module stands in; none where it is `Some(None)`.
    pub part: Option<Option<String>>,
}

/// Edits a module of a draft.
pub async fn update_module(
    write: &Write<'_>,
    key: ModuleKey,
    changes: &ModuleChanges,
    expected: Option<i32>,
) -> Result<ModuleIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let module = module(write, key).await?;
    refuse_unless_current("expectedVersion", expected, module.version)?;
    let title = changes.title.as_deref();
    let part = changes.part.as_ref().and_then(Option::as_deref);
    refuse_all([
        title.and_then(|title| Refusal::of_name("title", title, 200)),
        part.and_then(|part| Refusal::of_name("part", part, 200)),
    ])?;
    edit(write, &course, None).await?;
    diesel::update(draft_modules::table.find((key.course.org.0, key.id.0)))
        .set((
            draft_modules::version.eq(draft_modules::version + 1),
            title.map(|title| draft_modules::title.eq(title)),
            changes.part.as_ref().map(|part| draft_modules::part.eq(part)),
        ))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("module.updated", key, json!({}));
    Ok((key.course, key.id))
}

/// Moves a module of a draft to another place.
pub async fn move_module(
    write: &Write<'_>,
    key: ModuleKey,
    place: Place<ModuleId>,
    expected: Option<i32>,
) -> Result<ModuleIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let modules = modules(write, key.course).await?;
    refuse_unless_current("expectedVersion", expected, one_of(&modules, key)?.version)?;
    let others: Vec<_> = modules.iter().filter(|module| module.key != key).collect();
    let mut conn = write.gate.conn();
    let position = place_module(&course, conn, &others, place).await?;
    edit(write, &course, None).await?;
    diesel::update(draft_modules::table.find((key.course.org.0, key.id.0)))
        .set((
            draft_modules::version.eq(draft_modules::version + 1),
            draft_modules::position.eq(position),
        ))
        .execute(&mut conn)
        .await?;
    write.happened("module.moved", key, json!({}));
    Ok((key.course, key.id))
}

/// Removes a module from a draft; one with units only if that is said. Published revisions keep what they have.
pub async fn delete_module(
    write: &Write<'_>,
    key: ModuleKey,
    with_units: bool,
    expected: Option<i32>,
) -> Result<ModuleIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    refuse_unless_current("expectedVersion", expected, module(write, key).await?.version)?;
    let units = load(write, DraftUnitsOf(key)).await?.unwrap_or_default();
    if !with_units && !units.is_empty() {
        let message = format!(
            "The module has {} units: move or delete them first, or say `withUnits`.",
            units.len()
        );
        return refuse_with(Refusal::at(Code::InUse, "withUnits", message));
    }
    let gone: Vec<_> = units.iter().map(|unit| unit.key.id).collect();
    refuse_if_awaited(write, key.course, &gone).await?;
    edit(write, &course, None).await?;
    let mut conn = write.gate.conn();
    let units = draft_units::org_id
        .eq(key.course.org)
        .and(draft_units::module_id.eq(key.id));
    diesel::delete(draft_units::table.filter(units))
        .execute(&mut conn)
        .await?;
    diesel::delete(draft_modules::table.find((key.course.org.0, key.id.0)))
        .execute(&mut conn)
        .await?;
    write.happened("module.deleted", key, json!({}));
    Ok((key.course, key.id))
}

/// Moves a unit of a draft to another place, in its module or in another of the course.
pub async fn move_unit(
    write: &Write<'_>,
    key: UnitKey,
    into: Option<ModuleKey>,
    place: Place<UnitId>,
    expected: Option<i32>,
) -> Result<UnitIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    let row = unit(write, key).await?;
    refuse_unless_current("expectedVersion", expected, row.version)?;
    let module = into.unwrap_or_else(|| ModuleKey::new(key.course, row.module_id));
    let modules = modules(write, key.course).await?;
    if !modules.iter().any(|known| known.key == module) {
        return refuse_with(Refusal::not_found("moduleId"));
    }
    let units = load(write, DraftUnitsOf(module)).await?.unwrap_or_default();
    let others: Vec<_> = units.iter().filter(|unit| unit.key != key).collect();
    let mut conn = write.gate.conn();
    let position = place_unit(module, conn, &others, place).await?;
    edit(write, &course, None).await?;
    diesel::update(draft_units::table.find((key.course.org.0, key.id.0)))
        .set((
            draft_units::version.eq(draft_units::version + 1),
            draft_units::module_id.eq(module.id),
            draft_units::position.eq(position),
        ))
        .execute(&mut conn)
        .await?;
    write.happened("unit.moved", key, json!({ "module": module.to_string() }));
    Ok((key.course, key.id))
}

/// Removes a unit from a draft, with its questions. Published revisions keep what they have.
pub async fn delete_unit(write: &Write<'_>, key: UnitKey, expected: Option<i32>) -> Result<UnitIds, Stop> {
    let course = editable(write, key.course, "id").await?;
    refuse_unless_current("expectedVersion", expected, unit(write, key).await?.version)?;
    refuse_if_awaited(write, key.course, &[key.id]).await?;
    edit(write, &course, None).await?;
    diesel::delete(draft_units::table.find((key.course.org.0, key.id.0)))
        .execute(&mut write.gate.conn())
        .await?;
    write.happened("unit.deleted", key, json!({}));
    Ok((key.course, key.id))
}

async fn module(write: &Write<'_>, key: ModuleKey) -> Result<DraftModule, Stop> {
    one_of(&modules(write, key.course).await?, key).cloned()
}

fn one_of(modules: &[DraftModule], key: ModuleKey) -> Result<&DraftModule, Stop> {
    match modules.iter().find(|module| module.key == key) {
        Some(module) => Ok(module),
        None => refuse_with(Refusal::not_found("id")),
    }
}

/// Finds a unit of a draft that is being edited.
pub async fn unit(write: &Write<'_>, key: UnitKey) -> Result<DraftUnit, Stop> {
    let row = DraftUnit::query().filter(
        draft_units::org_id
            .eq(key.course.org)
            .and(draft_units::id.eq(key.id)),
    );
    let unit: Option<DraftUnit> = row.first(&mut write.gate.conn()).await.optional()?;
    match unit.filter(|unit| unit.key == key) {
        Some(unit) => Ok(unit),
        None => refuse_with(Refusal::not_found("id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_between_neighbours_until_their_gap_is_used_up() {
        let mut positions = vec![0.0, 1.0];
        let mut found = 0;
        while let Some(position) = between(&positions, 1) {
            positions.insert(1, position);
            assert!(positions.is_sorted());
            found += 1;
        }
        assert!(found > 50, "{found}");
        assert_eq!(between(&[], 0), Some(0.0));
        assert_eq!(between(&[5.0], 0), Some(5.0 - STEP));
        assert_eq!(between(&[5.0], 1), Some(5.0 + STEP));
    }
}
