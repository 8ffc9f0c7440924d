//! Through the router, against real servers. Every test has organisations of its own in one shared database, so all run
//! in parallel, and each is a test of isolation too.

pub mod support;

mod access;
mod api_tokens;
mod attempt_races;
mod attempt_reviews;
mod attempt_times;
mod attempts;
mod audit;
mod audits;
mod authoring;
mod catalogue;
mod certificates;
mod contention;
mod enrollments;
mod escalation;
mod faults;
mod groups;
mod http;
mod invitation_moves;
mod invitation_refusals;
mod invitations;
mod isolation;
mod mails;
mod members;
mod membership_moves;
mod mutations;
mod organization_changes;
mod organizations;
mod passwords;
mod policies;
mod progress;
mod redis;
mod registration;
mod role_changes;
mod roles;
mod second_factor;
mod security_events;
mod sessions;
mod sign_in;
mod statements;
mod step_up;
mod token_scopes;
mod transfers;
mod visibility;
