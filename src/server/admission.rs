//! What every transport asks before it executes an operation: who it is, what they may ask with that, and what it costs.

use super::Server;
use super::client_address;
use super::graphql::Cost;
use crate::auth::learner_sessions;
use crate::auth::standing::Viewer;
use crate::cache::buckets::{Bucket, Taken};
use crate::graphql::front::Kind;
use crate::kernel::error::Error;
use crate::kernel::origin::Origin;
use crate::kernel::secret::Secret;
use async_graphql::ServerError;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::time::Duration;

/// Where a request comes from, and what it was signed with.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The `Authorization` header's value.
    pub authorization: Option<Secret<String>>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Its network and user agent.
    pub origin: Origin,
    /// The page that asks, where a browser says so.
    pub page: Option<String>,
    /// Under which logs and support find the request.
    pub request_id: String,
}

impl Sender {
    /// Reads the head of a request.
    pub fn new(server: &Server, parts: &Parts, request_id: &str) -> Self {
        let text = |name| -> Option<String> { Some(parts.headers.get(name)?.to_str().ok()?.to_owned()) };
        let address = client_address::of(parts, server.config.proxies);
        Self {
            authorization: authorization(&parts.headers),
            address,
            origin: Origin::new(address, text(header::USER_AGENT).as_deref()),
            page: text(header::ORIGIN),
            request_id: request_id.to_owned(),
        }
    }

    /// Who asks, as of now: nobody without a credential; a credential that is wrong is an error.
    pub async fn viewer(&self, server: &Server) -> Result<Viewer, Error> {
        let Some(authorization) = &self.authorization else {
            return Ok(Viewer::Anonymous);
        };
        let value = authorization.expose();
        let bearer = value
            .strip_prefix("Bearer ")
            .or_else(|| value.strip_prefix("bearer "));
        let bearer = bearer.ok_or(Error::Unauthenticated)?.trim();
        let limit = Duration::from_millis(server.config.request_timeout_ms);
        let viewer = tokio::time::timeout(limit, server.api.app.viewer(bearer, &self.origin)).await;
        viewer.unwrap_or(Err(Error::Unavailable))
    }

    /// Refuses what a session for a browser is not for, and takes the cost from its budget.
    pub async fn confine(
        &self,
        server: &Server,
        viewer: &Viewer,
        document: &str,
        cost: u64,
    ) -> Result<(), Error> {
        let Some(embed) = viewer.person().and_then(|person| person.credential.embed()) else {
            return Ok(());
        };
        let hash = format!("{:x}", Sha256::digest(document));
        learner_sessions::admit(&server.api.app.db, embed, self.page.as_deref(), &hash, cost).await
    }

    /// Takes a cost from the buckets of the viewer's organisations and then from the viewer's own.
    pub async fn charge(&self, server: &Server, viewer: &Viewer, cost: u64) -> Charge {
        let bucket = bucket(server, viewer);
        let taken = take(server, viewer, self.address, bucket, cost).await;
        Charge { bucket, taken, cost }
    }
}

/// A value that is no text is none that anybody has.
fn authorization(headers: &HeaderMap) -> Option<Secret<String>> {
    let value = headers.get(header::AUTHORIZATION)?;
    Some(Secret::new(value.to_str().unwrap_or_default().to_owned()))
}

/// What was taken for an operation.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// From which bucket.
    pub bucket: Bucket,
    /// What that came to.
    pub taken: Taken,
    cost: u64,
}

impl Charge {
    /// Refuses where there was not enough.
    pub fn granted(&self) -> Result<(), Error> {
        if self.taken.granted {
            return Ok(());
        }
        let retry_after = self.bucket.seconds_until(self.cost, self.taken.remaining);
        Err(Error::RateLimited { retry_after })
    }

    /// As `extensions.cost` shows it.
    pub fn shown(&self, server: &Server) -> Cost {
        let full_in = self.bucket.seconds_until_full(self.taken.remaining);
        let full_in = i64::try_from(full_in).unwrap_or(i64::MAX / 1_000);
        Cost {
            requested: self.cost,
            limit: self.bucket.capacity,
            remaining: self.taken.remaining,
            reset_at: server.api.app.clock.now() + TimeDelta::seconds(full_in),
        }
    }
}

fn client(viewer: &Viewer, address: Option<IpAddr>) -> String {
    match (viewer.person(), address) {
        (Some(person), _) => format!("user:{}", person.user.0),
        (None, Some(address)) => format!("address:{address}"),
        (None, None) => "address:unknown".to_owned(),
    }
}

fn bucket(server: &Server, viewer: &Viewer) -> Bucket {
    let config = &server.config;
    match viewer {
        Viewer::Person(_) => Bucket {
            capacity: config.bucket_capacity,
            per_second: config.bucket_per_second,
        },
        Viewer::Anonymous => Bucket {
            capacity: config.anonymous_bucket_capacity,
            per_second: config.anonymous_bucket_capacity / 10,
        },
    }
}

/// Takes an operation's cost from the buckets of the viewer's organisations and then from the viewer's own.
async fn take(server: &Server, viewer: &Viewer, address: Option<IpAddr>, bucket: Bucket, cost: u64) -> Taken {
    let capacity = server.config.organization_bucket_capacity;
    let shared = Bucket {
        capacity,
        per_second: capacity / 10,
    };
    for standing in viewer.person().into_iter().flat_map(|person| &person.orgs) {
        let taken = server
            .buckets
            .take(&format!("org:{}", standing.org.0), shared, cost)
            .await;
        if !taken.granted {
            return taken;
        }
    }
    server.buckets.take(&client(viewer, address), bucket, cost).await
}

/// A kind of operation as metrics name it.
pub const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Query => "query",
        Kind::Mutation => "mutation",
        Kind::Subscription => "subscription",
    }
}

/// An error as answers show it; the cause of a fault of ours is for the log.
pub fn shown(error: &Error, request_id: &str) -> ServerError {
    if let Error::Internal(cause) = error {
        tracing::error!(request.id = request_id, cause = %cause, "a request failed");
    }
    let mut shown = ServerError::new(error.to_string(), None);
    let extensions = shown.extensions.get_or_insert_default();
    extensions.set("code", error.code());
    if let Error::RateLimited { retry_after } = error {
        extensions.set("retryAfter", *retry_after);
    }
    shown
}
