//! What nodes tell each other: which of their copies became stale, the end of an event log among them.

use crate::kernel::ids::{CourseKey, OrgId, UserId};
use serde::{Deserialize, Serialize};

/// A copy that no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stale {
    /// Where a person stands: role, membership or session changed.
    Standing(UserId),
    /// A course's published face: which revision is current, its title and state.
    Course(CourseKey),
    /// An organisation's own record, or a role in it: what its members' standings are made of.
    Organization(OrgId),
    /// Where an organisation's event log ends: it has grown.
    Events(OrgId),
    /// Everything: messages may have been missed.
    Everything,
}
