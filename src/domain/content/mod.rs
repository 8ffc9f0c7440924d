//! What a published course contains: a frozen, compiled tree that is read whole.
//!
//! Publishing turns a draft into a [`Content`] (what learners see) and [`AnswerKeys`] (what is right). The two are
//! stored apart and are different types: no value that a learner's request holds leads to an answer key. A stored
//! content names its format; readers for every format ever written stay.

pub mod answer;
pub mod assignment;
pub mod cache;
pub mod compiled;
pub mod key;
pub mod mark;
pub mod markdown;
pub mod material;
pub mod mentions;
pub mod number;
pub mod options;
pub mod points;
pub mod policy;
pub mod question;
pub mod release;
pub mod scoring;
pub mod survey;
pub mod text_rule;
pub mod translation;

pub use answer::{Answer, GapAnswer};
pub use cache::Contents;
pub use compiled::{CompletionRule, Content, ModuleContent, Revision, UnitBody, UnitContent};
pub use key::{AnswerKey, AnswerKeys, GapRule, Rule};
pub use markdown::Markdown;
pub use material::Material;
pub use points::Points;
pub use policy::{CountedAttempt, QuizPolicy, ReviewPolicy};
pub use question::{ChoiceOption, Criterion, GapKind, GapPrompt, QuestionKind, QuestionPrompt};
pub use release::ReleaseRule;
pub use scoring::{PartialCredit, Scoring};
pub use survey::{SurveyAudience, SurveyContent, SurveyQuestion, SurveyQuestionKind};
pub use translation::{Translation, Translations};
