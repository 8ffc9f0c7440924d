//! Reading attempts: one, a page of those that a viewer may see, the pages below enrolments.

use super::model::{Attempt, AttemptState};
use super::store::{AttemptColumns, columns};
use crate::auth::permission::Permission;
use crate::auth::standing::Viewer;
use crate::db::paginate::CursorValue;
use crate::db::schema::attempts;
use crate::db::{Batch, Conn, Reader, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{AttemptId, AttemptKey, CourseKey, EnrollmentId, EnrollmentKey, OrgId};
use crate::kernel::page::{Page, Slice};
use crate::{keyset, visible_records};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<attempts::table, Pg, SqlType = Bool>>;

/// Which attempts a list has.
#[derive(Clone, Debug, Default)]
pub struct AttemptFilter {
    /// Only this organisation's.
    pub org: Option<OrgId>,
    /// Only the viewer's own.
    pub mine: bool,
    /// Only at quizzes of this course.
    pub course: Option<CourseKey>,
    /// Only in this state.
    pub state: Option<AttemptState>,
}

/// The attempts that a viewer may see.
pub fn visible_to(viewer: &Viewer) -> Condition {
    visible_records!(attempts, of viewer, Permission::LearningRecordsRead)
}

fn matching(viewer: &Viewer, filter: &AttemptFilter) -> Condition {
    let mut matching = visible_to(viewer);
    if let Some(org) = filter.org {
        matching = Box::new(matching.and(attempts::org_id.eq(org)));
    }
    if filter.mine {
        let standings = viewer.person().into_iter().flat_map(|person| &person.orgs);
        let mine = standings.map(|standing| -> Condition {
            let own = attempts::member_id.eq(standing.member);
            Box::new(attempts::org_id.eq(standing.org).and(own))
        });
        let none = || -> Condition { Box::new(false.into_sql::<Bool>()) };
        let mine = mine
            .reduce(|some, more| Box::new(some.or(more)))
            .unwrap_or_else(none);
        matching = Box::new(matching.and(mine));
    }
    if let Some(course) = filter.course {
        let here = attempts::org_id
            .eq(course.org)
            .and(attempts::course_id.eq(course.id));
        matching = Box::new(matching.and(here));
    }
    if let Some(state) = filter.state {
        matching = Box::new(matching.and(attempts::state.eq(state)));
    }
    matching
}

/// Finds an attempt that a viewer may see.
pub async fn find(reader: &Reader, viewer: &Viewer, key: AttemptKey) -> Result<Option<Arc<Attempt>>> {
    if viewer.in_org(key.org).is_none() {
        return Ok(None);
    }
    let query = Attempt::query()
        .filter(attempts::org_id.eq(key.org).and(attempts::id.eq(key.id)))
        .filter(visible_to(viewer));
    let found = reader
        .run(|mut conn| async move { query.first(&mut conn).await.optional() })
        .await?;
    Ok(found.map(Arc::new))
}

/// Reads one page of the attempts that a viewer may see, the newest first.
pub async fn list(
    reader: &Reader,
    viewer: &Viewer,
    filter: &AttemptFilter,
    page: &Page,
) -> Result<Slice<Arc<Attempt>>> {
    let query = Attempt::query().filter(matching(viewer, filter)).into_boxed();
    let query = keyset!(query, page, attempts::id => AttemptId, attempts::id => AttemptId, true);
    let rows: Vec<Attempt> = reader
        .run(|mut conn| async move { query.load(&mut conn).await })
        .await?;
    Ok(page.slice(rows.into_iter().map(Arc::new).collect()))
}

/// Counts the attempts that a viewer may see.
pub async fn count(reader: &Reader, viewer: &Viewer, filter: &AttemptFilter) -> Result<i64> {
    let query = attempts::table.filter(matching(viewer, filter)).count();
    reader
        .run(|mut conn| async move { query.get_result(&mut conn).await })
        .await
}

/// The ordering values of an attempt's cursor: its id, since ids sort by the time of their making.
pub fn cursor(attempt: &Arc<Attempt>) -> [String; 2] {
    [attempt.key.id.write(), attempt.key.id.write()]
}

/// A page of an enrolment's attempts, the newest first. Whoever sees the enrolment sees its attempts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptsOf(pub EnrollmentKey, pub Page);

impl Batch for AttemptsOf {
    type Value = Arc<Slice<Arc<Attempt>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut pages: HashMap<&Page, Vec<EnrollmentKey>> = HashMap::new();
        for Self(enrollment, page) in keys {
            pages.entry(page).or_default().push(*enrollment);
        }
        let mut slices = HashMap::new();
        for (page, enrollments) in pages {
            let mut rows: HashMap<EnrollmentId, Vec<Arc<Attempt>>> = HashMap::new();
            for attempt in page_below(page, &enrollments).load::<Attempt>(&mut conn).await? {
                rows.entry(attempt.enrollment_id)
                    .or_default()
                    .push(Arc::new(attempt));
            }
            for enrollment in enrollments {
                let slice = page.slice(rows.remove(&enrollment.id).unwrap_or_default());
                slices.insert(Self(enrollment, page.clone()), Arc::new(slice));
            }
        }
        Ok(slices)
    }
}

macro_rules! below {
    ($order:literal) => {
        concat!(
            "select ",
            columns!(),
            " from unnest(?, ?) as p(org_id, enrollment_id) cross join lateral (select * from attempts b \
             where b.org_id = p.org_id and b.enrollment_id = p.enrollment_id and b.id < coalesce(?, 'ffffffff-ffff-ffff-ffff-ffffffffffff') \
             and b.id > coalesce(?, '00000000-0000-0000-0000-000000000000') order by b.id ",
            $order,
            " limit ?) a order by a.id ",
            $order
        )
    };
}

fn page_below<'a>(page: &Page, enrollments: &[EnrollmentKey]) -> Statement<'a, AttemptColumns> {
    let bound = |values: &Option<Vec<String>>| match values.as_deref() {
        Some([id, ..]) => AttemptId::read(id),
        _ => None,
    };
    let orgs: Vec<OrgId> = enrollments.iter().map(|key| key.org).collect();
    let ids: Vec<EnrollmentId> = enrollments.iter().map(|key| key.id).collect();
    let sql = if page.backward {
        below!("asc")
    } else {
        below!("desc")
    };
    Statement::new(sql)
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Nullable<SqlUuid>, _>(bound(&page.after))
        .bind::<Nullable<SqlUuid>, _>(bound(&page.before))
        .bind::<BigInt, _>(page.size + 1)
}

/// How many attempts an enrolment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptCountOf(pub EnrollmentKey);

impl Batch for AttemptCountOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<EnrollmentId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, EnrollmentId, i64)> = attempts::table
            .filter(
                attempts::org_id
                    .eq_any(orgs)
                    .and(attempts::enrollment_id.eq_any(ids)),
            )
            .group_by((attempts::org_id, attempts::enrollment_id))
            .select((
                attempts::org_id,
                attempts::enrollment_id,
                diesel::dsl::count_star(),
            ))
            .load(&mut conn)
            .await?;
        let counted = rows
            .into_iter()
            .map(|(org, id, count)| (Self(EnrollmentKey::new(org, id)), count));
        Ok(counted.collect())
    }
}

/// Seconds until an open attempt's deadline by the database's clock, 0 when it is over; absent where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecondsLeft(pub AttemptKey);

impl Batch for SecondsLeft {
    type Value = i32;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i32>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<AttemptId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, AttemptId, i32)> = Statement::<(SqlUuid, SqlUuid, Integer)>::new(
            "select a.org_id, a.id, greatest(0, ceil(extract(epoch from a.deadline_at - clock_timestamp())))::integer \
             from unnest(?, ?) as k(org_id, id) join attempts a on a.org_id = k.org_id and a.id = k.id \
             where a.state = 'in_progress' and a.deadline_at is not null",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let left = rows
            .into_iter()
            .map(|(org, id, left)| (Self(AttemptKey::new(org, id)), left));
        Ok(left.collect())
    }
}
