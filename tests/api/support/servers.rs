//! The servers that all tests share: one private PostgreSQL with a new database, stopped at the end of the process.

use lyceum::config::DatabaseConfig;
use lyceum::db::migrate::migrate;
use lyceum::dev::cluster::{Cluster, ClusterOptions};
use std::path::PathBuf;
use std::sync::OnceLock;
use tokio_postgres::{Client, NoTls};

/// The name of the database.
pub const DATABASE: &str = "lyceum_test";

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
    make_anew(&cluster, DATABASE).await;
    migrate(&cluster.owner_url(DATABASE)).await.unwrap();
    Servers {
        owner_url: cluster.owner_url(DATABASE),
        cluster,
    }
}

/// How a test's node reaches the database.
pub fn database_config() -> DatabaseConfig {
    config_of(DATABASE)
}

fn config_of(database: &str) -> DatabaseConfig {
    DatabaseConfig {
        database_url: servers().cluster.app_url(database),
        pool_size: 8,
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
    connect(&servers().cluster.admin_url(DATABASE)).await
}

/// The serving role, who sees nothing without a scope.
pub async fn serving() -> Client {
    connect(&servers().cluster.app_url(DATABASE)).await
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
}
