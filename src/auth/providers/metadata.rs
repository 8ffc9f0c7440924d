//! What providers say of themselves (OpenID Connect Discovery), with their keys.

use super::Fault;
use crate::kernel::clock::Clock;
use crate::outgoing::{Failure, Outgoing};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use moka::future::Cache;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{AdditionalProviderMetadata, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;

/// For how long what a provider says of itself is believed.
const BELIEVED: Duration = Duration::from_secs(60 * 60);
/// How soon it is read again where a key is missing: tokens with keys that nobody has are cheap to make.
const READ_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// Providers that are remembered.
const MOST_PROVIDERS: u64 = 1_000;

/// What the crate for OpenID Connect does not read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct More {
    /// Whether the provider says who it is when it sends a browser back (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

/// A provider's description.
pub(super) type Description = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What is known of a provider.
pub(super) struct Known {
    pub description: Description,
    read_at: DateTime<Utc>,
}

/// What is known of providers.
pub(super) struct Metadata {
    outgoing: Outgoing,
    clock: Clock,
    known: Cache<String, Arc<Known>>,
}

impl Metadata {
    pub fn new(outgoing: Outgoing, clock: Clock) -> Self {
        let known = Cache::builder()
            .max_capacity(MOST_PROVIDERS)
            .time_to_live(BELIEVED)
            .build();
        Self {
            outgoing,
            clock,
            known,
        }
    }

    /// What a provider says of itself: from memory, or read.
    pub async fn read(&self, issuer: &str) -> Result<Arc<Known>, Fault> {
        let read: BoxFuture<'_, Result<Arc<Known>, String>> =
            Box::pin(async { self.discover(issuer).await.map_err(|fault| fault.to_string()) });
        let known = self.known.try_get_with(issuer.to_owned(), read).await;
        known.map_err(Fault::unavailable)
    }

    /// The same anew, unless it was read a moment ago.
    pub async fn read_again(&self, issuer: &str, known: &Known) -> Result<Option<Arc<Known>>, Fault> {
        if self.clock.now() < known.read_at + READ_AGAIN_AFTER {
            return Ok(None);
        }
        self.known.invalidate(issuer).await;
        self.read(issuer).await.map(Some)
    }

    async fn discover(&self, issuer: &str) -> Result<Arc<Known>, Fault> {
        let url = IssuerUrl::new(issuer.to_owned()).map_err(Fault::unavailable)?;
        if url.url().query().is_some() || url.url().fragment().is_some() {
            return Err(Fault::unavailable("an issuer has neither a query nor a fragment"));
        }
        let description = Description::discover_async(url, &self.outgoing)
            .await
            .map_err(|error| Fault::unavailable(chain(&error)))?;
        for endpoint in [
            Some(description.authorization_endpoint().url()),
            description.token_endpoint().map(oauth2::TokenUrl::url),
        ] {
            let endpoint = endpoint.ok_or_else(|| Fault::unavailable("there is no token endpoint"))?;
            self.outgoing.check(endpoint).map_err(Fault::unavailable)?;
        }
        Ok(Arc::new(Known {
            description,
            read_at: self.clock.now(),
        }))
    }
}

/// How the crates that speak OAuth call.
impl<'c> AsyncHttpClient<'c> for Outgoing {
    type Error = Failure;
    type Future = BoxFuture<'c, Result<HttpResponse, Failure>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let request = reqwest::Request::try_from(request).map_err(Failure::Unreachable)?;
            let answer = self.send(request).await?;
            let mut response = HttpResponse::new(answer.body);
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            Ok(response)
        })
    }
}

/// An error with its causes, for the log.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
