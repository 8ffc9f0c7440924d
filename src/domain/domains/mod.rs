//! Domains that an organisation says are its own, and shows to be by a text record in DNS.
//!
//! A domain is verified for one organisation at a time, and stays so while nobody else shows that it is theirs. Table:
//! `organization_domains`.

pub mod model;
pub mod proof;
pub mod store;
pub mod write;

pub use model::{DomainState, OrganizationDomain};
