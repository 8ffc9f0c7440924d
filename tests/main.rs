//! The integration tests, in one binary: most of their time would be linking otherwise.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

mod answer_key;
mod api;
mod architecture;
mod migrations;
mod policy;
mod schema;
