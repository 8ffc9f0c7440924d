//! The academy under test, who asks it, and what it starts with.

pub mod academy;
pub mod app;
pub mod apps;
pub mod browser;
pub mod client;
pub mod delivery;
pub mod dns;
pub mod document;
pub mod factors;
pub mod factory;
pub mod faulty;
pub mod harvest;
pub mod learning;
pub mod links;
pub mod mail;
pub mod operators;
pub mod people;
pub mod provider;
pub mod proxy;
pub mod quiz;
pub mod servers;
pub mod sign_ins;
pub mod socket;
pub mod sso;
pub mod unsigned;
pub mod walk;
pub mod world;

pub use app::TestApp;
