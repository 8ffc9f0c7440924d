//! Lyceum, the headless academy.

pub mod auth;
pub mod cache;
pub mod command;
pub mod config;
pub mod db;
pub mod dev;
pub mod dns;
pub mod domain;
pub mod files;
pub mod graphql;
pub mod import;
pub mod jobs;
pub mod kernel;
pub mod outgoing;
pub mod server;
