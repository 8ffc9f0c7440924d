//! The mutations that open and end sessions for learners.

use super::apps::find_session;
use super::support::mutation::{Input, key, signed_in};
use super::support::operation::Ask;
use crate::domain::apps::LearnerSession;
use crate::domain::apps::learner_sessions::{self, Learner, NewEmbed, NewSession, Opened};
use crate::domain::mutate::Outcome;
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::ids::{CourseKey, Key, LearnerSessionKey, MemberKey, OrganizationKey};
use crate::kernel::secret::{Token, TokenKind};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object};
use std::sync::Arc;

/// What `learnerSessionCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct LearnerSessionCreateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The learner, by what your system calls them: a member's `externalId`. Give this or `memberId`.
    pub external_id: Option<String>,
    /// The learner, by the member's identifier.
    pub member_id: Option<ID>,
    /// For how many seconds: 1 to 43200, twelve hours.
    #[graphql(default = 3600)]
    pub ttl_seconds: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no token.
    pub idempotency_key: Option<String>,
}

/// What `embedSessionCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct EmbedSessionCreateInput {
    /// The organisation.
    pub organization_id: ID,
    /// The learner, by what your system calls them: a member's `externalId`. Give this or `memberId`.
    pub external_id: Option<String>,
    /// The learner, by the member's identifier.
    pub member_id: Option<ID>,
    /// The course, published: nothing of any other exists for the session.
    pub course_id: ID,
    /// The origins whose pages may use it, 1 to 20 of those that the organisation allows. A request from elsewhere, or from no
    /// page, is refused.
    pub origins: Vec<String>,
    /// The documents that it may send, 1 to 100: the SHA-256 of each as it is sent, in 64 hexadecimal digits.
    pub operations: Vec<String>,
    /// What those may cost together, in points: 1 to 1,000,000.
    #[graphql(default = 10_000)]
    pub budget: i32,
    /// For how many seconds: 1 to 3600, one hour.
    #[graphql(default = 600)]
    pub ttl_seconds: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours. The second answer has no token.
    pub idempotency_key: Option<String>,
}

/// What `learnerSessionRevoke` takes.
#[derive(Clone, Debug, InputObject)]
pub struct LearnerSessionRevokeInput {
    /// The session, for a backend or for a browser.
    pub session_id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(
    LearnerSessionCreateInput,
    EmbedSessionCreateInput,
    LearnerSessionRevokeInput
);

payload! {
    /// What `learnerSessionCreate` answers.
    LearnerSessionCreatePayload {
        /// The session.
        session: Arc<LearnerSession>,
        /// What your backend sends as `Authorization: Bearer <token>` to act for the learner. It is shown here and never again.
        token: String,
    }
    LearnerSessionCreateUserError, LearnerSessionCreateErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `embedSessionCreate` answers.
    EmbedSessionCreatePayload {
        /// The session.
        session: Arc<LearnerSession>,
        /// What the page sends as `Authorization: Bearer <token>`. It is shown here and never again.
        token: String,
    }
    EmbedSessionCreateUserError, EmbedSessionCreateErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

payload! {
    /// What `learnerSessionRevoke` answers.
    LearnerSessionRevokePayload {
        /// The session as it is now.
        session: Arc<LearnerSession>,
    }
    LearnerSessionRevokeUserError, LearnerSessionRevokeErrorCode { NotFound, Invalid, IdempotencyMismatch }
}

/// Whom an input names.
fn learner(external_id: Option<&String>, member_id: Option<&ID>) -> Result<Learner, Vec<Refusal>> {
    match (external_id, member_id) {
        (Some(external), None) => Ok(Learner::ExternalId(external.clone())),
        (None, Some(id)) => Ok(Learner::Member(MemberKey::parse(id))),
        _ => {
            let message = "Give `externalId` or `memberId`, one of the two.";
            Err(vec![Refusal::at(Code::Invalid, "externalId", message)])
        }
    }
}

/// Opens a session as the app that asks; its token, unless the request was sent before.
async fn open(
    ctx: &Context<'_>,
    mutation: &'static str,
    org: OrganizationKey,
    input: &impl Input,
    kind: TokenKind,
    new: impl FnOnce() -> Result<NewSession, Vec<Refusal>>,
) -> Outcome<(Opened, Option<String>)> {
    let new = match new() {
        Ok(new) => new,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let token = Token::generate(kind);
    let stored = token.clone();
    let done = ctx.operation().mutate(mutation, org.0, input, move |write| {
        Box::pin(async move { learner_sessions::open(write, new, &stored).await })
    });
    Ok(done.await?.map(|opened| {
        let shown = (token.hash() == opened.1).then(|| token.expose().to_owned());
        (opened, shown)
    }))
}

/// The mutations that open and end sessions for learners.
#[derive(Default)]
pub struct LearnerSessionMutation;

#[Object]
impl LearnerSessionMutation {
    /// Opens a session with which a backend acts for a learner, who is known by what your own system calls them. It is the
    /// learner's role and nothing more, whatever else they are here; the audit names the learner and, in `through`, your token.
    /// It ends with its time, with your token, and with the membership.
    ///
    /// Requires: an app's token with the scope `learner_sessions.create`. Cost: 1.
    async fn learner_session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom, and for how long.")] input: LearnerSessionCreateInput,
    ) -> async_graphql::Result<Option<LearnerSessionCreatePayload>> {
        signed_in(ctx)?;
        let opener = ctx.viewer().api_token()?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return LearnerSessionCreatePayload::refused(refusals),
        };
        let new = || {
            Ok(NewSession {
                learner: learner(input.external_id.as_ref(), input.member_id.as_ref())?,
                seconds: i64::from(input.ttl_seconds),
                embed: None,
                opener,
            })
        };
        let kind = TokenKind::LearnerSession;
        match open(ctx, "learnerSessionCreate", org, &input, kind, new).await? {
            Ok(((session, _), token)) => Ok(Some(LearnerSessionCreatePayload {
                session: find_session(ctx, session).await?,
                token,
                ..Default::default()
            })),
            Err(refusals) => LearnerSessionCreatePayload::refused(refusals),
        }
    }

    /// Opens a session that is safe in a browser: one learner, one course, minutes, known pages, known documents, a budget.
    /// Nothing of other courses exists for it. The page needs no cookie.
    ///
    /// Requires: an app's token with the scope `learner_sessions.create`. Cost: 1.
    async fn embed_session_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "For whom, and for what.")] input: EmbedSessionCreateInput,
    ) -> async_graphql::Result<Option<EmbedSessionCreatePayload>> {
        signed_in(ctx)?;
        let opener = ctx.viewer().api_token()?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return EmbedSessionCreatePayload::refused(refusals),
        };
        let new = || {
            Ok(NewSession {
                learner: learner(input.external_id.as_ref(), input.member_id.as_ref())?,
                seconds: i64::from(input.ttl_seconds),
                embed: Some(NewEmbed {
                    course: CourseKey::parse(&input.course_id),
                    origins: input.origins.clone(),
                    operations: input.operations.clone(),
                    budget: i64::from(input.budget),
                }),
                opener,
            })
        };
        let kind = TokenKind::EmbedSession;
        match open(ctx, "embedSessionCreate", org, &input, kind, new).await? {
            Ok(((session, _), token)) => Ok(Some(EmbedSessionCreatePayload {
                session: find_session(ctx, session).await?,
                token,
                ..Default::default()
            })),
            Err(refusals) => EmbedSessionCreatePayload::refused(refusals),
        }
    }

    /// Ends a session for a learner, in a backend or in a browser: from the answer on its token opens nothing on this node, and
    /// within a second on no other.
    ///
    /// Requires: `learner_sessions.create`. Cost: 1.
    async fn learner_session_revoke(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] input: LearnerSessionRevokeInput,
    ) -> async_graphql::Result<Option<LearnerSessionRevokePayload>> {
        signed_in(ctx)?;
        let session: LearnerSessionKey = match key(&input.session_id, "sessionId") {
            Ok(key) => key,
            Err(refusals) => return LearnerSessionRevokePayload::refused(refusals),
        };
        let done = ctx
            .operation()
            .mutate("learnerSessionRevoke", session.org, &input, move |write| {
                Box::pin(async move { learner_sessions::revoke(write, session).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(LearnerSessionRevokePayload {
                session: find_session(ctx, key).await?,
                ..Default::default()
            })),
            Err(refusals) => LearnerSessionRevokePayload::refused(refusals),
        }
    }
}
