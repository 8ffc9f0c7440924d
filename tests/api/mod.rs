//! Through the router, against real servers. Every test has organisations of its own in one shared database, so all run
//! in parallel, and each is a test of isolation too.

pub mod support;

mod authoring;
mod catalogue;
mod faults;
mod http;
