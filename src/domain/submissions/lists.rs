//! Reading submissions: one, pages of those that a viewer may see, the pages below enrolments, the files of each.

use super::model::{Submission, SubmissionState};
use crate::db::schema::{assets, submission_assets, submissions};
use crate::db::{Batch, Conn};
use crate::domain::assets::Asset;
use crate::kernel::ids::{OrgId, SubmissionId, SubmissionKey, UnitId};
use crate::{enrollment_lists, record_lists};
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
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

enrollment_lists!(submissions, Submission, SubmissionsOf, SubmissionCountOf);

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
