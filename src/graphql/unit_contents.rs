//! What units are made of, kind by kind: the same fields in what is published and in drafts.

use super::assets::{self, address};
use super::markdown::{html, html_with_assets};
use super::support::operation::Ask;
use super::unit_access::{UnitAccess, UnitAccessState};
use crate::auth::permission::Permission;
use crate::domain::assets::Asset;
use crate::domain::content::assignment::{self, SubmissionKind};
use crate::domain::content::material::{self, Source};
use crate::domain::content::{Markdown, Points, QuizPolicy, ReleaseRule};
use crate::domain::courses::store::Taught;
use crate::domain::enrollments::store::EnrollmentIn;
use crate::kernel::error::Result;
use crate::kernel::ids::{AssetKey, CourseKey};
use async_graphql::{Context, Object, SimpleObject, Union};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A text to read.
#[derive(Clone)]
pub struct TextContent {
    opening: Opening,
    text: Markdown,
}

/// To whom a unit shows what it is made of.
#[derive(Clone)]
pub struct Opening {
    course: CourseKey,
    /// The rules of what is published; none of a draft, which shows itself to all who read it.
    rules: Option<Vec<ReleaseRule>>,
}

/// What something is made of.
#[derive(Clone)]
struct Shown<T> {
    opening: Opening,
    what: Arc<T>,
}

macro_rules! contents {
    ($($(#[$doc:meta])* $content:ident($what:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $content(Shown<$what>);

        impl $content {
            /// What a unit is made of.
            pub const fn new(opening: Opening, what: Arc<$what>) -> Self {
                Self(Shown { opening, what })
            }
        }
    )*};
}

contents! {
    /// A video to watch.
    VideoContent(material::Video);
    /// A file to keep.
    FileContent(material::File);
    /// A page elsewhere.
    LinkContent(material::Link);
    /// A meeting at a time.
    LiveContent(material::Live);
    /// Work to hand in.
    AssignmentContent(assignment::Assignment);
}

/// What a draft's unit is made of: which type it is says what kind of unit.
#[derive(Union)]
pub enum DraftUnitContent {
    /// A text.
    Text(TextContent),
    /// A video.
    Video(VideoContent),
    /// A file.
    File(FileContent),
    /// A page elsewhere.
    Link(LinkContent),
    /// A quiz.
    Quiz(QuizContent),
    /// Work to hand in.
    Assignment(AssignmentContent),
    /// A meeting at a time.
    Live(LiveContent),
}

/// A quiz in a draft; its questions are the unit's.
#[derive(SimpleObject)]
pub struct QuizContent {
    /// How it is taken.
    pub policy: QuizPolicy,
}

impl Opening {
    /// Of a unit of a draft.
    pub const fn of_draft(course: CourseKey) -> Self {
        Self { course, rules: None }
    }

    /// Of a published unit with these rules.
    pub const fn of_published(course: CourseKey, rules: Vec<ReleaseRule>) -> Self {
        Self {
            course,
            rules: Some(rules),
        }
    }

    /// Whether the viewer is shown what the unit is made of: whoever it is open to is, and the course's staff.
    pub async fn is_open(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(rules) = self.rules.as_deref().filter(|rules| !rules.is_empty()) else {
            return Ok(true);
        };
        let access = UnitAccess::of(ctx, self.course, rules).await?;
        Ok(access.state == UnitAccessState::Open || self.is_staff(ctx).await?)
    }

    /// Whether the viewer reads the course's drafts.
    async fn is_staff(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(standing) = ctx.viewer().in_org(self.course.org) else {
            return Ok(false);
        };
        let reach = standing.reach(Permission::CoursesReadDraft);
        if self.rules.is_none() || reach.all {
            return Ok(true);
        }
        Ok(reach.taught && ctx.fetch(Taught(self.course, standing.member)).await?.is_some())
    }

    /// Whether the viewer is a learner of the course, or one of its staff.
    async fn is_inside(&self, ctx: &Context<'_>) -> Result<bool> {
        let Some(standing) = ctx.viewer().in_org(self.course.org) else {
            return Ok(false);
        };
        let enrollment = ctx.fetch(EnrollmentIn(self.course, standing.member)).await?;
        let is_learner = enrollment.is_some_and(|enrollment| enrollment.state.is_or_was_in());
        Ok(is_learner || self.is_staff(ctx).await?)
    }
}

impl TextContent {
    /// A text of a course.
    pub const fn new(opening: Opening, text: Markdown) -> Self {
        Self { opening, text }
    }
}

impl<T> Shown<T> {
    /// What it is made of, for whom it is open to.
    async fn open(&self, ctx: &Context<'_>) -> Result<Option<&T>> {
        Ok(self.opening.is_open(ctx).await?.then_some(&*self.what))
    }

    /// A file, for who may read it.
    async fn asset(&self, ctx: &Context<'_>, source: &Source) -> Result<Option<Arc<Asset>>> {
        match source.asset() {
            Some(id) if self.opening.is_open(ctx).await? => {
                assets::find_in_open_unit(ctx, AssetKey::new(self.opening.course.org, id)).await
            }
            _ => Ok(None),
        }
    }

    /// The address of a source: of a file for who may read it.
    async fn url(&self, ctx: &Context<'_>, source: &Source) -> Result<Option<String>> {
        match (source, self.asset(ctx, source).await?) {
            (Source::Url(url), _) => Ok(self.opening.is_open(ctx).await?.then(|| url.clone())),
            (Source::Asset(_), Some(asset)) => address(ctx, &asset).await,
            (Source::Asset(_), None) => Ok(None),
        }
    }
}

/// A text to read.
#[Object]
impl TextContent {
    /// The text, Markdown source as its author wrote it: clean what you render, or take `bodyHtml`. Null while the unit is locked to you.
    /// Cost: 1.
    async fn body(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self.opening.is_open(ctx).await?.then(|| self.text.source()))
    }

    /// The text as clean HTML, with addresses for an hour of the files that you may read. Null while the unit is locked to you. Cost: 5,
    /// from memory once somebody has asked.
    async fn body_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        if !self.opening.is_open(ctx).await? {
            return Ok(None);
        }
        Ok(Some(
            html_with_assets(ctx, self.opening.course.org, &self.text).await?,
        ))
    }
}

/// A video to watch.
#[Object]
impl VideoContent {
    /// Where the video is: at its provider, or for an hour where the organisation's own files are. Null for who may not read its file, and while
    /// the unit is locked to you. Cost: 1, batched.
    async fn video_url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        Ok(self.0.url(ctx, &self.0.what.source).await?)
    }

    /// The organisation's own file that it is; null where it is elsewhere, and for who may not read it. Cost: 1, batched.
    async fn asset(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Asset>>> {
        Ok(self.0.asset(ctx, &self.0.what.source).await?)
    }

    /// How many seconds it takes; null where nobody said. Cost: 1.
    async fn duration_seconds(&self) -> Option<i32> {
        self.0.what.duration_seconds
    }

    /// Its captions, each in a language of its own. Cost: 1.
    async fn captions(&self) -> Vec<Caption> {
        let captions = 0..self.0.what.captions.len();
        captions.map(|index| Caption(self.0.clone(), index)).collect()
    }

    /// What is said in it, Markdown; null where nobody wrote it down, and while the unit is locked to you. Cost: 1.
    async fn transcript(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        let video = self.0.open(ctx).await?;
        Ok(video.and_then(|video| video.transcript.as_ref().map(Markdown::source)))
    }

    /// What is said in it, as clean HTML. Cost: 5, from memory once somebody has asked.
    async fn transcript_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        match self
            .0
            .open(ctx)
            .await?
            .and_then(|video| video.transcript.as_ref())
        {
            Some(text) => Ok(Some(html(text).await?)),
            None => Ok(None),
        }
    }
}

/// The captions of a video.
pub struct Caption(Shown<material::Video>, usize);

/// The captions of a video in a language.
#[Object]
impl Caption {
    /// The language, as BCP 47 names it. Cost: 1.
    async fn language(&self) -> &str {
        &self.0.what.captions[self.1].language
    }

    /// Where they are, as WebVTT; null for who may not read the file. Cost: 1, batched.
    async fn url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        Ok(self.0.url(ctx, &self.0.what.captions[self.1].source).await?)
    }
}

/// A file to keep.
#[Object]
impl FileContent {
    /// The file; null for who may not read it: learners of the course to whom the unit is open may, and its staff. Cost: 1, batched.
    async fn asset(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Asset>>> {
        Ok(self.0.asset(ctx, &Source::Asset(self.0.what.asset)).await?)
    }

    /// What it is, Markdown; null while the unit is locked to you. Cost: 1.
    async fn description(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        let file = self.0.open(ctx).await?;
        Ok(file.map(|file| file.description.source()))
    }

    /// What it is, as clean HTML; null while the unit is locked to you. Cost: 5, from memory once somebody has asked.
    async fn description_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        match self.0.open(ctx).await? {
            Some(file) => Ok(Some(html(&file.description).await?)),
            None => Ok(None),
        }
    }
}

/// A page elsewhere.
#[Object]
impl LinkContent {
    /// The page's address; null while the unit is locked to you. Cost: 1.
    async fn url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self.0.open(ctx).await?.map(|link| link.url.as_str()))
    }

    /// What is there, Markdown; null while the unit is locked to you. Cost: 1.
    async fn description(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        let link = self.0.open(ctx).await?;
        Ok(link.map(|link| link.description.source()))
    }

    /// What is there, as clean HTML; null while the unit is locked to you. Cost: 5, from memory once somebody has asked.
    async fn description_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        match self.0.open(ctx).await? {
            Some(link) => Ok(Some(html(&link.description).await?)),
            None => Ok(None),
        }
    }

    /// Whether the page is meant for a tab of its own. Cost: 1.
    async fn opens_in_new_tab(&self) -> bool {
        self.0.what.opens_in_new_tab
    }
}

/// A meeting at a time.
#[Object]
impl LiveContent {
    /// When it begins. Cost: 1.
    async fn starts_at(&self) -> DateTime<Utc> {
        self.0.what.starts_at
    }

    /// When it ends. Cost: 1.
    async fn ends_at(&self) -> DateTime<Utc> {
        self.0.what.ends_at
    }

    /// The time zone that it was planned in, as the IANA names it. Cost: 1.
    async fn time_zone(&self) -> &str {
        &self.0.what.time_zone
    }

    /// Where to join it; null where that is not settled, while the unit is locked to you, and for everybody but the course's learners and staff.
    ///
    /// Requires: an enrolment in the course, or `courses.read_draft`. Cost: 1, batched.
    async fn join_url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        let live = self.0.open(ctx).await?;
        let url = live.and_then(|live| live.join_url.clone());
        Ok(if url.is_some() && self.0.opening.is_inside(ctx).await? {
            url
        } else {
            None
        })
    }

    /// What it is about, Markdown; null while the unit is locked to you. Cost: 1.
    async fn description(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        let live = self.0.open(ctx).await?;
        Ok(live.map(|live| live.description.source()))
    }

    /// What it is about, as clean HTML; null while the unit is locked to you. Cost: 5, from memory once somebody has asked.
    async fn description_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        match self.0.open(ctx).await? {
            Some(live) => Ok(Some(html(&live.description).await?)),
            None => Ok(None),
        }
    }
}

/// When an assignment is due.
#[derive(SimpleObject)]
pub struct AssignmentDue {
    /// So many days after the enrolment, or after the course was begun anew; null where it is due at a time for everybody.
    pub days_after_enrollment: Option<i32>,
    /// At this time; null where that depends on the enrolment.
    pub at: Option<DateTime<Utc>>,
}

/// One thing that a grade goes by.
#[derive(SimpleObject)]
pub struct AssignmentCriterion {
    /// What names it, the same in every revision.
    pub key: String,
    /// Its title.
    pub title: String,
    /// What is asked for, Markdown.
    pub description: String,
    /// Points that it can earn.
    pub points: Points,
}

/// Work to hand in.
#[Object]
impl AssignmentContent {
    /// What is to be done, Markdown; null while the unit is locked to you. Cost: 1.
    async fn instructions(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        let assignment = self.0.open(ctx).await?;
        Ok(assignment.map(|assignment| assignment.instructions.source()))
    }

    /// What is to be done, as clean HTML, with addresses for an hour of the files that you may read; null while the unit is locked to you.
    /// Cost: 5, from memory once somebody has asked.
    async fn instructions_html(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        match self.0.open(ctx).await? {
            Some(assignment) => {
                let org = self.0.opening.course.org;
                Ok(Some(html_with_assets(ctx, org, &assignment.instructions).await?))
            }
            None => Ok(None),
        }
    }

    /// Points that can be earned. Cost: 1.
    async fn max_points(&self) -> Points {
        self.0.what.max_points
    }

    /// Points that pass. Cost: 1.
    async fn pass_points(&self) -> Points {
        self.0.what.pass_points
    }

    /// When it is due; null where it never is. What is handed in later is taken, and marked. Cost: 1.
    async fn due(&self) -> Option<AssignmentDue> {
        self.0.what.due.map(|due| match due {
            assignment::Due::Days(days) => AssignmentDue {
                days_after_enrollment: Some(days),
                at: None,
            },
            assignment::Due::At(at) => AssignmentDue {
                days_after_enrollment: None,
                at: Some(at),
            },
        })
    }

    /// What may be handed in: one of these, or several at once. Cost: 1.
    async fn accepts(&self) -> Vec<SubmissionKind> {
        self.0.what.accepts.clone()
    }

    /// Files that one submission may have. Cost: 1.
    async fn max_files(&self) -> i32 {
        self.0.what.max_files
    }

    /// Submissions that each enrolment has in each cycle; any number where null. Cost: 1.
    async fn max_submissions(&self) -> Option<i32> {
        self.0.what.max_submissions
    }

    /// What the grade goes by; empty where it is one number, and while the unit is locked to you. Cost: 1.
    async fn rubric(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<AssignmentCriterion>> {
        let criterion = |criterion: &assignment::Criterion| AssignmentCriterion {
            key: criterion.key.clone(),
            title: criterion.title.clone(),
            description: criterion.description.source().to_owned(),
            points: criterion.points,
        };
        let assignment = self.0.open(ctx).await?;
        let rubric = assignment.map_or(&[][..], |assignment| &assignment.rubric);
        Ok(rubric.iter().map(criterion).collect())
    }
}
