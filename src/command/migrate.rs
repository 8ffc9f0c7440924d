//! `lyceum migrate`.

use clap::Args;

/// Brings the database to the schema of this build, as its owner.
#[derive(Args, Debug)]
pub struct Migrate {
    /// Where PostgreSQL is, as the role `lyceum_owner`.
    #[arg(long, env = "LYCEUM_OWNER_URL", hide_env_values = true)]
    owner_url: String,
}

impl Migrate {
    /// Applies what is missing and says what that was.
    pub async fn run(self) -> anyhow::Result<()> {
        let applied = crate::db::migrate::migrate(&self.owner_url).await?;
        for name in &applied {
            println!("applied {name}");
        }
        println!("{} migrations applied; the database is up to date", applied.len());
        Ok(())
    }
}
