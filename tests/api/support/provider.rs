//! A provider on loopback that says whatever a test wants, right or wrong, and the Graph API of Facebook beside it.

use super::TestApp;
use super::browser::{Browser, PUBLIC_URL, Page, Shown, parameter};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64};
use ed25519_dalek::{Signer, SigningKey};
use hmac::{Hmac, Mac};
use lyceum::config::SignInConfig;
use reqwest::Url;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex};

/// How an identity token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// As it should be.
    Well,
    /// Not at all, and it says so.
    Not,
    /// With the client's secret.
    WithTheSecret,
    /// With the public key, as if it were a secret.
    WithThePublicKey,
    /// By another key of the same name.
    ByAnother,
    /// By a key that stands in the token itself.
    ByItsOwnKey,
    /// Well, and changed afterwards.
    Before,
}

/// What the provider says.
#[derive(Clone, Debug)]
pub struct Says {
    /// What the identity token adds to, or takes from, what it should hold.
    pub claims: Value,
    /// How it is signed.
    pub signed: Signed,
    /// What stands in the description of the provider in the place of what should.
    pub description: Value,
    /// What the token endpoint answers in the place of tokens.
    pub failure: Option<(StatusCode, Value)>,
    /// What Facebook's profile says.
    pub profile: Value,
}

struct Inner {
    issuer: String,
    says: Says,
    key: SigningKey,
    kid: String,
    nonce: String,
    challenge: String,
    asked: Vec<String>,
}

/// A provider.
#[derive(Clone)]
pub struct Provider(Arc<Mutex<Inner>>);

impl Provider {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let says = Says {
            claims: json!({}),
            signed: Signed::Well,
            description: json!({}),
            failure: None,
            profile: json!({}),
        };
        let provider = Self(Arc::new(Mutex::new(Inner {
            issuer,
            says,
            key: SigningKey::from_bytes(&[7; 32]),
            kid: "first".to_owned(),
            nonce: String::new(),
            challenge: String::new(),
            asked: Vec::new(),
        })));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .route("/graph/oauth/access_token", post(token))
            .route("/graph/me", get(profile))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// The issuer that it is.
    pub fn issuer(&self) -> String {
        self.0.lock().unwrap().issuer.clone()
    }

    /// The settings of a node whose services this is, all three.
    pub fn config(&self) -> SignInConfig {
        let (issuer, some) = (self.issuer(), |text: &str| Some(text.to_owned()));
        SignInConfig {
            public_url: some(PUBLIC_URL),
            google_client_id: some("academy"),
            google_client_secret: some("secret"),
            google_issuer: issuer.clone(),
            linkedin_client_id: some("academy"),
            linkedin_client_secret: some("secret"),
            linkedin_issuer: issuer.clone(),
            facebook_client_id: some("academy"),
            facebook_client_secret: some("secret"),
            facebook_dialog_url: format!("{issuer}/dialog"),
            facebook_graph_url: format!("{issuer}/graph"),
        }
    }

    /// Lets it say something else from now on.
    pub fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.0.lock().unwrap().says);
    }

    /// Lets it say this of whoever signs in.
    pub fn is(&self, subject: &str, email: &str, verified: bool) {
        self.says(|says| {
            says.claims = json!({ "sub": subject, "email": email, "email_verified": verified, "given_name": "Ada", "family_name": "Lovelace" });
            says.profile = json!({ "id": subject, "email": email, "first_name": "Ada", "last_name": "Lovelace" });
        });
    }

    /// Makes a new key in the place of the former.
    pub fn rotate(&self) {
        let mut inner = self.0.lock().unwrap();
        inner.key = SigningKey::from_bytes(&[9; 32]);
        "second".clone_into(&mut inner.kid);
    }

    /// The paths that were asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// Lets somebody sign in whom a browser was sent here: with which address it comes back.
    pub fn sign_in(&self, authorize: &Url) -> Url {
        let mut inner = self.0.lock().unwrap();
        let find = |name: &str| authorize.query_pairs().find(|(found, _)| found == name);
        inner.nonce = find("nonce")
            .map(|(_, nonce)| nonce.into_owned())
            .unwrap_or_default();
        inner.challenge = find("code_challenge")
            .map(|(_, challenge)| challenge.into_owned())
            .unwrap_or_default();
        let mut back = Url::parse(&parameter(authorize, "redirect_uri")).unwrap();
        back.query_pairs_mut()
            .append_pair("code", "the code")
            .append_pair("state", &parameter(authorize, "state"))
            .append_pair("iss", &inner.issuer);
        back
    }

    /// Does the browser's whole part of a sign-in: the page that it comes back to.
    pub async fn walk(&self, app: &TestApp, page: &Page) -> Url {
        let mut browser = Browser::new(app);
        let out = browser.go(&page.start_url).await;
        let shown: Shown = browser.open(&self.sign_in(out.to())).await;
        shown.to().clone()
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.0.lock().unwrap();
    inner.asked.push("configuration".to_owned());
    let issuer = &inner.issuer;
    let mut description = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": true,
    });
    merge(&mut description, &inner.says.description);
    Json(description)
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.0.lock().unwrap();
    inner.asked.push("jwks".to_owned());
    Json(json!({ "keys": [key(&inner.key, &inner.kid)] }))
}

fn key(key: &SigningKey, kid: &str) -> Value {
    let x = BASE64.encode(key.verifying_key().as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "EdDSA" })
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, body: String) -> Response {
    let mut inner = provider.0.lock().unwrap();
    inner.asked.push("token".to_owned());
    if let Some((status, body)) = &inner.says.failure {
        return (*status, Json(body.clone())).into_response();
    }
    let form = Url::parse(&format!("http://localhost/?{body}")).unwrap();
    let find = |name: &str| {
        let mut pairs = form.query_pairs();
        pairs
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    };
    let basic = format!("Basic {}", STANDARD.encode("academy:secret"));
    let proven = headers.get("authorization").is_some_and(|value| value == &basic)
        || find("client_secret").as_deref() == Some("secret");
    let verifier = find("code_verifier").map(|verifier| BASE64.encode(Sha256::digest(verifier)));
    if !proven
        || verifier.unwrap_or_default() != inner.challenge
        || find("code").as_deref() != Some("the code")
    {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let token = identity_token(&inner);
    Json(json!({ "access_token": "access", "token_type": "Bearer", "id_token": token })).into_response()
}

async fn profile(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let inner = provider.0.lock().unwrap();
    if headers
        .get("authorization")
        .is_none_or(|value| value != "Bearer access")
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(inner.says.profile.clone()).into_response()
}

fn identity_token(inner: &Inner) -> String {
    let now = lyceum::kernel::clock::Clock::default().now().timestamp();
    let mut claims =
        json!({ "iss": inner.issuer, "aud": "academy", "iat": now, "exp": now + 300, "nonce": inner.nonce });
    merge(&mut claims, &inner.says.claims);
    let other = SigningKey::from_bytes(&[8; 32]);
    let mut header = json!({ "alg": "EdDSA", "kid": inner.kid });
    match inner.says.signed {
        Signed::Not => header = json!({ "alg": "none" }),
        Signed::WithTheSecret | Signed::WithThePublicKey => header = json!({ "alg": "HS256" }),
        Signed::ByItsOwnKey => header["jwk"] = key(&other, &inner.kid),
        Signed::Well | Signed::ByAnother | Signed::Before => {}
    }
    let encode = |value: &Value| BASE64.encode(value.to_string());
    let text = format!("{}.{}", encode(&header), encode(&claims));
    let hs256 = |secret: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let signature = match inner.says.signed {
        Signed::Not => Vec::new(),
        Signed::WithTheSecret => hs256(b"secret"),
        Signed::WithThePublicKey => hs256(inner.key.verifying_key().as_bytes()),
        Signed::ByAnother | Signed::ByItsOwnKey => other.sign(text.as_bytes()).to_vec(),
        Signed::Well | Signed::Before => inner.key.sign(text.as_bytes()).to_vec(),
    };
    if inner.says.signed == Signed::Before {
        claims["sub"] = json!("somebody else");
        return format!(
            "{}.{}.{}",
            encode(&header),
            encode(&claims),
            BASE64.encode(signature)
        );
    }
    format!("{text}.{}", BASE64.encode(signature))
}

/// Puts members of one object in the place of another's; null takes one away.
fn merge(object: &mut Value, changes: &Value) {
    let object = object.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}
