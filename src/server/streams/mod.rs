//! What is told piece by piece: operations over a WebSocket or an event stream.

pub mod events;
mod listener;
mod slots;

pub use listener::{Gone, Listener, Said};
pub use slots::Streams;

use std::time::Duration;

/// How often the rights of somebody who is told nothing are read anew.
pub const LOOK_EVERY: Duration = Duration::from_millis(400);
/// How often a stream that has nothing to tell says that it is still there.
pub const HEARTBEAT: Duration = Duration::from_secs(12);
