//! Statements on `certificates`.

use super::model::Certificate;
use crate::db::schema::certificates;
use crate::db::{Batch, Conn};
use crate::kernel::ids::{CertificateId, CertificateKey, CourseId, EnrollmentId, EnrollmentKey, OrgId};
use crate::record_lists;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<certificates::table, Pg, SqlType = Bool>>;

/// Which certificates a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CertificateFilter {
    /// Only of this course.
    pub course: Option<CourseId>,
}

impl CertificateFilter {
    /// Adds itself to a condition.
    pub fn narrow(self, condition: Condition) -> Condition {
        match self.course {
            Some(course) => Box::new(condition.and(certificates::course_id.eq(course))),
            None => condition,
        }
    }
}

record_lists!(
    certificates,
    Certificate,
    CertificateKey,
    CertificateId,
    CertificateFilter
);

/// The certificate of an enrolment, once there is one: of its last cycle that was completed. Who sees the enrolment sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CertificateOf(pub EnrollmentKey);

impl Batch for CertificateOf {
    type Value = Arc<Certificate>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<Certificate> = Certificate::query()
            .filter(
                certificates::org_id
                    .eq_any(orgs)
                    .and(certificates::enrollment_id.eq_any(ids)),
            )
            .order_by(certificates::cycle)
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (Self(row.enrollment_key()), Arc::new(row)))
            .collect())
    }
}
