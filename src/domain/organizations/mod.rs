//! Organisations: the tenants.
//!
//! An open organisation shows its name and its public courses to everybody; any other exists only for its members.
//!
//! An owner deletes an organisation with a grace period: until it is over its members read and nobody writes, and an owner
//! may take it back; then a job removes everything of it. Tables: `organizations`, `organization_origins`.

pub mod change;
pub mod deletion;
pub mod found;
pub mod model;

pub use model::{Here, Organization, by_slug, id_of_slug};
