//! A private PostgreSQL cluster, made from PostgreSQL's own programs: the default database of `lyceum dev`
//! and of the tests.
//!
//! The server listens on a Unix socket alone, in a folder with mode 0700. That folder is the whole of its
//! access control: `trust` inside it means that whoever may enter it (the account that the server runs under,
//! and root) may be any role, and nobody else can connect at all. It needs no port, so it runs beside any
//! other PostgreSQL, and no password, so there is none to keep.
//!
//! One process at a time uses a data folder; a lock file sees to that. The server ends with that process (see
//! `service`), and should one be left behind all the same, the next start stops it first. `place` says where
//! the files are.

mod place;
mod programs;
mod server;

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use self::place::Place;
use super::service::Service;

const ADMIN: &str = "postgres";
const OWNER: &str = "lyceum_owner";
const APP: &str = "lyceum_app";

/// The roles of the whole cluster: one migrates, one serves, one owns the few functions that look across
/// orgs.
const ROLES: &str = "
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lyceum_owner') THEN
            CREATE ROLE lyceum_owner LOGIN NOSUPERUSER NOBYPASSRLS;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lyceum_app') THEN
            CREATE ROLE lyceum_app LOGIN NOSUPERUSER NOBYPASSRLS;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lyceum_door') THEN
            CREATE ROLE lyceum_door NOLOGIN NOSUPERUSER NOBYPASSRLS;
        END IF;
        -- So that migrations can hand functions over to it.
        GRANT lyceum_door TO lyceum_owner;
        GRANT pg_read_all_stats TO lyceum_owner;
    END $$";

/// What a letter is, and which small one belongs to which capital: as Unicode says.
const LETTERS: &str = if cfg!(target_os = "macos") {
    "UTF-8"
} else {
    "C.UTF-8"
};
/// What only a superuser may do in a new database.
const DATABASE: &str = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";

/// How a cluster is to run.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The folder that holds the cluster, or points to it; made where it does not exist.
    pub data_dir: PathBuf,
    /// Whether committed data survives a crash of the machine; `false` is faster, for tests.
    pub durable: bool,
    /// The most connections that the server accepts.
    pub max_connections: u32,
}

/// A running private PostgreSQL server; it is stopped when the value is dropped, or this process ends in any
/// way.
#[derive(Debug)]
pub struct Cluster {
    // The order of these two matters: the server is stopped before the data folder is given free.
    server: Service,
    _lock: File,
    place: Place,
}

impl Cluster {
    /// Starts the server of a data folder, after making its cluster and roles where there are none yet.
    ///
    /// # Errors
    /// When PostgreSQL is missing or too old, when another process uses the data folder, or when the server
    /// does not start; each says what to do.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        make_data_dir(&options.data_dir)?;
        let lock = lock(&options.data_dir)?;
        let place = Place::prepare(&options.data_dir)?;
        let server = server::start(&place, &options).await?;
        let cluster = Self {
            server,
            _lock: lock,
            place,
        };
        cluster
            .admin("postgres")
            .await?
            .batch_execute(ROLES)
            .await
            .context("cannot make the roles")?;
        Ok(cluster)
    }

    /// Returns the address of a database for `lyceum_owner`, the role that migrates.
    pub fn owner_url(&self, database: &str) -> String {
        url(&self.place, OWNER, database)
    }

    /// Returns the address of a database for `lyceum_app`, the role that serves.
    pub fn app_url(&self, database: &str) -> String {
        url(&self.place, APP, database)
    }

    /// Returns the address of a database for the superuser, who is needed to copy or drop databases.
    pub fn admin_url(&self, database: &str) -> String {
        url(&self.place, ADMIN, database)
    }

    /// Makes a database that belongs to `lyceum_owner`, unless it exists, and installs `pg_stat_statements`
    /// in it.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let create = format!(
            r#"CREATE DATABASE "{}" OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' LC_CTYPE '{LETTERS}'"#,
            name.replace('"', "\"\"")
        );
        match self.admin("postgres").await?.batch_execute(&create).await {
            Err(error) if !exists(&error) => {
                return Err(error).with_context(|| format!("cannot make the database {name}"));
            }
            _ => {}
        }
        let admin = self.admin(name).await?;
        admin
            .batch_execute(DATABASE)
            .await
            .with_context(|| format!("cannot prepare the database {name}"))
    }

    /// Shuts the server down: open connections are closed, all that was committed is kept.
    ///
    /// # Errors
    /// When the server cannot be waited for.
    pub async fn stop(self) -> Result<()> {
        self.server.stop().await
    }

    async fn admin(&self, database: &str) -> Result<Client> {
        connect(&self.place, database)
            .await
            .with_context(|| format!("cannot connect to the database {database}"))
    }
}

/// Tells whether a database could not be made because it is there, or just being made by somebody else.
fn exists(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&(SqlState::DUPLICATE_DATABASE | SqlState::UNIQUE_VIOLATION))
    )
}

/// Makes the data folder, which also holds keys, for this account alone; the folders above it as usual.
fn make_data_dir(data_dir: &Path) -> Result<()> {
    let make = || {
        data_dir.parent().map_or(Ok(()), fs::create_dir_all)?;
        DirBuilder::new().recursive(true).mode(0o700).create(data_dir)
    };
    make().with_context(|| format!("cannot make the folder {}", data_dir.display()))
}

/// Takes the data folder for this process. The kernel gives the lock free when the process ends, however it
/// ends.
fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join("postgres.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open {}; was it made by another account?", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            file.write_all(std::process::id().to_string().as_bytes())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            bail!(
                "process {holder} already uses the data folder {}; stop it, or give this one another folder with LYCEUM_DATA_DIR",
                data_dir.display()
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

async fn connect(place: &Place, database: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(&url(place, ADMIN, database), NoTls).await?;
    // It ends with the client, which is also who learns of its errors.
    drop(tokio::spawn(connection));
    Ok(client)
}

fn url(place: &Place, role: &str, database: &str) -> String {
    let socket = percent_encoded(place.socket.as_os_str().as_bytes());
    format!(
        "postgres://{role}@{socket}:5432/{}",
        percent_encoded(database.as_bytes())
    )
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").expect("a String takes everything");
        }
        text
    })
}

#[cfg(test)]
mod tests;
