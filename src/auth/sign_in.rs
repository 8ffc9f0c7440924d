//! Proving with address and password who one is.

use super::password::Passwords;
use crate::db::{Db, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::secret::Secret;
use diesel::sql_types::{Text, Untyped, Uuid};

/// What signing in needs to know of an account.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub struct Account {
    /// Whose it is.
    #[diesel(sql_type = Uuid)]
    pub user_id: UserId,
    /// The stored password.
    #[diesel(sql_type = Text)]
    password_hash: String,
}

impl Account {
    /// The stored password, as it was when this was read.
    pub fn password_hash(&self) -> &str {
        &self.password_hash
    }

    /// Whether the password was hashed with other parameters than those of now.
    pub fn is_outdated(&self, passwords: &Passwords) -> bool {
        passwords.is_outdated(&self.password_hash)
    }
}

/// What came of address and password.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The account of the address, if there is one.
    pub account: Option<Account>,
    /// Whether the password is the account's; never where there is none.
    pub is_right: bool,
}

/// Checks address and password. An unknown address takes as long as a wrong password.
pub async fn prove(db: &Db, passwords: &Passwords, email: &str, password: Secret<String>) -> Result<Proof> {
    let account = account(db, email).await?;
    let stored = account.as_ref().map(|account| account.password_hash.clone());
    let is_right = passwords.verify(password, stored).await?;
    Ok(Proof { account, is_right })
}

/// Finds the account of an address, however it is written.
pub async fn account(db: &Db, email: &str) -> Result<Option<Account>> {
    let email = email.trim().to_lowercase();
    let door = Statement::<Untyped>::new("select * from door.sign_in(?)").bind::<Text, _>(email);
    Ok(db.door(door).await?.pop())
}
