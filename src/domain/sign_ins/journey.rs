//! What the browser does: it sets out to the provider and comes back.

use super::attempt::{self, Attempt, Purpose};
use crate::auth::providers::{Fault, Profile, Provider, Returned};
use crate::domain::app::App;
use crate::domain::sso::registration;
use crate::kernel::error::Result;
use crate::kernel::ids::SsoConnectionKey;
use crate::kernel::secret::{Token, TokenKind};
use reqwest::Url;

/// What a browser is told when it sets out.
#[derive(Debug)]
pub struct SetOut {
    /// Where it goes.
    pub to: Url,
    /// What it brings back, and by which its cookie is named.
    pub state: Token,
    /// What it keeps meanwhile.
    pub cookie: Token,
}

/// What the provider lets a browser bring back.
#[derive(Clone, Debug)]
pub enum Brought {
    /// A code, with whoever says that it is theirs.
    Code(Returned),
    /// That it came to nothing; whether that was the person's own wish.
    Error {
        /// Whether the person did not want to.
        is_denied: bool,
    },
}

/// A browser sets out; nothing where the address that it came by is none, or was used.
pub async fn set_out(app: &App, start: &str) -> Result<Option<SetOut>> {
    let Some(start) = Token::parse(TokenKind::SignInStart, start) else {
        return Ok(None);
    };
    let [state, cookie] = [TokenKind::SignInState, TokenKind::SignInCookie].map(Token::generate);
    let Some(attempt) = attempt::start(app, &start, &state, &cookie).await? else {
        return Ok(None);
    };
    let to = match provider(app, attempt.purpose()).await? {
        Some(provider) => app
            .providers
            .authorize(&provider, state.expose(), attempt.secrets())
            .await
            .unwrap_or_else(|fault| failed(&attempt, &fault)),
        None => attempt.back("error", "provider_unavailable"),
    };
    Ok(Some(SetOut { to, state, cookie }))
}

/// A browser comes back: where it goes on to; nothing where it is not the one that set out with this state, or was back already.
pub async fn come_back(app: &App, state: &Token, cookie: &Token, brought: Brought) -> Result<Option<Url>> {
    let Some(attempt) = attempt::returned(app, state, cookie).await? else {
        return Ok(None);
    };
    let returned = match brought {
        Brought::Code(returned) => returned,
        Brought::Error { is_denied: true } => return Ok(Some(attempt.back("error", "access_denied"))),
        Brought::Error { is_denied: false } => return Ok(Some(attempt.back("error", "provider_refused"))),
    };
    let Some(provider) = provider(app, attempt.purpose()).await? else {
        return Ok(Some(attempt.back("error", "provider_unavailable")));
    };
    match app
        .providers
        .profile(&provider, returned, attempt.secrets())
        .await
    {
        Ok(profile) if is_sound(&profile) => {
            let code = attempt::prove(app, &attempt, profile).await?;
            Ok(Some(attempt.back("code", code.expose())))
        }
        Ok(_) => Ok(Some(attempt.back("error", "provider_answer_invalid"))),
        Err(fault) => Ok(Some(failed(&attempt, &fault))),
    }
}

/// The provider that an attempt is by; nothing where there is none any more.
async fn provider(app: &App, purpose: Purpose) -> Result<Option<Provider>> {
    match purpose {
        Purpose::SignIn(provider) | Purpose::Link(provider, _) => Ok(app.providers.social(provider)),
        Purpose::Organization(org, id) => registration(app, SsoConnectionKey::new(org, id))
            .await
            .map(|registration| registration.map(Provider::Oidc)),
    }
}

/// Where a browser goes on to when the provider failed; why stands in the log alone.
fn failed(attempt: &Attempt, fault: &Fault) -> Url {
    tracing::warn!(%fault, purpose = ?attempt.purpose(), "a sign-in by a provider failed");
    match fault {
        Fault::Unavailable(_) => attempt.back("error", "provider_unavailable"),
        Fault::Unproven(_) => attempt.back("error", "provider_answer_invalid"),
    }
}

/// Whether a provider names somebody in a way that can be kept (255 characters, as the specification has it).
fn is_sound(profile: &Profile) -> bool {
    (1..=255).contains(&profile.subject.chars().count()) && !profile.subject.contains('\0')
}
