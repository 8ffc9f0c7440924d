//! The names of a person.

use super::register::name;
use super::write::AccountWrite;
use crate::db::Statement;
use crate::domain::mutate::Stop;
use diesel::sql_types::{Nullable, Text, Untyped, Uuid};
use diesel_async::RunQueryDsl;

/// Changes the names that are given.
pub async fn update(
    write: &AccountWrite<'_>,
    first_name: Option<&str>,
    last_name: Option<&str>,
) -> Result<(), Stop> {
    let read = |text: Option<&str>, path| text.map(|text| name(text, path)).transpose();
    let (first_name, last_name) = match (read(first_name, "firstName"), read(last_name, "lastName")) {
        (Ok(first_name), Ok(last_name)) => (first_name, last_name),
        (first_name, last_name) => {
            let faults = [first_name.err(), last_name.err()];
            return Err(Stop::Refused(faults.into_iter().flatten().collect()));
        }
    };
    Statement::<Untyped>::new(
        "update users set first_name = coalesce(?, first_name), last_name = coalesce(?, last_name) where id = ?",
    )
    .bind::<Nullable<Text>, _>(first_name)
    .bind::<Nullable<Text>, _>(last_name)
    .bind::<Uuid, _>(write.user)
    .execute(&mut write.conn())
    .await?;
    Ok(())
}
