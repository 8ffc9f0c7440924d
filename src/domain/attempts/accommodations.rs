//! What a learner is given beyond what a quiz gives everybody: more time, more attempts. It is read when an attempt starts, so
//! a deadline that is fixed stays. Table: `accommodations`.

use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::db::schema::accommodations;
use crate::db::{Batch, Conn, Statement};
use crate::domain::enrollments::{self, SeenEnrollment};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{EnrollmentId, EnrollmentKey, MemberId, OrgId, UnitId, UnitKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable, Text, Untyped, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// What a learner is given in one quiz, or in every quiz of an enrolment that has none of its own.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = accommodations)]
pub struct Accommodation {
    /// The organisation.
    pub org_id: OrgId,
    /// The learner's enrolment.
    pub enrollment_id: EnrollmentId,
    /// The quiz; every one where it is none.
    pub unit_id: Option<UnitId>,
    /// Time beyond the quiz's limit, in percent of it.
    pub extra_time_percent: i32,
    /// Attempts beyond those of the quiz.
    pub extra_attempts: i32,
    /// Why; personal.
    pub reason: Option<String>,
    /// Who set it.
    pub set_by: MemberId,
    /// When it was set.
    pub set_at: DateTime<Utc>,
}

/// The accommodations of an enrolment: the one for all quizzes first, then those of single quizzes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccommodationsOf(pub EnrollmentKey);

impl Batch for AccommodationsOf {
    type Value = Arc<Vec<Arc<Accommodation>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<Accommodation> = Accommodation::query()
            .filter(
                accommodations::org_id
                    .eq_any(orgs)
                    .and(accommodations::enrollment_id.eq_any(ids)),
            )
            .order_by(accommodations::unit_id.asc().nulls_first())
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, Vec<Arc<Accommodation>>> = HashMap::new();
        for row in rows {
            let key = Self(EnrollmentKey::new(row.org_id, row.enrollment_id));
            found.entry(key).or_default().push(Arc::new(row));
        }
        Ok(found
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

/// What is to be given.
#[derive(Clone, Debug)]
pub struct Given {
    /// The quiz; every one where it is none.
    pub quiz: Option<UnitKey>,
    /// Time beyond the quiz's limit, in percent of it.
    pub extra_time_percent: i32,
    /// Attempts beyond those of the quiz.
    pub extra_attempts: i32,
    /// Why.
    pub reason: Option<String>,
}

/// Gives a learner more than the policy of a quiz says, over what they were given before. Nothing more takes it away.
pub async fn set(write: &Write<'_>, enrollment: EnrollmentKey, given: &Given) -> Result<EnrollmentKey, Stop> {
    let found = enrollments::store::find_for_write(&write.gate, enrollment).await?;
    let allowed: Allowed<'_, action::AccommodationsManage, SeenEnrollment> =
        write.gate.allow(found).at("enrollmentId")?;
    let row = &allowed.enrollment;
    let conn = write.gate.conn();
    if let Some(quiz) = given.quiz {
        let revision = write
            .app
            .contents
            .find_for_write(conn, row.revision_key())
            .await?;
        if quiz.course != revision.course || revision.quiz(quiz.id).is_none() {
            return refuse_with(Refusal::not_found("quizId"));
        }
    }
    let outside = |field, value: i32, most: i32| {
        let message = format!("This is between 0 and {most}.");
        (!(0..=most).contains(&value)).then(|| Refusal::at(Code::Invalid, field, message))
    };
    let reason = given.reason.as_deref();
    refuse_all([
        outside("extraTimePercent", given.extra_time_percent, 400),
        outside("extraAttempts", given.extra_attempts, 100),
        reason.and_then(|reason| Refusal::of_name("reason", reason, 2_000)),
    ])?;
    let unit = given.quiz.map(|quiz| quiz.id);
    if given.extra_time_percent == 0 && given.extra_attempts == 0 {
        remove(&allowed, conn, unit).await?;
    } else {
        let actor = write.gate.member().ok_or(Error::NotFound)?;
        let new = Statement::<Untyped>::new(
            "insert into accommodations (org_id, id, enrollment_id, unit_id, extra_time_percent, extra_attempts, reason, set_by) \
             values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (org_id, enrollment_id, unit_id) do update set \
             extra_time_percent = excluded.extra_time_percent, extra_attempts = excluded.extra_attempts, reason = excluded.reason, \
             set_by = excluded.set_by, set_at = now()",
        );
        new.bind::<SqlUuid, _>(enrollment.org)
            .bind::<SqlUuid, _>(write.app.clock.uuid())
            .bind::<SqlUuid, _>(enrollment.id)
            .bind::<Nullable<SqlUuid>, _>(unit)
            .bind::<Integer, _>(given.extra_time_percent)
            .bind::<Integer, _>(given.extra_attempts)
            .bind::<Nullable<Text>, _>(given.reason.clone())
            .bind::<SqlUuid, _>(actor.id)
            .execute(&mut &*conn)
            .await?;
    }
    // Not the reason: what happened is told to more people, and kept longer.
    let detail = json!({ "quiz": given.quiz.map(|quiz| quiz.to_string()),
        "extraTimePercent": given.extra_time_percent, "extraAttempts": given.extra_attempts });
    write.happened("accommodation.set", enrollment, detail);
    Ok(enrollment)
}

async fn remove(
    enrollment: &Allowed<'_, action::AccommodationsManage, SeenEnrollment>,
    mut conn: Conn<'_>,
    unit: Option<UnitId>,
) -> QueryResult<()> {
    let key = enrollment.enrollment.key;
    let row = accommodations::table.filter(
        accommodations::org_id
            .eq(key.org)
            .and(accommodations::enrollment_id.eq(key.id))
            .and(accommodations::unit_id.is_not_distinct_from(unit)),
    );
    diesel::delete(row).execute(&mut conn).await.map(|_| ())
}
