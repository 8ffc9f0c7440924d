//! Through the router, against real servers. Every test has organisations of its own in one shared database, so all run
//! in parallel, and each is a test of isolation too.

pub mod support;

mod attempt_races;
mod attempt_reviews;
mod attempt_times;
mod attempts;
mod audits;
mod authoring;
mod catalogue;
mod certificates;
mod contention;
mod enrollments;
mod faults;
mod http;
mod isolation;
mod progress;
mod redis;
mod statements;
mod visibility;
