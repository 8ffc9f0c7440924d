//! Mails that tell of a change which its owner should know of, whoever made it.

use super::events::SecurityEventKind;
use super::write::AccountWrite;
use crate::domain::mails::{self, Mail, Template};
use crate::domain::mutate::Stop;
use serde_json::json;

/// Mails to the account's owner what happened.
pub(super) async fn notify(
    write: &AccountWrite<'_>,
    recipient: String,
    event: SecurityEventKind,
) -> Result<(), Stop> {
    let mail = Mail {
        detail: json!({ "what": sentence(event) }),
        ..Mail::new(write.app.clock.uuid(), Template::SecurityNotice, recipient)
    };
    Ok(mails::post(write.conn(), Some(write.user), &[mail]).await?)
}

const fn sentence(event: SecurityEventKind) -> &'static str {
    match event {
        SecurityEventKind::EmailChanged => {
            "The address of your account was changed; this one does not sign in any more."
        }
        SecurityEventKind::PasswordChanged | SecurityEventKind::PasswordReset => {
            "The password of your account was changed."
        }
        SecurityEventKind::SecondFactorAdded => "A second factor was added to your account.",
        SecurityEventKind::SecondFactorRemoved => "The second factor of your account was removed.",
        SecurityEventKind::RecoveryCodesMade => {
            "New recovery codes were made for your account; the former are void."
        }
        SecurityEventKind::RecoveryCodeUsed => {
            "A recovery code of your account was used in the place of the second factor."
        }
        SecurityEventKind::IdentityLinked => {
            "A service was linked to your account, and signs in to it from now on."
        }
        SecurityEventKind::IdentityUnlinked => "A service was unlinked from your account.",
        _ => "Something about the security of your account was changed.",
    }
}
