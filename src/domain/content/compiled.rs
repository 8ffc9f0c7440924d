//! The compiled tree of a revision.

use super::assignment::Assignment;
use super::markdown::Markdown;
use super::material::Material;
use super::mentions::assets_in;
use super::points::Points;
use super::policy::QuizPolicy;
use super::question::QuestionPrompt;
use super::release::ReleaseRule;
use super::translation::Translations;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AssetKey, CourseKey, ModuleId, QuestionId, RevisionKey, UnitId};
use crate::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// The form that this build writes. The first had no kinds of questions beyond choices, short texts and traced programs,
/// and one point for each question; the second had texts and quizzes alone, no pools and no rules of release, and demanded all units
/// or all quizzes. What they wrote means the same in this one. Translations came later and are no other form: who does not know of them
/// reads what they are translations of.
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
    /// The language that it is written in; none in what was frozen before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Its title and summary in other languages. A language in which there is anything of the course has an entry.
    #[serde(default, skip_serializing_if = "Translations::is_empty")]
    pub translations: Translations,
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
    /// Its title in other languages.
    #[serde(default, skip_serializing_if = "Translations::is_empty")]
    pub translations: Translations,
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
    /// What has to hold before a learner may go into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub release: Vec<ReleaseRule>,
    /// Its title and text in other languages.
    #[serde(default, skip_serializing_if = "Translations::is_empty")]
    pub translations: Translations,
}

impl UnitContent {
    /// The questions of a quiz in the author's order; none of any other unit.
    pub fn questions(&self) -> &[(QuestionId, QuestionPrompt)] {
        match &self.body {
            UnitBody::Quiz { questions, .. } => questions,
            UnitBody::Text(_) | UnitBody::Material(_) => &[],
        }
    }

    /// Whether it shows a file: itself, or in its text in any language.
    pub fn shows(&self, asset: AssetKey) -> bool {
        let mentions = |text: &Markdown| assets_in(text.source(), asset.org).any(|shown| shown == asset);
        let itself = match &self.body {
            UnitBody::Text(text) => mentions(text),
            UnitBody::Quiz { .. } => false,
            UnitBody::Material(material) => material.assets(asset.org).contains(&asset),
        };
        let mut translated = self.translations.0.values();
        itself || translated.any(|translation| translation.text.as_ref().is_some_and(mentions))
    }
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
    /// A text.
    Text(Markdown),
    /// A quiz.
    Quiz {
        /// How it is taken.
        policy: QuizPolicy,
        /// Its questions in the author's order.
        questions: Vec<(QuestionId, QuestionPrompt)>,
        /// What each attempt draws beside them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pools: Vec<PoolContent>,
    },
    /// Anything else.
    Material(Material),
}

/// What each attempt at a quiz draws from questions of a bank, as they were when the course was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolContent {
    /// How many are drawn.
    pub draw: usize,
    /// What each is worth.
    pub points: Points,
    /// From which they are drawn.
    pub questions: Vec<(QuestionId, QuestionPrompt)>,
}

impl UnitBody {
    /// The Markdown that it has; none of a quiz.
    pub fn text(&self) -> Option<&Markdown> {
        match self {
            Self::Text(text) => Some(text),
            Self::Quiz { .. } => None,
            Self::Material(material) => material.text(),
        }
    }

    /// What each attempt at a quiz draws from banks; nothing of any other unit.
    pub fn pools(&self) -> &[PoolContent] {
        match self {
            Self::Quiz { pools, .. } => pools,
            Self::Text(_) | Self::Material(_) => &[],
        }
    }

    /// Points that an attempt can earn, whatever it draws.
    pub fn max_points(&self) -> Points {
        match self {
            Self::Quiz { questions, pools, .. } => {
                let own = questions.iter().map(|(_, prompt)| prompt.scoring.points);
                let drawn = pools
                    .iter()
                    .flat_map(|pool| std::iter::repeat_n(pool.points, pool.draw));
                own.chain(drawn).sum()
            }
            Self::Text(_) | Self::Material(_) => Points::ZERO,
        }
    }

    /// How many questions an attempt has.
    pub fn question_count(&self) -> usize {
        match self {
            Self::Quiz { questions, pools, .. } => {
                questions.len() + pools.iter().map(|pool| pool.draw).sum::<usize>()
            }
            Self::Text(_) | Self::Material(_) => 0,
        }
    }
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

    /// Finds a quiz: how it is taken, and its own questions in the author's order.
    pub fn quiz(&self, id: UnitId) -> Option<(&QuizPolicy, &[(QuestionId, QuestionPrompt)])> {
        match &self.unit(id)?.1.body {
            UnitBody::Quiz {
                policy, questions, ..
            } => Some((policy, questions)),
            UnitBody::Text(_) | UnitBody::Material(_) => None,
        }
    }

    /// Finds an assignment.
    pub fn assignment(&self, id: UnitId) -> Option<&Assignment> {
        match &self.unit(id)?.1.body {
            UnitBody::Material(Material::Assignment(assignment)) => Some(assignment),
            _ => None,
        }
    }

    /// What the attempts at a quiz draw beside its own questions.
    pub fn pools(&self, id: UnitId) -> &[PoolContent] {
        match self.unit(id).map(|(_, unit)| &unit.body) {
            Some(UnitBody::Quiz { pools, .. }) => pools,
            _ => &[],
        }
    }

    /// Every question that an attempt at a quiz may have.
    pub fn questions(&self, id: UnitId) -> impl Iterator<Item = &(QuestionId, QuestionPrompt)> {
        let own = self.quiz(id).map(|(_, questions)| questions).unwrap_or_default();
        own.iter()
            .chain(self.pools(id).iter().flat_map(|pool| &pool.questions))
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

    /// What its place in memory is counted by: the bytes of its stored form, twice, since the HTML of its texts may come to lie
    /// beside them.
    pub const fn bytes(&self) -> usize {
        2 * self.bytes
    }
}

/// A revision that many requests read at once.
pub type SharedRevision = Arc<Revision>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{AnswerKeys, Translation};
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
            let questions: Vec<_> = revision
                .units()
                .flat_map(|unit| revision.questions(unit.id))
                .collect();
            assert!(
                questions.len() > 2 && keys.0.len() == questions.len(),
                "format {format}"
            );
            for (id, prompt) in questions {
                assert!(keys.0[id].suits(prompt.kind), "format {format}: {}", prompt.text);
            }
        }
        assert!(Revision::read(&stored(FORMAT + 1, FIXTURES[0].1)).is_err());
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
    fn translations_are_frozen_with_what_they_are_of() {
        let mut content: Content = serde_json::from_str(FIXTURES[2].1).unwrap();
        let translation = Translation {
            title: Some("Um título".to_owned()),
            text: Some("Um *texto*".to_owned().into()),
        };
        let translations = Translations([("pt".to_owned(), translation)].into());
        content.translations = translations.clone();
        content.modules[0].translations = translations.clone();
        content.modules[0].units[0].translations = translations;
        let text = serde_json::to_string(&content).unwrap();
        let revision = Revision::read(&stored(FORMAT, &text)).unwrap();
        assert_eq!(revision.content, content);
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
