//! Compiled revisions in memory, in Redis, in PostgreSQL: asked in this order. A revision never changes, so nothing
//! here is ever invalidated.

use super::compiled::{Revision, SharedRevision, StoredRevision};
use crate::cache::{CacheKey, Shared};
use crate::db::schema::course_revisions;
use crate::db::{Batch, Conn, Reader};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseId, CourseKey, OrgId, RevisionId, RevisionKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use moka::future::Cache;
use std::collections::HashMap;
use std::sync::Arc;

/// Memory that compiled revisions may take, counted by what they say that they take: room for some four hundred courses of thirty units.
/// What has none is read from Redis, or from the database, each time.
const MEMORY_BYTES: u64 = 64 * 1024 * 1024;

/// Finds compiled revisions.
pub struct Contents {
    memory: Cache<RevisionKey, SharedRevision>,
    shared: Shared,
}

impl Contents {
    /// Starts with an empty memory.
    pub fn new(shared: Shared) -> Self {
        let weigh =
            |_: &RevisionKey, revision: &SharedRevision| u32::try_from(revision.bytes()).unwrap_or(u32::MAX);
        Self {
            memory: Cache::builder().weigher(weigh).max_capacity(MEMORY_BYTES).build(),
            shared,
        }
    }

    /// Finds a revision that the caller's session may see: the caller has seen the course or the enrolment that
    /// points to it.
    pub async fn find(&self, reader: &Reader, key: RevisionKey) -> Result<SharedRevision> {
        if let Some(revision) = self.memory.get(&key).await {
            return Ok(revision);
        }
        let name = CacheKey::revision(key.org, key.id.0);
        if let Some(copy) = self.shared.get(name).await
            && let Ok(stored) = serde_json::from_str::<StoredRevision>(&copy)
            && stored.key == key
        {
            return self.keep(&stored).await;
        }
        let stored = reader.fetch(key).await?.ok_or(Error::NotFound)?;
        if let Ok(copy) = serde_json::to_string(&*stored) {
            self.shared.set(name, &copy).await;
        }
        self.keep(&stored).await
    }

    /// Finds a revision within a write: in memory, else on the write's own connection. Redis is not asked, since
    /// nothing but SQL is awaited while a transaction is open.
    pub async fn find_for_write(&self, conn: Conn<'_>, key: RevisionKey) -> Result<SharedRevision> {
        if let Some(revision) = self.memory.get(&key).await {
            return Ok(revision);
        }
        let mut found = RevisionKey::load_many(&[key], conn).await?;
        let stored = found.remove(&key).ok_or(Error::NotFound)?;
        self.keep(&stored).await
    }

    async fn keep(&self, stored: &StoredRevision) -> Result<SharedRevision> {
        let revision = Arc::new(Revision::read(stored)?);
        self.memory.insert(stored.key, revision.clone()).await;
        Ok(revision)
    }
}

impl Batch for RevisionKey {
    type Value = Arc<StoredRevision>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.org).collect();
        let ids: Vec<RevisionId> = keys.iter().map(|key| key.id).collect();
        let rows: Vec<(RevisionKey, CourseId, i32, DateTime<Utc>, i16, String)> = course_revisions::table
            .filter(
                course_revisions::org_id
                    .eq_any(orgs)
                    .and(course_revisions::id.eq_any(ids)),
            )
            .select((
                RevisionKey::as_select(),
                course_revisions::course_id,
                course_revisions::number,
                course_revisions::published_at,
                course_revisions::format,
                course_revisions::content,
            ))
            .load(&mut conn)
            .await?;
        let stored = |(key, course, number, published_at, format, content): (RevisionKey, _, _, _, _, _)| {
            let course = CourseKey::new(key.org, course);
            (
                key,
                Arc::new(StoredRevision {
                    key,
                    course,
                    number,
                    published_at,
                    format,
                    content,
                }),
            )
        };
        Ok(rows.into_iter().map(stored).collect())
    }
}
