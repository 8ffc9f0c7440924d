//! Cycles: who has completed a course begins it anew, when what they learned holds no longer. What a cycle came to, and its
//! certificate, stays. Table: `enrollment_cycles`.

use super::candidates::{self, Offer};
use super::model::{Enrollment, EnrollmentState};
use super::moves::{MayDecide, at, decidable, is_active, refuse_unless, refuse_unless_active};
use crate::db::schema::enrollment_cycles;
use crate::db::{Batch, Conn, Statement};
use crate::domain::mutate::{Stop, Write, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Result;
use crate::kernel::ids::{EnrollmentId, EnrollmentKey, OrgId, RevisionKey};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// What a former cycle of an enrolment came to. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = enrollment_cycles)]
pub struct EnrollmentCycle {
    #[graphql(skip)]
    org_id: OrgId,
    #[graphql(skip)]
    enrollment_id: EnrollmentId,
    /// Which one: 1 for the first. Cost: 1.
    pub cycle: i32,
    /// Units that the completion rule counted. Cost: 1.
    pub unit_count: i32,
    /// How many of those were complete. Cost: 1.
    pub units_completed: i32,
    /// Seconds that the learner spent. Cost: 1.
    pub seconds: i64,
    /// When the course was complete. Cost: 1.
    pub completed_at: DateTime<Utc>,
    /// When it was begun anew. Cost: 1.
    pub ended_at: DateTime<Utc>,
}

/// When an enrolment's present cycle began, from which on its progress counts; nothing in the first one, which began when it may.
pub async fn began_at(enrollment: &Enrollment, mut conn: Conn<'_>) -> QueryResult<Option<DateTime<Utc>>> {
    if enrollment.cycle == 1 {
        return Ok(None);
    }
    let key = enrollment.key;
    let former = enrollment_cycles::table.find((key.org, key.id, enrollment.cycle - 1));
    former
        .select(enrollment_cycles::ended_at)
        .first(&mut conn)
        .await
        .optional()
}

/// The former cycles of an enrolment, the first first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CyclesOf(pub EnrollmentKey);

impl Batch for CyclesOf {
    type Value = Arc<Vec<EnrollmentCycle>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<EnrollmentCycle> = EnrollmentCycle::query()
            .filter(
                enrollment_cycles::org_id
                    .eq_any(orgs)
                    .and(enrollment_cycles::enrollment_id.eq_any(ids)),
            )
            .order_by(enrollment_cycles::cycle)
            .load(&mut conn)
            .await?;
        let mut cycles: HashMap<Self, Vec<EnrollmentCycle>> = HashMap::new();
        for row in rows {
            let key = Self(EnrollmentKey::new(row.org_id, row.enrollment_id));
            cycles.entry(key).or_default().push(row);
        }
        Ok(cycles
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

/// Lets somebody who has completed a course begin it anew, in its present edition.
pub async fn reopen(write: &Write<'_>, key: EnrollmentKey) -> Result<EnrollmentKey, Stop> {
    let enrollment = decidable(write, key).await?;
    refuse_unless(
        &enrollment.0,
        &[EnrollmentState::Completed],
        EnrollmentState::Active,
    )?;
    refuse_unless_active(write, &enrollment).await?;
    let course = enrollment.0.enrollment.course_key();
    let offer = candidates::find_offer(write, course)
        .await
        .map_err(|stop| at(stop, "enrollmentId"))?;
    if has_open_attempt(write.gate.conn(), key).await? {
        let message = "The learner sits at a quiz of this course; let them submit the attempt first.";
        return refuse_with(Refusal::at(Code::AttemptOpen, "enrollmentId", message));
    }
    begin_anew(write, &enrollment, &offer).await?;
    Ok(key)
}

/// Lets an enrolment begin anew whose time for that has come by the database's clock; tells whether it did. Where the course is not
/// offered, or the learner is no active member or sits at a quiz, its time comes again in a day.
pub async fn renew(write: &Write<'_>, key: EnrollmentKey) -> Result<bool, Stop> {
    let enrollment = decidable(write, key).await?;
    let conn = write.gate.conn();
    if enrollment.0.enrollment.state != EnrollmentState::Completed || !is_due(conn, key).await? {
        return Ok(false);
    }
    let offer = candidates::find_offer(write, enrollment.0.enrollment.course_key()).await;
    match offer {
        Ok(offer) if is_active(conn, &enrollment).await? && !has_open_attempt(conn, key).await? => {
            begin_anew(write, &enrollment, &offer).await?;
        }
        Ok(_) | Err(Stop::Refused(_)) => {
            postpone(conn, &enrollment).await?;
            return Ok(false);
        }
        Err(failed) => return Err(failed),
    }
    Ok(true)
}

async fn begin_anew(write: &Write<'_>, enrollment: &MayDecide<'_>, offer: &Offer) -> Result<(), Stop> {
    let key = enrollment.0.enrollment.key;
    let revision = RevisionKey::new(key.org, offer.revision);
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), revision)
        .await?;
    let cycle: i32 = Statement::<Integer>::new(
        "with e as (select * from enrollments where org_id = ? and id = ?), \
         cleared as (delete from unit_progress p using e where p.org_id = e.org_id and p.enrollment_id = e.id returning p.seconds), \
         kept as (insert into enrollment_cycles (org_id, enrollment_id, cycle, revision_id, unit_count, units_completed, seconds, completed_at) \
         select org_id, id, cycle, revision_id, unit_count, units_completed, (select coalesce(sum(seconds), 0) from cleared), completed_at from e) \
         update enrollments n set state = 'active', cycle = n.cycle + 1, revision_id = ?, unit_count = ?, units_completed = 0, \
         completed_at = null, renews_at = null, started_at = now(), due_at = now() + make_interval(days => ?), \
         expires_at = now() + make_interval(days => ?) from e where n.org_id = e.org_id and n.id = e.id returning n.cycle",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<SqlUuid, _>(offer.revision)
    .bind::<Integer, _>(revision.unit_count())
    .bind::<Nullable<Integer>, _>(offer.terms.due_days)
    .bind::<Nullable<Integer>, _>(offer.terms.access_days)
    .get_result(&mut write.gate.conn())
    .await?;
    write.happened("enrollment.reopened", key, json!({ "cycle": cycle }));
    Ok(())
}

/// Whether the learner sits at a quiz.
pub async fn has_open_attempt(mut conn: Conn<'_>, key: EnrollmentKey) -> QueryResult<bool> {
    Statement::<Bool>::new(
        "select exists (select from attempts where org_id = ? and enrollment_id = ? and state = 'in_progress')",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
}

async fn is_due(mut conn: Conn<'_>, key: EnrollmentKey) -> QueryResult<bool> {
    Statement::<Bool>::new(
        "select exists (select from enrollments where org_id = ? and id = ? and renews_at <= clock_timestamp())",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await
}

async fn postpone(mut conn: Conn<'_>, enrollment: &MayDecide<'_>) -> QueryResult<()> {
    let key = enrollment.0.enrollment.key;
    Statement::<Untyped>::new(
        "update enrollments set renews_at = clock_timestamp() + interval '1 day' where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
