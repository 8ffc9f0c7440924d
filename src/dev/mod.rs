//! The embedded default: private servers, demo academies, personas. Nothing of it runs in `serve`.

pub mod academies;
pub mod cluster;
pub mod personas;
pub mod redis;
pub mod seed;
mod service;
mod socket;
