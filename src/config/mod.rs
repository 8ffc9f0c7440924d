//! Every setting of a node, one documented field each; the only reader of the environment.

mod files;
mod sign_in;

pub use files::FilesConfig;
pub use sign_in::{OutgoingConfig, SignInConfig};

use clap::Args;
use std::net::SocketAddr;

/// Where the database is and what its connections may cost.
#[derive(Args, Clone, Debug)]
pub struct DatabaseConfig {
    /// Where PostgreSQL is, as the role `lyceum_app`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = "")]
    pub database_url: String,
    /// Connections this node opens at most.
    #[arg(long, env = "LYCEUM_POOL_SIZE", default_value_t = 16)]
    pub pool_size: usize,
    /// Further connections for sign-in, sessions, verification and health.
    #[arg(long, env = "LYCEUM_DOOR_POOL_SIZE", default_value_t = 4)]
    pub door_pool_size: usize,
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
    /// Milliseconds a mutation's transaction may take in all.
    #[arg(long, env = "LYCEUM_WRITE_TIMEOUT_MS", default_value_t = 15_000)]
    pub write_timeout_ms: u64,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            database_url: String::new(),
            pool_size: 16,
            door_pool_size: 4,
            pool_wait_ms: 2_000,
            statement_timeout_ms: 5_000,
            lock_timeout_ms: 2_000,
            idle_transaction_timeout_ms: 10_000,
            write_timeout_ms: 15_000,
        }
    }
}

impl DatabaseConfig {
    /// The address with the deadlines as connection options. Statements keep the plan that they got at first: all of
    /// ours begin with the organisation's key, so no value asks for another one.
    pub fn with_deadlines(&self) -> String {
        let options = format!(
            "-c statement_timeout={} -c lock_timeout={} -c idle_in_transaction_session_timeout={} \
             -c plan_cache_mode=force_generic_plan",
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

/// How mails leave.
#[derive(Args, Clone, Debug)]
pub struct MailConfig {
    /// Where mails are handed over, such as `smtps://user:password@mail.example:465`, or `smtp://mail.example:587?tls=required`
    /// for STARTTLS. Without it mails wait in the database; a development server writes them into a folder.
    #[arg(long, env = "LYCEUM_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Whom mails are from.
    #[arg(long, env = "LYCEUM_MAIL_FROM", default_value = "Lyceum <no-reply@localhost>")]
    pub mail_from: String,
    /// The interface that the links of mails lead to, such as `https://academy.example`: its pages `/verify-email`,
    /// `/reset-password`, `/accept-invitation` and `/guardian-consent` find a token behind `#token=`. Without it mails carry the
    /// token alone.
    #[arg(long, env = "LYCEUM_APP_URL")]
    pub app_url: Option<String>,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            smtp_url: None,
            mail_from: "Lyceum <no-reply@localhost>".to_owned(),
            app_url: None,
        }
    }
}

/// Who is asked about domains.
#[derive(Args, Clone, Debug, Default)]
pub struct DnsConfig {
    /// Name servers that are asked whether an organisation's domain is its own, such as `192.0.2.53:53`, separated by commas. Where
    /// none is named, the system's.
    #[arg(long, env = "LYCEUM_DNS_SERVERS", value_delimiter = ',')]
    pub dns_servers: Vec<SocketAddr>,
}

/// How a node is reached and what one client may ask of it.
#[derive(Args, Clone, Debug)]
pub struct HttpConfig {
    /// Address that the API listens on.
    #[arg(long, env = "LYCEUM_HOST", default_value = "127.0.0.1")]
    pub host: String,
    /// Port that the API listens on.
    #[arg(long, env = "LYCEUM_PORT", default_value_t = 8080)]
    pub port: u16,
    /// Origins whose pages may call the API, separated by commas, such as `https://academy.example`.
    #[arg(long, env = "LYCEUM_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,
    /// Proxies of yours that stand before this node: a client's address is the one that the outermost of them saw, read from
    /// `X-Forwarded-For`. With 0 it is the connection's own.
    #[arg(long, env = "LYCEUM_PROXIES", default_value_t = 0)]
    pub proxies: usize,
    /// Lets callers without a token read the schema by introspection.
    #[arg(long, env = "LYCEUM_PUBLIC_INTROSPECTION")]
    pub public_introspection: bool,
    /// Adds `extensions.trace` to each answer: how many SQL statements it took. For development.
    #[arg(long, env = "LYCEUM_TRACE")]
    pub trace: bool,
    /// Bytes of a request body at most.
    #[arg(long, env = "LYCEUM_BODY_BYTES", default_value_t = 1_200_000)]
    pub body_bytes: usize,
    /// Requests that are worked on at the same time; more are answered 503.
    #[arg(long, env = "LYCEUM_CONCURRENT_REQUESTS", default_value_t = 512)]
    pub concurrent_requests: usize,
    /// Browsers that are on their way to or from a provider at the same time; each waits for the provider. More are answered 503.
    #[arg(long, env = "LYCEUM_CONCURRENT_SIGN_INS", default_value_t = 128)]
    pub concurrent_sign_ins: usize,
    /// Files that begin to be written or read on this server at the same time. More are answered 503.
    #[arg(long, env = "LYCEUM_CONCURRENT_TRANSFERS", default_value_t = 128)]
    pub concurrent_transfers: usize,
    /// Milliseconds that a query may take in all.
    #[arg(long, env = "LYCEUM_REQUEST_TIMEOUT_MS", default_value_t = 15_000)]
    pub request_timeout_ms: u64,
    /// Sockets and event streams that are open at the same time; more are answered 503.
    #[arg(long, env = "LYCEUM_STREAMS", default_value_t = 10_000)]
    pub streams: usize,
    /// The same from one address.
    #[arg(long, env = "LYCEUM_STREAMS_PER_ADDRESS", default_value_t = 500)]
    pub streams_per_address: usize,
    /// Milliseconds that a client may take to say over a new socket who it is.
    #[arg(long, env = "LYCEUM_SOCKET_INIT_TIMEOUT_MS", default_value_t = 10_000)]
    pub socket_init_timeout_ms: u64,
    /// Milliseconds that a listener may take for one message before it is cut off.
    #[arg(long, env = "LYCEUM_STREAM_PATIENCE_MS", default_value_t = 10_000)]
    pub stream_patience_ms: u64,
    /// Points that a signed-in person's bucket holds.
    #[arg(long, env = "LYCEUM_BUCKET_CAPACITY", default_value_t = 200_000)]
    pub bucket_capacity: u64,
    /// Points that come back to it per second.
    #[arg(long, env = "LYCEUM_BUCKET_PER_SECOND", default_value_t = 20_000)]
    pub bucket_per_second: u64,
    /// Points that an organisation's bucket holds, from which all its members take; it fills a tenth of it per second.
    #[arg(
        long,
        env = "LYCEUM_ORGANIZATION_BUCKET_CAPACITY",
        default_value_t = 4_000_000
    )]
    pub organization_bucket_capacity: u64,
    /// Points that the bucket of an anonymous address holds; it fills a tenth of it per second.
    #[arg(long, env = "LYCEUM_ANONYMOUS_BUCKET_CAPACITY", default_value_t = 100_000)]
    pub anonymous_bucket_capacity: u64,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            allowed_origins: Vec::new(),
            proxies: 0,
            public_introspection: false,
            trace: false,
            body_bytes: 1_200_000,
            concurrent_requests: 512,
            concurrent_sign_ins: 128,
            concurrent_transfers: 128,
            request_timeout_ms: 15_000,
            streams: 10_000,
            streams_per_address: 500,
            socket_init_timeout_ms: 10_000,
            stream_patience_ms: 10_000,
            bucket_capacity: 200_000,
            bucket_per_second: 20_000,
            organization_bucket_capacity: 4_000_000,
            anonymous_bucket_capacity: 100_000,
        }
    }
}
