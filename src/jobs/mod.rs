//! What a node does without being asked. Every job may run on any number of nodes at once.

pub mod calendar;
pub mod escort;
pub mod guardians;
pub mod mails;
pub mod retention;
pub mod sequencer;
pub mod sweeper;
pub mod tidier;
pub mod undertaker;

use crate::domain::app::App;
use crate::domain::mutate::Outcome;
use crate::kernel::error::Result;
use mails::Mailer;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

/// How often each job looks for work.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct JobsConfig {
    /// Milliseconds between two looks for work.
    #[arg(long, env = "LYCEUM_JOBS_INTERVAL_MS", default_value_t = 1_000)]
    pub jobs_interval_ms: u64,
    /// Days for which it is remembered which progress events were counted: one that a device sends again later counts again.
    #[arg(long, env = "LYCEUM_PROGRESS_EVENTS_DAYS", default_value_t = 180,
        value_parser = clap::value_parser!(i32).range(1..=36_500))]
    pub progress_events_days: i32,
}

/// Rounds between two looks for what has expired.
const RETENTION_EVERY: u32 = 600;

/// Rounds between two looks for organisations whose grace period is over, and for accounts that waited for a consent in vain.
const UNDERTAKING_EVERY: u32 = 60;

/// Whether one thing that was due is done by this node. What was refused, or failed, stays due, and the log says so.
fn was_done(outcome: Outcome<bool>, key: impl Display, what: &str) -> bool {
    match outcome {
        Ok(Ok(done)) => done,
        Ok(Err(refusals)) => {
            tracing::error!(%key, ?refusals, "{what} was refused");
            false
        }
        Err(error) => {
            tracing::error!(%key, %error, "{what} could not be dealt with");
            false
        }
    }
}

/// Runs all jobs, beside each other, until the task is dropped.
pub async fn run(app: Arc<App>, config: JobsConfig, mailer: Option<Mailer>) {
    let every = Duration::from_millis(config.jobs_interval_ms.max(10));
    tokio::join!(
        again(every, "numbering events", || sequencer::run_once(&app)),
        again(
            every,
            "closing attempts whose time is over",
            || sweeper::run_once(&app)
        ),
        again(every, "ending and renewing enrolments", || calendar::run_once(
            &app
        )),
        again(
            every * UNDERTAKING_EVERY,
            "removing organisations whose time is over",
            || undertaker::run_once(&app)
        ),
        again(
            every * UNDERTAKING_EVERY,
            "deleting accounts to which no guardian consented",
            || guardians::run_once(&app)
        ),
        again(every, "showing operators out", || escort::run_once(&app)),
        again(every, "delivering mails", || deliver(&app, mailer.as_ref())),
        again(every * RETENTION_EVERY, "removing what has expired", || {
            retention::run_once(&app)
        }),
        again(every * RETENTION_EVERY, "forgetting progress events", || {
            retention::forget_progress_events(&app, config.progress_events_days)
        }),
        again(
            every * RETENTION_EVERY,
            "removing uploads that nobody completed",
            || { tidier::run_once(&app) }
        ),
    );
}

/// Delivers mails, on a node that has a way to.
async fn deliver(app: &Arc<App>, mailer: Option<&Mailer>) -> Result<usize> {
    match mailer {
        Some(mailer) => mails::run_once(app, mailer).await,
        None => Ok(0),
    }
}

/// Does a job again and again. What fails is tried again in the next round.
async fn again<F: Future<Output = Result<usize>>>(every: Duration, job: &str, run_once: impl Fn() -> F) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match run_once().await {
            Ok(done) => tracing::debug!(job, done, "a round is over"),
            Err(error) => tracing::warn!(job, %error, "a round failed; the next one tries again"),
        }
    }
}
