//! The compiled tree of a revision.

use super::points::Points;
use super::question::{QuestionPrompt, QuizPolicy};
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{CourseKey, ModuleId, QuestionId, RevisionKey, UnitId};
use crate::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// The form that this build writes. The first had no kinds of questions beyond choices, short texts and traced programs,
/// and one point for each question; the second demanded all units or all quizzes. What they wrote means the same in this one.
pub const FORMAT: i16 = 3;
const FIRST_FORMAT: i16 = 1;

text_enum! {
    /// By which rule an enrolment is complete.
    CompletionRule {
        /// Every unit is complete: texts read, quizzes passed.
        AllUnits = "all_units",
        /// Every quiz is passed; texts may be left out.
        QuizzesPassed = "quizzes_passed",
        /// Every unit is complete that its author says is required; others may be left out.
        RequiredUnits = "required_units",
        /// A share of the units is complete, whichever they are.
        MinimumPercent = "minimum_percent",
    }
}

/// Everything that a course's readers see, as it was when it was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The course's title.
    pub title: String,
    /// What the course is about, Markdown.
    pub summary: String,
    /// When an enrolment is complete.
    pub completion_rule: CompletionRule,
    /// Which share of the units that takes, in percent, where the rule is a share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_percent: Option<i32>,
    /// The modules in order.
    pub modules: Vec<ModuleContent>,
}

/// A module and its units in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleContent {
    /// Its identity, the same in every revision.
    pub id: ModuleId,
    /// Its title.
    pub title: String,
    /// The part of the course that it stands in.
    pub part: Option<String>,
    /// Its units.
    pub units: Vec<UnitContent>,
}

/// A unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitContent {
    /// Its identity, the same in every revision.
    pub id: UnitId,
    /// Its title.
    pub title: String,
    /// Whether it is one of those that the course demands, where the rule is a choice of them.
    #[serde(default = "is_true", skip_serializing_if = "is")]
    pub is_required: bool,
    /// What it is.
    pub body: UnitBody,
}

const fn is_true() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
const fn is(value: &bool) -> bool {
    *value
}

/// What a unit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitBody {
    /// A text, Markdown source.
    Text(String),
    /// A quiz.
    Quiz {
        /// How it is taken.
        policy: QuizPolicy,
        /// Its questions in the author's order.
        questions: Vec<(QuestionId, QuestionPrompt)>,
    },
}

/// Points that all questions of a quiz can earn.
pub fn max_points(questions: &[(QuestionId, QuestionPrompt)]) -> Points {
    questions.iter().map(|(_, prompt)| prompt.scoring.points).sum()
}

/// A numbered, immutable edition of a course, parsed and shared.
#[derive(Debug)]
pub struct Revision {
    /// Its key.
    pub key: RevisionKey,
    /// The course that it is an edition of.
    pub course: CourseKey,
    /// 1 for the first, counting up.
    pub number: i32,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// What it contains.
    pub content: Content,
    units: HashMap<UnitId, (usize, usize)>,
    bytes: usize,
}

/// A revision's row as its readers need it; also what other nodes find in Redis.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredRevision {
    /// Its key.
    pub key: RevisionKey,
    /// The course that it is an edition of.
    pub course: CourseKey,
    /// 1 for the first.
    pub number: i32,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// Which reader understands `content`.
    pub format: i16,
    /// The compiled content.
    pub content: String,
}

impl Revision {
    /// Parses a stored revision with the reader of its format.
    pub fn read(stored: &StoredRevision) -> Result<Self> {
        let content: Content = match stored.format {
            FIRST_FORMAT..=FORMAT => serde_json::from_str(&stored.content).map_err(Error::internal)?,
            other => return Err(Error::internal(format!("no reader for content format {other}"))),
        };
        let mut units = HashMap::new();
        for (m, module) in content.modules.iter().enumerate() {
            units.extend(module.units.iter().enumerate().map(|(u, unit)| (unit.id, (m, u))));
        }
        Ok(Self {
            key: stored.key,
            course: stored.course,
            number: stored.number,
            published_at: stored.published_at,
            content,
            units,
            bytes: stored.content.len(),
        })
    }

    /// Finds a unit, with the module that it stands in.
    pub fn unit(&self, id: UnitId) -> Option<(&ModuleContent, &UnitContent)> {
        let (m, u) = self.unit_position(id)?;
        let module = &self.content.modules[m];
        Some((module, &module.units[u]))
    }

    /// Finds a quiz: how it is taken, and its questions in the author's order.
    pub fn quiz(&self, id: UnitId) -> Option<(&QuizPolicy, &[(QuestionId, QuestionPrompt)])> {
        match &self.unit(id)?.1.body {
            UnitBody::Quiz { policy, questions } => Some((policy, questions)),
            UnitBody::Text(_) => None,
        }
    }

    /// Finds where a unit stands: the positions of its module and within it.
    pub fn unit_position(&self, id: UnitId) -> Option<(usize, usize)> {
        self.units.get(&id).copied()
    }

    /// Finds where a module stands.
    pub fn module_position(&self, id: ModuleId) -> Option<usize> {
        self.content.modules.iter().position(|module| module.id == id)
    }

    /// All units in order.
    pub fn units(&self) -> impl Iterator<Item = &UnitContent> {
        self.content.modules.iter().flat_map(|module| &module.units)
    }

    /// Whether the completion rule counts a unit.
    pub fn counts(&self, unit: &UnitContent) -> bool {
        match self.content.completion_rule {
            CompletionRule::AllUnits | CompletionRule::MinimumPercent => true,
            CompletionRule::QuizzesPassed => matches!(unit.body, UnitBody::Quiz { .. }),
            CompletionRule::RequiredUnits => unit.is_required,
        }
    }

    /// The units that the completion rule counts.
    pub fn required_units(&self) -> impl Iterator<Item = &UnitContent> {
        self.units().filter(|unit| self.counts(unit))
    }

    /// The identities of those units.
    pub fn required_ids(&self) -> Vec<UnitId> {
        self.required_units().map(|unit| unit.id).collect()
    }

    /// How many units the completion rule counts.
    pub fn unit_count(&self) -> i32 {
        i32::try_from(self.required_units().count()).unwrap_or(i32::MAX)
    }

    /// How many of those units complete an enrolment: all, or the share that the rule says, rounded up.
    pub fn units_needed(&self) -> i32 {
        let units = i64::from(self.unit_count());
        let percent = match self.content.completion_rule {
            CompletionRule::MinimumPercent => i64::from(self.content.completion_percent.unwrap_or(100)),
            _ => 100,
        };
        i32::try_from((units * percent + 99) / 100)
            .unwrap_or(i32::MAX)
            .max(1)
    }

    /// Bytes of its stored form: what its place in memory is counted by.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// A revision that many requests read at once.
pub type SharedRevision = Arc<Revision>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::AnswerKeys;
    use crate::kernel::ids::{CourseId, OrgId, RevisionId};
    use uuid::Uuid;

    /// What each format looked like when it was written: content, answer keys.
    const FIXTURES: [(i16, &str, &str); 3] = [
        (
            1,
            include_str!("fixtures/format_1.json"),
            include_str!("fixtures/format_1_keys.json"),
        ),
        (
            2,
            include_str!("fixtures/format_2.json"),
            include_str!("fixtures/format_2_keys.json"),
        ),
        (
            3,
            include_str!("fixtures/format_3.json"),
            include_str!("fixtures/format_3_keys.json"),
        ),
    ];

    fn stored(format: i16, content: &str) -> StoredRevision {
        let org = OrgId(Uuid::from_u128(1));
        StoredRevision {
            key: RevisionKey::new(org, RevisionId(Uuid::from_u128(2))),
            course: CourseKey::new(org, CourseId(Uuid::from_u128(3))),
            number: 1,
            published_at: DateTime::UNIX_EPOCH,
            format,
            content: content.to_owned(),
        }
    }

    #[test]
    fn what_was_written_in_any_format_is_read() {
        for (format, content, keys) in FIXTURES {
            let revision = Revision::read(&stored(format, content)).unwrap();
            let keys: AnswerKeys = serde_json::from_str(keys).unwrap();
            let quizzes = revision.units().filter_map(|unit| revision.quiz(unit.id));
            let questions: Vec<_> = quizzes.flat_map(|(_, questions)| questions).collect();
            assert!(
                questions.len() > 2 && keys.0.len() == questions.len(),
                "format {format}"
            );
            for (id, prompt) in questions {
                assert!(keys.0[id].suits(prompt.kind), "format {format}: {}", prompt.text);
            }
        }
        assert!(Revision::read(&stored(4, FIXTURES[0].1)).is_err());
    }

    #[test]
    fn this_build_writes_what_its_fixture_shows() {
        let content: Content = serde_json::from_str(FIXTURES[2].1).unwrap();
        let fixture: serde_json::Value = serde_json::from_str(FIXTURES[2].1).unwrap();
        assert_eq!(serde_json::to_value(&content).unwrap(), fixture);
        let keys: AnswerKeys = serde_json::from_str(FIXTURES[2].2).unwrap();
        let fixture: serde_json::Value = serde_json::from_str(FIXTURES[2].2).unwrap();
        assert_eq!(serde_json::to_value(&keys).unwrap(), fixture);
    }

    #[test]
    fn a_share_of_the_units_is_rounded_up_and_never_none() {
        let mut revision = Revision::read(&stored(3, FIXTURES[2].1)).unwrap();
        let units = revision.units().count();
        assert!(units >= 3, "{units}");
        let needed = |revision: &mut Revision, rule, percent| {
            revision.content.completion_rule = rule;
            revision.content.completion_percent = percent;
            usize::try_from(revision.units_needed()).unwrap()
        };
        assert_eq!(needed(&mut revision, CompletionRule::AllUnits, Some(1)), units);
        assert_eq!(needed(&mut revision, CompletionRule::MinimumPercent, None), units);
        assert_eq!(needed(&mut revision, CompletionRule::MinimumPercent, Some(1)), 1);
        assert_eq!(
            needed(&mut revision, CompletionRule::MinimumPercent, Some(51)),
            (units * 51).div_ceil(100)
        );
        let required = revision.units().filter(|unit| unit.is_required).count();
        assert!(required < units);
        assert_eq!(
            needed(&mut revision, CompletionRule::RequiredUnits, None),
            required
        );
    }
}
