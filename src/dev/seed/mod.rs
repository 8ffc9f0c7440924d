//! Fills a new development server: two academies with their people and courses, and somebody in both.

mod courses;
mod learning;
mod people;

use super::academies::ACADEMIES;
use super::personas::Personas;
use crate::domain::app::App;
use crate::domain::organizations;
use std::path::Path;
use std::sync::Arc;

/// Makes what is missing, and tells who one can be. Tokens follow from the master key, so they stay the same.
pub async fn seed(app: &Arc<App>, data_dir: &Path) -> anyhow::Result<Personas> {
    let is_new = organizations::id_of_slug(&app.db, ACADEMIES[0].slug)
        .await?
        .is_none();
    if is_new {
        println!("Making the demo academies …");
        people::seed(app).await?;
        courses::seed(app, data_dir).await?;
    }
    let personas = people::personas(app).await?;
    if is_new {
        learning::seed(app, &personas).await?;
    }
    Ok(personas)
}
