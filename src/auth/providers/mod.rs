//! Signing in by way of somebody else's service: what is known of each, and how they are asked.

mod facebook;
mod metadata;
mod oidc;

use crate::config::{OutgoingConfig, SignInConfig};
use crate::kernel::clock::Clock;
use crate::kernel::secret::{Secret, random_bytes};
use crate::outgoing::Outgoing;
use crate::text_enum;
use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use facebook::Facebook;
use metadata::Metadata;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use std::fmt;

text_enum! {
    /// A service by which anybody may sign in, where the server is set up for it.
    SocialProvider {
        /// Google.
        Google = "google",
        /// LinkedIn.
        Linkedin = "linkedin",
        /// Facebook. The addresses that it tells count as unverified.
        Facebook = "facebook",
    }
}

/// What this academy is to a provider of OpenID Connect.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The issuer that the provider is.
    pub issuer: String,
    /// Who this academy is there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Secret<String>,
    /// `LinkedIn` puts no nonce into its tokens and refuses a code verifier.
    is_linkedin: bool,
}

impl Registration {
    /// What an academy is to a provider that keeps to the specification.
    pub const fn new(issuer: String, client_id: String, client_secret: Secret<String>) -> Self {
        Self {
            issuer,
            client_id,
            client_secret,
            is_linkedin: false,
        }
    }
}

/// A provider that somebody is to sign in by.
#[derive(Clone, Debug)]
pub enum Provider {
    /// One that speaks OpenID Connect.
    Oidc(Registration),
    /// Facebook, which speaks OAuth 2.0 and has a profile of its own.
    Facebook(Box<Facebook>),
}

/// What one sign-in has of its own, and nobody else may know.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    /// The verifier of PKCE.
    verifier: String,
    /// What the identity token must repeat.
    nonce: String,
}

impl Secrets {
    /// Draws new ones.
    pub fn generate() -> Self {
        let random = || BASE64.encode(random_bytes::<32>());
        Self {
            verifier: random(),
            nonce: random(),
        }
    }
}

/// What a provider says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Who says it.
    pub issuer: String,
    /// Whom the provider means, for good.
    pub subject: String,
    /// The person's address.
    pub email: Option<String>,
    /// Whether the provider has seen that the address is theirs.
    pub email_verified: bool,
    /// The person's first name.
    pub first_name: Option<String>,
    /// The person's last name.
    pub last_name: Option<String>,
}

/// What a browser brings back from a provider.
#[derive(Clone, Debug)]
pub struct Returned {
    /// The code.
    pub code: String,
    /// Who says that it is theirs (RFC 9207).
    pub issuer: Option<String>,
}

/// Why a provider did not sign somebody in; the text is for the log.
#[derive(Debug)]
pub enum Fault {
    /// It cannot be asked: it is away, or what it says of itself is of no use.
    Unavailable(String),
    /// It answered something that proves nothing.
    Unproven(String),
}

impl Fault {
    fn unavailable(error: impl fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }

    fn unproven(error: impl fmt::Display) -> Self {
        Self::Unproven(error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the provider cannot be asked: {why}"),
            Self::Unproven(why) => write!(f, "the provider's answer proves nothing: {why}"),
        }
    }
}

/// Everything that signing in by providers needs of a node.
pub struct Providers {
    outgoing: Outgoing,
    clock: Clock,
    metadata: Metadata,
    public_url: Option<Url>,
    /// Where sign-ins may lead back to, whoever begins them.
    origins: Vec<String>,
    google: Option<Registration>,
    linkedin: Option<Registration>,
    facebook: Option<Facebook>,
}

impl Providers {
    /// Reads the settings. Sign-ins may lead back to pages of these origins.
    pub fn new(
        config: &SignInConfig,
        outgoing: OutgoingConfig,
        origins: &[String],
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let outgoing = Outgoing::new(&outgoing)?;
        let public_url = match &config.public_url {
            Some(url) => Some(public(url, &outgoing).context("LYCEUM_PUBLIC_URL is of no use")?),
            None => None,
        };
        let origins = origins.iter().filter_map(|text| Url::parse(text).ok());
        let client = |issuer: &String, id: &Option<String>, secret: &Option<String>| {
            let secret = Secret::new(secret.clone()?);
            Some(Registration::new(issuer.clone(), id.clone()?, secret))
        };
        let linkedin = client(
            &config.linkedin_issuer,
            &config.linkedin_client_id,
            &config.linkedin_client_secret,
        );
        Ok(Self {
            metadata: Metadata::new(outgoing.clone(), clock.clone()),
            outgoing,
            clock,
            public_url,
            origins: origins.map(|url| url.origin().ascii_serialization()).collect(),
            google: client(
                &config.google_issuer,
                &config.google_client_id,
                &config.google_client_secret,
            ),
            linkedin: linkedin.map(|registration| Registration {
                is_linkedin: true,
                ..registration
            }),
            facebook: Facebook::new(config)?,
        })
    }

    /// The service by which anybody signs in; nothing where the server is not set up for it.
    pub fn social(&self, provider: SocialProvider) -> Option<Provider> {
        self.public_url.as_ref()?;
        match provider {
            SocialProvider::Google => self.google.clone().map(Provider::Oidc),
            SocialProvider::Linkedin => self.linkedin.clone().map(Provider::Oidc),
            SocialProvider::Facebook => self
                .facebook
                .clone()
                .map(|facebook| Provider::Facebook(Box::new(facebook))),
        }
    }

    /// A place below where this API is reached from outside.
    pub fn place(&self, path: &str) -> Option<Url> {
        self.public_url.as_ref()?.join(path).ok()
    }

    /// Whether browsers reach this API by TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url
            .as_ref()
            .is_some_and(|url| url.scheme() == "https")
    }

    /// Reads where a sign-in is to lead back to: a page of one of the server's origins, or of these.
    pub fn return_to(&self, text: &str, others: &[String]) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let bare = url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
        let is_web = matches!(url.scheme(), "https" | "http");
        let origin = url.origin().ascii_serialization();
        let listed = self
            .origins
            .iter()
            .chain(others)
            .any(|allowed| *allowed == origin);
        let may = is_web && (listed || self.is_local_page(&url));
        (bare && may && text.len() <= 2_000).then_some(url)
    }

    /// Whether a page is of this machine, on a development server: those are listed without being named, at any port.
    pub fn is_local_page(&self, url: &Url) -> bool {
        self.outgoing.allows_loopback() && is_loopback(url)
    }

    /// Where a browser goes to sign in, and comes back from with this state.
    pub async fn authorize(&self, provider: &Provider, state: &str, secrets: &Secrets) -> Result<Url, Fault> {
        let url = match provider {
            Provider::Oidc(registration) => self.oidc_authorize(registration, state, secrets).await,
            Provider::Facebook(facebook) => facebook.authorize(&self.callback()?, state, secrets),
        }?;
        self.outgoing.check(&url).map_err(Fault::unavailable)?;
        Ok(url)
    }

    /// Who signed in, by what the browser brought back.
    pub async fn profile(
        &self,
        provider: &Provider,
        returned: Returned,
        secrets: &Secrets,
    ) -> Result<Profile, Fault> {
        match provider {
            Provider::Oidc(registration) => self.oidc_profile(registration, returned, secrets).await,
            Provider::Facebook(facebook) => {
                facebook
                    .profile(&self.outgoing, &self.callback()?, returned, secrets)
                    .await
            }
        }
    }

    /// Refuses an issuer that is none: its description cannot be read, or is of no use here.
    pub async fn try_issuer(&self, issuer: &str) -> Result<(), Fault> {
        self.metadata.read(issuer).await.map(drop)
    }

    fn callback(&self) -> Result<Url, Fault> {
        self.place("sign-in/callback")
            .ok_or_else(|| Fault::unavailable("LYCEUM_PUBLIC_URL is not set"))
    }
}

/// Reads where the API is reached from outside.
fn public(text: &str, outgoing: &Outgoing) -> anyhow::Result<Url> {
    let url = Url::parse(&format!("{}/", text.trim_end_matches('/')))?;
    ensure!(
        url.scheme() == "https" || outgoing.allows_loopback() && is_loopback(&url),
        "it begins with https, but for this machine under LYCEUM_ALLOW_LOOPBACK"
    );
    ensure!(
        url.query().is_none() && url.fragment().is_none(),
        "it has neither a query nor a fragment"
    );
    Ok(url)
}

/// Whether an address is one of this machine.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn providers(allow_loopback: bool) -> Providers {
        let origins = ["https://academy.example/app".to_owned()];
        let outgoing = OutgoingConfig { allow_loopback };
        Providers::new(&SignInConfig::default(), outgoing, &origins, Clock::default()).expect("settings")
    }

    #[tokio::test]
    async fn a_sign_in_leads_back_to_listed_origins_alone() {
        let others = ["https://portal.example".to_owned()];
        let good = [
            "https://academy.example/",
            "https://academy.example/signed-in?next=%2Fcourses",
            "https://portal.example/x",
        ];
        let bad = [
            "https://evil.example/",
            "https://academy.example.evil.example/",
            "https://academy.example@evil.example/",
            "https://user@academy.example/",
            "https://academy.example:8443/",
            "http://academy.example/",
            "//evil.example/",
            "/relative",
            "https:\\\\evil.example/",
            "https://evil.example\\@academy.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://academy.example/#code=x",
            "http://10.0.0.1/",
            "",
        ];
        for allow_loopback in [false, true] {
            let providers = providers(allow_loopback);
            for url in good {
                assert!(providers.return_to(url, &others).is_some(), "{url}");
            }
            for url in bad {
                assert!(providers.return_to(url, &others).is_none(), "{url}");
            }
            for url in [
                "http://localhost:3000/",
                "http://127.0.0.1:3000/x",
                "http://[::1]:3000/",
            ] {
                assert_eq!(providers.return_to(url, &[]).is_some(), allow_loopback, "{url}");
            }
        }
    }

    #[test]
    fn the_public_address_is_a_secure_one() {
        let read = |text, allow_loopback| {
            public(
                text,
                &Outgoing::new(&OutgoingConfig { allow_loopback }).expect("a client"),
            )
            .is_ok()
        };
        assert!(read("https://api.academy.example", false) && read("http://localhost:8080", true));
        for bad in [
            "http://localhost:8080",
            "http://api.academy.example",
            "api.academy.example",
            "https://a.example/?x",
        ] {
            assert!(!read(bad, false), "{bad}");
        }
    }
}
