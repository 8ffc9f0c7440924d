//! The mutations on account links.

use super::account_links::{find, proposed_to_viewer};
use super::support::mutation::{Input, key, signed_in};
use super::support::operation::Ask;
use crate::domain::account_links::{AccountLink, answer, propose};
use crate::domain::members::Member;
use crate::domain::mutate::{Done, Entry, Outcome, Write};
use crate::domain::organizations::Organization;
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{AccountLinkKey, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What `accountLinkPropose` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccountLinkProposeInput {
    /// The organisation.
    pub organization_id: ID,
    /// The address of the account, in a domain that the organisation has verified.
    pub email: String,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `accountLinkWithdraw` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccountLinkWithdrawInput {
    /// The link.
    pub account_link_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `accountLinkAccept` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccountLinkAcceptInput {
    /// The link.
    pub account_link_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `accountLinkRefuse` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccountLinkRefuseInput {
    /// The link.
    pub account_link_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `accountLinkEnd` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AccountLinkEndInput {
    /// The link.
    pub account_link_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    AccountLinkProposeInput,
    AccountLinkWithdrawInput,
    AccountLinkAcceptInput,
    AccountLinkRefuseInput,
    AccountLinkEndInput,
);

payload! {
    /// What `accountLinkPropose` answers: the same whether the address has an account or not.
    AccountLinkProposePayload {
        /// The proposal.
        account_link: Arc<AccountLink>,
    }
    AccountLinkProposeUserError, AccountLinkProposeErrorCode { NotFound, Invalid, NotVerified, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `accountLinkWithdraw` answers.
    AccountLinkWithdrawPayload {
        /// The proposal, which cannot be answered any more.
        account_link: Arc<AccountLink>,
    }
    AccountLinkWithdrawUserError, AccountLinkWithdrawErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `accountLinkAccept` answers.
    AccountLinkAcceptPayload {
        /// The link.
        account_link: Arc<AccountLink>,
        /// Who you are in the organisation; null where your membership is suspended.
        member: Arc<Member>,
        /// The organisation.
        organization: Arc<Organization>,
    }
    AccountLinkAcceptUserError, AccountLinkAcceptErrorCode { NotFound, Invalid, NotVerified, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `accountLinkRefuse` answers.
    AccountLinkRefusePayload {
        /// The proposal, which you refused.
        account_link: Arc<AccountLink>,
    }
    AccountLinkRefuseUserError, AccountLinkRefuseErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

payload! {
    /// What `accountLinkEnd` answers.
    AccountLinkEndPayload {
        /// The link, which is none any more.
        account_link: Arc<AccountLink>,
    }
    AccountLinkEndUserError, AccountLinkEndErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations on account links.
#[derive(Default)]
pub struct AccountLinkMutation;

#[Object]
impl AccountLinkMutation {
    /// Proposes to whoever has an address of a verified domain of the organisation to link their account to it. They are told by
    /// mail, see it in `Viewer.accountLinks`, and answer it within 14 days. Whether the address has an account shows only when
    /// they do. An address has one open proposal of an organisation.
    ///
    /// Requires: `members.manage` with the reach `all`. Cost: 1.
    async fn account_link_propose(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "To which address.")] input: AccountLinkProposeInput,
    ) -> async_graphql::Result<Option<AccountLinkProposePayload>> {
        signed_in(ctx)?;
        let org = match key::<OrganizationKey>(&input.organization_id, "organizationId") {
            Ok(key) => key.0,
            Err(refusals) => return AccountLinkProposePayload::refused(refusals),
        };
        let email = input.email.clone();
        let done = ctx
            .operation()
            .mutate("accountLinkPropose", org, &input, move |write| {
                Box::pin(async move { propose::propose(write, &email).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AccountLinkProposePayload {
                account_link: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AccountLinkProposePayload::refused(refusals),
        }
    }

    /// Takes a proposal back that was not answered yet.
    ///
    /// Requires: `members.manage` with the reach `all`. Cost: 1.
    async fn account_link_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which proposal.")] input: AccountLinkWithdrawInput,
    ) -> async_graphql::Result<Option<AccountLinkWithdrawPayload>> {
        signed_in(ctx)?;
        let link: AccountLinkKey = match key(&input.account_link_id, "accountLinkId") {
            Ok(key) => key,
            Err(refusals) => return AccountLinkWithdrawPayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("accountLinkWithdraw", link.org, &input, move |write| {
                Box::pin(async move { propose::withdraw(write, link).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(AccountLinkWithdrawPayload {
                account_link: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AccountLinkWithdrawPayload::refused(refusals),
        }
    }

    /// Links your account to the organisation: you are a member of it, a learner where you were none before, and it sees you and
    /// what you learn there.
    ///
    /// Requires: that it is proposed to your address, that you have verified it, and that its domain is the organisation's
    /// still; in a session of yours. Cost: 1.
    async fn account_link_accept(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which proposal.")] input: AccountLinkAcceptInput,
    ) -> async_graphql::Result<Option<AccountLinkAcceptPayload>> {
        let link = &input.account_link_id;
        let done = answer(ctx, "accountLinkAccept", &input, link, |write, key| {
            Box::pin(answer::accept(write, key))
        });
        match done.await? {
            Ok(accepted) => {
                ctx.operation().joined(accepted.member).await?;
                Ok(Some(AccountLinkAcceptPayload {
                    account_link: find(ctx, accepted.link).await?,
                    member: ctx.fetch(accepted.member).await?,
                    organization: ctx.fetch(OrganizationKey(accepted.member.org)).await?,
                    ..Default::default()
                }))
            }
            Err(refusals) => AccountLinkAcceptPayload::refused(refusals),
        }
    }

    /// Does not link your account; the organisation sees that you refused.
    ///
    /// Requires: that it is proposed to your address, and that you have verified it; in a session of yours. Cost: 1.
    async fn account_link_refuse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which proposal.")] input: AccountLinkRefuseInput,
    ) -> async_graphql::Result<Option<AccountLinkRefusePayload>> {
        let link = &input.account_link_id;
        let done = answer(ctx, "accountLinkRefuse", &input, link, |write, key| {
            Box::pin(answer::refuse(write, key))
        });
        match done.await? {
            Ok(key) => Ok(Some(AccountLinkRefusePayload {
                account_link: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AccountLinkRefusePayload::refused(refusals),
        }
    }

    /// Ends a link that you accepted: the organisation's provider no longer signs in as you, and the sessions that it opened end.
    /// You stay a member until you leave, with `membershipLeave`.
    ///
    /// Requires: that you accepted it; in a session of yours. Cost: 1.
    async fn account_link_end(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which link.")] input: AccountLinkEndInput,
    ) -> async_graphql::Result<Option<AccountLinkEndPayload>> {
        let link = &input.account_link_id;
        let done = answer(ctx, "accountLinkEnd", &input, link, |write, key| {
            Box::pin(answer::end(write, key))
        });
        match done.await? {
            Ok(key) => Ok(Some(AccountLinkEndPayload {
                account_link: find(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => AccountLinkEndPayload::refused(refusals),
        }
    }
}

/// Runs what the person does with a link that is for them.
async fn answer<T, F>(
    ctx: &Context<'_>,
    mutation: &'static str,
    input: &impl Input,
    link: &ID,
    work: F,
) -> Outcome<T>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    F: for<'w> FnOnce(&'w Write<'w>, AccountLinkKey) -> Done<'w, T> + Send + 'static,
{
    ctx.viewer().account()?;
    let not_found = || Ok(Err(vec![Refusal::not_found("accountLinkId")]));
    let Ok(key) = key::<AccountLinkKey>(link, "accountLinkId") else {
        return not_found();
    };
    let Some(proposed) = proposed_to_viewer(ctx, key).await? else {
        return not_found();
    };
    let entry = Entry::Linking(proposed);
    ctx.operation()
        .mutate_as(entry, mutation, key.org, input, move |write| work(write, key))
        .await
}
