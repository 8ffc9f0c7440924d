//! The program's commands, one file each.

pub mod admin;
pub mod dev;
pub mod import;
pub mod migrate;
pub mod node;
pub mod serve;
