//! `lyceum import`.

use super::dev::DataDir;
use super::node::NodeConfig;
use crate::domain::app::App;
use crate::domain::courses::CourseVisibility;
use crate::domain::courses::import;
use crate::domain::mutate::by_system;
use crate::domain::organizations;
use crate::import::course::{course, slug_of};
use crate::import::mdbook;
use crate::kernel::ids::{CourseKey, OrgId};
use anyhow::Context;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Imports a course.
#[derive(Args, Debug)]
pub struct Import {
    #[command(subcommand)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Format {
    /// Imports an mdBook, with mdbook-quiz files, as a course; a second import updates its draft.
    Mdbook(Mdbook),
}

#[derive(Args, Debug)]
struct Mdbook {
    /// The book's folder: the one with book.toml.
    dir: PathBuf,
    /// The slug of the organisation that gets the course.
    #[arg(long)]
    org: String,
    /// The course's slug; made from the title where it is left out.
    #[arg(long)]
    slug: Option<String>,
    /// Lets everybody find the course, not only members.
    #[arg(long)]
    public: bool,
    /// Publishes the draft.
    #[arg(long)]
    publish: bool,
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    node: NodeConfig,
}

impl Import {
    /// Imports and prints a report.
    pub async fn run(self) -> anyhow::Result<()> {
        let Format::Mdbook(mdbook) = self.format;
        let started = std::time::Instant::now();
        eprintln!("Reading {} …", mdbook.dir.display());
        let dir = mdbook.dir.clone();
        let book = tokio::task::spawn_blocking(move || mdbook::read(&dir)).await??;
        let report = book.report.clone();
        eprintln!(
            "Read {} modules, {} units, {} questions. Storing …",
            report.modules, report.units, report.questions
        );
        let slug = mdbook.slug.clone().unwrap_or_else(|| slug_of(&book.title));
        let running = mdbook.data_dir.connect(&mdbook.node).await?;
        let org = organizations::id_of_slug(&running.app.db, &mdbook.org).await?;
        let org = org.with_context(|| format!("there is no organisation `{}`", mdbook.org))?;
        let visibility = if mdbook.public {
            CourseVisibility::Public
        } else {
            CourseVisibility::Members
        };
        let key = store(&running.app, org, book, &slug, visibility, mdbook.publish).await?;
        running.stop().await?;
        let state = if mdbook.publish {
            "published"
        } else {
            "in its draft; publish it with --publish or `coursePublish`"
        };
        println!("{report}");
        println!(
            "Course {slug} ({key}) of {} is {state}. {:.1} s.",
            mdbook.org,
            started.elapsed().as_secs_f64()
        );
        Ok(())
    }
}

/// Stores a book as a course, in one transaction.
pub async fn store(
    app: &Arc<App>,
    org: OrgId,
    book: mdbook::Book,
    slug: &str,
    visibility: CourseVisibility,
    publish: bool,
) -> anyhow::Result<CourseKey> {
    let imported = course(book, slug, visibility);
    let outcome = by_system(app, org, "courseImport", move |write| {
        Box::pin(async move { import::import(write, &imported, publish).await })
    });
    match outcome.await? {
        Ok(key) => Ok(key),
        Err(refusals) => {
            let reasons: Vec<_> = refusals.into_iter().map(|refusal| refusal.message).collect();
            anyhow::bail!("nothing was imported: {}", reasons.join(" "))
        }
    }
}

/// Reads a book for the demo academies.
pub async fn read_book(dir: &Path) -> anyhow::Result<mdbook::Book> {
    let dir = dir.to_owned();
    Ok(tokio::task::spawn_blocking(move || mdbook::read(&dir)).await??)
}
