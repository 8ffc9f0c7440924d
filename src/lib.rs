//! Lyceum, the headless academy.

pub mod config;
pub mod db;
pub mod kernel;
