//! `Course`: fields and edges.

use super::attempts::{self, AttemptConnection};
use super::content::Module;
use super::course_access::{CourseAccess, facts, is_editable, is_taught, reads_all_records};
use super::drafts::CourseDraft;
use super::enrollment_terms::EnrollmentTerms;
use super::enrollments::{self, EnrollmentConnection, ProgressReportFilter};
use super::insights::CourseInsights;
use super::localized::{LocalizedText, Source};
use super::markdown::html;
use super::reports::{CourseCompletion, KnowledgeGap, gaps};
use super::reviews::{self, CourseReviewConnection};
use super::revision_diff::RevisionDiff;
use super::submissions::{self, SubmissionConnection, SubmissionFilterInput};
use super::support::Verdicts;
use super::support::operation::Ask;
use super::surveys;
use super::tag_gaps;
use crate::auth::permission::{Permission, Reach};
use crate::domain::content::compiled::SharedRevision;
use crate::domain::courses::model::Course as CourseRow;
use crate::domain::courses::releasing::PrerequisitesOf;
use crate::domain::courses::{CourseState, CourseVisibility, diff};
use crate::domain::enrollments::{EnrollmentFilter, EnrollmentState};
use crate::domain::organizations::Organization;
use crate::domain::record_lists::Parent;
use crate::domain::reports::ScoresIn;
use crate::domain::reviews::lists::{CourseRating, RatingOf};
use crate::domain::surveys::Survey;
use crate::domain::tag_gaps::TagGap;
use crate::domain::visibility::View;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, OrganizationKey, RevisionKey};
use crate::kernel::page::PageArgs;
use async_graphql::{Context, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A course, read in one revision.
#[derive(Clone)]
pub struct Course {
    row: Arc<CourseRow>,
    pin: Option<RevisionKey>,
}

impl From<Arc<CourseRow>> for Course {
    fn from(row: Arc<CourseRow>) -> Self {
        Self { row, pin: None }
    }
}

/// Which edition of a course is shown.
#[derive(Clone, Debug, SimpleObject)]
pub struct CourseRevision {
    /// 1 for the first, counting up.
    pub number: i32,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

impl Course {
    /// A course as somebody sees it whose enrolment is pinned to a revision.
    pub const fn pinned(row: Arc<CourseRow>, pin: RevisionKey) -> Self {
        Self { row, pin: Some(pin) }
    }

    /// The same course as it is read in a given revision.
    #[must_use]
    pub fn pinned_to(self, pin: RevisionKey) -> Self {
        Self {
            pin: Some(pin),
            ..self
        }
    }

    /// The course's key.
    pub fn key(&self) -> CourseKey {
        self.row.key
    }

    /// Finds a course that the viewer may know of.
    pub async fn find(ctx: &Context<'_>, key: CourseKey) -> Result<Option<Self>> {
        let found = ctx.app().faces.find(&ctx.reader(), ctx.viewer(), key).await?;
        Ok(found.map(Self::from))
    }

    /// The compiled revision that this course is read in: the pin, else the current one.
    pub async fn revision(&self, ctx: &Context<'_>) -> Result<Option<SharedRevision>> {
        match self.pin.or_else(|| self.row.revision()) {
            Some(key) => ctx.app().contents.find(&ctx.reader(), key).await.map(Some),
            None => Ok(None),
        }
    }

    fn may(&self, ctx: &Context<'_>, permission: Permission, taught: bool) -> bool {
        Verdicts::of(ctx, self.row.key.org).may(permission, facts(self.row.key, taught))
    }

    /// How far the viewer sees learners; nothing for who sees no others.
    fn staff_view(&self, ctx: &Context<'_>) -> Option<View> {
        let view = View::of(ctx.viewer(), self.row.key.org, Permission::LearningRecordsRead)?;
        let Reach {
            all, taught, managed, ..
        } = view.reach;
        (all || taught || managed).then_some(view)
    }

    /// Whether the viewer may edit the course.
    pub async fn may_update(&self, ctx: &Context<'_>) -> Result<bool> {
        is_editable(ctx, self.row.key).await
    }

    async fn is_taught(&self, ctx: &Context<'_>) -> Result<bool> {
        is_taught(ctx, self.row.key).await
    }
}

/// A course that learners enrol in.
///
/// Its modules and units are those of one published revision: the one an enrolment is pinned to where the course is
/// reached through an enrolment, else the current one. What authors are editing is in `draft` and nowhere else.
///
/// Requires: a published course of an open organisation is seen by everybody if it is public; other published courses by
/// members with `courses.read`; unpublished ones by members with `courses.read_draft`. Cost: 1.
#[Object]
impl Course {
    /// The course's global identifier. Cost: 1.
    pub async fn id(&self) -> CourseKey {
        self.row.key
    }

    /// The course's name in addresses, unique in its organisation. Cost: 1.
    async fn slug(&self) -> &str {
        &self.row.slug
    }

    /// The published title; before the first publication, the working title. Cost: 1.
    async fn title(&self) -> &str {
        &self.row.title
    }

    /// What the course is about, Markdown, as published. Cost: 1.
    async fn summary(&self) -> &str {
        &self.row.summary
    }

    /// What the course is about, as clean HTML. Cost: 5.
    async fn summary_html(&self) -> async_graphql::Result<String> {
        Ok(html(&self.row.summary.clone().into()).await?)
    }

    /// Where the course stands on its way to learners. Cost: 1.
    async fn state(&self) -> CourseState {
        self.row.state
    }

    /// Who finds the course in the catalogue. Cost: 1.
    async fn visibility(&self) -> CourseVisibility {
        self.row.visibility
    }

    /// What the course is about in a word each, lower case, in order. Cost: 1.
    async fn tags(&self) -> &[String] {
        &self.row.tags
    }

    /// The language that the course is written in, a tag of BCP 47. Cost: 1.
    async fn language(&self) -> &str {
        &self.row.language
    }

    /// The languages that there is anything of the current revision in, at most 21: its own, then the others in order. Cost: 1.
    async fn languages(&self) -> Vec<String> {
        self.row.languages()
    }

    /// The published title and summary in the language that comes closest to what you read: the first of these, or a wider one, that they are
    /// translated into, else the course's own. Cost: 1.
    async fn localized(
        &self,
        #[graphql(
            desc = "The languages that you read, the most wanted first, such as `pt-BR`; of each the wider ones are tried too. At most 10 count, and what is no language is passed over."
        )]
        languages: Vec<String>,
    ) -> LocalizedText {
        let summary = self.row.summary.clone().into();
        let source = Source {
            title: &self.row.title,
            text: Some(&summary),
            language: self.row.shown_language(),
            translations: &self.row.translations(),
        };
        LocalizedText::choose(None, &source, &languages)
    }

    /// How many units the current revision has. Cost: 1.
    async fn unit_count(&self) -> i32 {
        self.row.unit_count
    }

    /// When the current revision was published; null before the first. Cost: 1.
    async fn published_at(&self) -> Option<DateTime<Utc>> {
        self.row.published_at
    }

    /// When the course was created. Cost: 1.
    async fn created_at(&self) -> DateTime<Utc> {
        self.row.created_at
    }

    /// The organisation's own name for the course, for synchronisation. Cost: 1.
    async fn external_id(&self) -> Option<&str> {
        self.row.external_id.as_deref()
    }

    /// The organisation that runs the course. Cost: 1, batched.
    async fn organization(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Organization>> {
        Ok(ctx.fetch_one(OrganizationKey(self.row.key.org)).await?)
    }

    /// Which edition is shown; null before the first publication. Cost: 1, from memory.
    #[graphql(name = "revision")]
    async fn shown_revision(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CourseRevision>> {
        let revision = self.revision(ctx).await?;
        Ok(revision.map(|revision| CourseRevision {
            number: revision.number,
            published_at: revision.published_at,
        }))
    }

    /// The course's modules in order; empty before the first publication. Cost: 1, from memory.
    async fn modules(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Module>> {
        Ok(self
            .revision(ctx)
            .await?
            .map(|revision| Module::all(&revision))
            .unwrap_or_default())
    }

    /// What authors are editing: what the next revision will show. Null for everybody else.
    ///
    /// Requires: `courses.read_draft`. Cost: 1, batched.
    async fn draft(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CourseDraft>> {
        if !self.may(ctx, Permission::CoursesReadDraft, self.is_taught(ctx).await?) {
            return Ok(None);
        }
        Ok(CourseDraft::find(ctx, self.row.key).await?)
    }

    /// The courses that a learner completes before joining this one, of those that you may see; at most 10. Cost: 1, batched.
    async fn prerequisites(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Self>> {
        let required = ctx
            .fetch(PrerequisitesOf(self.row.key))
            .await?
            .unwrap_or_default();
        let mut seen = Vec::new();
        for course in required.iter() {
            seen.extend(Self::find(ctx, course.key).await?);
        }
        Ok(seen)
    }

    /// How the course is worked through: who finishes, where learners stop, which questions say little. Null before the first
    /// publication, and for whoever may not read all of the course's learning records.
    ///
    /// Requires: `learning_records.read` for the whole course. Cost: 50; one SQL statement.
    async fn insights(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CourseInsights>> {
        let reads = reads_all_records(ctx, self.row.key).await?;
        let Some(current) = self.row.revision().filter(|_| reads) else {
            return Ok(None);
        };
        let revision = ctx.app().contents.find(&ctx.reader(), current).await?;
        Ok(Some(CourseInsights::find(ctx, revision).await?))
    }

    /// What differs between two editions, the current one and the draft where nothing is said. Null for everybody but
    /// authors, and where there is no such edition.
    ///
    /// Requires: `courses.read_draft`. Cost: 20; five SQL statements at most.
    async fn revision_diff(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The number of the earlier edition; the current one where nothing is said.")]
        from: Option<i32>,
        #[graphql(desc = "The number of the later edition; the draft where nothing is said.")] to: Option<
            i32,
        >,
    ) -> async_graphql::Result<Option<RevisionDiff>> {
        if !self.may(ctx, Permission::CoursesReadDraft, self.is_taught(ctx).await?) {
            return Ok(None);
        }
        let (reader, contents) = (ctx.reader(), &ctx.app().contents);
        let from = match (from, self.row.revision()) {
            (Some(number), _) => number,
            (None, Some(current)) => contents.find(&reader, current).await?.number,
            (None, None) => return Ok(None),
        };
        let before = diff::edition(&reader, contents, self.row.key, Some(from)).await?;
        let after = diff::edition(&reader, contents, self.row.key, to).await?;
        let changes = before
            .zip(after)
            .map(|(before, after)| diff::changes(&before, &after));
        Ok(changes.map(|changes| RevisionDiff::new(self.row.key, Some(from), to, changes)))
    }

    /// What learners say of the course, the newest first. Those that are hidden are seen by their authors and by who may edit the course;
    /// outsiders see none. Cost: 1 for each row asked for; batched.
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<CourseReviewConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(reviews::page(ctx, self.row.key, self.may_update(ctx).await?, args).await?)
    }

    /// What the reviews come to that are not hidden; null before the first, and for outsiders. Cost: 1, batched.
    async fn rating(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CourseRating>> {
        Ok(ctx.fetch(RatingOf(self.row.key)).await?)
    }

    /// What the staff of the course asks its learners, the oldest first: the surveys that you may see; at most 50. Cost: 1, batched.
    async fn surveys(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Arc<Survey>>> {
        Ok(surveys::of_course(ctx, self.row.key).await?)
    }

    /// The enrolments in the course that you may see, the newest first.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; batched.
    async fn enrollments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only in this state.")] state: Option<EnrollmentState>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<EnrollmentConnection> {
        let args = PageArgs::new(first, after, last, before);
        let filter = EnrollmentFilter {
            state,
            ..EnrollmentFilter::default()
        };
        Ok(enrollments::page_of(ctx, Parent::Course(self.row.key), filter, args).await?)
    }

    /// The attempts at the course's quizzes that wait for you to grade them, the oldest first.
    ///
    /// Requires: `attempts.grade`; shows those that it reaches. Cost: 1 for each row asked for; batched.
    async fn grading_queue(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<AttemptConnection> {
        let args = PageArgs::new(first, after, last, before);
        Ok(attempts::queue_of(ctx, Parent::Course(self.row.key), args).await?)
    }

    /// When an enrolment in this edition is complete; null before the first publication. Cost: 1, from memory.
    async fn completion(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CourseCompletion>> {
        Ok(self.revision(ctx).await?.map(CourseCompletion))
    }

    /// The enrolments in the course that you see, the newest first, for those who look after learners. Null for who sees none but their own.
    ///
    /// Requires: `learning_records.read` for more than yourself; shows those that it reaches. Cost: 1 for each row asked for; batched.
    async fn progress_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which enrolments.")] filter: Option<ProgressReportFilter>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<Option<EnrollmentConnection>> {
        if self.staff_view(ctx).is_none() {
            return Ok(None);
        }
        let args = PageArgs::new(first, after, last, before);
        let filter = filter.unwrap_or_default().into();
        let page = enrollments::page_of(ctx, Parent::Course(self.row.key), filter, args);
        Ok(Some(page.await?))
    }

    /// The modules in whose quizzes the learners whom you see missed points, the weakest first, by each learner's best attempts. Quizzes
    /// that fewer than five learners have taken are left out. Null for who sees none but themselves.
    ///
    /// Requires: `learning_records.read` for more than yourself. Cost: 1; one SQL statement.
    async fn knowledge_gaps(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Vec<KnowledgeGap>>> {
        let (Some(view), Some(revision)) = (self.staff_view(ctx), self.revision(ctx).await?) else {
            return Ok(None);
        };
        let scores = ctx.fetch_one(ScoresIn(self.row.key, view)).await?;
        Ok(Some(gaps(&revision, &scores)))
    }

    /// The tags of questions from banks at which the learners whom you see missed points, the weakest first, at most 100: by each
    /// learner's best attempts among the newest 10000, and by the questions' tags as they are now. Tags whose questions fewer than
    /// five learners have answered are left out. Null for who sees none but themselves.
    ///
    /// Requires: `learning_records.read` for more than yourself. Cost: 50; one SQL statement, and editions from memory.
    async fn tag_gaps(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Vec<TagGap>>> {
        match self.staff_view(ctx) {
            Some(view) => Ok(Some(tag_gaps::of_course(ctx, self.row.key, view).await?)),
            None => Ok(None),
        }
    }

    /// How learners come into the course, how many, and for how long. Cost: 1, batched.
    async fn enrollment_terms(&self, ctx: &Context<'_>) -> async_graphql::Result<EnrollmentTerms> {
        Ok(EnrollmentTerms::find(ctx, self.row.key, self.may_update(ctx).await?).await?)
    }

    /// What learners handed in for the course's assignments, as far as you may see it, the newest first. Those that are `SUBMITTED` wait to
    /// be graded.
    ///
    /// Requires: `learning_records.read`; shows those that it reaches. Cost: 1 for each row asked for; batched.
    async fn submissions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which submissions.")] filter: Option<SubmissionFilterInput>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<SubmissionConnection> {
        let args = PageArgs::new(first, after, last, before);
        let (parent, filter) = (Parent::Course(self.row.key), filter.unwrap_or_default().into());
        Ok(submissions::page_of(ctx, parent, filter, args).await?)
    }

    /// What the viewer may do with the course, decided by the same policies that guard the mutations. Cost: 1.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<CourseAccess> {
        let facts = facts(self.row.key, self.is_taught(ctx).await?);
        let mut verdicts = Verdicts::of(ctx, self.row.key.org);
        Ok(CourseAccess {
            update: verdicts.may(Permission::CoursesUpdate, facts),
            publish: verdicts.may(Permission::CoursesPublish, facts),
            read_answer_keys: verdicts.may(Permission::QuestionsKeyRead, facts),
            refusals: verdicts.refusals(),
        })
    }
}
