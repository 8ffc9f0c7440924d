//! A course out of a document.

use super::assets;
use super::courses::Course;
use super::support::mutation::{key, signed_in};
use super::support::operation::Ask;
use crate::auth::permission::Permission;
use crate::domain::courses::document::CameBy;
use crate::domain::courses::importing::{self, Import, MOST_BYTES};
use crate::domain::courses::thaw::Order;
use crate::domain::refusal::{Code, Refusal};
use crate::domain::surveys;
use crate::kernel::error::Error;
use crate::kernel::ids::{AssetKey, CourseId, CourseKey, OrgId, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{Context, ID, InputObject, Result};
use std::collections::HashSet;
use tokio::sync::Semaphore;

/// What `courseImport` takes: a document, or the file that it lies in.
#[derive(Clone, Debug, InputObject)]
pub struct CourseImportInput {
    /// The organisation that gets the course.
    pub organization_id: ID,
    /// The document, as `courseExport` answered it. It is as long as a request may be: 1200000 bytes with everything around it,
    /// unless the server is set up otherwise. Give either this or `assetId`.
    pub document: Option<String>,
    /// An asset of the organisation, ready, that you may read, whose content is the document: at most 16777216 bytes.
    pub asset_id: Option<ID>,
    /// The course's name in addresses: 1 to 63 of a–z, 0–9 and -, unique in the organisation; the document's where it is left out.
    pub slug: Option<String>,
    /// The organisation's own name for the course, 1 to 255 characters, unique in the organisation; none where it is left out. The
    /// document's is the other course's.
    pub external_id: Option<String>,
    /// Which files of the organisation take the place of those that the document names. What it names and the organisation has, and you
    /// may read, need not be named.
    #[graphql(default)]
    pub assets: Vec<CourseImportAssetInput>,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// A file in the place of another.
#[derive(Clone, Debug, InputObject)]
pub struct CourseImportAssetInput {
    /// The asset that the document names, of whichever organisation.
    pub from: ID,
    /// The asset in its place: one of this organisation, ready, that you may read.
    pub to: ID,
}

/// Documents that a node reads at a time: each may be large.
static READING: Semaphore = Semaphore::const_new(2);

inputs!(CourseImportInput);

payload! {
    /// What `courseImport` answers.
    CourseImportPayload {
        /// The new course, which has a draft and nothing published.
        course: Course,
    }
    CourseImportUserError, CourseImportErrorCode { NotFound, Invalid, Taken, LimitReached, IdempotencyMismatch }
}

/// Imports a course.
pub async fn import(ctx: &Context<'_>, input: &CourseImportInput) -> Result<Option<CourseImportPayload>> {
    signed_in(ctx)?;
    let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
        Ok(key) => key,
        Err(refusals) => return CourseImportPayload::refused(refusals),
    };
    if !ctx.may(org.0, Permission::CoursesCreate) {
        return refuse(ctx, org.0, input).await;
    }
    let files = match input.files(org.0) {
        Ok(files) => files,
        Err(refusals) => return CourseImportPayload::refused(refusals),
    };
    let (text, came_by) = match input.text(ctx, org.0).await? {
        Ok(found) => found,
        Err(refusals) => return CourseImportPayload::refused(refusals),
    };
    let clock = ctx.app().clock.clone();
    let order = Order {
        course: CourseKey::new(org.0, CourseId(clock.uuid())),
        came_by,
        slug: input.slug.clone(),
        external_id: input.external_id.clone(),
        files,
    };
    // Without a transaction: nothing but SQL is awaited while one is open.
    ctx.operation().read_anew().await;
    let turn = READING.acquire().await.map_err(Error::internal)?;
    let read = tokio::task::spawn_blocking(move || Import::read(&text, order, &clock));
    let import = read.await.map_err(Error::internal)?;
    drop(turn);
    let done = ctx
        .operation()
        .mutate("courseImport", org.0, input, move |write| {
            Box::pin(async move {
                let course = importing::import(write, &import).await?;
                surveys::write::restore(write, course, import.surveys()).await?;
                Ok(course)
            })
        });
    match done.await? {
        Ok(key) => Ok(Some(CourseImportPayload {
            course: Course::find(ctx, key).await?,
            ..Default::default()
        })),
        Err(refusals) => CourseImportPayload::refused(refusals),
    }
}

/// Refuses who may make no course. Nothing of what they sent is read.
async fn refuse(
    ctx: &Context<'_>,
    org: OrgId,
    input: &CourseImportInput,
) -> Result<Option<CourseImportPayload>> {
    let done = ctx.operation().mutate("courseImport", org, input, |write| {
        Box::pin(async move { importing::refuse_unless_allowed(write) })
    });
    match done.await? {
        Ok(()) => CourseImportPayload::refused(vec![Refusal::not_found("organizationId")]),
        Err(refusals) => CourseImportPayload::refused(refusals),
    }
}

impl CourseImportInput {
    /// Which files take the place of which.
    fn files(&self, org: OrgId) -> std::result::Result<Vec<(AssetKey, AssetKey)>, Vec<Refusal>> {
        let (mut files, mut named) = (Vec::with_capacity(self.assets.len()), HashSet::new());
        for (index, asset) in self.assets.iter().enumerate() {
            let [from_path, to_path] = ["from", "to"].map(|field| format!("assets.{index}.{field}"));
            let from: AssetKey = key(&asset.from, &from_path)?;
            let to: AssetKey = key(&asset.to, &to_path)?;
            if to.org != org {
                return Err(vec![Refusal::not_found(&to_path)]);
            }
            if !named.insert(from) {
                let message = "This is named twice.";
                return Err(vec![Refusal::at(Code::Invalid, &from_path, message)]);
            }
            files.push((from, to));
        }
        Ok(files)
    }

    /// Reads the document, with the field that it came by.
    async fn text(
        &self,
        ctx: &Context<'_>,
        org: OrgId,
    ) -> Result<std::result::Result<(String, CameBy), Vec<Refusal>>, Error> {
        let refused = |code, message: &str| Ok(Err(vec![Refusal::at(code, "assetId", message)]));
        let id = match (&self.document, &self.asset_id) {
            (Some(document), None) => return Ok(Ok((document.clone(), CameBy("document")))),
            (None, Some(id)) => id,
            _ => {
                let message = "Give either `document` or `assetId`.";
                return Ok(Err(vec![Refusal::at(Code::Invalid, "document", message)]));
            }
        };
        let asset: AssetKey = match key(id, "assetId") {
            Ok(key) => key,
            Err(refusals) => return Ok(Err(refusals)),
        };
        let found = if asset.org == org {
            assets::find(ctx, asset).await?
        } else {
            None
        };
        let ready = found.and_then(|asset| Some((asset.object_id?, asset.bytes)));
        let Some((object, bytes)) = ready else {
            return Ok(Err(vec![Refusal::not_found("assetId")]));
        };
        if bytes > MOST_BYTES {
            return refused(Code::Invalid, "A document has at most 16777216 bytes.");
        }
        // As above, without a transaction.
        ctx.operation().read_anew().await;
        let Some(content) = ctx.app().files.content(org, object).await? else {
            return refused(Code::NotFound, "The content of this file is not there any more.");
        };
        match String::from_utf8(content) {
            Ok(text) => Ok(Ok((text, CameBy("assetId")))),
            Err(_) => refused(Code::Invalid, "A document is a text in UTF-8."),
        }
    }
}
