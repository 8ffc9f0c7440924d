//! What a provider decides about its people, and nobody changes here.

use crate::db::{Batch, Conn, Statement};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{MemberId, MemberKey, OrgId};
use async_graphql::{Enum, SimpleObject};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

/// A field of somebody's profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum ProfileField {
    /// The name.
    Name,
    /// The address.
    Email,
}

impl ProfileField {
    /// Every field.
    pub const ALL: [Self; 2] = [Self::Name, Self::Email];

    /// How it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
        }
    }

    /// Reads what is stored.
    pub fn read(names: &[String]) -> Vec<Self> {
        let is_named = |field: &Self| names.iter().any(|name| name == field.as_str());
        Self::ALL.into_iter().filter(is_named).collect()
    }
}

/// Why a field cannot be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum LockReason {
    /// The organisation's own provider decides about it.
    LockedBySso,
    /// It is as it was when the member joined: nothing changes it here, and what the person changes of their account does not.
    SetAtJoining,
    /// It is of the account, which takes a session of the person's own: this is an organisation's, or a program's.
    SessionRequired,
}

/// Whether a field of somebody's profile can be changed here.
///
/// Requires: to see the profile. Cost: 1.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct FieldPolicy {
    /// The field. Cost: 1.
    pub field: ProfileField,
    /// Whether it can be changed here. Cost: 1.
    pub editable: bool,
    /// Why it cannot; null where it can. Cost: 1.
    pub reason: Option<LockReason>,
}

impl FieldPolicy {
    /// What may be changed of a profile of which so much is locked, and the rest for another reason, where there is one.
    pub fn of(locked: &[ProfileField], otherwise: Option<LockReason>) -> Vec<Self> {
        let policy = |field| {
            let lock = locked.contains(&field).then_some(LockReason::LockedBySso);
            let reason = lock.or(otherwise);
            Self {
                field,
                editable: reason.is_none(),
                reason,
            }
        };
        ProfileField::ALL.map(policy).into()
    }
}

/// What is locked of a member: what their organisation's provider decides, where they sign in by it. Owners do not, nor does who has
/// ended the link of their account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LocksOf(pub MemberKey);

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    org_id: OrgId,
    #[diesel(sql_type = SqlUuid)]
    member_id: MemberId,
    #[diesel(sql_type = Array<Text>)]
    locked_fields: Vec<String>,
}

impl Batch for LocksOf {
    type Value = Vec<ProfileField>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let rows: Vec<Row> = Statement::<Untyped>::new(
            "select distinct i.org_id, i.member_id, c.locked_fields from sso_identities i \
             join sso_connections c on c.org_id = i.org_id and c.id = i.connection_id and c.is_enabled \
             join memberships m on m.org_id = i.org_id and m.id = i.member_id \
             join roles r on r.org_id = m.org_id and r.id = m.role_id and r.slug <> 'owner' \
             where i.org_id = any(?) and i.member_id = any(?) and (m.is_provisioned or exists (select from account_links l \
             where l.org_id = i.org_id and l.member_id = i.member_id and l.state = 'accepted'))",
        )
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.0.org).collect::<Vec<_>>())
        .bind::<Array<SqlUuid>, _>(keys.iter().map(|key| key.0.id).collect::<Vec<_>>())
        .load(&mut conn)
        .await?;
        let locks = |row: Row| {
            let key = Self(MemberKey::new(row.org_id, row.member_id));
            (key, ProfileField::read(&row.locked_fields))
        };
        Ok(rows.into_iter().map(locks).collect())
    }
}

/// Refuses to change what is locked: for each field of the input, which field of the profile it would change.
pub fn refuse_locked(locked: &[ProfileField], changes: &[(&str, ProfileField)]) -> Vec<Refusal> {
    let message = "The organisation's provider decides about this: change it there, and it changes with the next sign-in.";
    changes
        .iter()
        .filter(|(_, field)| locked.contains(field))
        .map(|(path, _)| Refusal::at(Code::FieldLockedBySso, path, message))
        .collect()
}
