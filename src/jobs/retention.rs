//! Removes what has done its work: spent idempotency records, sessions and events, by the periods of their class.

use crate::db::Statement;
use crate::domain::app::App;
use crate::kernel::error::Result;
use diesel::sql_types::{BigInt, Integer};

/// Removes it. Returns how many rows that were.
pub async fn run_once(app: &App) -> Result<usize> {
    let mut removed = 0;
    for door in [
        "select door.forget_expired()",
        "select door.forget_expired_of_accounts()",
        "select door.forget_expired_of_apps()",
        "select forgotten from door.forget_member_exports()",
        "select door.forget_expired_sign_ins()",
    ] {
        let rows: Vec<i64> = app.db.door(Statement::<BigInt>::new(door)).await?;
        removed += rows.iter().sum::<i64>();
    }
    Ok(usize::try_from(removed).unwrap_or_default())
}

/// Forgets which progress events were counted so many days ago. Returns how many those were.
pub async fn forget_progress_events(app: &App, days: i32) -> Result<usize> {
    let door = Statement::<BigInt>::new("select forgotten from door.forget_progress_events(?)");
    let rows: Vec<i64> = app.db.door(door.bind::<Integer, _>(days)).await?;
    Ok(usize::try_from(rows.iter().sum::<i64>()).unwrap_or_default())
}
