//! What the authoring mutations take.

use super::unit_inputs::UnitContentInput;
use crate::domain::content::CompletionRule;
use crate::domain::courses::CourseVisibility;
use crate::inputs;
use async_graphql::{ID, InputObject};

/// What `courseCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseCreateInput {
    /// The organisation that will run the course.
    pub organization_id: ID,
    /// Its name in addresses: 1 to 63 of a–z, 0–9 and -, unique in the organisation.
    pub slug: String,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it is about, Markdown, at most 2000 characters.
    #[graphql(default)]
    pub summary: String,
    /// Who will find it once it is published.
    #[graphql(default_with = "CourseVisibility::Members")]
    pub visibility: CourseVisibility,
    /// The organisation's own name for it, unique in the organisation.
    pub external_id: Option<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `courseUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct CourseUpdateInput {
    /// The course.
    pub id: ID,
    /// Its name in addresses; changes at once.
    pub slug: Option<String>,
    /// Who finds it in the catalogue; changes at once.
    pub visibility: Option<CourseVisibility>,
    /// What the course is about in a word each, at most 20 of at most 50 characters; kept in lower case, changes at once.
    pub tags: Option<Vec<String>>,
    /// The language that it is written in, a tag of BCP 47 such as en, de-AT or zh-Hans; changes at once.
    pub language: Option<String>,
    /// The title of the next revision.
    pub title: Option<String>,
    /// The summary of the next revision, Markdown.
    pub summary: Option<String>,
    /// When an enrolment in the next revision is complete.
    pub completion_rule: Option<CompletionRule>,
    /// Whether only a draft that somebody else approved as it is can be published; changes at once, and takes
    /// `courses.publish`.
    pub requires_review: Option<bool>,
    /// Which share of the units is to be complete, 1 to 100 percent, where the rule is `MINIMUM_PERCENT`.
    pub completion_percent: Option<i32>,
    /// The draft's version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `coursePublish` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CoursePublishInput {
    /// The course.
    pub id: ID,
    /// The draft's version that you have seen; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `moduleCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleCreateInput {
    /// The course whose draft gets the module.
    pub course_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Where it stands, from 0; at the end where this is left out.
    pub position: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct UnitCreateInput {
    /// The module that gets the unit.
    pub module_id: ID,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What it is.
    pub content: UnitContentInput,
    /// Where it stands, from 0; at the end where this is left out.
    pub position: Option<i32>,
    /// Whether the course demands it, where the completion rule is `REQUIRED_UNITS`.
    #[graphql(default = true)]
    pub is_required: bool,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `unitUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct UnitUpdateInput {
    /// The unit.
    pub id: ID,
    /// Its title, 1 to 200 characters.
    pub title: Option<String>,
    /// What it is made of; of the kind that it already is. It replaces what the unit was made of as a whole, so what is left out of a
    /// video, say, is taken away; only a quiz keeps what is left out.
    pub content: Option<UnitContentInput>,
    /// The unit's version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Whether the course demands it, where the completion rule is `REQUIRED_UNITS`.
    pub is_required: Option<bool>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    CourseCreateInput,
    CourseUpdateInput,
    CoursePublishInput,
    ModuleCreateInput,
    UnitCreateInput,
    UnitUpdateInput
);
