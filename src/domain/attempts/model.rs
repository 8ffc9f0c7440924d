//! The attempt row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::attempts;
use crate::domain::content::{Points, ReviewPolicy};
use crate::domain::refusal::State;
use crate::kernel::ids::{
    AttemptKey, CourseId, CourseKey, EnrollmentId, EnrollmentKey, MemberId, RevisionId, RevisionKey, UnitId,
    UnitKey,
};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

text_enum! {
    /// Where an attempt stands.
    AttemptState {
        /// Open: answers are taken.
        InProgress = "in_progress",
        /// Submitted; people have still to grade an answer.
        NeedsGrading = "needs_grading",
        /// Submitted and graded.
        Graded = "graded",
        /// Its time ran out before anything was saved. It counts among the attempts that the quiz allows.
        Abandoned = "abandoned",
        /// Declared void: it counts for nothing, and not among the attempts that the quiz allows.
        Voided = "voided",
    }
}

impl State for AttemptState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::InProgress => &[Self::NeedsGrading, Self::Graded, Self::Abandoned, Self::Voided],
            Self::NeedsGrading => &[Self::Graded, Self::Voided],
            Self::Graded | Self::Abandoned => &[Self::Voided],
            Self::Voided => &[],
        }
    }
}

/// One try at a quiz.
///
/// Requires: your own attempt, or `learning_records.read` that reaches its learner. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = attempts)]
#[graphql(complex)]
pub struct Attempt {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: AttemptKey,
    /// The enrolment that it belongs to.
    #[graphql(skip)]
    pub enrollment_id: EnrollmentId,
    /// The quiz.
    #[graphql(skip)]
    pub unit_id: UnitId,
    /// The course of the quiz.
    #[graphql(skip)]
    pub course_id: CourseId,
    /// The revision that it was started in.
    #[graphql(skip)]
    pub revision_id: RevisionId,
    /// The learner.
    #[graphql(skip)]
    pub member_id: MemberId,
    /// 1 for the enrolment's first attempt at this quiz, counting up. Cost: 1.
    pub number: i32,
    /// Where the attempt stands. Cost: 1.
    pub state: AttemptState,
    /// Where the order of its questions and options comes from.
    #[graphql(skip)]
    pub seed: i64,
    /// When the attempt was started. Cost: 1.
    pub started_at: DateTime<Utc>,
    /// Until when answers are taken, by the server's clock; null where the quiz has no time limit and never closes. Cost: 1.
    pub deadline_at: Option<DateTime<Utc>>,
    /// When the attempt was closed; null while it is open. Cost: 1.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Whether the attempt was closed because its time was over, with what had been saved. Cost: 1.
    pub submitted_automatically: bool,
    /// Points earned; null unless the attempt is graded. A voided one keeps what it had. Cost: 1.
    pub points: Option<Points>,
    /// Points that can be earned. Cost: 1.
    pub max_points: Points,
    /// Points that pass. Cost: 1.
    pub pass_points: Points,
    /// When the service submits what was saved, if the learner has not: the deadline and the quiz's grace; null where there is
    /// no deadline. Cost: 1.
    pub overdue_at: Option<DateTime<Utc>>,
    /// When the attempt was declared void; null where it was not. Cost: 1.
    pub voided_at: Option<DateTime<Utc>>,
    /// Who declared it void.
    #[graphql(skip)]
    pub voided_by: Option<MemberId>,
    /// Why it was declared void, as its learner is told. Cost: 1.
    pub void_reason: Option<String>,
}

impl Attempt {
    /// The enrolment that it belongs to.
    pub const fn enrollment_key(&self) -> EnrollmentKey {
        EnrollmentKey::new(self.key.org, self.enrollment_id)
    }

    /// The revision that it was started in.
    pub const fn revision_key(&self) -> RevisionKey {
        RevisionKey::new(self.key.org, self.revision_id)
    }

    /// The quiz.
    pub const fn unit_key(&self) -> UnitKey {
        UnitKey::new(CourseKey::new(self.key.org, self.course_id), self.unit_id)
    }

    /// Whether it earned the points that pass.
    pub fn is_passed(&self) -> bool {
        self.points.is_some_and(|points| points >= self.pass_points)
    }

    /// Whether its learner may see what was right: once it is graded, if the quiz's policy says so and the quiz, where that
    /// matters, is closed.
    pub fn is_reviewable(&self, policy: ReviewPolicy, is_closed: bool) -> bool {
        self.state == AttemptState::Graded && policy.is_open(self.is_passed(), is_closed)
    }
}

/// An attempt, locked in a write, with what the write depends on.
#[derive(Clone, Debug)]
pub struct SeenAttempt {
    /// The row.
    pub attempt: Attempt,
    /// How the actor stands to it.
    pub relation: Relation,
    /// Whether its enrolment still stands.
    pub is_enrolled: bool,
    /// Whether it is of the cycle that its enrolment is in.
    pub is_of_cycle: bool,
    /// Whether its time, with the grace that the write gives, was over by the database's clock.
    pub is_late: bool,
}

impl Protected for SeenAttempt {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Attempt, self.attempt.key.org).related(self.relation)
    }

    fn read_permission(&self) -> Option<Permission> {
        Some(Permission::LearningRecordsRead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    fn attempt(state: AttemptState, points: Option<i32>) -> Attempt {
        let id = Uuid::nil();
        Attempt {
            key: AttemptKey::new(crate::kernel::ids::OrgId(id), crate::kernel::ids::AttemptId(id)),
            enrollment_id: EnrollmentId(id),
            unit_id: UnitId(id),
            course_id: CourseId(id),
            revision_id: RevisionId(id),
            member_id: MemberId(id),
            number: 1,
            state,
            seed: 0,
            started_at: DateTime::UNIX_EPOCH,
            deadline_at: None,
            submitted_at: None,
            submitted_automatically: false,
            points: points.map(Points),
            max_points: Points(5),
            pass_points: Points(3),
            overdue_at: None,
            voided_at: None,
            voided_by: None,
            void_reason: None,
        }
    }

    #[test]
    fn review_opens_when_its_policy_says_and_never_on_an_open_attempt() {
        use ReviewPolicy::{AfterClosing, AfterPassing, AfterSubmission, Never};
        let cases = [
            (AttemptState::InProgress, None, [false; 5]),
            (AttemptState::Abandoned, None, [false; 5]),
            (AttemptState::NeedsGrading, None, [false; 5]),
            (AttemptState::Voided, Some(3), [false; 5]),
            (AttemptState::Graded, Some(2), [false, true, false, false, true]),
            (AttemptState::Graded, Some(3), [false, true, true, false, true]),
        ];
        let policies = [
            (Never, true),
            (AfterSubmission, false),
            (AfterPassing, false),
            (AfterClosing, false),
            (AfterClosing, true),
        ];
        for (state, points, expected) in cases {
            let open =
                policies.map(|(policy, is_closed)| attempt(state, points).is_reviewable(policy, is_closed));
            assert_eq!(open, expected, "{state:?} {points:?}");
        }
    }
}
