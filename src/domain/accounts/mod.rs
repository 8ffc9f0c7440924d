//! Accounts: what a person does with their own.
//!
//! Everything here belongs to one person and to no organisation, and is written through [`mod@write`]. Tables: `users`,
//! `sessions`, `session_tokens`, `account_tokens`, `totp_factors`, `recovery_codes`, `security_events`, `identities`,
//! `interests`, `processing_objections`, `profile_details`, `guardian_consents`, `account_deletions`.

#[macro_use]
mod own_list;
pub mod addresses;
pub mod events;
pub mod guardians;
pub mod identities;
pub mod interests;
pub mod links;
mod notices;
pub mod objections;
pub mod passwords;
pub mod person;
pub mod profile;
pub mod register;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod step_up;
pub mod throttle;
pub mod tokens;
pub mod trespass;
pub mod write;

pub use events::{SecurityEvent, SecurityEventKind};
pub use identities::Identity;
pub use sessions::Session;
