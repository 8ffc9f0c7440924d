//! What is done about learners' places in courses and on paths, and by learners beside their learning: one group of mutations.

use super::bookmark_mutations::BookmarkMutation;
use super::enrollment_bulk::EnrollmentBulkMutation;
use super::enrollment_mutations::EnrollmentMutation;
use super::enrollment_terms_mutations::EnrollmentTermsMutation;
use super::path_enrollment_mutations::PathEnrollmentMutation;
use super::review_mutations::ReviewMutation;
use super::revision_upgrades::RevisionUpgradeMutation;
use super::survey_mutations::SurveyMutation;
use async_graphql::MergedObject;

/// What is done about learners' places in courses and on paths, and by learners beside their learning.
#[derive(MergedObject, Default)]
pub struct DeliveryMutations(
    EnrollmentMutation,
    EnrollmentTermsMutation,
    EnrollmentBulkMutation,
    RevisionUpgradeMutation,
    PathEnrollmentMutation,
    BookmarkMutation,
    ReviewMutation,
    SurveyMutation,
);
