//! How attempts are graded anew, after an answer key was corrected.
//!
//! The author corrects the key in the draft and publishes; a regrade then applies the keys of the current revision to the attempts of
//! older ones. Each keeps its revision, its questions and what they are worth: only what is right is another. Attempts are taken in
//! chunks, each with a few statements; what is held in memory is one chunk and the counts.

use super::grade::{Grading, answers_of, grade};
use super::model::Attempt;
use super::order::asked;
use super::overlay::{Keyed, corrected, overlaid};
use super::receipt::{Facts, ReceiptKind, Signed, grading_text, nonce};
use super::regrade_store::{self as rows, Graded, MayRegrade, Regraded, Selection};
use super::result::ResultOf;
use super::submit::pass;
use crate::auth::allowed::Allowed;
use crate::auth::permission::action;
use crate::auth::policy::Relation;
use crate::db::Batch;
use crate::domain::content::compiled::SharedRevision;
use crate::domain::content::{AnswerKeys, CountedAttempt, Points};
use crate::domain::courses::store::find_to_hold;
use crate::domain::enrollments::{Enrollment, SeenEnrollment};
use crate::domain::mutate::{At, Stop, Write, refuse_all, refuse_with};
use crate::domain::refusal::{Code, Refusal};
use crate::kernel::error::Error;
use crate::kernel::ids::{
    AttemptId, AttemptKey, CourseKey, EnrollmentId, EnrollmentKey, QuestionId, RevisionId, RevisionKey,
    UnitKey,
};
use async_graphql::Enum;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Attempts that are in memory at a time.
const CHUNK: i64 = 500;
/// Attempts that one regrade takes.
const MOST: i64 = 50_000;
/// Changes that are told one by one.
const MOST_TOLD: usize = 100;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The course.
    pub course: CourseKey,
    /// The quiz.
    pub quiz: UnitKey,
    /// Only attempts that were started in the revision of this number.
    pub revision: Option<i32>,
    /// Whether nothing is stored.
    pub is_dry: bool,
    /// Why, as learners are told.
    pub reason: String,
    /// Which changes are told one by one.
    pub show: RegradeShow,
    /// Only those of attempts behind this one.
    pub show_after: Option<AttemptKey>,
}

/// Which changes of a regrade are told one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum RegradeShow {
    /// All that come out otherwise.
    #[default]
    Changed,
    /// Those that pass now, and did not.
    NewlyPassed,
    /// Those that do not pass now, and did.
    NewlyFailed,
}

/// What came of a regrade, or would come of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Regrade {
    /// Whether nothing was stored.
    pub is_dry: bool,
    /// The number of the revision whose keys were applied.
    pub revision: i32,
    /// Attempts that were looked at.
    pub attempts: i64,
    /// Those that come out otherwise, in one of their answers or in all.
    pub changed: i64,
    /// Those that pass, and did not.
    pub newly_passed: i64,
    /// Those that do not pass, and did.
    pub newly_failed: i64,
    /// The first of those that were asked for.
    pub changes: Vec<Change>,
    /// Whether more were asked for than are told.
    pub has_more: bool,
}

/// An attempt that comes out otherwise.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The attempt.
    pub attempt: AttemptKey,
    /// What it had.
    pub before: Points,
    /// What it has.
    pub after: Points,
    /// What passes.
    pub pass_points: Points,
}

/// Grades the attempts at a quiz anew by the answer keys of the course's current revision. What was completed stays complete; what
/// newly passes is complete, with whatever follows from that, in the same transaction.
pub async fn regrade(write: &Write<'_>, asked: &Asked) -> Result<Regrade, Stop> {
    let course = find_to_hold(&write.gate, asked.course).await?;
    let course: MayRegrade<'_> = write.gate.allow(course).at("courseId")?;
    refuse_all([Refusal::of_name("reason", &asked.reason, 2_000)])?;
    let conn = write.gate.conn();
    rows::hold_regrades(&course, conn).await?;
    let Some(current) = course.course.revision() else {
        let message = "The course was never published, so there are no attempts.";
        return refuse_with(Refusal::at(Code::NotPublished, "courseId", message));
    };
    let revision = write.app.contents.find_for_write(conn, current).await?;
    let found = revision
        .quiz(asked.quiz.id)
        .filter(|_| asked.quiz.course == asked.course);
    let Some((policy, _)) = found else {
        return refuse_with(Refusal::not_found("quizId"));
    };
    let only = match asked.revision {
        None => None,
        Some(number) => match rows::revision_numbered(conn, asked.course, number).await? {
            Some(id) => Some(id),
            None => return refuse_with(Refusal::not_found("revision")),
        },
    };
    let selection = Selection {
        course: asked.course,
        quiz: asked.quiz.id,
        keys: current.id,
        only,
    };
    let mut work = Work {
        write,
        asked,
        course: &course,
        counts: policy.counts,
        keys: rows::keys_of(conn, current).await?,
        revision: revision.clone(),
        known: HashMap::new(),
        regrade: Regrade {
            is_dry: asked.is_dry,
            revision: revision.number,
            ..Regrade::default()
        },
    };
    let mut after = AttemptId(Uuid::nil());
    loop {
        let chunk = rows::chunk(conn, selection, after, CHUNK).await?;
        let Some((last, _)) = chunk.last() else { break };
        after = *last;
        if work.regrade.attempts >= MOST {
            let message = format!("A regrade takes {MOST} attempts at most; name a revision.");
            return refuse_with(Refusal::at(Code::LimitReached, "quizId", message));
        }
        work.take(&chunk).await?;
    }
    if !asked.is_dry {
        let regrade = &work.regrade;
        let detail = json!({ "quiz": asked.quiz.to_string(), "revision": regrade.revision, "attempts": regrade.attempts,
            "changed": regrade.changed, "newlyPassed": regrade.newly_passed, "newlyFailed": regrade.newly_failed });
        write.happened("quiz.regraded", asked.course, detail);
    }
    Ok(work.regrade)
}

/// A regrade in progress.
struct Work<'w, 'tx> {
    write: &'w Write<'tx>,
    asked: &'w Asked,
    course: &'w MayRegrade<'w>,
    counts: CountedAttempt,
    keys: AnswerKeys,
    revision: SharedRevision,
    /// The revisions that attempts were started in, each with the keys by which its questions are graded now, where those of these others were
    /// applied before.
    known: HashMap<(RevisionId, Vec<RevisionId>), (SharedRevision, Arc<AnswerKeys>)>,
    regrade: Regrade,
}

impl Work<'_, '_> {
    async fn take(&mut self, chunk: &[(AttemptId, EnrollmentId)]) -> Result<(), Stop> {
        let conn = self.write.gate.conn();
        let (ids, mut enrollments): (Vec<AttemptId>, Vec<EnrollmentId>) = chunk.iter().copied().unzip();
        enrollments.sort();
        enrollments.dedup();
        let enrolled = if self.asked.is_dry {
            HashMap::new()
        } else {
            rows::lock_enrollments(conn, self.asked.course, &enrollments).await?
        };
        let mut regraded = Vec::new();
        let mut passing = Vec::new();
        let graded = rows::read(conn, self.asked.course, &ids).await?;
        if !self.asked.is_dry {
            let ids = graded.iter().map(|graded| graded.attempt.key.id).collect();
            rows::note_keys(self.course, conn, ids, self.revision.key.id).await?;
        }
        for graded in graded {
            self.regrade.attempts += 1;
            let Some(outcome) = self.grade(&graded).await? else {
                continue;
            };
            self.count(&graded.attempt, &outcome);
            if outcome.after >= graded.attempt.pass_points || self.counts != CountedAttempt::Highest {
                passing.push(graded.attempt.enrollment_id);
            }
            regraded.push(outcome);
        }
        if self.asked.is_dry || regraded.is_empty() {
            return Ok(());
        }
        let by = self.write.gate.member().map(|member| member.id);
        let reason = &self.asked.reason;
        rows::store(self.course, conn, &regraded, self.revision.key.id, by, reason).await?;
        for it in &regraded {
            let detail = json!({ "before": it.before, "after": it.after, "revision": self.revision.number });
            let key = AttemptKey::new(self.asked.course.org, it.attempt);
            self.write.happened("attempt.regraded", key, detail);
        }
        self.complete(passing, &enrolled).await
    }

    /// How an attempt comes out; nothing where it comes out as it did.
    async fn grade(&mut self, graded: &Graded) -> Result<Option<Regraded>, Stop> {
        let attempt = &graded.attempt;
        let (revision, keys) = self.known(graded).await?;
        let (_, questions) = asked(&revision, attempt.unit_id, attempt.seed)
            .ok_or_else(|| Error::internal("an attempt at what is no quiz"))?;
        let mut grading = grade(&answers_of(&graded.answers), &questions, &keys)?;
        let stored = |id: &QuestionId| graded.answers.get(id).and_then(|stored| stored.points);
        // What people graded stays.
        grading.keep_essays(&questions, |id| stored(&id));
        let (before, after) = (attempt.points.unwrap_or_default(), grading.total());
        let is_same = grading
            .questions
            .iter()
            .zip(&grading.points)
            .all(|(id, points)| stored(id) == *points);
        if is_same && before == after {
            return Ok(None);
        }
        let receipt = self.receipt(graded, &revision, &grading, after);
        Ok(Some(Regraded {
            attempt: attempt.key.id,
            answers: grading
                .questions
                .iter()
                .copied()
                .zip(grading.points.iter().copied())
                .collect(),
            before,
            after,
            number: graded.number + 1,
            receipt,
        }))
    }

    fn receipt(
        &self,
        graded: &Graded,
        revision: &SharedRevision,
        grading: &Grading,
        after: Points,
    ) -> Signed {
        let attempt = Attempt {
            points: Some(after),
            ..graded.attempt.clone()
        };
        let facts = Facts {
            kind: ReceiptKind::Regraded,
            attempt: &attempt,
            salt: &graded.salt,
            revision,
            answers: &graded.answers,
            previous: graded.previous.as_deref(),
        };
        let text = grading_text(revision, self.revision.key, &nonce(), grading);
        Signed::new(&self.write.app.keyring, &facts, text)
    }

    fn count(&mut self, attempt: &Attempt, outcome: &Regraded) {
        let (did, does) = (
            outcome.before >= attempt.pass_points,
            outcome.after >= attempt.pass_points,
        );
        self.regrade.changed += 1;
        let (newly_passed, newly_failed) = (does && !did, did && !does);
        self.regrade.newly_passed += i64::from(newly_passed);
        self.regrade.newly_failed += i64::from(newly_failed);
        let is_shown = match self.asked.show {
            RegradeShow::Changed => true,
            RegradeShow::NewlyPassed => newly_passed,
            RegradeShow::NewlyFailed => newly_failed,
        };
        let is_behind = self
            .asked
            .show_after
            .is_none_or(|after| attempt.key.id > after.id);
        if !is_shown || !is_behind {
            return;
        }
        if self.regrade.changes.len() == MOST_TOLD {
            self.regrade.has_more = true;
            return;
        }
        self.regrade.changes.push(Change {
            attempt: attempt.key,
            before: outcome.before,
            after: outcome.after,
            pass_points: attempt.pass_points,
        });
    }

    /// The revision of an attempt, with the keys by which it is graded now.
    async fn known(&mut self, graded: &Graded) -> Result<(SharedRevision, Arc<AnswerKeys>), Stop> {
        let attempt = &graded.attempt;
        let name = (attempt.revision_id, graded.applied.clone());
        if let Some(known) = self.known.get(&name) {
            return Ok(known.clone());
        }
        let (conn, contents) = (self.write.gate.conn(), &self.write.app.contents);
        let org = attempt.key.org;
        let read = |id| async move {
            let key = RevisionKey::new(org, id);
            let revision = contents.find_for_write(conn, key).await?;
            Ok::<_, Error>((revision, rows::keys_of(conn, key).await?))
        };
        let (revision, keys) = corrected(attempt.unit_id, attempt.revision_id, &graded.applied, read).await?;
        let own = Keyed {
            revision: &revision,
            keys: &keys,
        };
        let later = Keyed {
            revision: &self.revision,
            keys: &self.keys,
        };
        let keys = Arc::new(overlaid(attempt.unit_id, own, later));
        self.known.insert(name, (revision.clone(), keys.clone()));
        Ok((revision, keys))
    }

    /// Completes the quiz for those who have not completed it and pass by what counts now.
    async fn complete(
        &self,
        mut passing: Vec<EnrollmentId>,
        enrolled: &HashMap<EnrollmentId, Enrollment>,
    ) -> Result<(), Stop> {
        let conn = self.write.gate.conn();
        let (course, quiz) = (self.asked.course, self.asked.quiz.id);
        passing.sort();
        passing.dedup();
        let open = rows::without(conn, course, quiz, &passing).await?;
        let keys: Vec<ResultOf> = open
            .iter()
            .map(|id| ResultOf {
                enrollment: EnrollmentKey::new(course.org, *id),
                quiz,
                counts: self.counts,
            })
            .collect();
        let results = if keys.is_empty() {
            HashMap::new()
        } else {
            ResultOf::load_many(&keys, conn).await?
        };
        for key in keys {
            let counted = results.get(&key).and_then(|result| result.counted);
            let Some(enrollment) = enrolled
                .get(&key.enrollment.id)
                .filter(|_| counted.is_some_and(|it| it.is_passed))
            else {
                continue;
            };
            let seen = SeenEnrollment {
                enrollment: enrollment.clone(),
                relation: Relation {
                    taught: self.course.taught,
                    ..Relation::default()
                },
            };
            let proof: Allowed<'_, action::AttemptsRegrade, SeenEnrollment> =
                self.write.gate.allow(Some(seen)).at("courseId")?;
            pass(self.write, quiz, &proof).await?;
        }
        Ok(())
    }
}
