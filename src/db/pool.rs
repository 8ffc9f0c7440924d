//! The pool, and the refusal to start with too much power.

use super::begin::begin;
use super::scope::Scope;
use crate::config::DatabaseConfig;
use crate::kernel::error::{Error, Result};
use anyhow::Context;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use diesel::sql_types::{Bool, Text};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The database, as the role that serves requests.
#[derive(Clone)]
pub struct Db {
    /// For operations.
    pool: Pool<AsyncPgConnection>,
    /// For doors: sign-in, sessions, verification and health go on while operations take all of theirs.
    doors: Pool<AsyncPgConnection>,
}

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
pub(super) fn uncounted(_: InstrumentationEvent<'_>) {}

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

    /// Takes a connection for single statements that need no scope: the doors.
    pub async fn unscoped(&self) -> Result<Object<AsyncPgConnection>> {
        self.doors.get().await.map_err(|_| Error::Unavailable)
    }

    /// How many connections are open and how many of them are idle.
    pub fn status(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// Takes a connection and opens a scoped transaction on it.
    pub(super) async fn begin(
        &self,
        sql: &str,
        scope: &Scope,
        statements: &Statements,
    ) -> Result<Object<AsyncPgConnection>> {
        let mut conn = self.pool.get().await.map_err(|_| Error::Unavailable)?;
        if let Err(error) = begin(&mut conn, sql, scope).await {
            let _ = Object::take(conn);
            return Err(error.into());
        }
        conn.set_instrumentation(statements.clone());
        Ok(conn)
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
