//! Sending invitations, many at once.

use super::limits;
use super::model::{Inviting, facts_of_new, facts_of_sent};
use super::store::{self, NewRow};
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Permission, action};
use crate::auth::policy::Facts;
use crate::db::Batch;
use crate::domain::bulk::{ErrorPolicy, MOST_ROWS};
use crate::domain::mails::{self, Mail, invitation_token};
use crate::domain::members::roles::{exceeds, role_not_allowed};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::roles::Role;
use crate::kernel::email::address;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{InvitationId, InvitationKey, OrgId, RoleKey};
use crate::kernel::secret::Token;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Who is to be invited as what.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The address, as the sender wrote it.
    pub email: String,
    /// The role; `None` where the input named none that could exist.
    pub role: Option<RoleKey>,
}

/// What became of one row.
#[derive(Debug, Serialize, Deserialize)]
pub struct SentRow {
    /// The invitation, unless the row was refused.
    pub invitation: Option<InvitationKey>,
    /// Why the row was refused.
    pub refusals: Vec<Refusal>,
    /// The invitation's token: here when it is made, never again.
    #[serde(skip)]
    pub token: Option<Token>,
}

impl SentRow {
    fn refused(refusal: Refusal) -> Self {
        Self {
            invitation: None,
            refusals: vec![refusal],
            token: None,
        }
    }
}

/// A row that nothing speaks against so far.
struct Good {
    index: usize,
    email: String,
    role: Arc<Role>,
    id: InvitationId,
    token: Token,
}

/// Sends invitations. A pending invitation of the same address gives way if the sender may manage it.
pub async fn send(
    write: &Write<'_>,
    rows: &[NewInvitation],
    policy: ErrorPolicy,
) -> Result<Vec<SentRow>, Stop> {
    if rows.is_empty() || rows.len() > MOST_ROWS {
        let message = format!(
            "Send 1 to {MOST_ROWS} invitations at once; these are {}.",
            rows.len()
        );
        return refuse_with(Refusal::at(Code::Invalid, "invitations", message));
    }
    let gate = &write.gate;
    let (conn, org) = (gate.conn(), gate.org());
    let sender = gate.member().ok_or(Error::NotFound)?;
    let allowed = may_invite(write, facts_of_new(org, true, false))?;

    let mut refused: HashMap<usize, Refusal> = HashMap::new();
    let good = sound_rows(write, rows, &mut refused).await?;
    let good = without_members(write, good, &mut refused).await?;
    let (good, standing) = without_pending(write, good, &mut refused).await?;
    if refuses_all(policy, &refused) {
        return Err(Stop::Refused(in_order(refused)));
    }
    let good = within_limits(write, good, policy, &mut refused).await?;
    if refuses_all(policy, &refused) {
        return Err(Stop::Refused(in_order(refused)));
    }
    let replaced = replaced_by(&good, standing);
    store::revoke(&allowed, conn, org, &replaced).await?;
    let new: Vec<NewRow<'_>> = good
        .iter()
        .map(|row| NewRow {
            id: row.id,
            email: &row.email,
            role: row.role.key.id,
            token: row.token.hash(),
        })
        .collect();
    let stored: HashSet<InvitationId> = store::insert(&allowed, conn, sender, &new)
        .await?
        .into_iter()
        .collect();
    let (good, late): (Vec<Good>, Vec<Good>) = good.into_iter().partition(|row| stored.contains(&row.id));
    refused.extend(late.into_iter().map(|row| (row.index, pending(row.index))));
    if refuses_all(policy, &refused) {
        return Err(Stop::Refused(in_order(refused)));
    }
    let mails: Vec<Mail> = good
        .iter()
        .map(|row| {
            let key = InvitationKey::new(org, row.id);
            Mail::of_invitation(write.app.clock.uuid(), key, 0, row.email.clone())
        })
        .collect();
    mails::post(conn, write.user, &mails).await?;
    for id in replaced {
        write.happened("invitation.revoked", InvitationKey::new(org, id), json!({}));
    }
    for row in &good {
        let role = row.role.key.to_string();
        write.happened(
            "invitation.sent",
            InvitationKey::new(org, row.id),
            json!({ "role": role }),
        );
    }
    Ok(results(org, rows.len(), good, refused))
}

/// Proves that the sender may manage an invitation of these facts.
fn may_invite<'w>(
    write: &'w Write<'_>,
    facts: Facts,
) -> Result<Allowed<'w, action::InvitationsManage, Inviting>> {
    write.gate.allow(Some(Inviting(facts)))
}

/// The rows whose address is one, given once, and whose role the sender may give.
async fn sound_rows(
    write: &Write<'_>,
    rows: &[NewInvitation],
    refused: &mut HashMap<usize, Refusal>,
) -> Result<Vec<Good>> {
    let org = write.gate.org();
    let keys: HashSet<RoleKey> = rows
        .iter()
        .filter_map(|row| row.role)
        .filter(|role| role.org == org)
        .collect();
    let roles = RoleKey::load_many(&Vec::from_iter(keys), write.gate.conn()).await?;
    let mut seen = HashSet::new();
    let mut good = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let role = row.role.and_then(|key| roles.get(&key));
        let id = InvitationId(write.app.clock.uuid());
        match checked(write, index, &row.email, role, &mut seen) {
            Ok((email, role)) => good.push(Good {
                index,
                email,
                role,
                id,
                token: invitation_token(&write.app.keyring, id, 0),
            }),
            Err(refusal) => drop(refused.insert(index, refusal)),
        }
    }
    Ok(good)
}

fn checked(
    write: &Write<'_>,
    index: usize,
    email: &str,
    role: Option<&Arc<Role>>,
    seen: &mut HashSet<String>,
) -> Result<(String, Arc<Role>), Refusal> {
    let path = |field: &str| format!("invitations.{index}.{field}");
    let Some(email) = address(email) else {
        let message = "This is no email address.";
        return Err(Refusal::at(Code::Invalid, &path("email"), message));
    };
    if !seen.insert(email.clone()) {
        let message = "This address stands in the list twice.";
        return Err(Refusal::at(Code::Taken, &path("email"), message));
    }
    let Some(role) = role else {
        return Err(Refusal::not_found(&path("roleId")));
    };
    let mut facts = facts_of_new(write.gate.org(), role.is_learner(), role.is_owner());
    facts.exceeds = exceeds(&write.gate, role, Permission::InvitationsManage);
    match may_invite(write, facts) {
        Ok(_) => Ok((email, role.clone())),
        Err(_) => Err(role_not_allowed(&path("roleId"))),
    }
}

async fn without_members(
    write: &Write<'_>,
    good: Vec<Good>,
    refused: &mut HashMap<usize, Refusal>,
) -> Result<Vec<Good>> {
    let emails: Vec<&str> = good.iter().map(|row| row.email.as_str()).collect();
    let members = store::members_among(write.gate.conn(), write.gate.org(), &emails).await?;
    let members: HashSet<String> = members.into_iter().collect();
    let (known, good): (Vec<Good>, Vec<Good>) =
        good.into_iter().partition(|row| members.contains(&row.email));
    for row in known {
        let path = format!("invitations.{}.email", row.index);
        let message = "A member of the organisation has this address.";
        refused.insert(row.index, Refusal::at(Code::AlreadyMember, &path, message));
    }
    Ok(good)
}

/// The rows whose address has no pending invitation, or one that may give way; and those that may.
async fn without_pending(
    write: &Write<'_>,
    good: Vec<Good>,
    refused: &mut HashMap<usize, Refusal>,
) -> Result<(Vec<Good>, Vec<store::Standing>)> {
    let (org, me) = (write.gate.org(), write.gate.member_id());
    let emails: Vec<&str> = good.iter().map(|row| row.email.as_str()).collect();
    let standing = store::standing(write.gate.conn(), org, &emails).await?;
    let gives_way = |known: &store::Standing| {
        let facts = facts_of_sent(org, known.invited_by == me, known.role == "owner");
        known.is_past || may_invite(write, facts).is_ok()
    };
    let (replaced, kept): (Vec<_>, Vec<_>) = standing.into_iter().partition(gives_way);
    let kept: HashSet<String> = kept.into_iter().map(|known| known.email).collect();
    let (taken, good): (Vec<Good>, Vec<Good>) = good.into_iter().partition(|row| kept.contains(&row.email));
    refused.extend(taken.into_iter().map(|row| (row.index, pending(row.index))));
    Ok((good, replaced))
}

/// The rows whose address may be sent another invitation. Where one may not and that refuses all, none counts as sent.
async fn within_limits(
    write: &Write<'_>,
    good: Vec<Good>,
    policy: ErrorPolicy,
    refused: &mut HashMap<usize, Refusal>,
) -> Result<Vec<Good>> {
    let emails: Vec<(String, &str)> = good
        .iter()
        .map(|row| (format!("invitations.{}.email", row.index), row.email.as_str()))
        .collect();
    let taken = limits::take(write, &emails).await?;
    let (mut sendable, mut attempts) = (Vec::new(), Vec::new());
    for (row, taken) in good.into_iter().zip(taken) {
        match taken {
            Ok(attempt) => {
                attempts.push(attempt);
                sendable.push(row);
            }
            Err(refusal) => {
                refused.insert(row.index, refusal);
            }
        }
    }
    if refuses_all(policy, refused) {
        for attempt in attempts {
            attempt.withdrawn(write.app).await;
        }
    }
    Ok(sendable)
}

/// Which of the pending invitations give way to those that are sent.
fn replaced_by(good: &[Good], standing: Vec<store::Standing>) -> Vec<InvitationId> {
    let emails: HashSet<&str> = good.iter().map(|row| row.email.as_str()).collect();
    let gives_way = |known: &store::Standing| emails.contains(known.email.as_str());
    standing
        .into_iter()
        .filter(gives_way)
        .map(|known| known.id)
        .collect()
}

/// Whether what is refused so far refuses the other rows too.
fn refuses_all(policy: ErrorPolicy, refused: &HashMap<usize, Refusal>) -> bool {
    policy == ErrorPolicy::RejectAll && !refused.is_empty()
}

fn pending(index: usize) -> Refusal {
    let path = format!("invitations.{index}.email");
    Refusal::at(
        Code::Taken,
        &path,
        "This address has a pending invitation that is not yours to replace.",
    )
}

fn results(org: OrgId, rows: usize, good: Vec<Good>, mut refused: HashMap<usize, Refusal>) -> Vec<SentRow> {
    let mut sent: HashMap<usize, Good> = good.into_iter().map(|row| (row.index, row)).collect();
    let result = |index| match sent.remove(&index) {
        Some(row) => SentRow {
            invitation: Some(InvitationKey::new(org, row.id)),
            refusals: Vec::new(),
            token: Some(row.token),
        },
        None => SentRow::refused(refused.remove(&index).unwrap_or_else(|| pending(index))),
    };
    (0..rows).map(result).collect()
}

fn in_order(refused: HashMap<usize, Refusal>) -> Vec<Refusal> {
    let mut refused: Vec<_> = refused.into_iter().collect();
    refused.sort_by_key(|(index, _)| *index);
    refused.into_iter().map(|(_, refusal)| refusal).collect()
}
