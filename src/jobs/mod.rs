//! What the service does by itself. Every job may run on any number of nodes at once.

pub mod sweeper;
