//! `Organization`: edges and root field.

use crate::domain::organizations::Organization;
use crate::kernel::ids::OrganizationKey;
use async_graphql::ComplexObject;

#[ComplexObject]
impl Organization {
    /// The organisation's global identifier. Cost: 1.
    pub async fn id(&self) -> OrganizationKey {
        self.key()
    }
}
