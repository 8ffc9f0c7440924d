//! Removes what has done its work: spent idempotency records, sessions and events, by the periods of their class.

use crate::db::Statement;
use crate::domain::app::App;
use crate::kernel::error::Result;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

/// Removes it. Returns how many rows that were.
pub async fn run_once(app: &App) -> Result<usize> {
    let mut conn = app.db.unscoped().await?;
    let removed = Statement::<BigInt>::new("select door.forget_expired()");
    let removed: i64 = removed.get_result(&mut conn).await?;
    Ok(usize::try_from(removed).unwrap_or_default())
}
