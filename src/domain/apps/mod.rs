//! Apps: programs that act in an organisation with tokens. Tables: `apps`, `api_tokens`, `api_token_secrets`.

pub mod model;
mod store;
pub mod tokens;
pub mod write;

pub use model::{ApiToken, App, AppsOf, TokensOf};
