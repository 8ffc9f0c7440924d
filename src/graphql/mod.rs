//! The GraphQL schema: how the domain is exposed. Knows no HTTP.

pub mod access;
pub mod accounts;
pub mod attempt_inputs;
pub mod attempt_items;
pub mod attempt_mutations;
pub mod attempts;
pub mod authoring;
pub mod authoring_inputs;
pub mod certificates;
pub mod content;
pub mod courses;
pub mod drafts;
pub mod enrollments;
pub mod front;
pub mod invitations;
pub mod members;
pub mod organizations;
pub mod passwords;
pub mod progress;
pub mod record_lists;
pub mod schema;
pub mod security_events;
pub mod sessions;
pub mod sign_in;
pub mod support;
pub mod viewer;
