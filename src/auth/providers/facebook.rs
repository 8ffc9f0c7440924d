//! Facebook: OAuth 2.0, and a profile of its Graph API.

use super::metadata::chain;
use super::{Fault, Profile, Returned, Secrets};
use crate::config::SignInConfig;
use crate::kernel::secret::Secret;
use crate::outgoing::Outgoing;
use oauth2::basic::BasicClient;
use oauth2::{
    AccessToken, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse, TokenUrl,
};
use reqwest::{Method, Request, Url, header};
use serde::Deserialize;

/// Who says what Facebook's profile says. Facebook is no issuer of its own here.
const ISSUER: &str = "https://www.facebook.com";

/// What this academy is to Facebook.
#[derive(Clone, Debug)]
pub struct Facebook {
    client_id: String,
    client_secret: Secret<String>,
    dialog_url: Url,
    token_url: Url,
    profile_url: Url,
}

/// What the Graph API says of a person.
#[derive(Deserialize)]
struct Person {
    id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
}

type Client = BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

impl Facebook {
    pub(super) fn new(config: &SignInConfig) -> anyhow::Result<Option<Self>> {
        let (Some(id), Some(secret)) = (&config.facebook_client_id, &config.facebook_client_secret) else {
            return Ok(None);
        };
        let graph = |path: &str| Url::parse(&format!("{}/{path}", config.facebook_graph_url));
        Ok(Some(Self {
            client_id: id.clone(),
            client_secret: Secret::new(secret.clone()),
            dialog_url: Url::parse(&config.facebook_dialog_url)?,
            token_url: graph("oauth/access_token")?,
            profile_url: graph("me?fields=id,email,first_name,last_name")?,
        }))
    }

    fn client(&self, callback: &Url) -> Client {
        BasicClient::new(ClientId::new(self.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.client_secret.expose().clone()))
            .set_auth_uri(AuthUrl::from_url(self.dialog_url.clone()))
            .set_token_uri(TokenUrl::from_url(self.token_url.clone()))
            .set_redirect_uri(RedirectUrl::from_url(callback.clone()))
            .set_auth_type(AuthType::RequestBody)
    }

    #[expect(clippy::unnecessary_wraps, reason = "other providers may be away")]
    pub(super) fn authorize(&self, callback: &Url, state: &str, secrets: &Secrets) -> Result<Url, Fault> {
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let state = state.to_owned();
        let client = self.client(callback);
        let request = client
            .authorize_url(move || CsrfToken::new(state))
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("public_profile".to_owned()))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0)
    }

    pub(super) async fn profile(
        &self,
        outgoing: &Outgoing,
        callback: &Url,
        returned: Returned,
        secrets: &Secrets,
    ) -> Result<Profile, Fault> {
        let tokens = self
            .client(callback)
            .exchange_code(AuthorizationCode::new(returned.code))
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
            .request_async(outgoing)
            .await;
        let tokens = match tokens {
            Ok(tokens) => tokens,
            Err(error @ oauth2::RequestTokenError::Request(_)) => {
                return Err(Fault::unavailable(chain(&error)));
            }
            Err(error) => return Err(Fault::unproven(chain(&error))),
        };
        let person = self.person(outgoing, tokens.access_token()).await?;
        Ok(Profile {
            issuer: ISSUER.to_owned(),
            subject: person.id,
            email: person.email,
            // Facebook does not say whether it has seen that the address is theirs.
            email_verified: false,
            first_name: person.first_name,
            last_name: person.last_name,
        })
    }

    async fn person(&self, outgoing: &Outgoing, token: &AccessToken) -> Result<Person, Fault> {
        let mut request = Request::new(Method::GET, self.profile_url.clone());
        let bearer = format!("Bearer {}", token.secret());
        let bearer = bearer.parse().map_err(Fault::unproven)?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let answer = outgoing.send(request).await.map_err(Fault::unavailable)?;
        if !answer.status.is_success() {
            return Err(Fault::unproven(format!("the profile answers {}", answer.status)));
        }
        let person: Person = serde_json::from_slice(&answer.body).map_err(Fault::unproven)?;
        if person.id.is_empty() {
            return Err(Fault::unproven("the profile names nobody"));
        }
        Ok(person)
    }
}
