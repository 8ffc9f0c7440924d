//! How a learner comes into a course: joins it, or is enrolled by the staff.

use super::model::EnrollmentSource;
use super::store::{self, NewEnrollment};
use crate::auth::allowed::{Allowed, Protected};
use crate::auth::permission::{Permission, action};
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::Statement;
use crate::db::error::violated;
use crate::domain::courses::CourseState;
use crate::domain::mutate::{At, Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, MemberKey, OrgId, RevisionId, RevisionKey};
use crate::relation_sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// The acting member joins a course.
pub async fn enroll(write: &Write<'_>, course: CourseKey) -> Result<EnrollmentKey, Stop> {
    let learner = write.gate.member().ok_or(Error::Unauthenticated)?;
    join(write, course, learner, EnrollmentSource::Learner).await
}

/// Somebody of the staff enrols a member in a course.
pub async fn create(write: &Write<'_>, course: CourseKey, learner: MemberKey) -> Result<EnrollmentKey, Stop> {
    if learner.org != course.org {
        return refuse_with(Refusal::not_found("memberId"));
    }
    hold(write, learner).await?;
    join(write, course, learner, EnrollmentSource::Staff).await
}

/// Holds a membership in its state until the transaction ends: nobody is enrolled while they are let go.
async fn hold(write: &Write<'_>, learner: MemberKey) -> Result<()> {
    Statement::<Untyped>::new("select from memberships where org_id = ? and id = ? for share")
        .bind::<SqlUuid, _>(learner.org)
        .bind::<SqlUuid, _>(learner.id)
        .execute(&mut write.gate.conn())
        .await?;
    Ok(())
}

async fn join(
    write: &Write<'_>,
    course: CourseKey,
    learner: MemberKey,
    source: EnrollmentSource,
) -> Result<EnrollmentKey, Stop> {
    let place = find_place(write, course, learner).await?;
    let Some(place) = place.filter(|place| place.is_seen_by_actor(write)) else {
        return refuse_with(Refusal::not_found("courseId"));
    };
    let Some(revision) = place.revision.filter(|_| place.state == CourseState::Published) else {
        return refuse_with(Refusal::at(
            Code::NotPublished,
            "courseId",
            "The course takes no learners, since it is not published.",
        ));
    };
    let key = EnrollmentKey::new(course.org, EnrollmentId(write.app.clock.uuid()));
    let member_state = place.member_state.clone();
    let is_own = place.relation.own;
    let allowed: Allowed<'_, action::EnrollmentsManage, Place> = write
        .gate
        .allow(member_state.is_some().then_some(place))
        .map_err(|error| match error {
            // Everybody knows of themselves.
            Error::NotFound if is_own => Error::Forbidden {
                permission: Permission::EnrollmentsManage.as_str(),
            },
            error => error,
        })
        .at("memberId")?;
    if member_state.as_deref() != Some("active") {
        return refuse_with(Refusal::at(
            Code::InvalidState,
            "memberId",
            "Only active members can be enrolled.",
        ));
    }
    let content = write
        .app
        .contents
        .find_for_write(write.gate.conn(), RevisionKey::new(course.org, revision))
        .await?;
    let new = NewEnrollment {
        key,
        course: course.id,
        member: learner.id,
        revision,
        source,
        unit_count: i32::try_from(content.required_units().count()).unwrap_or(i32::MAX),
    };
    store::insert(&allowed, write.gate.conn(), new)
        .await
        .map_err(already)?;
    let detail = json!({ "course": course.to_string(), "member": learner.to_string() });
    write.happened("enrollment.created", key, detail);
    Ok(key)
}

/// An enrolment that is to be: what may be known and decided before its row is there.
struct Place {
    org: OrgId,
    state: CourseState,
    revision: Option<RevisionId>,
    member_state: Option<String>,
    relation: Relation,
}

impl Place {
    fn is_seen_by_actor(&self, write: &Write<'_>) -> bool {
        let permission = if self.state == CourseState::Published {
            Permission::CoursesRead
        } else {
            Permission::CoursesReadDraft
        };
        let relation = Relation {
            taught: self.relation.taught,
            ..Relation::default()
        };
        let facts = Facts::of(Kind::Course, self.org).related(relation);
        write.gate.decide(permission, facts).allowed
    }
}

impl Protected for Place {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.org).related(self.relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }
}

/// Reads a course, held in its state until the transaction ends, and a member, with the actor's relation to both.
async fn find_place(write: &Write<'_>, course: CourseKey, learner: MemberKey) -> Result<Option<Place>> {
    type Row = (CourseState, Option<RevisionId>, Option<String>, bool, bool);
    let actor = write.gate.member_id();
    let row: Option<Row> =
        Statement::<(Text, Nullable<SqlUuid>, Nullable<Text>, Bool, Bool)>::new(concat!(
            "select e.state, e.revision_id, e.member_state, ",
            relation_sql!("e"),
            " from (select c.org_id, c.id as course_id, c.state, c.revision_id, m.id as member_id, m.state as member_state \
             from courses c left join memberships m on m.org_id = c.org_id and m.id = ? \
             where c.org_id = ? and c.id = ? for share of c) e"
        ))
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(actor)
        .bind::<SqlUuid, _>(learner.id)
        .bind::<SqlUuid, _>(course.org)
        .bind::<SqlUuid, _>(course.id)
        .get_result(&mut write.gate.conn())
        .await
        .optional()?;
    Ok(row.map(|(state, revision, member_state, taught, managed)| Place {
        org: course.org,
        state,
        revision,
        member_state,
        relation: Relation {
            own: learner.id == actor,
            taught,
            managed,
        },
    }))
}

/// Turns a violated unique key into what there is to know about it.
fn already(error: diesel::result::Error) -> Stop {
    match violated(&error) {
        Some("enrollments_org_id_course_id_member_id_key") => Stop::Refused(vec![Refusal::at(
            Code::AlreadyEnrolled,
            "courseId",
            "The learner has an enrolment in this course already.",
        )]),
        _ => Stop::Failed(Error::from(error)),
    }
}
