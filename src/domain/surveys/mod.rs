//! Surveys: what the staff of a course asks its learners, each of whom answers once. Of an anonymous one nothing that is stored leads from an
//! answer to a person. Tables: `surveys`, `survey_participants`, `survey_responses`.

pub mod answers;
pub mod lists;
pub mod model;
pub mod respond;
pub mod results;
pub mod write;

pub use model::{Survey, SurveyResponse, SurveyState};
