//! PostgreSQL's own programs, wherever this machine keeps them.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The oldest PostgreSQL that Lyceum works with.
const OLDEST: u32 = 15;
/// What one folder must hold together; a `PATH` may carry links to some of them only.
const NAMES: [&str; 3] = ["postgres", "initdb", "pg_ctl"];
/// Where packages put what they keep off the `PATH`: a folder, the prefix of a version in it, and the way on
/// to the programs.
const PACKAGES: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder that has `postgres`, `initdb` and `pg_ctl`, all of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    folder: PathBuf,
    major: u32,
}

impl Programs {
    /// Finds the programs: on the `PATH`, else in the packages' folders, newest first. `wanted` is the major
    /// version that existing data asks for.
    ///
    /// # Errors
    /// One sentence that says what to install, when there are none or none that fits.
    pub(super) fn find(wanted: Option<u32>) -> Result<Self> {
        let found: Vec<Self> = on_path()
            .into_iter()
            .chain(in_packages())
            .filter_map(Self::inspect)
            .collect();
        choose(&found, wanted)
    }

    /// Returns the path of one of the programs.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn inspect(folder: PathBuf) -> Option<Self> {
        if !NAMES.iter().all(|name| folder.join(name).is_file()) {
            return None;
        }
        let output = Command::new(folder.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let major = major(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { folder, major })
    }
}

fn choose(found: &[Programs], wanted: Option<u32>) -> Result<Programs> {
    let fits =
        |programs: &&Programs| wanted.map_or(programs.major >= OLDEST, |major| programs.major == major);
    if let Some(programs) = found.iter().find(fits) {
        return Ok(programs.clone());
    }
    let Some(newest) = found.iter().map(|programs| programs.major).max() else {
        bail!("PostgreSQL's programs (postgres, initdb, pg_ctl) were not found; `make setup` installs them");
    };
    match wanted {
        Some(major) => bail!(
            "the data was made by PostgreSQL {major}, but only {newest} is installed; install {major}, or start afresh with `make reset`"
        ),
        None => bail!("PostgreSQL {newest} is too old for Lyceum; install {OLDEST} or later"),
    }
}

/// Reads `15` out of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major(version: &str) -> Option<u32> {
    let number = version.split_once(") ")?.1;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Lists the folders to which the programs on the `PATH` truly belong, in the order of the `PATH`.
fn on_path() -> Vec<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where programs lie is a matter of the machine, not of the configuration"
    )]
    let path = env::var_os("PATH").unwrap_or_default();
    folders_behind(&path)
}

fn folders_behind(path: &OsStr) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for program in env::split_paths(path).flat_map(|folder| NAMES.map(|name| folder.join(name))) {
        let behind = fs::canonicalize(program)
            .ok()
            .and_then(|program| program.parent().map(Path::to_owned));
        folders.extend(behind.filter(|folder| !folders.contains(folder)));
    }
    folders
}

fn in_packages() -> Vec<PathBuf> {
    let mut folders = BTreeSet::new();
    for (parent, prefix, rest) in PACKAGES {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let version = name
                .to_str()
                .and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
            folders.extend(version.map(|version| (version, entry.path().join(rest))));
        }
    }
    folders.into_iter().rev().map(|(_, folder)| folder).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Programs> {
        majors
            .iter()
            .map(|&major| Programs {
                folder: PathBuf::from(format!("/pg/{major}")),
                major,
            })
            .collect()
    }

    #[test]
    fn the_first_that_is_new_enough_is_taken() {
        assert_eq!(choose(&installed(&[14, 16, 18]), None).unwrap().major, 16);
    }

    #[test]
    fn existing_data_decides_the_version() {
        assert_eq!(choose(&installed(&[17, 15]), Some(15)).unwrap().major, 15);
    }

    #[test]
    fn what_is_missing_is_said_in_one_sentence() {
        for (majors, wanted, words) in [
            (&[][..], None, "`make setup` installs them"),
            (
                &[13, 14],
                None,
                "PostgreSQL 14 is too old for Lyceum; install 15 or later",
            ),
            (&[17], Some(15), "made by PostgreSQL 15, but only 17 is installed"),
        ] {
            let sentence = choose(&installed(majors), wanted).unwrap_err().to_string();
            assert!(sentence.contains(words), "{sentence}");
        }
    }

    #[test]
    fn every_form_of_version_is_read() {
        for (text, expected) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta2\n", Some(18)),
            ("postgres (PostgreSQL) 17.2\n", Some(17)),
            ("something else", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn a_link_on_the_path_leads_to_the_folder_behind_it() {
        let base = env::temp_dir().join(format!("lyceum-programs-{}", std::process::id()));
        let (real, links) = (base.join("real"), base.join("links"));
        fs::create_dir_all(&real).unwrap();
        fs::create_dir_all(&links).unwrap();
        fs::write(real.join("postgres"), "").unwrap();
        std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).unwrap();

        assert_eq!(
            folders_behind(links.as_os_str()),
            [fs::canonicalize(&real).unwrap()]
        );
        fs::remove_dir_all(base).unwrap();
    }
}
