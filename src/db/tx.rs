//! One write: one transaction in one organisation.

use super::pool::{Db, Statements, uncounted};
use super::scope::Scope;
use crate::kernel::error::Result;
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AnsiTransactionManager, AsyncConnection, AsyncPgConnection, TransactionManager};

/// A scoped read-write transaction. Dropped without [`Tx::commit`] it is undone with its connection.
pub struct Tx {
    conn: Object<AsyncPgConnection>,
}

impl Tx {
    /// Takes a connection and opens the transaction with its scope.
    pub async fn begin(db: &Db, scope: &Scope, statements: &Statements) -> Result<Self> {
        Ok(Self {
            conn: db.begin("BEGIN", scope, statements).await?,
        })
    }

    /// The connection, for statements.
    pub fn conn(&self) -> &AsyncPgConnection {
        &self.conn
    }

    /// Makes everything in the transaction last.
    pub async fn commit(self) -> Result<()> {
        self.end(true).await
    }

    /// Undoes everything in the transaction.
    pub async fn rollback(self) -> Result<()> {
        self.end(false).await
    }

    async fn end(mut self, commit: bool) -> Result<()> {
        let conn = &mut *self.conn;
        conn.set_instrumentation(uncounted);
        let ended = if commit {
            AnsiTransactionManager::commit_transaction(conn).await
        } else {
            AnsiTransactionManager::rollback_transaction(conn).await
        };
        if ended.is_err() {
            let _ = Object::take(self.conn);
        }
        Ok(ended?)
    }
}
