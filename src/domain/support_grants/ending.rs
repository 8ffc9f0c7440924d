//! The end of support access that nobody takes back: grants run out, and operators stop being operators.

use crate::cache::Stale;
use crate::db::migrate::connect;
use crate::db::{Db, Statement};
use crate::domain::mutate::{Stop, Write};
use crate::kernel::error::Result;
use crate::kernel::ids::{OrgId, SupportGrantId, SupportGrantKey, UserId};
use diesel::OptionalExtension;
use diesel::QueryResult;
use diesel::sql_types::{Bool, Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Finds grants, of any organisation, by which somebody is a member whose time is over, and such whose operator is none any more.
pub async fn due(db: &Db, most: i32) -> Result<Vec<SupportGrantKey>> {
    let door = Statement::<(SqlUuid, SqlUuid)>::new("select org_id, id from door.due_support_ends(?)")
        .bind::<Integer, _>(most);
    let rows: Vec<(OrgId, SupportGrantId)> = db.door(door).await?;
    Ok(rows
        .into_iter()
        .map(|(org, id)| SupportGrantKey::new(org, id))
        .collect())
}

/// Ends a grant that is due, and says whether nobody else has. Its operator could do nothing any more: this is so that the audit and
/// the list of members say so too, and that every node forgets them.
pub async fn end(write: &Write<'_>, key: SupportGrantKey) -> Result<bool, Stop> {
    let mut conn = write.gate.conn();
    let revoked: Option<UserId> = Statement::<SqlUuid>::new(
        "update support_grants set is_noted = true where org_id = ? and id = ? and not is_noted returning operator_id",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
    .optional()?;
    let shown_out: Option<UserId> = Statement::<SqlUuid>::new(
        "update memberships set state = 'removed', version = version + 1 where org_id = ? and support_grant_id = ? \
         and (? or support_until <= now()) and state <> 'removed' returning user_id",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Bool, _>(revoked.is_some())
    .get_result(&mut conn)
    .await
    .optional()?;
    let Some(operator) = revoked.or(shown_out) else {
        return Ok(false);
    };
    let kind = match revoked {
        Some(_) => "support.revoked",
        None => "support.ended",
    };
    write.happened(kind, key, json!({}));
    write.outdates(Stale::Standing(operator));
    Ok(true)
}

/// Makes the account of an address an operator's, or no longer, which ends their grants. As the owner of the tables: no way leads
/// here from the API. What this ends is noted, and announced to the nodes, by whoever [ends](end) what is due. Says whether there is such an account.
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
