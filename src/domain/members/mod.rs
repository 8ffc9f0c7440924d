//! Members: who belongs to an organisation, and as what.
//!
//! A member is a person's place in one organisation, with a name and an address of its own there; nothing leads from it
//! to the account behind it, or to the same person's places elsewhere. An organisation always has an active owner: the
//! database refuses to lose the last one. Tables:
//! `memberships`, `member_exports`.

pub mod export;
pub mod external;
pub mod model;
pub mod moves;
pub mod offboard;
mod parting;
pub mod roles;
pub mod store;

pub use model::{Member, MemberState};
