//! What is asked and done about quizzes and attempts, in one group: the schema names it once.

use super::accommodations::AccommodationMutation;
use super::attempt_mutations::AttemptMutation;
use super::attempts::AttemptQuery;
use super::receipts::ReceiptQuery;
use super::regrades::RegradeMutation;
use async_graphql::MergedObject;

/// What can be read of attempts.
#[derive(MergedObject, Default)]
pub struct AssessmentQuery(AttemptQuery, ReceiptQuery);

/// What is done to attempts.
#[derive(MergedObject, Default)]
pub struct AssessmentMutation(AttemptMutation, AccommodationMutation, RegradeMutation);
