//! Invitations to join an organisation.
//!
//! An invitation is for one address and one role, and is good once and for two weeks. Its token is mailed to the address, shown
//! to whoever sends it, once, and stored as a hash. An address has one open invitation in an organisation: sending another takes the
//! place of the former. Table: `invitations`.

pub mod accept;
mod limits;
pub mod model;
pub mod moves;
pub mod send;
pub mod store;

pub use model::{Invitation, InvitationState};
