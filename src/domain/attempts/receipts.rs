//! The receipts of attempts: rows that are written once. Table: `attempt_receipts`.

use super::grade::Grading;
use super::model::Attempt;
use super::receipt::{Facts, ReceiptKind, Signed, StoredAnswers, grading_text, nonce};
use crate::db::schema::attempt_receipts as receipts;
use crate::db::{Batch, Conn, Statement};
use crate::domain::content::{Points, Revision};
use crate::domain::mutate::Write;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AttemptId, AttemptKey, MemberId, MemberKey, OrgId, RevisionId, RevisionKey};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{
    Array, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel_async::RunQueryDsl;
use std::collections::HashMap;
use std::sync::Arc;

/// A receipt as it is stored.
#[derive(Clone, Debug, HasQuery)]
#[diesel(table_name = receipts)]
pub struct Receipt {
    pub(super) org_id: OrgId,
    pub(super) attempt_id: AttemptId,
    /// 1 for the attempt's first, counting up.
    pub number: i32,
    /// What it was issued for.
    pub kind: ReceiptKind,
    /// What is signed, canonical JSON.
    pub document: String,
    /// The points of every answer, canonical JSON.
    pub grading: String,
    /// SHA-256 of the document.
    pub hash: Vec<u8>,
    /// The signature of the document's bytes.
    pub signature: Vec<u8>,
    /// Which key made it.
    pub key_id: String,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// Points in all; none where people have still to grade something.
    pub points: Option<Points>,
    /// What the attempt had before, where it was graded anew.
    pub points_before: Option<Points>,
    /// Whose answer keys it was graded by.
    pub keys_revision_id: RevisionId,
    /// Who graded; the service where nobody did.
    pub issued_by: Option<MemberId>,
    /// Why it was graded anew.
    pub reason: Option<String>,
}

impl Receipt {
    /// The attempt that it proves.
    pub const fn attempt(&self) -> AttemptKey {
        AttemptKey::new(self.org_id, self.attempt_id)
    }

    /// Whose answer keys it was graded by.
    pub const fn keys_revision(&self) -> RevisionKey {
        RevisionKey::new(self.org_id, self.keys_revision_id)
    }

    /// Who graded.
    pub fn issuer(&self) -> Option<MemberKey> {
        self.issued_by.map(|id| MemberKey::new(self.org_id, id))
    }

    /// What was signed.
    pub fn signed(&self) -> Signed {
        Signed {
            document: self.document.clone(),
            grading: self.grading.clone(),
            hash: self.hash.clone(),
            signature: self.signature.clone(),
            key_id: self.key_id.clone(),
        }
    }
}

/// The receipts of an attempt, the first first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReceiptsOf(pub AttemptKey);

impl Batch for ReceiptsOf {
    type Value = Arc<Vec<Arc<Receipt>>>;

    async fn load_many(keys: &[Self], mut conn: Conn<'_>) -> QueryResult<HashMap<Self, Self::Value>> {
        let (orgs, ids): (Vec<OrgId>, Vec<AttemptId>) = keys.iter().map(|key| (key.0.org, key.0.id)).unzip();
        let rows: Vec<Receipt> = Receipt::query()
            .filter(
                receipts::org_id
                    .eq_any(orgs)
                    .and(receipts::attempt_id.eq_any(ids)),
            )
            .order_by(receipts::number)
            .load(&mut conn)
            .await?;
        let mut found: HashMap<Self, Vec<Arc<Receipt>>> = HashMap::new();
        for row in rows {
            found.entry(Self(row.attempt())).or_default().push(Arc::new(row));
        }
        Ok(found
            .into_iter()
            .map(|(key, rows)| (key, Arc::new(rows)))
            .collect())
    }
}

/// What an attempt's answers and its newest receipt are, for the next receipt or for a replay.
#[derive(Clone, Debug)]
pub struct Proven {
    /// The saved answers.
    pub answers: StoredAnswers,
    /// Keeps their digests from being guessed.
    pub salt: Vec<u8>,
    /// The database's clock.
    pub moment: DateTime<Utc>,
    /// The number of the newest receipt; 0 where there is none.
    pub number: i32,
    /// Its hash.
    pub previous: Option<Vec<u8>>,
    /// The revision by whose answer keys the attempt is graded by now.
    pub keys: RevisionId,
    /// The revisions whose keys regrades have applied to it, the first first.
    pub applied: Vec<RevisionId>,
}

type ProvenRow = (
    serde_json::Value,
    Vec<u8>,
    DateTime<Utc>,
    i32,
    Option<Vec<u8>>,
    RevisionId,
    Vec<RevisionId>,
);
type ProvenTypes = (
    Jsonb,
    Bytea,
    Timestamptz,
    Integer,
    Nullable<Bytea>,
    SqlUuid,
    Array<SqlUuid>,
);

/// Reads what an attempt's next receipt is made of.
pub async fn proven(mut conn: Conn<'_>, key: AttemptKey) -> Result<Proven> {
    let (answers, salt, moment, number, previous, keys, applied): ProvenRow = Statement::<ProvenTypes>::new(
        "select coalesce((select jsonb_object_agg(s.question_id, jsonb_build_object('answer', s.answer, 'version', s.version, \
         'saved_at', s.saved_at, 'points', s.points)) from attempt_answers s where s.org_id = a.org_id and s.attempt_id = a.id), '{}'), \
         a.salt, clock_timestamp(), coalesce(r.number, 0), r.hash, coalesce(r.keys_revision_id, a.revision_id), a.keys_revisions from attempts a \
         left join lateral (select number, hash, keys_revision_id from attempt_receipts where org_id = a.org_id and attempt_id = a.id \
         order by number desc limit 1) r on true where a.org_id = ? and a.id = ?",
    )
    .bind::<SqlUuid, _>(key.org)
    .bind::<SqlUuid, _>(key.id)
    .get_result(&mut conn)
    .await?;
    Ok(Proven {
        answers: serde_json::from_value(answers).map_err(Error::internal)?,
        salt,
        moment,
        number,
        previous,
        keys,
        applied,
    })
}

/// What stands with a receipt beside what is signed.
#[derive(Clone, Debug)]
struct Issued {
    attempt: AttemptKey,
    number: i32,
    kind: ReceiptKind,
    at: DateTime<Utc>,
    points: Option<Points>,
    /// Whose answer keys it was graded by.
    keys: RevisionId,
    by: Option<MemberId>,
    before: Option<Points>,
    reason: Option<String>,
}

/// That an attempt was graded anew by people.
#[derive(Clone, Copy, Debug)]
pub struct Anew<'a> {
    /// What it had before.
    pub before: Points,
    /// Why.
    pub reason: &'a str,
}

/// Issues the next receipt of an attempt that people graded, with the points that its answers have by now.
pub async fn issue(
    write: &Write<'_>,
    attempt: &Attempt,
    revision: &Revision,
    anew: Option<Anew<'_>>,
) -> Result<()> {
    let conn = write.gate.conn();
    let proven = proven(conn, attempt.key).await?;
    let kind = match anew {
        Some(_) => ReceiptKind::Regraded,
        None => ReceiptKind::Graded,
    };
    let facts = Facts {
        kind,
        attempt,
        salt: &proven.salt,
        revision,
        answers: &proven.answers,
        previous: proven.previous.as_deref(),
    };
    let grading = Grading {
        questions: proven.answers.keys().copied().collect(),
        points: proven.answers.values().map(|stored| stored.points).collect(),
    };
    let keys = RevisionKey::new(attempt.key.org, proven.keys);
    let text = grading_text(revision, keys, &nonce(), &grading);
    let signed = Signed::new(&write.app.keyring, &facts, text);
    let issued = Issued {
        attempt: attempt.key,
        number: proven.number + 1,
        kind,
        at: proven.moment,
        points: attempt.points,
        keys: proven.keys,
        by: write.gate.member().map(|member| member.id),
        before: anew.map(|anew| anew.before),
        reason: anew.map(|anew| anew.reason.to_owned()),
    };
    Ok(insert(conn, &issued, &signed).await?)
}

/// Writes a receipt.
async fn insert(mut conn: Conn<'_>, issued: &Issued, signed: &Signed) -> QueryResult<()> {
    Statement::<Untyped>::new(
        "insert into attempt_receipts (org_id, attempt_id, number, kind, document, grading, hash, signature, key_id, issued_at, \
         points, keys_revision_id, issued_by, points_before, reason) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind::<SqlUuid, _>(issued.attempt.org)
    .bind::<SqlUuid, _>(issued.attempt.id)
    .bind::<Integer, _>(issued.number)
    .bind::<Text, _>(issued.kind)
    .bind::<Text, _>(&signed.document)
    .bind::<Text, _>(&signed.grading)
    .bind::<Bytea, _>(&signed.hash)
    .bind::<Bytea, _>(&signed.signature)
    .bind::<Text, _>(&signed.key_id)
    .bind::<Timestamptz, _>(issued.at)
    .bind::<Nullable<Integer>, _>(issued.points)
    .bind::<SqlUuid, _>(issued.keys)
    .bind::<Nullable<SqlUuid>, _>(issued.by)
    .bind::<Nullable<Integer>, _>(issued.before)
    .bind::<Nullable<Text>, _>(issued.reason.as_deref())
    .execute(&mut conn)
    .await
    .map(|_| ())
}
