//! What mutations on many rows have in common.

use async_graphql::Enum;

/// How many rows one mutation takes.
pub const MOST_ROWS: usize = 250;

/// What becomes of the other rows where some cannot be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum ErrorPolicy {
    /// Nothing is done unless every row can be.
    #[default]
    RejectAll,
    /// The rows that can be done are done.
    RejectRows,
}
