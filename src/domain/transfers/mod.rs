//! Handing an organisation over: an owner offers it to a member, who takes it within a week or does not.
//!
//! There is one open offer at a time. Taking it makes the member an owner and the former owner an administrator, at once. The
//! offer is mailed to the member, and the transfer to all owners.
//! Table: `ownership_transfers`.

pub mod model;
mod notices;
pub mod write;

pub use model::{OpenTransfer, OwnershipTransfer};
