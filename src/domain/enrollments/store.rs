//! Statements on `enrollments`.

use super::model::{Enrollment, EnrollmentState, SeenEnrollment};
use crate::auth::allowed::Gate;
use crate::auth::policy::Relation;
use crate::db::schema::enrollments;
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::Revision;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, OrgId};
use crate::{record_lists, relation_sql};
use chrono::{DateTime, Utc};
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

type Condition = Box<dyn BoxableExpression<enrollments::table, Pg, SqlType = Bool>>;
type Columns = <Enrollment as Selectable<Pg>>::SelectExpression;

/// Which enrolments a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EnrollmentFilter {
    /// Only in this course.
    pub course: Option<CourseId>,
    /// Only in this state.
    pub state: Option<EnrollmentState>,
    /// Only those that should be complete by now and are not.
    pub is_overdue: bool,
    /// Only those of active learners of whom nothing was reported since.
    pub inactive_since: Option<DateTime<Utc>>,
}

impl EnrollmentFilter {
    /// Adds itself to a condition.
    pub fn narrow(self, mut condition: Condition) -> Condition {
        if let Some(course) = self.course {
            condition = Box::new(condition.and(enrollments::course_id.eq(course)));
        }
        if let Some(state) = self.state {
            condition = Box::new(condition.and(enrollments::state.eq(state)));
        }
        let active = enrollments::state.eq(EnrollmentState::Active);
        if self.is_overdue {
            let due = enrollments::due_at.assume_not_null().lt(diesel::dsl::now);
            let overdue = enrollments::due_at.is_not_null().and(due);
            condition = Box::new(condition.and(active).and(overdue));
        }
        if let Some(since) = self.inactive_since {
            let active_before = enrollments::last_activity_at.assume_not_null().lt(since);
            let quiet = enrollments::last_activity_at.is_not_null().and(active_before);
            let never = enrollments::last_activity_at
                .is_null()
                .and(enrollments::enrolled_at.lt(since));
            condition = Box::new(condition.and(active).and(quiet.or(never)));
        }
        condition
    }
}

record_lists!(
    enrollments,
    Enrollment,
    EnrollmentKey,
    EnrollmentId,
    EnrollmentFilter
);

/// Reads an enrolment for a write, locked until the transaction ends, with the actor's relation to it. The lock lets
/// rows that refer to the enrolment be inserted meanwhile.
pub async fn find_for_write(gate: &Gate<'_>, key: EnrollmentKey) -> Result<Option<SeenEnrollment>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let actor = gate.member_id();
    let row: Option<(Enrollment, bool, bool)> = Statement::<(SqlTypeOf<Columns>, Bool, Bool)>::new(concat!(
        "select ?, ",
        relation_sql!("enrollments"),
        " from enrollments where enrollments.org_id = ? and enrollments.id = ? for no key update of enrollments"
    ))
    .bind::<SqlTypeOf<Columns>, _>(<Enrollment as Selectable<Pg>>::construct_selection())
    .bind::<SqlUuid, _>(actor)
    .bind::<SqlUuid, _>(actor)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut gate.conn())
    .await
    .optional()?;
    Ok(row.map(|(enrollment, taught, managed)| SeenEnrollment {
        relation: Relation {
            own: enrollment.member_id == actor,
            taught,
            managed,
        },
        enrollment,
    }))
}

/// What puts enrolments into the present edition of their course.
#[derive(Clone, Copy)]
pub struct Activation<'r> {
    /// The edition.
    pub revision: &'r Revision,
    /// After how many days the course is due, for who does not come with another time.
    pub due_days: Option<i32>,
    /// After how many days the learner's time is over, for who does not come with another.
    pub access_days: Option<i32>,
    /// Who let the learners in; nobody where their turn had come.
    pub decided_by: Option<MemberId>,
}

/// Lets those in who asked or waited. What they completed of the course before counts. Who waited has the times that were said or that
/// they had before; who is let in by somebody begins with those of the terms. Returns those for whom that is all.
pub(super) async fn activate(
    mut conn: Conn<'_>,
    course: CourseKey,
    ids: &[EnrollmentId],
    activation: Activation<'_>,
) -> QueryResult<Vec<EnrollmentId>> {
    let required = activation.revision.required_ids();
    Statement::<SqlUuid>::new(
        "with activated as (update enrollments e set state = 'active', revision_id = ?, unit_count = cardinality(r.required), \
         units_completed = (select count(*) from unit_progress p where p.org_id = e.org_id and p.enrollment_id = e.id \
         and p.state = 'completed' and p.unit_id = any (r.required)), enrolled_at = now(), decided_by = ?, \
         started_at = coalesce(case e.state when 'waitlisted' then e.started_at end, now()), \
         due_at = coalesce(case e.state when 'waitlisted' then e.due_at end, now() + make_interval(days => ?)), \
         expires_at = coalesce(case e.state when 'waitlisted' then e.expires_at end, now() + make_interval(days => ?)) \
         from (select ?::uuid[] as required) r where e.org_id = ? and e.course_id = ? and e.id = any (?) \
         and e.state in ('requested', 'waitlisted') returning e.id, e.units_completed) \
         select id from activated where units_completed >= ?",
    )
    .bind::<SqlUuid, _>(activation.revision.key.id)
    .bind::<Nullable<SqlUuid>, _>(activation.decided_by)
    .bind::<Nullable<Integer>, _>(activation.due_days)
    .bind::<Nullable<Integer>, _>(activation.access_days)
    .bind::<Array<SqlUuid>, _>(required)
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<Array<SqlUuid>, _>(ids.to_vec())
    .bind::<Integer, _>(activation.revision.units_needed())
    .load(&mut conn)
    .await
}

/// The enrolment of a member in a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnrollmentIn(pub CourseKey, pub MemberId);

impl Batch for EnrollmentIn {
    type Value = Arc<Enrollment>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let courses: Vec<CourseId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<Enrollment> = Enrollment::query()
            .filter(
                enrollments::org_id
                    .eq_any(orgs)
                    .and(enrollments::course_id.eq_any(courses)),
            )
            .filter(enrollments::member_id.eq_any(members))
            .load(&mut conn)
            .await?;
        let enrollment = |row: Enrollment| (Self(row.course_key(), row.member_id), Arc::new(row));
        Ok(rows.into_iter().map(enrollment).collect())
    }
}

/// An enrolment's place on its course's waiting list, from 1; nothing for one that is not on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlaceOf(pub EnrollmentKey);

impl Batch for PlaceOf {
    type Value = i64;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, EnrollmentId, i64)> = Statement::<(SqlUuid, SqlUuid, BigInt)>::new(
            "select e.org_id, e.id, (select count(*) from enrollments w where w.org_id = e.org_id and w.course_id = e.course_id \
             and w.state = 'waitlisted' and (w.requested_at, w.id) <= (e.requested_at, e.id)) \
             from unnest(?, ?) as k (org_id, id) join enrollments e on e.org_id = k.org_id and e.id = k.id where e.state = 'waitlisted'",
        )
        .bind::<Array<SqlUuid>, _>(orgs)
        .bind::<Array<SqlUuid>, _>(ids)
        .load(&mut conn)
        .await?;
        let place = |(org, id, place)| (Self(EnrollmentKey::new(org, id)), place);
        Ok(rows.into_iter().map(place).collect())
    }
}
