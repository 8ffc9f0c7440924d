//! OpenID Connect: the authorization code flow with PKCE, and what an identity token must hold.

use super::metadata::{Known, chain};
use super::{Fault, Profile, Providers, Registration, Returned, Secrets};
use chrono::TimeDelta;
use oauth2::{EndpointMaybeSet, EndpointNotSet, EndpointSet};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims,
    CoreIdTokenVerifier, CoreJwsSigningAlgorithm, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    LocalizedClaim, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SignatureVerificationError, TokenResponse,
};
use reqwest::Url;
use std::ops::Deref;
use std::sync::Arc;

/// By how much a provider's clock may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);
/// How identity tokens may be signed: by keys that the provider publishes, and in ways that are not broken.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 3] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Providers {
    pub(super) async fn oidc_authorize(
        &self,
        registration: &Registration,
        state: &str,
        secrets: &Secrets,
    ) -> Result<Url, Fault> {
        let known = self.metadata.read(&registration.issuer).await?;
        let client = self.client(registration, &known)?;
        let (state, nonce) = (state.to_owned(), secrets.nonce.clone());
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()));
        if registration.is_linkedin {
            return Ok(request.url().0);
        }
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        Ok(request.set_pkce_challenge(challenge).url().0)
    }

    pub(super) async fn oidc_profile(
        &self,
        registration: &Registration,
        returned: Returned,
        secrets: &Secrets,
    ) -> Result<Profile, Fault> {
        let known = self.metadata.read(&registration.issuer).await?;
        check_issuer(&known, returned.issuer.as_deref())?;
        let client = self.client(registration, &known)?;
        let tokens = self
            .exchange(&client, registration, returned.code, secrets)
            .await?;
        let token = tokens
            .id_token()
            .ok_or_else(|| Fault::unproven("there is no identity token"))?;
        let claims = self.claims(registration, known, token, secrets).await?;
        let more = self.user_info(&client, &claims, tokens.access_token()).await?;
        Ok(profile(&claims, more.as_ref()))
    }

    fn client(&self, registration: &Registration, known: &Known) -> Result<Client, Fault> {
        let id = ClientId::new(registration.client_id.clone());
        let secret = ClientSecret::new(registration.client_secret.expose().clone());
        let redirect = RedirectUrl::from_url(self.callback()?);
        let client = CoreClient::from_provider_metadata(known.description.clone(), id, Some(secret));
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type(known)?))
    }

    async fn exchange(
        &self,
        client: &Client,
        registration: &Registration,
        code: String,
        secrets: &Secrets,
    ) -> Result<CoreTokenResponse, Fault> {
        let mut request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(Fault::unavailable)?;
        if !registration.is_linkedin {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()));
        }
        match request.request_async(&self.outgoing).await {
            Ok(tokens) => Ok(tokens),
            Err(error @ oauth2::RequestTokenError::Request(_)) => Err(Fault::unavailable(chain(&error))),
            Err(error) => Err(Fault::unproven(chain(&error))),
        }
    }

    /// What an identity token says, once everything that it must hold does. Where it is signed with a key that is not known,
    /// the provider's keys are read again.
    async fn claims(
        &self,
        registration: &Registration,
        known: Arc<Known>,
        token: &CoreIdToken,
        secrets: &Secrets,
    ) -> Result<CoreIdTokenClaims, Fault> {
        let verified = match self.verify(registration, &known, token, secrets) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                let anew = self.metadata.read_again(&registration.issuer, &known).await?;
                self.verify(registration, &anew.unwrap_or(known), token, secrets)
            }
            verified => verified,
        };
        let claims = verified.map_err(|error| Fault::unproven(chain(&error)))?;
        let party = claims.authorized_party().map(|party| party.as_str());
        if party.is_some_and(|party| party != registration.client_id) {
            return Err(Fault::unproven("the token was issued to another client"));
        }
        Ok(claims)
    }

    fn verify(
        &self,
        registration: &Registration,
        known: &Known,
        token: &CoreIdToken,
        secrets: &Secrets,
    ) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let now = self.clock.now();
        let description = &known.description;
        // As a client without a secret: the secret is not to be a key.
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(registration.client_id.clone()),
            description.issuer().clone(),
            description.jwks().clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now - SKEW)
        .set_issue_time_verifier_fn(move |issued_at| {
            if issued_at <= now + SKEW {
                Ok(())
            } else {
                Err("the token is of a time to come".to_owned())
            }
        });
        let (nonce, is_optional) = (Nonce::new(secrets.nonce.clone()), registration.is_linkedin);
        let repeats = move |found: Option<&Nonce>| match found {
            None if is_optional => Ok(()),
            Some(found) if *found.secret() == *nonce.secret() => Ok(()),
            _ => Err("the nonce is missing or another one".to_owned()),
        };
        token.claims(&verifier, repeats).cloned()
    }

    /// What the token leaves out and the provider says where it is asked.
    async fn user_info(
        &self,
        client: &Client,
        claims: &CoreIdTokenClaims,
        token: &AccessToken,
    ) -> Result<Option<CoreUserInfoClaims>, Fault> {
        let subject = Some(claims.subject().clone());
        let Ok(request) = client.user_info(token.clone(), subject) else {
            return Ok(None);
        };
        if claims.email().is_some() {
            return Ok(None);
        }
        let answer = request
            .require_signed_response(false)
            .request_async(&self.outgoing)
            .await;
        answer.map(Some).map_err(|error| Fault::unproven(chain(&error)))
    }
}

/// Refuses a code that another provider gave out (RFC 9207).
fn check_issuer(known: &Known, issuer: Option<&str>) -> Result<(), Fault> {
    let description = &known.description;
    let says = description
        .additional_metadata()
        .authorization_response_iss_parameter_supported;
    match issuer {
        Some(issuer) if issuer == description.issuer().as_str() => Ok(()),
        None if !says => Ok(()),
        _ => Err(Fault::unproven("the code is of another issuer")),
    }
}

/// How this academy proves itself: as the provider prefers it.
fn auth_type(known: &Known) -> Result<AuthType, Fault> {
    match known.description.token_endpoint_auth_methods_supported() {
        None => Ok(AuthType::BasicAuth),
        Some(methods) if methods.contains(&CoreClientAuthMethod::ClientSecretBasic) => {
            Ok(AuthType::BasicAuth)
        }
        Some(methods) if methods.contains(&CoreClientAuthMethod::ClientSecretPost) => {
            Ok(AuthType::RequestBody)
        }
        Some(_) => Err(Fault::unavailable("it takes no client secret")),
    }
}

fn profile(claims: &CoreIdTokenClaims, more: Option<&CoreUserInfoClaims>) -> Profile {
    let whole = first(claims.name()).or_else(|| more.and_then(|more| first(more.name())));
    let (before, after) = match whole
        .as_deref()
        .map(|name| name.rsplit_once(' ').unwrap_or((name, "")))
    {
        Some((before, after)) => (Some(before.to_owned()), Some(after.to_owned())),
        None => (None, None),
    };
    let given = first(claims.given_name()).or_else(|| more.and_then(|more| first(more.given_name())));
    let family = first(claims.family_name()).or_else(|| more.and_then(|more| first(more.family_name())));
    // An address and whether it is verified are said together.
    let (email, email_verified) = match claims.email() {
        Some(email) => (Some(email), claims.email_verified()),
        None => (
            more.and_then(|more| more.email()),
            more.and_then(openidconnect::UserInfoClaims::email_verified),
        ),
    };
    Profile {
        issuer: claims.issuer().to_string(),
        subject: claims.subject().to_string(),
        email: email.map(|email| email.to_string()),
        email_verified: email_verified.unwrap_or(false),
        first_name: given.or(before),
        last_name: family.or(after),
    }
}

/// A name in the language that a provider names first.
fn first<T: Deref<Target = String>>(names: Option<&LocalizedClaim<T>>) -> Option<String> {
    let (_, name) = names?.iter().next()?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
