//! The academy under test, who asks it, and what it starts with.

pub mod academy;
pub mod academy_class;
pub mod academy_units;
pub mod app;
pub mod apps;
pub mod assessment;
pub mod authoring;
pub mod banks;
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
pub mod uploads;
pub mod walk;
pub mod world;
pub mod world_units;

pub use app::TestApp;
