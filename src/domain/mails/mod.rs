//! Mails: posted in the transaction that they follow from, delivered afterwards by a worker, at least once.
//!
//! A posted mail names what it is about and holds no secret. The token in it is made when it is delivered and follows from
//! the mail's id and the master key, so that a second delivery carries the same one; what is stored is its hash. Tables:
//! `mails`, `account_tokens`.

pub mod delivery;
pub mod letter;

use crate::db::{Conn, Statement};
use crate::kernel::ids::{InvitationId, InvitationKey, UserId};
use crate::kernel::keyring::{Keyring, Use};
use crate::kernel::secret::{Token, TokenKind};
use crate::text_enum;
use diesel::QueryResult;
use diesel::sql_types::{Array, Jsonb, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use uuid::Uuid;

text_enum! {
    /// What a mail says.
    Template {
        /// Asks the person of a new account whether the address is theirs.
        VerifyEmail = "verify_email",
        /// Tells somebody who tries to register that they are registered.
        AccountExists = "account_exists",
        /// Lets somebody set a new password, if the address has an account.
        ResetPassword = "reset_password",
        /// Asks whether an address is to be the account's.
        ChangeEmail = "change_email",
        /// Tells of a change that its owner should know of.
        SecurityNotice = "security_notice",
        /// Invites somebody to join an organisation.
        Invitation = "invitation",
        /// Tells somebody that an organisation proposes to link their account, if the address has one.
        AccountLink = "account_link",
        /// Tells a member that an organisation is offered to them.
        OwnershipOffered = "ownership_offered",
        /// Tells an organisation's owners that it was handed over.
        OwnershipTransferred = "ownership_transferred",
        /// Asks a parent or guardian whether a child may have an account.
        GuardianConsent = "guardian_consent",
        /// Tells a child that their parent or guardian consented.
        GuardianConsented = "guardian_consented",
        /// Tells somebody that the account of their address was deleted.
        AccountDeleted = "account_deleted",
    }
}

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Its id, from which its token follows.
    pub id: Uuid,
    /// What it says.
    pub template: Template,
    /// To whom.
    pub recipient: String,
    /// What it is about; never a secret.
    pub detail: Value,
}

impl Mail {
    /// Writes a mail about an account.
    pub fn new(id: Uuid, template: Template, recipient: String) -> Self {
        Self {
            id,
            template,
            recipient,
            detail: json!({}),
        }
    }

    /// Writes a mail about an invitation, sent for the first time or again.
    pub fn of_invitation(id: Uuid, invitation: InvitationKey, edition: i32, recipient: String) -> Self {
        Self {
            id,
            template: Template::Invitation,
            recipient,
            detail: json!({ "invitation": invitation.id, "edition": edition }),
        }
    }
}

/// Posts mails in the name of the person who writes, if there is one: they leave once the transaction is committed.
pub async fn post(mut conn: Conn<'_>, user: Option<UserId>, mails: &[Mail]) -> QueryResult<()> {
    if mails.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = mails.iter().map(|mail| mail.id).collect();
    let templates: Vec<&str> = mails.iter().map(|mail| mail.template.as_str()).collect();
    let recipients: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    let details: Vec<&Value> = mails.iter().map(|mail| &mail.detail).collect();
    Statement::<Untyped>::new(
        "insert into mails (id, user_id, template, recipient, detail) \
         select m.id, ?, m.template, m.recipient, m.detail from unnest(?, ?, ?, ?) as m(id, template, recipient, detail)",
    )
    .bind::<Nullable<SqlUuid>, _>(user)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Text>, _>(templates)
    .bind::<Array<Text>, _>(recipients)
    .bind::<Array<Jsonb>, _>(details)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// The token of an invitation, another one for each time that it is sent.
pub fn invitation_token(keyring: &Keyring, invitation: InvitationId, edition: i32) -> Token {
    let mac = keyring.mac(Use::MailedToken, &token_of(invitation.0, edition));
    Token::from_bytes(TokenKind::Invitation, mac)
}

/// What an invitation's token follows from.
fn token_of(invitation: Uuid, edition: i32) -> Vec<u8> {
    let mut bytes = invitation.as_bytes().to_vec();
    if edition > 0 {
        bytes.extend(edition.to_be_bytes());
    }
    bytes
}
