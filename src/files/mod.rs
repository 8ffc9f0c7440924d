//! The files that people upload: bytes in a folder of this machine, or in an S3-compatible store.
//!
//! An upload goes to a place that its uploader can write to for a while. Once it is there it is settled: copied to a place that
//! nobody has an address to write to, and read through there, so that what was looked at is what is handed out.

mod address;
mod sniff;

pub use address::{May, Pass};
pub use sniff::{is_shown, served_as};

use crate::config::FilesConfig;
use crate::kernel::error::{Error, Result};
use crate::kernel::ids::{AssetKey, OrgId};
use crate::kernel::keyring::Keyring;
use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::{SignedUrlOptions, Signer};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt};
use reqwest::Method;
use sha2::{Digest, Sha256};
use std::fs;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// How long something may be uploaded to an address.
const WRITABLE: TimeDelta = TimeDelta::minutes(15);
/// How long an address can be read from: long enough to watch most videos.
const READABLE: TimeDelta = TimeDelta::minutes(60);

/// The files that people upload.
pub struct Files {
    store: Arc<dyn ObjectStore>,
    addresses: Addresses,
    /// Bytes of one file at most.
    pub file_bytes: i32,
    /// Bytes of all files of an organisation at most.
    pub organization_file_bytes: i64,
}

/// Whose addresses are given out.
enum Addresses {
    /// This server's.
    Own { keyring: Keyring, base: String },
    /// The store's.
    Store(Arc<AmazonS3>),
}

/// An address that is good for a while.
#[derive(Clone, Debug)]
pub struct Address {
    /// The address.
    pub url: String,
    /// What must be sent with it.
    pub headers: Vec<(&'static str, String)>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// What a settled file is.
#[derive(Clone, Debug)]
pub struct Content {
    /// Where it lies.
    pub object: Uuid,
    /// How many bytes it has.
    pub bytes: u64,
    /// The SHA-256 of them.
    pub sha256: [u8; 32],
    /// What it is; nothing of a program.
    pub media_type: Option<&'static str>,
}

/// A part of a file that is being read.
pub struct Reading {
    /// Its bytes.
    pub bytes: BoxStream<'static, std::io::Result<Bytes>>,
    /// Which part of the file that is.
    pub range: std::ops::Range<u64>,
    /// How many bytes the file has.
    pub size: u64,
}

/// Which part of a file is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// From a byte to another, which belongs to it.
    Between(u64, u64),
    /// From a byte on.
    From(u64),
    /// So many bytes at its end.
    Last(u64),
}

impl Files {
    /// Opens the store that the settings name. This server is reached at `public_url`.
    pub fn new(config: &FilesConfig, public_url: Option<&str>, keyring: Keyring) -> anyhow::Result<Self> {
        anyhow::ensure!(config.file_bytes > 0, "LYCEUM_FILE_BYTES is more than 0");
        let (store, addresses): (Arc<dyn ObjectStore>, _) = if let Some(bucket) = &config.s3_bucket {
            let store = Arc::new(s3(config, bucket)?);
            (store.clone(), Addresses::Store(store))
        } else {
            let folder = config.files_dir.clone().unwrap_or_else(|| ".lyceum/files".into());
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            let base = public_url.unwrap_or_default().trim_end_matches('/').to_owned();
            let store = LocalFileSystem::new_with_prefix(&folder)?.with_automatic_cleanup(true);
            (Arc::new(store), Addresses::Own { keyring, base })
        };
        Ok(Self {
            store,
            addresses,
            file_bytes: config.file_bytes,
            organization_file_bytes: config.organization_file_bytes,
        })
    }

    /// An address that exactly so many bytes can be put to.
    pub async fn to_write(&self, upload: AssetKey, bytes: i32, now: DateTime<Utc>) -> Result<Address> {
        let (path, expires_at) = (upload_path(upload), now + WRITABLE);
        let url = match &self.addresses {
            Addresses::Own { keyring, base } => own(base, keyring, &path, expires_at, May::Write(bytes)),
            // What comes there is measured once it is settled.
            Addresses::Store(store) => {
                signed(store, Method::PUT, &path, WRITABLE, &SignedUrlOptions::default()).await?
            }
        };
        Ok(Address {
            url,
            headers: vec![("Content-Length", bytes.to_string())],
            expires_at,
        })
    }

    /// An address that a settled file can be read from.
    pub async fn to_read(
        &self,
        org: OrgId,
        object: Uuid,
        (name, media_type): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<String> {
        let path = object_path(org, object);
        match &self.addresses {
            Addresses::Own { keyring, base } => {
                let may = May::Read {
                    name: name.to_owned(),
                    media_type: media_type.to_owned(),
                };
                Ok(own(base, keyring, &path, now + READABLE, may))
            }
            Addresses::Store(store) => {
                let query = [
                    ("response-content-disposition", disposition(name, media_type)),
                    ("response-content-type", served_as(media_type).to_owned()),
                ];
                let options = SignedUrlOptions::new().with_query(query);
                signed(store, Method::GET, &path, READABLE, &options).await
            }
        }
    }

    /// Reads what an address of this server's is good for at this time.
    pub fn pass(&self, sealed: &str, now: DateTime<Utc>) -> Option<Pass> {
        match &self.addresses {
            Addresses::Own { keyring, .. } => {
                Pass::open(sealed, keyring).filter(|pass| now.timestamp() < pass.until)
            }
            Addresses::Store(_) => None,
        }
    }

    /// Writes what comes to a place, whole or not at all. Tells whether it had exactly so many bytes.
    pub async fn write<E>(
        &self,
        path: &str,
        bytes: u64,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> Result<bool> {
        let mut writer = BufWriter::new(self.store.clone(), Path::from(path));
        let mut content = pin!(content);
        let mut written = 0_u64;
        while let Some(Ok(piece)) = content.next().await {
            written += piece.len() as u64;
            if written > bytes {
                break;
            }
            writer.write_all(&piece).await.map_err(Error::internal)?;
        }
        if written == bytes {
            writer.shutdown().await.map_err(Error::internal)?;
            return Ok(true);
        }
        // What was never finished is nowhere to be read.
        drop(writer.abort().await);
        Ok(false)
    }

    /// Opens a file to be read; nothing where there is none, or no such part of it.
    pub async fn read(&self, path: &str, part: Part) -> Result<Option<Reading>> {
        let options = GetOptions {
            range: match part {
                Part::Whole => None,
                Part::Between(first, last) => Some(GetRange::Bounded(first..last.saturating_add(1))),
                Part::From(first) => Some(GetRange::Offset(first)),
                Part::Last(bytes) => Some(GetRange::Suffix(bytes)),
            },
            ..GetOptions::default()
        };
        match self.store.get_opts(&Path::from(path), options).await {
            Ok(found) => Ok(Some(Reading {
                range: found.range.clone(),
                size: found.meta.size,
                bytes: found.into_stream().map_err(std::io::Error::other).boxed(),
            })),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(_) if part != Part::Whole => Ok(None),
            Err(error) => Err(Error::internal(error)),
        }
    }

    /// Reads all of a settled file; nothing where there is none.
    pub async fn content(&self, org: OrgId, object: Uuid) -> Result<Option<Vec<u8>>> {
        let Some(mut reading) = self.read(&object_path(org, object), Part::Whole).await? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        while let Some(piece) = reading.bytes.try_next().await.map_err(Error::internal)? {
            content.extend_from_slice(&piece);
        }
        Ok(Some(content))
    }

    /// Settles an upload: copies it away from where it can be written to, and looks at it there. Nothing where nothing was uploaded.
    /// What has more bytes than a file may have stays where it is, and is not looked at.
    pub async fn settle(&self, upload: AssetKey, object: Uuid) -> Result<Option<Content>> {
        let (from, to) = (
            Path::from(upload_path(upload)),
            Path::from(object_path(upload.org, object)),
        );
        let bytes = match self.store.head(&from).await {
            Ok(found) => found.size,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(Error::internal(error)),
        };
        if i32::try_from(bytes).is_ok_and(|bytes| bytes <= self.file_bytes) {
            self.store.copy(&from, &to).await.map_err(Error::internal)?;
            return self.look_at(&to, object).await.map(Some);
        }
        Ok(Some(Content {
            object,
            bytes,
            sha256: [0; 32],
            media_type: None,
        }))
    }

    async fn look_at(&self, path: &Path, object: Uuid) -> Result<Content> {
        let mut content = self.store.get(path).await.map_err(Error::internal)?.into_stream();
        let (mut start, mut hash, mut bytes) = (Vec::with_capacity(sniff::TELLING), Sha256::new(), 0_u64);
        while let Some(piece) = content.try_next().await.map_err(Error::internal)? {
            hash.update(&piece);
            bytes += piece.len() as u64;
            let wanted = piece.len().min(sniff::TELLING - start.len());
            start.extend_from_slice(&piece[..wanted]);
        }
        Ok(Content {
            object,
            bytes,
            sha256: hash.finalize().into(),
            media_type: sniff::media_type(&start),
        })
    }

    /// Removes what was uploaded and is settled, or never will be.
    pub async fn remove_upload(&self, upload: AssetKey) {
        self.remove(&Path::from(upload_path(upload))).await;
    }

    /// Removes a settled file.
    pub async fn remove_object(&self, org: OrgId, object: Uuid) {
        self.remove(&Path::from(object_path(org, object))).await;
    }

    async fn remove(&self, path: &Path) {
        if let Err(error) = self.store.delete(path).await
            && !matches!(error, object_store::Error::NotFound { .. })
        {
            tracing::warn!(%path, %error, "a file could not be removed");
        }
    }

    /// Removes everything of an organisation.
    pub async fn remove_all(&self, org: OrgId) -> Result<()> {
        for folder in ["uploads", "objects"] {
            let prefix = Path::from(format!("{folder}/{}", org.0));
            let found = self
                .store
                .list(Some(&prefix))
                .map_ok(|object| object.location)
                .boxed();
            let removed: Vec<_> = self
                .store
                .delete_stream(found)
                .try_collect()
                .await
                .map_err(Error::internal)?;
            if !removed.is_empty() {
                tracing::info!(org = %org.0, files = removed.len(), folder, "the files of an organisation are removed");
            }
        }
        Ok(())
    }
}

/// How a file is handed out: shown in its place if nothing of it runs, else saved, under its name.
pub fn disposition(name: &str, media_type: &str) -> String {
    let how = if is_shown(media_type) {
        "inline"
    } else {
        "attachment"
    };
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    format!("{how}; filename*=UTF-8''{encoded}")
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

fn upload_path(upload: AssetKey) -> String {
    format!("uploads/{}/{}", upload.org.0, upload.id.0)
}

fn object_path(org: OrgId, object: Uuid) -> String {
    format!("objects/{}/{object}", org.0)
}

fn own(base: &str, keyring: &Keyring, path: &str, until: DateTime<Utc>, may: May) -> String {
    let pass = Pass {
        path: path.to_owned(),
        until: until.timestamp(),
        may,
    };
    format!("{base}/files/{}", pass.seal(keyring))
}

async fn signed(
    store: &AmazonS3,
    method: Method,
    path: &str,
    good_for: TimeDelta,
    options: &SignedUrlOptions,
) -> Result<String> {
    let good_for = good_for.to_std().unwrap_or(Duration::ZERO);
    let path = Path::from(path);
    let url = store.signed_url_opts(method, &path, good_for, options).await;
    Ok(url.map_err(Error::internal)?.to_string())
}

fn s3(config: &FilesConfig, bucket: &str) -> anyhow::Result<AmazonS3> {
    // The store's client takes the process's own provider; somebody may have set the same one before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let missing = "to keep files in a bucket, set LYCEUM_S3_ACCESS_KEY_ID and LYCEUM_S3_SECRET_ACCESS_KEY";
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&config.s3_region)
        .with_access_key_id(config.s3_access_key_id.as_ref().context(missing)?)
        .with_secret_access_key(config.s3_secret_access_key.as_ref().context(missing)?);
    if let Some(endpoint) = &config.s3_endpoint {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"))
            .with_virtual_hosted_style_request(false);
    }
    Ok(builder.build()?)
}
