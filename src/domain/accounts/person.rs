//! What an account's own writes need to know of it.

use crate::db::pool::Statements;
use crate::db::schema::users;
use crate::db::{Conn, Scope, Tx};
use crate::domain::app::App;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::UserId;
use crate::kernel::secret::Secret;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// What stands for the password of an account that has none: the hash of nothing.
pub const NO_PASSWORD: &str = "none";

/// An account with its password.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = users)]
pub struct Person {
    /// The address that the person signs in with.
    pub email: String,
    /// The person's first name.
    pub first_name: String,
    /// The person's last name.
    pub last_name: String,
    /// When it was shown that the address is theirs.
    pub email_verified_at: Option<DateTime<Utc>>,
    password_hash: String,
}

impl Person {
    /// Reads an account in a transaction of its own.
    pub async fn read(app: &App, user: UserId) -> Result<Self> {
        let scope = Scope::account(user);
        let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
        let person = tx.run(|conn| Self::find(conn, user)).await?;
        tx.rollback().await?;
        person.ok_or(Error::NotFound)
    }

    /// Finds an account within a write.
    pub async fn find(mut conn: Conn<'_>, user: UserId) -> QueryResult<Option<Self>> {
        Self::query()
            .filter(users::id.eq(user))
            .first(&mut conn)
            .await
            .optional()
    }

    /// Whether this is the account's password.
    pub async fn has_password(&self, app: &App, password: Secret<String>) -> Result<bool> {
        app.passwords
            .verify(password, Some(self.password_hash.clone()))
            .await
    }

    /// Whether the account has a password.
    pub fn signs_in_by_password(&self) -> bool {
        self.password_hash != NO_PASSWORD
    }

    /// The words that the account's password is not to be made of.
    pub fn words(&self) -> [&str; 3] {
        [&self.email, &self.first_name, &self.last_name]
    }
}
