//! From state to state: what people decide about enrolments, and what time does.

use super::completion::settle;
use super::model::{Decided, EnrollmentState, SeenEnrollment};
use super::store::{self, Activation, find_for_write};
use super::terms::EnrollmentTerms;
use super::{candidates, seats};
use crate::auth::allowed::Allowed;
use crate::auth::permission::{Action, action};
use crate::db::{Conn, Db, Statement};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal, State};
use crate::kernel::error::Result;
use crate::kernel::ids::{EnrollmentId, EnrollmentKey, OrgId, RevisionKey};
use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::sql_types::{Bool, Integer, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

/// Characters of a reason.
const MOST_REASON: usize = 1_000;

/// The proof that a decision about a learner takes.
pub(super) type MayDecide<'w> = Allowed<'w, action::EnrollmentsManage, Decided>;

/// Reads and locks an enrolment, behind its course's seats, that the actor may decide about.
pub(super) async fn decidable<'w>(write: &'w Write<'_>, key: EnrollmentKey) -> Result<MayDecide<'w>, Stop> {
    seats::hold_for(write, key).await?;
    let found = find_for_write(&write.gate, key).await?;
    write.gate.allow(found.map(Decided)).at("enrollmentId")
}

/// Whether the learner may act in the organisation; [`decidable`] holds them in their state.
pub(super) async fn is_active(mut conn: Conn<'_>, enrollment: &MayDecide<'_>) -> QueryResult<bool> {
    let member = enrollment.0.enrollment.member_key();
    Statement::<Bool>::new(
        "select exists (select from memberships where org_id = ? and id = ? and state = 'active')",
    )
    .bind::<SqlUuid, _>(member.org)
    .bind::<SqlUuid, _>(member.id)
    .get_result(&mut conn)
    .await
}

/// Refuses to let somebody in, or go on, who is suspended or removed.
pub(super) async fn refuse_unless_active(write: &Write<'_>, enrollment: &MayDecide<'_>) -> Result<(), Stop> {
    if is_active(write.gate.conn(), enrollment).await? {
        return Ok(());
    }
    let message = "The learner is no active member: restore them, or invite them again, first.";
    refuse_with(Refusal::at(Code::InvalidState, "enrollmentId", message))
}

/// Refuses a move that is not for an enrolment in this state, and says which moves are.
pub(super) fn refuse_unless(
    enrollment: &SeenEnrollment,
    from: &[EnrollmentState],
    to: EnrollmentState,
) -> Result<(), Stop> {
    let state = enrollment.enrollment.state;
    if from.contains(&state) {
        return Ok(());
    }
    let next: Vec<String> = state.next().iter().map(|state| state.shown()).collect();
    let message = format!(
        "The enrolment is {}, and does not become {} by this. What is {} may become {}.",
        state.shown(),
        to.shown(),
        state.shown(),
        next.join(", ")
    );
    refuse_with(state.refuse("enrollmentId", message, Some(to)))
}

/// Lets somebody in who asked to be.
pub async fn approve(write: &Write<'_>, key: EnrollmentKey) -> Result<EnrollmentKey, Stop> {
    let enrollment = decidable(write, key).await?;
    let row = &enrollment.0.enrollment;
    refuse_unless(
        &enrollment.0,
        &[EnrollmentState::Requested],
        EnrollmentState::Active,
    )?;
    refuse_unless_active(write, &enrollment).await?;
    let course = row.course_key();
    let offer = candidates::find_offer(write, course)
        .await
        .map_err(|stop| at(stop, "enrollmentId"))?;
    refuse_without_seat(write, &enrollment, &offer.terms).await?;
    let conn = write.gate.conn();
    let revision = RevisionKey::new(course.org, offer.revision);
    let revision = write.app.contents.find_for_write(conn, revision).await?;
    let activation = Activation {
        revision: &revision,
        due_days: offer.terms.due_days,
        access_days: offer.terms.access_days,
        decided_by: write.gate.member().map(|member| member.id),
    };
    let complete = store::activate(conn, course, &[key.id], activation).await?;
    write.happened(
        "enrollment.approved",
        key,
        json!({ "course": course.to_string() }),
    );
    if !complete.is_empty() {
        settle(write, key, &revision, &[]).await?;
    }
    Ok(key)
}

/// Declines a request.
pub async fn decline(
    write: &Write<'_>,
    key: EnrollmentKey,
    reason: Option<&str>,
) -> Result<EnrollmentKey, Stop> {
    let enrollment = decidable(write, key).await?;
    refuse_unless(
        &enrollment.0,
        &[EnrollmentState::Requested],
        EnrollmentState::Declined,
    )?;
    refuse_all([reason.and_then(|reason| Refusal::of_name("reason", reason, MOST_REASON))])?;
    Statement::<Untyped>::new(
        "update enrollments set state = 'declined', decided_by = ?, decline_reason = ? where org_id = ? and id = ?",
    )
    .bind::<Nullable<SqlUuid>, _>(write.gate.member().map(|member| member.id))
    .bind::<Nullable<Text>, _>(reason.map(str::to_owned))
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await?;
    write.happened("enrollment.declined", key, json!({}));
    Ok(key)
}

/// Takes somebody out of a course, out of its waiting list, or takes a request back: the learner themselves, or the staff.
pub async fn withdraw(write: &Write<'_>, key: EnrollmentKey) -> Result<EnrollmentKey, Stop> {
    use EnrollmentState::{Active, Requested, Waitlisted, Withdrawn};
    seats::hold_for(write, key).await?;
    let found = find_for_write(&write.gate, key).await?;
    let enrollment: Allowed<'_, action::EnrollmentsManage, SeenEnrollment> =
        write.gate.allow(found).at("enrollmentId")?;
    refuse_unless(&enrollment, &[Requested, Waitlisted, Active], Withdrawn)?;
    leave(write.gate.conn(), &enrollment, Withdrawn).await?;
    let from = enrollment.enrollment.state.shown();
    write.happened("enrollment.withdrawn", key, json!({ "from": from }));
    seats::move_up(write, &enrollment, enrollment.enrollment.course_key()).await?;
    Ok(key)
}

/// Gives a learner other times; who has none left goes on with them, or is done where all was complete by now.
pub async fn extend(
    write: &Write<'_>,
    key: EnrollmentKey,
    due_at: MaybeUndefined<DateTime<Utc>>,
    expires_at: MaybeUndefined<DateTime<Utc>>,
) -> Result<EnrollmentKey, Stop> {
    use EnrollmentState::{Active, Expired};
    let enrollment = decidable(write, key).await?;
    let row = &enrollment.0.enrollment;
    refuse_unless(&enrollment.0, &[Active, Expired], Active)?;
    refuse_unless_active(write, &enrollment).await?;
    let past = |path, at: &MaybeUndefined<DateTime<Utc>>| {
        let is_past = matches!(at, MaybeUndefined::Value(at) if *at <= row.read_at);
        is_past.then(|| Refusal::at(Code::Invalid, path, "This lies in the past."))
    };
    refuse_all([past("dueAt", &due_at), past("expiresAt", &expires_at)])?;
    if row.state == Expired {
        if expires_at.is_undefined() {
            let message = "The enrolment is EXPIRED: say until when the learner may go on, or null for good.";
            return refuse_with(Refusal::at(Code::Invalid, "expiresAt", message));
        }
        let offer = candidates::find_terms(write, row.course_key()).await?;
        refuse_without_seat(write, &enrollment, &offer).await?;
    }
    Statement::<Untyped>::new(
        "update enrollments set state = 'active', due_at = case when ? then ? else due_at end, \
         expires_at = case when ? then ? else expires_at end where org_id = ? and id = ?",
    )
    .bind::<Bool, _>(!due_at.is_undefined())
    .bind::<Nullable<Timestamptz>, _>(due_at.take())
    .bind::<Bool, _>(!expires_at.is_undefined())
    .bind::<Nullable<Timestamptz>, _>(expires_at.take())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut write.gate.conn())
    .await?;
    write.happened("enrollment.extended", key, json!({ "from": row.state.shown() }));
    if row.state == Expired {
        // What was graded meanwhile may be all that was missing.
        let contents = &write.app.contents;
        let revision = contents
            .find_for_write(write.gate.conn(), row.revision_key())
            .await?;
        settle(write, key, &revision, &[]).await?;
    }
    Ok(key)
}

/// Ends the time of an enrolment if it is over by the database's clock. Tells whether it was.
pub async fn expire(write: &Write<'_>, key: EnrollmentKey) -> Result<bool, Stop> {
    let enrollment = decidable(write, key).await?;
    if enrollment.0.enrollment.state != EnrollmentState::Active {
        return Ok(false);
    }
    let expired = leave(write.gate.conn(), &enrollment, EnrollmentState::Expired).await?;
    if expired {
        write.happened("enrollment.expired", key, json!({}));
        seats::move_up(write, &enrollment, enrollment.0.enrollment.course_key()).await?;
    }
    Ok(expired)
}

/// Puts a locked enrolment out of its course: now, or where its time is over. Tells whether it did.
async fn leave<A: Action, R: HasEnrollment>(
    mut conn: Conn<'_>,
    enrollment: &Allowed<'_, A, R>,
    to: EnrollmentState,
) -> QueryResult<bool> {
    let key = enrollment.key();
    let left = Statement::<Untyped>::new(
        "update enrollments set state = n.state from (select ?::text as state) n where org_id = ? and id = ? \
         and (n.state <> 'expired' or expires_at <= clock_timestamp())",
    )
    .bind::<Text, _>(to)
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await?;
    Ok(left == 1)
}

/// What a proof about an enrolment is of.
trait HasEnrollment {
    fn key(&self) -> EnrollmentKey;
}

impl HasEnrollment for SeenEnrollment {
    fn key(&self) -> EnrollmentKey {
        self.enrollment.key
    }
}

impl HasEnrollment for Decided {
    fn key(&self) -> EnrollmentKey {
        self.0.enrollment.key
    }
}

async fn refuse_without_seat(
    write: &Write<'_>,
    enrollment: &MayDecide<'_>,
    terms: &EnrollmentTerms,
) -> Result<(), Stop> {
    let Some(seats) = terms.seats else {
        return Ok(());
    };
    let left = seats::left(write, enrollment, enrollment.0.enrollment.course_key(), seats).await?;
    if left > 0 {
        return Ok(());
    }
    let message =
        format!("All {seats} seats of the course are taken; give it more, or wait until one is free.");
    refuse_with(Refusal::at(Code::LimitReached, "enrollmentId", message))
}

/// Says of refusals that another field is at fault.
pub(super) fn at(stop: Stop, path: &str) -> Stop {
    match stop {
        Stop::Refused(refusals) => {
            let at = |refusal: Refusal| Refusal::at(refusal.code, path, refusal.message);
            Stop::Refused(refusals.into_iter().map(at).collect())
        }
        failed @ Stop::Failed(_) => failed,
    }
}

/// Finds enrolments whose time is over and such as are to begin anew, in any organisation, the longest due first.
pub async fn due(db: &Db, most: i32) -> Result<Vec<EnrollmentKey>> {
    let door = Statement::<(SqlUuid, SqlUuid)>::new("select org_id, id from door.due_enrollments(?)")
        .bind::<Integer, _>(most);
    let rows: Vec<(OrgId, EnrollmentId)> = db.door(door).await?;
    Ok(rows
        .into_iter()
        .map(|(org, id)| EnrollmentKey::new(org, id))
        .collect())
}
