//! What the owner of a domain says in DNS.

use crate::config::DnsConfig;
use anyhow::Context;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::system_conf::read_system_conf;
use std::net::SocketAddr;
use std::time::Duration;

/// How long one server is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long all of them are.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(6);

/// No server answered, or none could say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;

/// Who knows the text records of domains.
pub trait TextRecords: Send + Sync {
    /// The texts at a name, each with its strings joined; none where there are none.
    fn texts<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Unanswered>>;
}

/// The name servers that the settings name, else the system's.
pub struct NameServers(Option<TokioResolver>);

impl NameServers {
    /// Prepares to ask; nothing is asked yet. Where the settings name no server and the system has none, nothing is ever
    /// answered.
    pub fn new(config: &DnsConfig) -> anyhow::Result<Self> {
        let servers = if config.dns_servers.is_empty() {
            match read_system_conf() {
                Ok((servers, _)) => servers,
                Err(error) => {
                    tracing::warn!(%error, "domains cannot be verified: name a server in LYCEUM_DNS_SERVERS");
                    return Ok(Self(None));
                }
            }
        } else {
            ResolverConfig::from_name_servers(config.dns_servers.iter().copied().map(server).collect())
        };
        let mut builder = TokioResolver::builder_with_config(servers, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        options.timeout = PATIENCE;
        options.attempts = 1;
        options.use_hosts_file = ResolveHosts::Never;
        // Whoever has just set a record wants it seen.
        options.cache_size = 0;
        let resolver = builder.build().context("the name servers cannot be asked")?;
        Ok(Self(Some(resolver)))
    }
}

fn server(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

impl TextRecords for NameServers {
    fn texts<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Vec<String>, Unanswered>> {
        async move {
            let resolver = self.0.as_ref().ok_or(Unanswered)?;
            // With a dot at its end no search list is tried.
            let asked = resolver.txt_lookup(format!("{name}."));
            match tokio::time::timeout(PATIENCE_IN_ALL, asked).await {
                Ok(Ok(found)) => {
                    let texts = found.answers().iter().filter_map(|record| match &record.data {
                        RData::TXT(text) => {
                            Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned())
                        }
                        _ => None,
                    });
                    Ok(texts.collect())
                }
                Ok(Err(error)) if error.is_nx_domain() || error.is_no_records_found() => Ok(Vec::new()),
                Ok(Err(error)) => {
                    tracing::info!(%error, dns.name = name, "a name was not answered");
                    Err(Unanswered)
                }
                Err(_) => Err(Unanswered),
            }
        }
        .boxed()
    }
}
