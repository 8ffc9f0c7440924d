//! What a person objects to being done with what is known of them. Table: `processing_objections`.
//!
//! An objection is the person's and not of a place of theirs: it holds in all of their organisations, at once. It is never
//! deleted, so that it can be shown when it stood.

use super::write::AccountWrite;
use crate::db::schema::processing_objections;
use crate::db::{Batch, Conn, Reader, Statement, each};
use crate::domain::mutate::{Stop, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::UserId;
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Timestamptz, Untyped, Uuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// The newest objections that are shown; those that stand are among them.
const SHOWN: i64 = 100;

text_enum! {
    /// What can be objected to.
    ProcessingPurpose {
        /// To look at what you learned and what you say that you are interested in, so as to suggest courses.
        Profiling = "profiling",
    }
}

/// Your objection to what is done with what is known of you.
///
/// Requires: to be signed in; everybody sees their own. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = processing_objections)]
pub struct ProcessingObjection {
    /// What you object to. Cost: 1.
    pub purpose: ProcessingPurpose,
    /// Since when. Cost: 1.
    pub objected_at: DateTime<Utc>,
    /// When you withdrew the objection; null while it stands. Cost: 1.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// The objections of a person, the newest first; those that were withdrawn too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ObjectionsOf(pub UserId);

impl Batch for ObjectionsOf {
    type Value = Arc<Vec<ProcessingObjection>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| list(conn, key.0)).await
    }
}

async fn list(mut conn: Conn<'_>, user: UserId) -> QueryResult<Arc<Vec<ProcessingObjection>>> {
    let rows = ProcessingObjection::query()
        .filter(processing_objections::user_id.eq(user))
        .order_by(processing_objections::id.desc())
        .limit(SHOWN)
        .load(&mut conn)
        .await?;
    Ok(Arc::new(rows))
}

/// Whether a person objects to something: what serves that purpose asks here before it reads anything else.
pub async fn stands(reader: &Reader, user: UserId, purpose: ProcessingPurpose) -> Result<bool> {
    let objections = reader.fetch(ObjectionsOf(user)).await?.unwrap_or_default();
    let mut standing = objections
        .iter()
        .filter(|objection| objection.withdrawn_at.is_none());
    Ok(standing.any(|objection| objection.purpose == purpose))
}

/// Objects, unless an objection stands.
pub async fn object(write: &AccountWrite<'_>, purpose: ProcessingPurpose) -> Result<(), Stop> {
    let written = Statement::<Untyped>::new(
        "insert into processing_objections (id, user_id, purpose, objected_at) values (?, ?, ?, ?) \
         on conflict (user_id, purpose) where withdrawn_at is null do nothing",
    )
    .bind::<Uuid, _>(write.app.clock.uuid())
    .bind::<Uuid, _>(write.user)
    .bind::<Text, _>(purpose)
    .bind::<Timestamptz, _>(write.app.clock.now())
    .execute(&mut write.conn())
    .await?;
    if written == 0 {
        let message = "You object to this already.";
        return refuse_with(Refusal::at(Code::InvalidState, "purpose", message));
    }
    Ok(())
}

/// Withdraws an objection that stands.
pub async fn withdraw(write: &AccountWrite<'_>, purpose: ProcessingPurpose) -> Result<(), Stop> {
    let withdrawn = Statement::<Untyped>::new(
        "update processing_objections set withdrawn_at = ? where user_id = ? and purpose = ? and withdrawn_at is null",
    )
    .bind::<Timestamptz, _>(write.app.clock.now())
    .bind::<Uuid, _>(write.user)
    .bind::<Text, _>(purpose)
    .execute(&mut write.conn())
    .await?;
    if withdrawn == 0 {
        let message = "You do not object to this.";
        return refuse_with(Refusal::at(Code::InvalidState, "purpose", message));
    }
    Ok(())
}
