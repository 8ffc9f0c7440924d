//! The published faces of courses, in memory: which revision is current is all that changes about a published course.
//!
//! A face is kept apart for members and for outsiders, since row security lets each see other rows; it is forgotten
//! when the bus says so, and after half a minute anyway.

use super::model::Course;
use super::store;
use crate::auth::permission::Permission;
use crate::auth::standing::Viewer;
use crate::db::Reader;
use crate::domain::TIME_TO_LIVE;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, OrgId};
use moka::future::Cache;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Key(CourseKey),
    Slug(OrgId, String),
}

/// Remembers published courses.
pub struct Faces {
    memory: Cache<(bool, Name), Arc<Course>>,
}

impl Default for Faces {
    fn default() -> Self {
        Self {
            memory: Cache::builder()
                .max_capacity(20_000)
                .weigher(|_, course: &Arc<Course>| course.weight())
                .time_to_live(TIME_TO_LIVE)
                .support_invalidation_closures()
                .build(),
        }
    }
}

impl Faces {
    /// Finds a course that the viewer may know of by its key.
    pub async fn find(
        &self,
        reader: &Reader,
        viewer: &Viewer,
        key: CourseKey,
    ) -> Result<Option<Arc<Course>>> {
        self.look_up(viewer, key.org, Name::Key(key), store::find(reader, viewer, key))
            .await
    }

    /// Finds a course that the viewer may know of by its slug.
    pub async fn find_by_slug(
        &self,
        reader: &Reader,
        viewer: &Viewer,
        org: OrgId,
        slug: &str,
    ) -> Result<Option<Arc<Course>>> {
        let name = Name::Slug(org, slug.to_owned());
        self.look_up(viewer, org, name, store::find_by_slug(reader, viewer, org, slug))
            .await
    }

    /// Finds the course of a record that a member sees, such as an enrolment: from memory, else batched. Who sees the
    /// record sees its course, whatever became of the course since.
    pub async fn find_of_record(&self, reader: &Reader, key: CourseKey) -> Result<Arc<Course>> {
        let slot = (true, Name::Key(key));
        if let Some(face) = self.memory.get(&slot).await {
            return Ok(face);
        }
        let course = reader.fetch(key).await?.ok_or(Error::NotFound)?;
        if course.is_published() {
            self.memory.insert(slot, course.clone()).await;
        }
        Ok(course)
    }

    /// Forgets a course whose face changed.
    pub fn forget(&self, course: CourseKey) {
        let _ = self
            .memory
            .invalidate_entries_if(move |_, face| face.key == course);
    }

    /// Forgets every course.
    pub fn forget_all(&self) {
        self.memory.invalidate_all();
    }

    async fn look_up(
        &self,
        viewer: &Viewer,
        org: OrgId,
        name: Name,
        load: impl Future<Output = Result<Option<Arc<Course>>>>,
    ) -> Result<Option<Arc<Course>>> {
        let found = self.found(viewer, org, name, load).await?;
        Ok(found.filter(|course| viewer.reaches(course.key)))
    }

    async fn found(
        &self,
        viewer: &Viewer,
        org: OrgId,
        name: Name,
        load: impl Future<Output = Result<Option<Arc<Course>>>>,
    ) -> Result<Option<Arc<Course>>> {
        let is_member = viewer.in_org(org).is_some();
        let reads_published = viewer
            .in_org(org)
            .is_none_or(|standing| standing.reach(Permission::CoursesRead).all);
        let slot = (is_member, name);
        if reads_published && let Some(face) = self.memory.get(&slot).await {
            return Ok(Some(face));
        }
        let found = load.await?;
        if reads_published && let Some(course) = found.as_ref().filter(|course| course.is_published()) {
            self.memory.insert(slot, course.clone()).await;
        }
        Ok(found)
    }
}
