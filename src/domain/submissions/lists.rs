//! Reading submissions: one, pages of those that a viewer may see, the pages below enrolments, the files of each.

use super::model::{Submission, SubmissionState};
use crate::db::schema::{assets, submission_assets, submissions};
use crate::db::{Batch, Conn, Statement};
use crate::domain::assets::Asset;
use crate::domain::record_lists::IdRange;
use crate::kernel::error::Result;
use crate::kernel::ids::{EnrollmentId, EnrollmentKey, OrgId, SubmissionId, SubmissionKey, UnitId};
use crate::kernel::page::{Page, Slice};
use crate::record_lists;
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<submissions::table, Pg, SqlType = Bool>>;
type Columns = <Submission as Selectable<Pg>>::SelectExpression;

/// Which submissions a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubmissionFilter {
    /// Only for this assignment.
    pub unit: Option<UnitId>,
    /// Only in this state.
    pub state: Option<SubmissionState>,
}

impl SubmissionFilter {
    /// Adds itself to a condition.
    pub fn narrow(self, mut condition: Condition) -> Condition {
        if let Some(unit) = self.unit {
            condition = Box::new(condition.and(submissions::unit_id.eq(unit)));
        }
        // As a word in the statement, so that its plan may use the index of those that wait.
        if let Some(state) = self.state {
            condition = Box::new(condition.and(submissions::state.eq(state.literal())));
        }
        condition
    }
}

record_lists!(
    submissions,
    Submission,
    SubmissionKey,
    SubmissionId,
    SubmissionFilter
);

/// A page of what an enrolment handed in, the newest first. Whoever sees the enrolment sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubmissionsOf {
    enrollment: EnrollmentKey,
    page: Page,
    range: IdRange,
}

impl SubmissionsOf {
    /// Asks for a page.
    pub fn new(enrollment: EnrollmentKey, page: Page) -> Result<Self> {
        let range = IdRange::of(&page)?;
        Ok(Self {
            enrollment,
            page,
            range,
        })
    }
}

impl Batch for SubmissionsOf {
    type Value = Slice<Arc<Submission>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let mut pages: HashMap<&Page, Vec<&Self>> = HashMap::new();
        for key in keys {
            pages.entry(&key.page).or_default().push(key);
        }
        let mut slices = HashMap::with_capacity(keys.len());
        for (page, keys) in pages {
            let mut rows: HashMap<EnrollmentId, Vec<Arc<Submission>>> = HashMap::new();
            for submission in below(page, &keys).load::<Submission>(&mut conn).await? {
                rows.entry(submission.enrollment_id)
                    .or_default()
                    .push(Arc::new(submission));
            }
            slices.extend(keys.into_iter().map(|key| {
                let rows = rows.remove(&key.enrollment.id).unwrap_or_default();
                (key.clone(), page.slice(rows))
            }));
        }
        Ok(slices)
    }
}

macro_rules! below {
    ($order:literal) => {
        concat!(
            "select s.* from unnest(?, ?) as p (org_id, id) cross join lateral (select ? from submissions \
             where submissions.org_id = p.org_id and submissions.enrollment_id = p.id \
             and submissions.id > ? and submissions.id < ? order by submissions.id ",
            $order,
            " limit ?) s order by s.id ",
            $order
        )
    };
}

/// One page for each enrolment: all of the same form.
fn below<'a>(page: &Page, keys: &[&SubmissionsOf]) -> Statement<'a, SqlTypeOf<Columns>> {
    let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) = keys
        .iter()
        .map(|key| (key.enrollment.org, key.enrollment.id))
        .unzip();
    let range = keys.first().map(|key| key.range);
    let sql = if page.backward {
        below!("asc")
    } else {
        below!("desc")
    };
    Statement::new(sql)
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<SqlTypeOf<Columns>, _>(<Submission as Selectable<Pg>>::construct_selection())
        .bind::<SqlUuid, _>(range.map_or(uuid::Uuid::nil(), |range| range.above))
        .bind::<SqlUuid, _>(range.map_or(uuid::Uuid::max(), |range| range.below))
        .bind::<BigInt, _>(page.size + 1)
}

/// How many submissions an enrolment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SubmissionCountOf(pub EnrollmentKey);

impl Batch for SubmissionCountOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<EnrollmentId> = keys.iter().map(|key| key.0.id).collect();
        let rows: Vec<(OrgId, EnrollmentId, i64)> = submissions::table
            .filter(
                submissions::org_id
                    .eq_any(orgs)
                    .and(submissions::enrollment_id.eq_any(ids)),
            )
            .group_by((submissions::org_id, submissions::enrollment_id))
            .select((
                submissions::org_id,
                submissions::enrollment_id,
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

/// The files of a submission in their order: whoever sees the submission may read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FilesOf(pub SubmissionKey);

impl Batch for FilesOf {
    type Value = Arc<Vec<Arc<Asset>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<SubmissionId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(SubmissionId, Asset)> = submission_assets::table
            .inner_join(
                assets::table.on(assets::org_id
                    .eq(submission_assets::org_id)
                    .and(assets::id.eq(submission_assets::asset_id))),
            )
            .filter(
                submission_assets::org_id
                    .eq_any(orgs)
                    .and(submission_assets::submission_id.eq_any(ids)),
            )
            .order_by(submission_assets::position)
            .select((submission_assets::submission_id, Asset::as_select()))
            .load(&mut conn)
            .await?;
        let mut files: HashMap<Self, Vec<Arc<Asset>>> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for (id, asset) in rows {
            let key = Self(SubmissionKey::new(asset.key.org, id));
            files.entry(key).or_default().push(Arc::new(asset));
        }
        Ok(files
            .into_iter()
            .map(|(key, files)| (key, Arc::new(files)))
            .collect())
    }
}
