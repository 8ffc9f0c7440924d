//! What becomes of a member's places in courses when their membership ends or is restored. The member is locked.

use super::model::EnrollmentState;
use super::seats;
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::Statement;
use crate::domain::members::model::SeenMember;
use crate::domain::mutate::Write;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, CourseKey, EnrollmentId, EnrollmentKey};
use diesel::sql_types::{Array, Bool, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Takes who leaves the organisation out of their courses, off waiting lists, and their requests back, as if they had left each
/// course. Their seats go to who waits. What is complete or expired stays as it is.
pub async fn end<A: Action>(write: &Write<'_>, member: &Allowed<'_, A, SeenMember>) -> Result<()> {
    use EnrollmentState::{Active, Requested, Waitlisted};
    let key = member.member.key;
    let courses = seats::hold_of(write, key, &[Requested, Waitlisted, Active]).await?;
    if courses.is_empty() {
        return Ok(());
    }
    let left: Vec<(EnrollmentId, EnrollmentState, CourseId, bool)> =
        Statement::<(SqlUuid, Text, SqlUuid, Bool)>::new(
            "with f as (select org_id, id, state from enrollments where org_id = ? and member_id = ? and course_id = any (?) \
             and state in ('requested', 'waitlisted', 'active') order by id for no key update) \
             update enrollments e set state = 'withdrawn' from f where e.org_id = f.org_id and e.id = f.id \
             returning e.id, f.state, e.course_id, exists (select from enrollments w where w.org_id = e.org_id \
             and w.course_id = e.course_id and w.state = 'waitlisted' and w.id <> e.id)",
        )
        .bind::<SqlUuid, _>(key.org)
        .bind::<SqlUuid, _>(key.id)
        .bind::<Array<SqlUuid>, _>(courses)
        .load(&mut write.gate.conn())
        .await?;
    for (id, from, course, is_waited_for) in left {
        let enrollment = EnrollmentKey::new(key.org, id);
        write.happened(
            "enrollment.withdrawn",
            enrollment,
            json!({ "from": from.shown() }),
        );
        if is_waited_for {
            seats::move_up(write, member, CourseKey::new(key.org, course)).await?;
        }
    }
    Ok(())
}

/// Gives who may act again the free seats that they waited for and were passed at.
pub async fn resume<A: Action>(write: &Write<'_>, member: &Allowed<'_, A, SeenMember>) -> Result<()> {
    let key = member.member.key;
    for course in seats::hold_of(write, key, &[EnrollmentState::Waitlisted]).await? {
        seats::move_up(write, member, CourseKey::new(key.org, course)).await?;
    }
    Ok(())
}
