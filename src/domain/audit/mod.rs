//! The audit: who did what in an organisation, written in the transaction that did it, sealed entry by entry, and never
//! changed. Table: `audit_entries`.

mod chain;
mod entries;

pub use chain::{Anchor, Broken, Verified, verify};
pub use entries::{AuditEntry, AuditFilter, AuditList, AuditPage, SeenEntry};
