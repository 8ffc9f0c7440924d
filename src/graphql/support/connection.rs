//! Relay connections (GraphQL Cursor Connections Specification).

use crate::db::Reader;
use crate::kernel::error::Result;
use crate::kernel::keyring::Keyring;
use crate::kernel::page::{Slice, write_cursor};
use async_graphql::SimpleObject;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// Where a page stands in its list.
#[derive(Clone, Debug, SimpleObject)]
pub struct PageInfo {
    /// Whether rows follow this page.
    pub has_next_page: bool,
    /// Whether rows precede this page.
    pub has_previous_page: bool,
    /// The cursor of the page's first row; null on an empty page.
    pub start_cursor: Option<String>,
    /// The cursor of the page's last row; null on an empty page.
    pub end_cursor: Option<String>,
}

/// Counts a whole list when somebody asks.
pub type Count = Box<dyn Fn(Arc<Reader>) -> BoxFuture<'static, Result<i64>> + Send + Sync>;

/// One page of a list with its cursors.
pub struct Paged<N> {
    /// Each row with its cursor.
    pub rows: Vec<(String, N)>,
    /// Where the page stands.
    pub info: PageInfo,
    /// Counts the list.
    pub count: Count,
}

impl<N> Paged<N> {
    /// Gives each row of a page its cursor: the values that the list is ordered by.
    pub fn new<const VALUES: usize>(
        keyring: &Keyring,
        list: &str,
        slice: Slice<N>,
        cursor: impl Fn(&N) -> [String; VALUES],
        count: Count,
    ) -> Self {
        let rows: Vec<_> = slice
            .rows
            .into_iter()
            .map(|row| (write_cursor(keyring, list, &cursor(&row)), row))
            .collect();
        let info = PageInfo {
            has_next_page: slice.has_next,
            has_previous_page: slice.has_previous,
            start_cursor: rows.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: rows.last().map(|(cursor, _)| cursor.clone()),
        };
        Self { rows, info, count }
    }

    /// Shows each row as something else.
    pub fn map<M>(self, show: impl Fn(N) -> M) -> Paged<M> {
        let rows = self
            .rows
            .into_iter()
            .map(|(cursor, row)| (cursor, show(row)))
            .collect();
        Paged {
            rows,
            info: self.info,
            count: self.count,
        }
    }
}

/// Declares the connection and edge types of a node: `connection!(CourseConnection, CourseEdge, Course, "courses")`.
#[macro_export]
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $rows:literal) => {
        #[doc = concat!("A page of ", $rows, ".")]
        pub struct $connection($crate::graphql::support::Paged<$node>);

        #[doc = concat!("One of the ", $rows, " of a page, with its cursor.")]
        pub struct $edge<'c>(&'c (String, $node));

        impl From<$crate::graphql::support::Paged<$node>> for $connection {
            fn from(paged: $crate::graphql::support::Paged<$node>) -> Self {
                Self(paged)
            }
        }

        #[doc = concat!("A page of ", $rows, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The rows with their cursors. Cost: 1.
            async fn edges(&self) -> Vec<$edge<'_>> {
                self.0.rows.iter().map($edge).collect()
            }

            /// The rows alone. Cost: 1.
            async fn nodes(&self) -> Vec<&$node> {
                self.0.rows.iter().map(|(_, node)| node).collect()
            }

            /// Where this page stands in the list. Cost: 1.
            async fn page_info(&self) -> &$crate::graphql::support::PageInfo {
                &self.0.info
            }

            /// How many rows the whole list has. Cost: 1, and one more SQL statement.
            async fn total_count(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<i64> {
                use $crate::graphql::support::Ask;
                Ok((self.0.count)(ctx.reader()).await?)
            }
        }

        #[doc = concat!("One of the ", $rows, " of a page, with its cursor.")]
        #[async_graphql::Object]
        impl $edge<'_> {
            /// Give it as `after` or `before` to page on from this row. Cost: 1.
            async fn cursor(&self) -> &str {
                &self.0.0
            }

            /// The row. Cost: 1.
            async fn node(&self) -> &$node {
                &self.0.1
            }
        }
    };
}
