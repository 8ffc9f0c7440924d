//! `search`: words in published courses, in their units, and in learning paths.

use super::content::Unit;
use super::courses::Course;
use super::support::operation::Ask;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::paths::LearningPath;
use crate::domain::search::{self, Found, Hit};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, Key, LearningPathKey, OrganizationKey, RevisionKey};
use async_graphql::{Context, ID, Object, SimpleObject, Union};
use futures_util::future::try_join_all;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Things that are found where nothing is said.
const DEFAULT: i64 = 20;
/// Characters of what is looked for.
const MOST_CHARACTERS: usize = 200;

/// Something that a search found: which type it is says what.
#[derive(Union)]
pub enum SearchHit {
    /// A course.
    Course(CourseHit),
    /// A unit of a course.
    Unit(UnitHit),
    /// A learning path.
    Path(PathHit),
}

/// A course that a search found. Requires: seeing the course. Cost: 1.
#[derive(SimpleObject)]
pub struct CourseHit {
    /// The course. Cost: 1.
    pub course: Course,
    /// A piece of its summary, of at most 35 words, with `**` around those that were looked for and nowhere else; the beginning where they
    /// stand in the title alone. It was cut out of Markdown: show it as text. Cost: 1.
    pub excerpt: String,
    /// The language that the excerpt is in, a tag of BCP 47. Cost: 1.
    pub excerpt_language: String,
}

/// A unit that a search found. Requires: seeing the course. Cost: 1.
#[derive(SimpleObject)]
pub struct UnitHit {
    /// The unit, in the current edition of its course. Cost: 1.
    pub unit: Unit,
    /// The course that it stands in. Cost: 1.
    pub course: Course,
    /// A piece of its text, description, instructions or transcript, of at most 35 words, with `**` around those that were looked for and
    /// nowhere else; the beginning where they stand in the title alone. Empty for a quiz, and for a unit with rules of release. It was cut
    /// out of Markdown: show it as text. Cost: 1.
    pub excerpt: String,
    /// The language that the excerpt is in, a tag of BCP 47. Cost: 1.
    pub excerpt_language: String,
}

/// A learning path that a search found. Requires: seeing the path. Cost: 1.
#[derive(SimpleObject)]
pub struct PathHit {
    /// The path. Cost: 1.
    pub path: Arc<LearningPath>,
    /// A piece of its description, of at most 35 words, with `**` around those that were looked for and nowhere else; the beginning where
    /// they stand in the title alone. It was cut out of Markdown: show it as text. Cost: 1.
    pub excerpt: String,
}

/// What hits are shown with, each read once however many of them it is in.
struct Shown {
    courses: HashMap<CourseKey, Course>,
    revisions: HashMap<RevisionKey, SharedRevision>,
    paths: HashMap<LearningPathKey, Arc<LearningPath>>,
}

impl Shown {
    async fn with(ctx: &Context<'_>, hits: &[Hit]) -> Result<Self> {
        let (mut courses, mut revisions, mut paths) = (HashSet::new(), HashSet::new(), HashSet::new());
        for hit in hits {
            match &hit.found {
                Found::Course { key, .. } => {
                    courses.insert(*key);
                }
                Found::Unit { key, revision, .. } => {
                    courses.insert(key.course);
                    revisions.insert(*revision);
                }
                Found::Path(key) => {
                    paths.insert(*key);
                }
            }
        }
        let (app, reader) = (ctx.app(), &ctx.reader());
        let course = async |key: CourseKey| -> Result<(CourseKey, Course)> {
            Ok((key, app.faces.find_of_record(reader, key).await?.into()))
        };
        let revision = async |key: RevisionKey| -> Result<(RevisionKey, SharedRevision)> {
            Ok((key, app.contents.find(reader, key).await?))
        };
        let path = async |key: LearningPathKey| -> Result<(LearningPathKey, Arc<LearningPath>)> {
            Ok((key, ctx.fetch_one(key).await?))
        };
        Ok(Self {
            courses: try_join_all(courses.into_iter().map(course))
                .await?
                .into_iter()
                .collect(),
            revisions: try_join_all(revisions.into_iter().map(revision))
                .await?
                .into_iter()
                .collect(),
            paths: try_join_all(paths.into_iter().map(path))
                .await?
                .into_iter()
                .collect(),
        })
    }

    fn hit(&self, Hit { found, excerpt }: Hit) -> Option<SearchHit> {
        Some(match found {
            Found::Course { key, language } => SearchHit::Course(CourseHit {
                course: self.courses.get(&key)?.clone(),
                excerpt,
                excerpt_language: language,
            }),
            Found::Unit {
                key,
                revision,
                language,
            } => SearchHit::Unit(UnitHit {
                unit: Unit::find(self.revisions.get(&revision)?, key)?,
                course: self.courses.get(&key.course)?.clone(),
                excerpt,
                excerpt_language: language,
            }),
            Found::Path(key) => SearchHit::Path(PathHit {
                path: self.paths.get(&key)?.clone(),
                excerpt,
            }),
        })
    }
}

/// The root field that searches.
#[derive(Default)]
pub struct SearchQuery;

#[Object]
impl SearchQuery {
    /// Finds words in published courses, in their units and in learning paths, the best match first: in titles, summaries, descriptions
    /// and texts, in every language that these are in. Questions of quizzes are not searched; of a unit with rules of release only the
    /// title is, and of a long text the first 100000 characters.
    ///
    /// Requires: nothing; finds the courses that `catalog` shows, and the published paths that you read. Cost: 100, and 1 for each row
    /// asked for; one SQL statement, and one more where paths are found. Courses and editions come from memory.
    async fn search(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Words to find, 1 to 200 characters; \"a phrase\", `or` and -excluded words are understood."
        )]
        query: String,
        #[graphql(desc = "Only what is this organisation's, by its id.")] organization: Option<ID>,
        #[graphql(desc = "How many, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
    ) -> async_graphql::Result<Vec<SearchHit>> {
        let words = query.trim();
        if !(1..=MOST_CHARACTERS).contains(&words.chars().count()) {
            let message = format!("`query` must have between 1 and {MOST_CHARACTERS} characters.");
            return Err(Error::BadInput(message).into());
        }
        let first = first.map_or(DEFAULT, i64::from);
        let org = match organization.map(|id| OrganizationKey::parse(&id)) {
            Some(None) => return Ok(Vec::new()),
            Some(Some(key)) => Some(key.0),
            None => None,
        };
        let hits = search::find(&ctx.reader(), ctx.viewer(), words, org, first).await?;
        if let Some(org) = org.filter(|_| hits.is_empty()) {
            ctx.operation().missed_list(org).await?;
        }
        let shown = Shown::with(ctx, &hits).await?;
        Ok(hits.into_iter().filter_map(|hit| shown.hit(hit)).collect())
    }
}
