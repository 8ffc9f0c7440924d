//! The pool, and the refusal to start with too much power.

use super::begin::begin;
use super::scope::Scope;
use super::statement::Statement;
use crate::config::DatabaseConfig;
use crate::kernel::error::{Error, Result};
use anyhow::Context;
use diesel::QueryResult;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::deserialize::FromSqlRow;
use diesel::expression::QueryMetadata;
use diesel::pg::Pg;
use diesel::query_dsl::CompatibleType;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Bool, Integer, Text};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager,
};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// The database, as the role that serves requests.
#[derive(Clone)]
pub struct Db {
    /// For operations.
    pool: Pool<AsyncPgConnection>,
    /// For doors: sign-in, sessions, verification and health go on while operations take all of theirs.
    doors: Pool<AsyncPgConnection>,
    /// How often a connection of either was taken.
    taken: Arc<AtomicU64>,
    patience: Duration,
    write_patience: Duration,
}

/// How long a server that misses its own deadline is waited for before its connection counts as dead.
const GRACE: Duration = Duration::from_secs(1);

/// Counts the data statements of one operation; transaction control is not among them.
#[derive(Clone, Debug, Default)]
pub struct Statements(Arc<AtomicU32>);

impl Statements {
    /// How many statements ran so far.
    pub fn count(&self) -> u32 {
        AtomicU32::load(&self.0, Ordering::Relaxed)
    }
}

impl Instrumentation for Statements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Counts nothing: what a connection in the pool carries, and transaction control.
fn uncounted(_: InstrumentationEvent<'_>) {}

#[derive(diesel::QueryableByName)]
struct LoginRole {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    is_privileged: bool,
}

impl Db {
    /// Connects, and refuses a login role that could step around row-level security.
    pub async fn connect(config: &DatabaseConfig) -> anyhow::Result<Self> {
        let db = Self {
            pool: pool(config, config.pool_size)?,
            doors: pool(config, config.door_pool_size)?,
            taken: Arc::default(),
            patience: Duration::from_millis(config.statement_timeout_ms) + GRACE,
            write_patience: Duration::from_millis(config.write_timeout_ms),
        };
        db.refuse_privileges().await?;
        Ok(db)
    }

    async fn refuse_privileges(&self) -> anyhow::Result<()> {
        let mut conn = self
            .doors
            .get()
            .await
            .context("the database does not answer; is DATABASE_URL right and the server up?")?;
        let role: LoginRole = diesel::sql_query(
            "select current_user::text as name, r.rolsuper or r.rolbypassrls \
             or exists (select from pg_class c where c.relowner = r.oid) \
             or exists (select from pg_roles o where o.rolname in ('lyceum_owner', 'lyceum_door') and pg_has_role(r.oid, o.oid, 'member')) \
             as is_privileged from pg_roles r where r.rolname = current_user",
        )
        .get_result(&mut conn)
        .await?;
        anyhow::ensure!(
            !role.is_privileged,
            "the role {} owns tables or bypasses row-level security; serve as lyceum_app and keep the owner for `lyceum migrate`",
            role.name
        );
        Ok(())
    }

    /// Runs a door: one statement that needs no scope.
    pub async fn door<S, R>(&self, statement: Statement<'_, S>) -> Result<Vec<R>>
    where
        S: CompatibleType<R, Pg> + Send + 'static,
        Pg: QueryMetadata<S>,
        R: FromSqlRow<S::SqlType, Pg> + Send + 'static,
    {
        let lent = self.lend(&self.doors).await?;
        let rows = within(self.patience, statement.load(&mut &*lent)).await?;
        lent.give_back();
        Ok(rows)
    }

    /// Asks the server whether it is there.
    pub async fn answers(&self) -> Result<()> {
        let _: Vec<i32> = self.door(Statement::<Integer>::new("select 1")).await?;
        Ok(())
    }

    /// How long a write may take in all.
    pub const fn write_patience(&self) -> Duration {
        self.write_patience
    }

    async fn lend(&self, pool: &Pool<AsyncPgConnection>) -> Result<Lent> {
        let conn = pool.get().await.map_err(|_| Error::Unavailable)?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        Ok(Lent {
            conn: Some(conn),
            patience: self.patience,
        })
    }

    /// How often a connection was taken, be it for an operation or for a door: who takes none asks the database nothing, not even
    /// who somebody is.
    pub fn times_taken(&self) -> u64 {
        AtomicU64::load(&self.taken, Ordering::Relaxed)
    }

    /// How many connections are open and how many of them are idle.
    pub fn status(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// Takes a connection and opens a scoped transaction on it.
    pub(super) async fn begin(&self, sql: &str, scope: &Scope, statements: &Statements) -> Result<Lent> {
        let mut lent = self.lend(&self.pool).await?;
        within(self.patience, begin(&mut lent, sql, scope)).await?;
        lent.set_instrumentation(statements.clone());
        Ok(lent)
    }
}

/// Waits for the server only so long: one that is silent beyond its own deadlines will not answer any more.
pub(super) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = QueryResult<T>>,
) -> QueryResult<T> {
    let silence = |_| {
        let message = "connection closed: the server is silent".to_owned();
        Err(DieselError::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand,
            Box::new(message),
        ))
    };
    tokio::time::timeout(patience, answer)
        .await
        .unwrap_or_else(silence)
}

/// A connection out of the pool. If it is dropped before it is given back, it is closed, so that no transaction, lock or
/// scope outlives the request; the pool itself would look at it only when somebody wants it next.
pub(super) struct Lent {
    conn: Option<Object<AsyncPgConnection>>,
    pub patience: Duration,
}

impl Lent {
    /// Ends the transaction and gives the connection back.
    pub async fn end(mut self, commit: bool) -> QueryResult<()> {
        let patience = self.patience;
        let conn: &mut AsyncPgConnection = &mut self;
        conn.set_instrumentation(uncounted);
        within(patience, async {
            if commit {
                AnsiTransactionManager::commit_transaction(conn).await
            } else {
                AnsiTransactionManager::rollback_transaction(conn).await
            }
        })
        .await?;
        self.give_back();
        Ok(())
    }

    fn give_back(mut self) {
        drop(self.conn.take());
    }
}

impl Deref for Lent {
    type Target = AsyncPgConnection;
    fn deref(&self) -> &AsyncPgConnection {
        self.conn.as_ref().expect("only giving it back takes it away")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        self.conn.as_mut().expect("only giving it back takes it away")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        drop(self.conn.take().map(Object::take));
    }
}

fn pool(config: &DatabaseConfig, size: usize) -> anyhow::Result<Pool<AsyncPgConnection>> {
    let mut manager = ManagerConfig::default();
    manager.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(config.with_deadlines(), manager);
    let wait = Some(Duration::from_millis(config.pool_wait_ms));
    let builder = Pool::builder(manager)
        .max_size(size)
        .wait_timeout(wait)
        .create_timeout(wait);
    Ok(builder.runtime(deadpool::Runtime::Tokio1).build()?)
}
