//! Support access: how operators of the platform get into an organisation, by its leave, for a time, and seen by it.
//!
//! A grant makes its operator a member of the role `support`, as far as the grant's permissions go, until its time is over; there
//! is no other way in. Tables: `operators`, `support_grants`.

pub mod ending;
pub mod model;
pub mod reading;
pub mod write;

pub use model::{GrantList, GrantPage, GrantsOfOperator, SupportGrant, SupportGrantState};
