//! What becomes of an invitation that was sent: sent again, or taken back.
//!
//! Only what is pending can be moved, be it past its time: accepted, declined and revoked are final.

use super::limits;
use super::model::{InvitationState, SentInvitation};
use super::store;
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Permission, action};
use crate::domain::mails::{self, Mail, invitation_token};
use crate::domain::members::roles::{exceeds, role_not_allowed};
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::InvitationKey;
use crate::kernel::secret::Token;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// An invitation with a new token.
#[derive(Debug, Serialize, Deserialize)]
pub struct Resent {
    /// The invitation.
    pub invitation: InvitationKey,
    /// Its token: here when it is made, never again.
    #[serde(skip)]
    pub token: Option<Token>,
}

/// Sends an invitation again: with another token, and a new term, by whoever asks for it. The former token opens nothing any more.
pub async fn resend(write: &Write<'_>, key: InvitationKey) -> Result<Resent, Stop> {
    let gate = &write.gate;
    let found = store::find_for_write(gate, key).await?;
    let (sent, role) = found.unzip();
    let sent: Allowed<'_, action::InvitationsManage, _> = gate.allow(sent).at("invitationId")?;
    check_pending(&sent)?;
    let mut given = SentInvitation::clone(&sent);
    given.exceeds = role.is_some_and(|role| exceeds(gate, &role, Permission::InvitationsManage));
    let given = gate.allow(Some(given));
    let given = given.map_err(|_| Stop::Refused(vec![role_not_allowed("invitationId")]))?;
    let email = ("invitationId".to_owned(), given.invitation.email.as_str());
    if let Some(Err(refusal)) = limits::take(write, &[email]).await?.pop() {
        return refuse_with(refusal);
    }
    let edition = given.invitation.edition + 1;
    let token = invitation_token(&write.app.keyring, key.id, edition);
    let by = gate.member().map(|member| member.id);
    store::renew(&given, gate.conn(), token.hash(), edition, by).await?;
    let recipient = given.invitation.email.clone();
    let mail = Mail::of_invitation(write.app.clock.uuid(), key, edition, recipient);
    mails::post(gate.conn(), write.user, &[mail]).await?;
    write.happened("invitation.resent", key, json!({}));
    Ok(Resent {
        invitation: key,
        token: Some(token),
    })
}

/// Takes an invitation back.
pub async fn revoke(write: &Write<'_>, key: InvitationKey) -> Result<InvitationKey, Stop> {
    let gate = &write.gate;
    let sent = store::find_for_write(gate, key).await?.map(|(sent, _)| sent);
    let sent: Allowed<'_, action::InvitationsManage, _> = gate.allow(sent).at("invitationId")?;
    check_pending(&sent)?;
    store::revoke(&sent, gate.conn(), key.org, &[key.id]).await?;
    write.happened("invitation.revoked", key, json!({}));
    Ok(key)
}

fn check_pending(sent: &SentInvitation) -> Result<(), Stop> {
    let state = sent.invitation.stored_state;
    if state == InvitationState::Pending {
        return Ok(());
    }
    let message = format!(
        "The invitation is {}; only one that is PENDING or EXPIRED can be sent again or taken back. Send another.",
        state.as_str().to_uppercase()
    );
    refuse_with(Refusal::at(Code::InvalidState, "invitationId", message))
}
