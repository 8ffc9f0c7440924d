//! Lists of what belongs to one person, the newest first.

/// Writes how a table of a person's own rows is listed: `page` and `count`. Its rows have `id` and `user_id`.
macro_rules! own_list {
    ($table:ident, $row:ident $(, $only:expr)?) => {
        /// Reads a page of a person's rows, the newest first.
        pub async fn page(
            reader: &$crate::db::Reader,
            user: $crate::kernel::ids::UserId,
            page: &$crate::kernel::page::Page,
        ) -> $crate::kernel::error::Result<$crate::kernel::page::Slice<std::sync::Arc<$row>>> {
            let range = $crate::domain::record_lists::IdRange::of(page)?;
            let query = $row::query()
                .filter($table::user_id.eq(user))
                $(.filter($only))?
                .filter($table::id.gt(range.above).and($table::id.lt(range.below)))
                .limit(page.size + 1)
                .into_boxed();
            let query = if page.backward {
                query.order_by($table::id.asc())
            } else {
                query.order_by($table::id.desc())
            };
            let rows: Vec<$row> = reader.run(|mut conn| async move { query.load(&mut conn).await }).await?;
            Ok(page.slice(rows.into_iter().map(std::sync::Arc::new).collect()))
        }

        /// Counts a person's rows.
        pub async fn count(
            reader: &$crate::db::Reader,
            user: $crate::kernel::ids::UserId,
        ) -> $crate::kernel::error::Result<i64> {
            let query = $table::table
                .filter($table::user_id.eq(user))
                $(.filter($only))?
                .count();
            reader.run(|mut conn| async move { query.get_result(&mut conn).await }).await
        }
    };
}
