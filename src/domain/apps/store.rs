//! Statements that write `apps`, `api_tokens` and `api_token_secrets`.

use super::model::App;
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Scopes, action};
use crate::db::Conn;
use crate::db::schema::{api_token_secrets, api_tokens, apps, memberships};
use crate::domain::organizations::Here;
use crate::kernel::ids::{ApiTokenKey, AppKey, MemberId, MemberKey, OrgId, UserId};
use crate::kernel::secret::TokenHash;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

/// A proof that the actor may manage the organisation's apps.
pub type MayManage<'g> = Allowed<'g, action::AppsManage, Here>;

/// Reads and locks an app for a write.
pub async fn find_for_write(gate: &Gate<'_>, key: AppKey) -> QueryResult<Option<App>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    App::query()
        .filter(apps::org_id.eq(key.org).and(apps::id.eq(key.id)))
        .for_update()
        .first(&mut gate.conn())
        .await
        .optional()
}

/// How many apps an organisation has.
pub async fn count(mut conn: Conn<'_>, org: OrgId) -> QueryResult<i64> {
    let here = apps::table.filter(apps::org_id.eq(org));
    here.count().get_result(&mut conn).await
}

/// Stores an app with its name and description.
pub async fn insert(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: AppKey,
    (name, description): (&str, &str),
    creator: MemberKey,
) -> QueryResult<()> {
    diesel::insert_into(apps::table)
        .values((
            apps::org_id.eq(key.org),
            apps::id.eq(key.id),
            apps::name.eq(name),
            apps::description.eq(description),
            apps::created_by.eq(creator.id),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Changes an app's name and description.
pub async fn update(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: AppKey,
    (name, description): (&str, &str),
) -> QueryResult<()> {
    diesel::update(apps::table.find((key.org.0, key.id.0)))
        .set((apps::name.eq(name), apps::description.eq(description)))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Removes an app with its tokens.
pub async fn delete(_: &MayManage<'_>, mut conn: Conn<'_>, key: AppKey) -> QueryResult<()> {
    diesel::delete(apps::table.find((key.org.0, key.id.0)))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// A token as a write meets it.
#[derive(Clone, Copy, Debug)]
pub struct SeenToken {
    /// As whom it acts.
    pub owner: MemberKey,
    /// Whose account that is.
    pub user: UserId,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
}

impl SeenToken {
    /// Whether it opens anything.
    pub fn is_good_at(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Owner, owner's account, scopes, revocation, end.
type TokenColumns = (
    MemberId,
    UserId,
    Vec<String>,
    Option<DateTime<Utc>>,
    DateTime<Utc>,
);

/// Reads and locks a token for a write.
pub async fn find_token_for_write(gate: &Gate<'_>, key: ApiTokenKey) -> QueryResult<Option<SeenToken>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let row: Option<TokenColumns> = api_tokens::table
        .inner_join(
            memberships::table.on(memberships::org_id
                .eq(api_tokens::org_id)
                .and(memberships::id.eq(api_tokens::owner_id))),
        )
        .filter(api_tokens::org_id.eq(key.org).and(api_tokens::id.eq(key.id)))
        .select((
            api_tokens::owner_id,
            memberships::user_id,
            api_tokens::scopes,
            api_tokens::revoked_at,
            api_tokens::expires_at,
        ))
        .for_update()
        .first(&mut gate.conn())
        .await
        .optional()?;
    Ok(
        row.map(|(owner, user, scopes, revoked_at, expires_at)| SeenToken {
            owner: MemberKey::new(key.org, owner),
            user,
            scopes: Scopes::read(scopes.iter().map(String::as_str)),
            revoked_at,
            expires_at,
        }),
    )
}

/// How many tokens of an app open something.
pub async fn count_good_tokens(mut conn: Conn<'_>, app: AppKey, now: DateTime<Utc>) -> QueryResult<i64> {
    api_tokens::table
        .filter(api_tokens::org_id.eq(app.org).and(api_tokens::app_id.eq(app.id)))
        .filter(
            api_tokens::revoked_at
                .is_null()
                .and(api_tokens::expires_at.gt(now)),
        )
        .count()
        .get_result(&mut conn)
        .await
}

/// A token to be stored.
pub struct TokenRow<'a> {
    /// Its key.
    pub key: ApiTokenKey,
    /// Whose it is.
    pub app: AppKey,
    /// As whom it acts.
    pub owner: MemberKey,
    /// What it is called.
    pub name: &'a str,
    /// What it may be used for.
    pub scopes: &'a [&'static str],
    /// When it stops being good.
    pub expires_at: DateTime<Utc>,
}

/// Stores a token, whose secret begins so.
pub async fn insert_token(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    token: &TokenRow<'_>,
    prefix: &str,
) -> QueryResult<()> {
    diesel::insert_into(api_tokens::table)
        .values((
            api_tokens::org_id.eq(token.key.org),
            api_tokens::id.eq(token.key.id),
            api_tokens::app_id.eq(token.app.id),
            api_tokens::owner_id.eq(token.owner.id),
            api_tokens::name.eq(token.name),
            api_tokens::prefix.eq(prefix),
            api_tokens::scopes.eq(token.scopes),
            api_tokens::expires_at.eq(token.expires_at),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Stores a secret of a token.
pub async fn insert_secret(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: ApiTokenKey,
    hash: &TokenHash,
    expires_at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(api_token_secrets::table)
        .values((
            api_token_secrets::org_id.eq(key.org),
            api_token_secrets::token_id.eq(key.id),
            api_token_secrets::token_hash.eq(hash.to_vec()),
            api_token_secrets::expires_at.eq(expires_at),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Lets a token's secrets end at a time, where they do not end before.
pub async fn end_secrets(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: ApiTokenKey,
    at: DateTime<Utc>,
) -> QueryResult<()> {
    let of_token = api_token_secrets::table.filter(
        api_token_secrets::org_id
            .eq(key.org)
            .and(api_token_secrets::token_id.eq(key.id)),
    );
    diesel::update(of_token.filter(api_token_secrets::expires_at.gt(at)))
        .set(api_token_secrets::expires_at.eq(at))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Notes how a token's new secret begins and when it ends.
pub async fn renew(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: ApiTokenKey,
    prefix: &str,
    expires_at: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(api_tokens::table.find((key.org.0, key.id.0)))
        .set((
            api_tokens::prefix.eq(prefix),
            api_tokens::expires_at.eq(expires_at),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Revokes a token.
pub async fn revoke(
    _: &MayManage<'_>,
    mut conn: Conn<'_>,
    key: ApiTokenKey,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(api_tokens::table.find((key.org.0, key.id.0)))
        .set(api_tokens::revoked_at.eq(now))
        .execute(&mut conn)
        .await
        .map(|_| ())
}
