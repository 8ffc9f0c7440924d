//! `Course`: fields, edges, root fields.

use super::content::Module;
use super::drafts::CourseDraft;
use super::enrollments::{self, EnrollmentConnection};
use super::markdown::html;
use super::submissions::{self, SubmissionConnection, SubmissionFilterInput};
use super::support::operation::Ask;
use super::support::{AccessRefusal, Paged, Verdicts, connection::Count};
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::courses::model::Course as CourseRow;
use crate::domain::courses::store::{self, CourseFilter, CourseOrder};
use crate::domain::courses::{CourseState, CourseVisibility};
use crate::domain::enrollments::{EnrollmentFilter, EnrollmentState};
use crate::domain::organizations::{self, Organization};
use crate::domain::record_lists::Parent;
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseKey, Key, OrgId, OrganizationKey, RevisionKey};
use crate::kernel::page::PageArgs;
use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
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

connection!(CourseConnection, CourseEdge, Course, "courses");

/// Names a course by its slug and its organisation's.
#[derive(Clone, Debug, InputObject)]
pub struct CourseSlugInput {
    /// The organisation's slug.
    pub organization: String,
    /// The course's slug.
    pub course: String,
}

/// Which courses a catalogue page has.
#[derive(Clone, Debug, Default, InputObject)]
pub struct CatalogFilter {
    /// Only this organisation's courses, by its id.
    pub organization: Option<ID>,
}

/// Which edition of a course is shown.
#[derive(Clone, Debug, SimpleObject)]
pub struct CourseRevision {
    /// 1 for the first, counting up.
    pub number: i32,
    /// When it was published.
    pub published_at: DateTime<Utc>,
}

/// What the viewer may do with a course.
#[derive(Clone, Debug, SimpleObject)]
pub struct CourseAccess {
    /// Whether the viewer may edit the draft.
    pub update: bool,
    /// Whether the viewer may publish the draft.
    pub publish: bool,
    /// Whether the viewer may read the draft's answer keys.
    pub read_answer_keys: bool,
    /// Why not, for each of these that is false.
    pub refusals: Vec<AccessRefusal>,
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

    fn facts(&self, taught: bool) -> Facts {
        Facts::of(Kind::Course, self.row.key.org).related(Relation {
            taught,
            ..Relation::default()
        })
    }

    fn may(&self, ctx: &Context<'_>, permission: Permission, taught: bool) -> bool {
        Verdicts::of(ctx, self.row.key.org).may(permission, self.facts(taught))
    }

    async fn is_taught(&self, ctx: &Context<'_>) -> Result<bool> {
        match ctx.viewer().in_org(self.row.key.org) {
            Some(standing) => Ok(ctx
                .fetch(store::Taught(self.row.key, standing.member))
                .await?
                .is_some()),
            None => Ok(false),
        }
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
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let filter = EnrollmentFilter { course: None, state };
        Ok(enrollments::page_of(ctx, Parent::Course(self.row.key), filter, args).await?)
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
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        let (parent, filter) = (Parent::Course(self.row.key), filter.unwrap_or_default().into());
        Ok(submissions::page_of(ctx, parent, filter, args).await?)
    }

    /// What the viewer may do with the course, decided by the same policies that guard the mutations. Cost: 1.
    async fn viewer_can(&self, ctx: &Context<'_>) -> async_graphql::Result<CourseAccess> {
        let facts = self.facts(self.is_taught(ctx).await?);
        let mut verdicts = Verdicts::of(ctx, self.row.key.org);
        Ok(CourseAccess {
            update: verdicts.may(Permission::CoursesUpdate, facts),
            publish: verdicts.may(Permission::CoursesPublish, facts),
            read_answer_keys: verdicts.may(Permission::QuestionsKeyRead, facts),
            refusals: verdicts.refusals(),
        })
    }
}

/// Reads a page of courses.
pub async fn page(
    ctx: &Context<'_>,
    filter: CourseFilter,
    order: CourseOrder,
    args: PageArgs,
) -> Result<CourseConnection> {
    let list = format!(
        "courses {:?} {:?} {:?} {} {order:?}",
        filter.org, filter.query, filter.state, filter.catalogue
    );
    let page = ctx.page(&args, &list)?;
    let slice = store::list(&ctx.reader(), ctx.viewer(), &filter, order, &page).await?;
    let viewer = ctx.viewer().clone();
    let count: Count = Box::new(move |reader| {
        let (viewer, filter) = (viewer.clone(), filter.clone());
        Box::pin(async move { store::count(&reader, &viewer, &filter).await })
    });
    let cursor = |course: &Arc<CourseRow>| {
        let value = match order {
            CourseOrder::TitleAsc | CourseOrder::TitleDesc => course.title.clone(),
            CourseOrder::CreatedAtAsc | CourseOrder::CreatedAtDesc => course.created_at.write(),
        };
        [value, course.key.id.write()]
    };
    Ok(Paged::new(&ctx.app().keyring, &list, slice, cursor, count)
        .map(Course::from)
        .into())
}

/// The organisation of a slug: the viewer's own without a look-up.
pub async fn org_of_slug(ctx: &Context<'_>, slug: &str) -> Result<Option<OrgId>> {
    let own = ctx
        .viewer()
        .person()
        .and_then(|person| person.orgs.iter().find(|standing| standing.org_slug == slug));
    match own {
        Some(standing) => Ok(Some(standing.org)),
        None => Ok(organizations::by_slug(&ctx.reader(), slug)
            .await?
            .map(|organization| organization.org)),
    }
}

/// The root fields about courses.
#[derive(Default)]
pub struct CourseQuery;

#[Object]
impl CourseQuery {
    /// Finds a course by its id or by its slug; give one of the two. Null when there is none that you may see.
    ///
    /// Requires: nothing; see `Course`. Cost: 1; a published course comes from memory.
    async fn course(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The course's global identifier.")] id: Option<ID>,
        #[graphql(desc = "The course's slug and its organisation's.")] slug: Option<CourseSlugInput>,
    ) -> async_graphql::Result<Option<Course>> {
        match (id, slug) {
            (Some(id), None) => match CourseKey::parse(&id) {
                Some(key) => Ok(ctx.seen(key.org, Course::find(ctx, key).await?)),
                None => Ok(None),
            },
            (None, Some(slug)) => {
                let Some(org) = org_of_slug(ctx, &slug.organization).await? else {
                    return Ok(None);
                };
                let found = ctx
                    .app()
                    .faces
                    .find_by_slug(&ctx.reader(), ctx.viewer(), org, &slug.course)
                    .await?;
                Ok(found.map(Course::from))
            }
            _ => Err(
                crate::kernel::error::Error::BadInput("Give `id` or `slug`, one of the two.".into()).into(),
            ),
        }
    }

    /// The courses that you may join: those of your organisations, and public ones of open organisations.
    ///
    /// Requires: nothing. Cost: 1 for each row asked for; one SQL statement.
    #[expect(
        clippy::too_many_arguments,
        reason = "filter, order and the four arguments of a connection"
    )]
    async fn catalog(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Words to find in title and summary; \"a phrase\" and -excluded words are understood."
        )]
        query: Option<String>,
        #[graphql(desc = "Which courses.")] filter: Option<CatalogFilter>,
        #[graphql(desc = "In which order; by title where it is left out.")] order_by: Option<CourseOrder>,
        #[graphql(desc = "Rows from the front, 1 to 100; 20 where nothing is said.")] first: Option<i32>,
        #[graphql(desc = "Only rows behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Rows from the back, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only rows before this cursor.")] before: Option<String>,
    ) -> async_graphql::Result<CourseConnection> {
        let org = filter
            .unwrap_or_default()
            .organization
            .map(|id| OrganizationKey::parse(&id).map_or(OrgId(uuid::Uuid::nil()), |key| key.0));
        let filter = CourseFilter {
            query,
            org,
            catalogue: true,
            ..CourseFilter::default()
        };
        Ok(page(
            ctx,
            filter,
            order_by.unwrap_or_default(),
            PageArgs {
                first,
                after,
                last,
                before,
            },
        )
        .await?)
    }
}
