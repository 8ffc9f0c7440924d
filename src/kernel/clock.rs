//! Time and randomness as arguments.
//!
//! Rules never ask the machine for the time or for a random value: they get a [`Clock`]. The exception is learning: what is open, due
//! or over there is so by the database's own clock, which set the time, whatever a node's says.

use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// Tells the time and makes identifiers.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Seconds by which a test or a sandbox has moved this clock ahead of the machine's.
    ahead_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// Tells the current instant, to the microsecond that PostgreSQL keeps.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    pub fn now(&self) -> DateTime<Utc> {
        let ahead = TimeDelta::seconds(self.ahead_seconds.load(Ordering::Relaxed));
        let now = Utc::now() + ahead;
        DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now)
    }

    /// Moves this clock, and all its clones, ahead.
    pub fn advance(&self, by: TimeDelta) {
        self.ahead_seconds.fetch_add(by.num_seconds(), Ordering::Relaxed);
    }

    /// Makes an identifier that sorts by the time of its making (UUID version 7, RFC 9562).
    #[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
    pub fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}
