//! Where a cluster lives, and under which account.
//!
//! For an ordinary user that is `postgres` in the data folder. PostgreSQL refuses to run as root, and the
//! account that it then runs under may be unable to enter the data folder (a home with mode 0700); so for
//! root the cluster lives in `/var/lib/lyceum/<fingerprint of the data folder>`. A pointer file leads from
//! the data folder there, and a file `folder` leads back, so that nobody removes another checkout's data.
//! Root never opens a file for writing below what it has handed to that account.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::dev::socket;

/// Where root's clusters live.
const ROOTS_HOME: &str = "/var/lib/lyceum";
/// The file in the data folder that names the cluster's home, where that is elsewhere.
const POINTER: &str = "postgres.path";
/// The accounts that root runs PostgreSQL under, best first.
const ACCOUNTS: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// The folders of a cluster and the account that owns them.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder that holds all the rest; only the account that runs Lyceum writes here.
    pub(super) home: PathBuf,
    /// The folder of the server's socket, closed to all but the account that the server runs under (and
    /// root).
    pub(super) socket: PathBuf,
    account: Option<Account>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Place {
    /// Makes the folders, where they do not exist, for the cluster of a data folder that does.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self> {
        let data_dir =
            fs::canonicalize(data_dir).with_context(|| format!("cannot enter {}", data_dir.display()))?;
        if socket::own_uid()? == 0 {
            return Self::for_root(&data_dir);
        }
        let home = data_dir.join("postgres");
        socket::make_private(&home)?;
        Ok(Self {
            socket: socket::folder(&home)?,
            home,
            account: None,
        })
    }

    fn for_root(data_dir: &Path) -> Result<Self> {
        let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let account = unprivileged(&passwd).context(
            "PostgreSQL refuses to run as root, and there is no account named postgres or nobody that it could use instead; make one or run Lyceum as an ordinary user",
        )?;
        let home = Path::new(ROOTS_HOME).join(socket::fingerprint(data_dir));
        forget_removed(data_dir, &home)?;
        fs::create_dir_all(&home).with_context(|| format!("cannot make the folder {}", home.display()))?;
        fs::write(home.join("folder"), data_dir.as_os_str().as_encoded_bytes())?;
        fs::write(data_dir.join(POINTER), home.as_os_str().as_encoded_bytes())?;
        let place = Self {
            socket: home.join("socket"),
            home,
            account: Some(account),
        };
        place.make(&place.socket)?;
        Ok(place)
    }

    /// The folder of the data, in PostgreSQL's terms `PGDATA`. It exists only as a whole.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// The file with the messages of the server's last start.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("server.log")
    }

    /// The socket itself.
    pub(super) fn socket_file(&self) -> PathBuf {
        self.socket.join(".s.PGSQL.5432")
    }

    /// Returns the major version that made the data, if there is any.
    pub(super) fn version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION"))
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Makes a folder with mode 0700 for the server's account.
    pub(super) fn make(&self, folder: &Path) -> Result<()> {
        socket::make_private(folder)?;
        if let Some(Account { uid, gid }) = self.account {
            chown(folder, Some(uid), Some(gid)).with_context(|| {
                format!(
                    "cannot hand {} to the account that PostgreSQL is to run under",
                    folder.display()
                )
            })?;
        }
        Ok(())
    }

    /// A command that runs one of PostgreSQL's programs under the server's account, whatever the surroundings
    /// say about language or PostgreSQL.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        // The present folder may be closed to the server's account.
        command.current_dir("/").env("LC_ALL", "C");
        for name in ["PGDATA", "PGPORT", "PGDATESTYLE", "PGCLIENTENCODING", "TZ"] {
            command.env_remove(name);
        }
        if let Some(Account { uid, gid }) = self.account {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn unprivileged(passwd: &str) -> Option<Account> {
    ACCOUNTS.iter().find_map(|&name| {
        let mut fields = passwd
            .lines()
            .map(|line| line.split(':'))
            .find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        (uid != 0).then_some(Account { uid, gid })
    })
}

/// Whoever removes the data folder by hand means the data: without its pointer, the cluster that it led to goes too.
fn forget_removed(data_dir: &Path, home: &Path) -> Result<()> {
    let data = home.join("data");
    if data_dir.join(POINTER).exists() || !data.exists() {
        return Ok(());
    }
    ensure!(
        !data.join("postmaster.pid").exists(),
        "the data folder was removed while its server ran; stop Lyceum, then remove {}",
        home.display()
    );
    fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_cluster_belongs_to_postgres_else_to_nobody() {
        let both = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\npostgres:x:101:104:Admin,,,:/var:/bin/sh\n";
        assert_eq!(unprivileged(both), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(
            unprivileged("nobody:x:65534:65533::/:/bin/false"),
            Some(Account {
                uid: 65534,
                gid: 65533
            })
        );
        assert_eq!(
            unprivileged("postgres:x:0:0::/:/bin/sh"),
            None,
            "another name for root is root"
        );
        assert_eq!(unprivileged("postgresql:x:7:7::/:/bin/sh"), None);
    }
}
