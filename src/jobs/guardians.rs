//! Deletes the accounts of children whose parent or guardian has not consented in time.
//!
//! Any number of nodes look at once: each account is deleted in a transaction of its own that holds it and looks at its state
//! first, so whoever comes second, be it another node or the guardian, finds it gone or consented to.

use crate::domain::accounts::guardians;
use crate::domain::app::App;
use crate::kernel::error::Result;
use std::sync::Arc;

/// Accounts that one round takes.
const MOST: i32 = 200;

/// Deletes them. Returns how many those were.
pub async fn run_once(app: &Arc<App>) -> Result<usize> {
    let mut deleted = 0;
    for user in guardians::due(app, MOST).await? {
        let done = guardians::delete_unanswered(app, user).await;
        if super::was_done(done, user.0, "an account whose guardian did not consent") {
            deleted += 1;
        }
    }
    Ok(deleted)
}
