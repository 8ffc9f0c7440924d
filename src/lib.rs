//! Lyceum, the headless academy.

pub mod config;
pub mod kernel;
