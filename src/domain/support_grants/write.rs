//! Asking for support access, giving it, and taking it back.

use super::model::{SupportGrant, SupportGrantState};
use crate::auth::allowed::{Allowed, Petition};
use crate::auth::permission::{Permission, Scopes, action};
use crate::auth::roles;
use crate::cache::Stale;
use crate::db::schema::{memberships, support_grants};
use crate::db::{Batch, Conn, Statement};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::organizations::Here;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{OrgId, SupportGrantId, SupportGrantKey, UserId, UserKey};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Characters of a reason.
const REASON: std::ops::RangeInclusive<usize> = 10..=2_000;
/// For how many hours a grant may be.
const HOURS: std::ops::RangeInclusive<i32> = 1..=72;

/// What an operator asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Why.
    pub reason: String,
    /// What for.
    pub permissions: Vec<Permission>,
    /// For how many hours.
    pub hours: i32,
}

/// Asks an organisation for leave to help.
pub async fn request(write: &Write<'_>, asked: &Asked) -> Result<SupportGrantKey, Stop> {
    let gate = &write.gate;
    let petition: Petition<'_> = gate.petition()?;
    let user = write.user.ok_or(Error::Unauthenticated)?;
    let conn = gate.conn();
    let unfit = asked
        .permissions
        .iter()
        .find(|permission| !roles::supports(**permission));
    let permissions = match unfit {
        Some(permission) => Some(format!(
            "{} is nothing that support may have.",
            permission.as_str()
        )),
        None => asked
            .permissions
            .is_empty()
            .then(|| "Name one permission at least.".to_owned()),
    };
    let reason = !REASON.contains(&asked.reason.trim().chars().count());
    refuse_all([
        reason.then(|| Refusal::at(Code::Invalid, "reason", "Say why, in 10 to 2,000 characters.")),
        permissions.map(|message| Refusal::at(Code::Invalid, "permissions", message)),
        (!HOURS.contains(&asked.hours))
            .then(|| Refusal::at(Code::Invalid, "hours", "A grant is for 1 to 72 hours.")),
    ])?;
    if !has_second_factor(conn, user).await? {
        let message = "Support access takes a second factor: set one up with `totpBegin` first.";
        return refuse_with(Refusal::whole(Code::SecondFactorRequired, message));
    }
    if is_member(conn, petition.org(), user).await? {
        let message = "You are a member of this organisation already, or support it by an open grant.";
        return refuse_with(Refusal::whole(Code::AlreadyMember, message));
    }
    if is_waiting(write, petition.org(), user).await? {
        let message = "You have asked already; revoke that request before you make another.";
        return refuse_with(Refusal::whole(Code::InvalidState, message));
    }
    let person = UserKey::load_many(&[UserKey(user)], conn)
        .await?
        .remove(&UserKey(user));
    let person = person.ok_or(Error::NotFound)?;
    let key = SupportGrantKey::new(petition.org(), SupportGrantId(write.app.clock.uuid()));
    let names: Vec<_> = Scopes::of(asked.permissions.iter().copied())
        .list()
        .map(Permission::as_str)
        .collect();
    diesel::insert_into(support_grants::table)
        .values((
            support_grants::org_id.eq(key.org),
            support_grants::id.eq(key.id),
            support_grants::operator_id.eq(user),
            support_grants::operator_name.eq(person.full_name()),
            support_grants::reason.eq(asked.reason.trim()),
            support_grants::permissions.eq(&names),
            support_grants::hours.eq(asked.hours),
            support_grants::requested_at.eq(write.app.clock.now()),
        ))
        .execute(&mut &*conn)
        .await?;
    write.happened(
        "support.requested",
        key,
        json!({ "permissions": names, "hours": asked.hours }),
    );
    Ok(key)
}

type MayApprove<'g> = Allowed<'g, action::SupportGrantApprove, Here>;

/// Gives the leave that was asked for: from now on the operator is in the organisation, as far and as long as the grant goes.
pub async fn approve(write: &Write<'_>, key: SupportGrantKey) -> Result<SupportGrantKey, Stop> {
    let gate = &write.gate;
    let allowed: MayApprove<'_> = gate.allow(Some(Here(key.org)))?;
    let grant = find(write, key, &[SupportGrantState::Requested]).await?;
    let conn = gate.conn();
    if is_member(conn, key.org, grant.operator_id).await? {
        let message = "The operator is a member of the organisation already.";
        return refuse_with(Refusal::at(Code::AlreadyMember, "grantId", message));
    }
    let ends = write.app.clock.now() + TimeDelta::hours(i64::from(grant.hours));
    decide(write, key, "approved", Some(ends)).await?;
    admit(&allowed, write, &grant, ends).await?;
    write.happened("support.approved", key, json!({ "expiresAt": ends }));
    write.outdates(Stale::Standing(grant.operator_id));
    Ok(key)
}

/// Says no.
pub async fn decline(write: &Write<'_>, key: SupportGrantKey) -> Result<SupportGrantKey, Stop> {
    let _: MayApprove<'_> = write.gate.allow(Some(Here(key.org)))?;
    find(write, key, &[SupportGrantState::Requested]).await?;
    decide(write, key, "declined", None).await?;
    write.happened("support.declined", key, json!({}));
    Ok(key)
}

/// Takes a grant back, or a request; the organisation may, and the operator.
pub async fn revoke(write: &Write<'_>, key: SupportGrantKey) -> Result<SupportGrantKey, Stop> {
    let gate = &write.gate;
    let is_operator = gate.petition().is_ok();
    if !is_operator {
        let _: MayApprove<'_> = gate.allow(Some(Here(key.org)))?;
    }
    let grant = find(
        write,
        key,
        &[SupportGrantState::Requested, SupportGrantState::Approved],
    )
    .await?;
    if is_operator && write.user != Some(grant.operator_id) {
        return refuse_with(Refusal::not_found("grantId"));
    }
    decide(write, key, "revoked", grant.expires_at).await?;
    Statement::<Untyped>::new(
        "update memberships set state = 'removed', version = version + 1 where org_id = ? and support_grant_id = ? and state <> 'removed'",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut gate.conn())
    .await?;
    write.happened("support.revoked", key, json!({}));
    write.outdates(Stale::Standing(grant.operator_id));
    Ok(key)
}

/// Reads and locks a grant that is in one of these states.
async fn find(
    write: &Write<'_>,
    key: SupportGrantKey,
    states: &[SupportGrantState],
) -> Result<SupportGrant, Stop> {
    let gate = &write.gate;
    if key.org != gate.org() {
        return refuse_with(Refusal::not_found("grantId"));
    }
    let found = SupportGrant::query()
        .filter(
            support_grants::org_id
                .eq(key.org)
                .and(support_grants::id.eq(key.id)),
        )
        .for_update()
        .first(&mut gate.conn())
        .await
        .optional()?;
    let grant = found.ok_or(Error::NotFound).at("grantId")?;
    let state = grant.state_at(write.app.clock.now());
    if states.contains(&state) {
        return Ok(grant);
    }
    let message = format!("The grant is {state:?} by now; ask for another one.");
    refuse_with(Refusal::at(Code::InvalidState, "grantId", message))
}

async fn decide(
    write: &Write<'_>,
    key: SupportGrantKey,
    state: &str,
    ends: Option<DateTime<Utc>>,
) -> QueryResult<()> {
    let decider = write.gate.member().map(|member| member.id);
    diesel::update(support_grants::table.find((key.org.0, key.id.0)))
        .set((
            support_grants::state.eq(state),
            support_grants::decided_by.eq(decider),
            support_grants::decided_at.eq(write.app.clock.now()),
            support_grants::expires_at.eq(ends),
        ))
        .execute(&mut write.gate.conn())
        .await
        .map(|_| ())
}

/// Makes the operator a member until the grant ends, again if they once were.
async fn admit(
    _: &MayApprove<'_>,
    write: &Write<'_>,
    grant: &SupportGrant,
    ends: DateTime<Utc>,
) -> QueryResult<()> {
    let scopes: Vec<_> = grant
        .permission_list()
        .into_iter()
        .map(Permission::as_str)
        .collect();
    Statement::<Untyped>::new(
        "insert into memberships (org_id, id, user_id, role_id, state, name, email, support_grant_id, support_scopes, support_until) \
         select r.org_id, ?, ?, r.id, 'active', ?, ?::uuid || '@support.invalid', ?, ?, ? from roles r \
         where r.org_id = ? and r.slug = 'support' and r.is_built_in \
         on conflict (org_id, user_id) do update set role_id = excluded.role_id, state = 'active', name = excluded.name, \
         email = excluded.email, joined_at = now(), version = memberships.version + 1, \
         support_grant_id = excluded.support_grant_id, support_scopes = excluded.support_scopes, support_until = excluded.support_until",
    )
    .bind::<SqlUuid, _>(write.app.clock.uuid())
    .bind::<SqlUuid, _>(grant.operator_id)
    .bind::<Text, _>(grant.operator_name.clone())
    .bind::<SqlUuid, _>(grant.key.id)
    .bind::<SqlUuid, _>(grant.key.id)
    .bind::<Array<Text>, _>(scopes)
    .bind::<Timestamptz, _>(ends)
    .bind::<SqlUuid, _>(grant.key.org)
    .execute(&mut write.gate.conn())
    .await
    .map(|_| ())
}

/// Whether the operator's last request there waits for its answer.
async fn is_waiting(write: &Write<'_>, org: OrgId, operator: UserId) -> QueryResult<bool> {
    let last: Option<SupportGrant> = SupportGrant::query()
        .filter(
            support_grants::org_id
                .eq(org)
                .and(support_grants::operator_id.eq(operator)),
        )
        .order_by(support_grants::id.desc())
        .first(&mut write.gate.conn())
        .await
        .optional()?;
    let now = write.app.clock.now();
    Ok(last.is_some_and(|last| last.state_at(now) == SupportGrantState::Requested))
}

async fn has_second_factor(mut conn: Conn<'_>, user: UserId) -> QueryResult<bool> {
    Statement::<Bool>::new(
        "select exists (select from totp_factors where user_id = ? and confirmed_at is not null)",
    )
    .bind::<SqlUuid, _>(user)
    .get_result(&mut conn)
    .await
}

async fn is_member(mut conn: Conn<'_>, org: OrgId, user: UserId) -> QueryResult<bool> {
    let active = memberships::table
        .filter(memberships::org_id.eq(org).and(memberships::user_id.eq(user)))
        .filter(memberships::state.ne("removed"));
    Ok(active.count().get_result::<i64>(&mut conn).await? > 0)
}
