//! What a learning platform is: nouns with their rows, statements and rules.
//!
//! Later nouns may use earlier ones. `app` and `mutate` are what all of them run in.

pub mod access;
pub mod account_links;
pub mod accounts;
mod announced;
pub mod app;
pub mod apps;
pub mod assets;
pub mod attempts;
pub mod audit;
pub mod bookmarks;
pub mod bulk;
pub mod certificates;
pub mod content;
pub mod courses;
pub mod domains;
pub mod enrollment_lists;
pub mod enrollments;
pub mod events;
pub mod groups;
pub mod insights;
pub mod invitations;
pub mod mails;
pub mod members;
pub mod mutate;
pub mod organizations;
pub mod paths;
pub mod policies;
pub mod progress;
pub mod recommendations;
pub mod record_lists;
pub mod records;
pub mod refusal;
pub mod reports;
pub mod reviews;
pub mod revision_upgrades;
pub mod roles;
pub mod search;
pub mod security_events;
pub mod sign_ins;
pub mod simulation;
pub mod sso;
pub mod submissions;
pub mod support_grants;
pub mod surveys;
pub mod tag_gaps;
pub mod tags;
pub mod transfers;
pub mod users;
pub mod visibility;

/// How long a node trusts what it knows of a person or a course without hearing that it changed.
pub const TIME_TO_LIVE: std::time::Duration = std::time::Duration::from_secs(30);
