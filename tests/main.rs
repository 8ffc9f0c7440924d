//! The integration tests, in one binary: most of their time would be linking otherwise.

mod api;
mod architecture;
mod schema;
