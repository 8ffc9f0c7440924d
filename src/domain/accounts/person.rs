//! What an account's own writes need to know of it.

use crate::db::pool::Statements;
use crate::db::schema::users;
use crate::db::{Conn, Scope, Tx};
use crate::domain::app::App;
use crate::domain::refusal::{Code, Refusal};
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

    /// Whether the account's password still is what it was when this was read.
    pub async fn keeps_password(&self, conn: Conn<'_>, user: UserId) -> QueryResult<bool> {
        is_password_of(conn, user, &self.password_hash).await
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

/// Whether this is how an account's password is stored. A password is verified before its account is held, so whoever writes on the
/// strength of it asks within the write: by then it may have been changed, and proves nothing.
pub async fn is_password_of(mut conn: Conn<'_>, user: UserId, hash: &str) -> QueryResult<bool> {
    let same = users::table
        .filter(users::id.eq(user))
        .filter(users::password_hash.eq(hash))
        .count();
    let found: i64 = same.get_result(&mut conn).await?;
    Ok(found == 1)
}

/// Refuses a password that is not the account's.
pub fn wrong_password(path: &str) -> Refusal {
    let message = "This is not your password. Check it and try again.";
    Refusal::at(Code::WrongCredentials, path, message)
}
