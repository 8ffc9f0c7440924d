//! Receipts of attempts, the keys that verify them, and replays.

use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::auth::policy::{Facts, Kind, Question, Relation};
use crate::domain::attempts::receipt::{ReceiptKind, key_id, verifying_keys};
use crate::domain::attempts::receipts::{Receipt, ReceiptsOf};
use crate::domain::attempts::{Attempt, replay, review};
use crate::domain::content::Points;
use crate::domain::courses::store::Taught;
use crate::domain::members::Member;
use crate::kernel::error::Result;
use crate::kernel::ids::{AttemptKey, CourseKey, Key};
use async_graphql::{Context, ID, Object, SimpleObject};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What proves what was submitted in an attempt and how it was graded.
#[derive(Clone)]
pub struct AttemptReceipt {
    attempt: Attempt,
    row: Arc<Receipt>,
}

impl AttemptReceipt {
    /// The receipts of an attempt that the viewer sees, the first first.
    pub async fn all(ctx: &Context<'_>, attempt: &Attempt) -> Result<Vec<Self>> {
        let rows = ctx.fetch(ReceiptsOf(attempt.key)).await?.unwrap_or_default();
        let receipt = |row: &Arc<Receipt>| Self {
            attempt: attempt.clone(),
            row: row.clone(),
        };
        Ok(rows.iter().map(receipt).collect())
    }

    /// Whether the viewer may know the points of single answers: who may grade them, and whoever sees the review.
    async fn shows_grading(&self, ctx: &Context<'_>) -> Result<bool> {
        let attempt = &self.attempt;
        let revision = ctx
            .app()
            .contents
            .find(&ctx.reader(), attempt.revision_key())
            .await?;
        if let Some((policy, _)) = revision.quiz(attempt.unit_id)
            && review::is_open(ctx.app(), &ctx.reader(), attempt, policy).await?
        {
            return Ok(true);
        }
        let Some(standing) = ctx.viewer().in_org(attempt.key.org) else {
            return Ok(false);
        };
        let course = CourseKey::new(attempt.key.org, attempt.course_id);
        let taught = ctx.fetch(Taught(course, standing.member)).await?.is_some();
        let facts = Facts::of(Kind::Attempt, attempt.key.org).related(Relation {
            taught,
            ..Relation::default()
        });
        let permission = Permission::AttemptsGrade;
        Ok(ctx
            .app()
            .policies
            .decide(standing, Question { permission, facts })
            .allowed)
    }
}

/// What proves what was submitted in an attempt and how it was graded: a document with its hash and a signature. One is issued when the
/// attempt is closed, and one each time it is graded later; each names the one before. The keys are those of `receiptKeys`.
///
/// Requires: seeing the attempt. Cost: 1.
#[Object]
impl AttemptReceipt {
    /// 1 for the attempt's first receipt, counting up. Cost: 1.
    async fn number(&self) -> i32 {
        self.row.number
    }

    /// What it was issued for. Cost: 1.
    async fn kind(&self) -> ReceiptKind {
        self.row.kind
    }

    /// What is signed: JSON in the canonical form of RFC 8785. It has the revision, the seed, the questions and options in the order in
    /// which they were shown, of each answer its version, when it was saved and its salted digest, the times, and the points in
    /// all, in hundredths. Cost: 1.
    async fn document(&self) -> &str {
        &self.row.document
    }

    /// The points of each answer, in hundredths, as canonical JSON; the document's `grading` is its SHA-256. Null until the review of the
    /// attempt is open, but for who may grade it. Cost: 1, batched.
    async fn grading(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<&str>> {
        Ok(self
            .shows_grading(ctx)
            .await?
            .then_some(self.row.grading.as_str()))
    }

    /// SHA-256 of the document, hexadecimal. Cost: 1.
    async fn hash(&self) -> String {
        hex::encode(&self.row.hash)
    }

    /// The Ed25519 signature of the document's bytes, base64url. Cost: 1.
    async fn signature(&self) -> String {
        BASE64.encode(&self.row.signature)
    }

    /// Which of `receiptKeys` made the signature. Cost: 1.
    async fn key_id(&self) -> &str {
        &self.row.key_id
    }

    /// When it was issued. Cost: 1.
    async fn issued_at(&self) -> DateTime<Utc> {
        self.row.issued_at
    }

    /// Points that it was issued for; null where people had still to grade something, or nothing was saved. Cost: 1.
    async fn points(&self) -> Option<Points> {
        self.row.points
    }

    /// Points that the attempt had before it was graded anew; null in other receipts. Cost: 1.
    async fn points_before(&self) -> Option<Points> {
        self.row.points_before
    }

    /// Who graded; null where the service did, and for who may not see them. Cost: 1, batched.
    async fn issued_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Arc<Member>>> {
        match self.row.issuer() {
            Some(key) => Ok(super::members::find(ctx, key).await?),
            None => Ok(None),
        }
    }

    /// Why the attempt was graded anew; null in other receipts. Cost: 1.
    async fn reason(&self) -> Option<&str> {
        self.row.reason.as_deref()
    }
}

/// A key by which receipts are verified.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReceiptKey {
    /// What receipts name it by. Cost: 1.
    pub key_id: String,
    /// The algorithm, as RFC 8032 names it. Cost: 1.
    pub algorithm: &'static str,
    /// The public key's 32 bytes, base64url. Cost: 1.
    pub public_key: String,
    /// Whether it signs the receipts that are issued now. Cost: 1.
    pub is_current: bool,
}

/// Something that is not as a receipt says.
#[derive(Clone, Debug, SimpleObject)]
pub struct ReplayDifference {
    /// Where: a path in the receipt's document, in its grading, or in what is stored. Cost: 1.
    pub path: String,
    /// What the receipt or the stored row has there. Cost: 1.
    pub recorded: String,
    /// What comes out now. Cost: 1.
    pub recomputed: String,
}

/// What it came to that an attempt was computed anew from what is stored and from the frozen answer keys.
#[derive(Clone, Debug, SimpleObject)]
pub struct AttemptReplay {
    /// The attempt. Cost: 1.
    pub attempt: Arc<Attempt>,
    /// Whether everything is as the newest receipt says, bit for bit. Cost: 1.
    pub matches: bool,
    /// Points by the newest receipt; null where people have still to grade something. Cost: 1.
    pub grade: Option<Points>,
    /// Points that come out now. Cost: 1.
    pub recomputed: Option<Points>,
    /// What is not as the receipt says, at most 100. Cost: 1.
    pub differences: Vec<ReplayDifference>,
}

/// The root fields about receipts.
#[derive(Default)]
pub struct ReceiptQuery;

#[Object]
impl ReceiptQuery {
    /// The keys by which the receipts of attempts are verified, the one that signs now first. Requires: nothing. Cost: 1.
    async fn receipt_keys(&self, ctx: &Context<'_>) -> Vec<ReceiptKey> {
        let keys = verifying_keys(&ctx.app().keyring).enumerate();
        let shown = keys.map(|(place, key)| ReceiptKey {
            key_id: key_id(&key),
            algorithm: "Ed25519",
            public_key: BASE64.encode(key.as_bytes()),
            is_current: place == 0,
        });
        shown.collect()
    }

    /// Computes an attempt anew from what is stored and from the answer keys that it was graded by, and compares it with its newest
    /// receipt. Null where there is none: for who may not grade the attempt, while it is open, and of attempts from before there were receipts.
    ///
    /// Requires: `attempts.grade` that reaches the attempt. Cost: 1, and up to five SQL statements, with two more
    /// for each regrade but the first.
    async fn attempt_replay(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The attempt.")] attempt_id: ID,
    ) -> async_graphql::Result<Option<AttemptReplay>> {
        let Some(key) = AttemptKey::parse(&attempt_id) else {
            return Ok(None);
        };
        let found = replay::find(ctx.app(), &ctx.reader(), ctx.viewer(), key).await?;
        let Some(replayed) = ctx.seen(key.org, found) else {
            return Ok(None);
        };
        let differences = replayed
            .differences
            .into_iter()
            .map(|difference| ReplayDifference {
                path: difference.path,
                recorded: difference.recorded,
                recomputed: difference.recomputed,
            });
        let differences: Vec<_> = differences.collect();
        Ok(Some(AttemptReplay {
            attempt: replayed.attempt,
            matches: differences.is_empty(),
            grade: replayed.receipt.points,
            recomputed: replayed.points,
            differences,
        }))
    }
}
