//! What every layer may use and nothing that performs I/O.

pub mod canonical;
pub mod clock;
pub mod domain_name;
pub mod email;
pub mod error;
pub mod ids;
pub mod keyring;
pub mod language;
pub mod origin;
pub mod page;
mod seal;
pub mod secret;
