//! The names of cached values.

use crate::kernel::ids::OrgId;
use std::fmt;
use uuid::Uuid;

/// Version of everything that is cached: a build that writes another form uses another number.
const VERSION: u32 = 1;

/// The name of a cached value; it begins with the organisation, so that no two organisations share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    org: OrgId,
    what: &'static str,
    id: Uuid,
}

impl CacheKey {
    /// A course revision's compiled content.
    pub const fn revision(org: OrgId, revision: Uuid) -> Self {
        Self {
            org,
            what: "revision",
            id: revision,
        }
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lyceum:{VERSION}:{}:{}:{}", self.org.0, self.what, self.id)
    }
}
