//! Members as a partner's own system knows them: by an external id, and without an account that anybody signs in to.

use super::model::{MemberState, SeenMember};
use super::store;
use crate::auth::allowed::{Allowed, Protected};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::{Facts, Kind};
use crate::db::error::violated;
use crate::db::schema::{memberships, roles};
use crate::db::{Conn, Statement};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_unless_current, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::email::address;
use crate::kernel::error::Result;
use crate::kernel::ids::{MemberId, MemberKey, OrgId, RoleId};
use async_graphql::MaybeUndefined;
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Characters of an external id.
const MOST_EXTERNAL_ID: usize = 255;

/// Says what the partner's own system calls a member; null where it has no name for them any more.
pub async fn update(
    write: &Write<'_>,
    key: MemberKey,
    external_id: &MaybeUndefined<String>,
    expected_version: Option<i32>,
) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let member: Allowed<'_, action::MembersManage, SeenMember> = gate
        .allow(store::find_for_write(gate, key).await?)
        .at("memberId")?;
    refuse_unless_current("expectedVersion", expected_version, member.member.version)?;
    if external_id.is_undefined() {
        return Ok(key);
    }
    let external_id = external_id.as_opt_deref().flatten();
    refuse_all([external_id.and_then(fault)])?;
    diesel::update(memberships::table.find((key.org.0, key.id.0)))
        .set((
            memberships::external_id.eq(external_id),
            memberships::version.eq(memberships::version + 1),
        ))
        .execute(&mut gate.conn())
        .await
        .map_err(taken)?;
    write.happened("member.updated", key, json!({}));
    Ok(key)
}

/// A member to be made.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// What the partner's own system calls them.
    pub external_id: String,
    /// Their name.
    pub first_name: String,
    /// Their family's name.
    pub last_name: String,
    /// Where the organisation reaches them.
    pub email: Option<String>,
}

/// A member who is not there yet.
struct Nobody(OrgId);

impl Protected for Nobody {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Membership, self.0)
    }

    fn read_permission(&self) -> Option<Permission> {
        None
    }
}

/// Makes a learner whom nobody invites and who signs in nowhere: a backend acts for them. The account behind the membership has
/// an address that no mail reaches and no password.
pub async fn provision(write: &Write<'_>, new: &NewMember) -> Result<MemberKey, Stop> {
    let gate = &write.gate;
    let org = gate.org();
    let allowed: Allowed<'_, action::MembersManage, Nobody> = gate.allow(Some(Nobody(org)))?;
    let email = new.email.as_deref().map(address);
    let unreachable = Refusal::at(Code::Invalid, "email", "This is no email address.");
    refuse_all([
        fault(&new.external_id),
        Refusal::of_name("firstName", &new.first_name, 100),
        Refusal::of_name("lastName", &new.last_name, 100),
        matches!(email, Some(None)).then_some(unreachable),
    ])?;
    let conn = gate.conn();
    let known = memberships::table.filter(
        memberships::org_id
            .eq(org)
            .and(memberships::external_id.eq(&new.external_id)),
    );
    if known.count().get_result::<i64>(&mut &*conn).await? > 0 {
        return refuse_with(is_taken());
    }
    let key = MemberKey::new(org, MemberId(write.app.clock.uuid()));
    insert(&allowed, conn, key, new, email.flatten())
        .await
        .map_err(taken)?;
    write.happened("member.provisioned", key, json!({}));
    Ok(key)
}

async fn insert(
    _: &Allowed<'_, action::MembersManage, Nobody>,
    mut conn: Conn<'_>,
    key: MemberKey,
    new: &NewMember,
    email: Option<String>,
) -> QueryResult<()> {
    let (id, unreachable): (uuid::Uuid, String) =
        Statement::<(SqlUuid, Text)>::new("select * from door.provision_account(?, ?)")
            .bind::<Text, _>(new.first_name.clone())
            .bind::<Text, _>(new.last_name.clone())
            .get_result(&mut conn)
            .await?;
    let learner: RoleId = roles::table
        .filter(roles::org_id.eq(key.org).and(roles::slug.eq("learner")))
        .select(roles::id)
        .first(&mut conn)
        .await?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::org_id.eq(key.org),
            memberships::id.eq(key.id),
            memberships::user_id.eq(id),
            memberships::role_id.eq(learner),
            memberships::state.eq(MemberState::Active),
            memberships::name.eq(format!("{} {}", new.first_name, new.last_name)),
            memberships::email.eq(email.unwrap_or(unreachable)),
            memberships::external_id.eq(&new.external_id),
            memberships::is_provisioned.eq(true),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

fn fault(external_id: &str) -> Option<Refusal> {
    Refusal::of_name("externalId", external_id, MOST_EXTERNAL_ID)
}

fn is_taken() -> Refusal {
    Refusal::at(
        Code::Taken,
        "externalId",
        "Another member has this external id, be it one who was removed.",
    )
}

fn taken(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("memberships_org_id_external_id_key") => Stop::Refused(vec![is_taken()]),
        _ => error.into(),
    }
}
