//! Bookmarks: units that a learner keeps, each with a note. They are the learner's alone: no permission and no role opens them to
//! anybody else. Table: `bookmarks`.

use super::enrollments::own::{self, Own};
use super::mutate::{Stop, Write, refuse_with};
use super::record_lists::IdRange;
use super::refusal::{Code, Refusal};
use crate::auth::standing::Viewer;
use crate::db::schema::bookmarks;
use crate::db::{Batch, Conn, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{
    BookmarkId, BookmarkKey, CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, OrgId, UnitId,
    UnitKey,
};
use crate::kernel::page::{Page, Slice};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Characters of a note.
const MOST_NOTE: usize = 2_000;
/// Bookmarks of an enrolment.
const MOST: i64 = 500;

/// A unit that you keep, with a note that nobody else reads. Requires: being its learner. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = bookmarks)]
#[graphql(complex)]
pub struct Bookmark {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: BookmarkKey,
    /// The enrolment that it belongs to.
    #[graphql(skip)]
    pub enrollment_id: EnrollmentId,
    /// The course of the unit.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// The unit.
    #[graphql(skip)]
    pub unit_id: UnitId,
    /// What you noted; empty where that is nothing. Cost: 1.
    pub note: String,
    /// When you made the bookmark. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When you last wrote its note. Cost: 1.
    pub updated_at: DateTime<Utc>,
}

impl Bookmark {
    /// The enrolment that it belongs to.
    pub const fn enrollment_key(&self) -> EnrollmentKey {
        EnrollmentKey::new(self.key.org, self.enrollment_id)
    }

    /// The unit.
    pub const fn unit_key(&self) -> UnitKey {
        UnitKey::new(CourseKey::new(self.key.org, self.course_id), self.unit_id)
    }
}

/// The bookmarks of a learner in an enrolment, the newest first; none of anybody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BookmarksOf(pub EnrollmentKey, pub MemberId);

impl Batch for BookmarksOf {
    type Value = Arc<Vec<Arc<Bookmark>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<EnrollmentId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(Bookmark, MemberId)> = bookmarks::table
            .filter(
                bookmarks::org_id
                    .eq_any(orgs)
                    .and(bookmarks::enrollment_id.eq_any(ids)),
            )
            .filter(bookmarks::member_id.eq_any(members))
            .order_by(bookmarks::id.desc())
            .select((Bookmark::as_select(), bookmarks::member_id))
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, Vec<Arc<Bookmark>>> = HashMap::new();
        for (row, member) in rows {
            let key = Self(row.enrollment_key(), member);
            found.entry(key).or_default().push(Arc::new(row));
        }
        Ok(found
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

type Condition = Box<dyn BoxableExpression<bookmarks::table, Pg, SqlType = Bool>>;

fn own(viewer: &Viewer) -> Condition {
    let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
    let own = standings
        .map(|standing| -> Condition {
            let here = bookmarks::org_id.eq(standing.org);
            Box::new(here.and(bookmarks::member_id.eq(standing.member)))
        })
        .reduce(|own, here| Box::new(own.or(here)));
    own.unwrap_or_else(|| Box::new(false.into_sql::<Bool>()))
}

/// Reads a page of a viewer's bookmarks in all of their organisations, the newest first.
pub async fn list_own(reader: &Reader, viewer: &Viewer, page: &Page) -> Result<Slice<Arc<Bookmark>>> {
    let range = IdRange::of(page)?;
    let query = Bookmark::query()
        .filter(own(viewer))
        .filter(
            bookmarks::id
                .gt(BookmarkId(range.above))
                .and(bookmarks::id.lt(BookmarkId(range.below))),
        )
        .limit(page.size + 1)
        .into_boxed();
    let query = if page.backward {
        query.order_by(bookmarks::id.asc())
    } else {
        query.order_by(bookmarks::id.desc())
    };
    let rows: Vec<Bookmark> = reader
        .run(|mut conn| async move { query.load(&mut conn).await })
        .await?;
    Ok(page.slice(rows.into_iter().map(Arc::new).collect()))
}

/// Counts a viewer's bookmarks in all of their organisations.
pub async fn count_own(reader: &Reader, viewer: &Viewer) -> Result<i64> {
    let query = bookmarks::table.filter(own(viewer)).count();
    reader
        .run(|mut conn| async move { query.get_result(&mut conn).await })
        .await
}

/// Keeps a unit, with a note that replaces the one before.
pub async fn set(
    write: &Write<'_>,
    key: EnrollmentKey,
    unit: UnitKey,
    note: &str,
) -> Result<EnrollmentKey, Stop> {
    let enrollment = own::find(write, key).await?;
    let row = &enrollment.enrollment;
    own::refuse_unless_in(row)?;
    let contents = &write.app.contents;
    let revision = contents
        .find_for_write(write.gate.conn(), row.revision_key())
        .await?;
    if unit.course != revision.course || revision.unit_position(unit.id).is_none() {
        return refuse_with(Refusal::not_found("unitId"));
    }
    if note.chars().count() > MOST_NOTE {
        let message = format!("A note has at most {MOST_NOTE} characters.");
        return refuse_with(Refusal::at(Code::Invalid, "note", message));
    }
    let id = BookmarkId(write.app.clock.uuid());
    if !upsert(&enrollment, write.gate.conn(), id, unit.id, note).await? {
        let message = format!("A course has at most {MOST} bookmarks; remove one first.");
        return refuse_with(Refusal::at(Code::LimitReached, "unitId", message));
    }
    write.happened("bookmark.set", key, json!({ "unit": unit.to_string() }));
    Ok(key)
}

/// Writes a bookmark, unless there are as many as there may be. Its enrolment is locked, so they are counted once.
async fn upsert(
    enrollment: &Own<'_>,
    mut conn: Conn<'_>,
    id: BookmarkId,
    unit: UnitId,
    note: &str,
) -> QueryResult<bool> {
    let row = &enrollment.enrollment;
    let written = Statement::<Untyped>::new(
        "insert into bookmarks (org_id, id, enrollment_id, course_id, member_id, unit_id, note) \
         select e.org_id, ?, e.id, e.course_id, e.member_id, k.unit_id, ? from (select ?::uuid as unit_id) k \
         join enrollments e on e.org_id = ? and e.id = ? where (select count(*) from bookmarks b where b.org_id = e.org_id \
         and b.enrollment_id = e.id and b.unit_id <> k.unit_id) < ? \
         on conflict (org_id, enrollment_id, unit_id) do update set note = excluded.note, updated_at = now()",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Text, _>(note.to_owned())
    .bind::<SqlUuid, _>(unit)
    .bind::<SqlUuid, _>(row.key.org)
    .bind::<SqlUuid, _>(row.key.id)
    .bind::<BigInt, _>(MOST)
    .execute(&mut conn)
    .await?;
    Ok(written == 1)
}

/// Removes a bookmark, in whatever state the enrolment is.
pub async fn remove(write: &Write<'_>, key: EnrollmentKey, unit: UnitKey) -> Result<EnrollmentKey, Stop> {
    let enrollment = own::find(write, key).await?;
    let course = enrollment.enrollment.course_key();
    let of_unit = bookmarks::table.filter(
        bookmarks::org_id
            .eq(key.org)
            .and(bookmarks::enrollment_id.eq(key.id))
            .and(bookmarks::unit_id.eq(unit.id)),
    );
    let removed = diesel::delete(of_unit).execute(&mut write.gate.conn()).await?;
    if removed == 0 || unit.course != course {
        return refuse_with(Refusal::not_found("unitId"));
    }
    write.happened("bookmark.removed", key, json!({ "unit": unit.to_string() }));
    Ok(key)
}
