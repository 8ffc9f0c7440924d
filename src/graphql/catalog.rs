//! The catalogue: the root fields about courses, and lists of them.

use super::courses::Course;
use super::support::operation::Ask;
use super::support::{Paged, connection::Count};
use crate::connection;
use crate::db::paginate::CursorValue;
use crate::domain::courses::CourseState;
use crate::domain::courses::model::Course as CourseRow;
use crate::domain::courses::store::{self, CourseFilter, CourseOrder};
use crate::domain::organizations;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, Key, OrgId, OrganizationKey};
use crate::kernel::page::PageArgs;
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

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
    /// Only courses that have all of these tags.
    pub tags: Option<Vec<String>>,
    /// Only courses in this language, a tag of BCP 47; `de` finds `de-AT` too.
    pub language: Option<String>,
}

/// Which of an organisation's courses a list has.
#[derive(Clone, Debug, Default, InputObject)]
pub struct OrganizationCourseFilter {
    /// Only courses in this state.
    pub state: Option<CourseState>,
    /// Only courses that have all of these tags.
    pub tags: Option<Vec<String>>,
    /// Only courses in this language, a tag of BCP 47; `de` finds `de-AT` too.
    pub language: Option<String>,
}

impl OrganizationCourseFilter {
    /// Those of an organisation, in whose title or summary these words stand.
    pub fn of(self, org: OrgId, query: Option<String>) -> CourseFilter {
        CourseFilter {
            query,
            org: Some(org),
            state: self.state,
            catalogue: false,
            tags: self.tags.unwrap_or_default(),
            language: self.language,
        }
    }
}

/// Reads a page of courses.
pub async fn page(
    ctx: &Context<'_>,
    filter: CourseFilter,
    order: CourseOrder,
    args: PageArgs,
) -> Result<CourseConnection> {
    let list = format!("courses {filter:?} {order:?}");
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
            _ => Err(Error::BadInput("Give `id` or `slug`, one of the two.".into()).into()),
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
        let wanted = filter.unwrap_or_default();
        let named = wanted.organization.map(|id| OrganizationKey::parse(&id));
        let filter = CourseFilter {
            query,
            // An id that names no organisation matches none.
            org: named.map(|key| key.map_or(OrgId(uuid::Uuid::nil()), |key| key.0)),
            catalogue: true,
            tags: wanted.tags.unwrap_or_default(),
            language: wanted.language,
            ..CourseFilter::default()
        };
        let args = PageArgs::new(first, after, last, before);
        let shown = page(ctx, filter, order_by.unwrap_or_default(), args).await?;
        if let Some(OrganizationKey(org)) = named.flatten().filter(|_| shown.0.rows.is_empty()) {
            ctx.operation().missed_list(org).await?;
        }
        Ok(shown)
    }
}
