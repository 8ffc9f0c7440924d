//! Making, renaming and deleting groups.

use super::model::SeenGroup;
use super::store::{self, MayManage};
use crate::auth::policy::Relation;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{GroupId, GroupKey};
use serde_json::json;

/// How many groups an organisation may have.
const MOST_GROUPS: i64 = 10_000;

/// Makes an empty group.
pub async fn create(write: &Write<'_>, name: &str) -> Result<GroupKey, Stop> {
    let gate = &write.gate;
    let key = GroupKey::new(gate.org(), GroupId(write.app.clock.uuid()));
    let new = SeenGroup {
        key,
        // Whoever makes it knows of it.
        relation: Relation {
            own: true,
            ..Relation::default()
        },
        takes_nobody_in: true,
        exceeds: false,
    };
    let group: MayManage<'_> = gate.allow(Some(new))?;
    refuse_all([Refusal::of_name("name", name, 200)])?;
    if store::count(gate.conn(), key.org).await? >= MOST_GROUPS {
        let message = format!("An organisation has at most {MOST_GROUPS} groups. Delete one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "organizationId", message));
    }
    store::insert(&group, gate.conn(), name).await?;
    write.happened("group.created", key, json!({}));
    Ok(key)
}

/// Renames a group.
pub async fn rename(write: &Write<'_>, key: GroupKey, name: &str) -> Result<GroupKey, Stop> {
    let gate = &write.gate;
    let group: MayManage<'_> = gate
        .allow(store::find_for_write(gate, key).await?)
        .at("groupId")?;
    refuse_all([Refusal::of_name("name", name, 200)])?;
    store::rename(&group, gate.conn(), name).await?;
    write.happened("group.updated", key, json!({}));
    Ok(key)
}

/// Deletes a group; its members stay in the organisation.
pub async fn delete(write: &Write<'_>, key: GroupKey) -> Result<GroupKey, Stop> {
    let gate = &write.gate;
    let group = store::find_for_write(gate, key).await?.map(|group| SeenGroup {
        takes_nobody_in: false,
        ..group
    });
    let group: MayManage<'_> = gate.allow(group).at("groupId")?;
    store::delete(&group, gate.conn()).await?;
    write.happened("group.deleted", key, json!({}));
    Ok(key)
}
