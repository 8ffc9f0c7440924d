//! A replay finds an attempt to be what its receipt says, and finds out whatever was changed since.

use super::grade::{answers_of, grade};
use super::model::{Attempt, AttemptState};
use super::properties::{Case, case};
use super::receipt::{Facts, ReceiptKind, Signed, Stored, StoredAnswers, grading_text};
use super::receipts::{Proven, Receipt};
use super::replay::Evidence;
use crate::domain::content::compiled::StoredRevision;
use crate::domain::content::{
    Answer, AnswerKey, AnswerKeys, CompletionRule, Content, ModuleContent, Points, QuizPolicy, Revision,
    Rule, Translations, UnitBody, UnitContent,
};
use crate::kernel::ids::{
    AttemptId, AttemptKey, CourseId, CourseKey, EnrollmentId, MemberId, ModuleId, OrgId, QuestionId,
    RevisionId, RevisionKey, UnitId,
};
use crate::kernel::keyring::Keyring;
use chrono::{DateTime, TimeDelta};
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const QUIZ: UnitId = UnitId(Uuid::from_u128(2));

/// An attempt with everything that a replay looks at.
#[derive(Clone)]
struct World {
    receipt: Receipt,
    attempt: Attempt,
    stored: Proven,
    keys: AnswerKeys,
}

fn id(n: usize) -> Uuid {
    Uuid::from_u128(100 + n as u128)
}

fn revision(cases: &[Case]) -> Revision {
    let questions = cases.iter().enumerate();
    let questions = questions.map(|(n, case)| (QuestionId(id(n)), case.prompt.clone()));
    let policy = QuizPolicy {
        shuffle_questions: true,
        ..QuizPolicy::default()
    };
    let body = UnitBody::Quiz {
        policy,
        questions: questions.collect(),
        pools: Vec::new(),
    };
    let unit = UnitContent {
        is_required: true,
        release: Vec::new(),
        translations: Translations::default(),
        id: QUIZ,
        title: "Quiz".into(),
        body,
    };
    let module = ModuleContent {
        id: ModuleId(id(0)),
        title: "Module".into(),
        part: None,
        translations: Translations::default(),
        units: vec![unit],
    };
    let content = Content {
        completion_percent: None,
        language: None,
        translations: Translations::default(),
        title: "Course".into(),
        summary: String::new(),
        completion_rule: CompletionRule::AllUnits,
        modules: vec![module],
    };
    let stored = StoredRevision {
        key: RevisionKey::new(ORG, RevisionId(id(0))),
        course: CourseKey::new(ORG, CourseId(id(0))),
        number: 1,
        published_at: DateTime::UNIX_EPOCH,
        format: crate::domain::content::compiled::FORMAT,
        content: serde_json::to_string(&content).unwrap(),
    };
    Revision::read(&stored).unwrap()
}

fn keyring() -> Keyring {
    Keyring::parse(&"ab".repeat(32)).unwrap()
}

/// Submits right answers to every other question, or so, as a learner would.
fn submitted(cases: &[Case], revision: &Revision, seed: i64, answered: &[bool]) -> World {
    let keys = cases
        .iter()
        .enumerate()
        .map(|(n, case)| (QuestionId(id(n)), case.key.clone()));
    let keys = AnswerKeys(keys.collect());
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let mut answers = StoredAnswers::new();
    for (n, case) in cases
        .iter()
        .enumerate()
        .filter(|(n, _)| answered[*n % answered.len()])
    {
        let stored = Stored {
            answer: case.right.clone().fit(&case.prompt).unwrap(),
            version: 1 + i32::try_from(n).unwrap(),
            saved_at: at,
            points: None,
        };
        answers.insert(QuestionId(id(n)), stored);
    }
    let (_, questions) = revision.quiz(QUIZ).unwrap();
    let grading = grade(&answers_of(&answers), questions, &keys).unwrap();
    for (id, points) in grading.questions.iter().zip(&grading.points) {
        answers.get_mut(id).unwrap().points = *points;
    }
    let is_open = grading.is_open();
    let attempt = Attempt {
        key: AttemptKey::new(ORG, AttemptId(id(7))),
        enrollment_id: EnrollmentId(id(8)),
        unit_id: QUIZ,
        course_id: CourseId(id(0)),
        revision_id: RevisionId(id(0)),
        member_id: MemberId(id(9)),
        number: 1,
        state: if is_open {
            AttemptState::NeedsGrading
        } else {
            AttemptState::Graded
        },
        seed,
        started_at: at,
        deadline_at: Some(at + TimeDelta::hours(1)),
        submitted_at: Some(at + TimeDelta::minutes(30)),
        submitted_automatically: false,
        points: (!is_open).then(|| grading.total()),
        max_points: Points(1_000_000),
        pass_points: Points(1),
        overdue_at: None,
        voided_at: None,
        voided_by: None,
        void_reason: None,
    };
    let stored = Proven {
        answers,
        salt: vec![7; 16],
        moment: at,
        number: 1,
        previous: None,
        keys: revision.key.id,
        applied: Vec::new(),
    };
    let facts = Facts {
        kind: ReceiptKind::Submitted,
        attempt: &attempt,
        salt: &stored.salt,
        revision,
        answers: &stored.answers,
        previous: None,
    };
    let signed = Signed::new(
        &keyring(),
        &facts,
        grading_text(revision, revision.key, "nonce", &grading),
    );
    let receipt = Receipt {
        org_id: ORG,
        attempt_id: attempt.key.id,
        number: 1,
        kind: ReceiptKind::Submitted,
        document: signed.document,
        grading: signed.grading,
        hash: signed.hash,
        signature: signed.signature,
        key_id: signed.key_id,
        issued_at: at,
        points: attempt.points,
        points_before: None,
        keys_revision_id: revision.key.id,
        issued_by: None,
        reason: None,
    };
    World {
        receipt,
        attempt,
        stored,
        keys,
    }
}

/// The paths that a replay finds to differ.
fn paths(world: &World, revision: &Revision) -> Vec<String> {
    let evidence = Evidence {
        receipt: &world.receipt,
        attempt: &world.attempt,
        stored: &world.stored,
        revision,
        keys: &world.keys,
    };
    let (points, differences) = evidence.replay(&keyring()).unwrap();
    if differences.is_empty() {
        assert_eq!(points, world.attempt.points);
    }
    differences
        .into_iter()
        .map(|difference| difference.path)
        .collect()
}

/// Something that somebody could do to what is stored.
type Tamper = fn(&mut World);

const TAMPERED: [(&str, Tamper); 12] = [
    ("the seed", |world| world.attempt.seed ^= 1),
    ("the points in all", |world| {
        world.attempt.points = Some(Points(world.attempt.points.map_or(1, |points| points.0 + 1)));
    }),
    ("the start", |world| {
        world.attempt.started_at += TimeDelta::microseconds(1);
    }),
    ("the deadline", |world| world.attempt.deadline_at = None),
    ("who submitted", |world| {
        world.attempt.submitted_automatically = true;
    }),
    ("the salt", |world| world.stored.salt[0] ^= 1),
    ("the document", |world| world.receipt.document.push(' ')),
    ("the grading", |world| world.receipt.grading.push(' ')),
    ("the hash", |world| world.receipt.hash[0] ^= 1),
    ("the signature", |world| world.receipt.signature[9] ^= 1),
    ("the key's name", |world| world.receipt.key_id.push('0')),
    ("the receipt before", |world| {
        world.stored.previous = Some(vec![1; 32]);
    }),
];

/// Something that somebody could do to a stored answer.
type TamperAnswer = fn(&mut Stored);

const TAMPERED_ANSWER: [(&str, TamperAnswer); 3] = [
    ("an answer", |stored| {
        stored.answer = Answer::Text("another".into());
    }),
    ("its version", |stored| stored.version += 1),
    ("when it was saved", |stored| {
        stored.saved_at += TimeDelta::microseconds(1);
    }),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_attempt_is_what_its_receipt_says_until_something_is_changed(
        cases in vec(case(), 1..6), seed in any::<i64>(), answered in vec(any::<bool>(), 1..6),
    ) {
        let revision = revision(&cases);
        let world = submitted(&cases, &revision, seed, &answered);
        prop_assert_eq!(paths(&world, &revision), Vec::<String>::new());
        for (what, tamper) in TAMPERED {
            let mut changed = world.clone();
            tamper(&mut changed);
            // The salt is in the digests of answers alone.
            if what != "the salt" || !world.stored.answers.is_empty() {
                prop_assert!(!paths(&changed, &revision).is_empty(), "{}", what);
            }
        }
        let first = world.stored.answers.keys().next().copied();
        for ((what, tamper), first) in TAMPERED_ANSWER.into_iter().zip(first.into_iter().cycle()) {
            let mut changed = world.clone();
            tamper(changed.stored.answers.get_mut(&first).unwrap());
            prop_assert!(!paths(&changed, &revision).is_empty(), "{}", what);
        }
        if let Some(first) = first {
            let mut changed = world.clone();
            changed.stored.answers.remove(&first);
            prop_assert!(!paths(&changed, &revision).is_empty(), "an answer that is gone");
        }
    }

    #[test]
    fn other_answer_keys_are_found_out(cases in vec(case(), 1..4), seed in any::<i64>()) {
        let revision = revision(&cases);
        let mut world = submitted(&cases, &revision, seed, &[true]);
        let earned = |stored: &&Stored| stored.points.is_some_and(|points| points > Points::ZERO);
        let earned = world.stored.answers.values().filter(earned).count();
        for key in world.keys.0.values_mut().filter(|key| !matches!(key.rule, Rule::People { .. })) {
            *key = AnswerKey::new(Rule::Right(Vec::new()));
        }
        prop_assert_eq!(paths(&world, &revision).is_empty(), earned == 0);
    }
}
