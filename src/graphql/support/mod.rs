//! What every noun's file uses and no noun is known in: the operation, errors, connections, payloads.

pub mod connection;
pub mod error;
pub mod mutation;
pub mod operation;
#[macro_use]
pub mod payload;
pub mod verdicts;

pub use connection::{PageInfo, Paged};
pub use operation::{Ask, Operation};
pub use verdicts::{AccessRefusal, Verdicts};
