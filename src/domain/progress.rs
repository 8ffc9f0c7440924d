//! Progress: what a learner did in the units of an enrolment, merged from the events of any number of devices.
//!
//! Events come in batches, late and in any order. Each is counted once, by its own id; a unit's state only rises, its
//! seconds add up, what was watched of it is united, and its position is the newest by the devices' own time. So any order of the
//! same events leads to the same progress. Where a course was begun anew, what was noted before that counts no more. Tables: `unit_progress`, `progress_events`.

use super::content::{Material, Revision, UnitBody};
use super::enrollments::Enrollment;
use super::enrollments::complete_units;
use super::enrollments::cycles::began_at;
use super::enrollments::own::{self, Own};
use super::enrollments::release::refuse_locked;
use super::mutate::{Stop, Write, refuse_with};
use super::refusal::{Code, Refusal};
use crate::db::schema::{progress_events, unit_progress};
use crate::db::{Batch, Conn, Statement};
use crate::kernel::ids::{CourseKey, EnrollmentId, EnrollmentKey, OrgId, UnitId, UnitKey};
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;
use uuid::Uuid;

/// Events that one request may have.
pub const MOST_EVENTS: usize = 100;
/// Seconds that one event may report: a day.
const MOST_SECONDS: i32 = 86_400;
/// Ranges that one event may report.
const MOST_RANGES: usize = 50;

text_enum! {
    /// How far a learner is with a unit.
    UnitProgressState {
        /// The learner has been in the unit.
        Started = "started",
        /// The unit is complete: it is read or seen; a quiz or an assignment is passed.
        Completed = "completed",
    }
}

/// A learner's progress in one unit.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = unit_progress)]
pub struct UnitProgress {
    /// The organisation.
    pub org_id: OrgId,
    /// The enrolment.
    pub enrollment_id: EnrollmentId,
    /// The unit.
    pub unit_id: UnitId,
    /// How far the learner is.
    pub state: UnitProgressState,
    /// Seconds spent.
    pub seconds: i32,
    /// Where the learner last was, in the unit's own measure.
    pub position: i32,
    /// When the unit became complete.
    pub completed_at: Option<DateTime<Utc>>,
    /// What was watched of it, in seconds from its beginning: ranges that do not touch, in order.
    pub watched: Vec<(Bound<i32>, Bound<i32>)>,
}

impl UnitProgress {
    /// What was watched: ranges of seconds from its beginning, the ends left out.
    pub fn ranges(&self) -> impl Iterator<Item = (i32, i32)> {
        self.watched.iter().filter_map(|range| match range {
            (Bound::Included(start), Bound::Excluded(end)) => Some((*start, *end)),
            _ => None,
        })
    }
}

/// The units of an enrolment that the learner has been in, in no order: at most as many as its edition has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProgressOf(pub EnrollmentKey);

impl Batch for ProgressOf {
    type Value = Arc<Vec<UnitProgress>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<EnrollmentId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<UnitProgress> = UnitProgress::query()
            .filter(
                unit_progress::org_id
                    .eq_any(orgs)
                    .and(unit_progress::enrollment_id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        let mut units: HashMap<Self, Vec<UnitProgress>> = keys.iter().map(|key| (*key, Vec::new())).collect();
        for row in rows {
            let key = Self(EnrollmentKey::new(row.org_id, row.enrollment_id));
            units.entry(key).or_default().push(row);
        }
        Ok(units
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

/// Something that a learner did in a unit, as a device noted it.
#[derive(Clone, Debug)]
pub struct ProgressEvent {
    /// The device's id of it: an event is counted once.
    pub id: Uuid,
    /// The unit.
    pub unit: UnitKey,
    /// How far the learner came.
    pub state: UnitProgressState,
    /// Seconds spent since the last event.
    pub seconds: i32,
    /// Where the learner was, if the device says so.
    pub position: Option<i32>,
    /// What was watched: ranges of seconds from the unit's beginning, the ends left out.
    pub ranges: Vec<(i32, i32)>,
    /// When, by the device's clock.
    pub at: DateTime<Utc>,
}

/// What came of a batch of events.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// The enrolment.
    pub enrollment: EnrollmentKey,
    /// The events that were new.
    pub recorded: Vec<Uuid>,
    /// The events that had been counted before, or are of a former cycle.
    pub ignored: Vec<Uuid>,
    /// Seconds of units that had not been watched before.
    #[serde(default)]
    pub watched: i64,
    /// The course.
    #[serde(default)]
    pub course: Option<CourseKey>,
    /// The units that became complete.
    #[serde(default)]
    pub completed: Vec<UnitId>,
}

/// Records a batch of events: three statements, whatever their number; some more in a course that was begun anew, and where there is something
/// to refuse. What was counted before is no fault, whatever has become of its unit since.
pub async fn record(
    write: &Write<'_>,
    key: EnrollmentKey,
    events: &[ProgressEvent],
) -> Result<Recorded, Stop> {
    if !(1..=MOST_EVENTS).contains(&events.len()) {
        let message = format!("A request has 1 to {MOST_EVENTS} events.");
        return refuse_with(Refusal::at(Code::Invalid, "events", message));
    }
    let enrollment = own::find(write, key).await?;
    own::refuse_unless_in(&enrollment.enrollment)?;
    let contents = &write.app.contents;
    let revision = contents
        .find_for_write(write.gate.conn(), enrollment.enrollment.revision_key())
        .await?;
    let began_at = began_at(&enrollment.enrollment, write.gate.conn()).await?;
    let is_present = |event: &ProgressEvent| began_at.is_none_or(|began| event.at >= began);
    let (mut present, mut past): (Vec<_>, Vec<_>) = events
        .iter()
        .enumerate()
        .partition(|(_, event)| is_present(event));
    if let Err(stop) = judge(write, &enrollment.enrollment, &revision, &present).await {
        let counted = match &stop {
            Stop::Refused(_) => counted(&enrollment, write.gate.conn(), &present).await?,
            Stop::Failed(_) => HashSet::new(),
        };
        if counted.is_empty() {
            return Err(stop);
        }
        let (before, fresh): (Vec<_>, Vec<_>) = present
            .into_iter()
            .partition(|(_, event)| counted.contains(&event.id));
        judge(write, &enrollment.enrollment, &revision, &fresh).await?;
        present = fresh;
        past.extend(before);
    }
    let mut ids = HashSet::new();
    let events = present.into_iter().map(|(_, event)| event);
    let events: Vec<&ProgressEvent> = events.filter(|event| ids.insert(event.id)).collect();
    let (fresh, complete, watched) = merge(&enrollment, write.gate.conn(), &events).await?;
    let (recorded, mut ignored): (Vec<_>, Vec<_>) =
        events.into_iter().partition(|event| fresh.contains(&event.id));
    ignored.extend(past.into_iter().map(|(_, event)| event));
    let units: BTreeSet<UnitId> = recorded.iter().map(|event| event.unit.id).collect();
    if !units.is_empty() {
        let units: Vec<String> = units
            .iter()
            .map(|unit| UnitKey::new(revision.course, *unit).to_string())
            .collect();
        write.happened(
            "progress.recorded",
            key,
            json!({ "events": recorded.len(), "units": units }),
        );
    }
    let done: BTreeSet<UnitId> = recorded
        .iter()
        .filter(|event| event.state == UnitProgressState::Completed && !complete.contains(&event.unit.id))
        .map(|event| event.unit.id)
        .collect();
    let completed = if done.is_empty() {
        Vec::new()
    } else {
        let done = complete_units(write, &enrollment, &revision, &Vec::from_iter(done)).await?;
        done.units
    };
    let ids = |events: Vec<&ProgressEvent>| events.into_iter().map(|event| event.id).collect();
    Ok(Recorded {
        enrollment: key,
        recorded: ids(recorded),
        ignored: ids(ignored),
        watched,
        course: Some(revision.course),
        completed,
    })
}

/// Refuses events that are wrong, or in units that are not open yet.
async fn judge(
    write: &Write<'_>,
    enrollment: &Enrollment,
    revision: &Revision,
    events: &[(usize, &ProgressEvent)],
) -> Result<(), Stop> {
    let faults = faults(events, revision, enrollment.read_at);
    if !faults.is_empty() {
        return Err(Stop::Refused(faults));
    }
    let completing = events
        .iter()
        .filter(|(_, event)| event.state == UnitProgressState::Completed);
    let completing: Vec<UnitId> = completing.map(|(_, event)| event.unit.id).collect();
    let named: Vec<_> = events
        .iter()
        .map(|(index, event)| (event.unit.id, format!("events.{index}.unitId")))
        .collect();
    refuse_locked(write, enrollment, revision, &named, &completing).await
}

/// The ids of those events that were counted before.
async fn counted(
    enrollment: &Own<'_>,
    mut conn: Conn<'_>,
    events: &[(usize, &ProgressEvent)],
) -> QueryResult<HashSet<Uuid>> {
    let key = enrollment.enrollment.key;
    let ids: Vec<Uuid> = events.iter().map(|(_, event)| event.id).collect();
    let known: Vec<Uuid> = progress_events::table
        .filter(progress_events::org_id.eq(key.org))
        .filter(progress_events::enrollment_id.eq(key.id))
        .filter(progress_events::event_id.eq_any(ids))
        .select(progress_events::event_id)
        .load(&mut conn)
        .await?;
    Ok(known.into_iter().collect())
}

/// Says what is wrong with events: each names its place in the batch.
fn faults(events: &[(usize, &ProgressEvent)], revision: &Revision, now: DateTime<Utc>) -> Vec<Refusal> {
    let fault = |(i, event): &(usize, &ProgressEvent)| {
        let (code, field, message) = fault(event, revision, now)?;
        Some(Refusal::at(code, &format!("events.{i}.{field}"), message))
    };
    events.iter().filter_map(fault).collect()
}

fn fault(
    event: &ProgressEvent,
    revision: &Revision,
    now: DateTime<Utc>,
) -> Option<(Code, &'static str, &'static str)> {
    let unit = revision
        .unit(event.unit.id)
        .filter(|_| event.unit.course == revision.course);
    let Some((_, unit)) = unit else {
        return Some((
            Code::NotFound,
            "unitId",
            "The learner's edition of the course has no such unit.",
        ));
    };
    let completed_otherwise = match unit.body {
        UnitBody::Quiz { .. } => {
            Some("A quiz is completed by a passed attempt: start one with `attemptStart`.")
        }
        UnitBody::Material(Material::Assignment(_)) => Some(
            "An assignment is completed by a grade that passes: hand something in with `submissionCreate`.",
        ),
        _ => None,
    };
    if event.state == UnitProgressState::Completed
        && let Some(message) = completed_otherwise
    {
        Some((Code::InvalidState, "state", message))
    } else if !(0..=MOST_SECONDS).contains(&event.seconds) {
        Some((Code::Invalid, "seconds", "An event reports 0 to 86400 seconds."))
    } else if event.position.is_some_and(|position| position < 0) {
        Some((Code::Invalid, "position", "A position is 0 or more."))
    } else if event.ranges.len() > MOST_RANGES {
        Some((Code::Invalid, "ranges", "An event reports at most 50 ranges."))
    } else if event
        .ranges
        .iter()
        .any(|(start, end)| *start < 0 || start >= end || *end > MOST_SECONDS)
    {
        Some((
            Code::Invalid,
            "ranges",
            "A range begins at 0 or later, ends behind its beginning, and at 86400 at the latest.",
        ))
    } else if event.at > now + TimeDelta::days(1) {
        Some((
            Code::Invalid,
            "at",
            "The device's clock is more than a day ahead; set it and send the event again.",
        ))
    } else {
        None
    }
}

/// Counts the events that are new and adds them to their units' progress. Returns the ids of the new events, which of their units
/// were complete before, and how many seconds had not been watched before.
async fn merge(
    enrollment: &Own<'_>,
    mut conn: Conn<'_>,
    events: &[&ProgressEvent],
) -> QueryResult<(HashSet<Uuid>, HashSet<UnitId>, i64)> {
    let key = enrollment.enrollment.key;
    let ranges = || {
        let of = |event: &&ProgressEvent| {
            let id = event.id;
            event
                .ranges
                .clone()
                .into_iter()
                .map(move |(start, end)| (id, start, end))
        };
        events.iter().flat_map(of)
    };
    let (fresh, complete, watched): (Vec<Uuid>, Vec<UnitId>, i64) = Statement::<(Array<SqlUuid>, Array<SqlUuid>, BigInt)>::new(
        "with fresh as ( \
            insert into progress_events (org_id, enrollment_id, event_id) select ?, ?, e.id from unnest(?) as e (id) \
            on conflict do nothing returning org_id, enrollment_id, event_id \
        ), seen as ( \
            select w.id, range_agg(int4range(w.starts, w.ends)) as watched from unnest(?, ?, ?) as w (id, starts, ends) group by w.id \
        ), merged as ( \
            select f.org_id, f.enrollment_id, e.unit_id, \
                least(sum(e.seconds), 2147483647)::integer as seconds, \
                (array_agg(e.position order by e.at desc, e.position desc) filter (where e.position is not null))[1] as position, \
                max(e.at) filter (where e.position is not null) as position_at, \
                coalesce(range_agg(s.watched), '{}') as watched \
            from fresh f join unnest(?, ?, ?, ?, ?) as e (id, unit_id, seconds, position, at) on e.id = f.event_id \
            left join seen s on s.id = e.id \
            group by f.org_id, f.enrollment_id, e.unit_id \
        ), before as ( \
            select p.unit_id, p.watched from merged m join unit_progress p on p.org_id = m.org_id \
            and p.enrollment_id = m.enrollment_id and p.unit_id = m.unit_id \
        ), stored as ( \
            insert into unit_progress as p (org_id, enrollment_id, unit_id, state, seconds, position, position_at, watched) \
            select org_id, enrollment_id, unit_id, 'started', seconds, coalesce(position, 0), position_at, watched from merged \
            on conflict (org_id, enrollment_id, unit_id) do update set \
                seconds = least(p.seconds::bigint + excluded.seconds, 2147483647)::integer, \
                position = case when (excluded.position_at, excluded.position) > (coalesce(p.position_at, '-infinity'), p.position) \
                    then excluded.position else p.position end, \
                position_at = greatest(p.position_at, excluded.position_at), \
                watched = p.watched + excluded.watched \
            returning unit_id, state \
        ), touched as ( \
            update enrollments e set last_activity_at = now() from (select org_id, enrollment_id from fresh limit 1) f \
            where e.org_id = f.org_id and e.id = f.enrollment_id \
        ) select array(select event_id from fresh), array(select unit_id from stored where state = 'completed'), \
            (select coalesce(sum(upper(r) - lower(r)), 0) from merged m left join before b on b.unit_id = m.unit_id \
            cross join lateral unnest(m.watched - coalesce(b.watched, '{}')) as r)",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .bind::<Array<SqlUuid>, _>(each(events, |event| event.id))
    .bind::<Array<SqlUuid>, _>(ranges().map(|(id, ..)| id).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(ranges().map(|(_, start, _)| start).collect::<Vec<_>>())
    .bind::<Array<Integer>, _>(ranges().map(|(.., end)| end).collect::<Vec<_>>())
    .bind::<Array<SqlUuid>, _>(each(events, |event| event.id))
    .bind::<Array<SqlUuid>, _>(each(events, |event| event.unit.id))
    .bind::<Array<Integer>, _>(each(events, |event| event.seconds))
    .bind::<Array<Nullable<Integer>>, _>(each(events, |event| event.position))
    .bind::<Array<Timestamptz>, _>(each(events, |event| event.at))
    .get_result(&mut conn)
    .await?;
    Ok((
        fresh.into_iter().collect(),
        complete.into_iter().collect(),
        watched,
    ))
}

fn each<T>(events: &[&ProgressEvent], value: impl Fn(&ProgressEvent) -> T) -> Vec<T> {
    events.iter().map(|event| value(event)).collect()
}
