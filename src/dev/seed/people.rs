//! The demo academies' people: accounts, memberships, groups, sessions.

use crate::db::pool::Statements;
use crate::db::schema::{group_members, groups, memberships, session_tokens, sessions, users};
use crate::db::{Scope, Tx};
use crate::dev::academies::{ACADEMIES, Academy, IN_BOTH};
use crate::dev::personas::{PASSWORD, Persona, Personas};
use crate::domain::app::App;
use crate::domain::mutate::by_system;
use crate::domain::organizations::found::{NewOrganization, insert};
use crate::domain::organizations::id_of_slug;
use crate::kernel::ids::{GroupId, MemberId, OrgId, OrganizationKey, RoleId, SessionId, UserId};
use crate::kernel::keyring::Use;
use crate::kernel::secret::{Secret, Token, TokenKind};
use anyhow::Context;
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// Groups besides the named ones: more than a page of them.
const STUDY_GROUPS: usize = 20;
/// How long a persona's session and its token last.
const SESSION_DAYS: i64 = 3_650;

/// Makes the academies with all their people.
pub async fn seed(app: &Arc<App>) -> anyhow::Result<()> {
    let password_hash = app.passwords.hash(Secret::new(PASSWORD.to_owned())).await?;
    let in_both = insert_user(app, IN_BOTH, &email(IN_BOTH, None), &password_hash).await?;
    for academy in ACADEMIES {
        let org = OrgId(app.clock.uuid());
        let role_ids = insert_organization(app, org, academy).await?;
        let mut learners = Vec::new();
        for (name, role) in academy.personas {
            let email = email(name, Some(academy));
            let user = insert_user(app, name, &email, &password_hash).await?;
            let member = insert_member(app, org, user, name, &email, role_ids[*role]).await?;
            match *role {
                "learner" => learners.push(member),
                "manager" => insert_groups(app, org, academy, member).await?,
                _ => {}
            }
        }
        let role = if academy.slug == "ferris" {
            "learner"
        } else {
            "author"
        };
        insert_member(app, org, in_both, IN_BOTH, &email(IN_BOTH, None), role_ids[role]).await?;
        for name in academy.learners {
            let email = email(name, Some(academy));
            let user = insert_user(app, name, &email, &password_hash).await?;
            learners.push(insert_member(app, org, user, name, &email, role_ids["learner"]).await?);
        }
        join_groups(app, org, &learners).await?;
    }
    Ok(())
}

/// Everybody one can be, in the order of the academies.
pub async fn personas(app: &App) -> anyhow::Result<Personas> {
    let mut personas = Personas::default();
    for academy in ACADEMIES {
        let org = id_of_slug(&app.db, academy.slug)
            .await?
            .context("the academy is there")?;
        personas
            .orgs
            .push((academy.slug.to_owned(), OrganizationKey(org).to_string()));
        for (name, role) in academy.personas {
            let email = email(name, Some(academy));
            personas
                .people
                .push(persona(app, name, academy.slug, role, email));
        }
    }
    personas
        .people
        .push(persona(app, IN_BOTH, "both", "learner", email(IN_BOTH, None)));
    Ok(personas)
}

fn persona(app: &App, name: &str, org: &str, role: &str, email: String) -> Persona {
    let token = token(app, &email).expose().to_owned();
    Persona {
        name: name.to_owned(),
        org: org.to_owned(),
        role: role.to_owned(),
        email,
        token,
    }
}

fn email(name: &str, academy: Option<&Academy>) -> String {
    let local = name.to_lowercase().replace(' ', ".");
    format!(
        "{local}@{}.example",
        academy.map_or("lyceum", |academy| academy.slug)
    )
}

fn token(app: &App, email: &str) -> Token {
    Token::from_bytes(
        TokenKind::Session,
        app.keyring.mac(Use::PersonaToken, email.as_bytes()),
    )
}

async fn insert_user(app: &App, name: &str, email: &str, password_hash: &str) -> anyhow::Result<UserId> {
    let id = UserId(app.clock.uuid());
    let (first_name, last_name) = name.split_once(' ').unwrap_or((name, name));
    let scope = Scope::account(id);
    let tx = Tx::begin(&app.db, &scope, &Statements::default()).await?;
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id),
            users::email.eq(email),
            users::first_name.eq(first_name),
            users::last_name.eq(last_name),
            users::password_hash.eq(password_hash),
            users::email_verified_at.eq(app.clock.now()),
        ))
        .execute(&mut tx.conn())
        .await?;
    let (session, ends_at) = (
        SessionId(app.clock.uuid()),
        app.clock.now() + TimeDelta::days(SESSION_DAYS),
    );
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(session),
            sessions::user_id.eq(id),
            sessions::expires_at.eq(ends_at),
        ))
        .execute(&mut tx.conn())
        .await?;
    diesel::insert_into(session_tokens::table)
        .values((
            session_tokens::session_id.eq(session),
            session_tokens::user_id.eq(id),
            session_tokens::token_hash.eq(token(app, email).hash().to_vec()),
            session_tokens::kind.eq("access"),
            session_tokens::expires_at.eq(ends_at),
        ))
        .execute(&mut tx.conn())
        .await?;
    tx.commit().await?;
    Ok(id)
}

async fn insert_organization(
    app: &Arc<App>,
    org: OrgId,
    academy: &Academy,
) -> anyhow::Result<HashMap<String, RoleId>> {
    let new = NewOrganization {
        slug: academy.slug.to_owned(),
        name: academy.name.to_owned(),
        is_open: true,
    };
    let roles = by_system(app, org, "seed", move |write| {
        Box::pin(async move { insert(write, &new).await })
    });
    roles.await?.map_err(|refusals| anyhow::anyhow!("{refusals:?}"))
}

async fn insert_member(
    app: &App,
    org: OrgId,
    user: UserId,
    name: &str,
    email: &str,
    role: RoleId,
) -> anyhow::Result<MemberId> {
    let id = MemberId(app.clock.uuid());
    let tx = begin(app, org).await?;
    diesel::insert_into(memberships::table)
        .values((
            memberships::org_id.eq(org),
            memberships::id.eq(id),
            memberships::user_id.eq(user),
            memberships::role_id.eq(role),
            memberships::state.eq("active"),
            memberships::name.eq(name),
            memberships::email.eq(email),
        ))
        .execute(&mut tx.conn())
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// Makes the groups; the manager manages the first.
async fn insert_groups(app: &App, org: OrgId, academy: &Academy, manager: MemberId) -> anyhow::Result<()> {
    let tx = begin(app, org).await?;
    let study_groups = (1..=STUDY_GROUPS).map(|number| format!("Study group {number}"));
    let names = academy.groups.iter().map(ToString::to_string).chain(study_groups);
    for (index, name) in names.enumerate() {
        let group = GroupId(app.clock.uuid());
        diesel::insert_into(groups::table)
            .values((
                groups::org_id.eq(org),
                groups::id.eq(group),
                groups::name.eq(name),
            ))
            .execute(&mut tx.conn())
            .await?;
        if index == 0 {
            diesel::insert_into(group_members::table)
                .values((
                    group_members::org_id.eq(org),
                    group_members::group_id.eq(group),
                    group_members::member_id.eq(manager),
                    group_members::is_manager.eq(true),
                ))
                .execute(&mut tx.conn())
                .await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Puts the learners into the groups by turns.
async fn join_groups(app: &App, org: OrgId, learners: &[MemberId]) -> anyhow::Result<()> {
    let tx = begin(app, org).await?;
    let ids: Vec<GroupId> = groups::table
        .filter(groups::org_id.eq(org))
        .select(groups::id)
        .order_by(groups::name)
        .load(&mut tx.conn())
        .await?;
    let rows: Vec<_> = learners
        .iter()
        .zip(ids.iter().cycle())
        .map(|(learner, group)| {
            (
                group_members::org_id.eq(org),
                group_members::group_id.eq(*group),
                group_members::member_id.eq(*learner),
            )
        })
        .collect();
    diesel::insert_into(group_members::table)
        .values(rows)
        .execute(&mut tx.conn())
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn begin(app: &App, org: OrgId) -> anyhow::Result<Tx> {
    Ok(Tx::begin(&app.db, &Scope::one(None, org), &Statements::default()).await?)
}
