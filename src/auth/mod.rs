//! Who asks, where they stand, and what they may do.

pub mod allowed;
pub mod api_tokens;
pub mod credential;
pub mod invited;
pub mod learner_sessions;
pub mod org_policies;
pub mod password;
mod password_policy;
pub mod permission;
pub mod policy;
pub mod proposed;
pub mod providers;
pub mod roles;
pub mod sessions;
pub mod sign_in;
pub mod standing;
pub mod step_up;
