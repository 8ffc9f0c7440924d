//! `lyceum admin`.

use super::dev::DataDir;
use super::node::NodeConfig;
use crate::domain::audit::{Anchor, verify};
use crate::domain::organizations;
use crate::domain::support_grants::ending::set_operator;
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
    /// Says who operates the platform, and may ask organisations for support access.
    #[command(subcommand)]
    Operator(Operator),
}

#[derive(Debug, Subcommand)]
enum Operator {
    /// Makes an account an operator's.
    Add(Account),
    /// Makes it an operator's no longer, and ends its grants: nodes notice within a second or two while a worker runs, else within 30 seconds.
    Remove(Account),
}

#[derive(Args, Debug)]
struct Account {
    /// The account's address.
    #[arg(long)]
    email: String,
    /// Where PostgreSQL is, as the role `lyceum_owner`; without it, where a running development server has its own.
    #[arg(long, env = "LYCEUM_OWNER_URL", hide_env_values = true)]
    owner_url: Option<String>,
    #[command(flatten)]
    data_dir: DataDir,
}

#[derive(Debug, Subcommand)]
enum Audit {
    /// Verifies that no entry of an organisation's audit was changed, removed or moved. Ends with an error if one was.
    Verify(Box<Verify>),
}

#[derive(Args, Debug)]
struct Verify {
    /// The organisation's slug.
    #[arg(long)]
    org: String,
    /// What an earlier verification ended with, `12:9f86…`: shows whether the chain was written anew since, and what the sequencer noted with it.
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
        match self.of {
            Of::Audit(Audit::Verify(verify)) => verify.run().await,
            Of::Operator(Operator::Add(account)) => account.set(true).await,
            Of::Operator(Operator::Remove(account)) => account.set(false).await,
        }
    }
}

impl Account {
    async fn set(self, is_operator: bool) -> anyhow::Result<()> {
        let owner_url = match self.owner_url {
            Some(url) => url,
            None => self.data_dir.owner_url()?,
        };
        let found = set_operator(&owner_url, &self.email, is_operator).await?;
        anyhow::ensure!(found, "there is no account with the address {}", self.email);
        let state = if is_operator {
            "an operator's"
        } else {
            "no operator's"
        };
        println!("The account {} is {state}.", self.email);
        Ok(())
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
