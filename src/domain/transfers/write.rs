//! Offering, withdrawing, taking and declining.

use super::model::{Answered, OpenTransfer, OwnershipTransfer};
use super::notices;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::cache::Stale;
use crate::db::schema::{ownership_transfers, roles};
use crate::db::{Batch, Conn, Statement};
use crate::domain::members::roles::refuse_without_account;
use crate::domain::members::{MemberState, store as members};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberKey, OrgId, OrganizationKey, RoleId};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::sql_types::{Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::sync::Arc;

/// How long an offer is good.
const OFFER_DAYS: i64 = 7;

/// Offers the organisation to an active member who is no owner.
pub async fn offer(write: &Write<'_>, to: MemberKey) -> Result<OrganizationKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let _: Allowed<'_, action::OwnershipTransfer, _> = gate.allow(Some(Here(org)))?;
    let from = gate.member().ok_or(Error::NotFound)?;
    let Some(member) = members::find_for_write(gate, to).await? else {
        return refuse_with(Refusal::not_found("memberId"));
    };
    if member.member.state != MemberState::Active || member.is_owner {
        let message = "Offer it to an active member who is no owner yet.";
        return refuse_with(Refusal::at(Code::InvalidState, "memberId", message));
    }
    refuse_without_account(&member.member)?;
    let conn = gate.conn();
    if let Some(open) = open(conn, org).await? {
        if open.expires_at > write.app.clock.now() {
            let message = "There is an open offer already. Withdraw it first.";
            return refuse_with(Refusal::at(Code::InvalidState, "organizationId", message));
        }
        close(conn, &open, "withdrawn").await?;
    }
    let expires_at = write.app.clock.now() + TimeDelta::days(OFFER_DAYS);
    notices::tell_of_offer(write, &member.member, expires_at).await?;
    diesel::insert_into(ownership_transfers::table)
        .values((
            ownership_transfers::org_id.eq(org),
            ownership_transfers::id.eq(write.app.clock.uuid()),
            ownership_transfers::from_member_id.eq(from.id),
            ownership_transfers::to_member_id.eq(to.id),
            ownership_transfers::expires_at.eq(expires_at),
        ))
        .execute(&mut gate.conn())
        .await?;
    let detail = json!({ "from": from.to_string(), "to": to.to_string() });
    write.happened("ownership.offered", OrganizationKey(org), detail);
    Ok(OrganizationKey(org))
}

/// Takes the open offer back.
pub async fn withdraw(write: &Write<'_>) -> Result<OrganizationKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let _: Allowed<'_, action::OwnershipTransfer, _> = gate.allow(Some(Here(org)))?;
    let Some(open) = open(gate.conn(), org).await? else {
        let message = "There is no open offer.";
        return refuse_with(Refusal::at(Code::InvalidState, "organizationId", message));
    };
    close(gate.conn(), &open, "withdrawn").await?;
    write.happened("ownership.offer_withdrawn", OrganizationKey(org), json!({}));
    Ok(OrganizationKey(org))
}

/// Does not take the organisation over.
pub async fn decline(write: &Write<'_>) -> Result<OrganizationKey, Stop> {
    let (_, open) = answered(write).await?;
    close(write.gate.conn(), &open, "declined").await?;
    let key = OrganizationKey(write.gate.org());
    write.happened("ownership.offer_declined", key, json!({}));
    Ok(key)
}

/// Takes the organisation over: the actor becomes an owner, whoever offered it an administrator.
pub async fn accept(write: &Write<'_>) -> Result<OrganizationKey, Stop> {
    let gate = &write.gate;
    let (answered, open) = answered(write).await?;
    if open.expires_at <= write.app.clock.now() {
        let message = "The offer is past its time. Ask for another.";
        return refuse_with(Refusal::at(Code::InvalidState, "organizationId", message));
    }
    let from = members::find_for_write(gate, open.from()).await?;
    let Some(from) = from.filter(|from| from.is_owner && from.member.state == MemberState::Active) else {
        let message = "Whoever offered it owns the organisation no more. Ask an owner for another offer.";
        return refuse_with(Refusal::at(Code::InvalidState, "organizationId", message));
    };
    // The new owner first, so that there is one at every moment.
    for (member, role) in [(open.to(), "owner"), (open.from(), "admin")] {
        set_role(&answered, gate.conn(), member, role).await?;
    }
    close(gate.conn(), &open, "accepted").await?;
    notices::tell_of_transfer(write, open.from()).await?;
    let key = OrganizationKey(open.org);
    let detail = json!({ "from": open.from().to_string(), "to": open.to().to_string() });
    write.happened("ownership.transferred", key, detail);
    write.outdates(Stale::Standing(from.member.user_id));
    if let Some(user) = write.user {
        write.outdates(Stale::Standing(user));
    }
    Ok(key)
}

/// The open offer, and the proof that it is the actor's to answer.
async fn answered<'w>(
    write: &'w Write<'_>,
) -> Result<
    (
        Allowed<'w, action::OwnershipAccept, Answered>,
        Arc<OwnershipTransfer>,
    ),
    Stop,
> {
    let gate = &write.gate;
    let open = open(gate.conn(), gate.org()).await?;
    let allowed = gate.allow(Some(Answered {
        org: gate.org(),
        is_theirs: open.as_ref().map(|open| open.to()) == gate.member(),
    }))?;
    Ok((allowed, open.ok_or(Error::NotFound)?))
}

async fn open(conn: Conn<'_>, org: OrgId) -> QueryResult<Option<Arc<OwnershipTransfer>>> {
    let key = OpenTransfer(org);
    Ok(OpenTransfer::load_many(&[key], conn).await?.remove(&key))
}

async fn close(mut conn: Conn<'_>, open: &OwnershipTransfer, state: &'static str) -> QueryResult<()> {
    diesel::update(ownership_transfers::table.find((open.org.0, open.id)))
        .set(ownership_transfers::state.eq(state))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

async fn set_role(
    _: &Allowed<'_, action::OwnershipAccept, Answered>,
    mut conn: Conn<'_>,
    member: MemberKey,
    slug: &str,
) -> QueryResult<()> {
    let role: RoleId = roles::table
        .filter(roles::org_id.eq(member.org).and(roles::slug.eq(slug)))
        .select(roles::id)
        .first(&mut conn)
        .await?;
    Statement::<Untyped>::new(
        "update memberships set role_id = ?, version = version + 1 where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(role)
    .bind::<SqlUuid, _>(member.org)
    .bind::<SqlUuid, _>(member.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
