//! `lyceum admin`.

use super::dev::DataDir;
use super::node::NodeConfig;
use crate::domain::audit::{Anchor, verify};
use crate::domain::organizations;
use anyhow::Context;
use clap::{Args, Subcommand};

/// Looks after a running service.
#[derive(Args, Debug)]
pub struct Admin {
    #[command(subcommand)]
    of: Of,
}

#[derive(Debug, Subcommand)]
enum Of {
    /// Looks after the audit.
    #[command(subcommand)]
    Audit(Audit),
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Verifies that no entry of an organisation's audit was changed, removed or moved. Ends with an error if one was.
    Verify(Verify),
}

#[derive(Args, Debug)]
struct Verify {
    /// The organisation's slug.
    #[arg(long)]
    org: String,
    /// What an earlier verification ended with, `12:9f86…`: shows whether the end was cut off since.
    #[arg(long)]
    anchor: Option<Anchor>,
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    node: NodeConfig,
}

impl Admin {
    /// Does it and says what came of it.
    pub async fn run(self) -> anyhow::Result<()> {
        let Of::Audit(Audit::Verify(verify)) = self.of;
        verify.run().await
    }
}

impl Verify {
    async fn run(self) -> anyhow::Result<()> {
        let running = self.data_dir.connect(&self.node).await?;
        let db = &running.app.db;
        let org = organizations::id_of_slug(db, &self.org).await?;
        let org = org.with_context(|| format!("there is no organisation `{}`", self.org))?;
        let verified = verify(db, org, self.anchor.as_ref()).await?;
        running.stop().await?;
        println!(
            "{} entries of {} are as they were sealed.",
            verified.entries, self.org
        );
        if let Some(end) = &verified.end {
            println!("Anchor: {end}");
        }
        match verified.broken {
            Some(broken) => anyhow::bail!("the audit of {} is broken: {broken}", self.org),
            None => Ok(()),
        }
    }
}
