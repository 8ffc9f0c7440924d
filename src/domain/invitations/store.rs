//! Statements on `invitations`.

use super::model::{Invitation, SentInvitation};
use crate::auth::allowed::{Admitted, Allowed, Gate};
use crate::auth::permission::action;
use crate::db::paginate::foreign;
use crate::db::schema::invitations;
use crate::db::{Batch, Conn, Statement, each};
use crate::domain::record_lists::{Seen, groups};
use crate::domain::roles::Role;
use crate::domain::users::User;
use crate::domain::visibility::View;
use crate::kernel::ids::{InvitationId, InvitationKey, MemberId, MemberKey, OrgId, RoleId, RoleKey};
use crate::kernel::page::Page;
use crate::kernel::secret::TokenHash;
use crate::keyset;
use chrono::{DateTime, Utc};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Bytea, Integer, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<invitations::table, Pg, SqlType = Bool>>;

/// The invitations that a view of `invitations.manage` shows: the one condition of lists, loaders and `node`.
fn visible(view: View) -> Condition {
    let here = invitations::org_id.eq(view.org);
    if view.reach.all {
        Box::new(here)
    } else if view.reach.managed || view.reach.own {
        Box::new(here.and(invitations::invited_by.eq(view.member)))
    } else {
        Box::new(here.and(false.into_sql::<Bool>()))
    }
}

impl Batch for Seen<InvitationKey> {
    type Value = Arc<Invitation>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |seen| seen.view) {
            let view = keys[0].view;
            let ids: Vec<InvitationId> = keys.iter().map(|seen| seen.key.id).collect();
            let rows: Vec<Invitation> = Invitation::query()
                .filter(visible(view))
                .filter(invitations::id.eq_any(ids))
                .load(&mut conn)
                .await?;
            let seen = |invitation: Invitation| {
                let key = invitation.key;
                (Self { key, view }, Arc::new(invitation))
            };
            found.extend(rows.into_iter().map(seen));
        }
        Ok(found)
    }
}

/// The invitations of an organisation that a view shows; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InvitationList(pub View);

impl Batch for InvitationList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = invitations::table.filter(visible(list.0)).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of a list of invitations, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvitationPage(pub InvitationList, pub Page);

impl InvitationPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<Invitation>>> {
        let Self(InvitationList(view), page) = self;
        let query = Invitation::query().filter(visible(*view)).into_boxed();
        let bounded = || {
            Ok(
                keyset!(query, page, invitations::created_at => DateTime<Utc>, invitations::id => InvitationId, true),
            )
        };
        let query = bounded().map_err(foreign)?;
        let rows: Vec<Invitation> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for InvitationPage {
    type Value = Arc<Vec<Arc<Invitation>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

/// A pending invitation of an address that is invited again.
#[derive(Debug, QueryableByName)]
pub struct Standing {
    /// Which.
    #[diesel(sql_type = SqlUuid)]
    pub id: InvitationId,
    /// The address.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// The slug of the role that it awaits.
    #[diesel(sql_type = Text)]
    pub role: String,
    /// Who sent it.
    #[diesel(sql_type = SqlUuid)]
    pub invited_by: MemberId,
    /// Whether it is past its time.
    #[diesel(sql_type = Bool)]
    pub is_past: bool,
}

/// Reads and locks the pending invitations of these addresses, in one order for everybody.
pub async fn standing(mut conn: Conn<'_>, org: OrgId, emails: &[&str]) -> QueryResult<Vec<Standing>> {
    Statement::<Untyped>::new(
        "select i.id, i.email, r.slug as role, i.invited_by, i.expires_at <= clock_timestamp() as is_past \
         from invitations i join roles r on r.org_id = i.org_id and r.id = i.role_id \
         where i.org_id = ? and i.email = any(?) and i.state = 'pending' order by i.email for update of i",
    )
    .bind::<SqlUuid, _>(org)
    .bind::<Array<Text>, _>(emails)
    .load(&mut conn)
    .await
}

/// Which of these addresses belong to members.
pub async fn members_among(mut conn: Conn<'_>, org: OrgId, emails: &[&str]) -> QueryResult<Vec<String>> {
    use crate::db::schema::memberships;
    memberships::table
        .filter(memberships::org_id.eq(org).and(memberships::email.eq_any(emails)))
        .filter(memberships::state.ne("removed"))
        .select(memberships::email)
        .load(&mut conn)
        .await
}

/// Reads and locks an invitation for a write, with the role that awaits.
pub async fn find_for_write(
    gate: &Gate<'_>,
    key: InvitationKey,
) -> QueryResult<Option<(SentInvitation, Arc<Role>)>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let found = Invitation::query()
        .filter(invitations::org_id.eq(key.org).and(invitations::id.eq(key.id)))
        .for_update();
    let Some(invitation) = found.first::<Invitation>(&mut gate.conn()).await.optional()? else {
        return Ok(None);
    };
    let role = invitation.role_key();
    let role = RoleKey::load_many(&[role], gate.conn()).await?.remove(&role);
    Ok(role.map(|role| {
        let sent = SentInvitation {
            is_mine: gate.member() == Some(invitation.sender()),
            makes_owner: role.is_owner(),
            exceeds: false,
            invitation,
        };
        (sent, role)
    }))
}

/// Takes invitations back.
pub async fn revoke<R>(
    _: &Allowed<'_, action::InvitationsManage, R>,
    mut conn: Conn<'_>,
    org: OrgId,
    ids: &[InvitationId],
) -> QueryResult<()> {
    Statement::<Untyped>::new("update invitations set state = 'revoked' where org_id = ? and id = any(?)")
        .bind::<SqlUuid, _>(org)
        .bind::<Array<SqlUuid>, _>(ids)
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Gives an invitation another token and a new term. It is of who sends it again from now on.
pub async fn renew(
    sent: &Allowed<'_, action::InvitationsManage, SentInvitation>,
    mut conn: Conn<'_>,
    token: TokenHash,
    edition: i32,
    by: Option<MemberId>,
) -> QueryResult<()> {
    let key = sent.invitation.key;
    Statement::<Untyped>::new(
        "update invitations set token_hash = ?, edition = ?, expires_at = clock_timestamp() + interval '14 days', \
         invited_by = coalesce(?, invited_by) \
         where org_id = ? and id = ?",
    )
    .bind::<Bytea, _>(token.to_vec())
    .bind::<Integer, _>(edition)
    .bind::<Nullable<SqlUuid>, _>(by)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Closes an invitation because the invited person does not come.
pub async fn decline(
    acceptance: &Admitted<'_, super::accept::Acceptance>,
    mut conn: Conn<'_>,
) -> QueryResult<()> {
    let key = acceptance.key;
    Statement::<Untyped>::new("update invitations set state = 'declined' where org_id = ? and id = ?")
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// An invitation to be stored.
#[derive(Debug)]
pub struct NewRow<'a> {
    /// Its id.
    pub id: InvitationId,
    /// The invited address, in lower case.
    pub email: &'a str,
    /// The role that awaits.
    pub role: RoleId,
    /// The hash of its token.
    pub token: TokenHash,
}

/// Stores invitations, all in one statement, and gives the ids of those whose address had no pending one meanwhile.
pub async fn insert<R>(
    _: &Allowed<'_, action::InvitationsManage, R>,
    mut conn: Conn<'_>,
    sender: MemberKey,
    rows: &[NewRow<'_>],
) -> QueryResult<Vec<InvitationId>> {
    Statement::<SqlUuid>::new(
        "insert into invitations (org_id, id, email, role_id, token_hash, invited_by, expires_at) \
         select ?, n.id, n.email, n.role_id, n.token_hash, ?, clock_timestamp() + interval '14 days' \
         from unnest(?, ?, ?, ?) with ordinality as n(id, email, role_id, token_hash, place) order by n.email \
         on conflict (org_id, email) where state = 'pending' do nothing returning id",
    )
    .bind::<SqlUuid, _>(sender.org)
    .bind::<SqlUuid, _>(sender.id)
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.email).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(rows.iter().map(|row| row.role).collect::<Vec<_>>())
    .bind::<Array<Bytea>, _>(rows.iter().map(|row| row.token.to_vec()).collect::<Vec<_>>())
    .load(&mut conn)
    .await
}

/// What acceptance looks at, locked until the transaction ends.
#[derive(Debug, QueryableByName)]
pub struct Open {
    /// The invited address.
    #[diesel(sql_type = Text)]
    pub email: String,
    /// The role that awaits.
    #[diesel(sql_type = SqlUuid)]
    pub role_id: RoleId,
    /// Who sent it.
    #[diesel(sql_type = SqlUuid)]
    pub invited_by: MemberId,
    /// Whether it may be accepted now.
    #[diesel(sql_type = Bool)]
    pub is_open: bool,
}

/// Reads and locks an invitation that somebody accepts.
pub async fn find_for_acceptance(mut conn: Conn<'_>, key: InvitationKey) -> QueryResult<Option<Open>> {
    Statement::<Untyped>::new(
        "select email, role_id, invited_by, state = 'pending' and expires_at > clock_timestamp() as is_open \
         from invitations where org_id = ? and id = ? for update",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
    .optional()
}

/// Makes the invited person a member, again if they once were, and closes the invitation. Gives who they are there, or
/// nothing where they are a member already.
pub async fn join(
    acceptance: &Admitted<'_, super::accept::Acceptance>,
    mut conn: Conn<'_>,
    member: MemberId,
    person: &User,
) -> QueryResult<Option<MemberId>> {
    let key = acceptance.key;
    Statement::<SqlUuid>::new(
        "with joined as (insert into memberships (org_id, id, user_id, role_id, state, name, email) \
         select i.org_id, ?, ?, i.role_id, 'active', ?, i.email from invitations i where i.org_id = ? and i.id = ? \
         on conflict (org_id, user_id) do update set role_id = excluded.role_id, state = 'active', name = excluded.name, \
         email = excluded.email, joined_at = now(), version = memberships.version + 1 where memberships.state = 'removed' \
         returning id) \
         update invitations set state = 'accepted', accepted_by = joined.id from joined \
         where invitations.org_id = ? and invitations.id = ? returning joined.id",
    )
    .bind::<SqlUuid, _>(member)
    .bind::<SqlUuid, _>(person.id)
    .bind::<Text, _>(person.full_name())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
    .optional()
}
