//! The end of support access that nobody takes back: grants run out, and operators stop being operators.

use crate::db::migrate::connect;
use crate::db::{Db, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use diesel::QueryResult;
use diesel::sql_types::{Bool, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;

/// Ends the memberships whose grant is over, and gives the operators. They could do nothing any more: this is so that lists of
/// members say so too.
pub async fn end_what_is_over(db: &Db) -> Result<Vec<UserId>> {
    db.door(Statement::<SqlUuid>::new(
        "select user_id from door.end_support()",
    ))
    .await
}

/// Makes the account of an address an operator's, or no longer, which ends their grants. As the owner of the tables: no way leads
/// here from the API. Says whether there is such an account.
pub async fn set_operator(owner_url: &str, email: &str, is_operator: bool) -> anyhow::Result<bool> {
    let mut conn = connect(owner_url).await?;
    let door = Statement::<Bool>::new("select found from door.operator_set(?, ?)");
    let found: QueryResult<bool> = door
        .bind::<Text, _>(email.to_owned())
        .bind::<Bool, _>(is_operator)
        .get_result(&mut conn)
        .await;
    Ok(found?)
}
