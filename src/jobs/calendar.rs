//! Ends the enrolments whose time is over, and begins those anew whose time for that has come.
//!
//! Any number of nodes look at once: each enrolment is moved in a transaction of its own that locks it and looks at its state and
//! at the database's clock first, so whoever comes second finds it moved.

use crate::domain::app::App;
use crate::domain::enrollments::{cycles, moves};
use crate::domain::mutate::by_system;
use crate::kernel::error::Result;
use crate::kernel::ids::EnrollmentKey;
use futures_util::StreamExt;
use futures_util::stream;
use std::future::ready;
use std::sync::Arc;

/// Enrolments of each kind that one round takes.
const MOST: i32 = 200;
/// Enrolments that are moved at the same time.
const AT_ONCE: usize = 4;

/// Moves what is due and tells how many those were. One that cannot be moved now stays due.
pub async fn run_once(app: &Arc<App>) -> Result<usize> {
    let due = moves::due(&app.db, MOST).await?;
    let moving = stream::iter(due)
        .map(|key| advance(app, key))
        .buffer_unordered(AT_ONCE);
    Ok(moving.filter(|moved| ready(*moved)).count().await)
}

async fn advance(app: &Arc<App>, key: EnrollmentKey) -> bool {
    let done = by_system(app, key.org, "enrollmentCalendar", move |write| {
        Box::pin(async move { Ok(moves::expire(write, key).await? || cycles::renew(write, key).await?) })
    });
    super::was_done(done.await, key, "an enrolment whose time has come")
}
