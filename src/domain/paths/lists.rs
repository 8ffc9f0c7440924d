//! Paths as they are read: single ones, an organisation's, and the courses of each.

use super::model::{LearningPath, LearningPathState};
use crate::auth::permission::Permission;
use crate::auth::standing::Viewer;
use crate::db::paginate::foreign;
use crate::db::schema::{learning_paths, path_courses};
use crate::db::{Batch, Conn, each};
use crate::kernel::ids::{CourseId, CourseKey, LearningPathId, LearningPathKey, OrgId};
use crate::kernel::page::Page;
use crate::keyset;
use diesel::expression::BoxableExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use futures_util::TryFutureExt;
use std::collections::HashMap;
use std::sync::Arc;

/// How much somebody reads of an organisation's paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathView {
    /// The organisation.
    pub org: OrgId,
    /// Whether they read those that are not published too.
    pub with_drafts: bool,
}

impl PathView {
    /// How much a viewer reads; nothing for who reads no path. A path has many courses, so it takes the whole reach.
    pub fn of(viewer: &Viewer, org: OrgId) -> Option<Self> {
        let standing = viewer.in_org(org)?;
        let with_drafts = standing.reach(Permission::CoursesReadDraft).all;
        let reads = with_drafts || standing.reach(Permission::CoursesRead).all;
        reads.then_some(Self { org, with_drafts })
    }

    /// Whether a path is among it.
    pub fn has(self, path: &LearningPath) -> bool {
        self.org == path.key.org && (self.with_drafts || path.state == LearningPathState::Published)
    }
}

impl Batch for LearningPathKey {
    type Value = Arc<LearningPath>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<LearningPathId>) = keys.iter().map(|key| (key.org, key.id)).unzip();
        let rows: Vec<LearningPath> = LearningPath::query()
            .filter(
                learning_paths::org_id
                    .eq_any(orgs)
                    .and(learning_paths::id.eq_any(ids)),
            )
            .load(&mut conn)
            .await?;
        Ok(rows.into_iter().map(|row| (row.key, Arc::new(row))).collect())
    }
}

/// The paths of an organisation that somebody reads. Fetched, it counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathList {
    /// Which of them somebody reads.
    pub view: PathView,
    /// Only those in this state.
    pub state: Option<LearningPathState>,
}

type Condition = Box<dyn BoxableExpression<learning_paths::table, Pg, SqlType = Bool>>;

impl PathList {
    fn condition(self) -> Condition {
        let mut condition: Condition = Box::new(learning_paths::org_id.eq(self.view.org));
        if !self.view.with_drafts {
            condition = Box::new(condition.and(learning_paths::state.eq(LearningPathState::Published)));
        }
        if let Some(state) = self.state {
            condition = Box::new(condition.and(learning_paths::state.eq(state)));
        }
        condition
    }
}

impl Batch for PathList {
    type Value = i64;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, i64>> {
        let count = |list: &Self| {
            let query = learning_paths::table.filter(list.condition()).count();
            async move { query.get_result::<i64>(&mut &*conn).await }
        };
        each(keys, count).await
    }
}

/// One page of them, by title.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathPage(pub PathList, pub Page);

impl PathPage {
    async fn load(&self, mut conn: Conn<'_>) -> QueryResult<Vec<Arc<LearningPath>>> {
        let Self(list, page) = self;
        let query = LearningPath::query().filter(list.condition()).into_boxed();
        let bounded = || {
            Ok(
                keyset!(query, page, learning_paths::title => String, learning_paths::id => LearningPathId, false),
            )
        };
        let query = bounded().map_err(foreign)?;
        let rows: Vec<LearningPath> = query.load(&mut conn).await?;
        Ok(rows.into_iter().map(Arc::new).collect())
    }
}

impl Batch for PathPage {
    type Value = Arc<Vec<Arc<LearningPath>>>;

    async fn load_many(keys: &[Self], conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        each(keys, |key| key.load(conn).map_ok(Arc::new)).await
    }
}

/// A course of a path.
#[derive(Clone, Copy, Debug)]
pub struct PathCourse {
    /// The course.
    pub course: CourseKey,
    /// Whether the path takes it.
    pub is_required: bool,
}

/// The courses of a path, in its order: all of them, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathCoursesOf(pub LearningPathKey);

impl Batch for PathCoursesOf {
    type Value = Arc<Vec<PathCourse>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<LearningPathId>) =
            keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<(OrgId, LearningPathId, CourseId, bool)> = path_courses::table
            .filter(path_courses::org_id.eq_any(orgs))
            .filter(path_courses::path_id.eq_any(ids))
            .order_by(path_courses::position)
            .select((
                path_courses::org_id,
                path_courses::path_id,
                path_courses::course_id,
                path_courses::is_required,
            ))
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, Vec<PathCourse>> = HashMap::new();
        for (org, path, course, is_required) in rows {
            let key = Self(LearningPathKey::new(org, path));
            let course = CourseKey::new(org, course);
            found
                .entry(key)
                .or_default()
                .push(PathCourse { course, is_required });
        }
        Ok(found
            .into_iter()
            .map(|(key, courses)| (key, Arc::new(courses)))
            .collect())
    }
}
