//! Statements on `account_links`.

use super::answer::Answered;
use super::model::{AccountLink, AccountLinkState, Linking};
use crate::auth::allowed::{Admitted, Allowed, Gate};
use crate::auth::permission::action;
use crate::db::schema::{account_links as links, memberships, users};
use crate::db::{Batch, Conn, Reader, Statement, each};
use crate::domain::record_lists::IdRange;
use crate::domain::users::User;
use crate::kernel::error::Result;
use crate::kernel::ids::{AccountLinkId, AccountLinkKey, MemberId, MemberKey, OrgId, UserId};
use crate::kernel::page::{Page, Slice};
use chrono::{DateTime, Utc};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<links::table, Pg, SqlType = Nullable<Bool>>>;

impl Batch for AccountLinkKey {
    type Value = Arc<AccountLink>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<AccountLinkId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<AccountLink> = AccountLink::query()
            .filter(links::org_id.eq_any(orgs).and(links::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// Links; fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkList {
    /// Those that an organisation proposed.
    Of(OrgId),
    /// Those that a person answered, or may answer.
    For(UserId),
}

impl LinkList {
    fn matching(self) -> Condition {
        match self {
            Self::Of(org) => Box::new(links::org_id.eq(org).nullable()),
            Self::For(user) => {
                let address = users::table
                    .filter(users::id.eq(user).and(users::email_verified_at.is_not_null()))
                    .select(users::email);
                let open = links::user_id.is_null().and(links::email.eq_any(address));
                Box::new(links::user_id.eq(user).or(open))
            }
        }
    }
}

impl Batch for LinkList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = links::table.filter(list.matching()).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of links, the newest first: up to one row more than the page has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkPage(pub LinkList, pub Page, pub IdRange);

impl LinkPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<AccountLink>>> {
        let Self(list, page, range) = self;
        let query = AccountLink::query()
            .filter(list.matching())
            .filter(links::id.gt(range.above).and(links::id.lt(range.below)))
            .limit(page.size + 1)
            .into_boxed();
        let query = if page.backward {
            query.order_by(links::id.asc())
        } else {
            query.order_by(links::id.desc())
        };
        let rows: Vec<AccountLink> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for LinkPage {
    type Value = Arc<Vec<Arc<AccountLink>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

/// Reads a page of links.
pub async fn page(reader: &Reader, list: LinkList, page: &Page) -> Result<Slice<Arc<AccountLink>>> {
    let wanted = LinkPage(list, page.clone(), IdRange::of(page)?);
    let rows = reader.fetch(wanted).await?.unwrap_or_default();
    Ok(page.slice(rows.to_vec()))
}

/// Reads and locks a link for a write.
pub async fn find_for_write(gate: &Gate<'_>, key: AccountLinkKey) -> QueryResult<Option<AccountLink>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    AccountLink::query()
        .filter(links::org_id.eq(key.org).and(links::id.eq(key.id)))
        .for_update()
        .first(&mut gate.conn())
        .await
        .optional()
}

/// Reads and locks the link of an address that is proposed or accepted, be it past its time.
pub async fn find_open(mut conn: Conn<'_>, org: OrgId, email: &str) -> QueryResult<Option<AccountLink>> {
    let open = [AccountLinkState::Proposed, AccountLinkState::Accepted];
    AccountLink::query()
        .filter(links::org_id.eq(org).and(links::email.eq(email)))
        .filter(links::state.eq_any(open))
        .for_update()
        .first(&mut conn)
        .await
        .optional()
}

/// A proof that the actor may link accounts.
pub type MayLink<'g> = Allowed<'g, action::MembersManage, Linking>;

/// Stores a proposal, unless another one for the address came before.
pub async fn insert(
    _: &MayLink<'_>,
    mut conn: Conn<'_>,
    key: AccountLinkKey,
    email: &str,
    proposer: MemberKey,
    expires_at: DateTime<Utc>,
) -> QueryResult<bool> {
    let stored = Statement::<Untyped>::new(
        "insert into account_links (org_id, id, email, organization_name, proposed_by, expires_at) \
         select o.id, ?, ?, o.name, ?, ? from organizations o where o.id = ? \
         on conflict (org_id, email) where state in ('proposed', 'accepted') do nothing",
    )
    .bind::<SqlUuid, _>(key.id)
    .bind::<Text, _>(email.to_owned())
    .bind::<SqlUuid, _>(proposer.id)
    .bind::<Timestamptz, _>(expires_at)
    .bind::<SqlUuid, _>(key.org)
    .execute(&mut conn)
    .await?;
    Ok(stored == 1)
}

/// Takes a proposal back.
pub async fn withdraw(
    _: &MayLink<'_>,
    mut conn: Conn<'_>,
    key: AccountLinkKey,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::update(links::table.find((key.org.0, key.id.0)))
        .set((
            links::state.eq(AccountLinkState::Withdrawn),
            links::changed_at.eq(now),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Notes what the person answered, and who they are in the organisation if they are a member by it.
pub async fn answer(
    answered: &Admitted<'_, Answered>,
    mut conn: Conn<'_>,
    state: AccountLinkState,
    member: Option<MemberId>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    let link = &answered.link;
    diesel::update(links::table.find((link.key.org.0, link.key.id.0)))
        .set((
            links::state.eq(state),
            links::changed_at.eq(now),
            links::user_id.eq(answered.user),
            links::member_id.eq(member),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Ends the sessions of the person that the organisation's provider opened.
pub async fn end_sessions(
    answered: &Admitted<'_, Answered>,
    mut conn: Conn<'_>,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "update sessions set revoked_at = ? where user_id = ? and confined_to = ? and revoked_at is null",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<SqlUuid, _>(answered.user)
    .bind::<SqlUuid, _>(answered.link.key.org)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Makes the person a learner, again if they once were a member, unless they are one. Gives who they are, and whether that is
/// new.
pub async fn join(
    answered: &Admitted<'_, Answered>,
    mut conn: Conn<'_>,
    member: MemberId,
    person: &User,
) -> QueryResult<(MemberId, bool)> {
    let link = &answered.link;
    let joined: Option<MemberId> = Statement::<SqlUuid>::new(
        "insert into memberships (org_id, id, user_id, role_id, state, name, email) \
         select r.org_id, ?, ?, r.id, 'active', ?, ? from roles r where r.org_id = ? and r.slug = 'learner' \
         on conflict (org_id, user_id) do update set role_id = excluded.role_id, state = 'active', name = excluded.name, \
         email = excluded.email, joined_at = now(), version = memberships.version + 1 where memberships.state = 'removed' \
         returning id",
    )
    .bind::<SqlUuid, _>(member)
    .bind::<SqlUuid, _>(person.id)
    .bind::<Text, _>(person.full_name())
    .bind::<Text, _>(link.email.clone())
    .bind::<SqlUuid, _>(link.key.org)
    .get_result(&mut conn)
    .await
    .optional()?;
    if let Some(joined) = joined {
        return Ok((joined, true));
    }
    let known = memberships::table
        .filter(
            memberships::org_id
                .eq(link.key.org)
                .and(memberships::user_id.eq(person.id)),
        )
        .select(memberships::id);
    Ok((known.first(&mut conn).await?, false))
}
