//! What proves what was submitted in an attempt and how it was graded.
//!
//! A receipt is a document in canonical JSON with its SHA-256 and an Ed25519 signature. It names everything that a grade depends on:
//! the revision, the seed with the order that comes of it, the answers by their versions and salted digests, the times, the
//! points in all. The points of each answer stand in a second text, the grading, which the document names by its hash: a learner has the
//! document at once and the grading when review opens, and can tell then that it is the one that was meant. The grading has a nonce, or
//! its few possible texts could be tried out.

use super::grade::Grading;
use super::model::Attempt;
use super::order::{asked, own_order};
use crate::domain::content::{Answer, Points, Revision};
use crate::kernel::canonical::canonical;
use crate::kernel::ids::{QuestionId, QuestionKey, RevisionKey};
use crate::kernel::keyring::{Keyring, Use};
use crate::kernel::secret::random_bytes;
use crate::text_enum;
use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

text_enum! {
    /// What a receipt was issued for.
    ReceiptKind {
        /// The attempt was submitted, by its learner or by the service.
        Submitted = "submitted",
        /// People graded the last answer that no key can grade.
        Graded = "graded",
        /// The attempt was graded anew, by corrected answer keys or by people.
        Regraded = "regraded",
    }
}

/// An answer as it is stored, with what a receipt says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The answer.
    pub answer: Answer,
    /// How often it was saved.
    pub version: i32,
    /// When it was saved last.
    pub saved_at: DateTime<Utc>,
    /// Its points; none before it is graded.
    #[serde(default)]
    pub points: Option<Points>,
}

/// The stored answers of an attempt, by question.
pub type StoredAnswers = BTreeMap<QuestionId, Stored>;

/// Everything that a receipt's document is made of.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// What it is issued for.
    pub kind: ReceiptKind,
    /// The attempt, closed by now.
    pub attempt: &'a Attempt,
    /// Keeps the digests of answers from being guessed.
    pub salt: &'a [u8],
    /// The revision that the attempt was started in.
    pub revision: &'a Revision,
    /// The saved answers.
    pub answers: &'a StoredAnswers,
    /// The hash of the receipt before this one.
    pub previous: Option<&'a [u8]>,
}

impl Facts<'_> {
    /// The document, bound to a grading.
    pub fn document(&self, grading: &str) -> Value {
        let Self {
            attempt, revision, ..
        } = *self;
        let at = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Micros, true);
        let question = |id: QuestionId| QuestionKey::new(revision.course, id).to_string();
        let answers = self.answers.iter().map(|(id, stored)| {
            json!({ "question": question(*id), "version": stored.version, "savedAt": at(stored.saved_at),
                "digest": self.digest(&stored.answer) })
        });
        json!({
            "format": "lyceum-receipt-1",
            "kind": self.kind.as_str(),
            "attempt": attempt.key.to_string(),
            "enrollment": attempt.enrollment_key().to_string(),
            "quiz": attempt.unit_key().to_string(),
            "revision": revision.key.to_string(),
            "seed": attempt.seed.to_string(),
            "items": self.items(),
            "answers": answers.collect::<Vec<_>>(),
            "startedAt": at(attempt.started_at),
            "deadlineAt": attempt.deadline_at.map(at),
            "submittedAt": attempt.submitted_at.map(at),
            "submittedAutomatically": attempt.submitted_automatically,
            "outcome": if attempt.points.is_some() { "graded" } else { attempt.state.as_str() },
            "points": attempt.points,
            "maxPoints": attempt.max_points,
            "passPoints": attempt.pass_points,
            "grading": hex::encode(Sha256::digest(grading)),
            "previous": self.previous.map(hex::encode),
        })
    }

    fn items(&self) -> Vec<Value> {
        let Some((policy, questions)) = asked(self.revision, self.attempt.unit_id, self.attempt.seed) else {
            return Vec::new();
        };
        let item = |place: super::order::Place| {
            let (id, prompt) = &questions[place.question];
            let options: Vec<_> = place
                .options
                .iter()
                .map(|at| prompt.options[*at].key.as_str())
                .collect();
            json!({ "question": QuestionKey::new(self.revision.course, *id).to_string(), "options": options })
        };
        own_order(self.attempt.seed, policy, &questions)
            .into_iter()
            .map(item)
            .collect()
    }

    fn digest(&self, answer: &Answer) -> String {
        let answer = serde_json::to_value(answer).unwrap_or_default();
        let hash = Sha256::new()
            .chain_update(self.salt)
            .chain_update(canonical(&answer))
            .finalize();
        hex::encode(hash)
    }
}

/// The points of every answer, as a receipt keeps them.
pub fn grading_text(revision: &Revision, keys: RevisionKey, nonce: &str, grading: &Grading) -> String {
    let answers = grading.questions.iter().zip(&grading.points).map(|(id, points)| {
        json!({ "question": QuestionKey::new(revision.course, *id).to_string(), "points": points })
    });
    let answers: Vec<_> = answers.collect();
    let points = (!grading.is_open()).then(|| grading.total());
    canonical(&json!({ "nonce": nonce, "keys": keys.to_string(), "answers": answers, "points": points }))
}

/// What keeps the few texts that a grading may have from being tried out.
pub fn nonce() -> String {
    hex::encode(random_bytes::<16>())
}

/// A document that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The document, canonical JSON.
    pub document: String,
    /// The grading that it names.
    pub grading: String,
    /// SHA-256 of the document.
    pub hash: Vec<u8>,
    /// The signature of the document's bytes.
    pub signature: Vec<u8>,
    /// Which key made it.
    pub key_id: String,
}

impl Signed {
    /// Makes a receipt of facts and a grading.
    pub fn new(keyring: &Keyring, facts: &Facts<'_>, grading: String) -> Self {
        let document = canonical(&facts.document(&grading));
        let key = SigningKey::from_bytes(&keyring.mac(Use::ReceiptKey, SEED));
        Self {
            hash: Sha256::digest(&document).to_vec(),
            signature: key.sign(document.as_bytes()).to_vec(),
            key_id: key_id(&key.verifying_key()),
            document,
            grading,
        }
    }

    /// Whether a key of this academy signed just this document.
    pub fn is_genuine(&self, keyring: &Keyring) -> bool {
        let signature = Signature::from_slice(&self.signature);
        let key = verifying_keys(keyring).find(|key| key_id(key) == self.key_id);
        key.zip(signature.ok())
            .is_some_and(|(key, signature)| key.verify_strict(self.document.as_bytes(), &signature).is_ok())
    }
}

/// What the signing key of each master key is derived from.
const SEED: &[u8] = b"ed25519";

/// The keys by which receipts are verified, the one that signs first.
pub fn verifying_keys(keyring: &Keyring) -> impl Iterator<Item = VerifyingKey> {
    keyring
        .macs(Use::ReceiptKey, SEED)
        .map(|seed| SigningKey::from_bytes(&seed).verifying_key())
}

/// The name of a key: the first half of its SHA-256.
pub fn key_id(key: &VerifyingKey) -> String {
    hex::encode(&Sha256::digest(key.as_bytes())[..16])
}
