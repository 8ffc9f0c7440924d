//! A browser that signs in by a provider: it keeps cookies and follows redirects, to the node and to real servers.

use super::TestApp;
use super::client::{Client, Reply};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use reqwest::Url;
use serde_json::json;
use std::collections::BTreeMap;
use tower::ServiceExt;

/// Where the node of a test is reached from outside.
pub const PUBLIC_URL: &str = "http://localhost:8080";
/// The page that sign-ins lead back to.
pub const PAGE: &str = "https://academy.example/signed-in";

/// A browser.
pub struct Browser {
    node: Router,
    client: reqwest::Client,
    /// The cookies of each server.
    pub cookies: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a server answered a browser.
#[derive(Debug)]
pub struct Shown {
    /// The status.
    pub status: u16,
    /// The address that the browser is sent on to.
    pub location: Option<Url>,
    /// The cookies that were set, as they were written.
    pub set_cookies: Vec<String>,
    /// The body.
    pub body: String,
}

/// A sign-in that a page began.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where the browser sets out from.
    pub start_url: String,
    /// What the page keeps.
    pub browser_token: String,
}

/// A client for what is not the API.
pub fn http() -> reqwest::ClientBuilder {
    // Whoever is first chooses for the process.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
}

impl Browser {
    /// A new one.
    pub fn new(app: &TestApp) -> Self {
        let client = http().redirect(reqwest::redirect::Policy::none());
        Self {
            node: app.routes(),
            client: client.build().unwrap(),
            cookies: BTreeMap::new(),
        }
    }

    /// Opens an address, without following where it leads.
    pub async fn open(&mut self, url: &Url) -> Shown {
        self.ask(url, None).await
    }

    /// Opens an address by its text.
    pub async fn go(&mut self, url: &str) -> Shown {
        self.open(&Url::parse(url).unwrap()).await
    }

    /// Sends a form.
    pub async fn post(&mut self, url: &Url, form: &[(&str, &str)]) -> Shown {
        let pairs = form.iter().map(|(name, value)| {
            let encoded = value
                .bytes()
                .fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
            format!("{name}={encoded}")
        });
        self.ask(url, Some(pairs.collect::<Vec<_>>().join("&"))).await
    }

    async fn ask(&mut self, url: &Url, form: Option<String>) -> Shown {
        let server = url.origin().ascii_serialization();
        let cookies = self.cookies.get(&server).cloned().unwrap_or_default();
        let cookies: Vec<_> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let (status, headers, body) = if server == PUBLIC_URL {
            let path = &url.as_str()[PUBLIC_URL.len()..];
            let request = Request::get(path).header(header::COOKIE, cookies);
            let response = self
                .node
                .clone()
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
            (parts.status, parts.headers, body)
        } else {
            let request = match form {
                Some(form) => self
                    .client
                    .post(url.clone())
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(form),
                None => self.client.get(url.clone()),
            };
            let response = request.header(header::COOKIE, cookies).send().await.unwrap();
            let (status, headers) = (response.status(), response.headers().clone());
            (status, headers, response.bytes().await.unwrap().to_vec())
        };
        let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
        let set_cookies: Vec<String> = headers.get_all(header::SET_COOKIE).iter().map(text).collect();
        let jar = self.cookies.entry(server).or_default();
        for cookie in &set_cookies {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        jar.retain(|_, value| !value.is_empty());
        Shown {
            status: status.as_u16(),
            location: headers
                .get(header::LOCATION)
                .map(|to| url.join(&text(to)).unwrap()),
            set_cookies,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// Follows redirects from an address, as far as a page that is not one; gives the address and what is there. Pages of the
    /// academy's interface are not opened.
    pub async fn follow(&mut self, url: &Url) -> (Url, Option<Shown>) {
        let mut url = url.clone();
        for _ in 0..12 {
            if url.host_str() == Some("academy.example") {
                return (url, None);
            }
            let shown = self.open(&url).await;
            match shown.location.clone() {
                Some(next) => url = next,
                None => return (url, Some(shown)),
            }
        }
        panic!("{url} leads nowhere");
    }
}

impl Shown {
    /// Where the browser is sent on to.
    #[track_caller]
    pub fn to(&self) -> &Url {
        self.location
            .as_ref()
            .unwrap_or_else(|| panic!("sent nowhere: {self:?}"))
    }
}

/// What a page finds behind `#` of its address, by its name.
pub fn found(url: &Url, name: &str) -> Option<String> {
    let (found, value) = url.fragment()?.split_once('=')?;
    (found == name).then(|| value.to_owned())
}

/// A parameter of an address.
#[track_caller]
pub fn parameter(url: &Url, name: &str) -> String {
    let mut pairs = url.query_pairs();
    let found = pairs.find(|(found, _)| found == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {url}"))
        .1
        .into_owned()
}

/// Begins to sign in by a service.
pub async fn begin(client: &Client, provider: &str, return_to: &str) -> Reply {
    let document = "mutation($input: SocialLoginBeginInput!) { socialLoginBegin(input: $input) { startUrl browserToken userErrors { code field message } } }";
    let input = json!({ "provider": provider, "returnTo": return_to });
    client.run_with(document, json!({ "input": input })).await
}

/// Begins to sign in to an organisation.
pub async fn begin_sso(client: &Client, organization: &str, return_to: &str) -> Reply {
    let document = "mutation($input: SsoLoginBeginInput!) { ssoLoginBegin(input: $input) { startUrl browserToken userErrors { code field message } } }";
    let input = json!({ "organization": organization, "returnTo": return_to });
    client.run_with(document, json!({ "input": input })).await
}

/// Begins to link a service.
pub async fn begin_link(client: &Client, provider: &str) -> Reply {
    let document = "mutation($input: IdentityLinkInput!) { identityLink(input: $input) { startUrl browserToken userErrors { code field message } } }";
    let input = json!({ "provider": provider, "returnTo": PAGE });
    client.run_with(document, json!({ "input": input })).await
}

/// What a page has that began by one of these mutations.
#[track_caller]
pub fn page(reply: &Reply, mutation: &str) -> Page {
    Page {
        start_url: reply.text(&format!("/{mutation}/startUrl")).to_owned(),
        browser_token: reply.text(&format!("/{mutation}/browserToken")).to_owned(),
    }
}

/// Completes a sign-in.
pub async fn complete(client: &Client, code: &str, page: &Page) -> Reply {
    let document = "mutation($input: SocialLoginCompleteInput!) { socialLoginComplete(input: $input) { token refreshToken refreshExpiresAt challenge \
        viewer { memberships { id name email role { slug } } } userErrors { code field message } } }";
    let input = json!({ "code": code, "browserToken": page.browser_token });
    client.run_with(document, json!({ "input": input })).await
}

/// Completes the linking of a service.
pub async fn complete_link(client: &Client, code: &str, page: &Page) -> Reply {
    let document = "mutation($input: IdentityLinkCompleteInput!) { identityLinkComplete(input: $input) { identity { id provider email } userErrors { code field message } } }";
    let input = json!({ "code": code, "browserToken": page.browser_token });
    client.run_with(document, json!({ "input": input })).await
}
