//! What authors translate in a draft.

use super::drafts::CourseDraft;
use super::support::mutation::{key, show, signed_in};
use super::support::operation::Ask;
use crate::domain::content::{Markdown, Translation};
use crate::domain::courses::translations::{self, Entry, Node, TranslationsInto};
use crate::domain::refusal::Refusal;
use crate::kernel::ids::{CourseKey, ModuleKey, UnitKey};
use crate::kernel::language::canonical;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result, SimpleObject};
use std::collections::BTreeSet;

/// What there is of a draft's course, module or unit in another language.
#[derive(SimpleObject)]
pub struct DraftTranslation {
    /// The language, a tag of BCP 47. Cost: 1.
    pub language: String,
    /// The title; null where it is not translated. Cost: 1.
    pub title: Option<String>,
    /// The Markdown: a course's summary, a text, a description, instructions, a transcript. Null where it is not translated. Cost: 1.
    pub text: Option<String>,
}

impl DraftTranslation {
    /// Finds the translations of something of a draft. The caller has made sure that the viewer may read the draft.
    pub async fn find(
        ctx: &Context<'_>,
        node: Node,
        languages: Vec<String>,
    ) -> crate::kernel::error::Result<Vec<Self>> {
        let languages: BTreeSet<String> = languages.iter().filter_map(|tag| canonical(tag)).collect();
        let languages = languages.into_iter().collect();
        let translations = ctx.fetch_one(TranslationsInto(node, languages)).await?;
        let translated = translations
            .0
            .iter()
            .filter(|(_, translation)| !translation.is_empty());
        let show = |(language, translation): (&String, &Translation)| Self {
            language: language.clone(),
            title: translation.title.clone(),
            text: translation.text.as_ref().map(Markdown::source).map(str::to_owned),
        };
        Ok(translated.map(show).collect())
    }
}

/// A module's title in another language.
#[derive(Clone, Debug, InputObject)]
pub struct ModuleTranslationInput {
    /// The module.
    pub module_id: ID,
    /// Its title, 1 to 200 characters; null for none. What is left out stays.
    pub title: MaybeUndefined<String>,
}

/// A unit's title and text in another language. What is left out stays.
#[derive(Clone, Debug, InputObject)]
pub struct UnitTranslationInput {
    /// The unit.
    pub unit_id: ID,
    /// Its title, 1 to 200 characters; null for none.
    pub title: MaybeUndefined<String>,
    /// Its Markdown, as long as the unit's own may be: a text, a description, instructions, a transcript; null for none. Quizzes have none.
    pub text: MaybeUndefined<String>,
}

/// What `courseTranslationsSet` takes. What is left out stays as it is.
#[derive(Clone, Debug, InputObject)]
pub struct CourseTranslationsSetInput {
    /// The course.
    pub id: ID,
    /// The language, a tag of BCP 47 such as pt, pt-BR or zh-Hans; another than the course's own. A course has at most 20.
    pub language: String,
    /// The course's title, 1 to 200 characters; null for none.
    pub title: MaybeUndefined<String>,
    /// The course's summary, Markdown, at most 2000 characters; null for none.
    pub summary: MaybeUndefined<String>,
    /// Modules, at most 250 together with the units.
    #[graphql(default)]
    pub modules: Vec<ModuleTranslationInput>,
    /// Units.
    #[graphql(default)]
    pub units: Vec<UnitTranslationInput>,
    /// The draft's version that this was made on; refused when it has another by now.
    pub expected_version: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(CourseTranslationsSetInput);

payload! {
    /// What `courseTranslationsSet` answers.
    CourseTranslationsSetPayload {
        /// The draft with its translations; with `VERSION_CONFLICT`, as it stands without yours.
        draft: CourseDraft,
    }
    CourseTranslationsSetUserError, CourseTranslationsSetErrorCode {
        NotFound, Invalid, LimitReached, VersionConflict, IdempotencyMismatch
    }
}

impl CourseTranslationsSetInput {
    fn entries(&self, course: CourseKey) -> std::result::Result<Vec<Entry>, Vec<Refusal>> {
        let mut entries = Vec::new();
        if !(self.title.is_undefined() && self.summary.is_undefined()) {
            entries.push(Entry {
                node: Node::Course(course),
                path: String::new(),
                title: self.title.clone(),
                text: self.summary.clone(),
            });
        }
        for (index, module) in self.modules.iter().enumerate() {
            let path = format!("modules.{index}.");
            let id: ModuleKey = key(&module.module_id, &format!("{path}moduleId"))?;
            entries.push(Entry {
                node: Node::Module(id),
                path,
                title: module.title.clone(),
                text: MaybeUndefined::Undefined,
            });
        }
        for (index, unit) in self.units.iter().enumerate() {
            let path = format!("units.{index}.");
            let id: UnitKey = key(&unit.unit_id, &format!("{path}unitId"))?;
            entries.push(Entry {
                node: Node::Unit(id),
                path,
                title: unit.title.clone(),
                text: unit.text.clone(),
            });
        }
        Ok(entries)
    }
}

/// The mutations that translate a draft.
#[derive(Default)]
pub struct TranslationMutation;

#[Object]
impl TranslationMutation {
    /// Translates titles and texts of a course's draft into a language, or takes translations back. They come and go with what they are of,
    /// and learners read them once the draft is published.
    ///
    /// Requires: `courses.update`. Cost: 1.
    async fn course_translations_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Into which language, and what.")] input: CourseTranslationsSetInput,
    ) -> Result<Option<CourseTranslationsSetPayload>> {
        signed_in(ctx)?;
        let named = key(&input.id, "id").and_then(|course| Ok((course, input.entries(course)?)));
        let (course, entries) = match named {
            Ok(named) => named,
            Err(refusals) => return CourseTranslationsSetPayload::refused(refusals),
        };
        let (language, expected) = (input.language.clone(), input.expected_version);
        let done = ctx
            .operation()
            .mutate("courseTranslationsSet", course.org, &input, move |write| {
                Box::pin(async move { translations::set(write, course, &language, &entries, expected).await })
            });
        let (payload, shown) = CourseTranslationsSetPayload::of_edit(done.await?)?;
        let draft = show(shown, CourseDraft::find(ctx, course)).await?;
        Ok(Some(CourseTranslationsSetPayload { draft, ..payload }))
    }
}
