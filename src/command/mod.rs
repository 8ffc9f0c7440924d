//! The program's commands, one file each.

pub mod admin;
pub mod dev;
pub mod import;
pub mod migrate;
pub mod node;
pub mod serve;

use clap::{Parser, Subcommand};

/// The headless academy: one GraphQL API to run a learning academy or to embed learning in a product.
#[derive(Parser)]
#[command(version, about)]
struct Lyceum {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything that is needed to try Lyceum: a private database, two demo academies, the API, the playground.
    Dev(dev::Dev),
    /// Serves the API and runs the jobs of one node.
    Serve(serve::Serve),
    /// Runs the jobs alone.
    Worker(serve::Worker),
    /// Brings the database to the schema of this build, as its owner.
    Migrate(migrate::Migrate),
    /// Imports a course.
    Import(import::Import),
    /// Looks after a running service.
    Admin(admin::Admin),
    /// Prints the GraphQL schema.
    Schema,
}

/// Does what the program was called for. The runtime is made here rather than in the program, so that the futures of the
/// whole schema are compiled once, with the library.
pub fn run() -> anyhow::Result<()> {
    let command = Lyceum::parse().command;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Dev(dev) => dev.run().await,
            Command::Serve(serve) => serve.run().await,
            Command::Worker(worker) => worker.run().await,
            Command::Migrate(migrate) => migrate.run().await,
            Command::Import(import) => import.run().await,
            Command::Admin(admin) => admin.run().await,
            Command::Schema => {
                print!("{}", crate::graphql::schema::sdl());
                Ok(())
            }
        }
    })
}
