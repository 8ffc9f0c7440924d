//! Lists of learning records, written once for all of their tables.
//!
//! A list is what a viewer may see of the records of a parent: an organisation, a course or a member. Its pages are
//! loaded for many parents at once, so that a list below a list costs one statement. Newest first: identifiers are
//! made in the order of time, so a page is a range of them.

use super::visibility::View;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseId, CourseKey, MemberId, MemberKey, OrgId};
use crate::kernel::page::Page;
use std::collections::HashMap;
use std::hash::Hash;
use uuid::Uuid;

/// Whose records a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parent {
    /// An organisation's.
    Organization(OrgId),
    /// A course's.
    Course(CourseKey),
    /// A member's.
    Member(MemberKey),
}

impl Parent {
    /// The organisation that the records belong to.
    pub const fn org(self) -> OrgId {
        match self {
            Self::Organization(org) => org,
            Self::Course(course) => course.org,
            Self::Member(member) => member.org,
        }
    }

    /// What the parent's column in the records has.
    pub const fn id(self) -> Uuid {
        match self {
            Self::Organization(org) => org.0,
            Self::Course(course) => course.id.0,
            Self::Member(member) => member.id.0,
        }
    }

    /// The parent of the same kind of a record with these columns.
    #[must_use]
    pub const fn alike(self, org: OrgId, course: CourseId, member: MemberId) -> Self {
        match self {
            Self::Organization(_) => Self::Organization(org),
            Self::Course(_) => Self::Course(CourseKey::new(org, course)),
            Self::Member(_) => Self::Member(MemberKey::new(org, member)),
        }
    }
}

/// The records of a parent that a viewer may see, as far as a filter lets them through; also the key of their count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ListOf<F> {
    /// Whose records.
    pub parent: Parent,
    /// Which of them the viewer may see.
    pub view: View,
    /// Which of those are asked for.
    pub filter: F,
}

/// One page of a list: a loader's key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageOf<F> {
    /// The list.
    pub list: ListOf<F>,
    /// Which page.
    pub page: Page,
    /// The identifiers between which the page lies.
    pub range: IdRange,
}

/// A record that a viewer may see: a loader's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seen<K> {
    /// The record.
    pub key: K,
    /// How far the viewer sees.
    pub view: View,
}

/// Identifiers between two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdRange {
    /// Less than all of them.
    pub above: Uuid,
    /// Greater than all of them.
    pub below: Uuid,
}

impl IdRange {
    /// Reads the cursors of a list that is ordered by identifier, the greatest first.
    pub fn of(page: &Page) -> Result<Self> {
        let read = |cursor: &Option<Vec<String>>, open: Uuid| match cursor.as_deref() {
            None => Ok(open),
            Some([id]) => Uuid::try_parse(id)
                .map_err(|_| Error::BadInput("This cursor is not one of this list.".into())),
            Some(_) => Err(Error::BadInput("This cursor is not one of this list.".into())),
        };
        Ok(Self {
            above: read(&page.before, Uuid::nil())?,
            below: read(&page.after, Uuid::max())?,
        })
    }
}

impl<F> PageOf<F> {
    /// Asks for a page of a list.
    pub fn new(list: ListOf<F>, page: Page) -> Result<Self> {
        let range = IdRange::of(&page)?;
        Ok(Self { list, page, range })
    }
}

/// Sorts lists into those that differ in their parent alone and can be loaded by one statement.
pub fn groups<'k, K, G: Eq + Hash>(keys: &'k [K], alike: impl Fn(&'k K) -> G) -> Vec<Vec<&'k K>> {
    let mut groups: HashMap<G, Vec<&K>> = HashMap::new();
    for key in keys {
        groups.entry(alike(key)).or_default().push(key);
    }
    groups.into_values().collect()
}

/// The organisations and the identifiers of parents, for `unnest`.
pub fn parents(of: impl Iterator<Item = Parent>) -> (Vec<OrgId>, Vec<Uuid>) {
    of.map(|parent| (parent.org(), parent.id())).unzip()
}

/// Writes the loaders of a table of learning records: its lists, their counts, single records.
///
/// `record_lists!(enrollments, Enrollment, EnrollmentKey, EnrollmentId, EnrollmentFilter)`: the row has `key`,
/// `course_id` and `member_id`; the filter has `narrow`, which adds itself to a condition.
#[macro_export]
macro_rules! record_lists {
    ($table:ident, $row:ident, $key:ident, $id:ident, $filter:ident) => {
        impl $crate::db::Batch for $crate::domain::record_lists::PageOf<$filter> {
            type Value = $crate::kernel::page::Slice<std::sync::Arc<$row>>;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, Self::Value>> {
                use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
                use diesel_async::RunQueryDsl;
                use $crate::domain::record_lists::{Parent, groups, parents};
                type Columns = <$row as diesel::Selectable<diesel::pg::Pg>>::SelectExpression;
                type ColumnTypes = diesel::dsl::SqlTypeOf<Columns>;

                let mut found = std::collections::HashMap::with_capacity(keys.len());
                let alike = |key: &Self| {
                    let list = key.list;
                    (std::mem::discriminant(&list.parent), list.view, list.filter, key.page.clone())
                };
                for keys in groups(keys, alike) {
                    let Self { list, page, range } = keys[0];
                    let (orgs, ids) = parents(keys.iter().map(|key| key.list.parent));
                    let sql = match (list.parent, page.backward) {
                        (Parent::Organization(_), false) => $crate::record_lists!(@page $table, ".org_id", "desc"),
                        (Parent::Organization(_), true) => $crate::record_lists!(@page $table, ".org_id", "asc"),
                        (Parent::Course(_), false) => $crate::record_lists!(@page $table, ".course_id", "desc"),
                        (Parent::Course(_), true) => $crate::record_lists!(@page $table, ".course_id", "asc"),
                        (Parent::Member(_), false) => $crate::record_lists!(@page $table, ".member_id", "desc"),
                        (Parent::Member(_), true) => $crate::record_lists!(@page $table, ".member_id", "asc"),
                    };
                    let rows: Vec<$row> = $crate::db::Statement::<ColumnTypes>::new(sql)
                        .bind::<Array<SqlUuid>, _>(orgs)
                        .bind::<Array<SqlUuid>, _>(ids)
                        .bind::<ColumnTypes, _>(<$row as diesel::Selectable<diesel::pg::Pg>>::construct_selection())
                        .bind::<Bool, _>(list.filter.narrow($crate::visible_records!($table, in list.view)))
                        .bind::<SqlUuid, _>(range.above)
                        .bind::<SqlUuid, _>(range.below)
                        .bind::<BigInt, _>(page.size + 1)
                        .load(&mut conn)
                        .await?;
                    let mut pages: std::collections::HashMap<Parent, Vec<_>> = std::collections::HashMap::new();
                    for row in rows {
                        let parent = list.parent.alike(row.key.org, row.course_id, row.member_id);
                        pages.entry(parent).or_default().push(std::sync::Arc::new(row));
                    }
                    found.extend(keys.into_iter().map(|key| {
                        let rows = pages.remove(&key.list.parent).unwrap_or_default();
                        (key.clone(), page.slice(rows))
                    }));
                }
                Ok(found)
            }
        }

        impl $crate::db::Batch for $crate::domain::record_lists::ListOf<$filter> {
            type Value = i64;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, i64>> {
                use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
                use diesel_async::RunQueryDsl;
                use $crate::domain::record_lists::{Parent, groups, parents};

                let mut found = std::collections::HashMap::with_capacity(keys.len());
                for keys in groups(keys, |list| (std::mem::discriminant(&list.parent), list.view, list.filter)) {
                    let list = *keys[0];
                    let (orgs, ids) = parents(keys.iter().map(|list| list.parent));
                    let sql = match list.parent {
                        Parent::Organization(_) => $crate::record_lists!(@count $table, ".org_id"),
                        Parent::Course(_) => $crate::record_lists!(@count $table, ".course_id"),
                        Parent::Member(_) => $crate::record_lists!(@count $table, ".member_id"),
                    };
                    let rows: Vec<(uuid::Uuid, uuid::Uuid, i64)> =
                        $crate::db::Statement::<(SqlUuid, SqlUuid, BigInt)>::new(sql)
                            .bind::<Bool, _>(list.filter.narrow($crate::visible_records!($table, in list.view)))
                            .bind::<Array<SqlUuid>, _>(orgs)
                            .bind::<Array<SqlUuid>, _>(ids)
                            .load(&mut conn)
                            .await?;
                    let counts: std::collections::HashMap<_, _> =
                        rows.into_iter().map(|(org, id, count)| ((org, id), count)).collect();
                    found.extend(keys.into_iter().map(|list| {
                        let parent = (list.parent.org().0, list.parent.id());
                        (*list, counts.get(&parent).copied().unwrap_or_default())
                    }));
                }
                Ok(found)
            }
        }

        impl $crate::db::Batch for $crate::domain::record_lists::Seen<$key> {
            type Value = std::sync::Arc<$row>;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, Self::Value>> {
                use diesel::prelude::*;
                use diesel_async::RunQueryDsl;
                use $crate::db::schema::$table;

                let mut found = std::collections::HashMap::with_capacity(keys.len());
                for keys in $crate::domain::record_lists::groups(keys, |seen| seen.view) {
                    let view = keys[0].view;
                    let ids: Vec<$id> = keys.iter().map(|seen| seen.key.id).collect();
                    let rows: Vec<$row> = $row::query()
                        .filter($table::org_id.eq(view.org).and($table::id.eq_any(ids)))
                        .filter($crate::visible_records!($table, in view))
                        .load(&mut conn)
                        .await?;
                    let seen = |row: $row| (Self { key: row.key, view }, std::sync::Arc::new(row));
                    found.extend(rows.into_iter().map(seen));
                }
                Ok(found)
            }
        }

        impl $crate::db::Batch for $key {
            type Value = std::sync::Arc<$row>;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, Self::Value>> {
                use diesel::prelude::*;
                use diesel_async::RunQueryDsl;
                use $crate::db::schema::$table;

                let (orgs, ids): (Vec<$crate::kernel::ids::OrgId>, Vec<$id>) =
                    keys.iter().map(|key| (key.org, key.id)).unzip();
                let rows: Vec<$row> = $row::query()
                    .filter($table::org_id.eq_any(orgs).and($table::id.eq_any(ids)))
                    .load(&mut conn)
                    .await?;
                Ok(rows.into_iter().map(|row| (row.key, std::sync::Arc::new(row))).collect())
            }
        }

        /// Finds a record that a viewer may see, batched.
        pub async fn find(
            reader: &$crate::db::Reader,
            viewer: &$crate::auth::standing::Viewer,
            key: $key,
        ) -> $crate::kernel::error::Result<Option<std::sync::Arc<$row>>> {
            use $crate::auth::permission::Permission;
            use $crate::domain::{record_lists::Seen, visibility::View};
            match View::of(viewer, key.org, Permission::LearningRecordsRead) {
                Some(view) => reader.fetch(Seen { key, view }).await,
                None => Ok(None),
            }
        }

        /// A viewer's own records in all of their organisations.
        fn own(
            viewer: &$crate::auth::standing::Viewer,
            filter: $filter,
        ) -> Box<
            dyn diesel::expression::BoxableExpression<
                    $crate::db::schema::$table::table,
                    diesel::pg::Pg,
                    SqlType = diesel::sql_types::Bool,
                >,
        > {
            use diesel::prelude::*;
            use $crate::auth::permission::{Permission, Reach};
            use $crate::domain::visibility::View;
            let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
            let own = standings
                .filter_map(|standing| {
                    let reach = standing.reach(Permission::LearningRecordsRead);
                    let view = View { org: standing.org, member: standing.member, reach: Reach { own: true, ..Reach::NONE } };
                    (reach.own || reach.all).then(|| $crate::visible_records!($table, in view))
                })
                .reduce(|own, here| Box::new(own.or(here)));
            filter.narrow(own.unwrap_or_else(|| Box::new(false.into_sql::<diesel::sql_types::Bool>())))
        }

        /// Reads a page of a viewer's own records in all of their organisations, the newest first.
        pub async fn list_own(
            reader: &$crate::db::Reader,
            viewer: &$crate::auth::standing::Viewer,
            filter: $filter,
            page: &$crate::kernel::page::Page,
        ) -> $crate::kernel::error::Result<$crate::kernel::page::Slice<std::sync::Arc<$row>>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::db::schema::$table;
            let range = $crate::domain::record_lists::IdRange::of(page)?;
            let query = $row::query()
                .filter(own(viewer, filter))
                .filter($table::id.gt($id(range.above)).and($table::id.lt($id(range.below))))
                .limit(page.size + 1)
                .into_boxed();
            let query = if page.backward { query.order_by($table::id.asc()) } else { query.order_by($table::id.desc()) };
            let rows: Vec<$row> = reader.run(|mut conn| async move { query.load(&mut conn).await }).await?;
            Ok(page.slice(rows.into_iter().map(std::sync::Arc::new).collect()))
        }

        /// Counts a viewer's own records in all of their organisations.
        pub async fn count_own(
            reader: &$crate::db::Reader,
            viewer: &$crate::auth::standing::Viewer,
            filter: $filter,
        ) -> $crate::kernel::error::Result<i64> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::db::schema::$table;
            let query = $table::table.filter(own(viewer, filter)).count();
            reader.run(|mut conn| async move { query.get_result(&mut conn).await }).await
        }
    };

    // One page for each parent: a range of the index that begins with the parent's column and ends with the id.
    (@page $table:ident, $column:literal, $order:literal) => {
        concat!(
            "select r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from ", stringify!($table),
            " where ", stringify!($table), ".org_id = p.org_id and ", stringify!($table), $column, " = p.id and ? and ",
            stringify!($table), ".id > ? and ", stringify!($table), ".id < ? order by ", stringify!($table), ".id ",
            $order, " limit ?) r order by r.id ", $order,
        )
    };

    (@count $table:ident, $column:literal) => {
        concat!(
            "select p.org_id, p.id, (select count(*) from ", stringify!($table), " where ", stringify!($table),
            ".org_id = p.org_id and ", stringify!($table), $column, " = p.id and ?) from unnest(?, ?) as p (org_id, id)",
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: Option<&str>) -> Page {
        let after = after.map(|id| vec![id.to_owned()]);
        Page {
            size: 2,
            backward: false,
            after,
            before: None,
        }
    }

    #[test]
    fn a_page_is_a_range_of_identifiers() {
        let id = Uuid::from_u128(7);
        let behind = IdRange::of(&page(Some(&id.to_string()))).unwrap();
        assert_eq!(
            behind,
            IdRange {
                above: Uuid::nil(),
                below: id
            }
        );
        assert_eq!(IdRange::of(&page(None)).unwrap().below, Uuid::max());
        assert!(IdRange::of(&page(Some("7"))).is_err());
    }
}
