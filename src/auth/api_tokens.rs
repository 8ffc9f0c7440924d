//! Tokens of apps: found by their secret through a door, since there is no scope yet.

use super::credential::{ApiToken, Credential};
use super::permission::Scopes;
use super::standing::{OrgStanding, Standing};
use crate::db::{Db, Statement};
use crate::kernel::clock::Clock;
use crate::kernel::error::Result;
use crate::kernel::ids::{ApiTokenId, ApiTokenKey, MemberId, MemberKey, OrgId, UserId};
use crate::kernel::secret::TokenHash;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid};
use std::sync::Arc;

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Uuid)]
    org_id: OrgId,
    #[diesel(sql_type = Uuid)]
    token_id: ApiTokenId,
    #[diesel(sql_type = Array<Text>)]
    scopes: Vec<String>,
    #[diesel(sql_type = Array<Text>)]
    networks: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_used_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    org_slug: String,
    #[diesel(sql_type = Uuid)]
    member_id: MemberId,
    #[diesel(sql_type = Text)]
    role_slug: String,
    #[diesel(sql_type = Jsonb)]
    grants: serde_json::Value,
    #[diesel(sql_type = Nullable<Integer>)]
    policy_number: Option<i32>,
}

/// Reads the standing behind a token: its owner's in the token's organisation, as far as its scopes go. One statement.
pub async fn load(db: &Db, secret: &TokenHash) -> Result<Option<Standing>> {
    let door = Statement::<Untyped>::new("select * from door.api_token(?)").bind::<Bytea, _>(secret.to_vec());
    let rows: Vec<Row> = db.door(door).await?;
    Ok(rows.into_iter().next().map(|row| {
        let member = MemberKey::new(row.org_id, row.member_id);
        let standing = OrgStanding::new(member, row.org_slug, row.role_slug, &row.grants);
        let credential = Credential::ApiToken(ApiToken {
            key: ApiTokenKey::new(row.org_id, row.token_id),
            scopes: Scopes::read(row.scopes.iter().map(String::as_str)),
            networks: row.networks,
        });
        Standing {
            user: row.user_id,
            orgs: vec![Arc::new(
                credential.narrow(standing).under(row.policy_number.into()),
            )],
            credential,
            expires_at: row.expires_at,
            authenticated_at: DateTime::UNIX_EPOCH,
            last_used_at: row.last_used_at.unwrap_or(DateTime::UNIX_EPOCH),
        }
    }))
}

/// Notes that a token is in use; a network that it was not used from before is told to the organisation and to the token's owner.
pub async fn note_use(db: &Db, token: ApiTokenKey, clock: &Clock, network: Option<&str>) -> Result<()> {
    let door = Statement::<Text>::new("select door.api_token_used(?, ?, ?, ?, ?)::text")
        .bind::<Uuid, _>(token.org)
        .bind::<Uuid, _>(token.id)
        .bind::<Timestamptz, _>(clock.now())
        .bind::<Nullable<Text>, _>(network.map(str::to_owned))
        .bind::<Uuid, _>(clock.uuid());
    db.door::<_, String>(door).await.map(|_| ())
}
