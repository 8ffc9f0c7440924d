//! Accounts: what a person does with their own.
//!
//! Everything here belongs to one person and to no organisation, and is written through [`mod@write`]. Tables: `sessions`,
//! `session_tokens`, `security_events`.

#[macro_use]
mod own_list;
pub mod events;
pub mod sessions;
pub mod sign_in;
pub mod step_up;
pub mod write;

pub use events::{SecurityEvent, SecurityEventKind};
pub use sessions::Session;
