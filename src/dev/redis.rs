//! A private Redis without persistence: what `lyceum dev` uses where a `redis-server` is installed, and what
//! the tests stall and stop.

use std::fs::{self, OpenOptions};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::service::Service;
use super::socket;

/// How long the server may take until it listens.
const START_DEADLINE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(10);

/// A running private Redis server; it is stopped when the value is dropped, or this process ends in any way.
#[derive(Debug)]
pub struct PrivateRedis {
    server: Service,
    socket: PathBuf,
}

impl PrivateRedis {
    /// Starts `redis-server` for a folder, on a Unix socket that other accounts cannot reach.
    ///
    /// # Errors
    /// When the program is missing or does not start.
    pub async fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let folder = fs::canonicalize(folder)?;
        let socket = socket::folder(&folder)?.join("redis.sock");
        let log = folder.join("redis.log");
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--daemonize",
            "no",
        ]);
        // It is a cache: at its limit it forgets instead of refusing.
        command.args(["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
        command
            .arg("--unixsocket")
            .arg(&socket)
            .arg("--dir")
            .arg(&folder)
            .current_dir(&folder);
        let output = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&log)?;
        command.stdout(output.try_clone()?).stderr(output);

        let mut server =
            Service::spawn(&mut command).context("is Redis installed? `make setup` installs it")?;
        let started = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            let runs = server.ended()?.is_none() && started.elapsed() < START_DEADLINE;
            ensure!(runs, "redis-server does not start; see {}", log.display());
            tokio::time::sleep(POLL).await;
        }
        Ok(Self { server, socket })
    }

    /// Returns the server's address.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket.display())
    }

    /// Halts the server: connections stay open, nothing is answered until [`Self::resume`].
    ///
    /// # Errors
    /// When the signal cannot be delivered.
    pub async fn pause(&self) -> Result<()> {
        self.server.signal("STOP").await
    }

    /// Lets a halted server go on.
    ///
    /// # Errors
    /// When the signal cannot be delivered.
    pub async fn resume(&self) -> Result<()> {
        self.server.signal("CONT").await
    }

    /// Stops the server.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redis::AsyncCommands;

    #[tokio::test]
    async fn a_paused_redis_answers_nothing_until_it_is_resumed() {
        let folder = std::env::temp_dir().join(format!("lyceum redis % {}", std::process::id()));
        let server = PrivateRedis::start(&folder).await.unwrap();
        let client = redis::Client::open(server.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let () = connection.set("word", "kept").await.unwrap();

        server.pause().await.unwrap();
        let silence = connection.get::<_, String>("word").await.unwrap_err();
        assert!(silence.is_timeout(), "{silence}");
        server.resume().await.unwrap();
        assert_eq!(connection.get::<_, String>("word").await.unwrap(), "kept");

        server.pause().await.unwrap();
        server.stop().await.unwrap();
        assert!(client.get_multiplexed_async_connection().await.is_err());
        fs::remove_dir_all(folder).unwrap();
    }
}
