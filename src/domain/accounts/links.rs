//! The account that somebody who signs in through an organisation has here already.

use crate::db::{Db, Statement};
use crate::kernel::domain_name::domain_of;
use crate::kernel::email;
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, UserId};
use diesel::sql_types::{Text, Uuid};

/// Finds the account that is linked to an organisation under an address: whose person accepted that, has shown that the address
/// is theirs, and is a member still, in a domain that the organisation has verified and still has.
pub async fn linked_account(db: &Db, org: OrgId, address: &str) -> Result<Option<UserId>> {
    let Some(address) = email::address(address) else {
        return Ok(None);
    };
    let Some(domain) = domain_of(&address) else {
        return Ok(None);
    };
    let door = Statement::<Uuid>::new("select user_id from door.linked_account(?, ?, ?)")
        .bind::<Uuid, _>(org)
        .bind::<Text, _>(address)
        .bind::<Text, _>(domain);
    Ok(db.door(door).await?.pop())
}
