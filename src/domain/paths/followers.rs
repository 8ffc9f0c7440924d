//! Who follows which path, as it is read: of a path, of a member, one's own.
//!
//! A path has many courses, so who teaches one of them does not see through that who follows the path.

use super::model::PathEnrollment;
use crate::auth::permission::Reach;
use crate::auth::standing::Viewer;
use crate::db::schema::path_enrollments;
use crate::db::{Batch, Conn, Reader, Statement};
use crate::domain::record_lists::{IdRange, Seen, groups};
use crate::domain::visibility::{View, sees_own};
use crate::kernel::error::Result;
use crate::kernel::ids::{
    LearningPathId, LearningPathKey, MemberId, MemberKey, OrgId, PathEnrollmentId, PathEnrollmentKey,
};
use crate::kernel::page::{Page, Slice};
use crate::{managed_by, record_lists};
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::mem::discriminant;
use std::sync::Arc;
use uuid::Uuid;

type Columns = <PathEnrollment as Selectable<Pg>>::SelectExpression;
type Condition = Box<dyn BoxableExpression<path_enrollments::table, Pg, SqlType = Bool>>;

/// The rows that a permission reaches in an organisation.
fn seen_by(view: View) -> Condition {
    let here = path_enrollments::org_id.eq(view.org);
    let own = || -> Condition { Box::new(path_enrollments::member_id.eq(view.member)) };
    let managed = || -> Condition { Box::new(managed_by!(path_enrollments::member_id, view)) };
    match (view.reach.own, view.reach.managed) {
        _ if view.reach.all => Box::new(here),
        (true, true) => Box::new(here.and(own().or(managed()))),
        (true, false) => Box::new(here.and(own())),
        (false, true) => Box::new(here.and(managed())),
        (false, false) => Box::new(false.into_sql::<Bool>()),
    }
}

/// Of what a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PathParent {
    /// Of those who follow a path.
    Path(LearningPathKey),
    /// Of the paths that a member follows.
    Member(MemberKey),
}

impl PathParent {
    /// The organisation.
    pub const fn org(self) -> OrgId {
        match self {
            Self::Path(path) => path.org,
            Self::Member(member) => member.org,
        }
    }

    const fn id(self) -> Uuid {
        match self {
            Self::Path(path) => path.id.0,
            Self::Member(member) => member.id.0,
        }
    }

    /// The parent of the same kind of a row.
    const fn of(self, row: &PathEnrollment) -> Self {
        match self {
            Self::Path(_) => Self::Path(row.path_key()),
            Self::Member(_) => Self::Member(row.member_key()),
        }
    }
}

/// Who follows a path, or what a member follows, as far as somebody sees it. Fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowerList {
    /// Of what.
    pub parent: PathParent,
    /// How much is seen.
    pub view: View,
}

fn parents<'l>(lists: impl Iterator<Item = &'l FollowerList>) -> (Vec<OrgId>, Vec<Uuid>) {
    lists.map(|list| (list.parent.org(), list.parent.id())).unzip()
}

impl Batch for FollowerList {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |list| (discriminant(&list.parent), list.view)) {
            let (orgs, ids) = parents(keys.iter().copied());
            let sql = match keys[0].parent {
                PathParent::Path(_) => record_lists!(@count path_enrollments, ".path_id"),
                PathParent::Member(_) => record_lists!(@count path_enrollments, ".member_id"),
            };
            let rows: Vec<(Uuid, Uuid, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(sql)
                .bind::<Bool, _>(seen_by(keys[0].view))
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .load(&mut conn)
                .await?;
            let counts: HashMap<_, _> = rows
                .into_iter()
                .map(|(org, id, count)| ((org, id), count))
                .collect();
            found.extend(keys.into_iter().map(|list| {
                let parent = (list.parent.org().0, list.parent.id());
                (*list, counts.get(&parent).copied().unwrap_or_default())
            }));
        }
        Ok(found)
    }
}

/// One page of them, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FollowerPage {
    /// The list.
    pub list: FollowerList,
    /// Which page.
    pub page: Page,
    /// Between which identifiers it lies.
    pub range: IdRange,
}

impl Batch for FollowerPage {
    type Value = Slice<Arc<PathEnrollment>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        let alike = |key: &Self| (discriminant(&key.list.parent), key.list.view, key.page.clone());
        for keys in groups(keys, alike) {
            let Self { list, page, range } = keys[0];
            let (orgs, ids) = parents(keys.iter().map(|key| &key.list));
            let sql = match (list.parent, page.backward) {
                (PathParent::Path(_), false) => record_lists!(@page path_enrollments, ".path_id", "desc"),
                (PathParent::Path(_), true) => record_lists!(@page path_enrollments, ".path_id", "asc"),
                (PathParent::Member(_), false) => record_lists!(@page path_enrollments, ".member_id", "desc"),
                (PathParent::Member(_), true) => record_lists!(@page path_enrollments, ".member_id", "asc"),
            };
            let rows: Vec<PathEnrollment> = Statement::<SqlTypeOf<Columns>>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<SqlTypeOf<Columns>, _>(<PathEnrollment as Selectable<Pg>>::construct_selection())
                .bind::<Bool, _>(seen_by(list.view))
                .bind::<SqlUuid, _>(range.above)
                .bind::<SqlUuid, _>(range.below)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<PathParent, Vec<Arc<PathEnrollment>>> = HashMap::new();
            for row in rows {
                pages.entry(list.parent.of(&row)).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.list.parent).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

impl Batch for Seen<PathEnrollmentKey> {
    type Value = Arc<PathEnrollment>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |seen| seen.view) {
            let view = keys[0].view;
            let ids: Vec<PathEnrollmentId> = keys.iter().map(|seen| seen.key.id).collect();
            let rows: Vec<PathEnrollment> = PathEnrollment::query()
                .filter(path_enrollments::id.eq_any(ids))
                .filter(seen_by(view))
                .load(&mut conn)
                .await?;
            let seen = |row: PathEnrollment| (Self { key: row.key, view }, Arc::new(row));
            found.extend(rows.into_iter().map(seen));
        }
        Ok(found)
    }
}

/// That a member follows a path, or did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FollowerOf(pub LearningPathKey, pub MemberId);

impl Batch for FollowerOf {
    type Value = Arc<PathEnrollment>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let paths: Vec<LearningPathId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<PathEnrollment> = PathEnrollment::query()
            .filter(
                path_enrollments::org_id
                    .eq_any(orgs)
                    .and(path_enrollments::path_id.eq_any(paths)),
            )
            .filter(path_enrollments::member_id.eq_any(members))
            .load(&mut conn)
            .await?;
        let follower = |row: PathEnrollment| (Self(row.path_key(), row.member_id), Arc::new(row));
        Ok(rows.into_iter().map(follower).collect())
    }
}

fn own(viewer: &Viewer) -> Condition {
    let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
    let own = standings
        .filter_map(|standing| {
            let member = sees_own(viewer, standing.org)?;
            let reach = Reach {
                own: true,
                ..Reach::NONE
            };
            let org = standing.org;
            Some(seen_by(View { org, member, reach }))
        })
        .reduce(|own, here| Box::new(own.or(here)));
    own.unwrap_or_else(|| Box::new(false.into_sql::<Bool>()))
}

/// Reads a page of what a viewer follows in all of their organisations, the newest first.
pub async fn list_own(reader: &Reader, viewer: &Viewer, page: &Page) -> Result<Slice<Arc<PathEnrollment>>> {
    let range = IdRange::of(page)?;
    let query = PathEnrollment::query()
        .filter(own(viewer))
        .filter(
            path_enrollments::id
                .gt(PathEnrollmentId(range.above))
                .and(path_enrollments::id.lt(PathEnrollmentId(range.below))),
        )
        .limit(page.size + 1)
        .into_boxed();
    let query = if page.backward {
        query.order_by(path_enrollments::id.asc())
    } else {
        query.order_by(path_enrollments::id.desc())
    };
    let rows: Vec<PathEnrollment> = reader
        .run(|mut conn| async move { query.load(&mut conn).await })
        .await?;
    Ok(page.slice(rows.into_iter().map(Arc::new).collect()))
}

/// Counts what a viewer follows in all of their organisations.
pub async fn count_own(reader: &Reader, viewer: &Viewer) -> Result<i64> {
    let query = path_enrollments::table.filter(own(viewer)).count();
    reader
        .run(|mut conn| async move { query.get_result(&mut conn).await })
        .await
}
