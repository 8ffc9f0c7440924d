//! A server program that runs as a child of this process and does not outlive it.
//!
//! The child has a process group of its own, so Ctrl-C in a terminal reaches Lyceum alone, which then stops
//! its services in order. Next to it sits a keeper: a shell that waits on a pipe whose other end this process
//! holds. However this process ends, the kernel closes the pipe and the keeper asks the service to stop, so
//! even `kill -9` leaves nothing behind. Closing the pipe is also how [`Service::stop`] and `Drop` ask. The
//! service's process id cannot be reused meanwhile: it is our child, and stays in the process table until we
//! have asked for its end.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// How long a service may take to end after it was asked to, before it is killed.
const PATIENCE: Duration = Duration::from_secs(20);
/// The same for a service that was dropped without [`Service::stop`], where waiting blocks the thread.
const PATIENCE_ON_DROP: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_millis(10);

/// The keeper's program: waits for the end of the pipe, then asks for a fast shutdown and wakes the service
/// in case it was paused.
const KEEPER: &str = r#"while read -r _; do :; done; kill -s INT "$1"; kill -s CONT "$1""#;

/// A running server program; it is stopped when the value is dropped or this process ends.
#[derive(Debug)]
pub(super) struct Service {
    child: Child,
    keeper: Child,
}

impl Service {
    /// Starts the program of `command`; its standard input is closed.
    ///
    /// # Errors
    /// When the program or the shell cannot be started.
    pub(super) fn spawn(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "lyceum-keeper", &child.id().to_string()])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        match keeper {
            Ok(keeper) => Ok(Self { child, keeper }),
            Err(error) => {
                let _ = child.kill();
                Err(error).context("cannot start /bin/sh")
            }
        }
    }

    /// Returns how the program ended, or `None` while it runs.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot look after a child process")
    }

    /// Asks the program to stop and waits until it has; kills it when it takes longer than 20 seconds.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.keeper.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while self.ended()?.is_none() && Instant::now() < deadline {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Sends the program a signal by its name, such as `STOP`.
    pub(super) async fn signal(&self, name: &str) -> Result<()> {
        // The shell's own `kill`: a small system has no program of that name.
        let status = tokio::process::Command::new("/bin/sh")
            .args([
                "-c",
                r#"kill -s "$1" "$2""#,
                "sh",
                name,
                &self.child.id().to_string(),
            ])
            .status()
            .await
            .context("cannot start /bin/sh")?;
        ensure!(status.success(), "the signal {name} was not delivered");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let deadline = Instant::now() + PATIENCE_ON_DROP;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            thread::sleep(POLL);
        }
        let _ = self.keeper.wait();
    }
}
