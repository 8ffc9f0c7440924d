//! Roles: what an organisation gives to its members.
//!
//! Every organisation has the built-in ones and makes roles of its own: permissions, each with the reaches that it is given
//! for. Nobody puts into a role what they do not hold. Table: `roles`.

pub mod model;
pub mod store;
pub mod write;

pub use model::{Role, RolesOf};
