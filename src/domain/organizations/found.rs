//! Founding an organisation: its row and the roles that every organisation has.

use crate::auth::allowed::Founding;
use crate::auth::roles::{BUILT_IN, BuiltIn};
use crate::cache::Stale;
use crate::db::error::violated;
use crate::db::schema::{memberships, organizations, roles};
use crate::db::{Batch, Conn, Statement};
use crate::domain::members::MemberState;
use crate::domain::mutate::{Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::users::User;
use crate::kernel::clock::Clock;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberId, MemberKey, OrgId, OrganizationKey, RoleId, UserId, UserKey};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What an organisation begins with.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name in addresses.
    pub slug: String,
    /// Its name as people read it.
    pub name: String,
    /// Whether everybody sees the name and the public courses.
    pub is_open: bool,
}

/// How many organisations one person may have founded that are still there.
const MOST_FOUNDED: i64 = 20;

/// The id of an organisation that is about to be founded: the same for the same request, so that sending it again finds
/// what the first time left.
pub fn new_id(clock: &Clock, user: UserId, idempotency_key: Option<&str>) -> OrgId {
    let Some(key) = idempotency_key else {
        return OrgId(clock.uuid());
    };
    let hash: [u8; 32] = Sha256::digest(format!("organizationCreate {} {key}", user.0)).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    OrgId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// Founds an organisation for the signed-in person, who becomes its owner.
pub async fn found(write: &Write<'_>, new: &NewOrganization) -> Result<MemberKey, Stop> {
    let user = UserKey(write.user.ok_or(Error::Unauthenticated)?);
    let conn = write.gate.conn();
    refuse_all([fault_of_slug(&new.slug), Refusal::of_name("name", &new.name, 200)])?;
    let person = UserKey::load_many(&[user], conn).await?.remove(&user);
    let person = person.ok_or(Error::NotFound)?;
    person.refuse_unverified("slug")?;
    if founded(conn, user.0).await? >= MOST_FOUNDED {
        let message =
            format!("You have founded {MOST_FOUNDED} organisations, which is the most. Delete one first.");
        return refuse_with(Refusal::whole(Code::LimitReached, message));
    }
    let roles = insert(write, new).await?;
    let founding = write.gate.found()?;
    let member = MemberKey::new(founding.org(), MemberId(write.app.clock.uuid()));
    let owner = roles.get("owner").copied().ok_or(Error::NotFound)?;
    insert_owner(&founding, conn, member, owner, &person).await?;
    let key = OrganizationKey(founding.org());
    write.happened("organization.created", key, json!({}));
    write.happened("member.joined", member, json!({ "founder": true }));
    write.outdates(Stale::Standing(user.0));
    Ok(member)
}

/// Refuses a slug that is none, or that addresses of the service itself have.
pub fn fault_of_slug(slug: &str) -> Option<Refusal> {
    const RESERVED: &[&str] = &[
        "admin", "api", "app", "auth", "graphql", "help", "login", "lyceum", "mail", "static", "status",
        "support", "www",
    ];
    let message = "This slug is the service's own; choose another.";
    let reserved = RESERVED.contains(&slug);
    Refusal::of_slug("slug", slug).or_else(|| reserved.then(|| Refusal::at(Code::Taken, "slug", message)))
}

/// Turns what the database says of a slug into what to do about it.
pub fn taken(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("organizations_slug_key") => Stop::Refused(vec![Refusal::at(
            Code::Taken,
            "slug",
            "Another organisation has this slug; choose another.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}

async fn founded(mut conn: Conn<'_>, user: UserId) -> QueryResult<i64> {
    Statement::<BigInt>::new("select founded from door.founded_organizations(?)")
        .bind::<SqlUuid, _>(user)
        .get_result(&mut conn)
        .await
}

async fn insert_owner(
    founding: &Founding<'_>,
    mut conn: Conn<'_>,
    member: MemberKey,
    owner: RoleId,
    person: &User,
) -> QueryResult<()> {
    diesel::update(organizations::table.find(founding.org().0))
        .set(organizations::founded_by.eq(person.id))
        .execute(&mut conn)
        .await?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::org_id.eq(member.org),
            memberships::id.eq(member.id),
            memberships::user_id.eq(person.id),
            memberships::role_id.eq(owner),
            memberships::state.eq(MemberState::Active),
            memberships::name.eq(person.full_name()),
            memberships::email.eq(&person.email),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Stores an organisation with the built-in roles, and gives the roles by their slugs.
pub async fn insert(write: &Write<'_>, new: &NewOrganization) -> Result<HashMap<String, RoleId>, Stop> {
    let ids: HashMap<String, RoleId> = BUILT_IN
        .iter()
        .map(|role| (role.slug.to_owned(), RoleId(write.app.clock.uuid())))
        .collect();
    insert_rows(&write.gate.found()?, write.gate.conn(), new, &ids)
        .await
        .map_err(taken)?;
    Ok(ids)
}

async fn insert_rows(
    founding: &Founding<'_>,
    mut conn: Conn<'_>,
    new: &NewOrganization,
    role_ids: &HashMap<String, RoleId>,
) -> QueryResult<()> {
    diesel::insert_into(organizations::table)
        .values((
            organizations::id.eq(founding.org()),
            organizations::slug.eq(&new.slug),
            organizations::name.eq(&new.name),
            organizations::is_open.eq(new.is_open),
        ))
        .execute(&mut conn)
        .await?;
    let row = |role: &BuiltIn| {
        (
            roles::org_id.eq(founding.org()),
            roles::id.eq(role_ids[role.slug]),
            roles::slug.eq(role.slug),
            roles::name.eq(role.name),
            roles::is_built_in.eq(true),
            roles::grants.eq(role.grants()),
        )
    };
    let rows: Vec<_> = BUILT_IN.iter().map(row).collect();
    diesel::insert_into(roles::table)
        .values(rows)
        .execute(&mut conn)
        .await
        .map(|_| ())
}
