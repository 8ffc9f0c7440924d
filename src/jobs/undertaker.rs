//! Removes the organisations whose grace period is over, one transaction each, wherever a node comes first.

use crate::cache::Stale;
use crate::domain::app::App;
use crate::domain::organizations::deletion;
use crate::kernel::error::Result;

/// Organisations of one round.
const MOST: i32 = 10;

/// Removes them. Returns how many those were.
pub async fn run_once(app: &App) -> Result<usize> {
    let mut removed = 0;
    for org in deletion::due(&app.db, MOST).await? {
        if deletion::remove(&app.db, org).await? {
            if let Err(error) = app.files.remove_all(org).await {
                tracing::error!(org = %org.0, %error, "the files of an organisation that is removed are still there");
            }
            tracing::info!(org = %org.0, "an organisation is removed, with everything in it");
            app.announce(Stale::Organization(org)).await;
            removed += 1;
        }
    }
    Ok(removed)
}
