//! `DraftReview`: what a draft goes through before it is published.

use super::support::operation::Ask;
use crate::domain::courses::drafts;
use crate::domain::courses::reviews::ReviewState;
use crate::domain::members::Member;
use crate::kernel::ids::{MemberId, MemberKey};
use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// The review of a draft that was handed in.
pub struct DraftReview(Arc<drafts::CourseDraft>);

/// The review of a draft that was handed in.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl DraftReview {
    /// Where the review stands. Cost: 1.
    async fn state(&self) -> ReviewState {
        self.0.review_state
    }

    /// The version of the draft that was handed in. Cost: 1.
    async fn version(&self) -> Option<i32> {
        self.0.review_version
    }

    /// Whether the draft was not edited since it was handed in. Banks that it draws from are compared when it is decided about, and when it
    /// is published. Cost: 1.
    async fn is_current(&self) -> bool {
        self.0.review_version == Some(self.0.version)
    }

    /// Who handed it in; null where the service did. Cost: 1, batched.
    async fn requested_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        self.member(ctx, self.0.review_requested_by).await
    }

    /// When it was handed in. Cost: 1.
    async fn requested_at(&self) -> Option<DateTime<Utc>> {
        self.0.review_requested_at
    }

    /// Who decided; null before anybody did. Cost: 1, batched.
    async fn decided_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        self.member(ctx, self.0.review_decided_by).await
    }

    /// When it was decided. Cost: 1.
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.review_decided_at
    }

    /// What whoever acted last said of it, Markdown. Cost: 1.
    async fn note(&self) -> Option<&str> {
        self.0.review_note.as_deref()
    }
}

impl DraftReview {
    /// The review of this draft.
    pub const fn of(draft: Arc<drafts::CourseDraft>) -> Self {
        Self(draft)
    }

    async fn member(
        &self,
        ctx: &Context<'_>,
        id: Option<MemberId>,
    ) -> async_graphql::Result<Option<Arc<Member>>> {
        match id {
            Some(id) => Ok(ctx.fetch(MemberKey::new(self.0.org_id, id)).await?),
            None => Ok(None),
        }
    }
}
