//! Folders for Unix sockets: short enough for the kernel, closed to every other account.
//!
//! A socket's path has at most 107 bytes on Linux (103 on macOS), and a checkout may lie deeper than that.
//! The folder is therefore `socket` next to what it serves where that fits, and otherwise one in `/tmp` that
//! carries the folder's fingerprint.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

/// The longest folder that leaves room for a socket's name (`/.s.PGSQL.5432.lock`) within macOS's 103 bytes.
const LONGEST_FOLDER: usize = 84;

/// Returns a socket folder for the service that lives in `home`, made with mode 0700 where it did not exist.
///
/// # Errors
/// When the folder cannot be made, or exists but is not a folder that this account alone may enter.
pub(super) fn folder(home: &Path) -> Result<PathBuf> {
    let beside = home.join("socket");
    let folder = if beside.as_os_str().len() <= LONGEST_FOLDER {
        beside
    } else {
        Path::new("/tmp").join(format!("lyceum-{}", fingerprint(home)))
    };
    make_private(&folder)?;
    // The name in `/tmp` can be guessed, so somebody else may have made it first.
    let found =
        fs::symlink_metadata(&folder).with_context(|| format!("cannot look at {}", folder.display()))?;
    ensure!(
        found.is_dir() && found.uid() == own_uid()? && found.mode() & 0o777 == 0o700,
        "{} is not a folder that this account alone may enter; remove it and try again",
        folder.display()
    );
    Ok(folder)
}

/// Makes a folder with mode 0700; one that exists is left as it is.
pub(super) fn make_private(folder: &Path) -> Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make the folder {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Returns the effective user id of this process; the standard library does not tell it.
pub(super) fn own_uid() -> Result<u32> {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .context("cannot run `id -u`")?;
    String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .context("`id -u` did not print a number")
}

/// Returns the first 16 hexadecimal digits of the SHA-256 of a path.
pub(super) fn fingerprint(path: &Path) -> String {
    let mut digits = format!("{:x}", Sha256::digest(path.as_os_str().as_bytes()));
    digits.truncate(16);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_gets_a_short_socket_path() {
        let home = std::env::temp_dir().join(format!("lyceum-socket-{}", std::process::id()));
        let deep = home.join("a-long-name-".repeat(9));
        fs::create_dir_all(&deep).unwrap();

        assert_eq!(folder(&home).unwrap(), home.join("socket"));
        let short = folder(&deep).unwrap();
        assert_eq!(
            short,
            Path::new("/tmp").join(format!("lyceum-{}", fingerprint(&deep)))
        );

        fs::remove_dir(short).unwrap();
        fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn a_folder_that_others_may_enter_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let home = std::env::temp_dir().join(format!("lyceum-open-{}", std::process::id()));
        fs::create_dir_all(home.join("socket")).unwrap();
        fs::set_permissions(home.join("socket"), fs::Permissions::from_mode(0o755)).unwrap();

        assert!(
            folder(&home)
                .unwrap_err()
                .to_string()
                .contains("this account alone")
        );
        fs::remove_dir_all(home).unwrap();
    }
}
