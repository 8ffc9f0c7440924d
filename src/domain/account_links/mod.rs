//! Linking personal accounts to the organisation whose domain their address is of.
//!
//! The organisation proposes it to an address of a domain that it has verified, and learns nothing of whether the address has
//! an account. Whoever has shown that the address is theirs sees the proposal and answers it; who accepts is a member. Table:
//! `account_links`.

pub mod answer;
pub mod model;
pub mod propose;
pub mod store;

pub use model::{AccountLink, AccountLinkState};
