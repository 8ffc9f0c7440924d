//! One read operation: one connection, one snapshot.
//!
//! The first statement takes a connection and opens a read-only, repeatable-read transaction with the scope;
//! what needs no SQL takes none. A session that is dropped in the middle closes its connection.

use super::pool::{Db, Lent, Statements, within};
use super::scope::Scope;
use crate::kernel::error::{Error, Result};
use diesel_async::AsyncPgConnection;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A lazily opened, scoped read transaction that all of an operation's statements share.
pub struct Session {
    db: Db,
    scope: Scope,
    statements: Statements,
    transaction: OnceCell<Lent>,
    failed: AtomicBool,
}

impl Session {
    /// Prepares a session; nothing is opened yet.
    pub fn new(db: Db, scope: Scope, statements: Statements) -> Self {
        Self {
            db,
            scope,
            statements,
            transaction: OnceCell::new(),
            failed: AtomicBool::new(false),
        }
    }

    /// Gives the shared connection, opened at the first call.
    async fn conn(&self) -> Result<&Lent> {
        let begin = || async {
            // Others may have waited for the same: each of them would wait as long again.
            self.check()?;
            let begun = self.db.begin(BEGIN, &self.scope, &self.statements).await;
            begun.inspect_err(|_| self.failed.store(true, Ordering::Relaxed))
        };
        let transaction = self.transaction.get_or_try_init(begin).await?;
        self.check()?;
        Ok(transaction)
    }

    fn check(&self) -> Result<()> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(Error::Unavailable);
        }
        Ok(())
    }

    /// Runs statements on the shared connection. A failure marks the session: PostgreSQL refuses everything after
    /// it in the same transaction, so the rest of the operation answers that it may be tried again.
    pub async fn run<'s, T, F>(&'s self, statements: impl FnOnce(&'s AsyncPgConnection) -> F) -> Result<T>
    where
        F: Future<Output = diesel::QueryResult<T>>,
    {
        let conn = self.conn().await?;
        within(conn.patience, statements(conn)).await.map_err(|error| {
            let is_first = matches!(error, diesel::result::Error::NotFound)
                || !self.failed.swap(true, Ordering::Relaxed);
            if is_first {
                error.into()
            } else {
                Error::Unavailable
            }
        })
    }

    /// Ends the transaction and gives the connection back.
    pub async fn close(self) {
        if let Some(transaction) = self.transaction.into_inner() {
            // Nothing was written; a connection that cannot even commit that is closed.
            let _ = transaction.end(true).await;
        }
    }
}
