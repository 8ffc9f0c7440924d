//! The row of an event.

use crate::kernel::ids::{
    AttemptKey, CertificateKey, CourseKey, EnrollmentKey, EventKey, Key, MemberId, ModuleKey, SubmissionKey,
    SurveyKey, UnitKey,
};
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Something that happened in an organisation. It names things by reference; what they are like by now is read from them.
///
/// Requires: `audit.read` with the reach `all`; or, for what happened to an enrolment, an attempt, a submission or a certificate,
/// `learning_records.read` of it; or, for what happened to a course, `courses.read_draft` of it. What happened to members' accounts,
/// of a type that begins with `security.`, takes `security.read` instead. An operator who reads by a grant is told of no `support.read`.
/// Cost: 1.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct Event {
    /// Its key.
    #[graphql(skip)]
    pub key: EventKey,
    /// Its place in the log, from 1.
    #[graphql(skip)]
    pub sequence: i64,
    /// When it happened. Cost: 1.
    pub at: DateTime<Utc>,
    /// What happened, such as `course.published`; of a security event, `security.` and its kind in small letters, such as
    /// `security.sign_in_failed`. Cost: 1.
    #[graphql(name = "type")]
    pub kind: String,
    /// The identifier of what it happened to.
    #[graphql(skip)]
    pub subject: String,
    /// Whose learning it is about.
    #[graphql(skip)]
    pub record: Option<Record>,
}

/// Whose learning an event is about, and of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The course.
    pub course: CourseKey,
    /// The learner.
    pub learner: MemberId,
}

impl Event {
    /// The identifier of the learning record that it happened to, where it did to one.
    pub(super) fn record_id(&self) -> Option<Uuid> {
        let subject = self.subject.as_str();
        EnrollmentKey::parse(subject)
            .map(|key| key.id.0)
            .or_else(|| AttemptKey::parse(subject).map(|key| key.id.0))
            .or_else(|| SubmissionKey::parse(subject).map(|key| key.id.0))
            .or_else(|| CertificateKey::parse(subject).map(|key| key.id.0))
    }

    /// The course that it happened to, or in whose content.
    pub fn course(&self) -> Option<CourseKey> {
        let subject = self.subject.as_str();
        CourseKey::parse(subject)
            .or_else(|| ModuleKey::parse(subject).map(|key| key.course))
            .or_else(|| UnitKey::parse(subject).map(|key| key.course))
            .or_else(|| SurveyKey::parse(subject).map(|key| key.course))
    }
}
