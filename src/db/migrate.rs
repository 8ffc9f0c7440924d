//! Brings a database to the schema of this build.

use anyhow::Context;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// The migrations of this build.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Connects as the owner of the tables: what no request can.
pub async fn connect(owner_url: &str) -> anyhow::Result<AsyncPgConnection> {
    AsyncPgConnection::establish(owner_url)
        .await
        .context("the database does not answer the owner role")
}

/// Applies what is missing, as the owner of the tables, and returns the names of what it applied.
pub async fn migrate(owner_url: &str) -> anyhow::Result<Vec<String>> {
    let mut conn = connect(owner_url).await?;
    // A migration that cannot have its lock gives way to those who work, and is tried again by whoever deploys.
    conn.batch_execute("SET lock_timeout = '5s'").await?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow::anyhow!("a migration failed and was undone: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
