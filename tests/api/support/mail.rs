//! Mails as their recipients get them, in tests.
//!
//! Whoever delivers takes all mails that are due, so the tests of mails have a database of their own, in which each of them
//! delivers for all, into one folder.

use super::app::TestApp;
use super::servers::mail_database_config;
use lyceum::cache::Shared;
use lyceum::config::MailConfig;
use lyceum::jobs::mails::{Mailer, run_once};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// The folder that mails are delivered into, empty at the start of the tests.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mail");
        drop(fs::remove_dir_all(&folder));
        folder
    })
}

/// A node whose mails are delivered.
pub async fn app() -> TestApp {
    app_with(Shared::in_process()).await
}

/// The same, sharing copies in a given way.
pub async fn app_with(shared: Shared) -> TestApp {
    TestApp::on(&mail_database_config(), shared).await
}

/// An address that nobody has.
pub fn address(app: &TestApp) -> String {
    format!("{}@people.example", app.app.clock.uuid().simple())
}

/// Delivers until an address has so many letters; the texts of all of them, the oldest first.
pub async fn letters(app: &TestApp, address: &str, count: usize) -> Vec<String> {
    let mailer = Mailer::into_folder(folder(), &MailConfig::default()).unwrap();
    for _ in 0..500 {
        run_once(&app.app, &mailer).await.unwrap();
        let letters = delivered_to(address);
        if letters.len() >= count {
            return letters;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!(
        "{address} has no {count} letters but {:#?}",
        delivered_to(address)
    );
}

/// What was delivered to an address so far, the oldest first.
pub fn delivered_to(address: &str) -> Vec<String> {
    let header = format!("To: {address}\r\n");
    let files = fs::read_dir(folder()).into_iter().flatten();
    let letter = |path: PathBuf| {
        let written = fs::metadata(&path).ok()?.modified().ok()?;
        let text = fs::read_to_string(&path).ok()?;
        (text.contains(&header) && text.ends_with('\n')).then_some((written, text))
    };
    let mut letters: Vec<_> = files.filter_map(|file| letter(file.ok()?.path())).collect();
    letters.sort();
    letters.into_iter().map(|(_, text)| text).collect()
}

/// The token that a letter carries.
pub fn token(letter: &str) -> String {
    let found = letter.split_whitespace().find(|word| word.starts_with("lyc_"));
    found.unwrap_or_else(|| panic!("no token in {letter}")).to_owned()
}

/// The token of the latest of so many letters to an address.
pub async fn latest_token(app: &TestApp, address: &str, count: usize) -> String {
    token(letters(app, address, count).await.last().unwrap())
}
