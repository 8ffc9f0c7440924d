//! The rows: a survey, and what somebody answered.

use super::answers::SurveyAnswer;
use crate::db::schema::{survey_responses, surveys};
use crate::domain::content::{SurveyAudience, SurveyContent, SurveyQuestion};
use crate::domain::enrollments::Enrollment;
use crate::domain::refusal::State;
use crate::kernel::ids::{CourseId, CourseKey, MemberId, MemberKey, SurveyId, SurveyKey, SurveyResponseKey};
use crate::text_enum;
use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::Deserialize;
use serde_json::Value;

text_enum! {
    /// Where a survey stands.
    SurveyState {
        /// Its questions are being written.
        Draft = "draft",
        /// Learners answer it.
        Open = "open",
        /// Nobody answers it any more.
        Closed = "closed",
    }
}

impl State for SurveyState {
    fn next(self) -> &'static [Self] {
        match self {
            Self::Draft => &[Self::Open],
            Self::Open => &[Self::Closed],
            Self::Closed => &[],
        }
    }
}

/// What the staff of a course asks its learners. Each answers once.
///
/// Requires: `courses.update` or `learning_records.read` for the whole course, or being a learner of it; drafts are seen with
/// `courses.update` alone. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = surveys)]
#[graphql(complex)]
pub struct Survey {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: SurveyKey,
    /// Its title. Cost: 1.
    pub title: String,
    /// What it is for, plain text; empty where nothing is said. Cost: 1.
    pub description: String,
    #[graphql(skip)]
    questions: Value,
    /// Which learners of the course it asks. Cost: 1.
    pub audience: SurveyAudience,
    /// Whether nobody learns who answered what: neither the member nor the time is stored with an answer. That somebody has answered is.
    /// Cost: 1.
    pub is_anonymous: bool,
    /// Where it stands. Cost: 1.
    pub state: SurveyState,
    /// Counts its edits, from 1: the `expectedVersion` of an edit. Cost: 1.
    pub version: i32,
    /// When it was created. Cost: 1.
    pub created_at: DateTime<Utc>,
    /// Since when learners could answer it; null for a draft. Cost: 1.
    pub opened_at: Option<DateTime<Utc>>,
    /// Since when nobody answers it any more; null before. Cost: 1.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Survey {
    /// Its questions in order, numbered from 1.
    pub fn asked(&self) -> Vec<SurveyQuestion> {
        Vec::deserialize(&self.questions).unwrap_or_default()
    }

    /// What it is made of.
    pub fn content(&self) -> SurveyContent {
        SurveyContent {
            title: self.title.clone(),
            description: self.description.clone(),
            questions: self.asked(),
            audience: self.audience,
            is_anonymous: self.is_anonymous,
        }
    }

    /// Whether it asks the learner of an enrolment of its course, now.
    pub fn asks(&self, enrollment: &Enrollment) -> bool {
        let in_time = match self.audience {
            SurveyAudience::Everybody => true,
            SurveyAudience::Completed => enrollment.completed_at.is_some(),
        };
        self.state == SurveyState::Open && enrollment.state.is_in() && in_time
    }
}

/// What somebody answered.
///
/// Requires: your own, or `learning_records.read` for the whole course. Those of an anonymous survey are shown once it is closed, if there
/// are five or more. Cost: 1.
#[derive(Clone, Debug, HasQuery, SimpleObject)]
#[diesel(table_name = survey_responses)]
#[graphql(complex)]
pub struct SurveyResponse {
    /// Its key.
    #[diesel(embed)]
    #[graphql(skip)]
    pub key: SurveyResponseKey,
    #[graphql(skip)]
    survey_id: SurveyId,
    #[graphql(skip)]
    course_id: CourseId,
    #[graphql(skip)]
    member_id: Option<MemberId>,
    #[graphql(skip)]
    answers: Value,
    /// When it was sent; null where it is nobody's. Cost: 1.
    pub submitted_at: Option<DateTime<Utc>>,
}

impl SurveyResponse {
    /// The survey.
    pub const fn survey_key(&self) -> SurveyKey {
        SurveyKey::new(CourseKey::new(self.key.org, self.course_id), self.survey_id)
    }

    /// Who answered; nobody for an anonymous survey.
    pub fn member_key(&self) -> Option<MemberKey> {
        self.member_id.map(|id| MemberKey::new(self.key.org, id))
    }

    /// What was answered, in the order of the questions.
    pub fn given(&self) -> Vec<SurveyAnswer> {
        Vec::deserialize(&self.answers).unwrap_or_default()
    }
}
