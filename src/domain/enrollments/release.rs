//! Which units of an enrolment are open to its learner.

use super::model::Enrollment;
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::release::Achieved;
use crate::domain::content::{ReleaseRule, Revision};
use crate::domain::mutate::{Stop, Write};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{EnrollmentId, EnrollmentKey, OrgId, UnitId};
use chrono::SecondsFormat;
use diesel::prelude::*;
use diesel::sql_types::{Array, Integer, Nullable, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// What the learner of an enrolment has done that rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AchievedIn(pub EnrollmentKey);

impl Batch for AchievedIn {
    type Value = Arc<Achieved>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, EnrollmentId, UnitId, Option<i32>)> =
            Statement::<(SqlUuid, SqlUuid, SqlUuid, Nullable<Integer>)>::new(
                "with k as (select * from unnest(?, ?) as k (org_id, id)) \
                 select p.org_id, p.enrollment_id, p.unit_id, null::integer \
                 from k join unit_progress p on p.org_id = k.org_id and p.enrollment_id = k.id where p.state = 'completed' \
                 union all \
                 select a.org_id, a.enrollment_id, a.unit_id, max(a.points::bigint * 100 / a.max_points)::integer \
                 from k join enrollments e on e.org_id = k.org_id and e.id = k.id \
                 join attempts a on a.org_id = e.org_id and a.enrollment_id = e.id and a.cycle = e.cycle \
                 where a.state = 'graded' group by a.org_id, a.enrollment_id, a.unit_id",
            )
            .bind::<Array<SqlUuid>, _>(orgs)
            .bind::<Array<SqlUuid>, _>(ids)
            .load(&mut conn)
            .await?;
        let mut achieved: HashMap<Self, Achieved> =
            keys.iter().map(|key| (*key, Achieved::default())).collect();
        for (org, enrollment, unit, percent) in rows {
            let of = achieved
                .entry(Self(EnrollmentKey::new(org, enrollment)))
                .or_default();
            match percent {
                Some(percent) => of.best_percent.insert(unit, percent).map(|_| ()),
                None => of.complete.insert(unit).then_some(()),
            };
        }
        Ok(achieved
            .into_iter()
            .map(|(key, value)| (key, Arc::new(value)))
            .collect())
    }
}

/// Refuses what a learner does in units that are not open to them yet. Each unit comes with the path of the input that names
/// it; what is done along with it counts as done. Without rules nothing is asked of the database.
pub async fn refuse_locked(
    write: &Write<'_>,
    enrollment: &Enrollment,
    revision: &Revision,
    units: &[(UnitId, String)],
    done: &[UnitId],
) -> Result<(), Stop> {
    let rules = |id: UnitId| revision.unit(id).map_or(&[][..], |(_, unit)| &unit.release);
    if units.iter().all(|(id, _)| rules(*id).is_empty()) {
        return Ok(());
    }
    let key = AchievedIn(enrollment.key);
    let found = AchievedIn::load_many(&[key], write.gate.conn()).await?;
    let mut achieved = found.get(&key).map(|found| (**found).clone()).unwrap_or_default();
    achieved.complete.extend(done);
    let refusals: Vec<Refusal> = units
        .iter()
        .filter_map(|(id, path)| {
            let blocking = achieved.blocking(rules(*id), enrollment.begun_at(), enrollment.read_at);
            let [first, ..] = blocking.as_slice() else {
                return None;
            };
            Some(Refusal::at(
                Code::Locked,
                path,
                reason(first, enrollment, revision),
            ))
        })
        .collect();
    if refusals.is_empty() {
        return Ok(());
    }
    Err(Stop::Refused(refusals))
}

/// What a learner does about a rule that does not hold.
fn reason(rule: &ReleaseRule, enrollment: &Enrollment, revision: &Revision) -> String {
    let title = |id: &UnitId| revision.unit(*id).map_or("another unit", |(_, unit)| &unit.title);
    let from =
        crate::domain::content::release::opens_at(std::slice::from_ref(rule), Some(enrollment.begun_at()));
    match rule {
        ReleaseRule::AfterUnit(unit) => format!("It is locked: complete “{}” first.", title(unit)),
        ReleaseRule::AfterScore { quiz, percent } => {
            format!(
                "It is locked: earn {percent} percent of the points of “{}” first.",
                title(quiz)
            )
        }
        ReleaseRule::OnDate(_) | ReleaseRule::AfterDays(_) => {
            let at = from.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
            format!("It is locked until {}.", at.unwrap_or_default())
        }
    }
}
