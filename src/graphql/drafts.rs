//! `CourseDraft`: what authors read.

use super::markdown::html;
use super::right_answers::{AuthorAnswer, OptionFeedback};
use super::support::operation::Ask;
use super::unit_contents::{
    AssignmentContent, DraftUnitContent, FileContent, LinkContent, LiveContent, QuizContent, TextContent,
    VideoContent,
};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question, Relation};
use crate::domain::content::{
    ChoiceOption, CompletionRule, GapPrompt, Material, PartialCredit, Points, QuestionKind, QuizPolicy,
};
use crate::domain::courses::drafts::{
    self, DraftModulesOf, DraftOf, DraftQuestionsOf, DraftUnitsOf, UnitKind,
};
use crate::domain::courses::store::Taught;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, ModuleKey, QuestionKey, UnitKey};
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The draft of a course.
pub struct CourseDraft(Arc<drafts::CourseDraft>);

/// A module of a draft.
#[derive(Clone)]
pub struct DraftModule(drafts::DraftModule);

/// A unit of a draft.
#[derive(Clone)]
pub struct DraftUnit(drafts::DraftUnit);

/// A question of a draft's quiz.
#[derive(Clone)]
pub struct DraftQuestion {
    key: QuestionKey,
    row: drafts::DraftQuestion,
}

impl CourseDraft {
    /// Finds a course's draft. The caller has made sure that the viewer may read it.
    pub async fn find(ctx: &Context<'_>, key: CourseKey) -> Result<Option<Self>> {
        Ok(ctx.fetch(DraftOf(key)).await?.map(Self))
    }
}

impl DraftModule {
    /// Finds a draft's module. The caller has made sure that the viewer may read the draft.
    pub async fn find(ctx: &Context<'_>, key: ModuleKey) -> Result<Option<Self>> {
        let modules = ctx.fetch_one(DraftModulesOf(key.course)).await?;
        Ok(modules.iter().find(|module| module.key == key).cloned().map(Self))
    }
}

impl DraftUnit {
    /// Finds a draft's unit. The caller has made sure that the viewer may read the draft.
    pub async fn find(ctx: &Context<'_>, key: UnitKey) -> Result<Option<Self>> {
        Ok(ctx.fetch(key).await?.map(|unit| Self((*unit).clone())))
    }
}

/// What the next revision of a course will show.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl CourseDraft {
    /// The title of the next revision. Cost: 1.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The summary of the next revision, Markdown. Cost: 1.
    async fn summary(&self) -> &str {
        &self.0.summary
    }

    /// The summary of the next revision as clean HTML. Cost: 5.
    async fn summary_html(&self) -> async_graphql::Result<String> {
        Ok(html(&self.0.summary.clone().into()).await?)
    }

    /// When an enrolment in the next revision will be complete. Cost: 1.
    async fn completion_rule(&self) -> CompletionRule {
        self.0.completion_rule
    }

    /// Counts the edits; give it as `expectedVersion` to edit or publish only what you have seen. Cost: 1.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When the draft was last edited. Cost: 1.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// The draft's modules in order, at most 500. Cost: 1, batched.
    async fn modules(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftModule>> {
        let key = CourseKey::new(self.0.org_id, self.0.course_id);
        let rows = ctx.fetch_one(DraftModulesOf(key)).await?;
        Ok(rows.iter().cloned().map(DraftModule).collect())
    }
}

/// A module of a draft.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftModule {
    /// The module's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> ModuleKey {
        self.0.key
    }

    /// The module's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The part of the course that the module stands in. Cost: 1.
    async fn part(&self) -> Option<&str> {
        self.0.part.as_deref()
    }

    /// Where the module stands, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// The module's units in order, at most 500. Cost: 1, batched.
    async fn units(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftUnit>> {
        let rows = ctx.fetch_one(DraftUnitsOf(self.0.key)).await?;
        Ok(rows.iter().cloned().map(DraftUnit).collect())
    }
}

/// A unit of a draft.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftUnit {
    /// The unit's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> UnitKey {
        self.0.key
    }

    /// The unit's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What the unit is. Cost: 1.
    async fn kind(&self) -> UnitKind {
        self.0.kind
    }

    /// Where the unit stands, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        self.0.position
    }

    /// What the unit is made of, of a type of its own for each kind. Cost: 1.
    async fn content(&self) -> async_graphql::Result<DraftUnitContent> {
        let course = self.0.key.course;
        let unreadable = || Error::internal(format!("unit {} cannot be read", self.0.key.id.0));
        if self.0.kind == UnitKind::Text {
            let text = self.0.body.clone().unwrap_or_default();
            return Ok(DraftUnitContent::Text(TextContent::new(course, text.into())));
        }
        if self.0.kind == UnitKind::Quiz {
            let policy = self.0.policy().ok_or_else(unreadable)?;
            return Ok(DraftUnitContent::Quiz(QuizContent { policy }));
        }
        Ok(match self.0.material().ok_or_else(unreadable)? {
            Material::Video(video) => DraftUnitContent::Video(VideoContent::draft(course, video)),
            Material::File(file) => DraftUnitContent::File(FileContent::draft(course, file)),
            Material::Link(link) => DraftUnitContent::Link(LinkContent::draft(course, link)),
            Material::Live(live) => DraftUnitContent::Live(LiveContent::draft(course, live)),
            Material::Assignment(assignment) => {
                DraftUnitContent::Assignment(AssignmentContent::draft(course, assignment))
            }
        })
    }

    /// A text unit's Markdown source; null for every other kind. Cost: 1.
    async fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }

    /// How a quiz unit is taken; null for every other kind. Cost: 1.
    async fn policy(&self) -> Option<QuizPolicy> {
        self.0.policy()
    }

    /// A quiz unit's questions in order, at most 500; empty for every other kind. Cost: 1, batched.
    async fn questions(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftQuestion>> {
        if self.0.kind != UnitKind::Quiz {
            return Ok(Vec::new());
        }
        let rows = ctx.fetch_one(DraftQuestionsOf(self.0.key)).await?;
        let question = |row: &drafts::DraftQuestion| DraftQuestion {
            key: QuestionKey::new(self.0.key.course, row.id),
            row: row.clone(),
        };
        Ok(rows.iter().map(question).collect())
    }
}

/// What is right, for authors.
#[derive(SimpleObject)]
pub struct AuthorAnswerKey {
    /// The right answers: any one of them earns the question's points.
    pub right: Vec<AuthorAnswer>,
    /// Why, Markdown.
    pub explanation: Option<String>,
    /// What is said of each option.
    pub option_feedback: Vec<OptionFeedback>,
}

/// A question of a draft's quiz, for authors. Learners meet questions in an attempt, as another type.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftQuestion {
    /// The question's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> QuestionKey {
        self.key
    }

    /// How the question is answered. Cost: 1.
    async fn kind(&self) -> Option<QuestionKind> {
        self.row.prompt().map(|prompt| prompt.kind)
    }

    /// What is asked, Markdown. Cost: 1.
    async fn text(&self) -> Option<String> {
        self.row.prompt().map(|prompt| prompt.text)
    }

    /// The program to trace; null in other questions. Cost: 1.
    async fn program(&self) -> Option<String> {
        self.row.prompt().and_then(|prompt| prompt.program)
    }

    /// The options of a choice or a matching, the items of an ordering. Cost: 1.
    async fn options(&self) -> Vec<ChoiceOption> {
        self.row.prompt().map(|prompt| prompt.options).unwrap_or_default()
    }

    /// The stems of a matching. Cost: 1.
    async fn stems(&self) -> Vec<ChoiceOption> {
        self.row.prompt().map(|prompt| prompt.stems).unwrap_or_default()
    }

    /// The gaps of a cloze in the order of its text. Cost: 1.
    async fn gaps(&self) -> Vec<GapPrompt> {
        self.row.prompt().map(|prompt| prompt.gaps).unwrap_or_default()
    }

    /// The units that a numeric question may be answered in. Cost: 1.
    async fn units(&self) -> Vec<String> {
        self.row.prompt().map(|prompt| prompt.units).unwrap_or_default()
    }

    /// Points for a right answer. Cost: 1.
    async fn max_points(&self) -> Option<Points> {
        self.row.prompt().map(|prompt| prompt.scoring.points)
    }

    /// What an answer earns that is right in part. Cost: 1.
    async fn partial_credit(&self) -> Option<PartialCredit> {
        self.row.prompt().map(|prompt| prompt.scoring.partial)
    }

    /// What a wrong answer costs at most. Cost: 1.
    async fn penalty(&self) -> Option<Points> {
        self.row.prompt().map(|prompt| prompt.scoring.penalty)
    }

    /// What is right, and why. Null for readers of the draft without this right.
    ///
    /// Requires: `questions.key.read`. Cost: 1.
    async fn answer_key(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<AuthorAnswerKey>> {
        let course = self.key.course;
        let Some(standing) = ctx.viewer().in_org(course.org) else {
            return Ok(None);
        };
        let taught = ctx.fetch(Taught(course, standing.member)).await?.is_some();
        let facts = Facts::of(Kind::Course, course.org).related(Relation {
            taught,
            ..Relation::default()
        });
        if !ctx
            .app()
            .policies
            .decide(
                standing,
                Question {
                    permission: Permission::QuestionsKeyRead,
                    facts,
                },
            )
            .allowed
        {
            return Ok(None);
        }
        let key = self.row.answer_key();
        Ok(key.map(|key| AuthorAnswerKey {
            right: AuthorAnswer::all(&key.rule),
            option_feedback: OptionFeedback::all(&key),
            explanation: key.explanation,
        }))
    }
}
