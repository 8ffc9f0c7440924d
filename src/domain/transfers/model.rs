//! The offer's row, and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::ownership_transfers;
use crate::db::{Batch, Conn};
use crate::kernel::ids::{MemberId, MemberKey, OrgId};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// An open offer to take an organisation over.
///
/// Requires: to be one of its owners, or the member to whom it is offered. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = ownership_transfers)]
#[graphql(complex)]
pub struct OwnershipTransfer {
    /// The organisation.
    #[graphql(skip)]
    #[diesel(column_name = org_id)]
    pub org: OrgId,
    /// Its id.
    #[graphql(skip)]
    pub id: Uuid,
    /// Who offers.
    #[graphql(skip)]
    pub from_member_id: MemberId,
    /// To whom.
    #[graphql(skip)]
    pub to_member_id: MemberId,
    /// When it was offered. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// Until when it may be accepted. Cost: 1.
    pub expires_at: DateTime<Utc>,
}

impl OwnershipTransfer {
    /// Who offers.
    pub const fn from(&self) -> MemberKey {
        MemberKey::new(self.org, self.from_member_id)
    }

    /// To whom it is offered.
    pub const fn to(&self) -> MemberKey {
        MemberKey::new(self.org, self.to_member_id)
    }
}

/// The open offer of an organisation, be it past its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OpenTransfer(pub OrgId);

impl Batch for OpenTransfer {
    type Value = Arc<OwnershipTransfer>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<OwnershipTransfer> = OwnershipTransfer::query()
            .filter(ownership_transfers::org_id.eq_any(orgs))
            .filter(ownership_transfers::state.eq("offered"))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Self(row.org), Arc::new(row)))
            .collect())
    }
}

/// An offer, as the member who answers it meets it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The organisation.
    pub org: OrgId,
    /// Whether there is an open offer to the actor.
    pub is_theirs: bool,
}

impl Protected for Answered {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Organization, self.org).related(Relation {
            own: self.is_theirs,
            ..Relation::default()
        })
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}
