//! Shows operators out whose grant of support access is over.

use crate::cache::Stale;
use crate::domain::app::App;
use crate::domain::support_grants::ending;
use crate::kernel::error::Result;

/// Ends what is over. Returns how many memberships that were.
pub async fn run_once(app: &App) -> Result<usize> {
    let ended = ending::end_what_is_over(&app.db).await?;
    for operator in &ended {
        app.announce(Stale::Standing(*operator)).await;
    }
    Ok(ended.len())
}
