//! Lyceum, the headless academy.

// The mutations are merged one into the next, and each is a layer to the compiler.
#![recursion_limit = "256"]

pub mod auth;
pub mod cache;
pub mod command;
pub mod config;
pub mod db;
pub mod dev;
pub mod dns;
pub mod domain;
pub mod graphql;
pub mod import;
pub mod jobs;
pub mod kernel;
pub mod server;
