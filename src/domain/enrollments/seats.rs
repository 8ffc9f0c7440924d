//! Seats: who is in a course or was until it was complete has one; who left it, or whose time is over, has none.
//!
//! Whatever takes or frees a seat holds the course's seats until its transaction ends, so that none is given twice and the
//! waiting list moves up in its order; nobody comes in before those who wait. Locks are taken in one order: members and courses,
//! seats, enrolments. Whoever holds a course alone waits for no member, and several courses are held in the order of their
//! identifiers.

use super::completion::settle;
use super::model::EnrollmentState;
use super::store::{self, Activation};
use crate::auth::allowed::Allowed;
use crate::auth::permission::Action;
use crate::db::Statement;
use crate::domain::mutate::Write;
use crate::kernel::error::Result;
use crate::kernel::ids::{
    CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberKey, RevisionId, RevisionKey,
};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Untyped, Uuid as SqlUuid};
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

/// Holds the seats of an enrolment's course, and before them the course and the learner's membership.
pub async fn hold_for(write: &Write<'_>, key: EnrollmentKey) -> Result<()> {
    Statement::<Untyped>::new(
        "select pg_advisory_xact_lock(hashtextextended('seats of ' || c.id, 0)) from (select c.id from enrollments e \
         join courses c on c.org_id = e.org_id and c.id = e.course_id join memberships m on m.org_id = e.org_id and m.id = e.member_id \
         where e.org_id = ? and e.id = ? for share of m, c) c",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await?;
    Ok(())
}

/// Holds the seats of the courses in which a member, who is locked, has an enrolment in one of these states, and the courses. Returns
/// these.
pub async fn hold_of(
    write: &Write<'_>,
    member: MemberKey,
    states: &[EnrollmentState],
) -> Result<Vec<CourseId>> {
    let held: Vec<(CourseId, bool)> = Statement::<(SqlUuid, Bool)>::new(
        "select c.id, pg_advisory_xact_lock(hashtextextended('seats of ' || c.id, 0)) is null from (select c.id from enrollments e \
         join courses c on c.org_id = e.org_id and c.id = e.course_id where e.org_id = ? and e.member_id = ? and e.state = any (?) \
         order by c.id for share of c) c",
    )
    .bind::<SqlUuid, _>(member.org)
    .bind::<SqlUuid, _>(member.id)
    .bind::<Array<Text>, _>(states.to_vec())
    .load(&mut write.gate.conn())
    .await?;
    Ok(held.into_iter().map(|(course, _)| course).collect())
}

/// How many of a course's seats are free for who comes now: those who wait for one have moved up before. The seats are held.
pub async fn left<A: Action, R>(
    write: &Write<'_>,
    proof: &Allowed<'_, A, R>,
    course: CourseKey,
    seats: i32,
) -> Result<usize> {
    let (taken, waiting): (i64, i64) = Statement::<(BigInt, BigInt)>::new(
        "select count(*) filter (where state <> 'waitlisted'), count(*) filter (where state = 'waitlisted') from enrollments \
         where org_id = ? and course_id = ? and state in ('active', 'completed', 'waitlisted')",
    )
    .bind::<SqlUuid, _>(course.org)
    .bind::<SqlUuid, _>(course.id)
    .get_result(&mut write.gate.conn())
    .await?;
    let free = usize::try_from(i64::from(seats) - taken).unwrap_or_default();
    if free == 0 || waiting == 0 {
        return Ok(free);
    }
    let moved = move_up(write, proof, course).await?;
    Ok(free.saturating_sub(moved))
}

type Next = (EnrollmentId, RevisionId, Option<i32>, Option<i32>);

/// Gives free seats to those who wait for them, the first first; who is no active member, or has no time left, is passed. What frees a
/// seat proves that it may. The seats are held. Returns how many moved up.
pub async fn move_up<A: Action, R>(
    write: &Write<'_>,
    _: &Allowed<'_, A, R>,
    course: CourseKey,
) -> Result<usize> {
    let next: Vec<Next> = Statement::<(SqlUuid, SqlUuid, Nullable<Integer>, Nullable<Integer>)>::new(
        "select e.id, c.revision_id, t.due_days, t.access_days from courses c \
         join enrollments e on e.org_id = c.org_id and e.course_id = c.id and e.state = 'waitlisted' \
         and (e.expires_at is null or e.expires_at > clock_timestamp()) \
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
        return Ok(0);
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
    for id in &ids {
        let key = EnrollmentKey::new(course.org, *id);
        write.happened(
            "enrollment.moved_up",
            key,
            json!({ "course": course.to_string() }),
        );
    }
    for id in complete {
        settle(write, EnrollmentKey::new(course.org, id), &revision, &[]).await?;
    }
    Ok(ids.len())
}
