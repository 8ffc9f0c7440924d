//! Tokens that prove something about an account: single-use, stored as hashes, good for a while. Table: `account_tokens`.

use super::write::AccountWrite;
use crate::db::{Db, Statement};
use crate::domain::mutate::{Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::secret::{Token, TokenKind};
use crate::text_enum;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bytea, Nullable, Text, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;

text_enum! {
    /// What a token proves.
    Purpose {
        /// That the account's address is its person's.
        VerifyEmail = "verify_email",
        /// That an address is the person's and is to be the account's.
        ChangeEmail = "change_email",
        /// That who sets a new password has the account's mail.
        ResetPassword = "reset_password",
        /// That the first step of a sign-in is done.
        SignIn = "sign_in",
        /// That who answers for a child has the mail of the parent or guardian whom the child named.
        GuardianConsent = "guardian_consent",
    }
}

/// Whose token it is.
#[derive(Clone, Debug, QueryableByName)]
struct Found {
    #[diesel(sql_type = Uuid)]
    user_id: UserId,
}

/// A token that was used up.
#[derive(Clone, Debug, QueryableByName)]
pub struct Spent {
    /// What it proves.
    #[diesel(sql_type = Text)]
    pub purpose: Purpose,
    /// The address that it was sent to.
    #[diesel(sql_type = Nullable<Text>)]
    pub email: Option<String>,
}

/// Reads a token of the input and finds whose it is; whether it is still good shows when it is [spent](spend).
pub async fn owner(db: &Db, kind: TokenKind, text: &str) -> Result<Option<(Token, UserId)>> {
    let Some(token) = Token::parse(kind, text) else {
        return Ok(None);
    };
    let door = Statement::<Untyped>::new("select user_id from door.account_token(?)");
    let found: Vec<Found> = db.door(door.bind::<Bytea, _>(token.hash().to_vec())).await?;
    Ok(found.into_iter().next().map(|found| (token, found.user_id)))
}

/// Uses a token up, or refuses one that is used up or past its time.
pub async fn spend(write: &AccountWrite<'_>, token: &Token, path: &str) -> Result<Spent, Stop> {
    let now = write.app.clock.now();
    let spent = Statement::<Untyped>::new(
        "update account_tokens set used_at = ? where token_hash = ? and used_at is null and expires_at > ? returning purpose, email",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Bytea, _>(token.hash().to_vec())
    .bind::<Timestamptz, _>(now)
    .get_result(&mut write.conn())
    .await
    .optional()?;
    match spent {
        Some(spent) => Ok(spent),
        None => refuse_with(invalid(path)),
    }
}

/// Makes the open tokens of these purposes useless.
pub async fn withdraw(write: &AccountWrite<'_>, purposes: &[Purpose]) -> Result<()> {
    let purposes: Vec<&str> = purposes.iter().map(|purpose| purpose.as_str()).collect();
    Statement::<Untyped>::new(
        "update account_tokens set used_at = ? where user_id = ? and purpose = any(?) and used_at is null",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Uuid, _>(write.user)
    .bind::<Array<Text>, _>(purposes)
    .execute(&mut write.conn())
    .await?;
    Ok(())
}

/// Refuses a token that opens nothing.
pub fn invalid(path: &str) -> Refusal {
    let message = "This token opens nothing: it is malformed, of another kind, past its time or used up. Ask for a new one.";
    Refusal::at(Code::InvalidToken, path, message)
}
