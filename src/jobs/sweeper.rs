//! Submits the attempts whose time is over with what was saved, so that a lost connection costs nobody their answers.
//!
//! Any number of nodes sweep at once: each attempt is closed in a transaction of its own that locks it and looks at
//! its state first, so whoever comes second, be it another node or the learner, finds it closed.

use crate::domain::app::App;
use crate::domain::attempts::{store, submit};
use crate::domain::mutate::by_system;
use crate::kernel::error::Result;
use crate::kernel::ids::AttemptKey;
use futures_util::StreamExt;
use futures_util::stream;
use std::future::ready;
use std::sync::Arc;

/// Attempts that one sweep takes.
const MOST: i32 = 200;
/// Attempts that are closed at the same time.
const AT_ONCE: usize = 4;

/// Closes the attempts whose time and grace are over and tells how many. One that cannot be closed now stays due.
pub async fn run_once(app: &Arc<App>) -> Result<usize> {
    let due = store::due(&app.db, MOST).await?;
    let closing = stream::iter(due)
        .map(|key| close(app, key))
        .buffer_unordered(AT_ONCE);
    Ok(closing.filter(|closed| ready(*closed)).count().await)
}

async fn close(app: &Arc<App>, key: AttemptKey) -> bool {
    let done = by_system(app, key.org, "attemptSweep", move |write| {
        Box::pin(async move { submit::submit_overdue(write, key).await })
    });
    super::was_done(done.await, key, "an attempt whose time is over")
}
