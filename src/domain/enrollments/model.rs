//! The enrolment row and what decisions depend on.

use crate::auth::allowed::Protected;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Relation};
use crate::db::schema::enrollments;
use crate::domain::refusal::State;
use crate::kernel::ids::{CourseId, CourseKey, EnrollmentKey, MemberId, MemberKey, RevisionId, RevisionKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::dsl::{AsExprOf, now};
use diesel::prelude::*;
use diesel::sql_types::Timestamptz;

text_enum! {
    /// Where an enrolment stands.
    EnrollmentState {
        /// The learner asks to be let in; somebody of the staff decides.
        Requested = "requested",
        /// All seats are taken; the enrolment becomes active by itself when its turn has come.
        Waitlisted = "waitlisted",
        /// The learner is working through the course.
        Active = "active",
        /// The course is complete.
        Completed = "completed",
        /// The time that the learner had is over.
        Expired = "expired",
        /// The learner has left the course.
        Withdrawn = "withdrawn",
        /// The learner's request was declined.
        Declined = "declined",
    }
}

/// SQL for the states of [`EnrollmentState::is_or_was_in`], for a `Statement`.
#[macro_export]
macro_rules! is_or_was_in_sql {
    () => {
        "('active', 'completed', 'expired')"
    };
}

impl EnrollmentState {
    /// The states of who is in the course, or was until their time was over.
    pub const IS_OR_WAS_IN: [Self; 3] = [Self::Active, Self::Completed, Self::Expired];

    /// Whether the learner is in the course: may work through it, or has done so.
    pub const fn is_in(self) -> bool {
        matches!(self, Self::Active | Self::Completed)
    }

    /// Whether the learner is in the course, or was until their time was over.
    pub fn is_or_was_in(self) -> bool {
        Self::IS_OR_WAS_IN.contains(&self)
    }

    /// Whether the learner was let in, now or at some time.
    pub fn is_pinned(self) -> bool {
        self.is_or_was_in() || matches!(self, Self::Withdrawn)
    }

    /// How clients spell it.
    pub fn shown(self) -> String {
        self.as_str().to_uppercase()
    }
}

impl State for EnrollmentState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Requested => &[Self::Active, Self::Declined, Self::Withdrawn],
            Self::Waitlisted => &[Self::Active, Self::Withdrawn],
            Self::Active => &[Self::Completed, Self::Expired, Self::Withdrawn],
            Self::Completed | Self::Expired => &[Self::Active],
            Self::Withdrawn => &[Self::Requested, Self::Waitlisted, Self::Active],
            Self::Declined => &[Self::Waitlisted, Self::Active],
        }
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
    /// When the learner was enrolled; while they are not yet, when they asked. Cost: 1.
    pub enrolled_at: DateTime<Utc>,
    /// Since when the days of assignments and of rules count: when the learner was enrolled, or last began the course anew; null before they
    /// are let in. Cost: 1.
    pub started_at: Option<DateTime<Utc>>,
    /// When the course was complete; null before. Cost: 1.
    pub completed_at: Option<DateTime<Utc>>,
    /// How often the learner has begun the course: 1 for the first time, counting up with each recertification. Cost: 1.
    pub cycle: i32,
    /// Until when the course is to be complete; null where that is open. Cost: 1.
    pub due_at: Option<DateTime<Utc>>,
    /// Until when the learner may work through the course, if it is not complete by then; null where that is open. Cost: 1.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the learner asked to be let in, or was put on the waiting list; null for who did neither. Cost: 1.
    pub requested_at: Option<DateTime<Utc>>,
    /// Who decided about the request.
    #[graphql(skip)]
    pub decided_by: Option<MemberId>,
    /// Why the request was declined; null where it was not, or nothing was said. Cost: 1.
    pub decline_reason: Option<String>,
    /// When the learner begins anew by themselves, since what was learned holds for so long; null where it holds for good, and
    /// before the course is complete. Cost: 1.
    pub renews_at: Option<DateTime<Utc>>,
    /// When something that the learner did was last reported.
    #[graphql(skip)]
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When the transaction began that read the row, by the database's clock: what is due, over or open by now is so by the clock that set its
    /// time.
    #[diesel(select_expression = now.into_sql::<Timestamptz>(), select_expression_type = AsExprOf<now, Timestamptz>)]
    #[graphql(skip)]
    pub read_at: DateTime<Utc>,
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

    /// Whether the course should be complete by now and is not.
    pub fn is_past_due(&self) -> bool {
        self.state == EnrollmentState::Active && self.due_at.is_some_and(|due| due < self.read_at)
    }

    /// Since when days count for the learner.
    pub fn begun_at(&self) -> DateTime<Utc> {
        self.started_at.unwrap_or(self.enrolled_at)
    }

    /// Who decided about the request.
    pub fn decider(&self) -> Option<MemberKey> {
        self.decided_by.map(|id| MemberKey::new(self.key.org, id))
    }

    /// The edition that the learner works through.
    pub const fn revision_key(&self) -> RevisionKey {
        RevisionKey::new(self.key.org, self.revision_id)
    }

    /// The edition that the learner is pinned to; nothing for who is not let in yet: they are pinned then.
    pub fn pin(&self) -> Option<RevisionKey> {
        self.state.is_pinned().then(|| self.revision_key())
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

/// An enrolment as those decide about it who let learners in. Nobody decides about their own, be it in a course that they teach or in a
/// group that they manage, but for who reaches everything.
#[derive(Clone, Debug)]
pub struct Decided(pub SeenEnrollment);

impl Protected for Decided {
    fn facts(&self) -> Facts {
        Facts::of(Kind::Enrollment, self.0.enrollment.key.org).related(self.0.relation.of_others())
    }

    fn read_permission(&self) -> Option<Permission> {
        self.0.read_permission()
    }

    fn read_facts(&self) -> Facts {
        self.0.facts()
    }
}

#[cfg(test)]
mod tests {
    use super::{EnrollmentState, State};

    #[test]
    fn no_state_follows_itself_and_each_is_reached() {
        use EnrollmentState::{Active, Completed, Declined, Expired, Requested, Waitlisted, Withdrawn};
        let all = [
            Requested, Waitlisted, Active, Completed, Expired, Withdrawn, Declined,
        ];
        for state in all {
            assert!(!state.next().contains(&state), "{state:?}");
            assert!(all.iter().any(|from| from.next().contains(&state)), "{state:?}");
        }
    }

    #[test]
    fn sql_and_code_name_the_same_states() {
        let words = EnrollmentState::IS_OR_WAS_IN.map(|state| format!("'{}'", state.as_str()));
        assert_eq!(is_or_was_in_sql!(), format!("({})", words.join(", ")));
    }
}
