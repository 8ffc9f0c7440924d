//! The course row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::auth::standing::Viewer;
use crate::db::schema::courses;
use crate::domain::content::Translations;
use crate::domain::refusal::State;
use crate::kernel::ids::{CourseKey, RevisionId, RevisionKey};
use crate::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::Value;

text_enum! {
    /// Where a course stands on its way to learners.
    CourseState {
        /// Not published yet.
        Draft = "draft",
        /// Handed in for review, not published yet.
        InReview = "in_review",
        /// Open to learners.
        Published = "published",
        /// No longer offered; its learners keep what they have.
        Archived = "archived",
    }
}

impl State for CourseState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::InReview, Self::Published, Self::Archived],
            Self::InReview => &[Self::Draft, Self::Published, Self::Archived],
            Self::Published => &[Self::Archived],
            Self::Archived => &[Self::Draft, Self::Published],
        }
    }
}

text_enum! {
    /// Who finds a published course in the catalogue.
    CourseVisibility {
        /// Members of the organisation.
        Members = "members",
        /// Everybody, if the organisation is open.
        Public = "public",
    }
}

/// A course's row: identity, state and published face.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = courses)]
pub struct Course {
    /// Its key.
    #[diesel(embed)]
    pub key: CourseKey,
    /// Its name in addresses, unique in its organisation.
    pub slug: String,
    /// Where it stands.
    pub state: CourseState,
    /// Who finds it in the catalogue.
    pub visibility: CourseVisibility,
    /// The published title, or the working title before the first publication.
    pub title: String,
    /// The published summary, Markdown.
    pub summary: String,
    /// The current revision.
    pub revision_id: Option<RevisionId>,
    /// Units in the current revision.
    pub unit_count: i32,
    /// When the current revision was published.
    pub published_at: Option<DateTime<Utc>>,
    /// When the course was created.
    pub created_at: DateTime<Utc>,
    /// The organisation's own name for it, for synchronisation.
    pub external_id: Option<String>,
    /// What it is about in a word each, lower case.
    pub tags: Vec<String>,
    /// The language that it is written in, a tag of BCP 47.
    pub language: String,
    /// The language that the current revision is written in; none of what was published before this was noted.
    published_language: Option<String>,
    /// The published title and summary in other languages.
    translations: Value,
}

impl Course {
    /// The published title and summary in other languages; a language in which there is anything of the course has an entry.
    pub fn translations(&self) -> Translations {
        Translations::deserialize(&self.translations).unwrap_or_default()
    }

    /// The language that the published title and summary are written in.
    pub fn shown_language(&self) -> &str {
        self.published_language.as_deref().unwrap_or(&self.language)
    }

    /// The languages that it can be read in: its own, then the others in order.
    pub fn languages(&self) -> Vec<String> {
        let own = self.shown_language().to_owned();
        let others = self.translations().0.into_keys().filter(|tag| *tag != own);
        [own.clone()].into_iter().chain(others).collect()
    }

    /// What its place in memory is counted by: 1, and 1 for each 4 KiB of its translations.
    pub fn weight(&self) -> u32 {
        let bytes = self.translations.to_string().len();
        u32::try_from(1 + bytes / 4_096).unwrap_or(u32::MAX)
    }

    /// The current revision's key, once there is one.
    pub fn revision(&self) -> Option<RevisionKey> {
        self.revision_id.map(|id| RevisionKey::new(self.key.org, id))
    }

    /// Whether learners are let in.
    pub fn is_published(&self) -> bool {
        self.state == CourseState::Published
    }

    /// Whether this viewer may know of the course, given that row security let its row through.
    pub fn is_visible_to(&self, viewer: &Viewer, taught: bool) -> bool {
        if !viewer.reaches(self.key) {
            return false;
        }
        let Some(standing) = viewer.in_org(self.key.org) else {
            return self.is_published();
        };
        if self.is_published() && standing.reach(Permission::CoursesRead).all {
            return true;
        }
        let reach = standing.reach(Permission::CoursesReadDraft);
        reach.all || (reach.taught && taught)
    }
}

/// A course with the actor's relation to it.
#[derive(Clone, Debug)]
pub struct SeenCourse {
    /// The row.
    pub course: Course,
    /// Whether the actor teaches it.
    pub taught: bool,
}

impl Protected for SeenCourse {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Course, self.course.key.org).related(Relation {
            taught: self.taught,
            ..Relation::default()
        })
    }

    fn read_permission(&self) -> Option<Permission> {
        if self.course.is_published() {
            Some(Permission::CoursesRead)
        } else {
            Some(Permission::CoursesReadDraft)
        }
    }
}
