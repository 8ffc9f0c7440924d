//! What units are made of, as authors send it.

use super::question_inputs::QuestionInput;
use super::support::mutation::key;
use crate::domain::content::assignment::{Assignment, Criterion, Due, SubmissionKind};
use crate::domain::content::material::{Caption, File, Link, Live, Source, Video};
use crate::domain::content::{Material, Points, QuizPolicy};
use crate::domain::courses::authoring::UnitDraftContent;
use crate::domain::courses::draft_units::UnitDraft;
use crate::domain::courses::pools::Pool;
use crate::domain::refusal::Refusal;
use crate::kernel::clock::Clock;
use crate::kernel::ids::{AssetId, AssetKey, Key, OrgId, QuestionBankId, QuestionBankKey};
use async_graphql::{ID, InputObject, OneofObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// What a unit is made of: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum UnitContentInput {
    /// A text to read.
    Text(TextContentInput),
    /// A video to watch.
    Video(VideoContentInput),
    /// A file to keep.
    File(FileContentInput),
    /// A page elsewhere.
    Link(LinkContentInput),
    /// A quiz to take.
    Quiz(QuizContentInput),
    /// Work to hand in.
    Assignment(AssignmentContentInput),
    /// A meeting at a time.
    Live(LiveContentInput),
}

/// A text to read.
#[derive(Clone, Debug, InputObject)]
pub struct TextContentInput {
    /// Markdown source, at most 1000000 characters. `![what it shows](asset:<id>)` shows a file of the organisation's own.
    pub body: String,
}

/// A quiz to take.
#[derive(Clone, Debug, InputObject)]
pub struct QuizContentInput {
    /// How it is taken. It is set as a whole: a setting that is left out of it has its default. What a quiz has stays where the
    /// policy itself is left out, and a new quiz gets the defaults.
    pub policy: Option<QuizPolicy>,
    /// Its questions in order, at most 500. They replace the quiz's questions as a whole; what is left out stays, and an empty list
    /// takes them away.
    pub questions: Option<Vec<QuestionInput>>,
    /// What each attempt draws from banks beside them, at most 20 pools. They replace the quiz's pools as a whole; what is left out
    /// stays, and an empty list takes them away.
    pub pools: Option<Vec<QuestionPoolInput>>,
}

/// What each attempt at a quiz draws from a bank.
#[derive(Clone, Debug, InputObject)]
pub struct QuestionPoolInput {
    /// The bank.
    pub bank_id: ID,
    /// How many questions each attempt draws, 1 to 500.
    pub draw: i32,
    /// What each is worth, 0.01 to 1000, whatever the bank says of it, so that all attempts can earn the same.
    #[graphql(default_with = "Points::ONE")]
    pub points: Points,
    /// Only questions that have all of these tags.
    #[graphql(default)]
    pub tags: Vec<String>,
}

impl QuestionPoolInput {
    /// The pool as the draft keeps it. An id that names no bank names none that there is.
    fn into_pool(self) -> Pool {
        let bank = QuestionBankKey::parse(&self.bank_id);
        Pool {
            bank: bank.map_or(QuestionBankId(uuid::Uuid::nil()), |key| key.id),
            draw: self.draw,
            points: self.points,
            tags: self.tags,
        }
    }
}

/// Where something comes from: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum SourceInput {
    /// An asset of the organisation, ready, that you may read.
    AssetId(ID),
    /// An address that begins with https://, at most 2000 characters.
    Url(String),
}

/// A video to watch.
#[derive(Clone, Debug, InputObject)]
pub struct VideoContentInput {
    /// Where it comes from: a file of the organisation's own, or its page or file at a provider.
    pub source: SourceInput,
    /// How many seconds it takes, 1 to 604800.
    pub duration_seconds: Option<i32>,
    /// Its captions, at most 50.
    #[graphql(default)]
    pub captions: Vec<CaptionInput>,
    /// What is said in it, Markdown, at most 1000000 characters.
    pub transcript: Option<String>,
}

/// The captions of a video in a language.
#[derive(Clone, Debug, InputObject)]
pub struct CaptionInput {
    /// The language, as BCP 47 names it, such as `en`.
    pub language: String,
    /// Where they come from, as WebVTT.
    pub source: SourceInput,
}

/// A file to keep.
#[derive(Clone, Debug, InputObject)]
pub struct FileContentInput {
    /// An asset of the organisation, ready, that you may read.
    pub asset_id: ID,
    /// What it is, Markdown, at most 50000 characters.
    #[graphql(default)]
    pub description: String,
}

/// A page elsewhere.
#[derive(Clone, Debug, InputObject)]
pub struct LinkContentInput {
    /// Its address, which begins with https://, at most 2000 characters.
    pub url: String,
    /// What is there, Markdown, at most 50000 characters.
    #[graphql(default)]
    pub description: String,
    /// Whether it is meant for a tab of its own.
    #[graphql(default = true)]
    pub opens_in_new_tab: bool,
}

/// A meeting at a time.
#[derive(Clone, Debug, InputObject)]
pub struct LiveContentInput {
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends: after it begins, and within seven days.
    pub ends_at: DateTime<Utc>,
    /// The time zone that it is planned in, as the IANA names it, such as `Europe/Berlin`.
    #[graphql(default = "UTC")]
    pub time_zone: String,
    /// Where to join it: an address that begins with https://. The course's learners and staff alone see it.
    pub join_url: Option<String>,
    /// What it is about, Markdown, at most 50000 characters.
    #[graphql(default)]
    pub description: String,
}

/// Work to hand in, which people grade.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentContentInput {
    /// What is to be done, Markdown, at most 50000 characters.
    pub instructions: String,
    /// Points that can be earned, more than 0 and at most 1000.
    pub max_points: Points,
    /// Points that pass, from 0 to all.
    pub pass_points: Points,
    /// When it is due; never where this is left out. What is handed in later is taken, and marked.
    pub due: Option<AssignmentDueInput>,
    /// What may be handed in: one of these, or several at once.
    pub accepts: Vec<SubmissionKind>,
    /// Files that one submission may have, 1 to 20.
    #[graphql(default = 1)]
    pub max_files: i32,
    /// Submissions that each enrolment has in each cycle, 1 to 100; any number where this is left out.
    pub max_submissions: Option<i32>,
    /// What the grade goes by, at most 50 criteria, whose points add up to all points; one number where it is empty.
    #[graphql(default)]
    pub rubric: Vec<AssignmentCriterionInput>,
}

/// When an assignment is due: one of these.
#[derive(Clone, Debug, OneofObject)]
pub enum AssignmentDueInput {
    /// So many days after the enrolment, or after the course was begun anew, 0 to 3650.
    DaysAfterEnrollment(i32),
    /// At this time, for everybody.
    At(DateTime<Utc>),
}

/// One thing that a grade goes by.
#[derive(Clone, Debug, InputObject)]
pub struct AssignmentCriterionInput {
    /// What names it: 1 to 64 of a–z, A–Z, 0–9, - and _, once in the rubric.
    pub key: String,
    /// Its title, 1 to 200 characters.
    pub title: String,
    /// What is asked for, Markdown, at most 5000 characters.
    #[graphql(default)]
    pub description: String,
    /// Points that it can earn, more than 0.
    pub points: Points,
}

impl UnitContentInput {
    /// The content as a draft of the organisation keeps it.
    pub fn into_draft(self, org: OrgId, clock: &Clock) -> Result<UnitDraftContent, Vec<Refusal>> {
        let unit = match self {
            Self::Text(text) => UnitDraft::Text(text.body),
            Self::Quiz(quiz) => {
                let new = |questions: Vec<QuestionInput>| {
                    let questions = questions.into_iter().enumerate();
                    let new = questions.map(|(index, question)| question.into_new(org, index, clock));
                    new.collect::<Result<Vec<_>, _>>()
                };
                let pools = quiz.pools;
                return Ok(UnitDraftContent {
                    unit: UnitDraft::Quiz(quiz.policy),
                    questions: quiz.questions.map(new).transpose()?,
                    pools: pools.map(|pools| pools.into_iter().map(QuestionPoolInput::into_pool).collect()),
                });
            }
            Self::Video(video) => UnitDraft::Material(video.read(org)?),
            Self::File(file) => UnitDraft::Material(Material::File(Arc::new(File {
                asset: asset(&file.asset_id, org, "content.file.assetId")?,
                description: file.description.into(),
            }))),
            Self::Link(link) => UnitDraft::Material(Material::Link(Arc::new(Link {
                url: link.url,
                description: link.description.into(),
                opens_in_new_tab: link.opens_in_new_tab,
            }))),
            Self::Live(live) => UnitDraft::Material(Material::Live(Arc::new(Live {
                starts_at: live.starts_at,
                ends_at: live.ends_at,
                time_zone: live.time_zone,
                join_url: live.join_url,
                description: live.description.into(),
            }))),
            Self::Assignment(assignment) => {
                UnitDraft::Material(Material::Assignment(Arc::new(assignment.into())))
            }
        };
        Ok(UnitDraftContent {
            unit,
            questions: None,
            pools: None,
        })
    }
}

impl VideoContentInput {
    fn read(self, org: OrgId) -> Result<Material, Vec<Refusal>> {
        let mut captions = Vec::with_capacity(self.captions.len());
        for (index, caption) in self.captions.into_iter().enumerate() {
            captions.push(Caption {
                language: caption.language,
                source: caption
                    .source
                    .read(org, &format!("content.video.captions.{index}.source"))?,
            });
        }
        Ok(Material::Video(Arc::new(Video {
            source: self.source.read(org, "content.video.source")?,
            duration_seconds: self.duration_seconds,
            captions,
            transcript: self.transcript.map(Into::into),
        })))
    }
}

impl SourceInput {
    fn read(self, org: OrgId, path: &str) -> Result<Source, Vec<Refusal>> {
        Ok(match self {
            Self::AssetId(id) => Source::Asset(asset(&id, org, &format!("{path}.assetId"))?),
            Self::Url(url) => Source::Url(url),
        })
    }
}

impl From<AssignmentContentInput> for Assignment {
    fn from(input: AssignmentContentInput) -> Self {
        let criterion = |criterion: AssignmentCriterionInput| Criterion {
            key: criterion.key,
            title: criterion.title,
            description: criterion.description.into(),
            points: criterion.points,
        };
        Self {
            instructions: input.instructions.into(),
            max_points: input.max_points,
            pass_points: input.pass_points,
            due: input.due.map(|due| match due {
                AssignmentDueInput::DaysAfterEnrollment(days) => Due::Days(days),
                AssignmentDueInput::At(at) => Due::At(at),
            }),
            accepts: input.accepts,
            max_files: input.max_files,
            max_submissions: input.max_submissions,
            rubric: input.rubric.into_iter().map(criterion).collect(),
        }
    }
}

/// Reads the id of an asset; one of another organisation is none.
fn asset(id: &ID, org: OrgId, path: &str) -> Result<AssetId, Vec<Refusal>> {
    let found: AssetKey = key(id, path)?;
    if found.org == org {
        Ok(found.id)
    } else {
        Err(vec![Refusal::not_found(path)])
    }
}
