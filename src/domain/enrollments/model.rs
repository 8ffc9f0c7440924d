//! The enrolment row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::enrollments;
use crate::kernel::ids::{CourseId, CourseKey, EnrollmentKey, MemberId, MemberKey, RevisionId, RevisionKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

text_enum! {
    /// Where an enrolment stands.
    EnrollmentState {
        /// The learner is working through the course.
        Active = "active",
        /// The course is complete.
        Completed = "completed",
        /// The learner has left the course.
        Withdrawn = "withdrawn",
    }
}

text_enum! {
    /// Who made an enrolment.
    EnrollmentSource {
        /// The learner joined.
        #[graphql(name = "SELF")]
        Learner = "self",
        /// Somebody of the staff enrolled the learner.
        Staff = "staff",
    }
}

/// A learner's place in a course, pinned to one revision of it.
///
/// Requires: `learning_records.read` for the learner. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = enrollments)]
#[graphql(complex)]
pub struct Enrollment {
    /// Organisation and enrolment.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: EnrollmentKey,
    /// The course.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// The learner.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// The edition that the learner works through.
    #[graphql(skip)]
    pub revision_id: RevisionId,
    /// Where the enrolment stands. Cost: 1.
    pub state: EnrollmentState,
    /// Who made it. Cost: 1.
    pub source: EnrollmentSource,
    /// Units that the edition's completion rule requires.
    #[graphql(skip)]
    pub unit_count: i32,
    /// How many of those are complete.
    #[graphql(skip)]
    pub units_completed: i32,
    /// When the learner was enrolled. Cost: 1.
    pub enrolled_at: DateTime<Utc>,
    /// When the course was complete; null before. Cost: 1.
    pub completed_at: Option<DateTime<Utc>>,
}

impl Enrollment {
    /// The course.
    pub const fn course_key(&self) -> CourseKey {
        CourseKey::new(self.key.org, self.course_id)
    }

    /// The learner.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }

    /// The edition that the learner works through.
    pub const fn revision_key(&self) -> RevisionKey {
        RevisionKey::new(self.key.org, self.revision_id)
    }
}

/// An enrolment with the actor's relation to it, read and locked in the write that decides on it.
#[derive(Clone, Debug)]
pub struct SeenEnrollment {
    /// The row.
    pub enrollment: Enrollment,
    /// How the actor stands to it.
    pub relation: Relation,
}

impl Protected for SeenEnrollment {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.enrollment.key.org).related(self.relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }
}
