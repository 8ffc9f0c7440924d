//! One write: one transaction in one organisation.

use super::pool::{Db, Lent, Statements, within};
use super::scope::Scope;
use crate::kernel::error::Result;
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;

/// A scoped read-write transaction. Dropped without [`Tx::commit`] it is undone with its connection.
pub struct Tx(Lent);

impl Tx {
    /// Takes a connection and opens the transaction with its scope.
    pub async fn begin(db: &Db, scope: &Scope, statements: &Statements) -> Result<Self> {
        Ok(Self(db.begin("BEGIN", scope, statements).await?))
    }

    /// The connection, for statements.
    pub fn conn(&self) -> &AsyncPgConnection {
        &self.0
    }

    /// Runs statements, and waits for them no longer than the server's own deadlines allow.
    pub async fn run<'s, T, F>(&'s self, statements: impl FnOnce(&'s AsyncPgConnection) -> F) -> Result<T>
    where
        F: Future<Output = QueryResult<T>>,
    {
        Ok(within(self.0.patience, statements(&self.0)).await?)
    }

    /// Makes everything in the transaction last.
    pub async fn commit(self) -> Result<()> {
        Ok(self.0.end(true).await?)
    }

    /// Undoes everything in the transaction.
    pub async fn rollback(self) -> Result<()> {
        Ok(self.0.end(false).await?)
    }
}
