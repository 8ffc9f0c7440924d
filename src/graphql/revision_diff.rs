//! What differs between two editions of a course.

use crate::domain::courses::diff::{Change, ChangeKind, FieldChange, Subject};
use crate::kernel::ids::{CourseKey, ModuleKey, QuestionKey, UnitKey};
use async_graphql::{Enum, ID, Object, SimpleObject};

/// Changes that one answer shows.
const MOST_CHANGES: usize = 1_000;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum ChangeSubject {
    /// The course itself.
    Course,
    /// A module.
    Module,
    /// A unit.
    Unit,
    /// A question of a quiz, its own or one of a bank that it draws from.
    Question,
}

/// A field that differs.
#[derive(SimpleObject)]
pub struct RevisionFieldChange {
    /// The field's name. Cost: 1.
    pub field: String,
    /// What the earlier edition has: a text as it is, anything else as JSON. Null where it has nothing, and always for
    /// what is right in a question, which `DraftQuestion.answerKey` and `BankQuestionVersion.answerKey` show to those who may see it.
    /// Cost: 1.
    pub before: Option<String>,
    /// What the later edition has, likewise. Cost: 1.
    pub after: Option<String>,
}

/// Something that differs.
#[derive(SimpleObject)]
pub struct RevisionChange {
    /// What the change is about. Cost: 1.
    pub subject: ChangeSubject,
    /// Its global identifier, the same in every revision. Cost: 1.
    pub id: ID,
    /// Its title, or a question's text; of the later edition, if that has it. Cost: 1.
    pub title: String,
    /// What became of it. Cost: 1.
    pub kind: ChangeKind,
    /// The fields that differ; none of what was added or removed. Cost: 1.
    pub fields: Vec<RevisionFieldChange>,
}

/// What differs between two editions of a course.
pub struct RevisionDiff {
    course: CourseKey,
    from: Option<i32>,
    to: Option<i32>,
    changes: Vec<Change>,
}

impl RevisionDiff {
    /// Shows the changes between two editions; the draft where a number is missing.
    pub const fn new(course: CourseKey, from: Option<i32>, to: Option<i32>, changes: Vec<Change>) -> Self {
        Self {
            course,
            from,
            to,
            changes,
        }
    }
}

/// What differs between two editions of a course.
///
/// Requires: `courses.read_draft`. Cost: 1.
#[Object]
impl RevisionDiff {
    /// The number of the earlier edition; null for the draft. Cost: 1.
    async fn from(&self) -> Option<i32> {
        self.from
    }

    /// The number of the later edition; null for the draft. Cost: 1.
    async fn to(&self) -> Option<i32> {
        self.to
    }

    /// Whether nothing differs. Cost: 1.
    async fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many things differ. Cost: 1.
    async fn change_count(&self) -> i32 {
        i32::try_from(self.changes.len()).unwrap_or(i32::MAX)
    }

    /// What differs, in the order of the later edition, with what was removed behind; the first 1000. Cost: 1.
    async fn changes(&self) -> Vec<RevisionChange> {
        self.changes
            .iter()
            .take(MOST_CHANGES)
            .map(|change| self.show(change))
            .collect()
    }
}

impl RevisionDiff {
    fn show(&self, change: &Change) -> RevisionChange {
        let course = self.course;
        let (subject, id) = match change.subject {
            Subject::Course => (ChangeSubject::Course, course.to_string()),
            Subject::Module(id) => (ChangeSubject::Module, ModuleKey::new(course, id).to_string()),
            Subject::Unit(id) => (ChangeSubject::Unit, UnitKey::new(course, id).to_string()),
            Subject::Question(id) => (ChangeSubject::Question, QuestionKey::new(course, id).to_string()),
        };
        let field = |change: &FieldChange| RevisionFieldChange {
            field: change.field.clone(),
            before: change.before.clone(),
            after: change.after.clone(),
        };
        RevisionChange {
            subject,
            id: id.into(),
            title: change.title.clone(),
            kind: change.kind,
            fields: change.fields.iter().map(field).collect(),
        }
    }
}
