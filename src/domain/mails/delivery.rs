//! From a posted mail to a letter: looked up, and with its token made, at the moment of delivery.

use super::Template;
use super::letter::{self, Content, Letter};
use crate::auth::{invited, sign_in};
use crate::db::pool::Statements;
use crate::db::{Db, Scope, Statement, Tx};
use crate::domain::accounts::guardians;
use crate::domain::app::App;
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::kernel::keyring::Use;
use crate::kernel::secret::{Token, TokenKind};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{Bool, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

/// For how long an address can be verified.
const VERIFICATION_DAYS: i64 = 3;
/// For how long a password can be reset.
const RESET_MINUTES: i64 = 60;

/// A mail that is due.
#[derive(Clone, Debug, diesel::QueryableByName)]
pub struct Due {
    /// Its id.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    user_id: Option<UserId>,
    #[diesel(sql_type = Text)]
    template: Template,
    #[diesel(sql_type = Text)]
    recipient: String,
    #[diesel(sql_type = Jsonb)]
    detail: Value,
    /// How often it was taken for delivery, this time included.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
}

/// Takes mails that are due. One that is not closed afterwards becomes due again.
pub async fn due(db: &Db, most: i32) -> Result<Vec<Due>> {
    let door = Statement::<Untyped>::new("select * from door.due_mails(?)");
    db.door(door.bind::<Integer, _>(most)).await
}

/// Forgets a mail that was delivered, or gives one up.
pub async fn close(db: &Db, mail: Uuid, is_delivered: bool) -> Result<()> {
    let door = Statement::<Text>::new("select door.close_mail(?, ?)::text");
    let door = door.bind::<SqlUuid, _>(mail).bind::<Bool, _>(is_delivered);
    db.door::<_, String>(door).await.map(|_| ())
}

/// Writes the letter of a mail; none where what it is about is no more.
pub async fn letter(app: &App, mail: &Due, app_url: Option<&str>) -> Result<Option<Letter>> {
    let account = sign_in::account(&app.db, &mail.recipient).await?;
    let to = |content: Content<'_>| Some(letter::write(mail.recipient.clone(), &content, app_url));
    let written = match mail.template {
        Template::VerifyEmail => match mail
            .user_id
            .filter(|user| Some(*user) == account.map(|of| of.user_id))
        {
            Some(user) => {
                let token = issue(app, mail, user, "verify_email", TokenKind::EmailVerification).await?;
                to(Content::VerifyEmail(token.expose()))
            }
            None => None,
        },
        Template::AccountExists => to(Content::AccountExists),
        Template::ResetPassword => match account {
            Some(account) => {
                let user = account.user_id;
                let token = issue(app, mail, user, "reset_password", TokenKind::PasswordReset).await?;
                to(Content::ResetPassword(token.expose()))
            }
            None => None,
        },
        Template::ChangeEmail => match (mail.user_id, account) {
            (Some(user), None) => {
                let token = issue(app, mail, user, "change_email", TokenKind::EmailVerification).await?;
                to(Content::ChangeEmail(token.expose()))
            }
            (_, Some(_)) => to(Content::AccountExists),
            (None, None) => None,
        },
        Template::SecurityNotice => {
            let what = mail.detail["what"]
                .as_str()
                .unwrap_or("Something about your account was changed.");
            to(Content::SecurityNotice(what))
        }
        Template::AccountLink => account.and_then(|_| {
            to(Content::AccountLink {
                organization: mail.detail["organization"].as_str()?,
                expires_at: mail.detail["until"].as_str()?.parse().ok()?,
            })
        }),
        Template::OwnershipOffered => ownership_offered(&mail.detail).and_then(to),
        Template::OwnershipTransferred => {
            let organization = mail.detail["organization"].as_str();
            organization.and_then(|organization| to(Content::OwnershipTransferred(organization)))
        }
        Template::Invitation => invitation(app, mail, app_url).await?,
        Template::GuardianConsent => guardian_consent(app, mail, app_url).await?,
        Template::GuardianConsented => to(Content::GuardianConsented),
        Template::AccountDeleted => to(Content::AccountDeleted),
    };
    Ok(written)
}

fn ownership_offered(detail: &Value) -> Option<Content<'_>> {
    Some(Content::OwnershipOffered {
        organization: detail["organization"].as_str()?,
        expires_at: detail["until"].as_str()?.parse().ok()?,
    })
}

async fn invitation(app: &App, mail: &Due, app_url: Option<&str>) -> Result<Option<Letter>> {
    let id: Option<Uuid> = mail.detail["invitation"].as_str().and_then(|id| id.parse().ok());
    let Some(id) = id else { return Ok(None) };
    let edition = mail.detail["edition"]
        .as_i64()
        .and_then(|edition| i32::try_from(edition).ok());
    // The master key may have been rotated since the invitation was sent.
    for mac in app.keyring.macs(
        Use::MailedToken,
        &super::token_of(id, edition.unwrap_or_default()),
    ) {
        let token = Token::from_bytes(TokenKind::Invitation, mac);
        let Some(invited) = invited::look_up(&app.db, &token.hash()).await? else {
            continue;
        };
        let content = Content::Invitation {
            token: token.expose(),
            organization: &invited.organization_name,
            role: &invited.role_name,
            expires_at: invited.expires_at,
        };
        let is_theirs = invited.is_open && invited.email == mail.recipient;
        return Ok(is_theirs.then(|| letter::write(mail.recipient.clone(), &content, app_url)));
    }
    Ok(None)
}

/// Asks for a consent that is still waited for.
async fn guardian_consent(app: &App, mail: &Due, app_url: Option<&str>) -> Result<Option<Letter>> {
    let Some(person) = mail.user_id else {
        return Ok(None);
    };
    let Some(awaited) = guardians::awaited(app, person).await? else {
        return Ok(None);
    };
    let of = ("guardian_consent", TokenKind::GuardianConsent);
    let token = issue_until(app, mail, person, of, awaited.expires_at).await?;
    let content = Content::GuardianConsent {
        token: token.expose(),
        child: &awaited.child,
        expires_at: awaited.expires_at,
    };
    Ok(Some(letter::write(mail.recipient.clone(), &content, app_url)))
}

/// Makes the token of a mail, whose time begins now.
async fn issue(app: &App, mail: &Due, user: UserId, purpose: &'static str, kind: TokenKind) -> Result<Token> {
    let lasts = match kind {
        TokenKind::PasswordReset => TimeDelta::minutes(RESET_MINUTES),
        _ => TimeDelta::days(VERIFICATION_DAYS),
    };
    issue_until(app, mail, user, (purpose, kind), app.clock.now() + lasts).await
}

/// Makes the token of a mail, which takes the place of former ones for the same purpose. A mail that is delivered again
/// carries the same token.
async fn issue_until(
    app: &App,
    mail: &Due,
    user: UserId,
    (purpose, kind): (&'static str, TokenKind),
    expires_at: DateTime<Utc>,
) -> Result<Token> {
    let token = Token::from_bytes(kind, app.keyring.mac(Use::MailedToken, mail.id.as_bytes()));
    let scope = Scope::account(user);
    let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
    let now = app.clock.now();
    let insert = Statement::<Untyped>::new(
        "with former as (update account_tokens set used_at = ? where user_id = ? and purpose = ? and id <> ? and used_at is null) \
         insert into account_tokens (id, user_id, purpose, email, token_hash, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?) \
         on conflict (id) do update set token_hash = excluded.token_hash where account_tokens.used_at is null",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(user)
    .bind::<Text, _>(purpose)
    .bind::<SqlUuid, _>(mail.id)
    .bind::<SqlUuid, _>(mail.id)
    .bind::<SqlUuid, _>(user)
    .bind::<Text, _>(purpose)
    .bind::<Text, _>(mail.recipient.clone())
    .bind::<Bytea, _>(token.hash().to_vec())
    .bind::<Timestamptz, _>(now)
    .bind::<Timestamptz, _>(expires_at);
    tx.run(|mut conn| async move { insert.execute(&mut conn).await })
        .await?;
    tx.commit().await?;
    Ok(token)
}
