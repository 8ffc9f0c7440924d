//! What is asked and done about quizzes and attempts, in one group: the schema names it once.

use super::accommodations::AccommodationMutation;
use super::attempt_mutations::AttemptMutation;
use super::attempts::AttemptQuery;
use super::question_bank_mutations::QuestionBankMutation;
use super::question_banks::QuestionBankQuery;
use super::receipts::ReceiptQuery;
use super::regrades::RegradeMutation;
use async_graphql::MergedObject;

/// What can be read of attempts, and of banks of questions.
#[derive(MergedObject, Default)]
pub struct AssessmentQuery(AttemptQuery, ReceiptQuery, QuestionBankQuery);

/// What is done to attempts, and to banks of questions.
#[derive(MergedObject, Default)]
pub struct AssessmentMutation(
    AttemptMutation,
    AccommodationMutation,
    RegradeMutation,
    QuestionBankMutation,
);
