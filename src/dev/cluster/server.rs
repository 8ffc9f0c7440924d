//! The server of a cluster: its making, its start, and what an earlier one left behind.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::place::Place;
use super::programs::Programs;
use super::{ADMIN, ClusterOptions, connect};
use crate::dev::service::Service;

/// How long a start may take; recovery after a crash is the slowest.
const START_DEADLINE: Duration = Duration::from_secs(60);
/// How long what an earlier server left behind may stand in the way before it is taken for stale.
const GRACE: Duration = Duration::from_secs(1);
/// How long it may do so before the start fails.
const OBSTACLE_DEADLINE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(20);

/// The settings of every cluster. The port is a part of the socket's name and no more.
const SETTINGS: [&str; 6] = [
    "listen_addresses=",
    "port=5432",
    "timezone=UTC",
    "log_timezone=UTC",
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.track_planning=on",
];
const NOT_DURABLE: [&str; 3] = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// Starts the server of a place, with a new cluster where there is none, and returns it when it answers.
pub(super) async fn start(place: &Place, options: &ClusterOptions) -> Result<Service> {
    let programs = Programs::find(place.version())?;
    stop_leftover(place, &programs).await?;
    if !place.data().exists() {
        initialise(place, &programs, options.durable).await?;
    }
    launch(place, command(place, &programs, options)).await
}

/// Stops a server of this cluster that outlived its process: it may run with other settings, and nobody would
/// ever end it.
async fn stop_leftover(place: &Place, programs: &Programs) -> Result<()> {
    // Something listens on the socket exactly as long as a server of this cluster lives; a process id alone
    // proves nothing.
    let alive = || UnixStream::connect(place.socket_file()).is_ok();
    for mode in ["fast", "immediate"] {
        if !alive() {
            return Ok(());
        }
        let mut stop = place.command(&programs.path("pg_ctl"));
        stop.args(["stop", "--silent", "--wait", "--timeout=15", "--mode", mode]);
        stop.arg("--pgdata").arg(place.data());
        // What it achieved shows in the next look.
        tokio::process::Command::from(stop)
            .output()
            .await
            .context("cannot run pg_ctl")?;
    }
    ensure!(
        !alive(),
        "a PostgreSQL server of an earlier run does not stop; end the process named in {}/postmaster.pid and try again",
        place.data().display()
    );
    Ok(())
}

/// Makes the cluster beside its place and moves it there when it is whole, so that an interrupted start
/// leaves nothing half made.
async fn initialise(place: &Place, programs: &Programs, durable: bool) -> Result<()> {
    let fresh = place.home.join("data.new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh).with_context(|| format!("cannot remove {}", fresh.display()))?;
    }
    place.make(&fresh)?;
    let mut initdb = place.command(&programs.path("initdb"));
    initdb.args([
        "--username",
        ADMIN,
        "--auth=trust",
        "--no-locale",
        "--encoding=UTF8",
    ]);
    if !durable {
        initdb.arg("--no-sync");
    }
    initdb.arg("--pgdata").arg(&fresh);
    let output = tokio::process::Command::from(initdb)
        .output()
        .await
        .context("cannot run initdb")?;
    ensure!(
        output.status.success(),
        "initdb failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    fs::rename(&fresh, place.data()).with_context(|| format!("cannot move {} into place", fresh.display()))
}

/// The command that runs the server, all its settings included.
pub(super) fn command(place: &Place, programs: &Programs, options: &ClusterOptions) -> Command {
    // This one is a list, whose members may be quoted.
    let socket = place.socket.to_string_lossy().replace('"', "\"\"");
    let mut settings = vec![
        format!("unix_socket_directories=\"{socket}\""),
        format!("max_connections={}", options.max_connections),
    ];
    settings.extend(SETTINGS.map(str::to_owned));
    if !options.durable {
        settings.extend(NOT_DURABLE.map(str::to_owned));
    }
    let mut command = place.command(&programs.path("postgres"));
    command.arg("-D").arg(place.data());
    command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    command
}

/// Starts the server and waits until it answers; what a killed server left behind is waited out or cleared
/// away.
async fn launch(place: &Place, mut command: Command) -> Result<Service> {
    let started = Instant::now();
    loop {
        let log = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(place.log())?;
        let mut server = Service::spawn(command.stdout(log.try_clone()?).stderr(log))?;
        while server.ended()?.is_none() {
            if connect(place, "postgres").await.is_ok() {
                return Ok(server);
            }
            ensure!(
                started.elapsed() < START_DEADLINE,
                "PostgreSQL is not ready yet; see {}",
                place.log().display()
            );
            tokio::time::sleep(POLL).await;
        }
        let said = fs::read_to_string(place.log()).unwrap_or_default();
        let obstacle = Obstacle::read(&said);
        ensure!(
            obstacle.is_some() && started.elapsed() < OBSTACLE_DEADLINE,
            "PostgreSQL does not start: {}; see {}",
            reason(&said),
            place.log().display()
        );
        if obstacle == Some(Obstacle::LockFile) && started.elapsed() > GRACE {
            // Nobody listens on the socket, so the process id in the file has passed to some other program.
            let _ = fs::remove_file(place.data().join("postmaster.pid"));
            let _ = fs::remove_file(place.socket.join(".s.PGSQL.5432.lock"));
        }
        tokio::time::sleep(POLL * 5).await;
    }
}

/// What a server that was killed can leave in the way of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A lock file whose process id is in use, though not by a server of this cluster.
    LockFile,
    /// Server processes that have not noticed yet that their parent is gone.
    Processes,
}

impl Obstacle {
    pub(super) fn read(log: &str) -> Option<Self> {
        if log.contains("FATAL:  lock file ") && log.contains("already exists") {
            Some(Self::LockFile)
        } else if log.contains("pre-existing shared memory block") {
            Some(Self::Processes)
        } else {
            None
        }
    }
}

/// Returns why the server did not start, in its own words.
pub(super) fn reason(log: &str) -> &str {
    log.lines()
        .filter_map(|line| line.split_once("FATAL:"))
        .next_back()
        .map_or("it gave no reason", |(_, words)| words.trim())
}
