//! `Asset`, and the mutations by which files come.

use super::support::Ask;
use super::support::mutation::{key, signed_in};
use super::unit_contents::Opening;
use crate::domain::assets::access::{self, EditionsShowing};
use crate::domain::assets::upload::{self, NewAsset};
use crate::domain::assets::{Asset, AssetState};
use crate::domain::members::Member;
use crate::kernel::error::Result;
use crate::kernel::ids::{AssetKey, OrganizationKey};
use crate::{inputs, payload};
use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use std::sync::Arc;

#[ComplexObject]
impl Asset {
    /// The asset's global identifier. Cost: 1.
    pub async fn id(&self) -> AssetKey {
        self.key
    }

    /// Who uploads it. Cost: 1, batched.
    async fn uploaded_by(&self, ctx: &Context<'_>) -> async_graphql::Result<Arc<Member>> {
        Ok(ctx.fetch_one(self.uploader_key()).await?)
    }

    /// The SHA-256 of its content, in hexadecimal digits; null unless it is ready. Cost: 1.
    async fn sha256(&self) -> Option<String> {
        self.digest()
    }

    /// Where its content can be loaded from, without a token, for an hour; null unless it is ready. A browser shows pictures, sound,
    /// films, PDF and plain text in their place, and saves everything else. Cost: 1.
    async fn url(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<String>> {
        Ok(address(ctx, self).await?)
    }
}

/// Finds an asset that the viewer may read; as a learner, what a unit shows that is open to them.
pub async fn find(ctx: &Context<'_>, key: AssetKey) -> Result<Option<Arc<Asset>>> {
    let (reader, viewer) = (ctx.reader(), ctx.viewer());
    if let Some(asset) = access::find_beyond_editions(&reader, viewer, key).await? {
        return Ok(Some(asset));
    }
    let Some(standing) = viewer.in_org(key.org) else {
        return Ok(None);
    };
    let editions = reader.fetch(EditionsShowing(key, standing.member)).await?;
    for (course, edition) in editions.unwrap_or_default().iter().copied() {
        let revision = ctx.app().contents.find(&reader, edition).await?;
        let shows = revision.units().filter(|unit| unit.shows(key));
        let openings: Vec<Opening> = shows
            .map(|unit| Opening::of_published(course, unit.release.clone()))
            .collect();
        for opening in openings {
            if opening.is_open(ctx).await? {
                return find_in_open_unit(ctx, key).await;
            }
        }
    }
    Ok(None)
}

/// Finds an asset that a unit shows which is open to the viewer, as the caller has seen.
pub async fn find_in_open_unit(ctx: &Context<'_>, key: AssetKey) -> Result<Option<Arc<Asset>>> {
    access::find_in_open_unit(&ctx.reader(), ctx.viewer(), key).await
}

/// Where an asset's content can be loaded from for a while.
pub async fn address(ctx: &Context<'_>, asset: &Asset) -> Result<Option<String>> {
    let app = ctx.app();
    let (Some(object), Some(media_type)) = (asset.object_id, &asset.media_type) else {
        return Ok(None);
    };
    let served = (asset.file_name.as_str(), media_type.as_str());
    let url = app.files.to_read(asset.key.org, object, served, app.clock.now());
    url.await.map(Some)
}

/// What `assetUploadCreate` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AssetUploadCreateInput {
    /// The organisation that gets the file.
    pub organization_id: ID,
    /// What it is called, 1 to 255 characters.
    pub file_name: String,
    /// What you say that it is, such as `image/png`. What counts is what its content says.
    pub media_type: String,
    /// How many bytes it has, exactly.
    pub bytes: i32,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

/// What `assetUploadComplete` takes.
#[derive(Clone, Debug, InputObject)]
pub struct AssetUploadCompleteInput {
    /// Your asset, which is pending and has its content by now.
    pub id: ID,
    /// Send the same key to send the same request twice; 1 to 200 bytes, kept for 24 hours.
    pub idempotency_key: Option<String>,
}

inputs!(AssetUploadCreateInput, AssetUploadCompleteInput);

/// Where a file's content goes.
#[derive(SimpleObject)]
pub struct AssetUpload {
    /// How to send it: `PUT`, the content alone as the body.
    pub method: &'static str,
    /// Where to send it, without a token. Who has this address can write there.
    pub url: String,
    /// What to send with it. Browsers send the length by themselves.
    pub headers: Vec<AssetUploadHeader>,
    /// Until when it is taken.
    pub expires_at: DateTime<Utc>,
}

/// A header of the request that sends a file's content.
#[derive(SimpleObject)]
pub struct AssetUploadHeader {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
}

payload! {
    /// What `assetUploadCreate` answers.
    AssetUploadCreatePayload {
        /// The asset, pending.
        asset: Arc<Asset>,
        /// Where its content goes.
        upload: AssetUpload,
    }
    AssetUploadCreateUserError, AssetUploadCreateErrorCode { NotFound, Invalid, LimitReached, IdempotencyMismatch }
}

payload! {
    /// What `assetUploadComplete` answers.
    AssetUploadCompletePayload {
        /// The asset: ready, or rejected.
        asset: Arc<Asset>,
    }
    AssetUploadCompleteUserError, AssetUploadCompleteErrorCode { NotFound, Invalid, InvalidState, IdempotencyMismatch }
}

/// The mutations about assets.
#[derive(Default)]
pub struct AssetMutation;

#[Object]
impl AssetMutation {
    /// Begins the upload of a file: send its content to the address that this answers, within 15 minutes, then call
    /// `assetUploadComplete`. What is not completed within a day is removed. Sent twice with one key, it answers another address.
    ///
    /// Requires: `assets.upload`. Cost: 1.
    async fn asset_upload_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file.")] input: AssetUploadCreateInput,
    ) -> async_graphql::Result<Option<AssetUploadCreatePayload>> {
        signed_in(ctx)?;
        let org: OrganizationKey = match key(&input.organization_id, "organizationId") {
            Ok(key) => key,
            Err(refusals) => return AssetUploadCreatePayload::refused(refusals),
        };
        let new = NewAsset {
            file_name: input.file_name.clone(),
            media_type: input.media_type.clone(),
            bytes: input.bytes,
        };
        let done = ctx
            .operation()
            .mutate("assetUploadCreate", org.0, &input, move |write| {
                Box::pin(async move { upload::create(write, &new).await })
            });
        let key = match done.await? {
            Ok(key) => key,
            Err(refusals) => return AssetUploadCreatePayload::refused(refusals),
        };
        let app = ctx.app();
        let to = app.files.to_write(key, input.bytes, app.clock.now()).await?;
        let header = |(name, value)| AssetUploadHeader { name, value };
        Ok(Some(AssetUploadCreatePayload {
            asset: find(ctx, key).await?,
            upload: Some(AssetUpload {
                method: "PUT",
                url: to.url,
                headers: to.headers.into_iter().map(header).collect(),
                expires_at: to.expires_at,
            }),
            ..Default::default()
        }))
    }

    /// Says that a file's content is there. It is looked at: it must have as many bytes as was said, and is what its content says that
    /// it is; programs are not taken. From then on its content is what it is, and the asset can be used.
    ///
    /// Requires: `assets.upload`, of your own pending asset. Cost: 50.
    async fn asset_upload_complete(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which file.")] input: AssetUploadCompleteInput,
    ) -> async_graphql::Result<Option<AssetUploadCompletePayload>> {
        signed_in(ctx)?;
        let asset: AssetKey = match key(&input.id, "id") {
            Ok(key) => key,
            Err(refusals) => return AssetUploadCompletePayload::refused(refusals),
        };
        let (app, org) = (ctx.app().clone(), asset.org);
        let found = find(ctx, asset).await?;
        let me = ctx.viewer().in_org(org).map(|standing| standing.member);
        let awaits = |found: Arc<Asset>| found.state == AssetState::Pending && me == Some(found.uploaded_by);
        // Before the write, and without a transaction: nothing but SQL is awaited while one is open.
        ctx.operation().read_anew().await;
        let content = if found.is_some_and(awaits) {
            app.files.settle(asset, app.clock.uuid()).await?
        } else {
            None
        };
        let object = content.as_ref().map(|content| content.object);
        let done = ctx
            .operation()
            .mutate("assetUploadComplete", org, &input, move |write| {
                Box::pin(async move { upload::complete(write, asset, content.as_ref()).await })
            });
        let done = done.await;
        let found = find(ctx, asset).await?;
        if let Some(object) = object {
            let is_kept = found
                .as_ref()
                .is_some_and(|asset| asset.object_id == Some(object));
            if !is_kept {
                app.files.remove_object(org, object).await;
            }
            if done.as_ref().is_ok_and(Result::is_ok) {
                app.files.remove_upload(asset).await;
            }
        }
        match done? {
            Ok(_) => Ok(Some(AssetUploadCompletePayload {
                asset: found,
                ..Default::default()
            })),
            Err(refusals) => AssetUploadCompletePayload::refused(refusals),
        }
    }
}
