//! Shows operators out whose grant of support access is over, or who are operators no more.
//!
//! Any number of nodes look at once: each end is written by a transaction of its own that changes what is still there, so whoever
//! comes second finds nothing.

use crate::domain::app::App;
use crate::domain::mutate::by_system;
use crate::domain::support_grants::ending;
use crate::kernel::error::Result;
use crate::kernel::ids::SupportGrantKey;
use std::sync::Arc;

/// Grants of each kind that one round takes.
const MOST: i32 = 200;

/// Ends what is over. Returns how many grants that were.
pub async fn run_once(app: &Arc<App>) -> Result<usize> {
    let mut ended = 0;
    for key in ending::due(&app.db, MOST).await? {
        ended += usize::from(end(app, key).await);
    }
    Ok(ended)
}

async fn end(app: &Arc<App>, key: SupportGrantKey) -> bool {
    let done = by_system(app, key.org, "supportEscort", move |write| {
        Box::pin(async move { ending::end(write, key).await })
    });
    super::was_done(done.await, key, "a grant that is over")
}
