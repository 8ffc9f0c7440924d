//! Saying who is in a group and who manages it, many at once.
//!
//! Whoever manages the group may let people go. To take somebody in, or to let somebody manage, gives the managers a reach
//! over more members: that takes the reach `all`, and nothing may be given so that the actor has not over everybody.

use super::model::SeenGroup;
use super::store::{self, Candidate, MayManage};
use crate::auth::permission::Permission;
use crate::domain::bulk::{ErrorPolicy, MOST_ROWS};
use crate::domain::members::roles::role_not_allowed;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{GroupKey, MemberId, MemberKey};
use crate::text_enum;
use serde_json::json;
use std::collections::{BTreeMap, HashMap, HashSet};

text_enum! {
    /// A member's place in a group.
    GroupPlace {
        /// In the group, and managing it.
        Manager = "manager",
        /// In the group.
        Member = "member",
        /// Not in the group.
        None = "none",
    }
}

/// Which place a member gets.
#[derive(Clone, Copy, Debug)]
pub struct NewPlace {
    /// The member; `None` where the input named none that could exist.
    pub member: Option<MemberKey>,
    /// The place.
    pub place: GroupPlace,
}

/// What became of each row: nothing where it is done, else why not.
pub type Places = (GroupKey, Vec<Option<Refusal>>);

/// Gives members their places in a group. Whoever is not named keeps theirs.
pub async fn set(
    write: &Write<'_>,
    key: GroupKey,
    rows: &[NewPlace],
    policy: ErrorPolicy,
) -> Result<Places, Stop> {
    let gate = &write.gate;
    let group = store::find_for_write(gate, key).await?;
    let seen: MayManage<'_> = gate.allow(group).at("groupId")?;
    if rows.is_empty() || rows.len() > MOST_ROWS {
        let message = format!("Name 1 to {MOST_ROWS} members at once; these are {}.", rows.len());
        return refuse_with(Refusal::at(Code::Invalid, "members", message));
    }
    let ids: Vec<MemberId> = rows
        .iter()
        .filter_map(|row| row.member)
        .filter(|member| member.org == key.org)
        .map(|member| member.id)
        .collect();
    let known: HashMap<MemberId, Candidate> = store::candidates(gate.conn(), key, &ids)
        .await?
        .into_iter()
        .map(|candidate| (candidate.id, candidate))
        .collect();
    let refused = faults(key, rows, &known);
    if policy == ErrorPolicy::RejectAll && refused.iter().any(Option::is_some) {
        return Err(Stop::Refused(refused.into_iter().flatten().collect()));
    }
    let good = rows.iter().zip(&refused).filter(|(_, refused)| refused.is_none());
    let places: BTreeMap<MemberId, GroupPlace> = good
        .filter_map(|(row, _)| Some((row.member?.id, row.place)))
        .collect();
    let group = SeenGroup {
        takes_nobody_in: !grows(&places, &known),
        exceeds: gives_too_much(write, &places, &known),
        ..SeenGroup::clone(&seen)
    };
    let exceeds = group.exceeds;
    let group = match gate.allow(Some(group)) {
        Err(_) if exceeds => return refuse_with(role_not_allowed("members")),
        outcome => outcome?,
    };
    let (out, stay): (Vec<_>, Vec<_>) = places
        .into_iter()
        .partition(|(_, place)| *place == GroupPlace::None);
    let out: Vec<MemberId> = out.into_iter().map(|(id, _)| id).collect();
    let stay: Vec<(MemberId, bool)> = stay
        .into_iter()
        .map(|(id, place)| (id, place == GroupPlace::Manager))
        .collect();
    store::set_places(&group, gate.conn(), &out, &stay).await?;
    let names = |manages: bool| {
        let those = stay.iter().filter(move |(_, manager)| *manager == manages);
        those
            .map(|(id, _)| MemberKey::new(key.org, *id).to_string())
            .collect::<Vec<_>>()
    };
    let gone: Vec<_> = out
        .iter()
        .map(|id| MemberKey::new(key.org, *id).to_string())
        .collect();
    write.happened(
        "group.members_set",
        key,
        json!({ "managers": names(true), "members": names(false), "out": gone }),
    );
    Ok((key, refused))
}

fn faults(group: GroupKey, rows: &[NewPlace], known: &HashMap<MemberId, Candidate>) -> Vec<Option<Refusal>> {
    let mut seen = HashSet::new();
    let fault = |(index, row): (usize, &NewPlace)| {
        let path = format!("members.{index}.memberId");
        match row.member.filter(|member| member.org == group.org) {
            Some(member) if known.contains_key(&member.id) => (!seen.insert(member.id))
                .then(|| Refusal::at(Code::Taken, &path, "This member stands in the list twice.")),
            _ => Some(Refusal::not_found(&path)),
        }
    };
    rows.iter().enumerate().map(fault).collect()
}

/// Whether somebody is let in, or is let manage.
fn grows(places: &BTreeMap<MemberId, GroupPlace>, known: &HashMap<MemberId, Candidate>) -> bool {
    places.iter().any(|(id, place)| {
        let before = &known[id];
        match place {
            GroupPlace::None => false,
            GroupPlace::Member => !before.is_in,
            GroupPlace::Manager => !before.is_manager,
        }
    })
}

/// Whether a manager of the group gets a reach over somebody by a permission that the actor has not over everybody.
fn gives_too_much(
    write: &Write<'_>,
    places: &BTreeMap<MemberId, GroupPlace>,
    known: &HashMap<MemberId, Candidate>,
) -> bool {
    let Some(actor) = write.gate.standing() else {
        return false;
    };
    let takes_in = places
        .iter()
        .any(|(id, place)| *place != GroupPlace::None && !known[id].is_in);
    let gains = known.values().filter(|candidate| {
        let place = places.get(&candidate.id);
        let manages = place.map_or(candidate.is_manager, |place| *place == GroupPlace::Manager);
        manages && (takes_in || !candidate.is_manager)
    });
    let lacks = |permission: Permission| !actor.reach(permission).all;
    gains
        .flat_map(|candidate| candidate.grants().in_managed_groups().collect::<Vec<_>>())
        .any(lacks)
}
