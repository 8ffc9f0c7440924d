//! The servers that all tests share: one private PostgreSQL with a new database, stopped at the end of the process.

use lyceum::config::DatabaseConfig;
use lyceum::db::migrate::migrate;
use lyceum::dev::cluster::{Cluster, ClusterOptions};
use lyceum::kernel::ids::OrgId;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use tokio_postgres::{Client, NoTls};

/// The name of the database.
pub const DATABASE: &str = "lyceum_test";

/// The database of tests in which mails are delivered: whoever delivers takes all that are due.
pub const MAIL_DATABASE: &str = "lyceum_test_mail";

struct Servers {
    cluster: Cluster,
    owner_url: String,
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        // A runtime of its own: the tests' runtimes come and go.
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let servers = runtime.block_on(start());
            std::mem::forget(runtime);
            servers
        })
        .join()
        .unwrap()
    })
}

async fn start() -> Servers {
    let data_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cluster");
    let cluster = Cluster::start(ClusterOptions {
        data_dir,
        durable: false,
        max_connections: 400,
    })
    .await
    .unwrap();
    for database in [DATABASE, MAIL_DATABASE] {
        make_anew(&cluster, database).await;
        migrate(&cluster.owner_url(database)).await.unwrap();
    }
    Servers {
        owner_url: cluster.owner_url(DATABASE),
        cluster,
    }
}

/// How a test's node reaches the database.
pub fn database_config() -> DatabaseConfig {
    config_of(DATABASE)
}

/// How the node of a test with mails reaches its database.
pub fn mail_database_config() -> DatabaseConfig {
    config_of(MAIL_DATABASE)
}

fn config_of(database: &str) -> DatabaseConfig {
    DatabaseConfig {
        database_url: servers().cluster.app_url(database),
        pool_size: 8,
        // A busy machine is no fault.
        pool_wait_ms: 20_000,
        ..DatabaseConfig::default()
    }
}

/// A new database for one test: what PostgreSQL counts for it, nobody else adds to.
pub async fn database_of_its_own(name: &str) -> DatabaseConfig {
    migrate(&new_database(name).await).await.unwrap();
    config_of(name)
}

/// The superuser, who sees the rows of all organisations.
pub async fn admin() -> Client {
    admin_of(DATABASE).await
}

/// The same in another database.
pub async fn admin_of(database: &str) -> Client {
    connect(&servers().cluster.admin_url(database)).await
}

/// What an organisation and its people have, seen past row security: rows and a checksum for each table. Not what the sequencer
/// adds to it, which another test may run at any time.
pub async fn state_of(org: OrgId) -> BTreeMap<String, String> {
    let admin = admin().await;
    let tables = "select t.table_name::text from information_schema.tables t join information_schema.columns c using (table_schema, table_name) \
        where t.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.column_name = 'org_id' and t.table_name <> 'audit_ends'";
    let tables = admin.query(tables, &[]).await.unwrap();
    let mut queries: Vec<(String, String)> = tables
        .iter()
        .map(|row| row.get::<_, String>(0))
        .map(|table| {
            // Written by and by, about whoever tries.
            let but = match table.as_str() {
                "organization_security_events" => "kind <> 'cross_tenant_attempt'",
                "outbox_events" => "kind <> 'security.cross_tenant_attempt'",
                _ => "true",
            };
            (
                table.clone(),
                format!("{table} where org_id = '{}' and {but}", org.0),
            )
        })
        .collect();
    assert!(queries.len() > 15, "the list of tables is read");
    let people = format!("(select user_id from memberships where org_id = '{}')", org.0);
    queries.push((
        "organizations".to_owned(),
        format!("organizations where id = '{}'", org.0),
    ));
    queries.push(("users".to_owned(), format!("users where id in {people}")));
    queries.push((
        "founded".to_owned(),
        format!("organizations where founded_by in {people}"),
    ));
    queries.push((
        "mails to them".to_owned(),
        format!("mails where recipient in (select email from users where id in {people})"),
    ));
    queries.push((
        "children whose guardians they are".to_owned(),
        format!("guardian_consents where email in (select email from users where id in {people})"),
    ));
    queries.push((
        "sign-ins that lead back to it".to_owned(),
        format!("provider_sign_ins where position((select slug from organizations where id = '{}') in return_to) > 0", org.0),
    ));
    let of_people = "select table_name::text from information_schema.columns c where table_schema = 'public' and column_name = 'user_id' \
        and not exists (select from information_schema.columns o where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'org_id')";
    for row in admin.query(of_people, &[]).await.unwrap() {
        let table: String = row.get(0);
        queries.push((table.clone(), format!("{table} where user_id in {people}")));
    }
    let mut state = BTreeMap::new();
    for (table, rows) in queries {
        let sum = format!(
            "select format('%s rows %s', count(*), md5(string_agg(t.row, '|' order by t.row))) \
             from (select (to_jsonb(r) - '{{sequence,seal}}'::text[])::text as row from (select * from {rows}) r) t"
        );
        state.insert(table, admin.query_one(&sum, &[]).await.unwrap().get(0));
    }
    state
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How the owner of the tables reaches the database.
pub fn owner_url() -> &'static str {
    &servers().owner_url
}

/// How the owner of the tables reaches another database.
pub fn owner_url_of(database: &str) -> String {
    servers().cluster.owner_url(database)
}

/// Makes an empty database for tests of its own; returns its address for the owner of its tables.
pub async fn new_database(name: &str) -> String {
    make_anew(&servers().cluster, name).await;
    servers().cluster.owner_url(name)
}

async fn make_anew(cluster: &Cluster, name: &str) {
    let admin = connect(&cluster.admin_url("postgres")).await;
    admin
        .batch_execute(&format!("drop database if exists {name} with (force)"))
        .await
        .unwrap();
    cluster.create_database(name).await.unwrap();
    // A zone that changes its clocks, so that nothing can depend on the server's.
    let zone = format!("alter database {name} set timezone to 'Europe/Berlin'");
    admin.batch_execute(&zone).await.unwrap();
}
