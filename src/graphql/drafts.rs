//! `CourseDraft`: what authors read.

use super::releasing::UnitReleaseRule;
use super::right_answers::{AuthorAnswer, OptionFeedback};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question, Relation};
use crate::domain::content::{
    ChoiceOption, CompletionRule, GapPrompt, PartialCredit, Points, QuestionKind, QuizPolicy,
};
use crate::domain::courses::drafts::{
    self, DraftModulesOf, DraftOf, DraftQuestionsOf, DraftUnitsOf, UnitKind,
};
use crate::domain::courses::reviews::ReviewState;
use crate::domain::courses::store::Taught;
use crate::domain::members::Member;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, MemberId, MemberKey, ModuleKey, QuestionKey, UnitKey};
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

    /// Whether only a draft that somebody else approved as it is can be published. Cost: 1.
    async fn requires_review(&self) -> bool {
        self.0.requires_review
    }

    /// Where the draft's review stands; null where nobody has handed it in since the last publication. Cost: 1.
    async fn review(&self) -> Option<DraftReview> {
        (self.0.review_state != ReviewState::None).then(|| DraftReview(self.0.clone()))
    }

    /// The draft's modules in order, at most 500. Cost: 1, batched.
    async fn modules(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftModule>> {
        let key = CourseKey::new(self.0.org_id, self.0.course_id);
        Ok(DraftModule::all(ctx, key).await?)
    }
}

/// The review of a draft that was handed in.
pub struct DraftReview(Arc<drafts::CourseDraft>);

/// The review of a draft that was handed in.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftReview {
    /// Where the review stands. Cost: 1.
    async fn state(&self) -> ReviewState {
        self.0.review_state
    }

    /// The version of the draft that was handed in. Cost: 1.
    async fn version(&self) -> Option<i32> {
        self.0.review_version
    }

    /// Whether the draft is still as it was handed in. Cost: 1.
    async fn is_current(&self) -> bool {
        self.0.review_version == Some(self.0.version)
    }

    /// Who handed it in; null where the service did. Cost: 1, batched.
    async fn requested_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        self.member(ctx, self.0.review_requested_by).await
    }

    /// When it was handed in. Cost: 1.
    async fn requested_at(&self) -> Option<DateTime<Utc>> {
        self.0.review_requested_at
    }

    /// Who decided; null before anybody did. Cost: 1, batched.
    async fn decided_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        self.member(ctx, self.0.review_decided_by).await
    }

    /// When it was decided. Cost: 1.
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.review_decided_at
    }

    /// What whoever acted last said of it, Markdown. Cost: 1.
    async fn note(&self) -> Option<&str> {
        self.0.review_note.as_deref()
    }
}

impl DraftReview {
    async fn member(
        &self,
        ctx: &Context<'_>,
        id: Option<MemberId>,
    ) -> async_graphql::Result<Option<Arc<Member>>> {
        match id {
            Some(id) => Ok(ctx.fetch(MemberKey::new(self.0.org_id, id)).await?),
            None => Ok(None),
        }
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

    /// The unit's title. Cost: 1.
    async fn title(&self) -> &str {
        &self.row.title
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

    /// A text unit's Markdown source; null for a quiz. Cost: 1.
    async fn body(&self) -> Option<&str> {
        self.row.body.as_deref()
    }

    /// How a quiz unit is taken; null for a text. Cost: 1.
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

    /// A quiz unit's questions in order, at most 500; empty for a text. Cost: 1, batched.
    async fn questions(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<DraftQuestion>> {
        if self.row.kind == UnitKind::Text {
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
