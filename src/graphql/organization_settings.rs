//! `OrganizationSettings`.

use crate::domain::organizations::Organization;
use async_graphql::SimpleObject;

/// How an organisation is set up.
#[derive(Clone, Debug, SimpleObject)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "settings that are switched independently"
)]
pub struct OrganizationSettings {
    /// The language that its people read, as a language tag. Cost: 1.
    pub locale: String,
    /// Whether everybody sees the name and the public courses, members or not. Cost: 1.
    pub is_open: bool,
    /// The origins whose pages may call the API from a browser. Cost: 1.
    pub allowed_origins: Vec<String>,
    /// Whether features that use AI may work on what is in the organisation. Off unless it is switched on. Cost: 1.
    pub ai_enabled: bool,
    /// Whether the service may show the organisation's content in demonstrations. Off unless it is switched on. Cost: 1.
    pub allows_demo_use: bool,
    /// Whether the service may show the organisation's content in marketing. Off unless it is switched on. Cost: 1.
    pub allows_marketing_use: bool,
}

impl OrganizationSettings {
    /// The settings of an organisation that allows these origins.
    pub fn of(organization: &Organization, origins: &[String]) -> Self {
        Self {
            locale: organization.locale.clone(),
            is_open: organization.is_open,
            allowed_origins: origins.to_vec(),
            ai_enabled: organization.ai_enabled,
            allows_demo_use: organization.allows_demo_use,
            allows_marketing_use: organization.allows_marketing_use,
        }
    }
}
