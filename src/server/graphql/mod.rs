//! GraphQL over HTTP, without the execution: what a request asks for, in which form it wants the answer, and
//! the answer.
//!
//! Follows the GraphQL over HTTP specification (draft of the GraphQL foundation) with these decisions of
//! ours: the only body is `application/json`, which no form of another site can send; GET never runs a
//! mutation; batches are refused; each answer carries `extensions.requestId`; no answer is ever cached.
//! Everything here is pure: it reads no clock, opens nothing and knows no session.

mod json;
mod negotiate;
mod query_string;
mod refusal;
mod request;
mod response;

pub use negotiate::{Accepted, Media};
pub use refusal::HttpRefusal;
pub use request::{GraphqlRequest, PersistedQuery, read_message};
pub use response::{Answer, Cost};
