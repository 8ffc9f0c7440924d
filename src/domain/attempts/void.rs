//! How an attempt is declared void: it stays to be seen, and counts for nothing.

use super::model::{AttemptState, SeenAttempt};
use super::store;
use super::submit::{is_passed, pass};
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::{Conn, Statement};
use crate::domain::content::CountedAttempt;
use crate::domain::enrollments::SeenEnrollment;
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Refusal, State};
use crate::kernel::error::Error;
use crate::kernel::ids::{AttemptKey, MemberKey};
use diesel::QueryResult;
use diesel::sql_types::{Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;

type MayVoid<'gate> = Allowed<'gate, action::AttemptsVoid, SeenAttempt>;

/// Declares an attempt void, open or closed. What it completed stays complete. If what is left of the learner's attempts
/// passes without it, the quiz is complete, with whatever follows from that.
pub async fn void(write: &Write<'_>, key: AttemptKey, reason: &str) -> Result<AttemptKey, Stop> {
    let (attempt, enrollment) = store::lock_to_close(&write.gate, key).await?.unzip();
    let attempt: MayVoid<'_> = write.gate.allow(attempt).at("id")?;
    let enrollment: Allowed<'_, action::AttemptsVoid, SeenEnrollment> =
        write.gate.allow(enrollment).at("id")?;
    let row = &attempt.attempt;
    if row.state == AttemptState::Voided {
        let message = "The attempt is voided already; nothing leads from there.";
        return refuse_with(row.state.refuse("id", message, Some(AttemptState::Voided)));
    }
    refuse_all([Refusal::of_name("reason", reason, 2_000)])?;
    let actor = write.gate.member().ok_or(Error::NotFound)?;
    store_void(&attempt, write.gate.conn(), actor, reason).await?;
    let detail = json!({ "enrollment": row.enrollment_key().to_string(), "quiz": row.unit_key().to_string(),
        "from": row.state.as_str() });
    write.happened("attempt.voided", key, detail);
    let revision = write
        .app
        .contents
        .find_for_write(write.gate.conn(), row.revision_key())
        .await?;
    let counts = revision.quiz(row.unit_id).map(|(policy, _)| policy.counts);
    let counts = counts.unwrap_or(CountedAttempt::Highest);
    // Of the highest, none that is left is new.
    if counts != CountedAttempt::Highest && is_passed(write, &attempt, None, counts).await? {
        pass(write, row.unit_id, &enrollment).await?;
    }
    Ok(key)
}

async fn store_void(
    attempt: &MayVoid<'_>,
    mut conn: Conn<'_>,
    actor: MemberKey,
    reason: &str,
) -> QueryResult<()> {
    let key = attempt.attempt.key;
    Statement::<Untyped>::new(
        "update attempts set state = 'voided', voided_at = clock_timestamp(), voided_by = ?, void_reason = ?, \
         submitted_at = coalesce(submitted_at, clock_timestamp()) where org_id = ? and id = ?",
    )
    .bind::<SqlUuid, _>(actor.id)
    .bind::<Text, _>(reason.to_owned())
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .execute(&mut conn)
    .await
    .map(|_| ())
}
