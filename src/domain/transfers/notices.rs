//! Mails about who owns an organisation: to whom it is offered, and to all owners once it was handed over.

use crate::db::schema::organizations;
use crate::db::{Conn, Statement};
use crate::domain::accounts::throttle::{Trying, attempt, refuse_too_many};
use crate::domain::mails::{self, Mail, Template};
use crate::domain::members::Member;
use crate::domain::mutate::{Stop, Write, refuse_all};
use crate::kernel::ids::{MemberKey, OrgId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use std::slice;

/// Tells a member that the organisation is offered to them. Offers that are made again and again have their limit.
pub(super) async fn tell_of_offer(
    write: &Write<'_>,
    to: &Member,
    expires_at: DateTime<Utc>,
) -> Result<(), Stop> {
    let (conn, org) = (write.gate.conn(), write.gate.org());
    // By the member, so that what others send to the same address does not count.
    let (member, by) = (to.key.to_string(), org.0.to_string());
    let tried = attempt(write.app, Trying::Invitation, &member, &by).await;
    let message = |seconds: u64| format!("It was offered to them too often: offer it again in {seconds} s.");
    refuse_all([refuse_too_many(tried, "memberId", message)?.err()])?;
    let name = name(conn, org).await?;
    let detail = json!({ "organization": name, "until": expires_at });
    post(
        write,
        Template::OwnershipOffered,
        slice::from_ref(&to.email),
        &detail,
    )
    .await
}

/// Tells all owners that the organisation was handed over, whoever owned it until now among them.
pub(super) async fn tell_of_transfer(write: &Write<'_>, former: MemberKey) -> Result<(), Stop> {
    let (conn, org) = (write.gate.conn(), write.gate.org());
    let name = name(conn, org).await?;
    let detail = json!({ "organization": name });
    let recipients = owners_and(conn, former).await?;
    post(write, Template::OwnershipTransferred, &recipients, &detail).await
}

async fn post(
    write: &Write<'_>,
    template: Template,
    recipients: &[String],
    detail: &Value,
) -> Result<(), Stop> {
    let mail = |recipient: &String| Mail {
        detail: detail.clone(),
        ..Mail::new(write.app.clock.uuid(), template, recipient.clone())
    };
    let letters: Vec<Mail> = recipients.iter().map(mail).collect();
    Ok(mails::post(write.gate.conn(), write.user, &letters).await?)
}

async fn name(mut conn: Conn<'_>, org: OrgId) -> QueryResult<String> {
    organizations::table
        .find(org.0)
        .select(organizations::name)
        .first(&mut conn)
        .await
}

/// The addresses of the active owners, and of one member more.
async fn owners_and(mut conn: Conn<'_>, member: MemberKey) -> QueryResult<Vec<String>> {
    Statement::<Text>::new(
        "select distinct m.email from memberships m join roles r on r.org_id = m.org_id and r.id = m.role_id \
         where m.org_id = ? and (m.id = ? or (m.state = 'active' and r.slug = 'owner' and r.is_built_in))",
    )
    .bind::<SqlUuid, _>(member.org)
    .bind::<SqlUuid, _>(member.id)
    .load(&mut conn)
    .await
}
