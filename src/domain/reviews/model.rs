//! The review row.

use crate::db::schema::course_reviews;
use crate::kernel::ids::{CourseId, CourseKey, CourseReviewKey, EnrollmentId, MemberId, MemberKey};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

/// What a learner says of a course.
///
/// Requires: seeing the course as a member. A review that is hidden is seen by its author and by who may edit the course. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = course_reviews)]
#[graphql(complex)]
pub struct CourseReview {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: CourseReviewKey,
    /// The enrolment that it comes from.
    #[graphql(skip)]
    pub enrollment_id: EnrollmentId,
    /// The course.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// Its author.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// One to five stars. Cost: 1.
    pub stars: i32,
    /// What the learner says, plain text; empty where that is nothing. Cost: 1.
    pub text: String,
    /// When it was written. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// When it was last changed. Cost: 1.
    pub updated_at: DateTime<Utc>,
    /// When the course's staff hid it; null where it did not. Cost: 1.
    pub hidden_at: Option<DateTime<Utc>>,
    /// Why it is hidden; null where it is not. Cost: 1.
    pub hidden_reason: Option<String>,
}

impl CourseReview {
    /// The course.
    pub const fn course_key(&self) -> CourseKey {
        CourseKey::new(self.key.org, self.course_id)
    }

    /// Its author.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }
}
