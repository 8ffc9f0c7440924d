//! One read operation: one connection, one snapshot.
//!
//! The first statement takes a connection and opens a read-only, repeatable-read transaction with the scope;
//! what needs no SQL takes none. A session that is dropped in the middle leaves its connection in a transaction,
//! which the pool sees and throws away.

use super::pool::{Db, Statements, uncounted};
use super::scope::Scope;
use crate::kernel::error::{Error, Result};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AnsiTransactionManager, AsyncConnection, AsyncPgConnection, TransactionManager};
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::OnceCell;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A lazily opened, scoped read transaction that all of an operation's statements share.
pub struct Session {
    db: Db,
    scope: Scope,
    statements: Statements,
    conn: OnceCell<Object<AsyncPgConnection>>,
    failed: AtomicBool,
}

impl Session {
    /// Prepares a session; nothing is opened yet.
    pub fn new(db: Db, scope: Scope, statements: Statements) -> Self {
        Self {
            db,
            scope,
            statements,
            conn: OnceCell::new(),
            failed: AtomicBool::new(false),
        }
    }

    /// Gives the shared connection, opened at the first call.
    pub async fn conn(&self) -> Result<&AsyncPgConnection> {
        if self.failed.load(Ordering::Relaxed) {
            return Err(Error::Unavailable);
        }
        let conn = self
            .conn
            .get_or_try_init(|| self.db.begin(BEGIN, &self.scope, &self.statements))
            .await?;
        Ok(conn)
    }

    /// Runs statements on the shared connection. A failure marks the session: PostgreSQL refuses everything after
    /// it in the same transaction, so the rest of the operation answers that it may be tried again.
    pub async fn run<'s, T, F>(&'s self, statements: impl FnOnce(&'s AsyncPgConnection) -> F) -> Result<T>
    where
        F: Future<Output = diesel::QueryResult<T>>,
    {
        statements(self.conn().await?).await.map_err(|error| {
            if !matches!(error, diesel::result::Error::NotFound) {
                self.failed.store(true, Ordering::Relaxed);
            }
            error.into()
        })
    }

    /// Ends the transaction and gives the connection back.
    pub async fn close(self) {
        let Some(mut conn) = self.conn.into_inner() else {
            return;
        };
        conn.set_instrumentation(uncounted);
        if AnsiTransactionManager::commit_transaction(&mut *conn)
            .await
            .is_err()
        {
            let _ = Object::take(conn);
        }
    }
}
