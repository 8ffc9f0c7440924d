//! Statements on `courses`.

use super::model::{Course, CourseState, CourseVisibility, SeenCourse};
use crate::auth::allowed::{Allowed, Gate};
use crate::auth::permission::{Permission, action};
use crate::auth::standing::Viewer;
use crate::db::paginate::foreign;
use crate::db::schema::{course_instructors, courses};
use crate::db::{Batch, Conn, Reader, each};
use crate::kernel::error::Result;
use crate::kernel::ids::{CourseId, CourseKey, MemberId, OrgId};
use crate::kernel::page::{Page, Slice};
use crate::keyset;
use async_graphql::Enum;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

diesel::define_sql_function! {
    /// Whether title or summary match a search as people write it: words, "phrases", -exclusions.
    fn course_matches(title: Text, summary: Text, query: Text) -> Bool;
}

type Condition = Box<dyn BoxableExpression<courses::table, Pg, SqlType = Bool>>;

/// The orders of a list of courses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Enum)]
pub enum CourseOrder {
    /// By title, A first.
    #[default]
    TitleAsc,
    /// By title, Z first.
    TitleDesc,
    /// Oldest course first.
    CreatedAtAsc,
    /// Newest course first.
    CreatedAtDesc,
}

/// Which courses a list has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CourseFilter {
    /// Words to find in title and summary.
    pub query: Option<String>,
    /// Only this organisation's.
    pub org: Option<OrgId>,
    /// Only in this state.
    pub state: Option<CourseState>,
    /// Only what learners may join: published.
    pub catalogue: bool,
    /// Only what has all of these tags.
    pub tags: Vec<String>,
    /// Only in this language, whatever its region.
    pub language: Option<String>,
}

/// The courses that a viewer may know of: the one condition of lists, loaders and `node`.
pub fn visible_to(viewer: &Viewer) -> Condition {
    let public = courses::state
        .eq(CourseState::Published.literal())
        .and(courses::visibility.eq(CourseVisibility::Public.literal()));
    let mut visible: Condition = Box::new(public);
    for standing in viewer.person().into_iter().flat_map(|person| &person.orgs) {
        let draft = standing.reach(Permission::CoursesReadDraft);
        let here = courses::org_id.eq(standing.org);
        if draft.all {
            visible = Box::new(visible.or(here));
            continue;
        }
        if standing.reach(Permission::CoursesRead).all {
            visible = Box::new(visible.or(here.and(courses::state.eq(CourseState::Published.literal()))));
        }
        if draft.taught {
            let taught = course_instructors::table.filter(
                course_instructors::org_id
                    .eq(courses::org_id)
                    .and(course_instructors::course_id.eq(courses::id))
                    .and(course_instructors::member_id.eq(standing.member)),
            );
            visible = Box::new(visible.or(here.and(exists(taught))));
        }
    }
    visible
}

/// The courses of a list: those that a viewer may know of, as far as they are wanted.
pub fn matching(viewer: &Viewer, filter: &CourseFilter) -> Condition {
    let mut matching = visible_to(viewer);
    if let Some(org) = filter.org {
        matching = Box::new(matching.and(courses::org_id.eq(org)));
    }
    if filter.catalogue {
        matching = Box::new(matching.and(courses::state.eq(CourseState::Published.literal())));
    }
    if let Some(state) = filter.state {
        matching = Box::new(matching.and(courses::state.eq(state.literal())));
    }
    if !filter.tags.is_empty() {
        let tags: Vec<String> = filter.tags.iter().map(|tag| tag.to_lowercase()).collect();
        matching = Box::new(matching.and(courses::tags.contains(tags)));
    }
    if let Some(language) = &filter.language {
        let language = language.replace(['%', '_', '\\'], "");
        // What was stored before tags had one spelling keeps its own.
        let in_region = courses::language.ilike(format!("{language}-%"));
        let spoken = courses::language.ilike(language).or(in_region);
        matching = Box::new(matching.and(spoken));
    }
    if let Some(query) = filter.query.clone().filter(|query| !query.trim().is_empty()) {
        matching = Box::new(matching.and(course_matches(courses::title, courses::summary, query)));
    }
    matching
}

/// A list of the courses that a viewer may know of. Fetched, it counts them; however often an operation asks for the same
/// list or page, it is read once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CourseList(Viewer, CourseFilter);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CoursePage(CourseList, CourseOrder, Page);

impl CoursePage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<Course>>> {
        let Self(CourseList(viewer, filter), order, page) = self;
        let query = Course::query().filter(matching(viewer, filter)).into_boxed();
        let bounded = || {
            Ok(match order {
                CourseOrder::TitleAsc => {
                    keyset!(query, page, courses::title => String, courses::id => CourseId, false)
                }
                CourseOrder::TitleDesc => {
                    keyset!(query, page, courses::title => String, courses::id => CourseId, true)
                }
                CourseOrder::CreatedAtAsc => {
                    keyset!(query, page, courses::created_at => DateTime<Utc>, courses::id => CourseId, false)
                }
                CourseOrder::CreatedAtDesc => {
                    keyset!(query, page, courses::created_at => DateTime<Utc>, courses::id => CourseId, true)
                }
            })
        };
        let query = bounded().map_err(foreign)?;
        let rows: Vec<Course> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for CoursePage {
    type Value = Arc<Vec<Arc<Course>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

impl Batch for CourseList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |Self(viewer, filter): &Self| {
            let query = courses::table.filter(matching(viewer, filter)).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// Reads one page of the courses that a viewer may know of.
pub async fn list(
    reader: &Reader,
    viewer: &Viewer,
    filter: &CourseFilter,
    order: CourseOrder,
    page: &Page,
) -> Result<Slice<Arc<Course>>> {
    let list = CourseList(viewer.clone(), filter.clone());
    let rows = reader.fetch(CoursePage(list, order, page.clone())).await?;
    Ok(page.slice(rows.map(|rows| rows.to_vec()).unwrap_or_default()))
}

/// Counts the courses that a viewer may know of.
pub async fn count(reader: &Reader, viewer: &Viewer, filter: &CourseFilter) -> Result<i64> {
    let list = CourseList(viewer.clone(), filter.clone());
    Ok(reader.fetch(list).await?.unwrap_or_default())
}

impl Batch for CourseKey {
    type Value = Arc<Course>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.org).collect();
        let ids: Vec<CourseId> = keys.iter().map(|key| key.id).collect();
        let rows: Vec<Course> = Course::query()
            .filter(courses::org_id.eq_any(orgs).and(courses::id.eq_any(ids)))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|course| (course.key, Arc::new(course)))
            .collect())
    }
}

/// Finds a course that a viewer may know of.
pub async fn find(reader: &Reader, viewer: &Viewer, key: CourseKey) -> Result<Option<Arc<Course>>> {
    let query = Course::query()
        .filter(courses::org_id.eq(key.org).and(courses::id.eq(key.id)))
        .filter(visible_to(viewer));
    let found = reader
        .run(|mut conn| async move { query.first(&mut conn).await.optional() })
        .await?;
    Ok(found.map(Arc::new))
}

/// Finds a course by its slug, if a viewer may know of it.
pub async fn find_by_slug(
    reader: &Reader,
    viewer: &Viewer,
    org: OrgId,
    slug: &str,
) -> Result<Option<Arc<Course>>> {
    let query = Course::query()
        .filter(courses::org_id.eq(org).and(courses::slug.eq(slug.to_owned())))
        .filter(visible_to(viewer));
    let found = reader
        .run(|mut conn| async move { query.first(&mut conn).await.optional() })
        .await?;
    Ok(found.map(Arc::new))
}

/// Reads a course for a write, locked until the transaction ends, with the actor's relation to it. The lock lets rows that refer to the
/// course be inserted meanwhile: no course is deleted but with its organisation.
pub async fn find_for_write(gate: &Gate<'_>, key: CourseKey) -> Result<Option<SeenCourse>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let locked = Course::query()
        .filter(courses::org_id.eq(key.org).and(courses::id.eq(key.id)))
        .for_no_key_update();
    let course: Option<Course> = locked.first(&mut gate.conn()).await.optional()?;
    seen(gate, course).await
}

/// Reads a course for a write that leaves it as it is, with the actor's relation to it. Until the transaction ends nobody changes it, and
/// whoever leaves it as it is does not wait.
pub async fn find_to_hold(gate: &Gate<'_>, key: CourseKey) -> Result<Option<SeenCourse>> {
    if key.org != gate.org() {
        return Ok(None);
    }
    let locked = Course::query()
        .filter(courses::org_id.eq(key.org).and(courses::id.eq(key.id)))
        .for_share();
    let course: Option<Course> = locked.first(&mut gate.conn()).await.optional()?;
    seen(gate, course).await
}

async fn seen(gate: &Gate<'_>, course: Option<Course>) -> Result<Option<SeenCourse>> {
    let Some(course) = course else {
        return Ok(None);
    };
    let taught = diesel::select(exists(course_instructors::table.find((
        course.key.org,
        course.key.id,
        gate.member_id(),
    ))));
    Ok(Some(SeenCourse {
        course,
        taught: taught.get_result(&mut gate.conn()).await?,
    }))
}

/// What a new course starts with.
#[derive(Clone, Debug)]
pub struct NewCourse {
    /// Its name in addresses.
    pub slug: String,
    /// Its working title.
    pub title: String,
    /// What it is about, Markdown.
    pub summary: String,
    /// Who will find it once it is published.
    pub visibility: CourseVisibility,
    /// The organisation's own name for it.
    pub external_id: Option<String>,
}

/// Inserts a course with an empty draft, in its organisation's language.
pub async fn insert<R>(
    _: &Allowed<'_, action::CoursesCreate, R>,
    mut conn: Conn<'_>,
    key: CourseKey,
    new: &NewCourse,
) -> QueryResult<()> {
    use crate::db::schema::{course_drafts, organizations};
    let language: String = organizations::table
        .find(key.org.0)
        .select(organizations::locale)
        .first(&mut conn)
        .await?;
    diesel::insert_into(courses::table)
        .values((
            courses::org_id.eq(key.org),
            courses::id.eq(key.id),
            courses::slug.eq(&new.slug),
            courses::visibility.eq(new.visibility),
            courses::title.eq(&new.title),
            courses::summary.eq(&new.summary),
            courses::external_id.eq(&new.external_id),
            courses::language.eq(language),
        ))
        .execute(&mut conn)
        .await?;
    diesel::insert_into(course_drafts::table)
        .values((
            course_drafts::org_id.eq(key.org),
            course_drafts::course_id.eq(key.id),
            course_drafts::title.eq(&new.title),
            course_drafts::summary.eq(&new.summary),
        ))
        .execute(&mut conn)
        .await
        .map(|_| ())
}

/// Whether a member teaches a course: present if so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Taught(pub CourseKey, pub MemberId);

impl Batch for Taught {
    type Value = ();

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, ()>> {
        let orgs: Vec<OrgId> = keys.iter().map(|key| key.0.org).collect();
        let ids: Vec<CourseId> = keys.iter().map(|key| key.0.id).collect();
        let members: Vec<MemberId> = keys.iter().map(|key| key.1).collect();
        let rows: Vec<(OrgId, CourseId, MemberId)> = course_instructors::table
            .filter(
                course_instructors::org_id
                    .eq_any(orgs)
                    .and(course_instructors::course_id.eq_any(ids)),
            )
            .filter(course_instructors::member_id.eq_any(members))
            .load(&mut conn)
            .await?;
        Ok(rows
            .into_iter()
            .map(|(org, course, member)| (Self(CourseKey::new(org, course), member), ()))
            .collect())
    }
}
