//! Putting a node together from its settings, and running it until it is told to stop.

use crate::auth::password::{PasswordConfig, Passwords};
use crate::auth::providers::Providers;
use crate::cache::Shared;
use crate::cache::buckets::Buckets;
use crate::config::{
    DatabaseConfig, DnsConfig, FilesConfig, HttpConfig, MailConfig, OutgoingConfig, SignInConfig,
};
use crate::db::Db;
use crate::dns::NameServers;
use crate::domain::app::{App, Outside};
use crate::files::Files;
use crate::graphql::front::DocumentLimits;
use crate::graphql::schema::Api;
use crate::jobs::mails::Mailer;
use crate::jobs::{self, JobsConfig};
use crate::kernel::clock::Clock;
use crate::kernel::keyring::Keyring;
use crate::server::{Server, Streams, router};
use anyhow::Context;
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// How long open streams may take to end when the node does.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The settings of a node.
#[derive(Args, Clone, Debug)]
pub struct NodeConfig {
    #[command(flatten)]
    database: DatabaseConfig,
    #[command(flatten)]
    passwords: PasswordConfig,
    #[command(flatten)]
    jobs: JobsConfig,
    #[command(flatten)]
    mail: MailConfig,
    #[command(flatten)]
    dns: DnsConfig,
    #[command(flatten)]
    outgoing: OutgoingConfig,
    #[command(flatten)]
    sign_in: SignInConfig,
    #[command(flatten)]
    files: FilesConfig,
    /// Where Redis is, such as `redis://127.0.0.1/`; without it copies stay within the process.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<String>,
    /// Master keys: 64 hexadecimal digits each, separated by commas, the current one first; the same on all nodes.
    #[arg(long, env = "LYCEUM_MASTER_KEY", hide_env_values = true)]
    master_key: Option<String>,
}

/// The settings of what a node serves.
#[derive(Args, Clone, Debug)]
pub struct ServerConfig {
    /// How the node is reached.
    #[command(flatten)]
    pub http: HttpConfig,
    /// What a document may ask for.
    #[command(flatten)]
    pub limits: DocumentLimits,
}

impl NodeConfig {
    /// Connects and puts the node together. Sign-ins may lead back to pages of these origins, and of the interface.
    pub async fn app(&self, origins: &[String]) -> anyhow::Result<Arc<App>> {
        anyhow::ensure!(
            !self.database.database_url.is_empty(),
            "say where PostgreSQL is: set DATABASE_URL (as lyceum_app)"
        );
        let keys = self
            .master_key
            .as_deref()
            .context("set LYCEUM_MASTER_KEY, the same on all nodes: `openssl rand -hex 32`")?;
        let keyring = Keyring::parse(keys).map_err(anyhow::Error::msg)?;
        self.app_with(&self.database, keyring, origins).await
    }

    /// The same settings on a development server, which is reached here: it calls servers of its own machine too, and sign-ins
    /// may lead back to pages there.
    #[must_use]
    pub fn for_development(mut self, address: SocketAddr) -> Self {
        self.outgoing.allow_loopback = true;
        let here = format!("http://localhost:{}", address.port());
        self.sign_in.public_url.get_or_insert(here);
        self
    }

    /// The same settings where files lie in this folder, unless they say where.
    #[must_use]
    pub fn with_files_in(mut self, folder: PathBuf) -> Self {
        self.files.files_dir.get_or_insert(folder);
        self
    }

    /// The same with the database and the keys of a development server.
    pub async fn app_for_development(&self, app_url: String, keys: &str) -> anyhow::Result<Arc<App>> {
        let database = DatabaseConfig {
            database_url: app_url,
            ..self.database.clone()
        };
        let keyring = Keyring::parse(keys).map_err(anyhow::Error::msg)?;
        self.app_with(&database, keyring, &[]).await
    }

    async fn app_with(
        &self,
        database: &DatabaseConfig,
        keyring: Keyring,
        origins: &[String],
    ) -> anyhow::Result<Arc<App>> {
        let shared = match &self.redis_url {
            Some(url) => Shared::through_redis(url)?,
            None => Shared::in_process(),
        };
        let db = Db::connect(database).await?;
        let clock = Clock::default();
        let origins: Vec<String> = origins.iter().chain(&self.mail.app_url).cloned().collect();
        let providers = Providers::new(&self.sign_in, self.outgoing, &origins, clock.clone())?;
        let outside = Outside {
            dns: Arc::new(NameServers::new(&self.dns)?),
            providers,
            files: Files::new(&self.files, self.sign_in.public_url.as_deref(), keyring.clone())?,
        };
        App::new(
            db,
            shared,
            Passwords::new(&self.passwords)?,
            clock,
            keyring,
            outside,
        )
    }

    /// Whether the settings say where PostgreSQL is.
    pub fn names_a_database(&self) -> bool {
        !self.database.database_url.is_empty()
    }

    /// Runs the jobs in the background.
    pub fn run_jobs(&self, app: &Arc<App>) -> anyhow::Result<()> {
        let mailer = Mailer::new(&self.mail)?;
        if mailer.is_none() {
            tracing::warn!("mails are not delivered: set LYCEUM_SMTP_URL");
        }
        tokio::spawn(jobs::run(app.clone(), self.jobs, mailer));
        Ok(())
    }

    /// The same on a development server, which writes mails into a folder unless it is told of a mail server. Gives the folder
    /// that it writes into.
    pub fn run_jobs_for_development(
        &self,
        app: &Arc<App>,
        folder: PathBuf,
    ) -> anyhow::Result<Option<PathBuf>> {
        let (mailer, folder) = match Mailer::new(&self.mail)? {
            Some(mailer) => (mailer, None),
            None => (Mailer::into_folder(&folder, &self.mail)?, Some(folder)),
        };
        tokio::spawn(jobs::run(app.clone(), self.jobs, Some(mailer)));
        Ok(folder)
    }
}

impl ServerConfig {
    /// Opens the port.
    pub async fn listen(&self) -> anyhow::Result<TcpListener> {
        let address = format!("{}:{}", self.http.host, self.http.port);
        let listener = TcpListener::bind(&address).await;
        listener
            .with_context(|| format!("{address} cannot be listened on; choose another port with LYCEUM_PORT"))
    }

    /// Serves until the process is told to stop, then finishes what is under way.
    pub async fn serve(&self, listener: TcpListener, app: Arc<App>) -> anyhow::Result<()> {
        self.serve_with(self.http.clone(), listener, app, None).await
    }

    /// Serves a development server: everybody may introspect, answers are traced, and the playground knows the personas.
    pub async fn serve_openly(
        &self,
        listener: TcpListener,
        app: Arc<App>,
        personas: serde_json::Value,
    ) -> anyhow::Result<()> {
        let http = HttpConfig {
            public_introspection: true,
            trace: true,
            ..self.http.clone()
        };
        self.serve_with(http, listener, app, Some(personas)).await
    }

    async fn serve_with(
        &self,
        config: HttpConfig,
        listener: TcpListener,
        app: Arc<App>,
        personas: Option<serde_json::Value>,
    ) -> anyhow::Result<()> {
        let api = Api::new(app.clone(), self.limits.clone())?;
        let streams = Streams::new(&config);
        let server = Server {
            api,
            buckets: Buckets::new(app.shared.clone()),
            streams: streams.clone(),
            config,
            personas,
        };
        let service = router(Arc::new(server)).into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service)
            .with_graceful_shutdown(async move {
                told_to_stop().await;
                streams.end(LAST_WORDS).await;
            })
            .await?;
        Ok(())
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn told_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM can be set");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Starts the log: one JSON object a line, or plain lines on a terminal.
pub fn start_log() {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().init();
    }
}
