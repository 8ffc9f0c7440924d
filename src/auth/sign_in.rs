//! Signing in with email and password.

use super::password::Passwords;
use crate::db::pool::Statements;
use crate::db::schema::sessions;
use crate::db::{Db, Scope, Statement, Tx};
use crate::kernel::clock::Clock;
use crate::kernel::error::Result;
use crate::kernel::ids::{SessionId, UserId};
use crate::kernel::secret::{Secret, Token, TokenKind};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::ExpressionMethods;
use diesel::sql_types::{Nullable, Text, Untyped, Uuid};
use diesel_async::RunQueryDsl;

/// How long a session lasts.
const SESSION_DAYS: i64 = 30;

#[derive(diesel::QueryableByName)]
struct Account {
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    password_hash: String,
}

/// A session that was just opened; its token is shown this once.
#[derive(Debug)]
pub struct NewSession {
    /// The person who signed in.
    pub user: UserId,
    /// What the client sends from now on.
    pub token: Token,
    /// When it stops being good.
    pub expires_at: DateTime<Utc>,
}

/// Signs a person in. A wrong password and an unknown address look, and take, the same: `None`.
pub async fn sign_in(
    db: &Db,
    clock: &Clock,
    passwords: &Passwords,
    email: &str,
    password: Secret<String>,
) -> Result<Option<NewSession>> {
    let account = account(db, &email.trim().to_lowercase()).await?;
    let (user, stored) = account.map_or((None, None), |account| {
        (Some(account.user_id), Some(account.password_hash))
    });
    if !passwords.verify(password, stored).await? {
        return Ok(None);
    }
    match user {
        Some(user) => open_session(db, clock, user).await.map(Some),
        None => Ok(None),
    }
}

/// Opens a session for a person whose identity is proven.
pub async fn open_session(db: &Db, clock: &Clock, user: UserId) -> Result<NewSession> {
    let session = NewSession {
        user,
        token: Token::generate(TokenKind::Session),
        expires_at: clock.now() + TimeDelta::days(SESSION_DAYS),
    };
    let scope = Scope {
        user: Some(user),
        orgs: Vec::new(),
    };
    let tx = Tx::begin(db, &scope, &Statements::default()).await?;
    let insert = diesel::insert_into(sessions::table).values((
        sessions::id.eq(SessionId(clock.uuid())),
        sessions::user_id.eq(user),
        sessions::token_hash.eq(session.token.hash().to_vec()),
        sessions::expires_at.eq(session.expires_at),
    ));
    tx.run(|mut conn| async move { insert.execute(&mut conn).await })
        .await?;
    tx.commit().await?;
    Ok(session)
}

/// Ends one session of a person, or all of them, and gives how many ended.
pub async fn revoke_sessions(db: &Db, user: UserId, only: Option<SessionId>) -> Result<usize> {
    let scope = Scope {
        user: Some(user),
        orgs: Vec::new(),
    };
    let tx = Tx::begin(db, &scope, &Statements::default()).await?;
    let update = Statement::<Untyped>::new(
        "update sessions set revoked_at = now() where user_id = ? and id = coalesce(?, id) and revoked_at is null",
    )
    .bind::<Uuid, _>(user)
    .bind::<Nullable<Uuid>, _>(only);
    let ended = tx
        .run(|mut conn| async move { update.execute(&mut conn).await })
        .await?;
    tx.commit().await?;
    Ok(ended)
}

async fn account(db: &Db, email: &str) -> Result<Option<Account>> {
    let statement =
        Statement::<Untyped>::new("select * from door.sign_in(?)").bind::<Text, _>(email.to_owned());
    Ok(db.door(statement).await?.pop())
}
