//! The attempts at a course's quizzes that wait for people to grade them, the oldest first.

use super::model::Attempt;
use crate::db::paginate::{cursor_values, foreign};
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::groups;
use crate::domain::visibility::View;
use crate::kernel::ids::{AttemptId, CourseId, CourseKey, OrgId};
use crate::kernel::page::{Page, Slice};
use crate::visible_records;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::Selectable;
use diesel::dsl::SqlTypeOf;
use diesel::pg::Pg;
use diesel::sql_types::{Array, BigInt, Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

type Columns = <Attempt as Selectable<Pg>>::SelectExpression;

/// What a viewer may grade of a course's attempts. Fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueOf {
    /// The course.
    pub course: CourseKey,
    /// How far the viewer's permission to grade reaches.
    pub view: View,
}

/// One page of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueuePage(pub QueueOf, pub Page);

/// Between which two attempts a page lies, by when they were submitted.
type Bounds = [(DateTime<Utc>, AttemptId); 2];

fn bounds(page: &Page) -> QueryResult<Bounds> {
    let ages = TimeDelta::days(365 * 1_000);
    let read = |cursor: &Option<Vec<String>>, open| match cursor {
        Some(values) => cursor_values(values).map_err(foreign),
        None => Ok(open),
    };
    Ok([
        read(&page.after, (DateTime::UNIX_EPOCH - ages, AttemptId(Uuid::nil())))?,
        read(
            &page.before,
            (DateTime::UNIX_EPOCH + ages, AttemptId(Uuid::max())),
        )?,
    ])
}

macro_rules! page {
    ($order:literal) => {
        concat!(
            "select a.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from attempts \
             where attempts.org_id = p.org_id and attempts.course_id = p.id and attempts.state = 'needs_grading' and ? \
             and (attempts.submitted_at, attempts.id) > (?, ?) and (attempts.submitted_at, attempts.id) < (?, ?) \
             order by attempts.submitted_at ",
            $order,
            ", attempts.id ",
            $order,
            " limit ?) a order by a.submitted_at ",
            $order,
            ", a.id ",
            $order
        )
    };
}

impl Batch for QueuePage {
    type Value = Slice<Arc<Attempt>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| (key.0.view, key.1.clone())) {
            let Self(QueueOf { view, .. }, page) = keys[0];
            let [(from, above), (to, below)] = bounds(page)?;
            let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) =
                keys.iter().map(|key| (key.0.course.org, key.0.course.id)).unzip();
            let sql = if page.backward {
                page!("desc")
            } else {
                page!("asc")
            };
            let rows: Vec<Attempt> = Statement::<SqlTypeOf<Columns>>::new(sql)
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<SqlTypeOf<Columns>, _>(<Attempt as Selectable<Pg>>::construct_selection())
                .bind::<Bool, _>(visible_records!(attempts, in *view))
                .bind::<Timestamptz, _>(from)
                .bind::<SqlUuid, _>(above)
                .bind::<Timestamptz, _>(to)
                .bind::<SqlUuid, _>(below)
                .bind::<BigInt, _>(page.size + 1)
                .load(&mut conn)
                .await?;
            let mut pages: HashMap<CourseId, Vec<Arc<Attempt>>> = HashMap::new();
            for row in rows {
                pages.entry(row.course_id).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.0.course.id).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

impl Batch for QueueOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| key.view) {
            let view = keys[0].view;
            let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) =
                keys.iter().map(|key| (key.course.org, key.course.id)).unzip();
            let rows: Vec<(OrgId, CourseId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(
                "select p.org_id, p.id, (select count(*) from attempts where attempts.org_id = p.org_id and attempts.course_id = p.id \
                 and attempts.state = 'needs_grading' and ?) from unnest(?, ?) as p (org_id, id)",
            )
            .bind::<Bool, _>(visible_records!(attempts, in view))
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(ids)
            .load(&mut conn)
            .await?;
            found.extend(rows.into_iter().map(|(org, id, count)| {
                let course = CourseKey::new(org, id);
                (Self { course, view }, count)
            }));
        }
        Ok(found)
    }
}
