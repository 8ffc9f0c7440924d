//! Organisations: the tenants.
//!
//! An open organisation shows its name and its public courses to everybody; any other exists only for its members.
//! Table: `organizations`.

pub mod found;
pub mod model;

pub use model::{Here, Organization, by_slug, id_of_slug};
