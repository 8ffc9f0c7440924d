//! All of a course, for who owns it: out of an academy, and into one.

use super::assets;
use super::course_imports::{self, CourseImportInput, CourseImportPayload};
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::domain::assets::Asset;
use crate::domain::courses::document::{self, FORMAT};
use crate::domain::courses::export::{self, AssetsOf};
use crate::domain::courses::{diff, store};
use crate::domain::surveys::lists::SurveysOf;
use crate::kernel::error::Error;
use crate::kernel::ids::CourseKey;
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Object, Result};
use futures_util::future::try_join_all;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What `courseExport` takes.
#[derive(Clone, Debug, InputObject)]
pub struct CourseExportInput {
    /// The course.
    pub id: ID,
    /// The number of an edition that was published; the draft where nothing is said.
    pub revision: Option<i32>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(CourseExportInput);

payload! {
    /// What `courseExport` answers.
    CourseExportPayload {
        /// The export.
        export: CourseExport,
    }
    CourseExportUserError, CourseExportErrorCode { NotFound, Invalid, NothingToPublish, LimitReached, IdempotencyMismatch }
}

/// All of a course as one document.
pub struct CourseExport {
    course: CourseKey,
    revision: Option<i32>,
    document: String,
}

/// All of a course as one document, with what is right in its quizzes.
///
/// Requires: `courses.update` and `questions.key.read`. Cost: 1.
#[Object]
impl CourseExport {
    /// What the document says that it is: `lyceum.course/1`. The number changes with its form. Cost: 1.
    async fn format(&self) -> &str {
        FORMAT
    }

    /// The number of the edition; null for the draft. Cost: 1.
    async fn revision(&self) -> Option<i32> {
        self.revision
    }

    /// The document, canonical JSON (RFC 8785): `course` names it, `content` has its modules with their units, texts, questions, settings,
    /// rules of release and translations in order, `answer_keys` what is right by the questions' identifiers, `surveys` what its
    /// learners are asked, whatever the edition; it is left out where that is nothing. `courseImport` makes a course of it. Cost: 1.
    async fn document(&self) -> &str {
        &self.document
    }

    /// SHA-256 of the document, hexadecimal. Cost: 1.
    async fn sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.document))
    }

    /// The organisation's files that it shows: the document names them by their identifiers, and each has an address to be fetched from.
    /// Cost: 100; two SQL statements.
    async fn assets(&self, ctx: &Context<'_>) -> Result<Vec<Arc<Asset>>> {
        let keys = ctx.fetch_one(AssetsOf(self.course, self.revision)).await?;
        let found = try_join_all(keys.iter().map(|key| assets::find(ctx, *key))).await?;
        Ok(found.into_iter().flatten().collect())
    }
}

impl CourseExport {
    /// Writes it. The caller has made sure that the viewer may edit the course and read what is right in it.
    async fn write(
        ctx: &Context<'_>,
        course: CourseKey,
        revision: Option<i32>,
    ) -> std::result::Result<Option<Self>, Error> {
        let (reader, contents) = (ctx.reader(), &ctx.app().contents);
        let row = store::find(&reader, ctx.viewer(), course).await?;
        let edition = diff::edition(&reader, contents, course, revision).await?;
        let Some((row, edition)) = row.zip(edition) else {
            return Ok(None);
        };
        let surveys = ctx.fetch(SurveysOf(course)).await?.unwrap_or_default();
        let surveys = surveys.iter().map(|survey| survey.content()).collect();
        let document = document::write(&row, revision, &edition, surveys);
        Ok(Some(Self {
            course,
            revision,
            document,
        }))
    }
}

/// The mutations that export courses, and import them.
#[derive(Default)]
pub struct CourseExportMutation;

#[Object]
impl CourseExportMutation {
    /// Exports all of a course, with what is right in its quizzes; the audit log notes it. Your content is your organisation's: it leaves as
    /// it came.
    ///
    /// Requires: `courses.update` and `questions.key.read`; and `questions.manage` and the reach `all` of `questions.key.read` if its quizzes
    /// draw from banks. Cost: 100.
    async fn course_export(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which course, and which edition of it.")] input: CourseExportInput,
    ) -> Result<Option<CourseExportPayload>> {
        signed_in(ctx)?;
        let course: CourseKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return CourseExportPayload::refused(refusals),
        };
        let revision = input.revision;
        let done = ctx
            .operation()
            .mutate("courseExport", course.org, &input, move |write| {
                Box::pin(async move { export::export(write, course, revision).await })
            });
        match done.await? {
            Ok(key) => Ok(Some(CourseExportPayload {
                export: CourseExport::write(ctx, key, revision).await?,
                ..Default::default()
            })),
            Err(refusals) => CourseExportPayload::refused(refusals),
        }
    }

    /// Imports a course that `courseExport` gave out, of another organisation or of this one, as a new course with a draft: modules, units,
    /// questions with what is right, rules of release and completion, translations, title, summary, tags, language and visibility, and surveys,
    /// all of them drafts. All of it gets identifiers of its own, so a document may be imported twice. What its quizzes drew from banks comes as
    /// a bank of the course's own, which has the course's title, with a tag for each pool. Prerequisites, terms of enrolment, and whether a
    /// review is demanded are not in a document. What authors could not write is refused at its place in the document, and nothing is stored then.
    ///
    /// Requires: `courses.create` and `courses.update`, and `questions.manage` if its quizzes draw from banks. Cost: 500.
    async fn course_import(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The document, and where it goes.")] input: CourseImportInput,
    ) -> Result<Option<CourseImportPayload>> {
        // Boxed, since a future that holds another grows by it, and so does the stack of all that leads to it.
        Box::pin(course_imports::import(ctx, &input)).await
    }
}
