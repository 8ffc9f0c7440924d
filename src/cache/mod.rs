//! Copies: memory in front of Redis, and the bus on which nodes tell each other what became stale.
//!
//! Redis holds nothing that may not vanish. Each read of it has a short deadline behind a circuit breaker, and a
//! value that is missing, late or not the one asked for is read from PostgreSQL; no caller ever sees a Redis error.
//! Without an address the same interface works within the process.

mod breaker;
pub mod buckets;
mod bus;
pub mod key;
pub mod shared;

pub use bus::Stale;
pub use key::CacheKey;
pub use shared::Shared;
