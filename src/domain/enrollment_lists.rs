//! Lists of what lies below enrolments, written once for all of their tables: whoever sees an enrolment sees all of it.
//!
//! Pages are loaded for many enrolments at once, newest first, so that a list below a list costs one statement.

/// Writes the keys of a table's pages and counts below enrolments. The invoking module has `Columns`, the select list of
/// the row.
///
/// ```text
/// enrollment_lists!(attempts, Attempt, AttemptsOf, AttemptCountOf);
/// ```
#[macro_export]
macro_rules! enrollment_lists {
    ($table:ident, $Row:ident, $Page:ident, $Count:ident) => {
        /// A page of an enrolment's records, the newest first.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $Page {
            enrollment: $crate::kernel::ids::EnrollmentKey,
            page: $crate::kernel::page::Page,
            range: $crate::domain::record_lists::IdRange,
        }

        impl $Page {
            /// Asks for a page.
            pub fn new(
                enrollment: $crate::kernel::ids::EnrollmentKey,
                page: $crate::kernel::page::Page,
            ) -> $crate::kernel::error::Result<Self> {
                let range = $crate::domain::record_lists::IdRange::of(&page)?;
                Ok(Self {
                    enrollment,
                    page,
                    range,
                })
            }

            /// One page for each enrolment: all of the same form.
            fn below<'a>(
                page: &$crate::kernel::page::Page,
                keys: &[&Self],
            ) -> $crate::db::Statement<'a, diesel::dsl::SqlTypeOf<Columns>> {
                use diesel::sql_types::{Array, BigInt, Uuid};
                macro_rules! sql {
                    ($order:literal) => {
                        concat!(
                            "select r.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from ",
                            stringify!($table),
                            " where ",
                            stringify!($table),
                            ".org_id = p.org_id and ",
                            stringify!($table),
                            ".enrollment_id = p.id and ",
                            stringify!($table),
                            ".id > ? and ",
                            stringify!($table),
                            ".id < ? order by ",
                            stringify!($table),
                            ".id ",
                            $order,
                            " limit ?) r order by r.id ",
                            $order
                        )
                    };
                }
                let (orgs, ids): (
                    Vec<$crate::kernel::ids::OrgId>,
                    Vec<$crate::kernel::ids::EnrollmentId>,
                ) = keys
                    .iter()
                    .map(|key| (key.enrollment.org, key.enrollment.id))
                    .unzip();
                let range = keys.first().map(|key| key.range);
                let sql = if page.backward { sql!("asc") } else { sql!("desc") };
                $crate::db::Statement::new(sql)
                    .bind::<Array<Uuid>, _>(orgs)
                    .bind::<Array<Uuid>, _>(ids)
                    .bind::<diesel::dsl::SqlTypeOf<Columns>, _>(
                        <$Row as diesel::Selectable<diesel::pg::Pg>>::construct_selection(),
                    )
                    .bind::<Uuid, _>(range.map_or(uuid::Uuid::nil(), |range| range.above))
                    .bind::<Uuid, _>(range.map_or(uuid::Uuid::max(), |range| range.below))
                    .bind::<BigInt, _>(page.size + 1)
            }
        }

        impl $crate::db::Batch for $Page {
            type Value = $crate::kernel::page::Slice<std::sync::Arc<$Row>>;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, Self::Value>> {
                use diesel_async::RunQueryDsl;
                use std::collections::HashMap;
                let mut pages: HashMap<&$crate::kernel::page::Page, Vec<&Self>> = HashMap::new();
                for key in keys {
                    pages.entry(&key.page).or_default().push(key);
                }
                let mut slices = HashMap::with_capacity(keys.len());
                for (page, keys) in pages {
                    let mut rows: HashMap<$crate::kernel::ids::EnrollmentId, Vec<std::sync::Arc<$Row>>> =
                        HashMap::new();
                    for row in Self::below(page, &keys).load::<$Row>(&mut conn).await? {
                        rows.entry(row.enrollment_id)
                            .or_default()
                            .push(std::sync::Arc::new(row));
                    }
                    slices.extend(keys.into_iter().map(|key| {
                        let rows = rows.remove(&key.enrollment.id).unwrap_or_default();
                        (key.clone(), page.slice(rows))
                    }));
                }
                Ok(slices)
            }
        }

        /// How many records an enrolment has; absent where it has none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $Count(pub $crate::kernel::ids::EnrollmentKey);

        impl $crate::db::Batch for $Count {
            type Value = i64;

            async fn load_many(
                keys: &[Self],
                mut conn: $crate::db::Conn<'_>,
            ) -> diesel::QueryResult<std::collections::HashMap<Self, i64>> {
                use diesel::prelude::*;
                use diesel_async::RunQueryDsl;
                use $crate::kernel::ids::{EnrollmentId, EnrollmentKey, OrgId};
                let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
                let ids: Vec<EnrollmentId> = keys.iter().map(|key| key.0.id).collect();
                let rows: Vec<(OrgId, EnrollmentId, i64)> = $table::table
                    .filter(
                        $table::org_id
                            .eq_any(orgs)
                            .and($table::enrollment_id.eq_any(ids)),
                    )
                    .group_by(($table::org_id, $table::enrollment_id))
                    .select((
                        $table::org_id,
                        $table::enrollment_id,
                        diesel::dsl::count_star(),
                    ))
                    .load(&mut conn)
                    .await?;
                let counted = rows
                    .into_iter()
                    .map(|(org, id, count)| (Self(EnrollmentKey::new(org, id)), count));
                Ok(counted.collect())
            }
        }
    };
}
