//! A course's terms: how learners come into it, how many, and for how long. Table: `enrollment_terms`.

use super::seats;
use crate::db::schema::enrollment_terms;
use crate::db::{Batch, Conn, Statement};
use crate::domain::courses::authoring::editable;
use crate::domain::courses::drafts::MayUpdate;
use crate::domain::mutate::{Stop, Write, refuse_all};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{CourseId, CourseKey, OrgId};
use crate::text_enum;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

text_enum! {
    /// How learners come into a course by themselves. The staff enrols whom it will, whatever this says.
    EnrollmentPolicy {
        /// Whoever finds the course joins it.
        Open = "open",
        /// Whoever finds the course asks, and somebody of the staff decides.
        Approval = "approval",
        /// Whoever has the course's invitation code joins it.
        Invitation = "invitation",
        /// Nobody comes by themselves.
        Closed = "closed",
    }
}

/// The terms of a course.
#[derive(AsChangeset, Clone, Debug, HasQuery, Insertable, PartialEq, Eq)]
#[diesel(table_name = enrollment_terms, treat_none_as_null = true)]
pub struct EnrollmentTerms {
    /// How learners come in.
    pub policy: EnrollmentPolicy,
    /// What a learner gives to join by invitation.
    pub invitation_code: Option<String>,
    /// How many learners may be in the course.
    pub seats: Option<i32>,
    /// After how many days the course is due.
    pub due_days: Option<i32>,
    /// After how many days the learner's time is over.
    pub access_days: Option<i32>,
    /// After how many months the learner begins anew.
    pub valid_months: Option<i32>,
}

impl Default for EnrollmentTerms {
    fn default() -> Self {
        Self {
            policy: EnrollmentPolicy::Open,
            invitation_code: None,
            seats: None,
            due_days: None,
            access_days: None,
            valid_months: None,
        }
    }
}

impl EnrollmentTerms {
    fn faults(&self) -> impl Iterator<Item = Option<Refusal>> + use<> {
        let bounded = |path, value: Option<i32>, most: i32| {
            let sound = value.is_none_or(|value| (1..=most).contains(&value));
            (!sound).then(|| Refusal::at(Code::Invalid, path, format!("This is between 1 and {most}.")))
        };
        let length = self.invitation_code.as_ref().map(|code| code.chars().count());
        let by_invitation = self.policy == EnrollmentPolicy::Invitation;
        let code = match length {
            Some(length) if by_invitation && (12..=100).contains(&length) => None,
            None if !by_invitation => None,
            _ => Some(Refusal::at(
                Code::Invalid,
                "invitationCode",
                "Give an invitation code of 12 to 100 characters with the policy INVITATION, and none with any other.",
            )),
        };
        [
            code,
            bounded("seats", self.seats, 1_000_000),
            bounded("dueDays", self.due_days, 3_650),
            bounded("accessDays", self.access_days, 3_650),
            bounded("validMonths", self.valid_months, 120),
        ]
        .into_iter()
    }
}

/// Sets a course's terms, as a whole. They hold for whom they let in from now on; who waits for a seat that there is by now gets
/// it.
pub async fn set(write: &Write<'_>, key: CourseKey, terms: &EnrollmentTerms) -> Result<CourseKey, Stop> {
    let course = editable(write, key, "courseId").await?;
    refuse_all(terms.faults())?;
    // After the course's own lock, as whoever enrols does.
    seats::hold(write, key).await?;
    store(&course, write.gate.conn(), terms).await?;
    write.happened("course.enrollment_terms_set", key, json!({}));
    seats::move_up(write, &course, key).await?;
    Ok(key)
}

async fn store(course: &MayUpdate<'_>, mut conn: Conn<'_>, terms: &EnrollmentTerms) -> QueryResult<()> {
    let key = course.course.key;
    diesel::insert_into(enrollment_terms::table)
        .values((
            enrollment_terms::org_id.eq(key.org),
            enrollment_terms::course_id.eq(key.id),
            terms,
        ))
        .on_conflict((enrollment_terms::org_id, enrollment_terms::course_id))
        .do_update()
        .set(terms)
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// The terms of a course; nothing where it has none of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TermsOf(pub CourseKey);

impl Batch for TermsOf {
    type Value = Arc<EnrollmentTerms>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, CourseId, EnrollmentTerms)> = enrollment_terms::table
            .filter(
                enrollment_terms::org_id
                    .eq_any(orgs)
                    .and(enrollment_terms::course_id.eq_any(ids)),
            )
            .select((
                enrollment_terms::org_id,
                enrollment_terms::course_id,
                EnrollmentTerms::as_select(),
            ))
            .load(&mut conn)
            .await?;
        let terms = |(org, course, terms)| (Self(CourseKey::new(org, course)), Arc::new(terms));
        Ok(rows.into_iter().map(terms).collect())
    }
}

/// How many are in a course, and how many wait for a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CrowdOf(pub CourseKey);

impl Batch for CrowdOf {
    type Value = (i64, i64);

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<CourseId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, CourseId, i64, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt, BigInt)>::new(
            "select c.org_id, c.id, count(*) filter (where e.state in ('active', 'completed')), \
             count(*) filter (where e.state = 'waitlisted') from unnest(?, ?) as c (org_id, id) \
             join enrollments e on e.org_id = c.org_id and e.course_id = c.id group by c.org_id, c.id",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let crowd = |(org, course, seated, waiting)| (Self(CourseKey::new(org, course)), (seated, waiting));
        Ok(rows.into_iter().map(crowd).collect())
    }
}
