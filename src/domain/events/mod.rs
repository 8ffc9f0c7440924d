//! The event log of an organisation: what happened in it, in the order of its numbers, for who listens.
//!
//! Table: `outbox_events`, which every write fills in its own transaction, a trigger with each security event, and which the
//! sequencer numbers. Later files use earlier ones.

mod audience;
mod feed;
mod log;
mod model;
mod source;

pub use audience::{AUDIENCES, Audience, may_read};
pub use feed::Feeds;
pub use model::{Event, Record};
pub use source::{Source, Types};
