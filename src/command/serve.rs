//! `lyceum serve` and `lyceum worker`.

use super::node::{NodeConfig, ServerConfig, start_log, told_to_stop};
use clap::Args;

/// Serves the API and runs the jobs of one node.
#[derive(Args, Debug)]
pub struct Serve {
    #[command(flatten)]
    node: NodeConfig,
    #[command(flatten)]
    server: ServerConfig,
    /// Leaves the jobs to `lyceum worker`.
    #[arg(long, env = "LYCEUM_WITHOUT_JOBS")]
    without_jobs: bool,
}

/// Runs the jobs alone.
#[derive(Args, Debug)]
pub struct Worker {
    #[command(flatten)]
    node: NodeConfig,
}

impl Serve {
    /// Serves until told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        start_log();
        let app = self.node.app(&self.server.http.allowed_origins).await?;
        if !self.without_jobs {
            self.node.run_jobs(&app)?;
        }
        let listener = self.server.listen().await?;
        tracing::info!(address = %listener.local_addr()?, "serving");
        self.server.serve(listener, app).await
    }
}

impl Worker {
    /// Works until told to stop.
    pub async fn run(self) -> anyhow::Result<()> {
        start_log();
        let app = self.node.app(&[]).await?;
        self.node.run_jobs(&app)?;
        told_to_stop().await;
        Ok(())
    }
}
