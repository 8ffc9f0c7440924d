//! What authors do with banks of questions.

use super::question_banks::{find, find_question};
use super::question_inputs::QuestionInput;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::courses::bank_writes;
use crate::domain::courses::banks::{BankQuestion, QuestionBank};
use crate::kernel::ids::{BankQuestionKey, OrganizationKey, QuestionBankKey, QuestionId};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use std::sync::Arc;

/// What `questionBankCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionBankCreateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The bank's name, 1 to 200 characters.
    pub name: String,
    /// What is in it, Markdown, at most 2000 characters.
    #[graphql(default)]
    pub description: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `questionBankUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionBankUpdateInput {
    /// The bank.
    pub id: ID,
    /// Its name, 1 to 200 characters.
    pub name: Option<String>,
    /// What is in it, Markdown, at most 2000 characters.
    pub description: Option<String>,
    /// The version that this edit was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `questionBankArchive` takes.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionBankArchiveInput {
    /// The bank.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `questionCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionCreateInput {
    /// The bank.
    pub bank_id: ID,
    /// The question; its `id` is of no use here.
    pub question: QuestionInput,
    /// What it is about, for pools to choose by: at most 20 tags of 1 to 50 characters.
    #[graphql(default)]
    pub tags: Vec<String>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `questionUpdate` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionUpdateInput {
    /// The question of a bank.
    pub id: ID,
    /// The question's next version; its `id` is of no use here.
    pub question: Option<QuestionInput>,
    /// What it is about: at most 20 tags of 1 to 50 characters.
    pub tags: Option<Vec<String>>,
    /// The number of the version that this edit was made on; refused when there is a newer one by now.
    pub expected_number: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `questionRetire` takes.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionRetireInput {
    /// The question of a bank.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    QuestionBankCreateInput,
    QuestionBankUpdateInput,
    QuestionBankArchiveInput,
    QuestionCreateInput,
    QuestionUpdateInput,
    QuestionRetireInput
);

payload! {
    /// What `questionBankCreate` answers.
    QuestionBankCreatePayload {
        /// The new bank.
        bank: Arc<QuestionBank>,
    }
    QuestionBankCreateUserError, QuestionBankCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `questionBankUpdate` answers.
    QuestionBankUpdatePayload {
        /// The bank.
        bank: Arc<QuestionBank>,
    }
    QuestionBankUpdateUserError, QuestionBankUpdateErrorCode { NotFound, Invalid, InvalidState, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `questionBankArchive` answers.
    QuestionBankArchivePayload {
        /// The bank.
        bank: Arc<QuestionBank>,
    }
    QuestionBankArchiveUserError, QuestionBankArchiveErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `questionCreate` answers.
    QuestionCreatePayload {
        /// The new question.
        question: Arc<BankQuestion>,
    }
    QuestionCreateUserError, QuestionCreateErrorCode { NotFound, Invalid, InvalidState, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `questionUpdate` answers.
    QuestionUpdatePayload {
        /// The question.
        question: Arc<BankQuestion>,
    }
    QuestionUpdateUserError, QuestionUpdateErrorCode { NotFound, Invalid, InvalidState, VersionConflict, IdempotencyMismatch }
}

payload! {
    /// What `questionRetire` answers.
    QuestionRetirePayload {
        /// The question.
        question: Arc<BankQuestion>,
    }
    QuestionRetireUserError, QuestionRetireErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations on banks of questions.
#[derive(Default)]
pub struct QuestionBankMutation;

#[Object]
impl QuestionBankMutation {
    /// Creates a bank of questions, from which quizzes draw. Requires: `questions.manage`. Cost: 1.
    async fn question_bank_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new bank.")] input: QuestionBankCreateInput,
    ) -> Result<Option<QuestionBankCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return QuestionBankCreatePayload::refused(refusals),
        };
        let (name, description) = (input.name.clone(), input.description.clone());
        let done = ctx
            .operation()
            .mutate("questionBankCreate", org.0, &input, move |write| {
                Box::pin(async move { bank_writes::create_bank(write, &name, &description).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(QuestionBankCreatePayload {
                bank: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => QuestionBankCreatePayload::refused(refusals),
        }
    }

    /// Changes what a bank says of itself. Requires: `questions.manage`. Cost: 1.
    async fn question_bank_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: QuestionBankUpdateInput,
    ) -> Result<Option<QuestionBankUpdatePayload>> {
        signed_in(ctx)?;
        let bank: QuestionBankKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return QuestionBankUpdatePayload::refused(refusals),
        };
        let (name, description) = (input.name.clone(), input.description.clone());
        let expected = input.expected_version;
        let done = ctx
            .operation()
            .mutate("questionBankUpdate", bank.org, &input, move |write| {
                Box::pin(async move {
                    bank_writes::update_bank(write, bank, name.as_deref(), description.as_deref(), expected)
                        .await
                })
            });
        let (payload, shown) = QuestionBankUpdatePayload::of_edit(done.await?)?;
        let bank = show(shown, find(ctx, bank)).await?;
        Ok(Some(QuestionBankUpdatePayload { bank, ..payload }))
    }

    /// Archives a bank for good: no course that is published later draws from it. Courses that are published keep what they draw.
    ///
    /// Requires: `questions.manage`. Cost: 1.
    async fn question_bank_archive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bank.")] input: QuestionBankArchiveInput,
    ) -> Result<Option<QuestionBankArchivePayload>> {
        signed_in(ctx)?;
        let bank: QuestionBankKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return QuestionBankArchivePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("questionBankArchive", bank.org, &input, move |write| {
                Box::pin(async move { bank_writes::archive_bank(write, bank).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(QuestionBankArchivePayload {
                bank: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => QuestionBankArchivePayload::refused(refusals),
        }
    }

    /// Adds a question to a bank. Requires: `questions.manage`. Cost: 1.
    async fn question_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which bank, and the question.")] input: QuestionCreateInput,
    ) -> Result<Option<QuestionCreatePayload>> {
        signed_in(ctx)?;
        let bank: QuestionBankKey = match key(&input.bank_id, "bankId") {
            Ok(key) => key,
            Err(refusals) => return QuestionCreatePayload::refused(refusals),
        };
        let question = input
            .question
            .clone()
            .identified(QuestionId(ctx.app().clock.uuid()));
        let tags = input.tags.clone();
        let done = ctx
            .operation()
            .mutate("questionCreate", bank.org, &input, move |write| {
                Box::pin(async move { bank_writes::create_question(write, bank, &question, tags).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(QuestionCreatePayload {
                question: find_question(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => QuestionCreatePayload::refused(refusals),
        }
    }

    /// Writes the next version of a question, or gives it other tags. Courses that are published keep the version that they have;
    /// the next revision gets the newest.
    ///
    /// Requires: `questions.manage`. Cost: 1.
    async fn question_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: QuestionUpdateInput,
    ) -> Result<Option<QuestionUpdatePayload>> {
        signed_in(ctx)?;
        let id: BankQuestionKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return QuestionUpdatePayload::refused(refusals),
        };
        let question = input.question.clone();
        let question = question.map(|question| question.identified(QuestionId(id.id.0)));
        let (tags, expected) = (input.tags.clone(), input.expected_number);
        let done = ctx
            .operation()
            .mutate("questionUpdate", id.org, &input, move |write| {
                Box::pin(async move {
                    bank_writes::update_question(write, id, question.as_ref(), tags, expected).await
                })
            });
        let (payload, shown) = QuestionUpdatePayload::of_edit(done.await?)?;
        let question = show(shown, find_question(ctx, id)).await?;
        Ok(Some(QuestionUpdatePayload { question, ..payload }))
    }

    /// Retires a question for good: no course that is published later draws it. Requires: `questions.manage`. Cost: 1.
    async fn question_retire(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which question.")] input: QuestionRetireInput,
    ) -> Result<Option<QuestionRetirePayload>> {
        signed_in(ctx)?;
        let id: BankQuestionKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return QuestionRetirePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("questionRetire", id.org, &input, move |write| {
                Box::pin(async move { bank_writes::retire_question(write, id).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(QuestionRetirePayload {
                question: find_question(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => QuestionRetirePayload::refused(refusals),
        }
    }
}
