//! The role's row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::{Grants, Permission};
use crate::auth::policy::{Facts, Kind};
use crate::auth::roles::SUPPORT_SLUG;
use crate::auth::standing::OrgStanding;
use crate::db::schema::roles;
use crate::db::{Batch, Conn};
use crate::kernel::ids::{OrgId, RoleId, RoleKey};
use async_graphql::SimpleObject;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A role: permissions, each with the reach that it is given for.
///
/// Requires: membership of the organisation. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = roles)]
#[graphql(complex)]
pub struct Role {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: RoleKey,
    /// The role's name in policies and imports, unique in its organisation. Cost: 1.
    pub slug: String,
    /// The role's name as people read it. Cost: 1.
    pub name: String,
    /// Whether every organisation has it. Cost: 1.
    pub is_built_in: bool,
    #[graphql(skip)]
    grants: Value,
    /// Counts the changes; give it as `expectedVersion` to change only what you have seen. Cost: 1.
    pub version: i32,
}

impl Role {
    /// What it gives.
    pub fn grants(&self) -> Grants {
        Grants::read(&self.grants)
    }

    /// Whether it is more than an actor may give by a permission: what they do not hold themselves, or, where the permission
    /// does not reach the whole organisation, any role but the learner's.
    pub fn exceeds(&self, actor: &OrgStanding, by: Permission) -> bool {
        self.is_support() || self.is_above(actor, by)
    }

    /// Whether who has it is above an actor by a permission: nobody takes anything from them.
    pub fn is_above(&self, actor: &OrgStanding, by: Permission) -> bool {
        !(self.is_learner() || actor.reach(by).all && actor.holds(&self.grants()))
    }

    /// Whether it makes owners.
    pub fn is_owner(&self) -> bool {
        self.slug == "owner"
    }

    /// Whether it is that of operators, who get it by a grant and from nobody.
    pub fn is_support(&self) -> bool {
        self.slug == SUPPORT_SLUG
    }

    /// Whether it makes learners: what those may give whose reach is not the whole organisation.
    pub fn is_learner(&self) -> bool {
        self.slug == "learner"
    }
}

/// A role that is about to be made, changed or deleted.
#[derive(Clone, Copy, Debug)]
pub struct SeenRole {
    /// The organisation that it belongs to.
    pub org: OrgId,
    /// Whether it gives, or would give, more than the actor's own.
    pub exceeds: bool,
}

impl Protected for SeenRole {
    fn facts(&self) -> Facts {
        let mut facts = Facts::of(Kind::Role, self.org);
        facts.exceeds = self.exceeds;
        facts
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}

/// All roles of an organisation: the built-in ones, then its own, each by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RolesOf(pub OrgId);

impl Batch for RoleKey {
    type Value = Arc<Role>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.org).collect();
        let ids: Vec<RoleId> = keys.iter().map(|key| key.id).collect();
        let rows: Vec<Role> = Role::query()
            .filter(roles::org_id.eq_any(orgs).and(roles::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|role| (role.key, Arc::new(role))).collect())
    }
}

impl Batch for RolesOf {
    type Value = Arc<Vec<Arc<Role>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<Role> = Role::query()
            .filter(roles::org_id.eq_any(orgs))
            .order_by((roles::is_built_in.desc(), roles::name))
            .load(&mut conn)
            .await?;
        let mut roles: HashMap<Self, Vec<Arc<Role>>> = HashMap::new();
        for role in rows {
            roles.entry(Self(role.key.org)).or_default().push(Arc::new(role));
        }
        Ok(roles
            .into_iter()
            .map(|(org, roles)| (org, Arc::new(roles)))
            .collect())
    }
}
