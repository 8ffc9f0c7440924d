//! What a node does without being asked. Every job may run on any number of nodes at once.

pub mod retention;
pub mod sequencer;

use crate::domain::app::App;
use crate::kernel::error::Result;
use std::sync::Arc;
use std::time::Duration;

/// How often each job looks for work.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct JobsConfig {
    /// Milliseconds between two looks for work.
    #[arg(long, env = "LYCEUM_JOBS_INTERVAL_MS", default_value_t = 1_000)]
    pub jobs_interval_ms: u64,
}

/// Rounds between two looks for what has expired.
const RETENTION_EVERY: u64 = 600;

/// Runs all jobs until the task is dropped.
pub async fn run(app: Arc<App>, config: JobsConfig) {
    let mut ticks = tokio::time::interval(Duration::from_millis(config.jobs_interval_ms.max(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut rounds: u64 = 0;
    loop {
        ticks.tick().await;
        note("sequencer", sequencer::run_once(&app).await.map(|_| ()));
        if rounds.is_multiple_of(RETENTION_EVERY) {
            note("retention", retention::run_once(&app).await.map(|_| ()));
        }
        rounds += 1;
    }
}

/// A failed round is tried again by the next.
fn note(job: &'static str, outcome: Result<()>) {
    if let Err(error) = outcome {
        tracing::warn!(job, %error, "a round of a job failed");
    }
}
