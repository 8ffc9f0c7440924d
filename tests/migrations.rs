//! Every migration can be undone, and done again.

use crate::api::support::servers::new_database;
use diesel_async::{AsyncConnection, AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::MigrationHarness;
use lyceum::db::migrate::MIGRATIONS;
use std::collections::BTreeSet;
use tokio_postgres::NoTls;

/// Everything that migrations make: tables, columns, functions, policies, grants, schemas.
async fn inventory(url: &str) -> BTreeSet<String> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "select format('column %s.%s %s %s', c.table_name, c.column_name, c.udt_name, c.is_nullable) from information_schema.columns c \
        where c.table_schema not in ('pg_catalog', 'information_schema') and c.table_name not like 'pg\\_stat%' and c.table_name not like '\\_\\_%' \
        union all select format('function %s.%s', p.pronamespace::regnamespace, p.proname) from pg_proc p \
        where p.pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema') and p.proname not like 'pg\\_stat%' \
        union all select format('policy %s %s', polrelid::regclass, polname) from pg_policy \
        union all select format('constraint %s %s', conrelid::regclass, conname) from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0 \
        and conrelid::regclass::text not like '\\_\\_%' \
        union all select format('grant %s %s %s', grantee, table_name, privilege_type) from information_schema.role_table_grants \
        where grantee in ('lyceum_app', 'lyceum_door') \
        union all select format('schema %s', nspname) from pg_namespace where nspname in ('door', 'classification')";
    client
        .query(sql, &[])
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.get(0))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_can_be_undone_and_done_again() {
    let database = new_database("lyceum_test_migrations").await;
    let conn = AsyncPgConnection::establish(&database).await.unwrap();
    let before = inventory(&database).await;
    let (database, done) = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        harness.run_pending_migrations(MIGRATIONS).unwrap();
        (database, harness)
    })
    .await
    .unwrap();
    let first = inventory(&database).await;
    assert!(first.len() > before.len() + 100);
    let (database, undone) = tokio::task::spawn_blocking(move || {
        let mut harness = done;
        harness.revert_all_migrations(MIGRATIONS).unwrap();
        (database, harness)
    })
    .await
    .unwrap();
    assert_eq!(
        inventory(&database).await,
        before,
        "undoing every migration leaves nothing behind"
    );
    let database = tokio::task::spawn_blocking(move || {
        let mut harness = undone;
        harness.run_pending_migrations(MIGRATIONS).unwrap();
        database
    })
    .await
    .unwrap();
    assert_eq!(inventory(&database).await, first);
}
