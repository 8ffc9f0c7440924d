//! People with accounts.
//!
//! An account is its person's alone: row security shows it to nobody else, and an organisation sees a member with a
//! profile of its own instead. Table: `users`.

use super::mutate::{Stop, refuse_with};
use super::refusal::{Code, Refusal};
use crate::db::schema::users;
use crate::db::{Batch, Conn};
use crate::kernel::ids::{UserId, UserKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// A person's account, without its password.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = users)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The address that the person signs in with, in lower case.
    pub email: String,
    /// The person's first name.
    pub first_name: String,
    /// The person's last name.
    pub last_name: String,
    /// When it was shown that the address is theirs; never yet where nothing stands here.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When they said that they are 13 or older; never where nothing stands here.
    pub age_attested_at: Option<DateTime<Utc>>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

impl User {
    /// Refuses what only the owner of an address may do, unless the address is shown to be theirs.
    pub fn refuse_unverified(&self, path: &str) -> Result<(), Stop> {
        if self.email_verified_at.is_some() {
            return Ok(());
        }
        let message = "Verify your email address first, with the token that was mailed to you.";
        refuse_with(Refusal::at(Code::EmailNotVerified, path, message))
    }

    /// The name that organisations know a new member by: at most the 200 characters that a member's has.
    pub fn full_name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        name.chars().take(200).collect()
    }
}

impl Batch for UserKey {
    type Value = Arc<User>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let rows = User::query()
            .filter(users::id.eq_any(ids))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|user: User| (UserKey(user.id), Arc::new(user)))
            .collect())
    }
}
