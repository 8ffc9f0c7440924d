//! What comes of signing in by an organisation's own provider: a session that is good in that organisation.

use super::locks::ProfileField;
use crate::auth::providers::Profile;
use crate::db::schema::{memberships, roles, sso_identities};
use crate::db::{Conn, Statement};
use crate::domain::accounts::events::SecurityEventKind;
use crate::domain::accounts::links::linked_account;
use crate::domain::accounts::sign_in::{SignedIn, open_as};
use crate::domain::accounts::write::{AccountRequest, write_proven};
use crate::domain::app::App;
use crate::domain::members::MemberState;
use crate::domain::mutate::{Outcome, Stop, Write, by_system, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::domain::sign_ins::social::names;
use crate::kernel::email::address;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{MemberId, MemberKey, OrgId, RoleId, SsoConnectionKey, UserId};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::sync::Arc;

/// Signs in whom an organisation's provider means: a member of it, who is made at the first sign-in.
pub async fn sign_in(
    app: &Arc<App>,
    connection: SsoConnectionKey,
    profile: Profile,
    request: AccountRequest,
) -> Outcome<SignedIn> {
    let verified = profile.email.as_deref().filter(|_| profile.email_verified);
    let linked = match verified {
        Some(email) => linked_account(&app.db, connection.org, email).await?,
        None => None,
    };
    let entered = by_system(app, connection.org, "ssoSignIn", move |write| {
        Box::pin(async move { enter(write, connection, &profile, linked).await })
    });
    let user = match entered.await? {
        Ok(user) => user,
        Err(refusals) => return Ok(Err(refusals)),
    };
    write_proven(app, user, request, move |write| {
        Box::pin(async move { open_as(write, SecurityEventKind::SignedInByProvider, Some(connection)).await })
    })
    .await
}

#[derive(QueryableByName)]
struct Connection {
    #[diesel(sql_type = Array<Text>)]
    locked_fields: Vec<String>,
    #[diesel(sql_type = Bool)]
    is_closing: bool,
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = SqlUuid)]
    member_id: MemberId,
    #[diesel(sql_type = SqlUuid)]
    user_id: UserId,
    #[diesel(sql_type = Text)]
    state: MemberState,
    #[diesel(sql_type = Bool)]
    is_owner: bool,
    /// Whether the provider made them, and nobody else signs in to their account.
    #[diesel(sql_type = Bool)]
    is_provisioned: bool,
    /// The addresses under which they accepted that, and have not ended it.
    #[diesel(sql_type = Array<Text>)]
    links: Vec<String>,
}

/// Finds or makes the member whom the provider means; gives the account behind them.
async fn enter(
    write: &Write<'_>,
    connection: SsoConnectionKey,
    profile: &Profile,
    linked: Option<UserId>,
) -> Result<UserId, Stop> {
    let conn = write.gate.conn();
    // Of two first sign-ins at once, the second finds the member whom the first makes.
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended('sso ' || ?::uuid || ?, 0))")
        .bind::<SqlUuid, _>(connection.id)
        .bind::<Text, _>(profile.subject.clone())
        .execute(&mut &*conn)
        .await?;
    let found: Option<Connection> = Statement::<Untyped>::new(
        "select c.locked_fields, o.deletes_at is not null as is_closing from sso_connections c \
         join organizations o on o.id = c.org_id where c.org_id = ? and c.id = ? and c.is_enabled for share of c",
    )
    .bind::<SqlUuid, _>(connection.org)
    .bind::<SqlUuid, _>(connection.id)
    .get_result(&mut &*conn)
    .await
    .optional()?;
    let Some(found) = found else {
        let message = "The organisation has switched this provider off.";
        return refuse_with(Refusal::whole(Code::ProviderUnavailable, message));
    };
    match known(conn, connection, profile).await? {
        Some(known) if known.state == MemberState::Active => {
            check_link(write, connection.org, &known).await?;
            follow(write, connection, profile, &known, &found.locked_fields).await?;
            Ok(known.user_id)
        }
        Some(_) => refuse_with(Refusal::whole(
            Code::MembershipEnded,
            "Your membership of this organisation is suspended or was removed.",
        )),
        None if found.is_closing => Err(Stop::Failed(Error::Closing)),
        None => match attach(write, connection, profile, linked).await? {
            Some(user) => Ok(user),
            None => make(write, connection, profile).await,
        },
    }
}

/// Takes the provider's person for the member whose account is linked under their address. Not for an owner: who sets the provider
/// need not be one, and would become one.
async fn attach(
    write: &Write<'_>,
    connection: SsoConnectionKey,
    profile: &Profile,
    linked: Option<UserId>,
) -> Result<Option<UserId>, Stop> {
    let Some(user) = linked else { return Ok(None) };
    let conn = write.gate.conn();
    let member: Option<MemberId> = Statement::<SqlUuid>::new(
        "select m.id from memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id \
         where m.org_id = ? and m.user_id = ? and m.state = 'active' and r.slug <> 'owner' for share of m",
    )
    .bind::<SqlUuid, _>(connection.org)
    .bind::<SqlUuid, _>(user)
    .get_result(&mut &*conn)
    .await
    .optional()?;
    let Some(member) = member else { return Ok(None) };
    identify(conn, connection, profile, member).await?;
    let key = MemberKey::new(connection.org, member);
    write.happened("member.updated", key, json!({ "through": "sso", "linked": true }));
    Ok(Some(user))
}

/// Refuses whom the provider means no longer: a member who has become an owner, and an account of somebody's own whose link does not
/// hold at this moment.
async fn check_link(write: &Write<'_>, org: OrgId, known: &Known) -> Result<(), Stop> {
    if known.is_owner {
        let message = "Owners do not sign in by the organisation's provider. Sign in to your own account.";
        return refuse_with(Refusal::whole(Code::LinkRequired, message));
    }
    if known.is_provisioned {
        return Ok(());
    }
    for email in &known.links {
        if linked_account(&write.app.db, org, email).await? == Some(known.user_id) {
            return Ok(());
        }
    }
    let message = "Your account is not linked to this organisation any more. Sign in to it yourself, and ask an administrator to \
         propose the link again.";
    refuse_with(Refusal::whole(Code::LinkRequired, message))
}

async fn known(
    mut conn: Conn<'_>,
    connection: SsoConnectionKey,
    profile: &Profile,
) -> QueryResult<Option<Known>> {
    Statement::<Untyped>::new(
        "select m.id as member_id, m.user_id, m.state, r.slug = 'owner' as is_owner, \
         m.is_provisioned, \
         array(select l.email from account_links l where l.org_id = m.org_id and l.member_id = m.id and l.state = 'accepted') as links \
         from sso_identities i join memberships m on m.org_id = i.org_id and m.id = i.member_id \
         join roles r on r.org_id = m.org_id and r.id = m.role_id \
         where i.org_id = ? and i.connection_id = ? and i.subject = ? for share of m",
    )
    .bind::<SqlUuid, _>(connection.org)
    .bind::<SqlUuid, _>(connection.id)
    .bind::<Text, _>(profile.subject.clone())
    .get_result(&mut conn)
    .await
    .optional()
}

/// Takes over what the provider says by now of a member, as far as it decides about it.
async fn follow(
    write: &Write<'_>,
    connection: SsoConnectionKey,
    profile: &Profile,
    known: &Known,
    locked: &[String],
) -> Result<(), Stop> {
    let locked = ProfileField::read(locked);
    let email = profile.email.as_deref().and_then(address);
    let has_name = profile.first_name.is_some() || profile.last_name.is_some();
    let name =
        (has_name && locked.contains(&ProfileField::Name)).then(|| full_name(profile, email.as_deref()));
    let email = email.filter(|_| locked.contains(&ProfileField::Email));
    let changed = Statement::<Untyped>::new(
        "update memberships set name = coalesce(?, name), email = coalesce(?, email), version = version + 1 \
         where org_id = ? and id = ? and (name, email) is distinct from (coalesce(?, name), coalesce(?, email))",
    )
    .bind::<diesel::sql_types::Nullable<Text>, _>(name.clone())
    .bind::<diesel::sql_types::Nullable<Text>, _>(email.clone())
    .bind::<SqlUuid, _>(connection.org)
    .bind::<SqlUuid, _>(known.member_id)
    .bind::<diesel::sql_types::Nullable<Text>, _>(name)
    .bind::<diesel::sql_types::Nullable<Text>, _>(email)
    .execute(&mut write.gate.conn())
    .await?;
    if changed > 0 {
        let member = MemberKey::new(connection.org, known.member_id);
        write.happened("member.updated", member, json!({ "through": "sso" }));
    }
    Statement::<Untyped>::new(
        "update sso_identities set last_used_at = ? where org_id = ? and connection_id = ? and subject = ?",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<SqlUuid, _>(connection.org)
    .bind::<SqlUuid, _>(connection.id)
    .bind::<Text, _>(profile.subject.clone())
    .execute(&mut write.gate.conn())
    .await?;
    Ok(())
}

/// Makes a learner whom the provider means. The account behind the membership is nobody's to sign in to by itself: it has an
/// address that no mail reaches and no password.
async fn make(write: &Write<'_>, connection: SsoConnectionKey, profile: &Profile) -> Result<UserId, Stop> {
    let conn = write.gate.conn();
    let email = profile.email.as_deref().and_then(address);
    let (first_name, last_name) = names(profile, email.as_deref().unwrap_or("Learner"));
    let (user, unreachable): (UserId, String) =
        Statement::<(SqlUuid, Text)>::new("select * from door.provision_account(?, ?)")
            .bind::<Text, _>(first_name)
            .bind::<Text, _>(last_name)
            .get_result(&mut &*conn)
            .await?;
    let learner: RoleId = roles::table
        .filter(roles::org_id.eq(connection.org).and(roles::slug.eq("learner")))
        .select(roles::id)
        .first(&mut &*conn)
        .await?;
    let member = MemberKey::new(connection.org, MemberId(write.app.clock.uuid()));
    diesel::insert_into(memberships::table)
        .values((
            memberships::org_id.eq(member.org),
            memberships::id.eq(member.id),
            memberships::user_id.eq(user),
            memberships::role_id.eq(learner),
            memberships::state.eq(MemberState::Active),
            memberships::name.eq(full_name(profile, email.as_deref())),
            memberships::email.eq(email.as_ref().unwrap_or(&unreachable)),
            memberships::is_provisioned.eq(true),
        ))
        .execute(&mut &*conn)
        .await?;
    identify(conn, connection, profile, member.id).await?;
    write.happened("member.provisioned", member, json!({ "through": "sso" }));
    Ok(user)
}

async fn identify(
    mut conn: Conn<'_>,
    connection: SsoConnectionKey,
    profile: &Profile,
    member: MemberId,
) -> QueryResult<()> {
    diesel::insert_into(sso_identities::table)
        .values((
            sso_identities::org_id.eq(connection.org),
            sso_identities::connection_id.eq(connection.id),
            sso_identities::subject.eq(&profile.subject),
            sso_identities::member_id.eq(member),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

fn full_name(profile: &Profile, email: Option<&str>) -> String {
    let (first, last) = names(profile, email.unwrap_or("Learner"));
    let name = if first == last {
        first
    } else {
        format!("{first} {last}")
    };
    name.chars().take(200).collect()
}
