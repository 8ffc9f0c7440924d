//! A person's sessions: listing, ending, and continuing them with their refresh tokens.

use super::events::SecurityEventKind;
use super::write::{AccountRequest, AccountWrite, write_proven};
use crate::auth::sessions::{Life, NewSession, of_refresh_token, store_tokens};
use crate::db::schema::sessions;
use crate::db::{Batch, Conn, Statement};
use crate::domain::app::App;
use crate::domain::mutate::{Outcome, Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{SessionId, SessionKey};
use crate::kernel::keyring::Use;
use crate::kernel::secret::{Token, TokenKind};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Bytea, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// An open session of yours: somewhere you are signed in.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = sessions)]
#[graphql(complex)]
pub struct Session {
    /// Its id.
    #[diesel(column_name = id)]
    #[graphql(skip)]
    pub session: SessionId,
    /// When you signed in. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was last used, give or take some minutes. Cost: 1.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is continued with `sessionRefresh`. Cost: 1.
    pub expires_at: DateTime<Utc>,
    /// What the client called itself when it was last used; null where it did not. Cost: 1.
    pub user_agent: Option<String>,
    /// The network that it was last used from, such as `192.0.2.0/24`; null where that is not known. Cost: 1.
    pub network: Option<String>,
}

own_list!(
    sessions,
    Session,
    sessions::revoked_at
        .is_null()
        .and(sessions::expires_at.gt(diesel::dsl::now))
);

impl Batch for SessionKey {
    type Value = Arc<Session>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let ids: Vec<SessionId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<Session> = Session::query()
            .filter(sessions::id.eq_any(ids))
            .filter(sessions::revoked_at.is_null())
            .filter(sessions::expires_at.gt(diesel::dsl::now))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (SessionKey(row.session), Arc::new(row)))
            .collect())
    }
}

/// Which of a person's sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// This one.
    One(SessionId),
    /// All but this one.
    Others(SessionId),
    /// All of them.
    All,
}

/// Ends sessions and gives how many.
pub async fn revoke(write: &AccountWrite<'_>, ending: Ending) -> Result<usize> {
    let (only, except) = match ending {
        Ending::One(session) => (Some(session), None),
        Ending::Others(session) => (None, Some(session)),
        Ending::All => (None, None),
    };
    let ended: Vec<SessionId> = Statement::<SqlUuid>::new(
        "update sessions set revoked_at = ? where user_id = ? and id = coalesce(?, id) and id is distinct from ? \
         and revoked_at is null and expires_at > now() returning id",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<SqlUuid, _>(write.user)
    .bind::<Nullable<SqlUuid>, _>(only)
    .bind::<Nullable<SqlUuid>, _>(except)
    .load(&mut write.conn())
    .await?;
    for session in &ended {
        write.happened_to(SecurityEventKind::SessionRevoked, Some(*session));
    }
    write.outdates_standing();
    Ok(ended.len())
}

/// What became of a refresh token.
#[derive(Debug, Serialize, Deserialize)]
pub struct Refreshed {
    /// The next tokens; none where the token was used before, and its session has been ended for it.
    #[serde(skip)]
    pub session: Option<NewSession>,
}

#[derive(QueryableByName)]
struct Presented {
    #[diesel(sql_type = Timestamptz)]
    began_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_confined: bool,
    #[diesel(sql_type = Bool)]
    is_spent: bool,
}

/// Exchanges a refresh token for the session's next tokens. A token is good once: whoever shows it again shows a copy, and
/// since nobody can tell which of the two is the owner, the session ends for both.
///
/// The exception is the same request sent again, which proves itself by its key: the next tokens follow from the old one
/// and the key, so as long as they are unused they are answered again.
pub async fn refresh(
    app: &Arc<App>,
    token: &str,
    key: Option<String>,
    request: AccountRequest,
) -> Outcome<Refreshed> {
    let Some(token) = Token::parse(TokenKind::Refresh, token) else {
        return Ok(Err(vec![no_such_token()]));
    };
    let Some((user, session)) = of_refresh_token(&app.db, &token).await? else {
        return Ok(Err(vec![no_such_token()]));
    };
    write_proven(app, user, request, move |write| {
        Box::pin(async move { exchange(write, session, &token, key.as_deref()).await })
    })
    .await
}

async fn exchange(
    write: &AccountWrite<'_>,
    session: SessionId,
    token: &Token,
    key: Option<&str>,
) -> Result<Refreshed, Stop> {
    let presented: Option<Presented> = Statement::<Untyped>::new(
        "select s.created_at as began_at, s.confined_to is not null as is_confined, t.spent_at is not null as is_spent from session_tokens t \
         join sessions s on s.id = t.session_id where t.token_hash = ? and s.revoked_at is null and s.expires_at > ?",
    )
    .bind::<Bytea, _>(token.hash().to_vec())
    .bind::<Timestamptz, _>(write.app.clock.now())
    .get_result(&mut write.conn())
    .await
    .optional()?;
    let Some(presented) = presented else {
        return refuse_with(no_such_token());
    };
    let app = write.app;
    let life = Life {
        began_at: presented.began_at,
        is_confined: presented.is_confined,
    };
    let next = match key {
        Some(key) => {
            let tokens = derived(app, token, key);
            NewSession::of_tokens(&app.clock, write.user, session, life, tokens)
        }
        None => NewSession::new(&app.clock, write.user, session, life),
    };
    if !presented.is_spent {
        spend(write, token, &next).await?;
        return Ok(Refreshed { session: Some(next) });
    }
    if key.is_some()
        && let Some(session) = unused(write, next).await?
    {
        return Ok(Refreshed {
            session: Some(session),
        });
    }
    write.happened_to(SecurityEventKind::RefreshTokenReplayed, Some(session));
    revoke(write, Ending::One(session)).await?;
    Ok(Refreshed { session: None })
}

/// The tokens that follow from a refresh token and a key that only its sender knows.
fn derived(app: &App, token: &Token, key: &str) -> (Token, Token) {
    let of = |kind: TokenKind, name: &str| {
        let message = [name.as_bytes(), &token.hash(), key.as_bytes()].concat();
        Token::from_bytes(kind, app.keyring.mac(Use::RefreshedToken, &message))
    };
    (
        of(TokenKind::Session, "access"),
        of(TokenKind::Refresh, "refresh"),
    )
}

async fn spend(write: &AccountWrite<'_>, token: &Token, next: &NewSession) -> Result<()> {
    let origin = write.origin;
    Statement::<Untyped>::new(
        "with spent as (update session_tokens set spent_at = ? where token_hash = ?) \
         update sessions set expires_at = ?, last_used_at = ?, user_agent = coalesce(?, user_agent), network = coalesce(?, network) \
         where id = ?",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Bytea, _>(token.hash().to_vec())
    .bind::<Timestamptz, _>(next.refresh_expires_at)
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Nullable<Text>, _>(origin.user_agent.clone())
    .bind::<Nullable<Text>, _>(origin.network.clone())
    .bind::<SqlUuid, _>(next.session)
    .execute(&mut write.conn())
    .await?;
    Ok(store_tokens(write.conn(), next).await?)
}

/// The same tokens, if they were answered before and the refresh token among them is unused.
async fn unused(write: &AccountWrite<'_>, next: NewSession) -> Result<Option<NewSession>> {
    let stored: Option<(DateTime<Utc>, DateTime<Utc>)> = Statement::<(Timestamptz, Timestamptz)>::new(
        "select a.expires_at, r.expires_at from session_tokens r join session_tokens a on a.token_hash = ? \
         where r.token_hash = ? and r.spent_at is null",
    )
    .bind::<Bytea, _>(next.token.hash().to_vec())
    .bind::<Bytea, _>(next.refresh_token.hash().to_vec())
    .get_result(&mut write.conn())
    .await
    .optional()?;
    Ok(stored.map(|(expires_at, refresh_expires_at)| NewSession {
        expires_at,
        refresh_expires_at,
        ..next
    }))
}

fn no_such_token() -> Refusal {
    Refusal::at(
        Code::InvalidToken,
        "refreshToken",
        "This refresh token opens nothing: it is malformed, or its session has ended. Sign in again.",
    )
}

/// What somebody is told whose refresh token was used before.
pub fn replayed() -> Refusal {
    Refusal::at(
        Code::TokenReplayed,
        "refreshToken",
        "This refresh token was used before, so a copy of it is about: its session has been ended everywhere. Sign in again.",
    )
}
