//! What the person does with a proposal to link their account: accept it, refuse it, and end it later.

use super::model::{AccountLink, AccountLinkState};
use super::propose::{not_ours, wrong_state};
use super::store;
use crate::auth::allowed::{Admission, Admitted, Pass};
use crate::cache::Stale;
use crate::db::Batch;
use crate::domain::domains::store::is_verified;
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::users::User;
use crate::kernel::domain_name::domain_of;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AccountLinkKey, MemberId, MemberKey, UserId, UserKey};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// A link, read and locked, as the person whom it is for meets it.
#[derive(Debug)]
pub struct Answered {
    /// The link.
    pub link: AccountLink,
    /// Who answers.
    pub user: UserId,
    is_theirs: bool,
}

impl Admission for Answered {
    fn pass(&self) -> Pass {
        Pass::AccountLink(self.link.key)
    }

    fn is_good(&self) -> bool {
        self.is_theirs
    }
}

/// What accepting came to.
#[derive(Debug, Serialize, Deserialize)]
pub struct Accepted {
    /// The link.
    pub link: AccountLinkKey,
    /// Who the person is in the organisation.
    pub member: MemberKey,
}

/// Links the person's account: they are a learner of the organisation now, or remain whom they were in it.
pub async fn accept(write: &Write<'_>, key: AccountLinkKey) -> Result<Accepted, Stop> {
    let (answered, person) = answered(write, key).await?;
    check_proposed(write, &answered.link)?;
    let conn = write.gate.conn();
    let is_ours = match domain_of(&answered.link.email) {
        Some(domain) => is_verified(conn, key.org, &domain).await?,
        None => false,
    };
    if !is_ours {
        return refuse_with(not_ours("accountLinkId"));
    }
    let new = MemberId(write.app.clock.uuid());
    let (member, is_new) = store::join(&answered, conn, new, &person).await?;
    let (state, now) = (AccountLinkState::Accepted, write.app.clock.now());
    store::answer(&answered, conn, state, Some(member), now).await?;
    let member = MemberKey::new(key.org, member);
    write.happened(
        "account_link.accepted",
        key,
        json!({ "member": member.to_string() }),
    );
    if is_new {
        write.happened("member.joined", member, json!({ "accountLink": key.to_string() }));
    }
    write.outdates(Stale::Standing(person.id));
    Ok(Accepted { link: key, member })
}

/// Does not link the person's account.
pub async fn refuse(write: &Write<'_>, key: AccountLinkKey) -> Result<AccountLinkKey, Stop> {
    let (answered, _) = answered(write, key).await?;
    check_proposed(write, &answered.link)?;
    let (state, now) = (AccountLinkState::Refused, write.app.clock.now());
    store::answer(&answered, write.gate.conn(), state, None, now).await?;
    write.happened("account_link.refused", key, json!({}));
    Ok(key)
}

/// Ends what the person accepted, and what the organisation's provider opened by it. They stay a member until they leave.
pub async fn end(write: &Write<'_>, key: AccountLinkKey) -> Result<AccountLinkKey, Stop> {
    let (answered, _) = answered(write, key).await?;
    let link = &answered.link;
    if link.stored_state != AccountLinkState::Accepted {
        let state = link.state_at(write.app.clock.now());
        return refuse_with(wrong_state(state, "only what was accepted can be ended"));
    }
    let (state, now) = (AccountLinkState::Ended, write.app.clock.now());
    store::answer(&answered, write.gate.conn(), state, link.member_id, now).await?;
    store::end_sessions(&answered, write.gate.conn(), now).await?;
    write.happened("account_link.ended", key, json!({}));
    write.outdates(Stale::Standing(answered.user));
    Ok(key)
}

fn check_proposed(write: &Write<'_>, link: &AccountLink) -> Result<(), Stop> {
    match link.state_at(write.app.clock.now()) {
        AccountLinkState::Proposed => Ok(()),
        state => refuse_with(wrong_state(state, "only a proposal is answered")),
    }
}

/// Locks a link and proves that it is the signed-in person's to answer.
async fn answered<'w>(
    write: &'w Write<'_>,
    key: AccountLinkKey,
) -> Result<(Admitted<'w, Answered>, Arc<User>), Stop> {
    let conn = write.gate.conn();
    let user = write.user.ok_or(Error::Unauthenticated)?;
    let link = store::find_for_write(&write.gate, key)
        .await?
        .ok_or(Error::NotFound)?;
    let person = UserKey::load_many(&[UserKey(user)], conn)
        .await?
        .remove(&UserKey(user));
    let person = person.ok_or(Error::NotFound)?;
    let is_theirs = match link.user_id {
        Some(owner) => owner == user,
        None => person.email_verified_at.is_some() && person.email == link.email,
    };
    let answered = Answered {
        link,
        user,
        is_theirs,
    };
    Ok((write.gate.admit(answered)?, person))
}
