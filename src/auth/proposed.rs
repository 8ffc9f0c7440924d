//! A proposal to link an account, as the person whom it is for finds it: they have no standing in the organisation.

use crate::db::pool::Statements;
use crate::db::{Db, Scope, Statement, Tx};
use crate::kernel::error::Result;
use crate::kernel::ids::{AccountLinkKey, UserId};
use diesel::sql_types::{Untyped, Uuid};
use diesel_async::RunQueryDsl;

/// A proposal that is for the person who asks. There is no other way to one than to be that person.
#[derive(Clone, Copy, Debug)]
pub struct Proposed(AccountLinkKey);

impl Proposed {
    /// The link.
    pub const fn key(self) -> AccountLinkKey {
        self.0
    }
}

/// Finds a proposal in the scope of a person alone: row security shows it to nobody whom it is not for.
pub async fn look_up(
    db: &Db,
    statements: &Statements,
    user: UserId,
    key: AccountLinkKey,
) -> Result<Option<Proposed>> {
    let tx = Tx::begin(db, &Scope::account(user), statements).await?;
    let wanted = Statement::<Untyped>::new("select from account_links where org_id = ? and id = ?")
        .bind::<Uuid, _>(key.org)
        .bind::<Uuid, _>(key.id);
    let found = tx
        .run(|mut conn| async move { wanted.execute(&mut conn).await })
        .await;
    tx.rollback().await?;
    Ok((found? == 1).then_some(Proposed(key)))
}
