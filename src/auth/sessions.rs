//! Sessions: what a signed-in person holds.
//!
//! A session has short access tokens, which requests carry, and one refresh token at a time, which is exchanged for the
//! next pair. Tables: `sessions`, `session_tokens`.

use crate::db::pool::Statements;
use crate::db::{Conn, Db, Scope, Statement, Tx};
use crate::kernel::clock::Clock;
use crate::kernel::error::Result;
use crate::kernel::ids::{SessionId, SsoConnectionKey, UserId};
use crate::kernel::origin::Origin;
use crate::kernel::secret::{Token, TokenKind};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Bytea, Nullable, Text, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;

/// How long an access token is good.
const ACCESS_MINUTES: i64 = 60;
/// How long a session that nobody continues lasts.
const IDLE_DAYS: i64 = 30;
/// How long a session lasts, however often it is continued.
const MOST_DAYS: i64 = 180;
/// The same of one that an organisation's provider opened: whoever was let go there is out here before the next day.
const MOST_CONFINED_HOURS: i64 = 12;

/// The tokens of a session; each is shown once.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The person.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// What the client sends from now on.
    pub token: Token,
    /// When that stops being good.
    pub expires_at: DateTime<Utc>,
    /// What the client exchanges for the next tokens.
    pub refresh_token: Token,
    /// When that stops being good, and the session with it.
    pub refresh_expires_at: DateTime<Utc>,
}

/// How long a session may last.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// Whether it is good in one organisation alone, whose provider opened it.
    pub is_confined: bool,
}

impl Life {
    fn ends_at(self) -> DateTime<Utc> {
        let most = if self.is_confined {
            TimeDelta::hours(MOST_CONFINED_HOURS)
        } else {
            TimeDelta::days(MOST_DAYS)
        };
        self.began_at + most
    }
}

impl NewSession {
    /// Makes the tokens of a session.
    pub fn new(clock: &Clock, user: UserId, session: SessionId, life: Life) -> Self {
        let generate = Token::generate;
        let tokens = (generate(TokenKind::Session), generate(TokenKind::Refresh));
        Self::of_tokens(clock, user, session, life, tokens)
    }

    /// Makes the tokens of a session that begins now.
    pub fn beginning(clock: &Clock, user: UserId, is_confined: bool) -> Self {
        let life = Life {
            began_at: clock.now(),
            is_confined,
        };
        Self::new(clock, user, SessionId(clock.uuid()), life)
    }

    /// The same with tokens that are made already.
    pub fn of_tokens(
        clock: &Clock,
        user: UserId,
        session: SessionId,
        life: Life,
        (token, refresh_token): (Token, Token),
    ) -> Self {
        let now = clock.now();
        let ends_at = (now + TimeDelta::days(IDLE_DAYS)).min(life.ends_at());
        Self {
            user,
            session,
            token,
            expires_at: (now + TimeDelta::minutes(ACCESS_MINUTES)).min(ends_at),
            refresh_token,
            refresh_expires_at: ends_at,
        }
    }
}

/// Opens a session for a person whose identity is proven, in a transaction of its own.
pub async fn open_session(db: &Db, clock: &Clock, user: UserId, origin: &Origin) -> Result<NewSession> {
    let scope = Scope::account(user);
    let tx = Tx::begin(db, &scope, &Statements::default()).await?;
    let session = NewSession::beginning(clock, user, false);
    tx.run(|conn| open(conn, &session, None, clock.now(), origin))
        .await?;
    tx.commit().await?;
    Ok(session)
}

/// Stores a session that begins now: one that is good everywhere, or in the organisation whose provider opens it.
pub async fn open(
    mut conn: Conn<'_>,
    session: &NewSession,
    confined_to: Option<SsoConnectionKey>,
    now: DateTime<Utc>,
    origin: &Origin,
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "insert into sessions (id, user_id, created_at, expires_at, authenticated_at, last_used_at, user_agent, network, \
         confined_to, connection_id) select ?, ?, n.at, ?, n.at, n.at, ?, ?, ?, ? from (values (?)) as n(at)",
    )
    .bind::<Uuid, _>(session.session)
    .bind::<Uuid, _>(session.user)
    .bind::<Timestamptz, _>(session.refresh_expires_at)
    .bind::<Nullable<Text>, _>(origin.user_agent.clone())
    .bind::<Nullable<Text>, _>(origin.network.clone())
    .bind::<Nullable<Uuid>, _>(confined_to.map(|connection| connection.org))
    .bind::<Nullable<Uuid>, _>(confined_to.map(|connection| connection.id))
    .bind::<Timestamptz, _>(now)
    .execute(&mut conn)
    .await?;
    store_tokens(conn, session).await
}

/// Stores the tokens of a session.
pub async fn store_tokens(mut conn: Conn<'_>, session: &NewSession) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "insert into session_tokens (session_id, user_id, token_hash, kind, expires_at) \
         select ?, ?, t.* from (values (?, 'access', ?), (?, 'refresh', ?)) as t(token_hash, kind, expires_at)",
    )
    .bind::<Uuid, _>(session.session)
    .bind::<Uuid, _>(session.user)
    .bind::<Bytea, _>(session.token.hash().to_vec())
    .bind::<Timestamptz, _>(session.expires_at)
    .bind::<Bytea, _>(session.refresh_token.hash().to_vec())
    .bind::<Timestamptz, _>(session.refresh_expires_at)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Whose session a refresh token continues.
pub async fn of_refresh_token(db: &Db, token: &Token) -> Result<Option<(UserId, SessionId)>> {
    let door = Statement::<(Uuid, Uuid)>::new("select user_id, session_id from door.refresh_token(?)");
    let door = door.bind::<Bytea, _>(token.hash().to_vec());
    Ok(db.door(door).await?.pop())
}
