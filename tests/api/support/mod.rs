//! The academy under test, who asks it, and what it starts with.

pub mod app;
pub mod client;
pub mod factory;
pub mod learning;
pub mod people;
pub mod quiz;
pub mod servers;

pub use app::TestApp;
