//! Statements on `enrollments`.

use super::model::{Enrollment, EnrollmentSource, EnrollmentState, SeenEnrollment};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::action;
use crate::auth::policy::Relation;
use crate::db::schema::enrollments;
use crate::db::{Batch, Conn, Statement};
use crate::kernel::error::Result;
use crate::kernel::ids::{
    CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, OrgId, RevisionId, RevisionKey,
};
use crate::{record_lists, relation_sql};
use diesel::dsl::SqlTypeOf;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;

type Condition = Box<dyn BoxableExpression<enrollments::table, Pg, SqlType = Bool>>;
type Columns = <Enrollment as Selectable<Pg>>::SelectExpression;

/// Which enrolments a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EnrollmentFilter {
    /// Only in this course.
    pub course: Option<CourseId>,
    /// Only in this state.
    pub state: Option<EnrollmentState>,
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

/// What an enrolment begins with.
#[derive(Clone, Copy, Debug)]
pub struct NewEnrollment {
    /// Its key.
    pub key: EnrollmentKey,
    /// The course.
    pub course: CourseId,
    /// The learner.
    pub member: MemberId,
    /// The edition that the learner will work through.
    pub revision: RevisionId,
    /// Who makes it.
    pub source: EnrollmentSource,
    /// Units that the edition's completion rule requires.
    pub unit_count: i32,
}

/// Inserts an enrolment.
pub async fn insert<R>(
    _: &Allowed<'_, action::EnrollmentsManage, R>,
    mut conn: Conn<'_>,
    new: NewEnrollment,
) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "insert into enrollments (org_id, id, course_id, member_id, revision_id, source, unit_count) \
         values (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<SqlUuid, _>(new.key.org)
    .bind::<SqlUuid, _>(new.key.id)
    .bind::<SqlUuid, _>(new.course)
    .bind::<SqlUuid, _>(new.member)
    .bind::<SqlUuid, _>(new.revision)
    .bind::<Text, _>(new.source)
    .bind::<Integer, _>(new.unit_count)
    .execute(&mut conn)
    .await
    .map(|_| ())
}

/// The revision that a member's enrolment in a course is pinned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PinOf(pub CourseKey, pub MemberId);

impl Batch for PinOf {
    type Value = RevisionKey;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let courses: Vec<CourseId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(OrgId, CourseId, MemberId, RevisionId)> = enrollments::table
            .filter(
                enrollments::org_id
                    .eq_any(orgs)
                    .and(enrollments::course_id.eq_any(courses)),
            )
            .filter(enrollments::member_id.eq_any(members))
            .select((
                enrollments::org_id,
                enrollments::course_id,
                enrollments::member_id,
                enrollments::revision_id,
            ))
            .load(&mut conn)
            .await?;
        let pin = |(org, course, member, revision)| {
            (
                Self(CourseKey::new(org, course), member),
                RevisionKey::new(org, revision),
            )
        };
        Ok(rows.into_iter().map(pin).collect())
    }
}

/// Whether a member is a learner of a course: has an enrolment in it, and has not left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Learns(pub CourseKey, pub MemberId);

impl Batch for Learns {
    type Value = ();

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, ()>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let courses: Vec<CourseId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(OrgId, CourseId, MemberId)> = enrollments::table
            .filter(
                enrollments::org_id
                    .eq_any(orgs)
                    .and(enrollments::course_id.eq_any(courses)),
            )
            .filter(enrollments::member_id.eq_any(members))
            .filter(enrollments::state.ne(EnrollmentState::Withdrawn))
            .select((
                enrollments::org_id,
                enrollments::course_id,
                enrollments::member_id,
            ))
            .load(&mut conn)
            .await?;
        let learns = |(org, course, member)| (Self(CourseKey::new(org, course), member), ());
        Ok(rows.into_iter().map(learns).collect())
    }
}
