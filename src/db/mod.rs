//! PostgreSQL: the pool, the scoped sessions over it, and how rows are batched and paged.
//!
//! This module alone opens connections. A read operation gets one [`Session`] (one connection, one snapshot), a
//! write one [`Tx`]; both set the tenant scope that row-level security reads before anything else runs.

pub mod batch;
mod begin;
pub mod error;
pub mod keys;
pub mod migrate;
pub mod paginate;
pub mod pool;
#[rustfmt::skip]
pub mod schema;
pub mod scope;
pub mod session;
pub mod statement;
pub mod text_enum;
pub mod tx;

pub use batch::{Batch, Reader, each};
pub use pool::Db;
pub use scope::Scope;
pub use session::Session;
pub use statement::Statement;
pub use tx::Tx;

/// A shared connection: statements on it are pipelined when their futures run together.
pub type Conn<'a> = &'a diesel_async::AsyncPgConnection;
