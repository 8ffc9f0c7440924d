//! The holder of an invitation's token: looked up through its door, since they have no scope yet.

use crate::db::{Db, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{InvitationId, InvitationKey, OrgId};
use crate::kernel::secret::TokenHash;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Bool, Bytea, Text, Timestamptz, Untyped, Uuid};

/// What a token opens. There is no other way to one than to hold the token.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub struct Invited {
    #[diesel(sql_type = Uuid)]
    org_id: OrgId,
    #[diesel(sql_type = Uuid)]
    id: InvitationId,
    /// The address that was invited.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// Which organisation invites.
    #[diesel(sql_type = Text)]
    pub organization_name: String,
    /// The name of the role that awaits.
    #[diesel(sql_type = Text)]
    pub role_name: String,
    /// Until when it may be accepted.
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    /// Whether it may be accepted still: neither used, declined nor revoked, nor past its time.
    #[diesel(sql_type = Bool)]
    pub is_open: bool,
    /// Whether the organisation is about to be deleted.
    #[diesel(sql_type = Bool)]
    pub is_closing: bool,
}

impl Invited {
    /// The invitation.
    pub const fn key(&self) -> InvitationKey {
        InvitationKey::new(self.org_id, self.id)
    }
}

/// Finds the invitation of a token: one statement.
pub async fn look_up(db: &Db, token: &TokenHash) -> Result<Option<Invited>> {
    let door = Statement::<Untyped>::new("select * from door.invitation(?)").bind::<Bytea, _>(token.to_vec());
    Ok(db.door(door).await?.pop())
}
