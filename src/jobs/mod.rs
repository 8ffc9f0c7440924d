//! What a node does without being asked. Every job may run on any number of nodes at once.

pub mod sequencer;

use crate::domain::app::App;
use std::sync::Arc;
use std::time::Duration;

/// How often each job looks for work.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct JobsConfig {
    /// Milliseconds between two looks for work.
    #[arg(long, env = "LYCEUM_JOBS_INTERVAL_MS", default_value_t = 1_000)]
    pub jobs_interval_ms: u64,
}

/// Runs all jobs until the task is dropped.
pub async fn run(app: Arc<App>, config: JobsConfig) {
    let mut ticks = tokio::time::interval(Duration::from_millis(config.jobs_interval_ms.max(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = sequencer::run_once(&app).await {
            tracing::warn!(%error, "events could not be numbered; the next round tries again");
        }
    }
}
