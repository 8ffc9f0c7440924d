//! The rows of a path and of who follows it, and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::{learning_paths, path_enrollments};
use crate::domain::enrollments::EnrollmentSource;
use crate::kernel::ids::{LearningPathId, LearningPathKey, MemberId, MemberKey, PathEnrollmentKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

text_enum! {
    /// Where a learning path stands on its way to learners.
    LearningPathState {
        /// Not published yet.
        Draft = "draft",
        /// Open to be followed.
        Published = "published",
        /// No longer offered; who follows it goes on.
        Archived = "archived",
    }
}

/// Courses that are worked through in an order.
///
/// Requires: a published path is seen by members with `courses.read`, any other by members with `courses.read_draft`, both with the reach
/// `all`, and one that you follow or followed by you; whoever sees that somebody follows it sees it through that. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = learning_paths)]
#[graphql(complex)]
pub struct LearningPath {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: LearningPathKey,
    /// The organisation's own name for the path, for synchronisation. Cost: 1.
    pub external_id: Option<String>,
    /// Its title. Cost: 1.
    pub title: String,
    /// What it leads to, Markdown. Cost: 1.
    pub description: String,
    /// Where it stands on its way to learners. Cost: 1.
    pub state: LearningPathState,
    /// How many of the courses that are not required it takes all the same. Cost: 1.
    pub electives_needed: i32,
    /// Counts the edits; give it as `expectedVersion` to edit only what you have seen. Cost: 1.
    pub version: i32,
    /// When it was created. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was last published; null before the first time. Cost: 1.
    pub published_at: Option<DateTime<Utc>>,
}

/// A path that was read in a write. It is edited and published by those who may do so with every course.
#[derive(Clone, Debug)]
pub struct SeenPath(pub LearningPath);

impl Protected for SeenPath {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Course, self.0.key.org)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(match self.0.state {
            LearningPathState::Published => Permission::CoursesRead,
            LearningPathState::Draft | LearningPathState::Archived => Permission::CoursesReadDraft,
        })
    }
}

/// That a member follows a learning path. It enrols in no course: the learner joins each with `enroll` when they come to it.
///
/// Requires: `learning_records.read` for the member. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = path_enrollments)]
#[graphql(complex)]
pub struct PathEnrollment {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: PathEnrollmentKey,
    /// The path.
    #[graphql(skip)]
    pub path_id: LearningPathId,
    /// Who follows it.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// Who made it. Cost: 1.
    pub source: EnrollmentSource,
    /// Since when the member follows the path. Cost: 1.
    pub enrolled_at: DateTime<Utc>,
    /// When the member left it; null while they follow it. Cost: 1.
    pub withdrawn_at: Option<DateTime<Utc>>,
}

impl PathEnrollment {
    /// The path.
    pub const fn path_key(&self) -> LearningPathKey {
        LearningPathKey::new(self.key.org, self.path_id)
    }

    /// Who follows it.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }
}

/// A member who follows a path, or is about to.
#[derive(Clone, Copy, Debug)]
pub struct Follower {
    /// The member.
    pub member: MemberKey,
    /// Whether their membership is active.
    pub is_active: bool,
    /// How the actor stands to them.
    pub relation: Relation,
}

impl Protected for Follower {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.member.org).related(self.relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }
}
