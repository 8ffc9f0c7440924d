//! Removes uploads that were begun and that nobody completed, with what there is of their content.

use crate::domain::app::App;
use crate::domain::assets::upload;
use crate::kernel::error::Result;
use std::sync::Arc;

/// Hours that an upload may take: more than its address is good for.
const MOST_HOURS: i64 = 24;
/// Uploads of one round.
const MOST: i32 = 500;

/// Removes them. Returns how many those were.
pub async fn run_once(app: &Arc<App>) -> Result<usize> {
    let mut removed = 0;
    for key in upload::stale(&app.db, MOST_HOURS, MOST).await? {
        if upload::forget(app, key).await? {
            removed += 1;
        }
    }
    Ok(removed)
}
