//! Apps: programs that act in an organisation with tokens. Tables: `apps`, `api_tokens`, `api_token_secrets`,
//! `learner_sessions`.

pub mod learner_sessions;
pub mod model;
pub mod session_list;
mod store;
pub mod tokens;
pub mod write;

pub use learner_sessions::LearnerSession;
pub use model::{ApiToken, App, AppsOf, TokensOf};
