//! The demo academies' courses: books that come with the program, through the importer.

use crate::command::import::{read_book, store};
use crate::dev::academies::ACADEMIES;
use crate::domain::app::App;
use crate::domain::courses::CourseVisibility;
use crate::domain::organizations;
use anyhow::Context;
use include_dir::{Dir, include_dir};
use std::fs;
use std::path::Path;
use std::sync::Arc;

static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Imports and publishes every book.
pub async fn seed(app: &Arc<App>, data_dir: &Path) -> anyhow::Result<()> {
    let unpacked = data_dir.join("demo");
    fs::create_dir_all(&unpacked)?;
    DEMO.extract(&unpacked)
        .context("the demo courses cannot be unpacked")?;
    for academy in ACADEMIES {
        let org = organizations::id_of_slug(&app.db, academy.slug)
            .await?
            .context("the academy was just made")?;
        let mut books: Vec<_> = fs::read_dir(unpacked.join(academy.slug))?.collect::<Result<_, _>>()?;
        books.sort_by_key(fs::DirEntry::file_name);
        for (index, book) in books.iter().enumerate() {
            let slug = book.file_name().to_string_lossy().into_owned();
            let visibility = if index % 4 == 3 {
                CourseVisibility::Members
            } else {
                CourseVisibility::Public
            };
            store(app, org, read_book(&book.path()).await?, &slug, visibility, true).await?;
        }
    }
    fs::remove_dir_all(&unpacked)?;
    Ok(())
}
