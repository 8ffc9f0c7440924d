//! Organisations' own providers: what they are set to, and what comes of signing in by them.
//!
//! An organisation chooses its provider, so what that provider says is believed in that organisation and nowhere else. Tables:
//! `sso_connections`, `sso_identities`.

mod entry;
mod locks;
mod model;
mod write;

pub use entry::sign_in;
pub use locks::{FieldPolicy, LockReason, LocksOf, ProfileField, refuse_locked};
pub use model::{ConnectionOf, SsoConnection, connection_of, registration};
pub use write::{NewConnection, remove, set};
