//! Seats: who is in a course or was until it was complete has one; who left it, or whose time is over, has none.
//!
//! Whatever takes or frees a seat holds the course's seats until its transaction ends, so that none is given twice and the
//! waiting list moves up in its order. Locks are taken in one order: the course, its seats, members, enrolments.

use super::completion::settle;
use super::store::{self, Activation};
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::{Conn, Statement};
use crate::domain::mutate::Write;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, RevisionId, RevisionKey};
use diesel::QueryResult;
use diesel::sql_types::{BigInt, Integer, Nullable, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Holds the seats of a course.
pub async fn hold(write: &Write<'_>, course: CourseKey) -> Result<()> {
    Statement::<Untyped>::new("select pg_advisory_xact_lock(hashtextextended('seats of ' || ?::uuid, 0))")
        .bind::<SqlUuid, _>(course.id)
        .execute(&mut write.gate.conn())
        .await?;
    Ok(())
}

/// Holds the seats of an enrolment's course, and the course.
pub async fn hold_for(write: &Write<'_>, key: EnrollmentKey) -> Result<()> {
    Statement::<Untyped>::new(
        "select pg_advisory_xact_lock(hashtextextended('seats of ' || c.id, 0)) from (select c.id from enrollments e \
         join courses c on c.org_id = e.org_id and c.id = e.course_id where e.org_id = ? and e.id = ? for share of c) c",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await?;
    Ok(())
}

/// How many seats of a course are taken. Its seats are held.
pub async fn taken(mut conn: Conn<'_>, course: CourseKey) -> QueryResult<i64> {
    Statement::<BigInt>::new(
        "select count(*) from enrollments where org_id = ? and course_id = ? and state in ('active', 'completed')",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .get_result(&mut conn)
    .await
}

type Next = (EnrollmentId, RevisionId, Option<i32>, Option<i32>);

/// Gives free seats to those who wait for them, the first first; former members wait in vain. What frees a seat proves that it
/// may. The seats are held.
pub async fn move_up<A: Action, R>(
    write: &Write<'_>,
    _: &Allowed<'_, A, R>,
    course: CourseKey,
) -> Result<()> {
    let next: Vec<Next> = Statement::<(SqlUuid, SqlUuid, Nullable<Integer>, Nullable<Integer>)>::new(
        "select e.id, c.revision_id, t.due_days, t.access_days from courses c \
         join enrollments e on e.org_id = c.org_id and e.course_id = c.id and e.state = 'waitlisted' \
         join memberships m on m.org_id = e.org_id and m.id = e.member_id and m.state = 'active' \
         left join enrollment_terms t on t.org_id = c.org_id and t.course_id = c.id \
         where c.org_id = ? and c.id = ? and c.state = 'published' order by e.requested_at, e.id \
         limit (select greatest(0, s.seats - (select count(*) from enrollments i where i.org_id = s.org_id \
         and i.course_id = s.course_id and i.state in ('active', 'completed'))) \
         from enrollment_terms s where s.org_id = ? and s.course_id = ? and s.seats is not null)",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .load(&mut write.gate.conn())
    .await?;
    let Some((_, revision, due_days, access_days)) = next.as_slice().first().copied() else {
        return Ok(());
    };
    let contents = &write.app.contents;
    let revision = contents
        .find_for_write(write.gate.conn(), RevisionKey::new(course.org, revision))
        .await?;
    let ids: Vec<EnrollmentId> = next.iter().map(|next| next.0).collect();
    let activation = Activation {
        revision: &revision,
        due_days,
        access_days,
        decided_by: None,
    };
    let complete = store::activate(write.gate.conn(), course, &ids, activation).await?;
    for id in ids {
        let key = EnrollmentKey::new(course.org, id);
        write.happened(
            "enrollment.moved_up",
            key,
            json!({ "course": course.to_string() }),
        );
    }
    for id in complete {
        settle(write, EnrollmentKey::new(course.org, id), &revision, &[]).await?;
    }
    Ok(())
}
