//! Removes what has done its work: spent idempotency records, sessions and events, by the periods of their class.

use crate::db::Statement;
use crate::domain::app::App;
use crate::kernel::error::Result;
use diesel::sql_types::BigInt;

/// Removes it. Returns how many rows that were.
pub async fn run_once(app: &App) -> Result<usize> {
    let door = Statement::<BigInt>::new("select door.forget_expired()");
    let removed: Vec<i64> = app.db.door(door).await?;
    Ok(usize::try_from(removed.iter().sum::<i64>()).unwrap_or_default())
}
