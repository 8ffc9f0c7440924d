//! What a person says that they want to learn: tags, for all of their organisations. Table: `interests`.

use super::write::AccountWrite;
use crate::db::schema::interests;
use crate::db::{Batch, Conn, Statement};
use crate::domain::mutate::{Stop, refuse_all};
use crate::domain::tags::{fault_of_tags, tidy};
use crate::kernel::ids::UserId;
use diesel::prelude::*;
use diesel::sql_types::{Array, Text, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// The interests of a person, lower case, in order; nothing before they said any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterestsOf(pub UserId);

impl Batch for InterestsOf {
    type Value = Arc<Vec<String>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let users: Vec<UserId> = keys.iter().map(|key| key.0).collect();
        let rows: Vec<(UserId, Vec<String>)> = interests::table
            .filter(interests::user_id.eq_any(users))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(user, tags)| (Self(user), Arc::new(tags)))
            .collect())
    }
}

/// Puts interests in the place of those before.
pub async fn set(write: &AccountWrite<'_>, tags: &[String]) -> Result<(), Stop> {
    refuse_all([fault_of_tags("interests", tags)])?;
    Statement::<Untyped>::new(
        "insert into interests (user_id, tags) values (?, ?) on conflict (user_id) do update set tags = excluded.tags",
    )
    .bind::<Uuid, _>(write.user)
    .bind::<Array<Text>, _>(tidy(tags))
    .execute(&mut write.conn())
    .await?;
    Ok(())
}
