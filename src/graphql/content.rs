//! The content of courses as its readers see it: modules and units of a compiled revision, by reference.

use super::localized::{LocalizedText, Source};
use super::support::operation::Ask;
use super::unit_access::UnitAccess;
use super::unit_contents::{
    AssignmentContent, FileContent, LinkContent, LiveContent, Opening, TextContent, VideoContent,
};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::{Material, ModuleContent, Points, QuizPolicy, UnitBody, UnitContent};
use crate::kernel::error::Result;
use crate::kernel::ids::{ModuleKey, UnitKey};
use async_graphql::{Context, Interface, Object};

/// A module of a revision.
#[derive(Clone)]
pub struct Module {
    revision: SharedRevision,
    index: usize,
}

/// The language that a revision is written in; what was frozen before this was noted is in its course's.
async fn language_of(ctx: &Context<'_>, revision: &SharedRevision) -> Result<String> {
    if let Some(language) = &revision.content.language {
        return Ok(language.clone());
    }
    let course = ctx
        .app()
        .faces
        .find_of_record(&ctx.reader(), revision.course)
        .await?;
    Ok(course.language.clone())
}

/// Where a unit stands in its revision.
#[derive(Clone)]
struct UnitPlace {
    revision: SharedRevision,
    module: usize,
    unit: usize,
}

impl UnitPlace {
    fn content(&self) -> &UnitContent {
        &self.revision.content.modules[self.module].units[self.unit]
    }

    fn key(&self) -> UnitKey {
        UnitKey::new(self.revision.course, self.content().id)
    }

    fn position(&self) -> i32 {
        i32::try_from(self.unit).unwrap_or(i32::MAX)
    }

    fn module(&self) -> Module {
        Module {
            revision: self.revision.clone(),
            index: self.module,
        }
    }

    async fn localized(&self, ctx: &Context<'_>, languages: &[String]) -> Result<LocalizedText> {
        let unit = self.content();
        let source = Source {
            title: &unit.title,
            text: unit.body.text(),
            language: &language_of(ctx, &self.revision).await?,
            translations: &unit.translations,
        };
        let course = self.revision.course;
        let text = LocalizedText::choose(Some(course.org), &source, languages);
        let opening = Opening::of_published(course, unit.release.clone());
        Ok(if opening.is_open(ctx).await? {
            text
        } else {
            text.without_text()
        })
    }
}

/// A unit of a course: one step on the learner's way. Which fields it has beyond these depends on what it is.
#[derive(Clone, Interface)]
#[graphql(
    field(
        name = "id",
        ty = "UnitKey",
        desc = "The unit's global identifier, the same in every revision. Cost: 1."
    ),
    field(name = "title", ty = "&str", desc = "The unit's title. Cost: 1."),
    field(
        name = "position",
        ty = "i32",
        desc = "Where the unit stands in its module, from 0. Cost: 1."
    ),
    field(
        name = "localized",
        ty = "LocalizedText",
        desc = "Title and text in the language that comes closest to what you read: the first of these, or a wider one, that it is translated \
                into, else the course's own. Cost: 1, from memory.",
        arg(
            name = "languages",
            ty = "Vec<String>",
            desc = "The languages that you read, the most wanted first, such as `pt-BR`; of each the wider ones are tried too. At most 10 count, and what is no language is passed over."
        )
    ),
    field(
        name = "module",
        ty = "Module",
        desc = "The module that the unit stands in. Cost: 1."
    ),
    field(
        name = "access",
        ty = "UnitAccess",
        desc = "Whether you may go into the unit, and what is missing. Cost: 1, batched."
    )
)]
pub enum Unit {
    /// A text.
    Text(TextUnit),
    /// A video.
    Video(VideoUnit),
    /// A file.
    File(FileUnit),
    /// A page elsewhere.
    Link(LinkUnit),
    /// A quiz.
    Quiz(QuizUnit),
    /// Work to hand in.
    Assignment(AssignmentUnit),
    /// A meeting at a time.
    Live(LiveUnit),
}

impl Module {
    /// The modules of a revision in order.
    pub fn all(revision: &SharedRevision) -> Vec<Self> {
        (0..revision.content.modules.len())
            .map(|index| Self {
                revision: revision.clone(),
                index,
            })
            .collect()
    }

    /// Finds a module of a revision.
    pub fn find(revision: &SharedRevision, key: ModuleKey) -> Option<Self> {
        revision.module_position(key.id).map(|index| Self {
            revision: revision.clone(),
            index,
        })
    }

    fn content(&self) -> &ModuleContent {
        &self.revision.content.modules[self.index]
    }
}

impl Unit {
    /// Finds a unit of a revision.
    pub fn find(revision: &SharedRevision, key: UnitKey) -> Option<Self> {
        let (module, unit) = revision.unit_position(key.id)?;
        Some(Self::at(revision, module, unit))
    }

    /// The unit at a place of a revision.
    fn at(revision: &SharedRevision, module: usize, unit: usize) -> Self {
        let place = UnitPlace {
            revision: revision.clone(),
            module,
            unit,
        };
        let opening = Opening::of_published(revision.course, place.content().release.clone());
        // What it is made of is shared, not copied: a quiz has hundreds of questions.
        match &revision.content.modules[module].units[unit].body {
            UnitBody::Text(text) => Self::Text(TextUnit(place, TextContent::new(opening, text.clone()))),
            UnitBody::Quiz { .. } => Self::Quiz(QuizUnit(place)),
            UnitBody::Material(material) => match material.clone() {
                Material::Video(video) => Self::Video(VideoUnit(place, VideoContent::new(opening, video))),
                Material::File(file) => Self::File(FileUnit(place, FileContent::new(opening, file))),
                Material::Link(link) => Self::Link(LinkUnit(place, LinkContent::new(opening, link))),
                Material::Live(live) => Self::Live(LiveUnit(place, LiveContent::new(opening, live))),
                Material::Assignment(assignment) => {
                    let content = AssignmentContent::new(opening, assignment);
                    Self::Assignment(AssignmentUnit(place, content))
                }
            },
        }
    }
}

impl QuizUnit {
    /// Finds a quiz of a revision.
    pub fn find(revision: &SharedRevision, key: UnitKey) -> Option<Self> {
        match Unit::find(revision, key)? {
            Unit::Quiz(quiz) => Some(quiz),
            _ => None,
        }
    }
}

impl AssignmentUnit {
    /// Finds an assignment of a revision.
    pub fn find(revision: &SharedRevision, key: UnitKey) -> Option<Self> {
        match Unit::find(revision, key)? {
            Unit::Assignment(assignment) => Some(assignment),
            _ => None,
        }
    }
}

/// A module of a course: units that belong together.
///
/// Requires: seeing the course. Cost: 1.
#[Object]
impl Module {
    /// The module's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> ModuleKey {
        ModuleKey::new(self.revision.course, self.content().id)
    }

    /// The module's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.content().title
    }

    /// The title in the language that comes closest to what you read: the first of these, or a wider one, that it is translated into,
    /// else the course's own. Cost: 1, from memory.
    async fn localized(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The languages that you read, the most wanted first, such as `pt-BR`; of each the wider ones are tried too. At most 10 count, and what is no language is passed over."
        )]
        languages: Vec<String>,
    ) -> async_graphql::Result<LocalizedText> {
        let source = Source {
            title: &self.content().title,
            text: None,
            language: &language_of(ctx, &self.revision).await?,
            translations: &self.content().translations,
        };
        Ok(LocalizedText::choose(None, &source, &languages))
    }

    /// The part of the course that the module stands in; null in a course without parts. Cost: 1.
    async fn part(&self) -> Option<&str> {
        self.content().part.as_deref()
    }

    /// Where the module stands in the course, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        i32::try_from(self.index).unwrap_or(i32::MAX)
    }

    /// The module's units in order. Cost: 1, from memory.
    async fn units(&self) -> Vec<Unit> {
        (0..self.content().units.len())
            .map(|unit| Unit::at(&self.revision, self.index, unit))
            .collect()
    }
}

/// Writes a kind of unit: what every unit has, and what its content has.
macro_rules! unit {
    ($(#[$doc:meta])* $unit:ident, $content:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $unit(UnitPlace, $content);

        $(#[$doc])*
        ///
        /// Requires: seeing the course. Cost: 1.
        #[Object]
        impl $unit {
            /// The unit's global identifier, the same in every revision. Cost: 1.
            pub async fn id(&self) -> UnitKey {
                self.0.key()
            }

            /// The unit's title. Cost: 1.
            async fn title(&self) -> &str {
                &self.0.content().title
            }

            /// Where the unit stands in its module, from 0. Cost: 1.
            async fn position(&self) -> i32 {
                self.0.position()
            }

            /// Title and text in the language that comes closest to what you read: the first of these, or a wider one, that it is translated
            /// into, else the course's own; without a text while the unit is locked to you. Cost: 1, from memory.
            async fn localized(
                &self,
                ctx: &Context<'_>,
                #[graphql(
                    desc = "The languages that you read, the most wanted first, such as `pt-BR`; of each the wider ones are tried too. At most 10 count, and what is no language is passed over."
                )]
                languages: Vec<String>,
            ) -> async_graphql::Result<LocalizedText> {
                Ok(self.0.localized(ctx, &languages).await?)
            }

            /// The module that the unit stands in. Cost: 1.
            async fn module(&self) -> Module {
                self.0.module()
            }

            /// Whether you may go into the unit, and what is missing. Cost: 1, batched.
            async fn access(&self, ctx: &Context<'_>) -> async_graphql::Result<UnitAccess> {
                Ok(UnitAccess::of(ctx, self.0.revision.course, &self.0.content().release).await?)
            }

            #[graphql(flatten)]
            async fn content(&self) -> &$content {
                &self.1
            }
        }
    };
}

unit!(
    /// A unit to read.
    TextUnit,
    TextContent
);

unit!(
    /// A unit to watch.
    VideoUnit,
    VideoContent
);

unit!(
    /// A unit to keep: a file.
    FileUnit,
    FileContent
);

unit!(
    /// A unit that lies elsewhere: a page.
    LinkUnit,
    LinkContent
);

unit!(
    /// A unit to be handed in and graded by people: send something with `submissionCreate`.
    AssignmentUnit,
    AssignmentContent
);

unit!(
    /// A unit to be at: a meeting at a time.
    LiveUnit,
    LiveContent
);

/// A unit that is a quiz.
#[derive(Clone)]
pub struct QuizUnit(UnitPlace);

/// A unit to be answered. Its questions are shown in an attempt: start one with `attemptStart`.
///
/// Requires: seeing the course. Cost: 1.
#[Object]
impl QuizUnit {
    /// The unit's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> UnitKey {
        self.0.key()
    }

    /// The unit's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.0.content().title
    }

    /// Where the unit stands in its module, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        self.0.position()
    }

    /// Title and text in the language that comes closest to what you read: the first of these, or a wider one, that it is translated
    /// into, else the course's own. Cost: 1, from memory.
    async fn localized(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The languages that you read, the most wanted first, such as `pt-BR`; of each the wider ones are tried too. At most 10 count, and what is no language is passed over."
        )]
        languages: Vec<String>,
    ) -> async_graphql::Result<LocalizedText> {
        Ok(self.0.localized(ctx, &languages).await?)
    }

    /// The module that the unit stands in. Cost: 1.
    async fn module(&self) -> Module {
        self.0.module()
    }

    /// Whether you may go into the unit, and what is missing. Cost: 1, batched.
    async fn access(&self, ctx: &Context<'_>) -> async_graphql::Result<UnitAccess> {
        Ok(UnitAccess::of(ctx, self.0.revision.course, &self.0.content().release).await?)
    }

    /// How the quiz is taken. Cost: 1.
    async fn policy(&self) -> QuizPolicy {
        match &self.0.content().body {
            UnitBody::Quiz { policy, .. } => policy.clone(),
            _ => QuizPolicy::default(),
        }
    }

    /// Points that the questions of an attempt can earn together: the same in every attempt. Cost: 1.
    async fn max_points(&self) -> Points {
        self.0.content().body.max_points()
    }

    /// How many questions an attempt has, with those that it draws. Cost: 1.
    async fn question_count(&self) -> i32 {
        i32::try_from(self.0.content().body.question_count()).unwrap_or(i32::MAX)
    }
}
