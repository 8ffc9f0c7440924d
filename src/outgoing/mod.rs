//! Calls to other servers: the one way out.
//!
//! Somebody else says where a call goes: an organisation names its provider, a provider its endpoints. So a call goes to
//! addresses of the open Internet alone, by TLS alone, follows no redirect, and takes little and not for long. The address
//! that was looked at is the one that is connected to.

mod guard;

use crate::config::OutgoingConfig;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Request, StatusCode, Url};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How long a call may take in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to be connected.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const MOST_BYTES: usize = 1 << 20;

/// Calls other servers.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: reqwest::Client,
    allows_loopback: bool,
}

/// What another server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Vec<u8>,
}

/// Why a call came to nothing. It is for the log: where an address leads is nothing that a caller is told.
#[derive(Debug)]
pub enum Failure {
    /// It goes where no call may go.
    Refused(&'static str),
    /// The server could not be reached, or broke off.
    Unreachable(reqwest::Error),
    /// The answer is longer than is taken.
    TooLong,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the call was refused: {why}"),
            Self::Unreachable(error) => write!(f, "the call failed: {error}"),
            Self::TooLong => write!(f, "the answer has more than {MOST_BYTES} bytes"),
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable(error) => Some(error),
            Self::Refused(_) | Self::TooLong => None,
        }
    }
}

impl Outgoing {
    /// Gets ready to call, with the certificates that the machine trusts.
    pub fn new(config: &OutgoingConfig) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let allows_loopback = config.allow_loopback;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(Policy::none())
            .referer(false)
            .timeout(PATIENCE)
            .connect_timeout(CONNECT_PATIENCE)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("lyceum/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guarded { allows_loopback }))
            .build()?;
        Ok(Self {
            client,
            allows_loopback,
        })
    }

    /// Whether calls to this machine are let out, and sign-ins may lead back to it: on a development server.
    pub const fn allows_loopback(&self) -> bool {
        self.allows_loopback
    }

    /// Refuses an address that no call may go to as far as it says so itself; where a name leads shows when it is called.
    pub fn check(&self, url: &Url) -> Result<(), Failure> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Failure::Refused("the address carries a name or a password"));
        }
        match (url.scheme(), host(url)) {
            ("https", Host::Address(address)) if !may_reach(address, self.allows_loopback) => {
                Err(Failure::Refused("the address is none of the open Internet"))
            }
            ("https", Host::Address(_) | Host::Name) => Ok(()),
            ("https" | "http", Host::Localhost) if self.allows_loopback => Ok(()),
            ("http", Host::Address(address)) if self.allows_loopback && address.is_loopback() => Ok(()),
            _ => Err(Failure::Refused("calls go by https")),
        }
    }

    /// Calls, and reads the whole answer.
    pub async fn send(&self, request: Request) -> Result<Answer, Failure> {
        self.check(request.url())?;
        let mut response = self.client.execute(request).await.map_err(Failure::Unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(Failure::Unreachable)? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(Failure::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

/// What an address names.
enum Host {
    Address(IpAddr),
    Localhost,
    Name,
    Nothing,
}

fn host(url: &Url) -> Host {
    let Some(host) = url.host_str() else {
        return Host::Nothing;
    };
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match literal.unwrap_or(host).parse() {
        Ok(address) => Host::Address(address),
        Err(_) if host == "localhost" => Host::Localhost,
        Err(_) => Host::Name,
    }
}

fn may_reach(address: IpAddr, allows_loopback: bool) -> bool {
    guard::is_public(address) || allows_loopback && address.is_loopback()
}

/// Looks names up, and gives of their addresses those that a call may go to.
struct Guarded {
    allows_loopback: bool,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let allows_loopback = self.allows_loopback;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // By that name a call may go by plain HTTP.
            let is_local = name.as_str() == "localhost";
            let may = |address: &SocketAddr| {
                may_reach(address.ip(), allows_loopback) && (!is_local || address.ip().is_loopback())
            };
            let open: Vec<SocketAddr> = found.into_iter().filter(may).collect();
            if open.is_empty() {
                return Err(Box::from(Failure::Refused(
                    "the name leads to no address of the open Internet",
                )));
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
