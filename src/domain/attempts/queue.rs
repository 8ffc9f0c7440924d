//! The attempts at quizzes that wait for people to grade them, of a course or of a whole organisation, the oldest first.

use super::model::Attempt;
use crate::db::paginate::{cursor_values, foreign};
use crate::db::{Batch, Conn, Statement};
use crate::domain::record_lists::{Parent, groups, parents};
use crate::domain::visibility::View;
use crate::kernel::ids::AttemptId;
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
use std::mem::discriminant;
use std::sync::Arc;
use uuid::Uuid;

type Columns = <Attempt as Selectable<Pg>>::SelectExpression;

/// What a viewer may grade of a parent's attempts. Fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueueOf {
    /// Whose attempts: a course's, an organisation's.
    pub parent: Parent,
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
    ($column:literal, $order:literal) => {
        concat!(
            "select a.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from attempts \
             where attempts.org_id = p.org_id and attempts",
            $column,
            " = p.id and attempts.state = 'needs_grading' and ? \
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
        let alike = |key: &Self| (discriminant(&key.0.parent), key.0.view, key.1.clone());
        for keys in groups(keys, alike) {
            let Self(QueueOf { parent, view }, page) = keys[0];
            let [(from, above), (to, below)] = bounds(page)?;
            let (orgs, ids) = parents(keys.iter().map(|key| key.0.parent));
            let sql = match (parent, page.backward) {
                (Parent::Organization(_), false) => page!(".org_id", "asc"),
                (Parent::Organization(_), true) => page!(".org_id", "desc"),
                (Parent::Course(_), false) => page!(".course_id", "asc"),
                (Parent::Course(_), true) => page!(".course_id", "desc"),
                (Parent::Member(_), false) => page!(".member_id", "asc"),
                (Parent::Member(_), true) => page!(".member_id", "desc"),
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
            let mut pages: HashMap<Parent, Vec<Arc<Attempt>>> = HashMap::new();
            for row in rows {
                let parent = parent.alike(row.key.org, row.course_id, row.member_id);
                pages.entry(parent).or_default().push(Arc::new(row));
            }
            found.extend(keys.into_iter().map(|key| {
                let rows = pages.remove(&key.0.parent).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(found)
    }
}

macro_rules! count {
    ($column:literal) => {
        concat!(
            "select p.org_id, p.id, (select count(*) from attempts where attempts.org_id = p.org_id and attempts",
            $column,
            " = p.id and attempts.state = 'needs_grading' and ?) from unnest(?, ?) as p (org_id, id)"
        )
    };
}

impl Batch for QueueOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in groups(keys, |key| (discriminant(&key.parent), key.view)) {
            let Self { parent, view } = *keys[0];
            let (orgs, ids) = parents(keys.iter().map(|key| key.parent));
            let sql = match parent {
                Parent::Organization(_) => count!(".org_id"),
                Parent::Course(_) => count!(".course_id"),
                Parent::Member(_) => count!(".member_id"),
            };
            let rows: Vec<(Uuid, Uuid, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(sql)
                .bind::<Bool, _>(visible_records!(attempts, in view))
                .bind::<Array<SqlUuid>, _>(orgs)
                .bind::<Array<SqlUuid>, _>(ids)
                .load(&mut conn)
                .await?;
            let counts: HashMap<(Uuid, Uuid), i64> = rows
                .into_iter()
                .map(|(org, id, count)| ((org, id), count))
                .collect();
            found.extend(keys.into_iter().map(|key| {
                let place = (key.parent.org().0, key.parent.id());
                (*key, counts.get(&place).copied().unwrap_or_default())
            }));
        }
        Ok(found)
    }
}
