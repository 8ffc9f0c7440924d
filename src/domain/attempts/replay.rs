//! Whether an attempt is what its newest receipt says: everything is computed anew from what is stored and what was frozen, and
//! compared bit for bit.

use super::grade::{Grading, answers_of, grade};
use super::model::Attempt;
use super::order::asked;
use super::overlay::corrected;
use super::receipt::{Facts, grading_text};
use super::receipts::{Proven, Receipt, ReceiptsOf, proven};
use super::regrade_store::keys_of;
use crate::auth::permission::Permission;
use crate::auth::standing::Viewer;
use crate::db::Reader;
use crate::domain::app::App;
use crate::domain::content::{AnswerKeys, Points, Revision};
use crate::domain::record_lists::Seen;
use crate::domain::visibility::View;
use crate::kernel::canonical::canonical;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AttemptKey, QuestionId, QuestionKey, RevisionId, RevisionKey};
use crate::kernel::keyring::Keyring;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Something that is not as the receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where: a path in the receipt's document or its grading.
    pub path: String,
    /// What the receipt says there.
    pub recorded: String,
    /// What comes out now.
    pub recomputed: String,
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The attempt.
    pub attempt: Arc<Attempt>,
    /// Its newest receipt.
    pub receipt: Arc<Receipt>,
    /// The points that come out now; none where people have still to grade something.
    pub points: Option<Points>,
    /// Everything that is not as the receipt says.
    pub differences: Vec<Difference>,
}

/// Differences that are told at most.
const MOST: usize = 100;

/// Replays an attempt that a viewer may grade; nothing where there is no such attempt, or it has no receipt.
pub async fn find(app: &App, reader: &Reader, viewer: &Viewer, key: AttemptKey) -> Result<Option<Replay>> {
    let Some(view) = View::of(viewer, key.org, Permission::AttemptsGrade) else {
        return Ok(None);
    };
    let Some(attempt) = reader.fetch(Seen { key, view }).await? else {
        return Ok(None);
    };
    let receipts = reader.fetch(ReceiptsOf(key)).await?.unwrap_or_default();
    let Some(receipt) = receipts.last().cloned() else {
        return Ok(None);
    };
    let before = receipts.len().checked_sub(2).and_then(|at| receipts.get(at));
    let stored = reader
        .run(|conn| async move { Ok(proven(conn, key).await) })
        .await??;
    let stored = Proven {
        previous: before.map(|before| before.hash.clone()),
        ..stored
    };
    let own = attempt.revision_key();
    let read = |id| async move {
        let key = RevisionKey::new(own.org, id);
        let revision = app.contents.find(reader, key).await?;
        Ok::<_, Error>((revision, answer_keys(reader, key).await?))
    };
    let (revision, keys) = corrected(attempt.unit_id, own.id, applied(&receipt, &stored), read).await?;
    let evidence = Evidence {
        receipt: &receipt,
        attempt: &attempt,
        stored: &stored,
        revision: &revision,
        keys: &keys,
    };
    let (points, differences) = evidence.replay(&app.keyring)?;
    Ok(Some(Replay {
        attempt,
        receipt,
        points,
        differences,
    }))
}

/// The revisions whose keys had been applied when a receipt was issued.
fn applied<'s>(receipt: &Receipt, stored: &'s Proven) -> &'s [RevisionId] {
    let last = stored
        .applied
        .iter()
        .rposition(|id| *id == receipt.keys_revision_id);
    &stored.applied[..last.map_or(0, |last| last + 1)]
}

async fn answer_keys(reader: &Reader, key: RevisionKey) -> Result<AnswerKeys> {
    reader
        .run(|conn| async move { Ok(keys_of(conn, key).await) })
        .await?
}

/// All that a replay looks at.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The receipt.
    pub receipt: &'a Receipt,
    /// The attempt as it is stored now.
    pub attempt: &'a Attempt,
    /// Its answers as they are stored now, and the hash of the receipt before.
    pub stored: &'a Proven,
    /// The revision that it was started in.
    pub revision: &'a Revision,
    /// The answer keys that it was graded by.
    pub keys: &'a AnswerKeys,
}

impl Evidence<'_> {
    /// Computes everything anew: the points in all, and what is not as the receipt says.
    pub fn replay(&self, keyring: &Keyring) -> Result<(Option<Points>, Vec<Difference>)> {
        let mut differences = Differences::default();
        let Self { receipt, stored, .. } = *self;
        let signed = receipt.signed();
        if !signed.is_genuine(keyring) {
            differences.note("signature", "made by a key of this academy", "not so");
        }
        let hash = Sha256::digest(&signed.document);
        if hash[..] != signed.hash {
            differences.note("hash", &hex::encode(&signed.hash), &hex::encode(hash));
        }
        let grading = self.graded_anew()?;
        let recorded = read(&signed.grading);
        let nonce = recorded["nonce"].as_str().unwrap_or_default();
        let text = grading_text(self.revision, receipt.keys_revision(), nonce, &grading);
        if text != signed.grading {
            differences.compare("grading", &recorded, &read(&text));
        }
        for (id, points) in grading.questions.iter().zip(&grading.points) {
            let kept = stored.answers.get(id).and_then(|stored| stored.points);
            if points.is_some() && kept != *points {
                let path = format!("stored.{}", QuestionKey::new(self.revision.course, *id));
                differences.note(&path, &shown(kept), &shown(*points));
            }
        }
        let recorded = read(&signed.document);
        let facts = Facts {
            kind: receipt.kind,
            attempt: self.attempt,
            salt: &stored.salt,
            revision: self.revision,
            answers: &stored.answers,
            previous: stored.previous.as_deref(),
        };
        let document = facts.document(&signed.grading);
        // What was declared void since has kept its points, and says no more how it was closed.
        let document = self.as_before_it_was_voided(document, &recorded);
        if canonical(&document) != signed.document {
            differences.compare("", &recorded, &document);
        }
        let points = (!grading.is_open() && recorded["outcome"] != "abandoned").then(|| grading.total());
        if receipt.points != points || self.attempt.points != points {
            differences.note("points", &shown(receipt.points), &shown(points));
        }
        Ok((points, differences.0))
    }

    /// The grading by the frozen keys. What people graded is taken from the receipt, which they had a part in.
    fn graded_anew(&self) -> Result<Grading> {
        let (_, questions) = asked(self.revision, self.attempt.unit_id, self.attempt.seed)
            .ok_or_else(|| Error::internal("an attempt at what is no quiz"))?;
        let mut grading = grade(&answers_of(&self.stored.answers), &questions, self.keys)?;
        let recorded = read(&self.receipt.grading);
        grading.keep_essays(&questions, |id| self.given_by_people(&recorded, id));
        Ok(grading)
    }

    fn given_by_people(&self, recorded: &Value, id: QuestionId) -> Option<Points> {
        let name = QuestionKey::new(self.revision.course, id).to_string();
        let answers = recorded["answers"].as_array()?;
        let answer = answers
            .iter()
            .find(|answer| answer["question"] == name.as_str())?;
        serde_json::from_value(answer["points"].clone()).ok()
    }

    fn as_before_it_was_voided(&self, mut document: Value, recorded: &Value) -> Value {
        if self.attempt.voided_at.is_some() {
            document["outcome"] = recorded["outcome"].clone();
            document["submittedAt"] = match &recorded["submittedAt"] {
                Value::Null => document["submittedAt"].clone(),
                at => at.clone(),
            };
        }
        document
    }
}

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn shown(points: Option<Points>) -> String {
    serde_json::to_string(&points).unwrap_or_default()
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn note(&mut self, path: &str, recorded: &str, recomputed: &str) {
        if self.0.len() < MOST {
            self.0.push(Difference {
                path: path.to_owned(),
                recorded: recorded.to_owned(),
                recomputed: recomputed.to_owned(),
            });
        }
    }

    /// Notes where two values differ, as deep inside as can be told.
    fn compare(&mut self, path: &str, recorded: &Value, recomputed: &Value) {
        let below = |name: &str| {
            if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            }
        };
        match (recorded, recomputed) {
            (Value::Object(left), Value::Object(right)) => {
                for name in left
                    .keys()
                    .chain(right.keys().filter(|name| !left.contains_key(*name)))
                {
                    self.compare(&below(name), &recorded[name], &recomputed[name]);
                }
            }
            (Value::Array(left), Value::Array(right)) => {
                for at in 0..left.len().max(right.len()) {
                    self.compare(&below(&at.to_string()), &recorded[at], &recomputed[at]);
                }
            }
            (left, right) if left != right => self.note(path, &left.to_string(), &right.to_string()),
            _ => {}
        }
    }
}
