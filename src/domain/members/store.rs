//! Statements on `memberships`.

use super::model::{Member, MemberState, RelationTo, SeenMember};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::action;
use crate::auth::policy::Relation;
use crate::bounded;
use crate::db::paginate::foreign;
use crate::db::schema::{course_instructors, enrollments, memberships};
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::{Seen, groups};
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{GroupId, MemberId, MemberKey, OrgId, RoleId, RoleKey, UserId};
use crate::kernel::page::{Page, Slice};
use crate::managed_by;
use async_graphql::Enum;
use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(text: Text) -> Text;
}
diesel::define_sql_function! {
    /// Where a part begins in a text, from 1; 0 where it does not occur.
    fn strpos(text: Text, part: Text) -> Integer;
}

type Columns = <Member as Selectable<Pg>>::SelectExpression;
type ColumnTypes = SqlTypeOf<Columns>;
type Condition = Box<dyn BoxableExpression<memberships::table, Pg, SqlType = Bool>>;

/// The orders of a list of members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum MemberOrder {
    /// By name, A first.
    #[default]
    NameAsc,
    /// By name, Z first.
    NameDesc,
    /// Who joined first, first.
    JoinedAtAsc,
    /// Who joined last, first.
    JoinedAtDesc,
}

impl MemberOrder {
    const fn is_descending(self) -> bool {
        matches!(self, Self::NameDesc | Self::JoinedAtDesc)
    }
}

/// Which members a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemberFilter {
    /// Only those with this role.
    pub role: Option<RoleId>,
    /// Only those in this state; without it, all but the removed.
    pub state: Option<MemberState>,
    /// Only those in whose name or address this occurs.
    pub query: Option<String>,
}

/// The members whom a view of `members.read` shows: the one condition of lists, loaders and `node`.
fn visible(view: View) -> Condition {
    let View { org, member, reach } = view;
    let here = memberships::org_id.eq(org);
    if reach.all {
        return Box::new(here);
    }
    let own = reach
        .own
        .then(|| -> Condition { Box::new(memberships::id.eq(member)) });
    let taught = reach.taught.then(|| -> Condition {
        let mine = course_instructors::table
            .filter(
                course_instructors::org_id
                    .eq(org)
                    .and(course_instructors::member_id.eq(member)),
            )
            .select(course_instructors::course_id);
        let theirs = enrollments::table
            .filter(
                enrollments::org_id
                    .eq(org)
                    .and(enrollments::course_id.eq_any(mine)),
            )
            .select(enrollments::member_id);
        Box::new(memberships::id.eq_any(theirs))
    });
    let managed = reach
        .managed
        .then(|| -> Condition { Box::new(managed_by!(memberships::id, view)) });
    let some = [own, taught, managed].into_iter().flatten();
    match some.reduce(|some, more| Box::new(some.or(more))) {
        Some(some) => Box::new(here.and(some)),
        None => Box::new(here.and(false.into_sql::<Bool>())),
    }
}

impl Batch for Seen<MemberKey> {
    type Value = Arc<Member>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |seen| seen.view) {
            let view = keys[0].view;
            let ids: Vec<MemberId> = keys.iter().map(|seen| seen.key.id).collect();
            let rows: Vec<Member> = Member::query()
                .filter(visible(view))
                .filter(memberships::id.eq_any(ids))
                .load(&mut conn)
                .await?;
            let seen = |member: Member| {
                (
                    Self {
                        key: member.key,
                        view,
                    },
                    Arc::new(member),
                )
            };
            found.extend(rows.into_iter().map(seen));
        }
        Ok(found)
    }
}

/// A member as another row names them: whoever may see that row may see who is meant.
impl Batch for MemberKey {
    type Value = Arc<Member>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.org).collect();
        let ids: Vec<MemberId> = keys.iter().map(|key| key.id).collect();
        let rows: Vec<Member> = Member::query()
            .filter(memberships::org_id.eq_any(orgs).and(memberships::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|member| (member.key, Arc::new(member)))
            .collect())
    }
}

/// The members of an organisation whom a view shows, filtered; fetched, it counts them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberList {
    /// How far the viewer sees.
    pub view: View,
    /// Only those in this group. The caller has made sure that the viewer may know of it.
    pub group: Option<GroupId>,
    /// Which of those.
    pub filter: MemberFilter,
}

impl MemberList {
    /// Whose members they are: the group's, or the organisation's.
    fn parent(&self) -> Uuid {
        self.group.map_or(self.view.org.0, |group| group.0)
    }

    /// The organisations and the parents of lists, for `unnest`.
    fn parents<'l>(lists: impl Iterator<Item = &'l Self>) -> (Vec<OrgId>, Vec<Uuid>) {
        lists.map(|list| (list.view.org, list.parent())).unzip()
    }

    /// What holds of the list's members, whatever their group.
    fn matching(&self) -> Condition {
        let visible = visible(self.view);
        let mut matching: Condition = match self.filter.state {
            Some(state) => Box::new(visible.and(memberships::state.eq(state))),
            None => Box::new(visible.and(memberships::state.ne(MemberState::Removed))),
        };
        if let Some(role) = self.filter.role {
            matching = Box::new(matching.and(memberships::role_id.eq(role)));
        }
        if let Some(query) = self
            .filter
            .query
            .as_deref()
            .map(str::trim)
            .filter(|query| !query.is_empty())
        {
            let in_name = strpos(lower(memberships::name), lower(query.to_owned())).gt(0);
            let in_email = strpos(lower(memberships::email), lower(query.to_owned())).gt(0);
            matching = Box::new(matching.and(in_name.or(in_email)));
        }
        matching
    }
}

/// The members of each group `p`, for a statement.
macro_rules! of_group {
    () => {
        "group_members g join memberships on memberships.org_id = g.org_id and memberships.id = g.member_id \
         where g.org_id = p.org_id and g.group_id = p.id"
    };
}

/// The members of an organisation `p`, for a statement.
macro_rules! of_organization {
    () => {
        "memberships where memberships.org_id = p.id"
    };
}

/// The statement of a page for each parent.
macro_rules! page {
    ($of:ident, $order:expr, $descends:expr) => {
        match ($order, $descends) {
            (MemberOrder::NameAsc | MemberOrder::NameDesc, false) => page!(@ $of, "name", "asc"),
            (MemberOrder::NameAsc | MemberOrder::NameDesc, true) => page!(@ $of, "name", "desc"),
            (MemberOrder::JoinedAtAsc | MemberOrder::JoinedAtDesc, false) => page!(@ $of, "joined_at", "asc"),
            (MemberOrder::JoinedAtAsc | MemberOrder::JoinedAtDesc, true) => page!(@ $of, "joined_at", "desc"),
        }
    };
    (@ $of:ident, $column:literal, $order:literal) => {
        concat!(
            "select p.id, r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from ",
            $of!(),
            " and ? order by memberships.",
            $column,
            " ",
            $order,
            ", memberships.id ",
            $order,
            " limit ?) r order by r.",
            $column,
            " ",
            $order,
            ", r.id ",
            $order
        )
    };
}

/// One page of a list of members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemberPage(pub MemberList, pub MemberOrder, pub Page);

impl MemberPage {
    /// What holds of the list's members between the page's cursors.
    fn bounded(&self) -> Result<Condition> {
        let Self(list, order, page) = self;
        let (mut bounded, descending) = (list.matching(), order.is_descending());
        match order {
            MemberOrder::NameAsc | MemberOrder::NameDesc => bounded!(
                page, memberships::name => String, memberships::id => MemberId, descending,
                |bound| bounded = Box::new(bounded.and(bound))
            ),
            MemberOrder::JoinedAtAsc | MemberOrder::JoinedAtDesc => bounded!(
                page, memberships::joined_at => DateTime<Utc>, memberships::id => MemberId, descending,
                |bound| bounded = Box::new(bounded.and(bound))
            ),
        }
        Ok(bounded)
    }
}

impl Batch for MemberPage {
    type Value = Slice<Arc<Member>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |Self(list, order, page)| {
            (list.view, list.group.is_some(), &list.filter, order, page)
        }) {
            let Self(list, order, page) = keys[0];
            let (orgs, ids) = MemberList::parents(keys.iter().map(|key| &key.0));
            let descends = page.backward != order.is_descending();
            let sql = if list.group.is_some() {
                page!(of_group, order, descends)
            } else {
                page!(of_organization, order, descends)
            };
            let rows: Vec<(Uuid, Member)> = Statement::<(SqlUuid, ColumnTypes)>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<ColumnTypes, _>(<Member as Selectable<Pg>>::construct_selection())
                .bind::<Bool, _>(keys[0].bounded().map_err(foreign)?)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<Uuid, Vec<Arc<Member>>> = HashMap::new();
            for (parent, row) in rows {
                pages.entry(parent).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.0.parent()).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

/// The statement that counts each parent's members.
macro_rules! count {
    ($of:ident) => {
        concat!(
            "select p.id, (select count(*) from ",
            $of!(),
            " and ?) from unnest(?, ?) as p (org_id, id)"
        )
    };
}

impl Batch for MemberList {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |list| (list.view, list.group.is_some(), &list.filter)) {
            let list = keys[0];
            let (orgs, ids) = Self::parents(keys.iter().copied());
            let sql = if list.group.is_some() {
                count!(of_group)
            } else {
                count!(of_organization)
            };
            let rows: Vec<(Uuid, i64)> = Statement::<(SqlUuid, BigInt)>::new(sql)
                .bind::<Bool, _>(list.matching())
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .load(&mut conn)
                .await?;
            let counts: HashMap<Uuid, i64> = rows.into_iter().collect();
            found.extend(keys.into_iter().map(|list| {
                let count = counts.get(&list.parent()).copied();
                (list.clone(), count.unwrap_or_default())
            }));
        }
        Ok(found)
    }
}

/// Reads a member for a write, locked until the transaction ends, with how the actor stands to them.
pub async fn find_for_write(gate: &Gate<'_>, key: MemberKey) -> QueryResult<Option<SeenMember>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let locked = Member::query()
        .filter(memberships::org_id.eq(key.org).and(memberships::id.eq(key.id)))
        .for_no_key_update();
    let Some(member) = locked.first(&mut gate.conn()).await.optional()? else {
        return Ok(None);
    };
    let role = member.role_key();
    let roles = RoleKey::load_many(&[role], gate.conn()).await?;
    Ok(Some(SeenMember {
        relation: relation(gate, key).await?,
        member,
        is_owner: roles.get(&role).is_some_and(|role| role.is_owner()),
        exceeds: false,
    }))
}

/// The member that an account is in an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemberOfUser(pub OrgId, pub UserId);

impl Batch for MemberOfUser {
    type Value = Arc<Member>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, users): (Vec<OrgId>, Vec<UserId>) = keys.iter().map(|key| (key.0, key.1)).unzip();
        let rows: Vec<Member> = Member::query()
            .filter(
                memberships::org_id
                    .eq_any(orgs)
                    .and(memberships::user_id.eq_any(users)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Self(row.key.org, row.user_id), Arc::new(row)))
            .collect())
    }
}

/// How the actor of a write stands to a member.
async fn relation(gate: &Gate<'_>, member: MemberKey) -> QueryResult<Relation> {
    let key = RelationTo {
        member,
        actor: gate.member_id(),
    };
    let found = RelationTo::load_many(&[key], gate.conn()).await?;
    Ok(found.get(&key).copied().unwrap_or_default())
}

/// Moves a membership into another state.
pub async fn set_state<A>(
    member: &Allowed<'_, A, SeenMember>,
    mut conn: Conn<'_>,
    state: MemberState,
) -> QueryResult<()> {
    let key = member.member.key;
    Statement::<Untyped>::new(
        "update memberships set state = ?, version = version + 1 where org_id = ? and id = ?",
    )
    .bind::<Text, _>(state)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Takes a member out of all groups and from all teaching, and ends the link of their account.
pub async fn release<A>(member: &Allowed<'_, A, SeenMember>, mut conn: Conn<'_>) -> QueryResult<()> {
    let key = member.member.key;
    Statement::<Untyped>::new(
        "with taught as (delete from course_instructors where org_id = ? and member_id = ?), \
         linked as (update account_links set state = 'ended', changed_at = now() where org_id = ? and member_id = ? and state = 'accepted') \
         delete from group_members where org_id = ? and member_id = ?",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// Gives a member another role.
pub async fn set_role(
    member: &Allowed<'_, action::MembersManage, SeenMember>,
    mut conn: Conn<'_>,
    role: RoleId,
) -> QueryResult<()> {
    let key = member.member.key;
    Statement::<Untyped>::new(
        "update memberships set role_id = ?, version = version + 1 where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(role)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
