//! Every setting of a node, one documented field each; the only reader of the environment.

use clap::Args;

/// Where the database is and what its connections may cost.
#[derive(Args, Clone, Debug)]
pub struct DatabaseConfig {
    /// Where PostgreSQL is, as the role `lyceum_app`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "")]
    pub database_url: String,
    /// Connections this node opens at most.
    #[arg(long, env = "LYCEUM_POOL_SIZE", default_value_t = 16)]
    pub pool_size: usize,
    /// Milliseconds an operation waits for a connection before it is refused.
    #[arg(long, env = "LYCEUM_POOL_WAIT_MS", default_value_t = 2_000)]
    pub pool_wait_ms: u64,
    /// Milliseconds one statement may take.
    #[arg(long, env = "LYCEUM_STATEMENT_TIMEOUT_MS", default_value_t = 5_000)]
    pub statement_timeout_ms: u64,
    /// Milliseconds a statement waits for a lock.
    #[arg(long, env = "LYCEUM_LOCK_TIMEOUT_MS", default_value_t = 2_000)]
    pub lock_timeout_ms: u64,
    /// Milliseconds a transaction may do nothing before PostgreSQL ends it.
    #[arg(long, env = "LYCEUM_IDLE_TRANSACTION_TIMEOUT_MS", default_value_t = 10_000)]
    pub idle_transaction_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            database_url: String::new(),
            pool_size: 16,
            pool_wait_ms: 2_000,
            statement_timeout_ms: 5_000,
            lock_timeout_ms: 2_000,
            idle_transaction_timeout_ms: 10_000,
        }
    }
}

impl DatabaseConfig {
    /// The address with the deadlines as connection options.
    pub fn with_deadlines(&self) -> String {
        let options = format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={}",
            self.statement_timeout_ms, self.lock_timeout_ms, self.idle_transaction_timeout_ms
        );
        if self.database_url.starts_with("postgres") {
            let separator = if self.database_url.contains('?') { '&' } else { '?' };
            format!(
                "{}{separator}options={}",
                self.database_url,
                options.replace(' ', "%20").replace('=', "%3D")
            )
        } else {
            format!("{} options='{options}'", self.database_url)
        }
    }
}
