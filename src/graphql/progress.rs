//! `UnitProgress`, and the mutation that records progress.

use super::content::Unit;
use super::support::Ask;
use super::support::mutation::{key, signed_in};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::enrollments::{Enrollment, store};
use crate::domain::progress::{self, ProgressEvent, UnitProgressState};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{EnrollmentKey, UnitKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// A learner's progress in one unit.
pub struct UnitProgress {
    unit: Unit,
    row: progress::UnitProgress,
}

impl UnitProgress {
    /// Shows progress in a unit of an edition, if it has that unit.
    pub fn new(revision: &SharedRevision, row: progress::UnitProgress) -> Option<Self> {
        let unit = Unit::find(revision, UnitKey::new(revision.course, row.unit_id))?;
        Some(Self { unit, row })
    }
}

/// A learner's progress in one unit. Requires: seeing the enrolment. Cost: 1.
#[Object]
impl UnitProgress {
    /// The unit, in the learner's edition of the course. Cost: 1.
    async fn unit(&self) -> &Unit {
        &self.unit
    }

    /// How far the learner is with the unit. Cost: 1.
    async fn state(&self) -> UnitProgressState {
        self.row.state
    }

    /// Seconds that the learner has spent in the unit. Cost: 1.
    async fn seconds(&self) -> i32 {
        self.row.seconds
    }

    /// Where the learner last was, in the measure that the client reports it in. Cost: 1.
    async fn position(&self) -> i32 {
        self.row.position
    }

    /// What was watched of the unit, in order: ranges of seconds from its beginning that do not touch each other. Cost: 1.
    async fn watched(&self) -> Vec<WatchedRange> {
        self.row
            .ranges()
            .map(|(start, end)| WatchedRange { start, end })
            .collect()
    }

    /// How many seconds of the unit were watched, each counted once. Cost: 1.
    async fn watched_seconds(&self) -> i32 {
        self.row.ranges().map(|(start, end)| end - start).sum()
    }

    /// When the unit became complete; null before. Cost: 1.
    async fn completed_at(&self) -> Option<DateTime<Utc>> {
        self.row.completed_at
    }
}

/// Seconds of a unit that were watched. Cost: 1.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct WatchedRange {
    /// The first second, from 0 at the unit's beginning. Cost: 1.
    pub start: i32,
    /// The second behind the last one. Cost: 1.
    pub end: i32,
}

/// Seconds of a unit that were watched.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct WatchedRangeInput {
    /// The first second, from 0 at the unit's beginning.
    pub start: i32,
    /// The second behind the last one, at most 86400.
    pub end: i32,
}

/// Something that a learner did in a unit, as a device noted it.
#[derive(Clone, Debug, InputObject)]
pub struct ProgressEventInput {
    /// A UUID that the device gives the event: sent again, it is not counted again.
    pub event_id: ID,
    /// The unit.
    pub unit_id: ID,
    /// How far the learner came. A text is completed by this; a quiz by a passed attempt alone.
    #[graphql(default_with = "UnitProgressState::Started")]
    pub state: UnitProgressState,
    /// Seconds spent in the unit since the last event, 0 to 86400. They add up.
    #[graphql(default)]
    pub seconds: i32,
    /// Where the learner was, 0 or more, in a measure of the client's own. The newest by `at` stays.
    pub position: Option<i32>,
    /// What was watched, at most 50 ranges. They are united with what was watched before.
    #[graphql(default)]
    pub ranges: Vec<WatchedRangeInput>,
    /// When it happened, by the device's clock.
    pub at: DateTime<Utc>,
}

impl ProgressEventInput {
    fn read(&self, index: usize) -> Result<ProgressEvent, Vec<Refusal>> {
        let no_uuid = || {
            vec![Refusal::at(
                Code::Invalid,
                &format!("events.{index}.eventId"),
                "An event's id is a UUID.",
            )]
        };
        let unit: UnitKey = key(&self.unit_id, &format!("events.{index}.unitId"))?;
        Ok(ProgressEvent {
            id: Uuid::try_parse(&self.event_id).map_err(|_| no_uuid())?,
            unit,
            state: self.state,
            seconds: self.seconds,
            position: self.position,
            ranges: self.ranges.iter().map(|range| (range.start, range.end)).collect(),
            at: self.at,
        })
    }
}

/// What `progressRecord` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ProgressRecordInput {
    /// The enrolment.
    pub enrollment_id: ID,
    /// What happened: 1 to 100 events in any order, also from while the device was offline.
    pub events: Vec<ProgressEventInput>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. Events need none: each
    /// is counted once by its own id.
    pub idempotency_key: Option<String>,
}

inputs!(ProgressRecordInput);

payload! {
    /// What `progressRecord` answers.
    ProgressRecordPayload {
        /// The enrolment, with all that is counted now.
        enrollment: Arc<Enrollment>,
        /// The ids of the events that were new and are counted now.
        recorded: Vec<ID>,
        /// The ids of the events that had been counted before, or are from before the course was begun anew.
        ignored: Vec<ID>,
        /// Seconds that had not been watched before.
        watched_seconds_added: i64,
        /// The identifiers of the units that became complete.
        completed_unit_ids: Vec<UnitKey>,
    }
    ProgressRecordUserError, ProgressRecordErrorCode { NotFound, Invalid, InvalidState, NotEnrolled, Locked, IdempotencyMismatch }
}

/// The mutations on progress.
#[derive(Default)]
pub struct ProgressMutation;

#[Object]
impl ProgressMutation {
    /// Records what you did in the units of a course. Events may come late, twice and in any order; the outcome is the
    /// same. The last required unit completes the course and issues the certificate.
    ///
    /// Requires: `attempts.take` for yourself. Cost: 1.
    async fn progress_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What happened.")] input: ProgressRecordInput,
    ) -> async_graphql::Result<Option<ProgressRecordPayload>> {
        signed_in(ctx)?;
        let enrollment: EnrollmentKey = match key(&input.enrollment_id, "enrollmentId") {
            Ok(key) => key,
            Err(refusals) => return ProgressRecordPayload::refused(refusals),
        };
        let events: Result<Vec<_>, _> = input
            .events
            .iter()
            .enumerate()
            .map(|(i, event)| event.read(i))
            .collect();
        let events = match events {
            Ok(events) => events,
            Err(refusals) => return ProgressRecordPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("progressRecord", enrollment.org, &input, move |write| {
                Box::pin(async move { progress::record(write, enrollment, &events).await })
            });
        match done.await? {
            Ok(done) => {
                // This is sent often: the enrolment is read only where it is asked for.
                let enrollment = if ctx.look_ahead().field("enrollment").exists() {
                    store::find(&ctx.reader(), ctx.viewer(), done.enrollment).await?
                } else {
                    None
                };
                let completed = done.course.map(|course| {
                    let unit = |unit| UnitKey::new(course, unit);
                    done.completed.into_iter().map(unit).collect()
                });
                let ids = |ids: Vec<Uuid>| Some(ids.into_iter().map(ID::from).collect());
                Ok(Some(ProgressRecordPayload {
                    enrollment,
                    recorded: ids(done.recorded),
                    ignored: ids(done.ignored),
                    watched_seconds_added: Some(done.watched),
                    completed_unit_ids: completed,
                    ..Default::default()
                }))
            }
            Err(refusals) => ProgressRecordPayload::refused(refusals),
        }
    }
}
