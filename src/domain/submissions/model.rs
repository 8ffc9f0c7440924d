//! The submission row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::submissions;
use crate::domain::content::Points;
use crate::kernel::ids::{
    CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, MemberKey, RevisionId, RevisionKey,
    SubmissionKey, UnitId, UnitKey,
};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;

text_enum! {
    /// Where a submission stands.
    SubmissionState {
        /// It waits to be graded.
        Submitted = "submitted",
        /// The learner handed in another before this one was graded, which it never will be.
        Superseded = "superseded",
        /// It is graded.
        Graded = "graded",
    }
}

/// What a learner handed in for an assignment.
///
/// Requires: your own, or `learning_records.read` that reaches its learner. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = submissions)]
#[graphql(complex)]
pub struct Submission {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: SubmissionKey,
    /// The enrolment that it belongs to.
    #[graphql(skip)]
    pub enrollment_id: EnrollmentId,
    /// The assignment.
    #[graphql(skip)]
    pub unit_id: UnitId,
    /// The course of the assignment.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// The edition that it was handed in for.
    #[graphql(skip)]
    pub revision_id: RevisionId,
    /// The learner.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// Which cycle of the enrolment it was handed in for.
    #[graphql(skip)]
    pub cycle: i32,
    /// 1 for the enrolment's first submission for this assignment, counting up. Cost: 1.
    pub number: i32,
    /// Where it stands. Cost: 1.
    pub state: SubmissionState,
    /// The text that was handed in, Markdown; null where there is none. Cost: 1.
    #[graphql(name = "text")]
    pub body: Option<String>,
    /// The address of a page that was handed in; null where there is none. Cost: 1.
    pub link: Option<String>,
    /// When it was handed in. Cost: 1.
    pub submitted_at: DateTime<Utc>,
    /// When it was due; null where it never was. Cost: 1.
    pub due_at: Option<DateTime<Utc>>,
    /// Whether it was handed in after it was due. Cost: 1.
    pub is_late: bool,
    /// Points earned; null unless it is graded. Cost: 1.
    pub points: Option<Points>,
    /// Points that can be earned. Cost: 1.
    pub max_points: Points,
    /// Points that pass. Cost: 1.
    pub pass_points: Points,
    #[graphql(skip)]
    rubric: Option<Value>,
    /// What the learner is told, Markdown; null where nobody said anything. Cost: 1.
    pub feedback: Option<String>,
    /// Who graded it.
    #[graphql(skip)]
    pub graded_by: Option<MemberId>,
    /// When it was graded; null before. Cost: 1.
    pub graded_at: Option<DateTime<Utc>>,
}

impl Submission {
    /// The enrolment that it belongs to.
    pub const fn enrollment_key(&self) -> EnrollmentKey {
        EnrollmentKey::new(self.key.org, self.enrollment_id)
    }

    /// The edition that it was handed in for.
    pub const fn revision_key(&self) -> RevisionKey {
        RevisionKey::new(self.key.org, self.revision_id)
    }

    /// The assignment.
    pub const fn unit_key(&self) -> UnitKey {
        UnitKey::new(CourseKey::new(self.key.org, self.course_id), self.unit_id)
    }

    /// The learner.
    pub const fn member_key(&self) -> MemberKey {
        MemberKey::new(self.key.org, self.member_id)
    }

    /// Who graded it; nobody before, and where the service did.
    pub fn grader_key(&self) -> Option<MemberKey> {
        self.graded_by.map(|id| MemberKey::new(self.key.org, id))
    }

    /// Points of each criterion of the rubric, by its key.
    pub fn criteria(&self) -> BTreeMap<String, Points> {
        let rubric = self.rubric.clone().unwrap_or_default();
        serde_json::from_value(rubric).unwrap_or_default()
    }

    /// Whether it earned the points that pass.
    pub fn is_passed(&self) -> bool {
        self.points.is_some_and(|points| points >= self.pass_points)
    }
}

/// A submission, locked in a write, with the actor's relation to it.
#[derive(Clone, Debug)]
pub struct SeenSubmission {
    /// The row.
    pub submission: Submission,
    /// How the actor stands to it.
    pub relation: Relation,
}

impl Protected for SeenSubmission {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Submission, self.submission.key.org).related(self.relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }
}
