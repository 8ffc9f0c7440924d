//! `CourseDraft`: what authors read.

use super::draft_reviews::DraftReview;
use super::markdown::html;
use super::releasing::UnitReleaseRule;
use super::right_answers::{AuthorAnswer, OptionFeedback};
use super::support::operation::Ask;
use super::translations::DraftTranslation;
use super::unit_contents::{
    AssignmentContent, DraftUnitContent, FileContent, LinkContent, LiveContent, Opening, QuizContent,
    TextContent, VideoContent,
};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question, Relation};
use crate::domain::content::{
    AnswerKey, ChoiceOption, CompletionRule, Criterion, GapPrompt, Material, PartialCredit, Points,
    QuestionKind, QuizPolicy,
};
use crate::domain::courses::drafts::{
    self, DraftModulesOf, DraftOf, DraftQuestionsOf, DraftUnitsOf, UnitKind,
};
use crate::domain::courses::pools::Pool;
use crate::domain::courses::reviews::ReviewState;
use crate::domain::courses::store::Taught;
use crate::domain::courses::translations::{DraftLanguagesOf, Node};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, ModuleKey, OrgId, QuestionBankKey, QuestionKey, UnitKey};
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The draft of a course.
pub struct CourseDraft(Arc<drafts::CourseDraft>);

/// A module of a draft.
#[derive(Clone)]
pub struct DraftModule {
    row: drafts::DraftModule,
    index: usize,
}

/// A unit of a draft.
#[derive(Clone)]
pub struct DraftUnit {
    row: drafts::DraftUnit,
    index: usize,
}

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

    fn key(&self) -> CourseKey {
        CourseKey::new(self.0.org_id, self.0.course_id)
    }
}

impl DraftModule {
    /// Finds a draft's module. The caller has made sure that the viewer may read the draft.
    pub async fn find(ctx: &Context<'_>, key: ModuleKey) -> Result<Option<Self>> {
        let modules = Self::all(ctx, key.course).await?;
        Ok(modules.into_iter().find(|module| module.row.key == key))
    }

    async fn all(ctx: &Context<'_>, course: CourseKey) -> Result<Vec<Self>> {
        let rows = ctx.fetch_one(DraftModulesOf(course)).await?;
        let module = |(index, row): (usize, &drafts::DraftModule)| Self {
            row: row.clone(),
            index,
        };
        Ok(rows.iter().enumerate().map(module).collect())
    }
}

impl DraftUnit {
    /// Finds a draft's unit. The caller has made sure that the viewer may read the draft.
    pub async fn find(ctx: &Context<'_>, key: UnitKey) -> Result<Option<Self>> {
        let Some(unit) = ctx.fetch(key).await? else {
            return Ok(None);
        };
        let units = Self::all(ctx, ModuleKey::new(key.course, unit.module_id)).await?;
        Ok(units.into_iter().find(|unit| unit.row.key == key))
    }

    async fn all(ctx: &Context<'_>, module: ModuleKey) -> Result<Vec<Self>> {
        let rows = ctx.fetch_one(DraftUnitsOf(module)).await?;
        let unit = |(index, row): (usize, &drafts::DraftUnit)| Self {
            row: row.clone(),
            index,
        };
        Ok(rows.iter().enumerate().map(unit).collect())
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

    /// The languages that there is anything of the draft in, beside the course's own, in order; at most 20. Cost: 1; one SQL statement.
    async fn languages(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<String>> {
        let languages = ctx.fetch_one(DraftLanguagesOf(self.key())).await?;
        Ok(languages.to_vec())
    }

    /// Title and summary in other languages, as far as they are translated. Cost: 1, batched.
    async fn translations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In these languages.")] languages: Vec<String>,
    ) -> async_graphql::Result<Vec<DraftTranslation>> {
        Ok(DraftTranslation::find(ctx, Node::Course(self.key()), languages).await?)
    }

    /// When an enrolment in the next revision will be complete. Cost: 1.
    async fn completion_rule(&self) -> CompletionRule {
        self.0.completion_rule
    }

    /// Which share of the units that takes, in percent, where the rule is `MINIMUM_PERCENT`; null where nothing is said. Cost: 1.
    async fn completion_percent(&self) -> Option<i32> {
        self.0.completion_percent
    }

    /// Counts the edits; give it as `expectedVersion` to edit or publish only what you have seen. Cost: 1.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// When the draft was last edited. Cost: 1.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// Whether only a draft that somebody else approved as it is can be published. Cost: 1.
    async fn requires_review(&self) -> bool {
        self.0.requires_review
    }

    /// Where the draft's review stands; null where nobody has handed it in since the last publication. Cost: 1.
    async fn review(&self) -> Option<DraftReview> {
        (self.0.review_state != ReviewState::None).then(|| DraftReview::of(self.0.clone()))
    }

    /// The draft's modules in order, at most 500. Cost: 1, batched.
    async fn modules(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftModule>> {
        Ok(DraftModule::all(ctx, self.key()).await?)
    }
}

/// A module of a draft.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftModule {
    /// The module's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> ModuleKey {
        self.row.key
    }

    /// The module's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.row.title
    }

    /// The title in other languages, as far as it is translated. Cost: 1, batched.
    async fn translations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In these languages.")] languages: Vec<String>,
    ) -> async_graphql::Result<Vec<DraftTranslation>> {
        Ok(DraftTranslation::find(ctx, Node::Module(self.row.key), languages).await?)
    }

    /// The part of the course that the module stands in. Cost: 1.
    async fn part(&self) -> Option<&str> {
        self.row.part.as_deref()
    }

    /// Where the module stands, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        i32::try_from(self.index).unwrap_or(i32::MAX)
    }

    /// Counts the module's edits and moves; give it as `expectedVersion` to change only what you have seen. Cost: 1.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// The module's units in order, at most 500. Cost: 1, batched.
    async fn units(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftUnit>> {
        Ok(DraftUnit::all(ctx, self.row.key).await?)
    }
}

/// A unit of a draft.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftUnit {
    /// The unit's global identifier, the same in every revision. Cost: 1.
    pub async fn id(&self) -> UnitKey {
        self.row.key
    }

    /// Whether the course demands the unit, where its completion rule is `REQUIRED_UNITS`. Cost: 1.
    async fn is_required(&self) -> bool {
        self.row.is_required
    }

    /// The unit's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.row.title
    }

    /// Title and text in other languages, as far as they are translated. Cost: 1, batched.
    async fn translations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "In these languages.")] languages: Vec<String>,
    ) -> async_graphql::Result<Vec<DraftTranslation>> {
        Ok(DraftTranslation::find(ctx, Node::Unit(self.row.key), languages).await?)
    }

    /// What the unit is. Cost: 1.
    async fn kind(&self) -> UnitKind {
        self.row.kind
    }

    /// Where the unit stands, from 0. Cost: 1.
    async fn position(&self) -> i32 {
        i32::try_from(self.index).unwrap_or(i32::MAX)
    }

    /// Counts the unit's edits and moves; give it as `expectedVersion` to change only what you have seen. Cost: 1.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// What the unit is made of, of a type of its own for each kind. Cost: 1.
    #[expect(clippy::unused_async, reason = "resolvers are")]
    async fn content(&self) -> async_graphql::Result<DraftUnitContent> {
        let opening = Opening::of_draft(self.row.key.course);
        let unreadable = || Error::internal(format!("unit {} cannot be read", self.row.key.id.0));
        if self.row.kind == UnitKind::Text {
            let text = self.row.body.clone().unwrap_or_default();
            return Ok(DraftUnitContent::Text(TextContent::new(opening, text.into())));
        }
        if self.row.kind == UnitKind::Quiz {
            let policy = self.row.policy().ok_or_else(unreadable)?;
            return Ok(DraftUnitContent::Quiz(QuizContent { policy }));
        }
        Ok(match self.row.material().ok_or_else(unreadable)? {
            Material::Video(video) => DraftUnitContent::Video(VideoContent::new(opening, video)),
            Material::File(file) => DraftUnitContent::File(FileContent::new(opening, file)),
            Material::Link(link) => DraftUnitContent::Link(LinkContent::new(opening, link)),
            Material::Live(live) => DraftUnitContent::Live(LiveContent::new(opening, live)),
            Material::Assignment(assignment) => {
                DraftUnitContent::Assignment(AssignmentContent::new(opening, assignment))
            }
        })
    }

    /// A text unit's Markdown source; null for every other kind. Cost: 1.
    async fn body(&self) -> Option<&str> {
        self.row.body.as_deref()
    }

    /// How a quiz unit is taken; null for every other kind. Cost: 1.
    async fn policy(&self) -> Option<QuizPolicy> {
        self.row.policy()
    }

    /// What has to hold before a learner may go into the unit; nothing where everybody may. Cost: 1.
    async fn release(&self) -> Vec<UnitReleaseRule> {
        let rules = self.row.release_rules();
        let course = self.row.key.course;
        rules
            .iter()
            .map(|rule| UnitReleaseRule::show(course, rule))
            .collect()
    }

    /// What each attempt at a quiz unit draws from banks beside its own questions, at most 20 pools. Cost: 1.
    async fn pools(&self) -> Vec<QuestionPool> {
        let pool = |pool| QuestionPool {
            org: self.row.key.course.org,
            pool,
        };
        self.row.drawn().into_iter().map(pool).collect()
    }

    /// A quiz unit's questions in order, at most 500; empty for every other kind. Cost: 1, batched.
    async fn questions(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftQuestion>> {
        if self.row.kind != UnitKind::Quiz {
            return Ok(Vec::new());
        }
        let rows = ctx.fetch_one(DraftQuestionsOf(self.row.key)).await?;
        let question = |row: &drafts::DraftQuestion| DraftQuestion {
            key: QuestionKey::new(self.row.key.course, row.id),
            row: row.clone(),
        };
        Ok(rows.iter().map(question).collect())
    }
}

/// What each attempt at a quiz draws from a bank.
pub struct QuestionPool {
    org: OrgId,
    pool: Pool,
}

/// What each attempt at a quiz draws from a bank.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl QuestionPool {
    /// The bank's global identifier. Cost: 1.
    async fn bank_id(&self) -> QuestionBankKey {
        QuestionBankKey::new(self.org, self.pool.bank)
    }

    /// How many questions each attempt draws. Cost: 1.
    async fn draw(&self) -> i32 {
        self.pool.draw
    }

    /// What each is worth. Cost: 1.
    async fn points_each(&self) -> Points {
        self.pool.points
    }

    /// Only questions that have all of these tags are drawn. Cost: 1.
    async fn tags(&self) -> &[String] {
        &self.pool.tags
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

impl From<AnswerKey> for AuthorAnswerKey {
    fn from(key: AnswerKey) -> Self {
        Self {
            right: AuthorAnswer::all(&key.rule),
            option_feedback: OptionFeedback::all(&key),
            explanation: key.explanation,
        }
    }
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

    /// By what people grade an essay; empty in other questions. Cost: 1.
    async fn rubric(&self) -> Vec<Criterion> {
        self.row.prompt().map(|prompt| prompt.rubric).unwrap_or_default()
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
        Ok(self.row.answer_key().map(AuthorAnswerKey::from))
    }
}
