//! Certificates of completion.
//!
//! A certificate is a snapshot: what it says of holder, course and organisation stays what it said. It is issued in the
//! transaction that completes its enrolment, once for each. Whoever holds its code can have it verified; the code is
//! derived and never stored. Table: `certificates`.

pub mod code;
pub mod model;
pub mod store;
pub mod verification;

pub use code::CertificateCode;
pub use model::{Certificate, CertificateState};
pub use store::{CertificateFilter, CertificateOf};
