//! `lyceum dev`: everything that is needed to try Lyceum, from nothing.

use super::node::{NodeConfig, ServerConfig};
use crate::db::migrate::migrate;
use crate::dev::cluster::{Cluster, ClusterOptions};
use crate::dev::seed;
use crate::domain::app::App;
use crate::kernel::secret::random_bytes;
use anyhow::Context;
use clap::Args;
use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;

/// The name of the database in a private cluster.
const DATABASE: &str = "lyceum";

/// Runs a private database, two demo academies, the API and the playground.
#[derive(Args, Debug)]
pub struct Dev {
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    node: NodeConfig,
    #[command(flatten)]
    server: ServerConfig,
}

/// Where a development server keeps what it makes.
#[derive(Args, Clone, Debug)]
pub struct DataDir {
    /// The folder of the private database, its master key and `dev.json`.
    #[arg(long, env = "LYCEUM_DATA_DIR", default_value = ".lyceum")]
    data_dir: PathBuf,
}

/// A node of a command on the server, with its private database where it started one.
pub struct Running {
    /// The node.
    pub app: Arc<App>,
    cluster: Option<Cluster>,
}

impl Running {
    /// Stops the private database.
    pub async fn stop(self) -> anyhow::Result<()> {
        drop(self.app);
        match self.cluster {
            Some(cluster) => cluster.stop().await,
            None => Ok(()),
        }
    }
}

impl Dev {
    /// Runs until told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        use tracing_subscriber::EnvFilter;
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .init();
        let listener = self.server.listen().await?;
        let url = format!("http://{}/graphql", listener.local_addr()?);
        let node = self.node.for_development(listener.local_addr()?);
        println!(
            "Starting a private PostgreSQL in {} …",
            self.data_dir.data_dir.display()
        );
        let running = self.data_dir.start(&node, Some(&url)).await?;
        let personas = seed::seed(&running.app, &self.data_dir.data_dir).await?;
        personas.write(&self.data_dir.data_dir, &url)?;
        println!("{}", personas.table());
        println!(
            "API         {url}\nPlayground  {}/",
            url.trim_end_matches("/graphql")
        );
        println!(
            "Details     {}",
            self.data_dir.data_dir.join("dev.json").display()
        );
        let folder = self.data_dir.data_dir.join("mail");
        if let Some(folder) = node.run_jobs_for_development(&running.app, folder)? {
            println!("Mails       {}/*.eml", folder.display());
        }
        self.server
            .serve_openly(listener, running.app.clone(), personas.buttons())
            .await?;
        println!("\nStopping …");
        running.stop().await
    }
}

impl DataDir {
    /// Connects a command to the database that its settings name, to a running development server's, or to the one that
    /// lies in the data folder, which it then starts.
    pub async fn connect(&self, node: &NodeConfig) -> anyhow::Result<Running> {
        if node.names_a_database() {
            return Ok(Running {
                app: node.app(&[]).await?,
                cluster: None,
            });
        }
        let node = &node.clone().with_files_in(self.data_dir.join("files"));
        if let Ok(address) = fs::read_to_string(self.data_dir.join("database.url"))
            && let Ok(app) = node
                .app_for_development(address.trim().to_owned(), &self.master_key()?)
                .await
        {
            return Ok(Running { app, cluster: None });
        }
        self.start(node, None).await
    }

    /// Starts the private database and puts a node on it.
    async fn start(&self, node: &NodeConfig, serving_at: Option<&str>) -> anyhow::Result<Running> {
        let options = ClusterOptions {
            data_dir: self.data_dir.clone(),
            durable: true,
            max_connections: 100,
        };
        let cluster = Cluster::start(options).await?;
        cluster.create_database(DATABASE).await?;
        migrate(&cluster.owner_url(DATABASE)).await?;
        if serving_at.is_some() {
            fs::write(self.data_dir.join("database.url"), cluster.app_url(DATABASE))?;
            fs::write(self.data_dir.join("owner.url"), cluster.owner_url(DATABASE))?;
        }
        let node = node.clone().with_files_in(self.data_dir.join("files"));
        let app = node
            .app_for_development(cluster.app_url(DATABASE), &self.master_key()?)
            .await?;
        Ok(Running {
            app,
            cluster: Some(cluster),
        })
    }

    /// Where a development server's database is for the owner of its tables.
    pub fn owner_url(&self) -> anyhow::Result<String> {
        let path = self.data_dir.join("owner.url");
        fs::read_to_string(&path).with_context(|| {
            let path = path.display();
            format!("{path} is not there: give --owner-url, or start `lyceum dev` with this data folder")
        })
    }

    /// The master key of this data folder, made at the first start.
    fn master_key(&self) -> anyhow::Result<String> {
        use std::io::Write as _;
        let path = self.data_dir.join("master.key");
        if let Ok(key) = fs::read_to_string(&path) {
            return Ok(key.trim().to_owned());
        }
        let key = hex::encode(random_bytes::<32>());
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(key.as_bytes()))
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(key)
    }
}
