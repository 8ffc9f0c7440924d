//! Brings a database to the schema of this build.

use anyhow::Context;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

/// The migrations of this build.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

/// Applies what is missing, as the owner of the tables, and returns the names of what it applied.
pub async fn migrate(owner_url: &str) -> anyhow::Result<Vec<String>> {
    let conn = AsyncPgConnection::establish(owner_url)
        .await
        .context("the database does not answer the owner role")?;
    let mut harness = AsyncMigrationHarness::new(conn);
    let applied = harness
        .run_pending_migrations(MIGRATIONS)
        .map_err(|error| anyhow::anyhow!("a migration failed and was undone: {error}"))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
